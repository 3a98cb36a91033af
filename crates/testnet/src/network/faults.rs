//! What can be wrong with nodes and the ways between them.

use super::{Network, State};
use onionskin_protocol::entropy::{Entropy, draw};

/// A fault of one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Down: clients are refused, nodes get no answer.
    Stop,
    /// Healthy again in every respect (its clock and its place in partitions stay).
    Start,
    /// Takes connections and never answers.
    Hang,
    /// Everything that reaches it takes this much longer, ms.
    Slow(u64),
    /// Damages one byte of every onion answer that it makes or passes on.
    Corrupt,
    /// Confirms stores and keeps nothing.
    DropStores,
    /// Answers every store with 404, as if there were no such account.
    RefuseStores,
    /// Answers every `delete_all` with 401, as if its signature did not fit.
    RefuseDeletes,
    /// Claims with a wrong signature to have deleted everything, and deletes nothing.
    FakeDeletes,
    /// Confirms stores with a wrong signature, has no messages, names itself as the only node, and as a relay knows no
    /// next node.
    Lie,
    /// Answers 503.
    NotReady,
    /// As a member of a swarm, puts an altered copy before every message that it gives, under the hash of the message.
    Forge,
    /// Every onion answer that it makes or passes on is the one before; as a member of a swarm, gives all its messages every
    /// time.
    Replay,
}

/// How the ways between clients and nodes, and between nodes, behave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    /// So many of a thousand transfers are lost; requests and answers between nodes count separately.
    pub loss_permille: u16,
    /// Shortest way, ms.
    pub min_ms: u64,
    /// Longest way, ms.
    pub max_ms: u64,
}

/// The state of one node in the eyes of the others.
#[derive(Clone, Debug, Default)]
pub(super) struct Condition {
    pub mode: Mode,
    pub slow_ms: u64,
    pub corrupt: bool,
    /// The answer that is given next time instead of the right one.
    pub replayed: Option<Vec<u8>>,
    pub skew_ms: i64,
    /// Nodes of different groups do not reach each other.
    pub group: usize,
}

/// Whether a node takes part at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// It does.
    #[default]
    Up,
    /// Nobody listens.
    Stopped,
    /// Connections are taken, nothing is answered.
    Hung,
}

/// Whether and when something arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// After so many ms.
    After(u64),
    /// The client is told at once that nobody listens.
    Refused,
    /// Never.
    Lost,
}

impl Network {
    /// How a transfer from a node, or from a client, to a node ends. Draws chance for the weather.
    pub(super) fn reach(&self, from: Option<usize>, to: usize) -> Reach {
        let mut state = self.state();
        let State {
            conditions,
            weather,
            entropy,
            ..
        } = &mut *state;
        let Some(target) = conditions.get(to) else {
            return Reach::Refused;
        };
        let source = from.and_then(|index| conditions.get(index));
        match target.mode {
            Mode::Stopped if from.is_none() => return Reach::Refused,
            Mode::Stopped | Mode::Hung => return Reach::Lost,
            Mode::Up => {}
        }
        if source.is_some_and(|source| source.group != target.group || source.mode != Mode::Up) {
            return Reach::Lost;
        }
        if weather.loss_permille > 0 {
            let chance = u32::from_le_bytes(draw(entropy)) % 1000;
            if chance < u32::from(weather.loss_permille) {
                return Reach::Lost;
            }
        }
        let spread = weather.max_ms.saturating_sub(weather.min_ms);
        let extra = if spread == 0 {
            0
        } else {
            u64::from_le_bytes(draw(entropy)) % (spread + 1)
        };
        Reach::After(weather.min_ms + extra + target.slow_ms)
    }

    /// Gives a node a fault, or takes all away. False: there is no such node.
    pub fn fault(&self, node: usize, fault: Fault) -> bool {
        let mut state = self.state();
        let State {
            conditions, nodes, ..
        } = &mut *state;
        let (Some(condition), Some(node)) = (conditions.get_mut(node), nodes.get_mut(node)) else {
            return false;
        };
        match fault {
            Fault::Stop => condition.mode = Mode::Stopped,
            Fault::Hang => condition.mode = Mode::Hung,
            Fault::Slow(ms) => condition.slow_ms = ms,
            Fault::Corrupt => condition.corrupt = true,
            Fault::DropStores => node.drops_stores = true,
            Fault::RefuseStores => node.refuses_stores = true,
            Fault::RefuseDeletes => node.refuses_deletes = true,
            Fault::FakeDeletes => node.fakes_deletes = true,
            Fault::Lie => node.lies = true,
            Fault::NotReady => node.ready = false,
            Fault::Forge => node.forges = true,
            Fault::Replay => {
                node.replays = true;
                condition.replayed = Some(Vec::new());
            }
            Fault::Start => {
                *condition = Condition {
                    skew_ms: condition.skew_ms,
                    group: condition.group,
                    ..Condition::default()
                };
                node.drops_stores = false;
                node.refuses_stores = false;
                node.refuses_deletes = false;
                node.fakes_deletes = false;
                node.lies = false;
                node.forges = false;
                node.replays = false;
                node.ready = true;
            }
        }
        true
    }

    /// Moves a node's clock by so many ms, absolutely (0 = right). False: there is no such node.
    pub fn skew(&self, node: usize, ms: i64) -> bool {
        let mut state = self.state();
        match state.conditions.get_mut(node) {
            Some(condition) => {
                condition.skew_ms = ms;
                true
            }
            None => false,
        }
    }

    /// Cuts the network between these groups of nodes; nodes named in none form one more group. No groups: heals.
    pub fn partition(&self, groups: &[Vec<usize>]) {
        let mut state = self.state();
        for condition in &mut state.conditions {
            condition.group = 0;
        }
        for (number, group) in groups.iter().enumerate() {
            for &index in group {
                if let Some(condition) = state.conditions.get_mut(index) {
                    condition.group = number + 1;
                }
            }
        }
    }

    /// Whether a node takes part. Unknown nodes do not.
    pub fn mode(&self, node: usize) -> Mode {
        self.state()
            .conditions
            .get(node)
            .map_or(Mode::Stopped, |condition| condition.mode)
    }

    /// Sets the weather.
    pub fn weather(&self, weather: Weather) {
        self.state().weather = weather;
    }

    /// In words: `up`, `stopped`, `hung`, then `slow`, `corrupt`, `drop_stores`, `refuse_stores`, `refuse_deletes`,
    /// `fake_deletes`, `lie`, `not_ready`, `forge`, `replay` where they apply.
    pub(super) fn condition_text(state: &State, node: usize) -> String {
        let (Some(condition), Some(node)) = (state.conditions.get(node), state.nodes.get(node))
        else {
            return String::new();
        };
        let mode = match condition.mode {
            Mode::Up => "up",
            Mode::Stopped => "stopped",
            Mode::Hung => "hung",
        };
        let others = [
            (condition.slow_ms > 0, "slow"),
            (condition.corrupt, "corrupt"),
            (node.drops_stores, "drop_stores"),
            (node.refuses_stores, "refuse_stores"),
            (node.refuses_deletes, "refuse_deletes"),
            (node.fakes_deletes, "fake_deletes"),
            (node.lies, "lie"),
            (!node.ready, "not_ready"),
            (node.forges, "forge"),
            (node.replays, "replay"),
        ];
        let mut words = vec![mode];
        words.extend(
            others
                .iter()
                .filter(|(applies, _)| *applies)
                .map(|(_, word)| *word),
        );
        words.join("+")
    }
}

impl super::Network {
    /// Random bytes for tests that need them to follow from the network's seed.
    pub fn entropy(&self) -> impl Entropy + use<> {
        struct Shared(Network);
        impl Entropy for Shared {
            fn fill(&mut self, out: &mut [u8]) {
                self.0.fill_random(out);
            }
        }
        Shared(self.clone())
    }
}
