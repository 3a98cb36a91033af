//! Asking the members of an account's swarm (10-network 2.3, 2.4, 3.12).
//!
//! Requests are made anew for every try, since signatures carry the network's time. A member that is out of step (wrong
//! swarm, wrong clock, in trouble) is left alone for a while, and another one is asked.

use super::{Network, RpcError};
use crate::ports::Ports;
use onionskin_protocol::id::AccountId;
use onionskin_protocol::keys::Ed25519PublicKey;
use onionskin_protocol::node::ServiceNode;
use onionskin_protocol::rpc::Request;
use onionskin_protocol::rpc::response::Answer;
use onionskin_protocol::time::Timestamp;

/// Members asked one after the other.
const ATTEMPTS: usize = 3;
/// Nodes asked for the time.
const CLOCKS: usize = 3;
/// A member that failed is left alone so long (ms).
const BENCHED: u64 = 60_000;
/// A member whose clock differs from that of all others, so long (ms).
const DISAGREES: u64 = 10 * 60_000;

/// How requests travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A single one, as it is.
    Alone,
    /// Side by side.
    Batch,
    /// One after the other until one fails.
    Sequence,
}

impl<P: Ports> Network<P> {
    /// Sends requests about one account to one member. What all answers say counts as said of the whole: a wrong swarm is
    /// taken in and told as [`RpcError::Moved`], a wrong clock is set and the requests are made and sent once more.
    pub(crate) async fn ask(
        &self,
        account: &AccountId,
        node: &ServiceNode,
        form: Form,
        make: &dyn Fn(Timestamp) -> Vec<Request>,
    ) -> Result<Vec<Answer>, RpcError> {
        let mut outcome = self.ask_once(account, node, form, make(self.now())).await;
        if is_clock(&outcome) {
            self.check_clock().await;
            outcome = self.ask_once(account, node, form, make(self.now())).await;
            if is_clock(&outcome) {
                self.bench(account, &node.ed25519, DISAGREES);
            }
        }
        outcome
    }

    /// The same for a single request.
    #[cfg(test)]
    pub(crate) async fn ask_for_one(
        &self,
        account: &AccountId,
        node: &ServiceNode,
        form: Form,
        make: impl Fn(Timestamp) -> Request,
    ) -> Result<Answer, RpcError> {
        let answers = self
            .ask(account, node, form, &|time| vec![make(time)])
            .await?;
        answers.into_iter().next().ok_or(RpcError::Malformed)
    }

    /// Asks up to three members until one gives something that `read` accepts. A member whose answer makes no sense gets a
    /// strike, and so does one that refuses for good what another one does: only what two of them say is final, unless there
    /// is no other.
    pub(crate) async fn ask_swarm<T>(
        &self,
        account: &AccountId,
        form: Form,
        make: &dyn Fn(Timestamp) -> Vec<Request>,
        read: impl Fn(&[ServiceNode], &[Answer]) -> Option<T>,
    ) -> Result<T, RpcError> {
        let mut tried: Vec<Ed25519PublicKey> = Vec::with_capacity(ATTEMPTS);
        let mut refusals: Vec<(Ed25519PublicKey, RpcError)> = Vec::new();
        let mut last = RpcError::NoPath;
        while tried.len() < ATTEMPTS {
            let members = self.swarm(account).await?;
            let next = members
                .iter()
                .find(|member| !tried.contains(&member.ed25519));
            let Some(node) = next.copied() else {
                break;
            };
            tried.push(node.ed25519);
            match self.ask(account, &node, form, make).await {
                Ok(answers) => {
                    let members = self.known_swarm(account).unwrap_or(members);
                    if let Some(read) = read(&members, &answers) {
                        for (liar, _) in &refusals {
                            self.distrust(liar);
                            self.bench(account, liar, BENCHED);
                        }
                        return Ok(read);
                    }
                    self.distrust(&node.ed25519);
                    last = RpcError::Malformed;
                }
                Err(error) if error.is_final() => {
                    let repeated = refusals.iter().any(|(_, other)| *other == error);
                    // Members that are left alone for a while could still say otherwise.
                    let all = self.known_swarm(account).unwrap_or(members);
                    if repeated || all.len() == 1 {
                        return Err(error);
                    }
                    refusals.push((node.ed25519, error));
                }
                Err(error) if !error.concerns_node() => return Err(error),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn ask_once(
        &self,
        account: &AccountId,
        node: &ServiceNode,
        form: Form,
        requests: Vec<Request>,
    ) -> Result<Vec<Answer>, RpcError> {
        let outcome = match form {
            Form::Alone => match requests.as_slice() {
                [request] => self.rpc(node, request).await.map(|reply| {
                    vec![Answer {
                        code: reply.status,
                        body: reply.body,
                    }]
                }),
                _ => Err(RpcError::Malformed),
            },
            Form::Batch => self.batch(node, requests).await,
            Form::Sequence => self.sequence(node, requests).await,
        };
        let answers = match outcome {
            Ok(answers) => answers,
            Err(error) => {
                if matches!(error, RpcError::Destination | RpcError::Path(_)) {
                    self.bench(account, &node.ed25519, BENCHED);
                }
                return Err(error);
            }
        };
        match common_failure(&answers) {
            None => Ok(answers),
            Some(answer) => Err(self.refused(account, node, answer).await),
        }
    }

    /// Takes in what a member refused with.
    async fn refused(&self, account: &AccountId, node: &ServiceNode, answer: &Answer) -> RpcError {
        match answer.code {
            421 => {
                self.moved(account, node, &answer.body).await;
                RpcError::Moved
            }
            status => {
                if status >= 500 {
                    self.distrust(&node.ed25519);
                }
                if status >= 500 || status == 429 {
                    self.bench(account, &node.ed25519, BENCHED);
                }
                RpcError::Refused { status }
            }
        }
    }

    /// Asks three nodes for the time, and believes them over all that was heard before when two agree (10-network 5.3).
    pub(crate) async fn check_clock(&self) {
        let answered = self.ask_clocks(|_| true).await;
        self.0.clock.borrow_mut().trust(&answered);
    }

    /// Asks three of some nodes for the time. Gives those that answered.
    pub(super) async fn ask_clocks(
        &self,
        of: impl Fn(&Ed25519PublicKey) -> bool,
    ) -> Vec<Ed25519PublicKey> {
        let mut nodes = self.0.pool.borrow().usable(self.device_now());
        nodes.retain(|node| of(&node.ed25519));
        super::path::shuffle(&mut nodes, &mut *self.0.ports.entropy());
        nodes.truncate(CLOCKS);
        let request = Request::info();
        let asked = nodes.iter().map(|node| self.rpc(node, &request));
        let answers = futures::future::join_all(asked).await;
        nodes
            .iter()
            .zip(&answers)
            .filter(|(_, answer)| answer.is_ok())
            .map(|(node, _)| node.ed25519)
            .collect()
    }

    fn distrust(&self, node: &Ed25519PublicKey) {
        self.0.pool.borrow_mut().strike(node, self.device_now());
    }
}

impl RpcError {
    /// A node that tells the truth has a reason that does not go away by itself.
    pub(crate) fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Refused {
                status: 400 | 401 | 403 | 404 | 413
            }
        )
    }
}

fn is_clock<T>(outcome: &Result<T, RpcError>) -> bool {
    matches!(outcome, Err(RpcError::Refused { status: 406 | 425 }))
}

/// The failure that all answers share.
fn common_failure(answers: &[Answer]) -> Option<&Answer> {
    let first = answers.first()?;
    let failed = !(200..300).contains(&first.code);
    (failed && answers.iter().all(|answer| answer.code == first.code)).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn codes(codes: &[u16]) -> Vec<Answer> {
        let answer = |code: &u16| Answer {
            code: *code,
            body: Value::Null,
        };
        codes.iter().map(answer).collect()
    }

    #[test]
    fn a_batch_fails_as_a_whole_when_all_of_it_fails_alike() {
        let failure = |list: &[u16]| common_failure(&codes(list)).map(|answer| answer.code);
        assert_eq!(failure(&[421, 421, 421]), Some(421));
        assert_eq!(failure(&[406]), Some(406));
        assert_eq!(failure(&[421, 200]), None);
        assert_eq!(failure(&[421, 406]), None);
        assert_eq!(failure(&[200, 200]), None);
        assert_eq!(failure(&[]), None);
    }
}
