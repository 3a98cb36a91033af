//! The map of one path. It repeats the list, so it says only that to screen readers.

use super::layout::{layout, way};
use crate::i18n::text;
use crate::page::state::App;
use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use onionskin_client::api::HopView;

/// How long a passing request is seen (ms); the animation in the style sheet takes as long.
const FLOW_MS: u32 = 1_600;

#[component]
pub(super) fn Map(hops: Memo<Vec<HopView>>, requests: Memo<u32>) -> impl IntoView {
    let app = expect_context::<App>();
    let t = text();
    let flowing = flowing(requests);
    let places = Memo::new(move |_| {
        app.world.land.with(|land| {
            let hops = hops.get();
            let place = |hop: &HopView| land.ready()?.place(app.world.country(&hop.address)?);
            hops.iter().map(place).collect::<Vec<_>>()
        })
    });
    let drawing = move || {
        let (width, height, outline) = app.world.land.with(|land| {
            let land = land.ready()?;
            Some((
                f64::from(land.width),
                f64::from(land.height),
                land.outline.clone(),
            ))
        })?;
        let layout = places.with(|places| layout(width, height, places));
        let way = way(&layout.spots);
        let last = layout.spots.len().saturating_sub(1);
        let spots = layout.spots.iter().enumerate().map(|(at, spot)| {
            let (x, y) = (spot.x, spot.y);
            let role = match at {
                0 => "end",
                1 => "guard",
                at if at == last => "end",
                _ => "middle",
            };
            let (x, y) = (format!("{x:.1}"), format!("{y:.1}"));
            view! {
                <g class="spot" data-role=role data-placed=spot.placed.to_string() transform=format!("translate({x} {y})")>
                    {if role == "end" {
                        view! { <rect x="-8" y="-8" width="16" height="16" rx="3" /> }.into_any()
                    } else {
                        view! { <circle r="9" /> }.into_any()
                    }}
                </g>
            }
        });
        let row = layout.row.map(|row| {
            view! {
                <rect
                    class="row"
                    x="1"
                    y=format!("{:.1}", row - 30.0)
                    width=format!("{:.1}", width - 2.0)
                    height="60"
                    rx="30"
                />
            }
        });
        Some(view! {
            <svg
                class="world"
                viewBox=format!("0 0 {width:.0} {:.0}", layout.height)
                role="img"
                aria-label=t.p2_map
                data-testid="p2.map"
            >
                <path class="land" d=outline />
                {row}
                <path class="way" d=way.clone() />
                {move || flowing.get().then(|| view! { <path class="flow" d=way.clone() data-testid="p2.flow" /> })}
                {spots.collect_view()}
            </svg>
        })
    };
    let failed = move || app.world.land.with(|land| land.hook() == "failed");
    let nowhere =
        move || hops.with(|hops| !hops.is_empty() && hops.iter().all(|hop| is_here(&hop.address)));
    let row = move || {
        let table = app.world.countries.with(|table| table.ready().is_some());
        let unplaced = places.with(|places| places.iter().any(Option::is_none));
        match (table && unplaced, nowhere()) {
            (true, true) => Some(t.p2_map_nowhere),
            (true, false) => Some(t.p2_map_row),
            (false, _) => None,
        }
    };
    view! {
        <figure class="map" data-world=move || app.world.countries.with(|table| table.hook())>
            {drawing}
            <figcaption class="tiny muted">
                <Show when=failed>
                    <p role="status">{t.p2_map_failed}</p>
                </Show>
                {move || row().map(|said| view! { <p>{said}</p> })}
                <p>{t.p2_credit}</p>
            </figcaption>
        </figure>
    }
}

/// An address of this machine.
fn is_here(address: &str) -> bool {
    address
        .parse::<std::net::Ipv4Addr>()
        .is_ok_and(|address| address.is_loopback())
}

/// True for a moment after the count of requests grew.
fn flowing(requests: Memo<u32>) -> RwSignal<bool> {
    let flowing = RwSignal::new(false);
    let timer = StoredValue::new_local(None::<Timeout>);
    Effect::new(move |before: Option<u32>| {
        let now = requests.get();
        if before.is_some_and(|before| now > before) {
            flowing.set(true);
            timer.set_value(Some(Timeout::new(FLOW_MS, move || {
                flowing.try_set(false);
            })));
        }
        now
    });
    on_cleanup(move || timer.set_value(None));
    flowing
}
