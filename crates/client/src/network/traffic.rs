//! What requests are for, and what they cost (screens 14, P1: data use).
//!
//! Bytes are counted as they go over the wire, per kind and day of the device clock (UTC), for at most 31 days, and written
//! down once a minute at most.

use super::Network;
use crate::api::{Bytes, DataUse, DestinationKind, Traffic};
use crate::ports::{Clock, Durability, Ports, Table};
use crate::store::{Key, RecordError};
use onionskin_protocol::id::AccountId;
use onionskin_protocol::rpc::Request;
use onionskin_protocol::sorted::SortedMap;
use onionskin_protocol::time::Timestamp;
use serde_json::Value;

/// Days that are kept.
const DAYS: u64 = 31;
/// Between writings (ms).
const SAVE_EVERY: u64 = 60_000;
const DAY: u64 = 86_400_000;
const KINDS: [Traffic; 4] = [
    Traffic::Polling,
    Traffic::Sending,
    Traffic::Network,
    Traffic::Files,
];

/// What a request is for, and what kind of node it asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Errand {
    pub(super) traffic: Traffic,
    pub(super) destination: DestinationKind,
}

impl Errand {
    /// Lists, swarms, clocks, tests of paths.
    pub(super) const NETWORK: Self = Self {
        traffic: Traffic::Network,
        destination: DestinationKind::Network,
    };

    /// Of a request, or of the first member of a batch.
    pub(super) fn of(request: &Request, own: &AccountId) -> Self {
        let first = match request.method {
            "batch" | "sequence" => request.params.pointer("/requests/0"),
            _ => None,
        };
        let (method, params) = match first {
            Some(member) => (
                member.get("method").and_then(Value::as_str).unwrap_or(""),
                member.get("params"),
            ),
            None => (request.method, Some(&request.params)),
        };
        let account = params.and_then(|params| params.get("pubkey")?.as_str());
        let Some(account) = account.filter(|_| method != "get_swarm") else {
            return Self::NETWORK;
        };
        let is_own = account.parse::<AccountId>().is_ok_and(|id| id == *own);
        Self {
            traffic: if method == "store" || method.starts_with("delete") {
                Traffic::Sending
            } else {
                Traffic::Polling
            },
            destination: if is_own {
                DestinationKind::OwnSwarm
            } else {
                DestinationKind::OtherSwarm
            },
        }
    }
}

/// By days since 1970.
type Days = SortedMap<u64, SortedMap<Traffic, Bytes>>;

/// Bytes by day and kind.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    days: Days,
    /// There is something that the record lacks.
    unsaved: bool,
}

impl Ledger {
    pub(super) fn count(&mut self, kind: Traffic, sent: usize, received: usize, now: Timestamp) {
        let day = now.as_millis() / DAY;
        let bytes = self.days.entry(day).or_default().entry(kind).or_default();
        bytes.sent = bytes.sent.saturating_add(sent as u64);
        bytes.received = bytes.received.saturating_add(received as u64);
        while self.days.len() as u64 > DAYS {
            self.days.pop_first();
        }
        self.unsaved = true;
    }

    /// Kinds of which there was something.
    pub(super) fn view(&self, now: Timestamp) -> Vec<DataUse> {
        let today = now.as_millis() / DAY;
        let sum = |kind: Traffic, days: u64| {
            let from = (today + 1).saturating_sub(days);
            let recent = self.days.range(from..=today);
            recent
                .filter_map(|(_, kinds)| kinds.get(&kind))
                .fold(Bytes::default(), |sum, bytes| Bytes {
                    sent: sum.sent.saturating_add(bytes.sent),
                    received: sum.received.saturating_add(bytes.received),
                })
        };
        KINDS
            .into_iter()
            .map(|kind| DataUse {
                kind,
                today: sum(kind, 1),
                week: sum(kind, 7),
                month: sum(kind, 30),
            })
            .filter(|used| used.month != Bytes::default())
            .collect()
    }
}

impl<P: Ports> Network<P> {
    pub(super) fn count_bytes(&self, kind: Traffic, sent: usize, received: usize) {
        let now = self.device_now();
        self.0.ledger.borrow_mut().count(kind, sent, received, now);
    }

    /// Writes the counts down now and then.
    pub(super) async fn keep_ledger(&self) {
        loop {
            self.0.ports.clock().sleep(SAVE_EVERY).await;
            if std::mem::take(&mut self.0.ledger.borrow_mut().unsaved)
                && self.save_ledger().await.is_err()
            {
                // A store that refuses now may take it the next time; the counts are still here.
                self.0.ledger.borrow_mut().unsaved = true;
            }
        }
    }

    /// Forgets what was counted.
    pub(crate) async fn reset_data_use(&self) -> Result<(), RecordError> {
        *self.0.ledger.borrow_mut() = Ledger::default();
        self.save_ledger().await
    }

    /// Counts that cannot be read begin anew; only a store that fails is an error.
    pub(super) async fn load_ledger(&self) -> Result<(), RecordError> {
        match self.0.records.get::<Days>(&self.ledger_key()).await {
            Ok(Some(days)) => {
                self.0.ledger.borrow_mut().days = days;
                Ok(())
            }
            Ok(None) | Err(RecordError::Vault(_) | RecordError::Form | RecordError::Version(_)) => {
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    async fn save_ledger(&self) -> Result<(), RecordError> {
        let days = self.0.ledger.borrow().days.clone();
        let mut tx = self.0.records.tx();
        tx.put(&self.ledger_key(), &days);
        tx.commit(Durability::Relaxed).await
    }

    fn ledger_key(&self) -> Key {
        self.0.records.key::<16>(Table::Network, "data use", &[])
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use onionskin_protocol::account::{Account, Seed};
    use onionskin_protocol::id::Namespace;

    fn at_day(day: u64) -> Timestamp {
        Timestamp(day * DAY + 5)
    }

    #[test]
    fn bytes_are_summed_for_today_a_week_and_a_month_and_kept_for_31_days() {
        let mut ledger = Ledger::default();
        for day in 100..=140 {
            ledger.count(Traffic::Polling, 10, 1, at_day(day));
        }
        ledger.count(Traffic::Sending, 7, 0, at_day(140));
        assert_eq!(ledger.days.len() as u64, DAYS);
        let bytes = |sent, received| Bytes { sent, received };
        assert_eq!(
            ledger.view(at_day(140)),
            [
                DataUse {
                    kind: Traffic::Polling,
                    today: bytes(10, 1),
                    week: bytes(70, 7),
                    month: bytes(300, 30),
                },
                DataUse {
                    kind: Traffic::Sending,
                    today: bytes(7, 0),
                    week: bytes(7, 0),
                    month: bytes(7, 0),
                },
            ]
        );
        assert_eq!(ledger.view(at_day(200)), []);
    }

    #[test]
    fn an_errand_follows_from_method_and_account() {
        let account = |number| Account::from_seed(Seed::from_bytes([number; 16]));
        let (own, now) = (account(1), Timestamp(1_790_000_000_000));
        let poll = Request::retrieve(&own, Namespace::DEFAULT, None, -2, now);
        let errand = Errand::of(&Request::batch(vec![poll]), &own.id());
        assert_eq!(errand.traffic, Traffic::Polling);
        assert_eq!(errand.destination, DestinationKind::OwnSwarm);
        let foreign = Request::delete(&account(2), &[]);
        let errand = Errand::of(&foreign, &own.id());
        assert_eq!(errand.traffic, Traffic::Sending);
        assert_eq!(errand.destination, DestinationKind::OtherSwarm);
        for request in [
            Request::info(),
            Request::service_nodes(),
            Request::get_swarm(&own.id()),
        ] {
            assert_eq!(Errand::of(&request, &own.id()), Errand::NETWORK);
        }
    }
}
