//! Dates, numbers and plural categories by the browser's `Intl`. Formatters are made once per language.

use super::{fill, language, text};
use js_sys::{Array, Date, Function, Intl, Object, Reflect};
use onionskin_protocol::sorted::SortedMap;
use std::cell::RefCell;
use wasm_bindgen::JsValue;

thread_local! {
    static FORMATTERS: RefCell<SortedMap<(&'static str, &'static str), Function>> = const { RefCell::new(SortedMap::new()) };
}

const DAY_MS: f64 = 86_400_000.0;

fn locales() -> Array {
    // The region of the browser decides about the clock, the chosen language about the words.
    let tag = language().tag();
    let regional = leptos::prelude::window()
        .navigator()
        .languages()
        .iter()
        .filter_map(|wanted| wanted.as_string())
        .find(|wanted| wanted.split('-').next() == Some(tag));
    Array::of1(&JsValue::from_str(regional.as_deref().unwrap_or(tag)))
}

fn options(pairs: &[(&str, &str)]) -> Object {
    let object = Object::new();
    for (key, value) in pairs {
        // A fresh object takes every property.
        let _ = Reflect::set(&object, &JsValue::from_str(key), &JsValue::from_str(value));
    }
    object
}

fn date_format(name: &'static str, pairs: &[(&str, &str)], ms: u64) -> String {
    let date = Date::new(&JsValue::from_f64(ms as f64));
    FORMATTERS.with_borrow_mut(|formatters| {
        formatters
            .entry((language().tag(), name))
            .or_insert_with(|| Intl::DateTimeFormat::new(&locales(), &options(pairs)).format())
            .call1(&JsValue::UNDEFINED, &date)
            .ok()
            .and_then(|formatted| formatted.as_string())
            .unwrap_or_default()
    })
}

/// `14:05`.
pub(crate) fn time(ms: u64) -> String {
    date_format("time", &[("hour", "numeric"), ("minute", "2-digit")], ms)
}

/// Full date with seconds.
pub(crate) fn full(ms: u64) -> String {
    date_format(
        "full",
        &[("dateStyle", "full"), ("timeStyle", "medium")],
        ms,
    )
}

/// `23 November 2026`.
pub(crate) fn date(ms: u64) -> String {
    date_format("date", &[("dateStyle", "long")], ms)
}

/// `2026-11-23`, as fields of the kind "date" take it.
pub(crate) fn iso_day(ms: u64) -> String {
    let date = Date::new(&JsValue::from_f64(ms as f64));
    format!(
        "{:04}-{:02}-{:02}",
        date.get_full_year(),
        date.get_month() + 1,
        date.get_date()
    )
}

/// `2026-11-23T14:05`, local, as fields of the kind "datetime-local" take it.
pub(crate) fn local_minute(ms: u64) -> String {
    let date = Date::new(&JsValue::from_f64(ms as f64));
    format!(
        "{}T{:02}:{:02}",
        iso_day(ms),
        date.get_hours(),
        date.get_minutes()
    )
}

/// And back (ms); `None` for what is no such moment.
pub(crate) fn from_local_minute(text: &str) -> Option<u64> {
    let ms = Date::new(&JsValue::from_str(text)).get_time();
    (ms.is_finite() && ms >= 0.0).then_some(ms as u64)
}

/// `November 2026`.
pub(crate) fn month(ms: u64) -> String {
    date_format("month", &[("month", "long"), ("year", "numeric")], ms)
}

/// The name of a day for a divider: today, yesterday, else weekday and date.
pub(crate) fn day(ms: u64) -> String {
    match days_ago(ms) {
        0 => text().today.into(),
        1 => text().yesterday.into(),
        2..=300 => date_format(
            "day",
            &[("weekday", "long"), ("day", "numeric"), ("month", "long")],
            ms,
        ),
        _ => date(ms),
    }
}

/// For a row of the list: the time today, the weekday within a week, else the date.
pub(crate) fn row_time(ms: u64) -> String {
    match days_ago(ms) {
        0 => time(ms),
        1 => text().yesterday.into(),
        2..=6 => date_format("weekday", &[("weekday", "long")], ms),
        7..=300 => date_format("short", &[("day", "numeric"), ("month", "short")], ms),
        _ => date_format("numeric", &[("dateStyle", "short")], ms),
    }
}

/// Days between a time and today, by the local calendar.
pub(crate) fn days_ago(ms: u64) -> i64 {
    (local_day(Date::now()) - local_day(ms as f64)).round() as i64
}

/// The number of a local day; equal for times of one calendar day.
pub(crate) fn local_day(ms: f64) -> f64 {
    let date = Date::new(&JsValue::from_f64(ms));
    ((ms - date.get_timezone_offset() * 60_000.0) / DAY_MS).floor()
}

/// `3 minutes ago`.
pub(crate) fn ago(ms: u64) -> String {
    let seconds = (Date::now() - ms as f64) / 1000.0;
    if seconds < 10.0 {
        return text().just_now.into();
    }
    relative(-seconds)
}

/// `in 13 days`; a time that has passed is now.
pub(crate) fn from_now(ms: u64) -> String {
    let seconds = (ms as f64 - Date::now()) / 1000.0;
    relative(seconds.max(0.0))
}

/// A time before (negative) or after now, in the largest unit that fits.
fn relative(seconds: f64) -> String {
    let (size, unit) = match seconds.abs() {
        s if s < 60.0 => (1.0, "second"),
        s if s < 3_600.0 => (60.0, "minute"),
        s if s < 86_400.0 => (3_600.0, "hour"),
        _ => (86_400.0, "day"),
    };
    Intl::RelativeTimeFormat::new(&locales(), &Object::new())
        .format((seconds / size).trunc(), unit)
        .into()
}

/// `1.4 MB`, in steps of 1,000.
pub(crate) fn bytes(n: u64) -> String {
    let (size, unit) = match n {
        0..1_000_000 => (1e3, "kilobyte"),
        1_000_000..1_000_000_000 => (1e6, "megabyte"),
        _ => (1e9, "gigabyte"),
    };
    measure(n as f64 / size, unit, "1")
}

/// A time span in its largest whole unit: `5 minutes`, `2 weeks`.
pub(crate) fn span(seconds: u32) -> String {
    let (size, unit) = [
        (7 * 86_400, "week"),
        (86_400, "day"),
        (3_600, "hour"),
        (60, "minute"),
    ]
    .into_iter()
    .find(|(size, _)| seconds >= *size && seconds.is_multiple_of(*size))
    .unwrap_or((1, "second"));
    let options = options(&[("style", "unit"), ("unit", unit), ("unitDisplay", "long")]);
    formatted(f64::from(seconds / size), &options)
}

/// `240 ms`.
pub(crate) fn milliseconds(ms: u32) -> String {
    measure(f64::from(ms), "millisecond", "0")
}

fn measure(value: f64, unit: &str, digits: &str) -> String {
    let options = options(&[
        ("style", "unit"),
        ("unit", unit),
        ("maximumFractionDigits", digits),
    ]);
    formatted(value, &options)
}

fn formatted(value: f64, options: &Object) -> String {
    Intl::NumberFormat::new(&locales(), options)
        .format()
        .call1(&JsValue::UNDEFINED, &JsValue::from_f64(value))
        .ok()
        .and_then(|formatted| formatted.as_string())
        .unwrap_or_default()
}

/// The name of a country by its code of two letters; `None` when the browser knows none.
pub(crate) fn country(code: &str) -> Option<String> {
    let options = options(&[("type", "region"), ("fallback", "none")]);
    Intl::DisplayNames::new(&locales(), &options)
        .of(code)
        .map(String::from)
}

/// A whole number with the separators of the language.
pub(crate) fn number(n: u64) -> String {
    Intl::NumberFormat::new(&locales(), &Object::new())
        .format()
        .call1(&JsValue::UNDEFINED, &JsValue::from_f64(n as f64))
        .ok()
        .and_then(|formatted| formatted.as_string())
        .unwrap_or_else(|| n.to_string())
}

/// A number that may have decimals: `0.75`.
pub(crate) fn decimal(value: f64) -> String {
    formatted(value, &Object::new())
}

/// `50 %`.
pub(crate) fn percent(n: u8) -> String {
    Intl::NumberFormat::new(&locales(), &options(&[("style", "percent")]))
        .format()
        .call1(
            &JsValue::UNDEFINED,
            &JsValue::from_f64(f64::from(n) / 100.0),
        )
        .ok()
        .and_then(|formatted| formatted.as_string())
        .unwrap_or_else(|| format!("{n} %"))
}

/// Short names of the days of a week, from Monday on.
pub(crate) fn weekdays() -> [String; 7] {
    /// Monday, 1 January 2024, in UTC.
    const MONDAY: u64 = 1_704_067_200_000;
    std::array::from_fn(|day| {
        date_format(
            "weekday",
            &[("weekday", "short"), ("timeZone", "UTC")],
            MONDAY + day as u64 * DAY_MS as u64,
        )
    })
}

/// A difference of clocks, signed, in seconds and tenths.
pub(crate) fn seconds(ms: i64) -> String {
    let tenths = ms.unsigned_abs() / 100;
    let sign = match (tenths, ms < 0) {
        (0, _) => "",
        (_, true) => "−",
        (_, false) => "+",
    };
    fill(
        text().seconds_short,
        &[("n", &format!("{sign}{}.{}", tenths / 10, tenths % 10))],
    )
}

/// `one`, `few`, `other` and so on.
pub(super) fn plural_category(n: u64) -> String {
    Intl::PluralRules::new(&locales(), &Object::new())
        .select(n as f64)
        .into()
}
