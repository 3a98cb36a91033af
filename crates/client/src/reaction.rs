//! Reactions: one emoji that somebody put under a message (20-messages 4.7).
//!
//! A reaction is a message of its own with a fresh timestamp. The latest word of an author about an emoji counts, so doubles
//! and another order of arrival change nothing.

use crate::api::{ErrorCode, Failure, MessageId};
use crate::compose;
use crate::conversation::Change;
use crate::early::Early;
use crate::message::ReactionRecord;
use crate::outbox::{Outbox, failure};
use crate::ports::{Clock, Ports};
use crate::store::RecordError;
use onionskin_protocol::id::AccountId;
use onionskin_protocol::keys::X25519PublicKey;
use onionskin_protocol::message::proto::{self, Content, reaction::Action};
use onionskin_protocol::time::Timestamp;

/// Longest emoji (bytes of UTF-8).
const MAX_EMOJI: usize = 40;
/// Reactions that we send within [`WINDOW`].
const MAX_SENT: usize = 20;
/// ms.
const WINDOW: u64 = 60_000;
/// Emoji of one author under one message.
const MAX_PER_AUTHOR: usize = 32;

/// One grapheme cluster of at most 40 bytes, by the rules of Unicode annex 29 as far as emoji need them: something that
/// stands for itself with what extends it, such things joined by U+200D, or a pair of regional indicators.
pub(crate) fn is_one_emoji(text: &str) -> bool {
    let extends = |letter: char| {
        matches!(letter, '\u{fe00}'..='\u{fe0f}' | '\u{20d0}'..='\u{20ff}' | '\u{0300}'..='\u{036f}'
            | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0020}'..='\u{e007f}')
    };
    let regional = |letter: char| matches!(letter, '\u{1f1e6}'..='\u{1f1ff}');
    let joiner = |letter: char| letter == '\u{200d}';
    let stands = |letter: char| {
        !letter.is_control() && !letter.is_whitespace() && !extends(letter) && !joiner(letter)
    };
    let mut letters = text.chars().peekable();
    let first = letters.next();
    if text.len() > MAX_EMOJI || !first.is_some_and(stands) {
        return false;
    }
    if first.is_some_and(regional) {
        letters.next_if(|letter| regional(*letter));
    }
    loop {
        while letters.next_if(|letter| extends(*letter)).is_some() {}
        match (letters.next(), letters.peek().copied()) {
            (None, _) => return true,
            (Some(letter), Some(next)) if joiner(letter) && stands(next) && !regional(next) => {
                letters.next();
            }
            _ => return false,
        }
    }
}

/// Takes in what an author says about an emoji. False when nothing changes.
pub(crate) fn set_reaction(reactions: &mut Vec<ReactionRecord>, word: ReactionRecord) -> bool {
    let same =
        |known: &&mut ReactionRecord| known.author == word.author && known.emoji == word.emoji;
    match reactions.iter_mut().find(same) {
        Some(known) if known.at >= word.at => false,
        Some(known) if known.removed == word.removed => {
            known.at = word.at;
            true
        }
        Some(_) => {
            // What was taken off and is put there again comes last.
            reactions.retain(|known| known.author != word.author || known.emoji != word.emoji);
            reactions.push(word);
            true
        }
        None => {
            let own = reactions.iter().filter(|known| known.author == word.author);
            let room = own.count() < MAX_PER_AUTHOR;
            if room {
                reactions.push(word);
            }
            room
        }
    }
}

impl<P: Ports> Change<'_, P> {
    /// A reaction that came. `partner`: in the conversation with whom.
    pub(crate) async fn take_reaction(
        &mut self,
        sender: &AccountId,
        partner: &AccountId,
        sent_at: u64,
        reaction: &proto::Reaction,
    ) -> Result<(), RecordError> {
        let action = Action::try_from(reaction.action);
        let (Ok(author), Ok(action)) = (reaction.author.parse::<AccountId>(), action) else {
            return Ok(());
        };
        let own = self.conversations().own;
        let belongs = author == *partner || author.key().0 == own;
        // In a request that was not accepted it does not show, but another device may know already that it was.
        if !is_one_emoji(reaction.emoji()) || !belongs {
            return Ok(());
        }
        let word = ReactionRecord {
            emoji: reaction.emoji().to_owned(),
            author: sender.key().0,
            at: sent_at,
            removed: action == Action::Remove,
        };
        let target: Early = (author.key().0, reaction.id);
        match self.message_by(&target.0, target.1).await? {
            Some(mut record) => {
                let row = self.find(partner);
                let here = row.is_some_and(|row| row.id == record.conversation);
                if here && record.is_said() && set_reaction(&mut record.reactions, word) {
                    self.put(record);
                }
            }
            None if self.knows(&target.0, target.1).await? => {}
            // Strangers could fill the place of all others.
            None if sender.key().0 != own && self.find(sender).is_none() => {}
            None if self.has_early_room(&target, &word.author) => {
                let now = self.network_now().as_millis();
                self.early(target).react(word, now);
            }
            None => {}
        }
        Ok(())
    }
}

impl<P: Ports> Outbox<P> {
    /// Puts an emoji under a message or takes it off.
    pub(crate) async fn react(
        &self,
        message: &MessageId,
        emoji: &str,
        add: bool,
    ) -> Result<(), Failure> {
        if !is_one_emoji(emoji) {
            return Err(failure(ErrorCode::Internal, None, "not one emoji"));
        }
        let mut change = self.conversations.change().await;
        let record = change.message(message).await?;
        let Some(mut record) = record.filter(|record| record.is_said()) else {
            return Err(failure(ErrorCode::Internal, None, "no such message"));
        };
        let own = self.owner.id();
        let row = self.conversations.get(&record.conversation);
        let row = row.ok_or_else(|| failure(ErrorCode::Internal, None, "no such conversation"))?;
        let partner = row.account_id();
        if partner != own && !row.is_accepted() {
            return Err(failure(ErrorCode::SendNotAccepted, None, ""));
        }
        let is_there = record
            .reactions
            .iter()
            .any(|known| known.author == own.key().0 && known.emoji == emoji && !known.removed);
        if is_there == add {
            return Ok(());
        }
        self.count_reaction()?;
        let stamp = self.stamp(&mut change).await?;
        let word = ReactionRecord {
            emoji: emoji.to_owned(),
            author: own.key().0,
            at: stamp.as_millis(),
            removed: !add,
        };
        if !set_reaction(&mut record.reactions, word) {
            return Err(failure(ErrorCode::SendRate, None, ""));
        }
        let author = AccountId::from_key(X25519PublicKey(record.author));
        let action = if add { Action::React } else { Action::Remove };
        let mut content = Content::reaction(Timestamp(record.sent_at), &author, emoji, action);
        compose::introduce(&mut content, self.owner.wire_profile());
        let entry = self.letter(record.conversation, &partner, &content, stamp)?;
        change.put(record);
        self.commit(change, vec![entry]).await?;
        Ok(())
    }

    fn count_reaction(&self) -> Result<(), Failure> {
        let now = self.ports.clock().now().as_millis();
        let mut sent = self.reactions.borrow_mut();
        sent.retain(|at| *at <= now && now - *at < WINDOW);
        if sent.len() >= MAX_SENT {
            return Err(failure(
                ErrorCode::SendRate,
                u32::try_from(MAX_SENT).ok(),
                "",
            ));
        }
        sent.push_back(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_emoji_is_one_cluster_of_at_most_forty_bytes() {
        for one in ["😂", "❤️", "👍🏽", "👩‍👩‍👧‍👦", "🇩🇪", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "a", "ß"]
        {
            assert!(is_one_emoji(one), "{one}");
        }
        let long = format!("👩{}", "\u{200d}👩".repeat(6));
        for other in [
            "",
            " ",
            "ab",
            "😂😂",
            "🇩🇪🇫🇷",
            "\u{200d}",
            "😂\u{200d}",
            "\u{fe0f}",
            "\n",
            &long,
        ] {
            assert!(!is_one_emoji(other), "{other:?}");
        }
    }

    fn word(emoji: &str, at: u64, removed: bool) -> ReactionRecord {
        ReactionRecord {
            emoji: emoji.into(),
            author: [1; 32],
            at,
            removed,
        }
    }

    #[test]
    fn an_author_has_a_bounded_number_of_emoji() {
        let mut reactions = Vec::new();
        for letter in 'a'..='z' {
            for case in [letter, letter.to_ascii_uppercase()] {
                set_reaction(&mut reactions, word(&case.to_string(), 1, false));
            }
        }
        assert_eq!(reactions.len(), MAX_PER_AUTHOR);
    }

    proptest! {
        #[test]
        fn the_order_of_arrival_does_not_matter(
            words in proptest::collection::vec((0..3u8, any::<bool>()), 1..12), seed: u64,
        ) {
            let words: Vec<_> = words.iter().enumerate()
                .map(|(at, (emoji, removed))| word(&emoji.to_string(), 1 + at as u64, *removed)).collect();
            let shown = |words: &[ReactionRecord]| {
                let mut reactions = Vec::new();
                for word in words {
                    set_reaction(&mut reactions, word.clone());
                }
                let mut shown: Vec<_> = reactions.into_iter().filter(|word| !word.removed)
                    .map(|word| word.emoji).collect();
                shown.sort();
                shown
            };
            let mut mixed = words.clone();
            let len = mixed.len();
            for at in 0..len {
                mixed.swap(at, (seed.rotate_left(at as u32) % len as u64) as usize);
            }
            prop_assert_eq!(shown(&words), shown(&mixed));
        }

        #[test]
        fn any_text_is_judged_without_panic(text: String) {
            is_one_emoji(&text);
        }
    }
}
