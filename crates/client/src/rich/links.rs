//! Links in texts: where they are, what stands out about them, and what of them only follows people around.

/// The schemes that are followed (screens 9.3).
const SCHEMES: [&str; 3] = ["https://", "http://", "mailto:"];
/// Longest link that is recognised (bytes).
const MAX_LENGTH: usize = 2_048;

/// The length of the link at the beginning, without punctuation that belongs to the sentence around it.
pub fn starts(rest: &str) -> Option<usize> {
    let scheme = SCHEMES.iter().find(|scheme| {
        rest.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })?;
    let ends = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || "<>\"`|\\^{}".contains(c)
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    let whole = &rest[..rest.find(ends).unwrap_or(rest.len())];
    let link = without_punctuation(whole);
    let has_target = link.len() > scheme.len()
        && link[scheme.len()..]
            .chars()
            .next()
            .is_some_and(char::is_alphanumeric);
    (has_target && link.len() <= MAX_LENGTH).then_some(link.len())
}

/// Cuts closing punctuation; a bracket stays when its partner is inside.
fn without_punctuation(mut link: &str) -> &str {
    while let Some(last) = link.chars().next_back() {
        let cut = match last {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_' | '~' | '…' | '»' | '”' | '’' => {
                true
            }
            ')' | ']' => {
                let open = if last == ')' { '(' } else { '[' };
                link.matches(last).count() > link.matches(open).count()
            }
            _ => false,
        };
        if !cut {
            return link;
        }
        link = &link[..link.len() - last.len_utf8()];
    }
    link
}

/// Something about a link that people are deceived with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// Letters outside ASCII in the name of the host: some look like others.
    ForeignLetters,
    /// Letters of several scripts in one name.
    MixedScripts,
    /// A user's name stands before the host and can look like one.
    User,
    /// The host is a number.
    Number,
    /// The way there is not encrypted.
    Unencrypted,
}

/// What stands out about a link as it was written.
pub fn oddities(link: &str) -> Vec<Oddity> {
    let mut odd = Vec::new();
    let lower = link.to_ascii_lowercase();
    let Some(from) = lower.find("://").map(|at| at + 3) else {
        return odd;
    };
    // Browsers read a backslash as a slash.
    let end = link[from..]
        .find(['/', '?', '#', '\\'])
        .map_or(link.len(), |length| from + length);
    let authority = &link[from..end];
    let (user, host) = match authority.rsplit_once('@') {
        Some((_, host)) => (true, host),
        None => (false, authority),
    };
    if !host.is_ascii() || lower.contains("xn--") {
        odd.push(Oddity::ForeignLetters);
    }
    if host.split('.').any(mixes_scripts) {
        odd.push(Oddity::MixedScripts);
    }
    if user {
        odd.push(Oddity::User);
    }
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    if name.starts_with('[')
        || name
            .rsplit('.')
            .find(|label| !label.is_empty())
            .is_some_and(|last| last.starts_with("0x") || last.bytes().all(|b| b.is_ascii_digit()))
    {
        odd.push(Oddity::Number);
    }
    if lower.starts_with("http://") {
        odd.push(Oddity::Unencrypted);
    }
    odd
}

/// Latin, Greek and Cyrillic share shapes; a name that takes letters of two of them means to deceive.
fn mixes_scripts(label: &str) -> bool {
    let of = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}' => Some(0u8),
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => Some(1),
        '\u{400}'..='\u{52f}' => Some(2),
        '\u{530}'..='\u{58f}' => Some(3),
        _ => None,
    };
    let mut scripts = label.chars().filter_map(of);
    let first = scripts.next();
    scripts.any(|script| Some(script) != first)
}

/// Parts of a query that tell where somebody came from and nothing else.
const TRACKING: [&str; 20] = [
    "fbclid",
    "gclid",
    "gclsrc",
    "dclid",
    "gbraid",
    "wbraid",
    "msclkid",
    "yclid",
    "twclid",
    "igshid",
    "igsh",
    "mc_cid",
    "mc_eid",
    "mkt_tok",
    "oly_anon_id",
    "oly_enc_id",
    "vero_id",
    "_hsenc",
    "_hsmi",
    "ttclid",
];

/// A link without tracking parameters.
pub fn cleaned(link: &str) -> String {
    let (rest, fragment) = match link.split_once('#') {
        Some((rest, fragment)) => (rest, Some(fragment)),
        None => (link, None),
    };
    let Some((base, query)) = rest.split_once('?') else {
        return link.to_owned();
    };
    let follows = |part: &&str| {
        let name = part.split('=').next().unwrap_or("").to_ascii_lowercase();
        !name.starts_with("utm_") && !TRACKING.contains(&name.as_str())
    };
    let kept: Vec<&str> = query.split('&').filter(follows).collect();
    if kept.len() == query.split('&').count() {
        return link.to_owned();
    }
    let mut out = base.to_owned();
    if !kept.is_empty() {
        out.push('?');
        out.push_str(&kept.join("&"));
    }
    if let Some(fragment) = fragment {
        out.push('#');
        out.push_str(fragment);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_link_ends_where_the_sentence_goes_on() {
        for (text, link) in [
            ("https://a.example.", "https://a.example"),
            ("https://a.example/x) and", "https://a.example/x"),
            ("https://a.example/x_(y)", "https://a.example/x_(y)"),
            ("HTTP://A.example/?q=1, or", "HTTP://A.example/?q=1"),
            ("mailto:a@b.example!", "mailto:a@b.example"),
            ("https://a.example/\u{202e}gnp.exe", "https://a.example/"),
        ] {
            assert_eq!(starts(text).map(|length| &text[..length]), Some(link));
        }
        for text in [
            "https://",
            "http://.",
            "ftp://a.example",
            "javascript:alert(1)",
            "mailto:",
            "https:///x",
        ] {
            assert_eq!(starts(text), None, "{text}");
        }
    }

    #[test]
    fn what_deceives_is_named() {
        use Oddity as O;
        assert_eq!(oddities("https://a.example/"), []);
        assert_eq!(oddities("http://a.example"), [O::Unencrypted]);
        assert_eq!(oddities("https://bank.example@evil.example/"), [O::User]);
        assert_eq!(
            oddities("https://pаypal.example"),
            [O::ForeignLetters, O::MixedScripts]
        );
        assert_eq!(oddities("https://münchen.example"), [O::ForeignLetters]);
        assert_eq!(
            oddities("https://xn--mnchen-3ya.example"),
            [O::ForeignLetters]
        );
        assert_eq!(oddities("https://192.0.2.1:80/"), [O::Number]);
        assert_eq!(oddities("https://3232235777"), [O::Number]);
        assert_eq!(oddities("https://[::1]/"), [O::Number]);
        assert_eq!(oddities("mailto:a@b.example"), []);
    }

    #[test]
    fn tracking_is_removed_and_nothing_else() {
        assert_eq!(
            cleaned("https://a.example/?utm_source=x&id=3&fbclid=9#top"),
            "https://a.example/?id=3#top"
        );
        assert_eq!(
            cleaned("https://a.example/?utm_source=x"),
            "https://a.example/"
        );
        for same in [
            "https://a.example/?a=b&c",
            "https://a.example/#a?utm_x=1",
            "mailto:a@b.example",
        ] {
            assert_eq!(cleaned(same), same);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_harm(text in "(https?://|mailto:)?\\PC{0,100}") {
            if let Some(length) = starts(&text) {
                prop_assert!(text.is_char_boundary(length));
            }
            let _ = oddities(&text);
            prop_assert!(cleaned(&text).len() <= text.len());
        }
    }
}
