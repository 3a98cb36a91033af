//! What people do with messages that are there: reply, react, take back, let disappear. And how it is judged: after the
//! network healed, all devices of both sides show the same.

use crate::device::{Order, Outcome, Wish};
use crate::judge::{Timelines, find, short};
use crate::life::Life;
use crate::plan::{Act, Dice, Plan};
use crate::world::{SimEngine, account_of};
use onionskin_client::api::{
    Anchor, Answer, Command, ConversationChange, DeleteScope, Failure, Message, MessageKind, Timer,
};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A timer (s) that runs out while a world is judged.
pub const SHORT: u32 = 300;
/// A timer (s) that does not.
const LONG: u32 = 12 * 3_600;

/// Changes of timers in a world at most. Each is a message to both sides.
pub const MAX_TIMERS: usize = 3;

/// Something about the newest messages of a conversation.
#[derive(Clone, Debug)]
pub enum Deed {
    /// Replies to the newest one.
    Reply(String),
    /// Puts an emoji under the newest one, or takes it off.
    React {
        /// Which.
        emoji: &'static str,
        /// Or off.
        add: bool,
    },
    /// Takes the newest own one back, for everyone.
    Unsend,
}

/// Draws what people do. Gives whether messages disappear before the end.
pub fn draw(plan: &mut Plan, dice: &mut Dice, length: u64) -> bool {
    let devices = plan.devices.len();
    let people = u64::from(plan.people);
    for number in 0..dice.below(4 + devices as u64) {
        let (at, device) = (dice.below(length), dice.index(devices));
        let who = 1 + dice.below(people) as u8;
        let deed = match dice.below(6) {
            0 | 1 => Deed::Reply(format!("{}/reply {number}", plan.seed)),
            2..=4 => Deed::React {
                emoji: ["😂", "❤️", "👍🏽"][dice.index(3)],
                add: dice.percent(75),
            },
            _ => Deed::Unsend,
        };
        plan.acts.push((at, Act::Deed { device, who, deed }));
    }
    let short = dice.percent(10);
    if short || dice.percent(20) {
        let seconds = if short { SHORT } else { LONG };
        for _ in 0..dice.from_to(1, MAX_TIMERS as u64) {
            let (at, device) = (dice.below(length), dice.index(devices));
            let who = 1 + dice.below(people) as u8;
            let change = ConversationChange::Timer(Timer::AfterSend(seconds));
            plan.acts
                .push((at, Act::Wish(device, Wish::Change { who, change })));
        }
    }
    short
}

/// Does it. Gives the text of the message that was taken back.
pub async fn carry_out(
    engine: &SimEngine,
    who: u8,
    deed: &Deed,
    order: &Order,
) -> Result<(), Failure> {
    let account_id = account_of(who).id().to_string();
    let started = engine.handle(Command::StartConversation { account_id });
    let Answer::Conversation(row) = started.await? else {
        return Ok(());
    };
    let page = Command::GetMessages {
        conversation: row.id,
        anchor: Anchor::Newest,
        limit: 50,
    };
    let Answer::Messages { messages, .. } = engine.handle(page).await? else {
        return Ok(());
    };
    let mut said = messages
        .iter()
        .rev()
        .filter(|message| message.kind == MessageKind::Text);
    match deed {
        Deed::Reply(text) => {
            let command = Command::Send {
                conversation: row.id,
                text: text.clone(),
                reply_to: said.next().map(|message| message.id),
                files: Vec::new(),
            };
            engine.handle(command).await?;
        }
        Deed::React { emoji, add } => {
            if let Some(message) = said.next().filter(|_| row.accepted) {
                let command = Command::React {
                    message: message.id,
                    emoji: (*emoji).to_owned(),
                    add: *add,
                };
                engine.handle(command).await?;
            }
        }
        Deed::Unsend => {
            if let Some(message) = said.find(|message| message.mine) {
                order.about(&message.text);
                let command = Command::DeleteMessages {
                    messages: vec![message.id],
                    scope: DeleteScope::Everyone,
                };
                engine.handle(command).await?;
            }
        }
    }
    Ok(())
}

/// Something that a person did.
pub struct Done {
    /// Number of the device.
    pub device: usize,
    /// With whom.
    pub who: u8,
    /// How it ended.
    pub order: Rc<Order>,
}

impl Life {
    /// Whether a message was taken back, as the device that did so shows: `None`, nobody tried.
    pub fn taken_back(&self, text: &str, contents: &[Timelines]) -> Option<bool> {
        let mut tried = self
            .done
            .iter()
            .filter(|done| done.order.is_about(text))
            .peekable();
        tried.peek()?;
        Some(tried.any(|done| {
            let with = account_of(done.who).id().to_string();
            done.order.outcome() == Outcome::Done
                || find(&contents[done.device], &with, text).is_none()
        }))
    }

    /// Messages whose reactions, quotes or timers differ between devices, and such as were taken back and are still there.
    pub fn differences(&self, contents: &[Timelines]) -> Vec<String> {
        let mut problems = Vec::new();
        let mut seen: BTreeMap<&str, (usize, Face)> = BTreeMap::new();
        for (number, timelines) in contents.iter().enumerate() {
            let said = timelines
                .values()
                .flatten()
                .filter(|message| message.kind == MessageKind::Text);
            for message in said {
                let (name, face) = (short(&message.text), Face::of(message));
                if self.taken_back(&message.text, contents) == Some(true) {
                    problems.push(format!("{name} was taken back and is at device {number}"));
                }
                match seen.get(message.text.as_str()) {
                    Some((other, there)) if *there != face => problems.push(format!(
                        "{name} differs at devices {other} and {number}: {there:?} and {face:?}"
                    )),
                    Some(_) => {}
                    None => {
                        seen.insert(&message.text, (number, face));
                    }
                }
            }
        }
        problems
    }
}

/// What has to be the same everywhere.
#[derive(Debug, PartialEq, Eq)]
struct Face {
    quote: Option<(String, u64)>,
    reactions: BTreeSet<(String, String)>,
    timer: Timer,
}

impl Face {
    fn of(message: &Message) -> Self {
        let quote = message.quote.as_ref();
        let reactions = message.reactions.iter().flat_map(|reaction| {
            let authors = reaction.authors.iter();
            authors.map(|author| (reaction.emoji.clone(), author.clone()))
        });
        Self {
            quote: quote.map(|quote| (quote.author.clone(), quote.sent_at)),
            reactions: reactions.collect(),
            timer: message.timer,
        }
    }
}
