//! Screens and settings by name, for the search and the palette.

use crate::i18n::Catalogue;
use crate::page::router::Route;

/// Somewhere to go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Place {
    pub name: &'static str,
    /// The page on which a setting stands.
    pub page: Option<&'static str>,
    pub route: Route,
}

/// All screens, then all settings.
pub(crate) fn places(t: &'static Catalogue) -> Vec<Place> {
    let screens = [
        (t.c1_title, Route::Chats),
        (t.s1_title, Route::Search),
        (t.c1_new, Route::New),
        (t.c3_title, Route::Requests),
        (t.s3_title, Route::Mentions),
        (t.s2_title, Route::Starred),
        (t.c2_title, Route::Archive),
        (t.p1_title, Route::Network),
        (t.p2_title, Route::Path),
        (t.x0_title, Route::Settings),
        (t.x4_title, Route::Privacy),
        (t.x6_title, Route::Notifications),
        (t.x5_title, Route::Devices),
        (t.x7_title, Route::Storage),
        (t.d3_title, Route::Erase),
        (t.x9_title, Route::NetworkSettings),
    ];
    let you: &[_] = &[
        t.x1_picture,
        t.w2_name,
        t.my_id,
        t.theme,
        t.x2_neutral,
        t.language,
        t.r1_title,
    ];
    let privacy: &[_] = &[
        t.x4_read,
        t.x4_typing,
        t.x4_hide_links,
        t.x4_bursts,
        t.x4_community,
        t.x4_previews,
        t.x4_saved,
        t.x3_link_guard,
        t.x3_link_clean,
        t.x4_timer,
        t.x4_undo,
        t.x4_markdown,
        t.x4_big_emoji,
        t.x4_reactions,
        t.x4_autoplay,
        t.x4_keep_archived,
        t.x4_enter,
        t.x4_spell,
        t.x4_swipe,
        t.x4_caption,
        t.x4_blocked,
    ];
    let notifications: &[_] = &[
        t.x6_detail,
        t.x6_requests,
        t.x6_reply,
        t.x6_sound,
        t.x6_volume,
        t.x6_badge,
        t.x6_quiet,
    ];
    let network: &[_] = &[
        t.x9_transport,
        t.x9_relays,
        t.x9_pace,
        t.x9_saver,
        t.x9_download,
        t.x9_strict,
    ];
    let settings = [
        (t.x0_title, Route::Settings, you),
        (t.x4_title, Route::Privacy, privacy),
        (t.x6_title, Route::Notifications, notifications),
        (t.x9_title, Route::NetworkSettings, network),
    ];
    let screens = screens.into_iter().map(|(name, route)| Place {
        name,
        page: None,
        route,
    });
    let settings = settings.into_iter().flat_map(|(page, route, names)| {
        names.iter().map(move |name| Place {
            name,
            page: Some(page),
            route,
        })
    });
    screens.chain(settings).collect()
}
