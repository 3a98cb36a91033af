//! Which conversations stand in which list and in which order (screens 6 and 7): no signals, no screen.

use onionskin_client::api::{Conversation, ConversationId, RequestState};
use onionskin_protocol::sorted::{SortedSet, sort_by_key};
use std::cmp::Reverse;
use std::sync::Arc;

/// More requests than this within an hour are shown as one.
const BURST: usize = 5;
const HOUR_MS: u64 = 3_600_000;

/// A list of conversations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// C1, through a filter.
    Chats(Filter),
    /// C2.
    Archive,
}

/// What of C1 is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Filter {
    #[default]
    All,
    Unread,
    Mentions,
    /// What the person put into this folder.
    Folder(Arc<str>),
}

impl Filter {
    /// Those that are always there.
    pub(crate) const ALL: [Self; 3] = [Self::All, Self::Unread, Self::Mentions];

    pub(crate) const fn key(&self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Unread => "unread",
            Self::Mentions => "mentions",
            Self::Folder(_) => "folder",
        }
    }

    fn shows(&self, one: &Conversation) -> bool {
        match self {
            Self::All => true,
            Self::Unread => one.unread > 0 || one.marked_unread,
            Self::Mentions => one.mentions > 0,
            Self::Folder(folder) => *one.folder == **folder,
        }
    }
}

/// The names of all folders that hold something.
pub(crate) fn folders(all: &[Conversation]) -> Vec<Arc<str>> {
    let named = all
        .iter()
        .filter(|one| !one.folder.is_empty() && !one.archived);
    let names: SortedSet<Arc<str>> = named.map(|one| Arc::from(&*one.folder)).collect();
    names.into_iter().collect()
}

/// Not decided yet, and nothing that was blocked.
pub(crate) fn is_request(one: &Conversation) -> bool {
    one.request == RequestState::Incoming && !one.blocked
}

/// The rows of a list: pinned ones first, greater before smaller, then by last activity.
pub(crate) fn shown(
    all: &[Conversation],
    which: Which,
    leaving: &SortedSet<ConversationId>,
) -> Vec<ConversationId> {
    let mut rows: Vec<&Conversation> = all
        .iter()
        .filter(|one| one.request != RequestState::Incoming && !leaving.contains(&one.id))
        .filter(|one| match &which {
            Which::Chats(filter) => !one.archived && filter.shows(one),
            Which::Archive => one.archived,
        })
        .collect();
    sort_by_key(&mut rows, |one| {
        Reverse((one.pinned.max(0), one.active_at, one.id))
    });
    rows.into_iter().map(|one| one.id).collect()
}

/// Requests, newest first, in groups: those that came within an hour, when there are many of them, else alone.
pub(crate) fn requests(
    all: &[Conversation],
    leaving: &SortedSet<ConversationId>,
    group: bool,
) -> Vec<Vec<Conversation>> {
    let mut rows: Vec<&Conversation> = all
        .iter()
        .filter(|one| is_request(one) && !leaving.contains(&one.id))
        .collect();
    sort_by_key(&mut rows, |one| Reverse((one.active_at, one.id)));
    let mut out = Vec::new();
    let mut at = 0;
    while at < rows.len() {
        let newest = rows[at].active_at;
        let hour = rows[at..]
            .iter()
            .take_while(|one| newest - one.active_at <= HOUR_MS)
            .count();
        let take = if group && hour > BURST { hour } else { 1 };
        out.push(rows[at..at + take].iter().map(|&one| one.clone()).collect());
        at += take;
    }
    out
}

/// A text that is nothing but links.
pub(crate) fn only_links(text: &str) -> bool {
    let is_link = |word: &str| {
        let word = word.to_lowercase();
        ["http://", "https://", "www."]
            .iter()
            .any(|start| word.len() > start.len() && word.starts_with(start))
    };
    let mut words = text.split_whitespace().peekable();
    words.peek().is_some() && words.all(is_link)
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn one(n: u8, active_at: u64) -> Conversation {
        Conversation {
            id: ConversationId([n; 16]),
            active_at,
            ..Conversation::default()
        }
    }

    fn ids(rows: &[ConversationId]) -> Vec<u8> {
        rows.iter().map(|id| id.0[0]).collect()
    }

    #[test]
    fn pinned_rows_stand_first_in_their_order_and_others_by_activity() {
        let mut all = vec![one(1, 30), one(2, 20), one(3, 10), one(4, 40)];
        all[2].pinned = 1;
        all[1].pinned = 2;
        all[3].archived = true;
        let rows = shown(&all, Which::Chats(Filter::All), &SortedSet::new());
        assert_eq!(ids(&rows), [2, 3, 1]);
        assert_eq!(ids(&shown(&all, Which::Archive, &SortedSet::new())), [4]);
    }

    #[test]
    fn filters_keep_what_is_unread_or_names_us() {
        let mut all = vec![one(1, 3), one(2, 2), one(3, 1)];
        all[1].marked_unread = true;
        all[2].unread = 1;
        all[2].mentions = 1;
        let by = |filter| ids(&shown(&all, Which::Chats(filter), &SortedSet::new()));
        assert_eq!(by(Filter::Unread), [2, 3]);
        assert_eq!(by(Filter::Mentions), [3]);
    }

    #[test]
    fn a_folder_shows_what_was_put_there() {
        let mut all = vec![one(1, 3), one(2, 2), one(3, 1)];
        all[1].folder = "Work".into();
        all[2].folder = "Home".into();
        let names = folders(&all);
        assert_eq!(
            names.iter().map(|name| &**name).collect::<Vec<_>>(),
            ["Home", "Work"]
        );
        let work = Which::Chats(Filter::Folder("Work".into()));
        assert_eq!(ids(&shown(&all, work, &SortedSet::new())), [2]);
    }

    #[test]
    fn a_request_stands_only_among_the_requests_and_what_leaves_nowhere() {
        let mut all = vec![one(1, 3), one(2, 2)];
        all[0].request = RequestState::Incoming;
        let gone = SortedSet::from([all[1].id]);
        assert!(shown(&all, Which::Chats(Filter::All), &gone).is_empty());
        assert_eq!(requests(&all, &gone, true).len(), 1);
        all[0].blocked = true;
        assert!(requests(&all, &gone, true).is_empty());
    }

    #[test]
    fn more_than_five_requests_of_an_hour_are_one_burst() {
        let request = |n: u8, at: u64| Conversation {
            request: RequestState::Incoming,
            ..one(n, at)
        };
        let base = 100 * HOUR_MS;
        let mut all: Vec<_> = (1..=6).map(|n| request(n, base + u64::from(n))).collect();
        all.push(request(9, base - 2 * HOUR_MS));
        let sizes = |group| {
            requests(&all, &SortedSet::new(), group)
                .iter()
                .map(Vec::len)
                .collect::<Vec<_>>()
        };
        assert_eq!(sizes(true), [6, 1]);
        assert_eq!(sizes(false), [1; 7]);
    }

    #[test]
    fn a_text_of_links_alone_is_told_from_one_with_words() {
        assert!(only_links(" https://a.example/x  www.b.example "));
        assert!(!only_links("see https://a.example"));
        assert!(!only_links("  "));
        assert!(!only_links("https://"));
    }

    proptest! {
        #[test]
        fn every_request_is_in_exactly_one_group(times in prop::collection::vec(0..50 * HOUR_MS, 0..40), group: bool) {
            let all: Vec<_> = times.iter().enumerate().map(|(n, at)| Conversation {
                request: RequestState::Incoming,
                ..one(n as u8, *at)
            }).collect();
            let groups = requests(&all, &SortedSet::new(), group);
            let mut seen: Vec<_> = groups.iter().flatten().map(|one| one.id).collect();
            seen.sort_unstable();
            seen.dedup();
            prop_assert_eq!(seen.len(), all.len());
        }
    }
}
