//! What somebody typed or scanned to reach another person (screens 8): an ID, a link to one, a name of the name service, or
//! something that must not be sent.

use super::text::{IdProblem, read_id};

/// The longest name that is looked up.
const NAME_MAX: usize = 64;
/// So many characters or more of hexadecimal digits alone are meant as an ID.
const ID_LIKE: usize = 24;
/// A wrong ID that is this near to a known one was meant to be it.
const NEAR: usize = 2;

/// A reading of the field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    /// 66 hex digits, alone or out of an invitation.
    Id(String),
    /// A name to look up, in lower case.
    Name(String),
    /// A pseudonym inside a community.
    Blinded,
    /// The address of a room.
    Community,
    /// None of these.
    Problem(IdProblem),
}

/// Reads the field.
pub(crate) fn read(typed: &str) -> Typed {
    let trimmed = typed.trim();
    let problem = match read_id(typed) {
        Ok(id) => return Typed::Id(id),
        Err(problem) => problem,
    };
    match &problem {
        IdProblem::Phrase => Typed::Problem(problem),
        IdProblem::Prefix(start) if start == "15" || start == "25" => Typed::Blinded,
        IdProblem::Prefix(_) => Typed::Problem(problem),
        _ if trimmed.contains("public_key=") && trimmed.contains("://") => Typed::Community,
        _ => match name(trimmed) {
            Some(name) => Typed::Name(name),
            None => Typed::Problem(problem),
        },
    }
}

/// A word of letters, digits, hyphens and underscores that begins and ends with no hyphen, and is no piece of an ID.
fn name(typed: &str) -> Option<String> {
    let lower = typed.to_lowercase();
    let count = lower.chars().count();
    let inner = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let id_like =
        count >= ID_LIKE && lower.chars().filter(char::is_ascii_hexdigit).count() + NEAR >= count;
    let begun = lower.starts_with("05") && lower.chars().all(|c| c.is_ascii_hexdigit());
    let fits = (1..=NAME_MAX).contains(&count)
        && !id_like
        && !begun
        && lower.chars().all(inner)
        && !lower.starts_with('-')
        && !lower.ends_with('-');
    fits.then_some(lower)
}

/// The known ID that a wrong one was meant to be, if there is one.
pub(crate) fn nearest<'a>(typed: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let typed: String = typed
        .chars()
        .filter(|c| !c.is_whitespace())
        .flat_map(char::to_lowercase)
        .take(80)
        .collect();
    known
        .map(|id| (distance(&typed, id), id))
        .filter(|(far, _)| (1..=NEAR).contains(far))
        .min()
        .map(|(_, id)| id)
}

/// Insertions, removals and changes between two texts; more than [`NEAR`] is not counted on.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > NEAR {
        return NEAR + 1;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let change = corner + usize::from(from != to);
            corner = row[j + 1];
            row[j + 1] = change.min(corner + 1).min(row[j] + 1);
        }
        if row.iter().min().is_some_and(|least| *least > NEAR) {
            return NEAR + 1;
        }
    }
    row[b.len()]
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id() -> String {
        format!("05{}", "a1b2".repeat(16))
    }

    #[test]
    fn ids_links_names_and_addresses_are_told_apart() {
        assert_eq!(read(&id()), Typed::Id(id()));
        assert_eq!(
            read(&format!("https://x.example/#/invite/{}", id())),
            Typed::Id(id())
        );
        assert_eq!(read(" Test "), Typed::Name("test".into()));
        assert_eq!(read("some_name-2"), Typed::Name("some_name-2".into()));
        assert_eq!(
            read(&format!(
                "https://open.example/room?public_key={}",
                "ab".repeat(32)
            )),
            Typed::Community
        );
        assert_eq!(read(&id().replacen("05", "15", 1)), Typed::Blinded);
    }

    #[test]
    fn a_broken_id_is_no_name() {
        assert_eq!(read(&id()[..65]), Typed::Problem(IdProblem::Length(65)));
        assert_eq!(
            read(&id().replacen("a", "g", 1)),
            Typed::Problem(IdProblem::Character(3, 'g'))
        );
        assert!(matches!(read("no spaces here"), Typed::Problem(_)));
        assert!(matches!(read("-dash"), Typed::Problem(_)));
    }

    #[test]
    fn a_slip_finds_the_known_id_and_a_stranger_none() {
        let known = id();
        let others = [known.as_str(), "05ff"];
        let slip = format!("{}0{}", &known[..10], &known[11..]);
        assert_eq!(nearest(&slip, others.into_iter()), Some(known.as_str()));
        assert_eq!(
            nearest(&known[..64], others.into_iter()),
            Some(known.as_str())
        );
        assert_eq!(nearest(&known, others.into_iter()), None);
        assert_eq!(nearest(&"05".repeat(33), others.into_iter()), None);
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_read_without_harm(typed in "\\PC{0,200}") {
            if let Typed::Id(id) = read(&typed) {
                prop_assert!(id.len() == 66 && id.starts_with("05"));
            }
            let _ = nearest(&typed, [id().as_str()].into_iter());
        }
    }
}
