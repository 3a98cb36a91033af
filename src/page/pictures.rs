//! Pictures of people: known by a version number, fetched from the vault when somebody looks at them, shown through
//! addresses that end with the session.

use super::blob;
use super::state::App;
use leptos::prelude::*;
use onionskin_client::api::{Answer, Command};
use onionskin_protocol::sorted::SortedMap;

/// One picture.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    version: u64,
    /// The version that was asked for last.
    asked: Option<u64>,
    url: Option<String>,
}

/// All pictures, by Account ID.
#[derive(Clone, Copy)]
pub(crate) struct Pictures(RwSignal<SortedMap<String, Entry>>);

impl Pictures {
    pub(crate) fn new() -> Self {
        Self(RwSignal::new(SortedMap::new()))
    }

    /// Somebody's picture is of this version, or there is none.
    pub(crate) fn told(self, id: &str, version: Option<u64>) {
        let known = self
            .0
            .with_untracked(|all| all.get(id).map(|one| one.version));
        if known == version {
            return;
        }
        self.0.update(|all| match version {
            Some(version) => {
                let entry = all.entry(id.to_owned()).or_insert(Entry {
                    version,
                    asked: None,
                    url: None,
                });
                entry.version = version;
            }
            None => {
                if let Some(Entry { url: Some(url), .. }) = all.remove(id) {
                    blob::revoke(&url);
                }
            }
        });
    }

    /// The address of somebody's picture. Tracks it; fetches what is not here yet.
    pub(crate) fn url(self, app: App, id: &str) -> Option<String> {
        let (wanted, url) = self.0.with(|all| {
            let entry = all.get(id)?;
            Some((
                (entry.asked != Some(entry.version)).then_some(entry.version),
                entry.url.clone(),
            ))
        })?;
        if let Some(version) = wanted {
            self.fetch(app, id.to_owned(), version);
        }
        url
    }

    fn fetch(self, app: App, id: String, version: u64) {
        self.0.update_untracked(|all| {
            if let Some(entry) = all.get_mut(&id) {
                entry.asked = Some(version);
            }
        });
        leptos::task::spawn_local(async move {
            let account_id = id.clone();
            // A picture that cannot be read stays an identicon; the next version is tried again.
            let Ok(Answer::Bytes(bytes)) = app.command(Command::GetAvatar { account_id }).await
            else {
                return;
            };
            let Some(url) = blob::picture_type(&bytes.0).and_then(|kind| blob::url(&bytes.0, kind))
            else {
                return;
            };
            self.0.update(|all| match all.get_mut(&id) {
                Some(entry) if entry.version == version => {
                    if let Some(old) = entry.url.replace(url) {
                        blob::revoke(&old);
                    }
                }
                _ => blob::revoke(&url),
            });
        });
    }

    /// Nothing stays on the page.
    pub(crate) fn clear(self) {
        self.0.update(|all| {
            for entry in std::mem::take(all).into_values() {
                if let Some(url) = entry.url {
                    blob::revoke(&url);
                }
            }
        });
    }
}
