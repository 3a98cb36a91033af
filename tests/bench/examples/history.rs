//! Two years of a conversation as the swarm of one of the two would hold it, for `tests/bench/conversation.mjs`.
//!
//! ```text
//! history COUNT
//! ```
//! Prints `account 05…` and `phrase …` of the account, then COUNT stored messages in the order of their times, each in base64: what the peer
//! wrote, and the account's own copies of what it answered. Each [`RARE`]th has the word `nadel`.
#![allow(clippy::print_stdout)]

use onionskin_bench::{Counter, words};
use onionskin_protocol::account::phrase::WordList;
use onionskin_protocol::account::{Account, Seed};
use onionskin_protocol::encoding::base64;
use onionskin_protocol::entropy::Entropy;
use onionskin_protocol::message::{encode, proto};
use onionskin_protocol::time::Timestamp;
use std::error::Error;
use std::io::{BufWriter, Write};
use std::time::{SystemTime, UNIX_EPOCH};

const RARE: u64 = 10_000;
const TWO_YEARS_MS: u64 = 2 * 365 * 86_400_000;
/// Messages that come one soon after the other, and what lies between two of them (ms).
const TALK: u64 = 20;
const PAUSE_MS: u64 = 20_000;

fn main() -> Result<(), Box<dyn Error>> {
    let count: u64 = std::env::args().nth(1).ok_or("how many?")?.parse()?;
    let owner = Account::from_seed(Seed::from_bytes([21; 16]));
    let peer = Account::from_seed(Seed::from_bytes([22; 16]));
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    // None of them is of the future, whatever a clock says.
    let end = u64::try_from(now)? - 600_000;
    let mut out = BufWriter::new(std::io::stdout().lock());
    writeln!(out, "account {}", owner.id())?;
    writeln!(out, "phrase {}", WordList::english().encode(owner.seed()))?;
    let mut chance = Counter(5);
    for number in 0..count {
        let talks = count / TALK + 1;
        let left = talks - 1 - number / TALK;
        let begun = end - TALK * PAUSE_MS - left * (TWO_YEARS_MS / talks);
        let sent_at = Timestamp(begun + number % TALK * PAUSE_MS);
        let mut drawn = [0; 2];
        chance.fill(&mut drawn);
        let mut text = words(3 + usize::from(drawn[0] % 20), &mut chance);
        if number % RARE == RARE / 2 {
            text.push_str(" nadel");
        }
        let mine = drawn[1] % 2 == 0;
        let content = proto::Content {
            data_message: Some(proto::DataMessage {
                body: Some(text),
                profile: Some(proto::LokiProfile {
                    display_name: Some(if mine { "Ann" } else { "Ben" }.to_owned()),
                    ..Default::default()
                }),
                sync_target: mine.then(|| peer.id().to_string()),
                ..Default::default()
            }),
            ..Default::default()
        };
        let author = if mine { &owner } else { &peer };
        let stored = encode(author, owner.id().key(), &content, sent_at, &mut chance)?;
        writeln!(out, "{}", base64(&stored))?;
    }
    Ok(out.flush()?)
}
