//! Rows of the list that cannot be read (screens 6). Their messages still say to which conversation they belong, and mostly
//! with whom it was; the contacts of the account say the rest. So the row is made again, and only what stood in it alone is
//! lost: draft, note, label, folder.

use crate::api::ConversationId;
use crate::conversation::ConversationRecord;
use crate::message::MessageRecord;
use crate::ports::{Durability, Ports, Table};
use crate::store::{Key, RecordError, Records};
use crate::sync::{Set, take_contact};
use onionskin_protocol::id::AccountId;
use onionskin_protocol::keys::X25519PublicKey;
use onionskin_protocol::sorted::{SortedMap, SortedSet};

/// Messages that are looked at in one step.
const STEP: usize = 200;

/// A conversation without a row.
struct Lost {
    /// With whom it was, where somebody wrote to us there.
    partner: Option<[u8; 32]>,
    heard: bool,
    wrote: bool,
    newest: MessageRecord,
}

/// Makes rows again for the conversations whose messages are there and whose rows are not, and writes them. `rows`: those that
/// can be read. `key` gives the name of a row's record. `now`: device clock, ms.
pub(crate) async fn rows<P: Ports>(
    records: &Records<P>,
    rows: &SortedMap<ConversationId, ConversationRecord>,
    configs: &Set,
    own: &AccountId,
    key: impl Fn(&ConversationId) -> Key,
    now: u64,
) -> Result<Vec<ConversationRecord>, RecordError> {
    let mut lost = lost(records, rows).await?;
    let known: SortedSet<[u8; 32]> = rows
        .values()
        .map(|row| row.account)
        .chain(lost.values().filter_map(|one| one.partner))
        .collect();
    // Every contact has a row; whoever has none lost it.
    let mut missing: Vec<[u8; 32]> = configs
        .contacts
        .iter()
        .map(|contact| contact.id.key().0)
        .filter(|account| !known.contains(account))
        .collect();
    if missing.is_empty() && !known.contains(&own.key().0) {
        missing.push(own.key().0);
    }
    let silent = lost.values_mut().filter(|one| one.partner.is_none());
    if let ([one], [account]) = (&mut silent.collect::<Vec<_>>()[..], &missing[..]) {
        one.partner = Some(*account);
    }
    let mut made = Vec::new();
    let mut tx = records.tx();
    for (id, one) in lost {
        let taken = |account: &[u8; 32]| {
            let mut all = rows.values().chain(&made);
            all.any(|row: &ConversationRecord| row.account == *account)
        };
        let Some(account) = one.partner.filter(|account| !taken(account)) else {
            continue;
        };
        // A later version can read its own.
        let there = records.get::<ConversationRecord>(&key(&id)).await;
        if matches!(there, Err(RecordError::Version(_))) {
            continue;
        }
        let account = AccountId::from_key(X25519PublicKey(account));
        let mut row = ConversationRecord::new(id, &account, now);
        (row.approved, row.approved_me) = (one.wrote, one.heard);
        row.hidden = false;
        if let Some(contact) = configs.contacts.get(&account) {
            take_contact(&mut row, &contact);
        }
        row.active_at = one.newest.received_at;
        row.last_read = one.newest.sent_at;
        row.last = Some((one.newest.id, one.newest.summary()));
        tx.put(&key(&id), &row);
        made.push(row);
    }
    tx.commit(Durability::Strict).await?;
    Ok(made)
}

/// All conversations that only messages tell of.
async fn lost<P: Ports>(
    records: &Records<P>,
    rows: &SortedMap<ConversationId, ConversationRecord>,
) -> Result<SortedMap<ConversationId, Lost>, RecordError> {
    let mut lost: SortedMap<ConversationId, Lost> = SortedMap::new();
    let (mut from, to) = Key::all_of(Table::Message);
    loop {
        let (found, damaged) = records
            .range::<MessageRecord>(&from, &to, false, STEP)
            .await?;
        let more = found.len() + damaged == STEP;
        let last = found.last().map(|(key, _)| key.clone());
        for (_, record) in found {
            if rows.contains_key(&record.conversation) {
                continue;
            }
            let place = (record.sent_at, record.id);
            let (partner, wrote) = ((!record.mine).then_some(record.author), record.mine);
            let one = lost.entry(record.conversation).or_insert_with(|| Lost {
                partner: None,
                heard: false,
                wrote: false,
                newest: record.clone(),
            });
            one.partner = one.partner.or(partner);
            one.heard |= partner.is_some();
            one.wrote |= wrote;
            if place > (one.newest.sent_at, one.newest.id) {
                one.newest = record;
            }
        }
        match last {
            Some(last) if more => from = last.then(&[0]),
            _ => return Ok(lost),
        }
    }
}
