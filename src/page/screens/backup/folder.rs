//! The folder into which backups are written by themselves, where the browser lets a page write into one.

use super::file::{Sink, act, failure, is_abort};
use super::kept::{self, Folder};
use crate::i18n::format;
use crate::page::state::App;
use js_sys::{Object, Reflect};
use leptos::prelude::{GetUntracked, window};
use onionskin_client::api::{ErrorCode, Failure};
use wasm_bindgen::JsValue;

/// So many backups of its own stay in a folder.
const KEPT: usize = 3;
/// Backups of one day have a number behind the day, up to this one.
const MOST_OF_A_DAY: u32 = 99;

/// What the browser lets a page do in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Permission {
    Granted,
    /// It asks the person, in answer to a press.
    Asks,
    Denied,
}

/// The browser can give a page a folder.
pub(super) fn can_be_chosen() -> bool {
    Reflect::get(&window(), &"showDirectoryPicker".into()).is_ok_and(|it| it.is_function())
}

fn writing() -> JsValue {
    let options = Object::new();
    // A fresh object takes every property.
    let _ = Reflect::set(&options, &"mode".into(), &"readwrite".into());
    options.into()
}

/// Asks which folder; `None`: none after all. Browsers allow that in answer to a press only.
pub(super) async fn choose(app: App) -> Result<Option<Folder>, Failure> {
    let handle = match act(&window(), "showDirectoryPicker", &[writing()]).await {
        Ok(handle) => handle,
        Err(error) if is_abort(&error) => return Ok(None),
        Err(_) => return Err(failure(ErrorCode::BakWrite)),
    };
    let mut files = Vec::new();
    if let Some(before) = recall(app).await {
        // Chosen once more: what was written into it still counts.
        let same = act(&handle, "isSameEntry", &[before.handle]).await;
        if same.is_ok_and(|same| same.is_truthy()) {
            files = before.files;
        }
    }
    Ok(Some(Folder { handle, files }))
}

/// The folder that the open account has on this device.
pub(super) async fn recall(app: App) -> Option<Folder> {
    // One that cannot be read is as good as none: the person chooses another one.
    kept::recall(app.vault.get_untracked()?).await.ok()?
}

/// The open account writes into none any more.
pub(super) async fn forget(app: App) {
    if let Some(vault) = app.vault.get_untracked() {
        // A handle that stays opens nothing to anybody, and goes with the account.
        let _ = kept::forget(vault).await;
    }
}

impl Folder {
    /// What may be done in it; with `press`, the browser asks the person if it has to.
    pub(super) async fn permission(&self, press: bool) -> Permission {
        let method = match press {
            true => "requestPermission",
            false => "queryPermission",
        };
        let state = act(&self.handle, method, &[writing()]).await;
        match state.ok().and_then(|state| state.as_string()).as_deref() {
            Some("granted") => Permission::Granted,
            Some("prompt") => Permission::Asks,
            _ => Permission::Denied,
        }
    }

    /// A new file in it, and its name.
    pub(super) async fn file(&self) -> Result<(Sink, String), Failure> {
        let broken = |_| failure(ErrorCode::BakWrite);
        let day = format::iso_day(js_sys::Date::now() as u64).replace('-', "");
        for number in 1..=MOST_OF_A_DAY {
            let name = match number {
                1 => format!("backup-{day}.osb"),
                _ => format!("backup-{day}-{number}.osb"),
            };
            let named = JsValue::from_str(&name);
            if act(&self.handle, "getFileHandle", std::slice::from_ref(&named))
                .await
                .is_ok()
            {
                // There is one of this name, whoever made it.
                continue;
            }
            let options = Object::new();
            let _ = Reflect::set(&options, &"create".into(), &true.into());
            let file = act(&self.handle, "getFileHandle", &[named, options.into()]).await;
            let sink = Sink::open(file.map_err(broken)?).await?;
            return Ok((sink, name));
        }
        Err(failure(ErrorCode::BakWrite))
    }

    /// A backup was written into it. Those before the last three that this device wrote go.
    pub(super) async fn wrote(mut self, app: App, name: String) -> Result<(), Failure> {
        self.files.push(name);
        while self.files.len() > KEPT {
            let oldest = self.files.remove(0);
            // One that somebody moved away is not there to be removed.
            let _ = act(&self.handle, "removeEntry", &[oldest.into()]).await;
        }
        let vault = app.vault.get_untracked();
        let vault = vault.ok_or_else(|| failure(ErrorCode::BakWrite))?;
        let kept = kept::keep(vault, &self).await;
        kept.map_err(|_| failure(ErrorCode::BakWrite))
    }
}
