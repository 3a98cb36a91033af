//! What screen readers say: new messages of the open conversation, at most one line every two seconds and bursts as a count
//! (screens 21); of own messages those that failed, or were stored after a while only (screens 9.4).

use super::mentions::named;
use super::screens::actions::is_muted;
use super::state::App;
use super::text::name_of;
use crate::i18n::{count, fill, text};
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use onionskin_client::api::{Delivery, Message, MessageId, MessageKind};
use onionskin_protocol::sorted::SortedMap;

/// How long lines are gathered (ms).
const BATCH_MS: u32 = 2_000;
/// What is stored sooner is not worth a word (ms).
const SLOW_MS: f64 = 3_000.0;

/// Gathers what to say.
#[derive(Clone, Copy)]
pub(crate) struct Announcer {
    /// The line in the live region.
    pub line: RwSignal<String>,
    waiting: RwSignal<Vec<(String, String)>>,
    seen: StoredValue<Vec<MessageId>>,
    /// Own messages on their way, and since when (ms).
    leaving: StoredValue<SortedMap<MessageId, f64>>,
}

impl Announcer {
    pub(crate) fn new() -> Self {
        Self {
            line: RwSignal::new(String::new()),
            waiting: RwSignal::new(Vec::new()),
            seen: StoredValue::new(Vec::new()),
            leaving: StoredValue::new(SortedMap::new()),
        }
    }

    pub(crate) fn clear(self) {
        self.line.set(String::new());
        self.waiting.set(Vec::new());
        self.seen.set_value(Vec::new());
        self.leaving.update_value(SortedMap::clear);
    }

    /// Says something once.
    pub(crate) fn say(self, line: String) {
        self.line.set(line);
    }

    /// How an own message fares.
    pub(crate) fn sent(self, message: &Message) {
        if !message.mine {
            return;
        }
        let t = text();
        let now = js_sys::Date::now();
        let left = |told: bool| {
            let mut since = None;
            self.leaving
                .update_value(|leaving| since = leaving.remove(&message.id));
            since.filter(|since| told || now - since > SLOW_MS)
        };
        let word = match message.delivery {
            Delivery::Held { .. } => return,
            Delivery::Queued
            | Delivery::Uploading
            | Delivery::Sending
            | Delivery::Retrying { .. } => {
                self.leaving.update_value(|leaving| {
                    leaving.entry(message.id).or_insert(now);
                });
                return;
            }
            Delivery::Failed(_) => left(true).map(|_| t.delivery_failed),
            Delivery::Stored { .. } | Delivery::Synced { .. } | Delivery::Read => {
                left(false).map(|_| t.delivery_stored)
            }
        };
        if let Some(word) = word {
            self.say(fill(
                t.announce_one,
                &[("name", word), ("text", &message.text)],
            ));
        }
    }

    /// A message came; what is not for the ear is left out.
    pub(crate) fn heard(self, app: App, message: &Message) {
        let open = app.timeline.open.get_untracked() == Some(message.conversation);
        if message.mine || !open || message.kind != MessageKind::Text {
            return;
        }
        if self.seen.with_value(|seen| seen.contains(&message.id)) {
            return;
        }
        self.seen.update_value(|seen| {
            seen.push(message.id);
            let spare = seen.len().saturating_sub(50);
            seen.drain(..spare);
        });
        let Some(about) = untrack(|| app.conversation(message.conversation)) else {
            return;
        };
        if is_muted(app, &about) {
            return;
        }
        let name = name_of(&about);
        let first = self.waiting.with_untracked(Vec::is_empty);
        self.waiting
            .update(|waiting| waiting.push((name, untrack(|| named(app, &message.text)))));
        if first {
            leptos::task::spawn_local(async move {
                TimeoutFuture::new(BATCH_MS).await;
                self.flush();
            });
        }
    }

    fn flush(self) {
        let waiting = self.waiting.get_untracked();
        self.waiting.set(Vec::new());
        let Some((name, _)) = waiting.last() else {
            return;
        };
        let line = if waiting.len() > 2 {
            fill(
                &count(&text().announce_many, waiting.len() as u64),
                &[("name", name)],
            )
        } else {
            let one = |(name, said): &(String, String)| {
                fill(text().announce_one, &[("name", name), ("text", said)])
            };
            waiting.iter().map(one).collect::<Vec<_>>().join("\n")
        };
        self.line.set(line);
    }
}
