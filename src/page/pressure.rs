//! How full the storage is that the browser allows this site, asked now and then while an account is open (screens 20). The
//! engine is told, since it keeps no new files when there is no room for them.

use super::state::{App, Phase};
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use onionskin_client::api::{Command, ErrorCode, Pressure};
use wasm_bindgen::prelude::JsValue;
use wasm_bindgen_futures::JsFuture;

/// Between two looks (ms).
const LOOK_MS: u32 = 60_000;
/// So long (ms) a write that found no room counts for more than what the browser says.
const FOUND_MS: f64 = 600_000.0;
/// From these parts of the limit on it is tight, and full (percent).
const TIGHT: u64 = 80;
const FULL: u64 = 95;

/// Bytes that the browser counts for this site, and how many it allows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Estimate {
    pub used: u64,
    pub quota: u64,
}

impl Estimate {
    pub(crate) fn pressure(self) -> Pressure {
        let reaches =
            |percent: u64| self.used.saturating_mul(100) >= self.quota.saturating_mul(percent);
        match self.quota > 0 {
            true if reaches(FULL) => Pressure::Full,
            true if reaches(TIGHT) => Pressure::Tight,
            _ => Pressure::None,
        }
    }
}

/// `navigator.storage.estimate`, where there is one.
pub(crate) async fn estimate() -> Option<Estimate> {
    let asked = window().navigator().storage().estimate().ok()?;
    let told = JsFuture::from(asked).await.ok()?;
    let number = |name: &str| {
        let value = js_sys::Reflect::get(&told, &JsValue::from_str(name)).ok()?;
        Some(value.as_f64()? as u64)
    };
    Some(Estimate {
        used: number("usage")?,
        quota: number("quota")?,
    })
}

/// Looks for as long as the page lives.
pub(crate) fn follow(app: App) {
    leptos::task::spawn_local(async move {
        loop {
            TimeoutFuture::new(LOOK_MS).await;
            if app.phase.get_untracked() == Phase::Open {
                look(app).await;
            }
        }
    });
}

/// Looks now. A temporary account takes no room.
pub(crate) async fn look(app: App) {
    let estimate = estimate().await;
    app.estimate.set(estimate);
    if untrack(|| app.is_temporary()) {
        return;
    }
    let full = js_sys::Date::now() < app.full_until.get_value();
    set(
        app,
        match estimate {
            _ if full => Pressure::Full,
            Some(estimate) => estimate.pressure(),
            None => Pressure::None,
        },
    );
}

/// A write found no room.
pub(crate) fn heard(app: App, code: ErrorCode) {
    if matches!(code, ErrorCode::StoreFull | ErrorCode::StoreReserve) {
        app.full_until.set_value(js_sys::Date::now() + FOUND_MS);
        set(app, Pressure::Full);
    }
}

/// Something was removed.
pub(crate) async fn freed(app: App) {
    app.full_until.set_value(0.0);
    look(app).await;
}

fn set(app: App, pressure: Pressure) {
    if app.pressure.get_untracked() != pressure {
        app.pressure.set(pressure);
        app.send(Command::SetPressure(pressure));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_four_fifths_on_it_is_tight_and_near_the_end_full() {
        let at = |used, quota| Estimate { used, quota }.pressure();
        assert_eq!(at(799, 1_000), Pressure::None);
        assert_eq!(at(800, 1_000), Pressure::Tight);
        assert_eq!(at(949, 1_000), Pressure::Tight);
        assert_eq!(at(950, 1_000), Pressure::Full);
        assert_eq!(at(5, 0), Pressure::None);
        assert_eq!(at(u64::MAX, u64::MAX), Pressure::Full);
    }
}
