//! The two files of the world, loaded when a path is first shown and kept from then on: which country an address belongs
//! to, and the map (screens 14, P2).

use leptos::prelude::*;
use onionskin_client::world::{Countries, Country, Land};
use std::net::Ipv4Addr;
use std::sync::Arc;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;

const COUNTRIES: &str = "/world/countries.bin";
const LAND: &str = "/world/land.txt";

/// How far a file has come.
#[derive(Clone, Debug, Default)]
pub(crate) enum Load<T> {
    /// Nobody needed it yet.
    #[default]
    Absent,
    Loading,
    Ready(Arc<T>),
    /// It did not come, or is not what it should be. The next one who needs it tries again.
    Failed,
}

impl<T> Load<T> {
    /// The contents.
    pub(crate) fn ready(&self) -> Option<&T> {
        match self {
            Self::Ready(contents) => Some(contents),
            _ => None,
        }
    }

    /// The name in `data-world`.
    pub(crate) const fn hook(&self) -> &'static str {
        match self {
            Self::Absent | Self::Loading => "loading",
            Self::Ready(_) => "ready",
            Self::Failed => "failed",
        }
    }

    const fn wanted(&self) -> bool {
        matches!(self, Self::Absent | Self::Failed)
    }
}

/// Both files.
#[derive(Clone, Copy, Default)]
pub(crate) struct World {
    pub countries: RwSignal<Load<Countries>>,
    pub land: RwSignal<Load<Land>>,
}

impl World {
    /// Makes sure that both are there or on their way.
    pub(crate) fn need(self) {
        load(self.countries, COUNTRIES, |bytes| {
            Countries::parse(&bytes).ok()
        });
        load(self.land, LAND, |bytes| {
            Land::parse(std::str::from_utf8(&bytes).ok()?).ok()
        });
    }

    /// The country of an address in text form, once the table is there. Tracks it.
    pub(crate) fn country(self, address: &str) -> Option<Country> {
        let address: Ipv4Addr = address.parse().ok()?;
        self.countries.with(|table| table.ready()?.of(address))
    }
}

/// Fetches a file of the app into a signal, unless it is there or on its way.
pub(crate) fn load<T: Send + Sync + 'static>(
    into: RwSignal<Load<T>>,
    url: &str,
    read: impl FnOnce(Vec<u8>) -> Option<T> + 'static,
) {
    if !into.with_untracked(Load::wanted) {
        return;
    }
    into.set(Load::Loading);
    let url = url.to_owned();
    leptos::task::spawn_local(async move {
        let contents = fetch(&url).await.and_then(read);
        into.set(contents.map_or(Load::Failed, |contents| Load::Ready(Arc::new(contents))));
    });
}

async fn fetch(url: &str) -> Option<Vec<u8>> {
    let response = JsFuture::from(window().fetch_with_str(url)).await.ok()?;
    let response: web_sys::Response = response.dyn_into().ok()?;
    if !response.ok() {
        return None;
    }
    let buffer = JsFuture::from(response.array_buffer().ok()?).await.ok()?;
    Some(js_sys::Uint8Array::new(&buffer).to_vec())
}
