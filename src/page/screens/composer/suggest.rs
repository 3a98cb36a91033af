//! What is offered while somebody writes: emoji by name after `:` and two letters, people of the conversation after `@`. Tab
//! or Enter takes it, Escape does without.

use super::format::{replaced, selection};
use crate::i18n::text;
use crate::page::chat::Chat;
use crate::page::mentions;
use crate::page::screens::row::called;
use crate::page::ui::avatar::Avatar;
use leptos::html;
use leptos::prelude::*;
use web_sys::HtmlTextAreaElement;

/// So many are offered.
const OFFERED: usize = 6;
/// From so many letters on.
const LETTERS: usize = 2;

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Offer {
    Emoji {
        picture: String,
        name: String,
    },
    /// A member of the conversation.
    Person {
        id: String,
        name: String,
    },
}

/// What is offered, and which of it is chosen.
#[derive(Clone, Copy)]
pub(super) struct Suggestions {
    chat: Chat,
    offered: RwSignal<Vec<Offer>>,
    at: RwSignal<usize>,
    field: StoredValue<Option<NodeRef<html::Textarea>>>,
}

impl Suggestions {
    pub(super) fn new(chat: Chat) -> Self {
        let app = chat.app;
        let this = Self {
            chat,
            offered: RwSignal::new(Vec::new()),
            at: RwSignal::new(0),
            field: StoredValue::new(None),
        };
        // The table may come after the letters.
        Effect::new(move |_| {
            app.emojis.table.track();
            if let Some(field) = this.field.get_value() {
                this.offer(field);
            }
        });
        this
    }

    /// Looks at the text before the cursor.
    pub(super) fn look(self, field: NodeRef<html::Textarea>) {
        self.field.set_value(Some(field));
        let sought = field
            .get_untracked()
            .and_then(|field| sought(&field.value(), selection(&field).0));
        if sought.is_some() {
            self.chat.app.emojis.need();
        }
        self.offer(field);
    }

    fn offer(self, field: NodeRef<html::Textarea>) {
        let found = field
            .get_untracked()
            .map(|field| (field.value(), selection(&field).0))
            .map(|(said, cursor)| {
                if let Some((_, words)) = sought(&said, cursor) {
                    self.emoji(&words)
                } else if let Some((_, words)) = mentions::sought(&said, cursor) {
                    self.people(&words)
                } else {
                    Vec::new()
                }
            })
            .unwrap_or_default();
        if self.offered.with_untracked(|offered| *offered != found) {
            self.at.set(0);
            self.offered.set(found);
        }
    }

    fn emoji(self, words: &str) -> Vec<Offer> {
        let emojis = self.chat.app.emojis;
        let tone = emojis.tone.get_untracked();
        emojis.table.with_untracked(|table| {
            let found = table.ready().map(|table| table.find(words, OFFERED));
            found
                .into_iter()
                .flatten()
                .map(|one| Offer::Emoji {
                    picture: one.in_tone(tone),
                    name: one.name.clone(),
                })
                .collect()
        })
    }

    /// Both members of the conversation whose name has a word that begins so.
    fn people(self, words: &str) -> Vec<Offer> {
        let t = text();
        let here = self.chat.here.get_untracked();
        let own = self.chat.app.profile.get_untracked();
        let them = here
            .filter(|here| !here.note_to_self)
            .map(|here| Offer::Person {
                name: called(t, &here),
                id: here.account_id,
            });
        let you = own.map(|own| Offer::Person {
            id: own.account_id,
            name: t.you.to_owned(),
        });
        let words = words.to_lowercase();
        let fits = |name: &str| {
            let name = name.to_lowercase();
            name.split_whitespace().any(|word| word.starts_with(&words))
        };
        them.into_iter()
            .chain(you)
            .filter(
                |one| matches!(one, Offer::Person { name, .. } if words.is_empty() || fits(name)),
            )
            .collect()
    }

    pub(super) fn close(self) {
        self.field.set_value(None);
        self.offered.set(Vec::new());
    }

    pub(super) fn any(self) -> bool {
        self.offered.with(|offered| !offered.is_empty())
    }

    /// The name of the chosen line in the document.
    pub(super) fn active(self) -> Option<String> {
        self.any()
            .then(|| format!("v1-suggestion-{}", self.at.get()))
    }

    pub(super) fn step(self, by: isize) {
        let count = self.offered.with_untracked(Vec::len) as isize;
        if count > 0 {
            self.at
                .update(|at| *at = (*at as isize + by).rem_euclid(count) as usize);
        }
    }

    pub(super) fn chosen(self) -> Option<Offer> {
        let at = self.at.get_untracked();
        self.offered
            .with_untracked(|offered| offered.get(at).cloned())
    }

    /// The text with what was taken in place of what asked for it, and where the cursor is then.
    pub(super) fn accepted(
        self,
        field: &HtmlTextAreaElement,
        offer: &Offer,
        taken: &str,
    ) -> Option<(String, usize)> {
        let said = field.value();
        let cursor = selection(field).0;
        let (from, _) = match offer {
            Offer::Emoji { picture, .. } => {
                self.chat.app.emojis.used(picture);
                sought(&said, cursor)
            }
            Offer::Person { .. } => mentions::sought(&said, cursor),
        }?;
        self.close();
        Some(replaced(&said, from, cursor, &format!("{taken} ")))
    }
}

/// Where the `:` before the cursor stands, and what follows it. Places count UTF-16 units.
fn sought(said: &str, cursor: usize) -> Option<(usize, String)> {
    let units: Vec<u16> = said.encode_utf16().take(cursor).collect();
    let before = String::from_utf16_lossy(&units);
    let (start, words) = before.rsplit_once(':')?;
    let fits = words.chars().count() >= LETTERS
        && words
            .chars()
            .all(|c| c.is_alphanumeric() || c == '_' || c == '+' || c == '-')
        && !start.ends_with(|c: char| c.is_alphanumeric() || c == '/' || c == ':');
    fits.then(|| (start.encode_utf16().count(), words.to_owned()))
}

#[component]
pub(super) fn SuggestionList(
    suggestions: Suggestions,
    pick: impl Fn(Offer) + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let t = text();
    let label = move || {
        let people = suggestions
            .offered
            .with(|offered| matches!(offered.first(), Some(Offer::Person { .. })));
        if people {
            t.v1_people
        } else {
            t.v1_suggestions
        }
    };
    view! {
        <Show when=move || suggestions.any()>
            <ul class="suggestions" role="listbox" id="v1-suggestions" aria-label=label data-testid="v1.suggestions">
                {move || {
                    suggestions
                        .offered
                        .get()
                        .into_iter()
                        .enumerate()
                        .map(|(at, offer)| {
                            let picked = offer.clone();
                            view! {
                                <li
                                    role="option"
                                    id=format!("v1-suggestion-{at}")
                                    aria-selected=move || (suggestions.at.get() == at).to_string()
                                    data-testid="v1.suggestion"
                                    on:pointerdown=move |event| {
                                        event.prevent_default();
                                        pick(picked.clone());
                                    }
                                >
                                    {drawn(offer)}
                                </li>
                            }
                        })
                        .collect_view()
                }}
            </ul>
        </Show>
    }
}

fn drawn(offer: Offer) -> AnyView {
    match offer {
        Offer::Emoji { picture, name } => view! {
            <span aria-hidden="true">{picture}</span>
            " "
            {name}
        }
        .into_any(),
        Offer::Person { id, name } => view! {
            <Avatar id size=28 />
            <bdi>{name}</bdi>
        }
        .into_any(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colon_and_two_letters_ask_for_emoji() {
        assert_eq!(sought("hi :smi", 7), Some((3, "smi".to_owned())));
        assert_eq!(sought("😀:th", 5), Some((2, "th".to_owned())));
        for (said, cursor) in [
            (":s", 2),
            ("10:30", 5),
            ("https://a", 9),
            (":a b", 4),
            ("a", 1),
            ("::ab", 4),
        ] {
            assert_eq!(sought(said, cursor), None, "{said}");
        }
        assert_eq!(sought(":smile", 2), None);
    }
}
