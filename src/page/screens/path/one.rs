//! One path: its hops with all that is known of them, its figures, its rules, and the map.

use super::map::Map;
use super::rules::{Standing, judge};
use super::{panel_id, tab_id};
use crate::i18n::{count, fill, format, text};
use crate::page::state::App;
use crate::page::text::{short_key, subnet};
use crate::page::ui::icons::{Draw, Icon};
use leptos::prelude::*;
use onionskin_client::api::{Chosen, DestinationKind, HopView, PathRule, PathView};
use onionskin_client::world::Country;

/// The panel of a tab.
#[component]
pub(super) fn OnePath(at: usize, chosen: Memo<usize>) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let path = Signal::derive(move || {
        app.paths.with(|paths| {
            let mut paths = paths.iter().flatten();
            paths.nth(at).cloned()
        })
    });
    let hops = Memo::new(move |_| path.get().map(|path| path.hops).unwrap_or_default());
    let requests = Memo::new(move |_| path.get().map_or(0, |path| path.requests));
    let destination = Memo::new(move |_| path.get().and_then(|path| path.destination));
    let list = move || {
        let hops = hops.get().into_iter().enumerate();
        hops.map(|(place, hop)| view! { <Hop place hop /> })
            .collect_view()
    };
    let figures = move || path.get().map(|path| figures(&path));
    let strikes = move || {
        path.get()
            .map(|path| path.strikes)
            .filter(|&strikes| strikes > 0)
    };
    let rules = move || path.get().map(|path| rules(app, &path));
    view! {
        <section
            class="card path-card"
            role="tabpanel"
            id=panel_id(at)
            aria-labelledby=tab_id(at)
            hidden=move || chosen.get() != at
            data-testid="p2.path"
        >
            <div class="path-text">
                <ol class="hops">
                    <li class="hop end">
                        <span class="dot"></span>
                        <span class="role">{t.p2_you}</span>
                        <span class="small muted">{t.p2_you_why}</span>
                    </li>
                    {list}
                    <li class="hop end" data-testid="p2.destination">
                        <span class="dot"></span>
                        <span class="role">{t.p2_destination}</span>
                        <span class="small muted">{move || destination_word(destination.get())}</span>
                    </li>
                </ol>
                {move || {
                    strikes()
                        .map(|strikes| {
                            view! {
                                <p class="note warn" data-testid="p2.strikes">
                                    <Draw icon=Icon::Warning />
                                    <span>{count(&t.p2_strikes, u64::from(strikes))}</span>
                                </p>
                            }
                        })
                }}
            </div>
            <Map hops requests />
            <dl class="facts" data-testid="p2.facts">{figures}</dl>
            <section class="stack tight" aria-label=t.p2_rules>
                <h2>{t.p2_rules}</h2>
                <ul class="rules" data-testid="p2.rules">{rules}</ul>
            </section>
        </section>
    }
}

#[component]
fn Hop(place: usize, hop: HopView) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let role = if place == 0 { "guard" } else { "middle" };
    let address = hop.address.clone();
    let country = move || country_word(app.world.country(&address));
    let since = hop
        .pinned_since
        .map(|ms| fill(t.p2_pinned, &[("ago", &format::ago(ms))]));
    view! {
        <li class="hop" data-testid="p2.hop" data-role=role data-node=hop.key.clone()>
            <span class="dot"></span>
            <span class="role">{role_word(place)}</span>
            <span class="country" data-testid="p2.country">{country}</span>
            <span class="small">
                <code dir="ltr" title=hop.key.clone()>{short_key(&hop.key)}</code>
                " · "
                <bdi>{network_word(&hop.address)}</bdi>
            </span>
            <span class="small">{chosen_word(place, hop.chosen)}</span>
            {since.map(|since| view! { <span class="small" data-testid="p2.pinned">{since}</span> })}
        </li>
    }
}

/// Guard, second node, third node.
pub(super) fn role_word(place: usize) -> String {
    let t = text();
    match place {
        0 => t.p2_guard.to_owned(),
        place => fill(t.p2_hop, &[("n", &(place + 1).to_string())]),
    }
}

/// The name of a country, or that it is unknown.
pub(super) fn country_word(country: Option<Country>) -> String {
    country
        .and_then(|country| format::country(country.as_str()))
        .unwrap_or_else(|| text().p2_country_unknown.to_owned())
}

/// Why the node stands there.
pub(super) fn chosen_word(place: usize, chosen: Chosen) -> &'static str {
    let t = text();
    match chosen {
        Chosen::Kept => t.p2_chosen_kept,
        Chosen::Chance if place == 0 => t.p2_chosen_guard,
        Chosen::Chance => t.p2_chosen_chance,
        Chosen::Replacement => t.p2_chosen_replacement,
    }
}

/// The network that the address belongs to, without the address itself.
fn network_word(address: &str) -> String {
    let t = text();
    match address.parse::<std::net::Ipv4Addr>() {
        Ok(address) if address.is_loopback() => t.p2_subnet_loopback.to_owned(),
        Ok(address) if address.is_private() => t.p2_subnet_private.to_owned(),
        Ok(address) => fill(t.p2_subnet, &[("net", &subnet(address))]),
        Err(_) => t.unknown.to_owned(),
    }
}

pub(super) fn destination_word(destination: Option<DestinationKind>) -> &'static str {
    let t = text();
    match destination {
        None => t.p2_destination_none,
        Some(DestinationKind::OwnSwarm) => t.p2_destination_own,
        Some(DestinationKind::OtherSwarm) => t.p2_destination_other,
        Some(DestinationKind::Network) => t.p2_destination_network,
        Some(DestinationKind::Server) => t.p2_destination_server,
    }
}

fn figures(path: &PathView) -> impl IntoView + use<> {
    let t = text();
    let rotation = match path.rotates_at {
        Some(ms) => format::from_now(ms),
        None => t.p2_rotates_never.to_owned(),
    };
    view! {
        <dt>{t.p2_built}</dt>
        <dd>{format::ago(path.built_at)}</dd>
        <dt>{t.p2_requests}</dt>
        <dd data-testid="p2.requests">{format::number(u64::from(path.requests))}</dd>
        <dt>{t.p2_failures}</dt>
        <dd>{format::number(u64::from(path.failures))}</dd>
        <dt>{t.p2_rotates}</dt>
        <dd data-testid="p2.rotates">{rotation}</dd>
    }
}

fn rules(app: App, path: &PathView) -> impl IntoView + use<> {
    let t = text();
    let countries: Vec<_> = path
        .hops
        .iter()
        .map(|hop| app.world.country(&hop.address))
        .collect();
    judge(path, &countries)
        .map(|(rule, standing)| {
            let what = match rule {
                PathRule::Countries => t.p2_rule_countries,
                PathRule::Subnets => t.p2_rule_subnets,
                PathRule::Reliable => t.p2_rule_reliable,
            };
            let (icon, state, said) = match standing {
                Standing::Kept => (Icon::Check, "kept", t.p2_rule_kept),
                Standing::Relaxed => (Icon::Warning, "relaxed", t.p2_rule_relaxed),
                Standing::Missed => (Icon::Info, "missed", t.p2_rule_missed),
                Standing::OneMachine => (Icon::Info, "moot", t.p2_rule_one_machine),
                Standing::Untold => (Icon::Info, "unknown", t.p2_rule_unknown),
            };
            view! {
                <li data-testid="p2.rule" data-rule=state>
                    <Draw icon=icon size=16 />
                    <span>{what} " " <span class="muted">{said}</span></span>
                </li>
            }
        })
        .collect_view()
}
