//! Changes to the text of a field around its cursor. Browsers count UTF-16 units.

use web_sys::HtmlTextAreaElement;

/// From where to where something is selected.
pub(super) fn selection(field: &HtmlTextAreaElement) -> (usize, usize) {
    let end = field.value().encode_utf16().count();
    let place = |at: Result<Option<u32>, _>| at.ok().flatten().map_or(end, |at| at as usize);
    (place(field.selection_start()), place(field.selection_end()))
}

/// Puts the cursor, or the ends of the selection.
pub(super) fn select(field: &HtmlTextAreaElement, from: usize, to: usize) {
    // Refused for fields of another kind only.
    let _ = field.set_selection_range(from as u32, to as u32);
}

/// A text with a range replaced, and where the cursor is then.
pub(super) fn replaced(said: &str, from: usize, to: usize, by: &str) -> (String, usize) {
    let units: Vec<u16> = said.encode_utf16().collect();
    let from = from.min(units.len());
    let to = to.clamp(from, units.len());
    let mut out = units[..from].to_vec();
    out.extend(by.encode_utf16());
    let cursor = out.len();
    out.extend_from_slice(&units[to..]);
    (String::from_utf16_lossy(&out), cursor)
}

/// A text with marks around a range, or without them when they are there; the same words stay selected.
pub(super) fn wrapped(said: &str, from: usize, to: usize, mark: &str) -> (String, usize, usize) {
    let units: Vec<u16> = said.encode_utf16().collect();
    let (from, to) = (from.min(units.len()), to.min(units.len()));
    let inner = String::from_utf16_lossy(&units[from..to]);
    let width = mark.len();
    let marked = from >= width
        && units[from - width..from]
            .iter()
            .copied()
            .eq(mark.encode_utf16())
        && units[to..]
            .iter()
            .copied()
            .take(width)
            .eq(mark.encode_utf16());
    if marked {
        let (out, _) = replaced(said, from - width, to + width, &inner);
        return (out, from - width, to - width);
    }
    let (out, _) = replaced(said, from, to, &format!("{mark}{inner}{mark}"));
    (out, from + width, to + width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_go_around_what_is_selected_and_away_again() {
        let (said, from, to) = wrapped("😀 word", 3, 7, "**");
        assert_eq!((said.as_str(), from, to), ("😀 **word**", 5, 9));
        assert_eq!(wrapped(&said, from, to, "**"), ("😀 word".to_owned(), 3, 7));
        assert_eq!(wrapped("", 0, 0, "`"), ("``".to_owned(), 1, 1));
    }

    #[test]
    fn text_comes_in_at_the_cursor() {
        assert_eq!(replaced("ab", 1, 1, "😀"), ("a😀b".to_owned(), 3));
        assert_eq!(replaced("ab", 5, 9, "c"), ("abc".to_owned(), 3));
    }
}
