//! Messages whose inside does not parse (20-messages 2, screens 9.3). Their author is proved, so one from somebody whom we accepted
//! stands in its conversation, with the bytes that came: it can be asked for once more, and a later version may read it. Whatever
//! else does not open is put aside by the inbox.

use crate::api::{ErrorCode, Failure, MessageId, MessageKind};
use crate::compose::unknown_message;
use crate::conversation::Change;
use crate::inbox::Inbox;
use crate::message::{self, MessageRecord};
use crate::outbox::failure;
use crate::ports::{Clock, Durability, Ports, Table};
use crate::receive::{Parcel, is_unsupported};
use crate::store::RecordError;
use onionskin_protocol::id::MessageHash;
use onionskin_protocol::message::{DecodeError, Incoming, decode, wire::written_by};

/// Grows whenever this program learns to read or show something that it kept for later.
const READER: u32 = 1;
/// Messages that are looked at in one step.
const STEP: usize = 200;

impl<P: Ports> Inbox<P> {
    /// Puts a message that did not open where it would stand. False when that is nowhere.
    pub(crate) async fn show_unopened(
        &self,
        change: &mut Change<'_, P>,
        reason: &DecodeError,
        parcel: &Parcel<'_>,
    ) -> Result<bool, RecordError> {
        if *reason != DecodeError::Content {
            return Ok(false);
        }
        let Some((sender, sent_at)) = written_by(self.owner.account(), parcel.data) else {
            return Ok(false);
        };
        // With whom a copy of our own was is said inside.
        let own = sender == self.owner.id();
        let row = change.find(&sender).filter(|row| row.is_accepted() && !own);
        let Some(conversation) = row.map(|row| row.id) else {
            return Ok(false);
        };
        let record = MessageRecord {
            id: change.new_message_id(),
            conversation,
            author: sender.key().0,
            kind: MessageKind::Undecryptable,
            sent_at: sent_at.as_millis(),
            received_at: change.now(),
            raw: Some(parcel.data.to_vec()),
            hash: Some(parcel.hash.to_string()),
            stored_at: Some(parcel.stored_at),
            swarm_expiry: Some(parcel.expiry),
            size: u32::try_from(parcel.data.len()).ok(),
            ..MessageRecord::default()
        };
        let id = record.id;
        if change.add(record).await? && !self.owner.is_restoring() {
            change.announce(conversation, id);
        }
        Ok(true)
    }

    /// Reads such a message once more; what it says takes its place. Fails with `MsgDecrypt` when it still does not open.
    pub(crate) async fn read_again(&self, id: &MessageId) -> Result<(), Failure> {
        let mut change = self.conversations.change().await;
        let record = change.message(id).await?;
        let record = record.filter(|record| record.kind == MessageKind::Undecryptable);
        let record = record.ok_or_else(unknown_message)?;
        let data = record.raw.as_deref().unwrap_or_default();
        let incoming = decode(self.owner.account(), data)
            .map_err(|error| failure(ErrorCode::MsgDecrypt, None, &error.to_string()))?;
        if !self.replace(&mut change, &record, incoming).await? {
            return Err(unknown_message());
        }
        change.commit(Durability::Strict).await?;
        Ok(())
    }

    /// Puts what a message says in its place. False: it was kept without what belongs to that.
    async fn replace(
        &self,
        change: &mut Change<'_, P>,
        record: &MessageRecord,
        incoming: Incoming,
    ) -> Result<bool, RecordError> {
        let hash = record.hash.as_deref().and_then(MessageHash::parse);
        let (Some(hash), Some(data)) = (hash, record.raw.as_deref()) else {
            return Ok(false);
        };
        let parcel = Parcel {
            hash: &hash,
            data,
            stored_at: record.stored_at.unwrap_or(record.received_at),
            expiry: record.swarm_expiry.unwrap_or(record.received_at),
        };
        change.make_room(&record.author, record.sent_at).await?;
        self.apply(change, incoming, &parcel).await?;
        Ok(true)
    }

    /// Once for each [`READER`]: what an earlier version could not read or show is read again. What says nothing new stays as
    /// it is.
    pub(crate) async fn read_anew(&self) {
        // The store says itself why it fails, to whoever looks at the messages; the next start tries again.
        let _ = self.try_anew().await;
    }

    async fn try_anew(&self) -> Result<(), RecordError> {
        let records = &self.conversations.records;
        let reader = records.key::<16>(Table::Account, "reader", &[]);
        if records.get_sound::<u32>(&reader).await? == Some(READER) {
            return Ok(());
        }
        for row in self.conversations.list() {
            let mut from = message::timeline(records, &row.id);
            let to = message::timeline_end(records, &row.id);
            loop {
                let page = records.range::<MessageRecord>(&from, &to, false, STEP);
                let (found, damaged) = page.await?;
                let more = found.len() + damaged == STEP;
                for (_, record) in &found {
                    self.anew(record).await?;
                }
                match found.last() {
                    Some((last, _)) if more => from = last.clone().then(&[0]),
                    _ => break,
                }
                self.ports.clock().sleep(0).await;
            }
        }
        let mut tx = records.tx();
        tx.put(&reader, &READER);
        tx.commit(Durability::Relaxed).await
    }

    async fn anew(&self, record: &MessageRecord) -> Result<(), RecordError> {
        let unread = matches!(
            record.kind,
            MessageKind::Undecryptable | MessageKind::Unsupported
        );
        let Some(data) = record.raw.as_deref().filter(|_| unread) else {
            return Ok(());
        };
        let Ok(incoming) = decode(self.owner.account(), data) else {
            return Ok(());
        };
        if record.kind == MessageKind::Unsupported && is_unsupported(&incoming.content) {
            return Ok(());
        }
        let mut change = self.conversations.change().await;
        // It may have gone since it was read.
        if change.message(&record.id).await?.as_ref() == Some(record)
            && self.replace(&mut change, record, incoming).await?
        {
            change.commit(Durability::Strict).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::conversation::Conversations;
    use crate::events::Events;
    use crate::network::testing::{Lab, LabPorts};
    use crate::network::{Network, NetworkProfile};
    use crate::profile::Owner;
    use crate::store::{MemoryStore, Records};
    use crate::sync::Sync;
    use crate::vault::VaultKey;
    use onionskin_protocol::account::{Account, Seed};
    use onionskin_protocol::hash::message_hash;
    use onionskin_protocol::id::Namespace;
    use onionskin_protocol::keys::{Signature, X25519SecretKey};
    use onionskin_protocol::message::wire::encode_with;
    use onionskin_protocol::time::Timestamp;
    use onionskin_testnet::random::SeededEntropy;
    use std::rc::Rc;

    const NOW: u64 = 1_790_000_000_000;

    fn person(number: u8) -> Account {
        Account::from_seed(Seed::from_bytes([number; 16]))
    }

    /// What person 1 reads.
    async fn inbox(lab: &Lab) -> Inbox<LabPorts> {
        let ports = Rc::new(lab.ports(&MemoryStore::new()));
        let key = VaultKey::generate(&mut SeededEntropy::new(1));
        let records = Records::new(Rc::clone(&ports), key);
        let owner = Owner::create(
            Rc::clone(&ports),
            records.clone(),
            person(1),
            "",
            false,
            false,
        );
        let owner = Rc::new(owner.await.unwrap());
        let profile = NetworkProfile::local();
        let network = Network::open(Rc::clone(&ports), records.clone(), profile, owner.id());
        let network = network.await.unwrap();
        let conversations = Conversations::open(
            Rc::clone(&ports),
            records,
            Events::default(),
            Rc::clone(owner.configs()),
            network.clone(),
            owner.id(),
        );
        let conversations = Rc::new(conversations.await.unwrap().0);
        let sync = Rc::new(Sync::new(
            Rc::clone(&ports),
            Rc::clone(&owner),
            network.clone(),
            Rc::clone(&conversations),
        ));
        Inbox::open(ports, owner, network, conversations, sync)
            .await
            .unwrap()
    }

    async fn accept(inbox: &Inbox<LabPorts>, number: u8) {
        let mut change = inbox.conversations.change().await;
        let row = change.with(&person(number).id());
        (row.approved, row.approved_me) = (true, true);
        change.commit(Durability::Relaxed).await.unwrap();
    }

    fn from(number: u8, content: &[u8]) -> Vec<u8> {
        encode_with(
            person(number).ed25519(),
            person(1).id().key(),
            content,
            Timestamp(NOW),
            &X25519SecretKey::from_bytes([9; 32]),
            &Signature([1; 64]),
        )
        .unwrap()
    }

    /// A serialised `Content` with a text.
    fn saying(body: &str) -> Vec<u8> {
        let length = u8::try_from(body.len()).unwrap();
        [&[0x0a, length + 2, 0x0a, length], body.as_bytes()].concat()
    }

    /// A serialised `Content` with an update of a group (field 120), which says nothing else.
    fn of_a_group() -> Vec<u8> {
        vec![0x0a, 3, 0xc2, 0x07, 0]
    }

    /// Takes stored bytes in as a poll does. False when they are put aside.
    async fn come(inbox: &Inbox<LabPorts>, data: &[u8]) -> bool {
        let hash = message_hash(&person(1).id().swarm_id(), Namespace::DEFAULT, data);
        let parcel = Parcel {
            hash: &hash,
            data,
            stored_at: NOW,
            expiry: NOW + 1_000_000,
        };
        let mut change = inbox.conversations.change().await;
        let shown = match decode(&person(1), data) {
            Ok(incoming) => {
                inbox.apply(&mut change, incoming, &parcel).await.unwrap();
                true
            }
            Err(reason) => inbox
                .show_unopened(&mut change, &reason, &parcel)
                .await
                .unwrap(),
        };
        change.commit(Durability::Relaxed).await.unwrap();
        shown
    }

    async fn there(inbox: &Inbox<LabPorts>, number: u8) -> Option<MessageRecord> {
        let author = person(number).id().key().0;
        let change = inbox.conversations.change().await;
        change.message_by(&author, NOW).await.unwrap()
    }

    fn unread(inbox: &Inbox<LabPorts>) -> u32 {
        let rows = inbox.conversations.list();
        rows.iter().map(|row| row.unread).sum()
    }

    #[test]
    fn what_does_not_parse_stands_in_the_conversation_of_whoever_is_accepted() {
        let lab = Lab::new(3);
        lab.time().run(async {
            let inbox = inbox(&lab).await;
            accept(&inbox, 2).await;
            assert!(come(&inbox, &from(2, &[0xff])).await);
            let record = there(&inbox, 2).await.unwrap();
            assert_eq!(record.kind, MessageKind::Undecryptable);
            assert_eq!(unread(&inbox), 1);
            // A stranger has none, our own copies may belong anywhere, and a forged one has no author.
            assert!(!come(&inbox, &from(3, &[0xff])).await);
            assert!(!come(&inbox, &from(1, &[0xff])).await);
            assert!(!come(&inbox, &[0, 1, 2]).await);
            assert_eq!(inbox.conversations.list().len(), 1);
            let code = inbox.read_again(&record.id).await.unwrap_err().code;
            assert_eq!(code, ErrorCode::MsgDecrypt);
            assert!(there(&inbox, 2).await.is_some());
        });
    }

    #[test]
    fn what_opens_takes_the_place_of_what_did_not() {
        let lab = Lab::new(3);
        lab.time().run(async {
            let inbox = inbox(&lab).await;
            accept(&inbox, 2).await;
            come(&inbox, &from(2, &[0xff])).await;
            come(&inbox, &from(2, &saying("hello"))).await;
            let record = there(&inbox, 2).await.unwrap();
            assert_eq!((record.kind, unread(&inbox)), (MessageKind::Text, 1));
            come(&inbox, &from(2, &[0xff, 0xff])).await;
            assert_eq!(there(&inbox, 2).await.unwrap().text, "hello");
        });
    }

    #[test]
    fn a_later_version_reads_by_itself_what_was_kept_and_once() {
        let lab = Lab::new(3);
        lab.time().run(async {
            let inbox = inbox(&lab).await;
            accept(&inbox, 2).await;
            accept(&inbox, 3).await;
            accept(&inbox, 4).await;
            // Bytes that were too new, that still are, and a message of a kind that is still not known.
            for number in [2, 3] {
                come(&inbox, &from(number, &[0xff])).await;
            }
            let author = person(2).id().key().0;
            let mut change = inbox.conversations.change().await;
            let mut record = change.message_by(&author, NOW).await.unwrap().unwrap();
            record.raw = Some(from(2, &saying("hello")));
            change.put(record);
            change.commit(Durability::Relaxed).await.unwrap();
            come(&inbox, &from(4, &of_a_group())).await;
            let unsupported = there(&inbox, 4).await.unwrap();
            assert_eq!(unsupported.kind, MessageKind::Unsupported);
            let closed = there(&inbox, 3).await.unwrap();

            inbox.try_anew().await.unwrap();
            let record = there(&inbox, 2).await.unwrap();
            assert_eq!(
                (record.kind, record.text.as_str()),
                (MessageKind::Text, "hello")
            );
            assert_eq!(there(&inbox, 3).await.unwrap(), closed);
            assert_eq!(there(&inbox, 4).await.unwrap(), unsupported);
            assert_eq!(unread(&inbox), 3);

            // A second look needs another reader.
            let author = person(3).id().key().0;
            let mut change = inbox.conversations.change().await;
            let mut record = change.message_by(&author, NOW).await.unwrap().unwrap();
            record.raw = Some(from(3, &saying("too late")));
            change.put(record.clone());
            change.commit(Durability::Relaxed).await.unwrap();
            inbox.try_anew().await.unwrap();
            assert_eq!(there(&inbox, 3).await.unwrap(), record);
        });
    }

    #[test]
    fn a_later_version_reads_what_was_kept() {
        let lab = Lab::new(3);
        lab.time().run(async {
            let inbox = inbox(&lab).await;
            accept(&inbox, 2).await;
            come(&inbox, &from(2, &[0xff])).await;
            // As if these bytes had been too new.
            let mut change = inbox.conversations.change().await;
            let author = person(2).id().key().0;
            let mut record = change.message_by(&author, NOW).await.unwrap().unwrap();
            let id = record.id;
            record.raw = Some(from(2, &saying("hello")));
            change.put(record);
            change.commit(Durability::Relaxed).await.unwrap();
            inbox.read_again(&id).await.unwrap();
            let record = there(&inbox, 2).await.unwrap();
            assert_eq!((record.text.as_str(), unread(&inbox)), ("hello", 1));
            assert!(inbox.read_again(&record.id).await.is_err());
        });
    }
}
