//! The message database of one node: the tables of the node software (10-network 3.5 to 3.9), in memory or in a file.
//!
//! Row ids are the order of insertion at this node, which is the order `retrieve` gives. An account's row lives only as long
//! as it holds a message, and its revocations hang on that row: that is how a revocation on an empty account is lost
//! (15-observed-service-node 7). Times are Unix milliseconds.

use onionskin_protocol::id::{MessageHash, Namespace, SwarmId};
use onionskin_protocol::rpc::signed::Scope;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Revocations kept per account, newest first.
const REVOCATIONS_KEPT: usize = 50;
/// What a message costs beside its data and hash in the size limit of `retrieve`, in bytes.
const MESSAGE_OVERHEAD: usize = 100;

const SCHEMA: &str = "
PRAGMA foreign_keys = ON;
PRAGMA cache_size = -256;
CREATE TABLE IF NOT EXISTS owners (
    id INTEGER PRIMARY KEY,
    type INTEGER NOT NULL,
    pubkey BLOB NOT NULL,
    UNIQUE(pubkey, type)
);
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    owner INTEGER NOT NULL REFERENCES owners(id),
    namespace INTEGER NOT NULL DEFAULT 0,
    timestamp INTEGER NOT NULL,
    expiry INTEGER NOT NULL,
    data BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS revoked_subaccounts (
    owner INTEGER NOT NULL REFERENCES owners(id) ON DELETE CASCADE,
    token BLOB NOT NULL,
    timestamp INTEGER NOT NULL,
    PRIMARY KEY(owner, token)
);
CREATE TRIGGER IF NOT EXISTS owner_autoclean
    AFTER DELETE ON messages FOR EACH ROW WHEN NOT EXISTS (SELECT * FROM messages WHERE owner = old.owner)
    BEGIN
        DELETE FROM owners WHERE id = old.owner;
    END;
CREATE INDEX IF NOT EXISTS messages_expiry ON messages(expiry);
CREATE INDEX IF NOT EXISTS messages_owner ON messages(owner, namespace);
";

const OWNER: &str = "(SELECT id FROM owners WHERE pubkey = ?1 AND type = ?2)";

/// A message as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// 43 characters.
    pub hash: String,
    /// Namespace of the account.
    pub namespace: Namespace,
    /// Time given to `store`, ms.
    pub timestamp: i64,
    /// When it is dropped, ms.
    pub expiry: i64,
    /// Decoded data.
    pub data: Vec<u8>,
}

/// What `store` did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// False when the hash was there already.
    pub new: bool,
    /// The expiry that stands now, ms.
    pub expiry: i64,
}

/// How `expire` treats the present expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiryRule {
    /// Set it.
    Any,
    /// Only later.
    Extend,
    /// Only earlier.
    Shorten,
}

/// The messages of one node.
#[derive(Debug)]
pub struct Database {
    connection: Connection,
}

type Result<T> = std::result::Result<T, rusqlite::Error>;

impl Database {
    /// A database in memory.
    pub fn in_memory() -> Result<Self> {
        Self::prepare(Connection::open_in_memory()?)
    }

    /// A database in a file, made when absent.
    pub fn in_file(path: &Path) -> Result<Self> {
        Self::prepare(Connection::open(path)?)
    }

    fn prepare(connection: Connection) -> Result<Self> {
        connection.execute_batch(SCHEMA)?;
        connection.set_prepared_statement_cache_capacity(32);
        Ok(Self { connection })
    }

    /// Keeps a message. A known hash only has its expiry raised. A public outbox drops what it held before, which fails
    /// with a foreign key error when that was the account's last message: an observed defect, kept.
    pub fn store(&mut self, owner: &SwarmId, message: &Message) -> Result<Stored> {
        let transaction = self.connection.transaction()?;
        let key = owner.key.as_slice();
        let known: Option<i64> = transaction
            .prepare_cached("SELECT id FROM owners WHERE pubkey = ?1 AND type = ?2")?
            .query_row(params![key, owner.prefix], |row| row.get(0))
            .optional()?;
        let owner_id = match known {
            Some(id) => id,
            None => transaction
                .prepare_cached("INSERT INTO owners (pubkey, type) VALUES (?1, ?2) RETURNING id")?
                .query_row(params![key, owner.prefix], |row| row.get(0))?,
        };
        let existing: Option<(i64, i64)> = transaction
            .prepare_cached("SELECT id, expiry FROM messages WHERE hash = ?1")?
            .query_row([&message.hash], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let stored = if let Some((id, expiry)) = existing {
            if expiry < message.expiry {
                transaction
                    .prepare_cached("UPDATE messages SET expiry = ?1 WHERE id = ?2")?
                    .execute(params![message.expiry, id])?;
            }
            Stored {
                new: false,
                expiry: expiry.max(message.expiry),
            }
        } else {
            if message.namespace.is_public_outbox() {
                transaction
                    .prepare_cached("DELETE FROM messages WHERE owner = ?1 AND namespace = ?2")?
                    .execute(params![owner_id, message.namespace.0])?;
            }
            transaction
                .prepare_cached(
                    "INSERT INTO messages (owner, hash, namespace, timestamp, expiry, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute(params![
                    owner_id,
                    message.hash,
                    message.namespace.0,
                    message.timestamp,
                    message.expiry,
                    message.data
                ])?;
            Stored {
                new: true,
                expiry: message.expiry,
            }
        };
        transaction.commit()?;
        Ok(stored)
    }

    /// Messages in the order of insertion after `last_hash` (from the beginning when it is unknown here), and whether there
    /// are more. `max_size` counts bytes of base64 plus overhead; the first message always fits (10-network 3.6).
    pub fn retrieve(
        &self,
        owner: &SwarmId,
        namespace: Namespace,
        last_hash: Option<&str>,
        max_count: Option<usize>,
        max_size: Option<usize>,
    ) -> Result<(Vec<Message>, bool)> {
        let key = owner.key.as_slice();
        let last_id: i64 = match last_hash {
            None => 0,
            Some(hash) => self
                .connection
                .prepare_cached(&format!(
                    "SELECT id FROM messages WHERE owner = {OWNER} AND namespace = ?3 AND hash = ?4"
                ))?
                .query_row(params![key, owner.prefix, namespace.0, hash], |row| {
                    row.get(0)
                })
                .optional()?
                .unwrap_or(0),
        };
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT hash, timestamp, expiry, data FROM messages
             WHERE owner = {OWNER} AND namespace = ?3 AND id > ?4 ORDER BY id"
        ))?;
        let mut rows = statement.query(params![key, owner.prefix, namespace.0, last_id])?;
        let mut messages: Vec<Message> = Vec::new();
        let mut size = 0usize;
        while let Some(row) = rows.next()? {
            if max_count.is_some_and(|max| messages.len() >= max) {
                return Ok((messages, true));
            }
            let message = Message {
                hash: row.get(0)?,
                namespace,
                timestamp: row.get(1)?,
                expiry: row.get(2)?,
                data: row.get(3)?,
            };
            if let Some(max) = max_size {
                size += MESSAGE_OVERHEAD + message.hash.len() + message.data.len() * 4 / 3;
                if !messages.is_empty() && size > max {
                    return Ok((messages, true));
                }
            }
            messages.push(message);
        }
        Ok((messages, false))
    }

    /// Every message of an account, of all namespaces, in the order of insertion.
    pub fn all_of(&self, owner: &SwarmId) -> Result<Vec<Message>> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT hash, namespace, timestamp, expiry, data FROM messages WHERE owner = {OWNER} ORDER BY id"
        ))?;
        let rows = statement.query_map(params![owner.key.as_slice(), owner.prefix], |row| {
            Ok(Message {
                hash: row.get(0)?,
                namespace: Namespace(row.get(1)?),
                timestamp: row.get(2)?,
                expiry: row.get(3)?,
                data: row.get(4)?,
            })
        })?;
        rows.collect()
    }

    /// The accounts that hold messages here.
    pub fn owners(&self) -> Result<Vec<SwarmId>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT type, pubkey FROM owners ORDER BY id")?;
        let rows = statement.query_map([], |row| {
            Ok(SwarmId {
                prefix: row.get(0)?,
                key: row.get(1)?,
            })
        })?;
        rows.collect()
    }

    /// Removes messages by hash; gives the removed hashes, sorted.
    pub fn delete(&mut self, owner: &SwarmId, hashes: &[MessageHash]) -> Result<Vec<MessageHash>> {
        let transaction = self.connection.transaction()?;
        let mut deleted = BTreeSet::new();
        {
            let mut statement = transaction.prepare_cached(&format!(
                "DELETE FROM messages WHERE owner = {OWNER} AND hash = ?3"
            ))?;
            for hash in hashes {
                if statement.execute(params![owner.key.as_slice(), owner.prefix, hash.as_str()])?
                    > 0
                {
                    deleted.insert(hash.clone());
                }
            }
        }
        transaction.commit()?;
        Ok(deleted.into_iter().collect())
    }

    /// Removes everything of one namespace, or of all, that is not younger than `before`; gives namespaces and hashes,
    /// sorted by hash.
    pub fn delete_matching(
        &mut self,
        owner: &SwarmId,
        scope: Scope,
        before: Option<i64>,
    ) -> Result<Vec<(Namespace, MessageHash)>> {
        self.returning(
            &format!(
                "DELETE FROM messages WHERE owner = {OWNER} AND (?3 IS NULL OR namespace = ?3)
                 AND (?4 IS NULL OR timestamp <= ?4) RETURNING namespace, hash"
            ),
            owner,
            scope,
            before,
        )
    }

    /// Sets the expiry of everything that expires later than `expiry`; gives namespaces and hashes, sorted by hash.
    pub fn expire_matching(
        &mut self,
        owner: &SwarmId,
        scope: Scope,
        expiry: i64,
    ) -> Result<Vec<(Namespace, MessageHash)>> {
        self.returning(
            &format!(
                "UPDATE messages SET expiry = ?4 WHERE owner = {OWNER} AND (?3 IS NULL OR namespace = ?3)
                 AND expiry > ?4 RETURNING namespace, hash"
            ),
            owner,
            scope,
            Some(expiry),
        )
    }

    fn returning(
        &mut self,
        sql: &str,
        owner: &SwarmId,
        scope: Scope,
        time: Option<i64>,
    ) -> Result<Vec<(Namespace, MessageHash)>> {
        let namespace = match scope {
            Scope::One(namespace) => Some(namespace.0),
            Scope::All => None,
        };
        let transaction = self.connection.transaction()?;
        let mut touched = {
            let mut statement = transaction.prepare_cached(sql)?;
            let rows = statement.query_map(
                params![owner.key.as_slice(), owner.prefix, namespace, time],
                |row| Ok((Namespace(row.get(0)?), row.get::<_, String>(1)?)),
            )?;
            let mut touched = Vec::new();
            for row in rows {
                let (namespace, hash) = row?;
                if let Some(hash) = MessageHash::parse(&hash) {
                    touched.push((namespace, hash));
                }
            }
            touched
        };
        transaction.commit()?;
        touched.sort_by(|a, b| a.1.cmp(&b.1));
        Ok(touched)
    }

    /// Changes expiries: one for all hashes, or one per hash. Gives what changed, sorted by hash.
    pub fn expire(
        &mut self,
        owner: &SwarmId,
        hashes: &[MessageHash],
        expiries: &[i64],
        rule: ExpiryRule,
    ) -> Result<Vec<(MessageHash, i64)>> {
        let condition = match rule {
            ExpiryRule::Any => "",
            ExpiryRule::Extend => "AND expiry < ?4",
            ExpiryRule::Shorten => "AND expiry > ?4",
        };
        let transaction = self.connection.transaction()?;
        let mut updated = BTreeMap::new();
        {
            let mut statement = transaction.prepare_cached(&format!(
                "UPDATE messages SET expiry = ?4 WHERE owner = {OWNER} AND hash = ?3 {condition}"
            ))?;
            for (i, hash) in hashes.iter().enumerate() {
                let Some(expiry) = expiries
                    .get(i)
                    .or_else(|| expiries.first().filter(|_| expiries.len() == 1))
                else {
                    continue;
                };
                if statement.execute(params![
                    owner.key.as_slice(),
                    owner.prefix,
                    hash.as_str(),
                    expiry
                ])? > 0
                {
                    updated.insert(hash.clone(), *expiry);
                }
            }
        }
        transaction.commit()?;
        Ok(updated.into_iter().collect())
    }

    /// The expiries of those hashes that are here.
    pub fn expiries(
        &self,
        owner: &SwarmId,
        hashes: &[MessageHash],
    ) -> Result<BTreeMap<MessageHash, i64>> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT expiry FROM messages WHERE owner = {OWNER} AND hash = ?3"
        ))?;
        let mut found = BTreeMap::new();
        for hash in hashes {
            let expiry = statement
                .query_row(
                    params![owner.key.as_slice(), owner.prefix, hash.as_str()],
                    |row| row.get(0),
                )
                .optional()?;
            if let Some(expiry) = expiry {
                found.insert(hash.clone(), expiry);
            }
        }
        Ok(found)
    }

    /// Revokes tokens. Without any message of the account nothing is kept, and no error tells so.
    pub fn revoke(&mut self, owner: &SwarmId, tokens: &[[u8; 36]], now: i64) -> Result<()> {
        let transaction = self.connection.transaction()?;
        let id: Option<i64> = transaction.query_row(
            &format!("SELECT {OWNER}"),
            params![owner.key.as_slice(), owner.prefix],
            |row| row.get(0),
        )?;
        if let Some(id) = id {
            for token in tokens {
                transaction
                    .prepare_cached(
                        "INSERT INTO revoked_subaccounts (owner, token, timestamp) VALUES (?1, ?2, ?3)
                         ON CONFLICT(owner, token) DO UPDATE SET timestamp = excluded.timestamp",
                    )?
                    .execute(params![id, token.as_slice(), now])?;
            }
            transaction.execute(
                "DELETE FROM revoked_subaccounts WHERE owner = ?1 AND token NOT IN (
                     SELECT token FROM revoked_subaccounts WHERE owner = ?1 ORDER BY timestamp DESC, rowid DESC LIMIT ?2)",
                params![id, REVOCATIONS_KEPT as i64],
            )?;
        }
        transaction.commit()
    }

    /// Lifts revocations; gives how many there were.
    pub fn unrevoke(&mut self, owner: &SwarmId, tokens: &[[u8; 36]]) -> Result<usize> {
        let transaction = self.connection.transaction()?;
        let mut count = 0;
        for token in tokens {
            count += transaction
                .prepare_cached(&format!(
                    "DELETE FROM revoked_subaccounts WHERE owner = {OWNER} AND token = ?3"
                ))?
                .execute(params![
                    owner.key.as_slice(),
                    owner.prefix,
                    token.as_slice()
                ])?;
        }
        transaction.commit()?;
        Ok(count)
    }

    /// Whether a token is revoked.
    pub fn is_revoked(&self, owner: &SwarmId, token: &[u8; 36]) -> Result<bool> {
        self.connection
            .prepare_cached(&format!(
                "SELECT 1 FROM revoked_subaccounts WHERE owner = {OWNER} AND token = ?3"
            ))?
            .exists(params![
                owner.key.as_slice(),
                owner.prefix,
                token.as_slice()
            ])
    }

    /// Drops what expired at or before `time` (ms).
    pub fn purge(&mut self, time: i64) -> Result<usize> {
        self.connection
            .prepare_cached("DELETE FROM messages WHERE expiry <= ?1")?
            .execute([time])
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const OWNER: SwarmId = SwarmId {
        prefix: 5,
        key: [7; 32],
    };

    fn message(name: &str, namespace: i16, timestamp: i64) -> Message {
        Message {
            hash: name.to_owned(),
            namespace: Namespace(namespace),
            timestamp,
            expiry: timestamp + 1000,
            data: vec![1; 300],
        }
    }

    #[test]
    fn messages_come_in_the_order_of_insertion_and_after_the_last_hash() {
        let mut db = Database::in_memory().unwrap();
        for (name, time) in [("b", 20), ("a", 10), ("c", 30)] {
            assert!(db.store(&OWNER, &message(name, 0, time)).unwrap().new);
        }
        let hashes = |last| {
            let (messages, more) = db.retrieve(&OWNER, Namespace(0), last, None, None).unwrap();
            assert!(!more);
            messages.into_iter().map(|m| m.hash).collect::<Vec<_>>()
        };
        assert_eq!(hashes(None), ["b", "a", "c"]);
        assert_eq!(hashes(Some("b")), ["a", "c"]);
        assert_eq!(hashes(Some("unknown")), ["b", "a", "c"]);
    }

    #[test]
    fn a_second_message_in_an_outbox_of_an_account_holding_nothing_else_fails_and_keeps_the_first()
    {
        let mut db = Database::in_memory().unwrap();
        db.store(
            &OWNER,
            &Message {
                namespace: Namespace(-1),
                ..message("one", -1, 1)
            },
        )
        .unwrap();
        let error = db.store(&OWNER, &message("two", -1, 2)).unwrap_err();
        assert_eq!(error.to_string(), "FOREIGN KEY constraint failed");
        assert_eq!(db.all_of(&OWNER).unwrap().len(), 1);
        db.store(&OWNER, &message("other", 0, 3)).unwrap();
        db.store(&OWNER, &message("two", -1, 2)).unwrap();
        let left: Vec<_> = db
            .all_of(&OWNER)
            .unwrap()
            .into_iter()
            .map(|m| m.hash)
            .collect();
        assert_eq!(left, ["other", "two"]);
    }

    #[test]
    fn a_revocation_on_an_empty_account_is_lost() {
        let mut db = Database::in_memory().unwrap();
        db.revoke(&OWNER, &[[1; 36]], 1).unwrap();
        db.store(&OWNER, &message("a", 0, 1)).unwrap();
        assert!(!db.is_revoked(&OWNER, &[1; 36]).unwrap());
        db.revoke(&OWNER, &[[1; 36]], 2).unwrap();
        assert!(db.is_revoked(&OWNER, &[1; 36]).unwrap());
        for i in 2..52u8 {
            db.revoke(&OWNER, &[[i; 36]], i64::from(i) + 2).unwrap();
        }
        assert!(
            !db.is_revoked(&OWNER, &[1; 36]).unwrap(),
            "fifty newer ones push it out"
        );
        assert_eq!(db.unrevoke(&OWNER, &[[2; 36], [99; 36]]).unwrap(), 1);
    }
}
