//! The report that can be copied: what the screen says, without keys, without addresses beyond their country, without
//! anything of the account.

use super::one::{chosen_word, country_word, destination_word, role_word};
use crate::i18n::{count, fill, format, text};
use crate::page::state::App;
use crate::page::ui::connection::word;
use leptos::prelude::*;
use onionskin_client::api::PathView;

/// The report as it stands now. Tracks what it tells.
pub(super) fn redacted(app: App) -> String {
    let t = text();
    let state = app.network.with(|network| network.state);
    let mut lines = vec![fill(t.p2_report, &[("state", word(t, state))])];
    app.paths.with(|paths| {
        for (at, path) in paths.iter().flatten().enumerate() {
            lines.push(String::new());
            lines.extend(one(app, at, path));
        }
    });
    lines.join("\n")
}

fn one(app: App, at: usize, path: &PathView) -> Vec<String> {
    let t = text();
    let name = match path.rotates_at {
        Some(_) => fill(t.p2_path, &[("n", &(at + 1).to_string())]),
        None => t.p2_one_off.to_owned(),
    };
    let figures = [
        format!("{}: {}", t.p2_built, format::ago(path.built_at)),
        format!("{}: {}", t.p2_requests, path.requests),
        format!("{}: {}", t.p2_failures, path.failures),
        count(&t.p2_strikes, u64::from(path.strikes)),
    ];
    let hops = path.hops.iter().enumerate().map(|(place, hop)| {
        let since = hop
            .pinned_since
            .map(|ms| format!(", {}", fill(t.p2_pinned, &[("ago", &format::ago(ms))])))
            .unwrap_or_default();
        format!(
            "- {}: {}, {}{since}",
            role_word(place),
            country_word(app.world.country(&hop.address)),
            chosen_word(place, hop.chosen),
        )
    });
    let end = format!(
        "- {}: {}",
        t.p2_destination,
        destination_word(path.destination)
    );
    let mut lines = vec![format!("{name}: {}", figures.join(", "))];
    lines.extend(hops);
    lines.push(end);
    lines
}
