//! The keys and what they do, as the list of shortcuts and the palette tell them (screens 2.4). Each acts where its table says.

use crate::i18n::Catalogue;

/// A line of the list: keys as they are written on a keyboard, and what they do.
pub(crate) type Line = (&'static str, &'static str);

pub(crate) const PALETTE: &str = "Mod+K";
pub(crate) const SHORTCUTS: &str = "Mod+/";
pub(crate) const FIND: &str = "Mod+F";
pub(crate) const SEARCH: &str = "Mod2+F";
pub(crate) const NEW: &str = "Mod2+N";
pub(crate) const NOTES: &str = "Mod2+S";
pub(crate) const SETTINGS: &str = "Mod2+,";
pub(crate) const LOCK: &str = "Mod2+L";

/// The key beside the space bar: Command on a Mac, else Control.
pub(crate) fn is_mac() -> bool {
    leptos::prelude::window()
        .navigator()
        .platform()
        .is_ok_and(|platform| platform.starts_with("Mac") || platform.starts_with("iP"))
}

/// `Mod2` is held: Control and Shift on a Mac, else Alt and Shift.
pub(crate) fn mod2(event: &web_sys::KeyboardEvent) -> bool {
    // Alt and Shift write letters on a Mac.
    let (main, other) = if is_mac() {
        (event.ctrl_key(), event.alt_key())
    } else {
        (event.alt_key(), event.ctrl_key())
    };
    event.shift_key() && main && !other
}

/// `Mod` and `Mod2` as this system writes them.
pub(crate) fn written(keys: &str) -> String {
    let (main, second) = if is_mac() {
        ("⌘", "Ctrl+Shift")
    } else {
        ("Ctrl", "Alt+Shift")
    };
    keys.replace("Mod2", second).replace("Mod", main)
}

/// All keys by where they act.
pub(crate) fn table(t: &'static Catalogue) -> Vec<(&'static str, Vec<Line>)> {
    vec![
        (
            t.k2_anywhere,
            vec![
                (PALETTE, t.k1_title),
                (SHORTCUTS, t.k2_title),
                ("?", t.k2_title_outside),
                (FIND, t.v4_title),
                (SEARCH, t.s1_title),
                (NEW, t.c1_new),
                (NOTES, t.note_to_self),
                (SETTINGS, t.x0_title),
                (LOCK, t.lock_now),
                ("Alt+↓  Alt+↑", t.k2_next_conversation),
                ("Alt+Shift+↓ ↑", t.k2_next_unread),
                ("F6  Shift+F6", t.k2_next_pane),
                ("Esc", t.k2_escape),
            ],
        ),
        (
            t.k2_row,
            vec![
                ("↑ ↓ Home End A…Z", t.k2_move_rows),
                ("Enter", t.act_open),
                ("Space", t.v1_select),
                ("Shift+F10", t.c1_more_short),
                ("P", t.act_pin),
                ("M", t.act_mute),
                ("U", t.k2_read),
                ("E", t.act_archive),
                ("Delete", t.act_delete),
                ("Alt+Shift+↑ ↓", t.k2_move_pin),
            ],
        ),
        (
            t.v1_composer,
            vec![
                ("Enter  Mod+Enter", t.v1_send),
                ("Shift+Enter", t.k2_new_line),
                ("↑", t.k2_last_message),
                ("Mod+B", t.k2_bold),
                ("Mod+I", t.k2_italic),
                ("Mod2+X", t.k2_strike),
                ("Mod2+C", t.k2_code),
                (":", t.v1_suggestions),
                ("@", t.v1_mention),
                ("Mod2+A", t.media_attach),
                ("Mod2+E", t.v14_title),
                ("Mod2+V", t.media_record),
            ],
        ),
        (
            t.k2_message,
            vec![
                ("↑ ↓ PgUp PgDn Home End", t.k2_move),
                ("Enter  Shift+F10", t.v1_actions),
                ("R", t.v1_reply),
                ("F", t.v1_forward),
                ("C", t.v1_copy),
                ("S", t.v1_star),
                ("I", t.v6_title),
                ("E", t.v1_take_back),
                ("1 … 6", t.v1_react),
                ("+", t.v1_react_more),
                ("X  Space  Shift+↑ ↓", t.v1_select),
                ("Delete", t.delete),
            ],
        ),
        (
            t.media_player,
            vec![
                ("Space", t.k2_play),
                ("← →", t.media_seek),
                ("< >", t.k2_speed),
            ],
        ),
    ]
}
