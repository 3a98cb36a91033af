//! What has been read, conversation by conversation (30-config 12). Changes with every read message: its pushes are to be
//! gathered.

use super::Config;
use super::community::Community;
use super::fields::{Fields, Record, account_config, records};
use super::ids::{BlindedId, GroupId};
use super::object::EditError;
use super::value::{Dict, Value};
use crate::id::AccountId;
use crate::keys::X25519PublicKey;
use crate::time::Timestamp;

/// The ConvoInfoVolatile config. Keys of Session Pro (`e g`) pass through untouched.
#[derive(Clone, Debug)]
pub struct ConvoInfoVolatile(pub(super) Config);

account_config!(ConvoInfoVolatile);

const DAY: u64 = 24 * 3600 * 1000;

/// A last read time that lies further back is not written, in milliseconds (30 days).
pub const WRITTEN_FOR: u64 = 30 * DAY;

/// A conversation read longer ago is dropped, in milliseconds (45 days).
pub const KEPT_FOR: u64 = 45 * DAY;

/// Which conversation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Convo {
    /// With a person; with oneself it is Note to Self.
    Person(AccountId),
    /// A group.
    Group(GroupId),
    /// A room of a community.
    Community(Community),
    /// A group of the old kind.
    LegacyGroup(AccountId),
    /// With somebody of a community whose Account ID is not known.
    Blinded(BlindedId),
}

/// How far a conversation is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadState {
    /// Everything sent until then is read; in milliseconds of the network's time, 0 = nothing.
    pub last_read: Timestamp,
    /// Marked as unread by hand.
    pub unread: bool,
}

impl ReadState {
    fn read(record: &Dict) -> Self {
        Self {
            last_read: Timestamp(u64::try_from(record.int("r").unwrap_or(0)).unwrap_or(0)),
            unread: record.flag("u"),
        }
    }
}

impl Convo {
    /// The keys that lead to its record.
    fn path(&self) -> Vec<Vec<u8>> {
        match self {
            Self::Person(id) => vec![b"1".to_vec(), id.to_bytes().to_vec()],
            Self::Group(id) => vec![b"g".to_vec(), id.to_bytes().to_vec()],
            Self::LegacyGroup(id) => vec![b"C".to_vec(), id.to_bytes().to_vec()],
            Self::Blinded(id) => vec![b"b".to_vec(), id.to_bytes().to_vec()],
            Self::Community(room) => [
                b"o",
                room.base_url().as_bytes(),
                b"R",
                room.room_key().as_bytes(),
            ]
            .map(<[u8]>::to_vec)
            .to_vec(),
        }
    }
}

fn borrowed(path: &[Vec<u8>]) -> Vec<&[u8]> {
    path.iter().map(Vec::as_slice).collect()
}

impl ConvoInfoVolatile {
    /// How far a conversation is read, if that is known.
    pub fn get(&self, convo: &Convo) -> Option<ReadState> {
        match self.0.value(&borrowed(&convo.path()))? {
            Value::Dict(record) => Some(ReadState::read(record)),
            Value::Scalar(_) | Value::Set(_) => None,
        }
    }

    /// All conversations: people, groups, communities, groups of the old kind, blinded people; each by ID.
    pub fn iter(&self) -> impl Iterator<Item = (Convo, ReadState)> + '_ {
        let data = self.data();
        let of = move |key: &str, convo: fn(&[u8]) -> Option<Convo>| {
            records(data.dict(key))
                .filter_map(move |(id, record)| Some((convo(id)?, ReadState::read(record))))
        };
        let communities = records(data.dict("o")).flat_map(|(base_url, server)| {
            let key = server.array("#").map(X25519PublicKey);
            records(server.dict("R")).filter_map(move |(room, record)| {
                let text = |bytes| std::str::from_utf8(bytes).ok();
                let room = Community::new(text(base_url)?, text(room)?, key?).ok()?;
                Some((Convo::Community(room), ReadState::read(record)))
            })
        });
        of("1", |id| AccountId::from_bytes(id).ok().map(Convo::Person))
            .chain(of("g", |id| GroupId::from_bytes(id).map(Convo::Group)))
            .chain(communities)
            .chain(of("C", |id| {
                AccountId::from_bytes(id).ok().map(Convo::LegacyGroup)
            }))
            .chain(of("b", |id| BlindedId::from_bytes(id).map(Convo::Blinded)))
    }

    /// Notes how far a conversation is read. A time more than 30 days before `now` is not written, unless it lowers what
    /// stands there: after messages were deleted that is meant.
    pub fn set(
        &mut self,
        convo: &Convo,
        state: ReadState,
        now: Timestamp,
    ) -> Result<(), EditError> {
        let known = self.get(convo);
        let lowers = known.is_some_and(|known| state.last_read < known.last_read);
        let written = lowers || state.last_read.plus_millis(WRITTEN_FOR) > now;
        if !written && !state.unread && known.is_none() {
            return Ok(());
        }
        if let Convo::Community(room) = convo {
            let server = [b"o".as_slice(), room.base_url().as_bytes()];
            Record::at(&mut self.0, &server).put("#", room.server_key().0.as_slice())?;
        }
        let path = convo.path();
        let mut record = Record::at(&mut self.0, &borrowed(&path));
        if written {
            let millis = i64::try_from(state.last_read.as_millis()).unwrap_or(i64::MAX);
            record.put("r", millis)?;
        }
        record.flag("u", state.unread)
    }

    /// Forgets a conversation, and a server with its last room.
    pub fn erase(&mut self, convo: &Convo) -> Result<(), EditError> {
        self.0.erase_value(&borrowed(&convo.path()))?;
        if let Convo::Community(room) = convo {
            let server = [b"o".as_slice(), room.base_url().as_bytes()];
            if self.0.value(&[server[0], server[1], b"R"]).is_none() {
                self.0.erase_value(&server)?;
            }
        }
        Ok(())
    }

    /// Drops conversations that were read more than 45 days before `now` and are not marked as unread. To be done before
    /// every push.
    pub fn prune(&mut self, now: Timestamp) -> Result<(), EditError> {
        let is_stale =
            |state: &ReadState| !state.unread && state.last_read.plus_millis(KEPT_FOR) < now;
        let stale: Vec<Convo> = self
            .iter()
            .filter(|(_, state)| is_stale(state))
            .map(|(convo, _)| convo)
            .collect();
        stale.iter().try_for_each(|convo| self.erase(convo))
    }
}
