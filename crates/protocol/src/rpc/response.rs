//! Answers of the storage RPC, read leniently where nodes are known to differ and strictly where it matters.
//!
//! Lenient: booleans may be integers (results of peers travel bencoded), top-level copies may be absent, entries that cannot
//! be read are skipped. Strict: what a node is said to have done counts only with that node's signature.

use super::request::{MAX_BATCH, MAX_DATA, MAX_REVOKED};
use super::signed::{self, SubaccountToken};
use crate::encoding;
use crate::id::{MessageHash, SwarmId};
use crate::keys::{Ed25519PublicKey, Signature};
use crate::node::{self, ServiceNode};
use crate::sorted::{SortedMap, sort};
use crate::time::Timestamp;
use serde_json::{Map, Value};

/// The body is not what this method answers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the node's answer is malformed: {0}")]
pub struct AnswerError(pub &'static str);

/// One answer of a batch, or the only one of a plain request.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Status code of the method.
    pub code: u16,
    /// JSON body, or a JSON string holding an error text.
    pub body: Value,
}

/// A message as `retrieve` gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMessage {
    /// Its hash.
    pub hash: MessageHash,
    /// Timestamp given to `store`.
    pub timestamp: Timestamp,
    /// When the swarm drops it.
    pub expiration: Timestamp,
    /// Decoded data.
    pub data: Vec<u8>,
}

/// The result of `retrieve`. Entries that cannot be read are counted and skipped (their hash is kept where it parses, so that `last_hash` can move on).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retrieved {
    /// Messages in the node's order.
    pub messages: Vec<StoredMessage>,
    /// Hash of the last element, readable or not.
    pub last_hash: Option<MessageHash>,
    /// There is more.
    pub more: bool,
    /// Elements that could not be read.
    pub unreadable: usize,
}

/// The result of `store`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The hash, taken from a confirmed entry.
    pub hash: MessageHash,
    /// Nodes whose signature over the hash verifies.
    pub confirmed: Vec<Ed25519PublicKey>,
    /// Nodes that failed or whose signature does not verify.
    pub failed: Vec<Ed25519PublicKey>,
    /// The expiry named by the confirmed entries (the earliest).
    pub expiry: Timestamp,
    /// The node's clock.
    pub time: Option<Timestamp>,
}

/// The result of `delete`, `delete_all`, `delete_before` and `expire_all`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    /// What each node says it deleted or shortened, with a signature that verifies.
    pub confirmed: SortedMap<Ed25519PublicKey, Vec<MessageHash>>,
    /// Nodes that failed or whose signature does not verify.
    pub failed: Vec<Ed25519PublicKey>,
}

/// What one node says about `expire`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeExpiries {
    /// The new expiry: one value, or one per entry of `updated`.
    pub expiries: Vec<Timestamp>,
    /// Messages whose expiry changed.
    pub updated: Vec<MessageHash>,
    /// Messages found but left alone (`shorten` and `extend` only), with their present expiry.
    pub unchanged: SortedMap<MessageHash, Timestamp>,
}

/// The result of `expire`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expired {
    /// Nodes whose signature verifies. A message that is in neither list of a node does not exist there.
    pub confirmed: SortedMap<Ed25519PublicKey, NodeExpiries>,
    /// Nodes that failed or whose signature does not verify.
    pub failed: Vec<Ed25519PublicKey>,
}

/// The result of `revoke_subaccount` and `unrevoke_subaccount`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// Nodes whose signature verifies, and how many tokens were let in again there (`unrevoke_subaccount` only).
    pub confirmed: SortedMap<Ed25519PublicKey, Option<u64>>,
    /// Nodes that failed or whose signature does not verify.
    pub failed: Vec<Ed25519PublicKey>,
}

/// The result of `info`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info {
    /// Storage server version.
    pub version: [u16; 3],
    /// The node's clock.
    pub timestamp: Timestamp,
}

/// The result of `ifelse`.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Whether the conditions held.
    pub condition: bool,
    /// What the chosen branch gave; nothing when there was no such branch.
    pub result: Option<Answer>,
}

/// The result of `get_swarm`, and the body of a 421.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swarm {
    /// Members.
    pub nodes: Vec<ServiceNode>,
    /// Swarm id.
    pub id: u64,
}

/// More messages than fit into the largest answer (7,800,000 bytes, at least 143 for each; 10-network 3.6).
const MAX_MESSAGES: usize = 60_000;

/// More members than a swarm can have.
const MAX_SWARM: usize = 1_000;

/// Splits the answer to `batch` or `sequence`. It may hold megabytes, so its parts are taken out of it.
pub fn parse_batch(body: Value) -> Result<Vec<Answer>, AnswerError> {
    let Value::Object(mut body) = body else {
        return Err(AnswerError("not an object"));
    };
    let Some(Value::Array(results)) = body.remove("results") else {
        return Err(AnswerError("no results"));
    };
    if results.len() > MAX_BATCH {
        return Err(AnswerError("too many results"));
    }
    results.into_iter().map(parse_answer).collect()
}

fn parse_answer(mut result: Value) -> Result<Answer, AnswerError> {
    let code = result.get("code").and_then(Value::as_u64);
    let code = code
        .and_then(|code| u16::try_from(code).ok())
        .ok_or(AnswerError("a result without a code"))?;
    let body = result.get_mut("body").map(Value::take).unwrap_or_default();
    Ok(Answer { code, body })
}

/// Reads `ifelse`.
pub fn parse_if_else(body: &Value) -> Result<Choice, AnswerError> {
    let condition = body
        .get("condition")
        .filter(|value| value.is_boolean() || value.is_i64())
        .ok_or(AnswerError("no condition"))?;
    let result = body.get("result").cloned().map(parse_answer).transpose()?;
    Ok(Choice {
        condition: flag(Some(condition)),
        result,
    })
}

/// Reads `info`.
pub fn parse_info(body: &Value) -> Result<Info, AnswerError> {
    let timestamp = body
        .get("timestamp")
        .and_then(time)
        .ok_or(AnswerError("no timestamp"))?;
    let parts = body.get("version").and_then(Value::as_array);
    let parts: Option<Vec<u16>> = parts
        .filter(|parts| parts.len() == 3)
        .and_then(|parts| parts.iter().map(small).collect());
    let version = parts.and_then(|parts| parts.try_into().ok());
    Ok(Info {
        version: version.ok_or(AnswerError("no version"))?,
        timestamp,
    })
}

/// Reads `active_nodes_bin`, inside an onion or a batch: base64 of 51-byte records (10-network 1.4).
pub fn parse_active_nodes(body: &Value) -> Result<Vec<ServiceNode>, AnswerError> {
    let bytes = body.as_str().and_then(encoding::from_base64);
    let bytes = bytes.ok_or(AnswerError("no base64"))?;
    node::parse_binary(&bytes).map_err(|_| AnswerError("no node records"))
}

/// Reads `t` (ms).
pub fn node_time(body: &Value) -> Option<Timestamp> {
    time(body.get("t")?)
}

/// Reads `hf`.
pub fn hard_fork(body: &Value) -> Option<(u16, u16)> {
    let [major, revision] = body.get("hf")?.as_array()?.as_slice() else {
        return None;
    };
    Some((small(major)?, small(revision)?))
}

fn small(value: &Value) -> Option<u16> {
    u16::try_from(value.as_u64()?).ok()
}

/// Reads `retrieve`.
pub fn parse_retrieve(body: &Value) -> Result<Retrieved, AnswerError> {
    let entries = body
        .get("messages")
        .and_then(Value::as_array)
        .ok_or(AnswerError("no messages"))?;
    if entries.len() > MAX_MESSAGES {
        return Err(AnswerError("too many messages"));
    }
    let mut retrieved = Retrieved {
        messages: Vec::new(),
        last_hash: None,
        more: flag(body.get("more")),
        unreadable: 0,
    };
    for entry in entries {
        let hash = entry.get("hash").and_then(hash);
        if hash.is_some() {
            retrieved.last_hash.clone_from(&hash);
        }
        match hash.and_then(|hash| stored_message(hash, entry)) {
            Some(message) => retrieved.messages.push(message),
            None => retrieved.unreadable += 1,
        }
    }
    Ok(retrieved)
}

fn stored_message(hash: MessageHash, entry: &Value) -> Option<StoredMessage> {
    let data = entry.get("data")?.as_str()?;
    // Four characters hold three bytes; anything longer than this cannot be within the limit.
    if data.len() > MAX_DATA.div_ceil(3) * 4 {
        return None;
    }
    Some(StoredMessage {
        hash,
        timestamp: time(entry.get("timestamp")?)?,
        expiration: time(entry.get("expiration")?)?,
        data: encoding::from_base64(data)?,
    })
}

/// Reads `store`. `expected` is the hash we computed: an entry with another hash is a lie and counts as failed. Success needs at least one confirmed entry.
///
/// The signature shows that the holder of the named key confirmed the hash; whether that key belongs to the account's swarm
/// is for the caller to say.
pub fn parse_store(body: &Value, expected: &MessageHash) -> Result<Stored, AnswerError> {
    let signed = signed::node_store(expected);
    let (confirmed, failed) = by_node(body, |node, entry| {
        if entry.get("hash").and_then(hash).as_ref() != Some(expected) {
            return None;
        }
        let expiry = time(entry.get("expiry")?)?;
        is_signed(node, entry, &signed).then_some(expiry)
    })?;
    let expiry = confirmed
        .values()
        .min()
        .copied()
        .ok_or(AnswerError("no node confirms the message"))?;
    Ok(Stored {
        hash: expected.clone(),
        confirmed: confirmed.into_keys().collect(),
        failed,
        expiry,
        time: node_time(body),
    })
}

/// Reads `delete`. `requested` is the list that was sent, in its order.
pub fn parse_delete(
    body: &Value,
    account: &SwarmId,
    requested: &[MessageHash],
) -> Result<Touched, AnswerError> {
    let (confirmed, failed) = by_node(body, |node, entry| {
        let deleted = hashes(entry.get("deleted")?, requested.len())?;
        if !deleted.iter().all(|hash| requested.contains(hash)) {
            return None;
        }
        let signed = signed::node_delete(account, requested, &deleted);
        is_signed(node, entry, &signed).then_some(deleted)
    })?;
    Ok(Touched { confirmed, failed })
}

/// Reads `delete_all`. `timestamp` is the one that was sent.
pub fn parse_delete_all(
    body: &Value,
    account: &SwarmId,
    timestamp: Timestamp,
) -> Result<Touched, AnswerError> {
    touched(body, "deleted", |deleted| {
        signed::node_delete_all(account, timestamp, deleted)
    })
}

/// Reads `delete_before`. `before` is the one that was sent.
pub fn parse_delete_before(
    body: &Value,
    account: &SwarmId,
    before: Timestamp,
) -> Result<Touched, AnswerError> {
    touched(body, "deleted", |deleted| {
        signed::node_delete_before(account, before, deleted)
    })
}

/// Reads `expire_all`. `expiry` is the one that was sent.
pub fn parse_expire_all(
    body: &Value,
    account: &SwarmId,
    expiry: Timestamp,
) -> Result<Touched, AnswerError> {
    touched(body, "updated", |updated| {
        signed::node_expire_all(account, expiry, updated)
    })
}

/// The hashes under `name` of each node, whose signature is over what `signed` makes of them.
fn touched(
    body: &Value,
    name: &str,
    signed: impl Fn(&[MessageHash]) -> String,
) -> Result<Touched, AnswerError> {
    let (confirmed, failed) = by_node(body, |node, entry| {
        let touched = listed(entry.get(name)?)?;
        is_signed(node, entry, signed(&touched)).then_some(touched)
    })?;
    Ok(Touched { confirmed, failed })
}

/// A list of hashes, or such lists by namespace when all of them were meant.
fn listed(value: &Value) -> Option<Vec<MessageHash>> {
    let Some(by_namespace) = value.as_object() else {
        return hashes(value, MAX_MESSAGES);
    };
    let mut all = Vec::new();
    for list in by_namespace.values() {
        all.extend(hashes(list, MAX_MESSAGES.saturating_sub(all.len()))?);
    }
    Some(all)
}

/// Reads `revoke_subaccount` and `unrevoke_subaccount`. Tokens and time are those that were sent.
pub fn parse_revoke(
    body: &Value,
    account: &SwarmId,
    timestamp: Timestamp,
    tokens: &[SubaccountToken],
) -> Result<Revoked, AnswerError> {
    let signed = signed::node_revoke(account, timestamp, tokens);
    let (confirmed, failed) = by_node(body, |node, entry| {
        let count = entry.get("count").and_then(Value::as_u64);
        is_signed(node, entry, &signed).then_some(count)
    })?;
    Ok(Revoked { confirmed, failed })
}

/// Reads `revoked_subaccounts`. No signature covers it. A node keeps 50.
pub fn parse_revoked(body: &Value) -> Result<Vec<SubaccountToken>, AnswerError> {
    let list = body
        .get("revoked_subaccounts")
        .and_then(Value::as_array)
        .ok_or(AnswerError("no tokens"))?;
    if list.len() > MAX_REVOKED {
        return Err(AnswerError("too many tokens"));
    }
    let token = |value: &Value| encoding::from_base64(value.as_str()?)?.try_into().ok();
    list.iter()
        .map(token)
        .collect::<Option<_>>()
        .ok_or(AnswerError("a malformed token"))
}

/// Reads `expire`. `requested` is the list that was sent, in its order.
pub fn parse_expire(
    body: &Value,
    account: &SwarmId,
    requested: &[MessageHash],
) -> Result<Expired, AnswerError> {
    let (confirmed, failed) = by_node(body, |node, entry| {
        let mut updated = hashes(entry.get("updated")?, requested.len())?;
        sort(&mut updated);
        let expiries = match entry.get("expiry")? {
            Value::Array(list) if list.len() <= requested.len() => {
                list.iter().map(time).collect::<Option<Vec<_>>>()?
            }
            one => vec![time(one)?],
        };
        if !updated.iter().all(|hash| requested.contains(hash)) {
            return None;
        }
        let unchanged = match entry.get("unchanged") {
            Some(unchanged) => expiries_by_hash(unchanged.as_object()?),
            None => SortedMap::new(),
        };
        let signed = signed::node_expire(account, &expiries, requested, &updated, &unchanged);
        is_signed(node, entry, &signed).then_some(NodeExpiries {
            expiries,
            updated,
            unchanged,
        })
    })?;
    Ok(Expired { confirmed, failed })
}

/// Reads `get_swarm` or a 421 body.
pub fn parse_swarm(body: &Value) -> Result<Swarm, AnswerError> {
    let id = body
        .get("swarm")
        .and_then(Value::as_str)
        .filter(|text| !text.starts_with('+'));
    let id = id
        .and_then(|text| u64::from_str_radix(text, 16).ok())
        .ok_or(AnswerError("no swarm id"))?;
    if !body.get("snodes").is_some_and(Value::is_array) {
        return Err(AnswerError("no swarm members"));
    }
    let nodes = node::parse_json(body).map_err(|_| AnswerError("no swarm members"))?;
    if nodes.len() > MAX_SWARM {
        return Err(AnswerError("too many swarm members"));
    }
    Ok(Swarm { nodes, id })
}

/// Reads `get_expiries`. Messages that the node does not have are absent.
pub fn parse_expiries(body: &Value) -> Result<SortedMap<MessageHash, Timestamp>, AnswerError> {
    let expiries = body
        .get("expiries")
        .and_then(Value::as_object)
        .ok_or(AnswerError("no expiries"))?;
    Ok(expiries_by_hash(expiries))
}

type ByNode<T> = (SortedMap<Ed25519PublicKey, T>, Vec<Ed25519PublicKey>);

/// Sorts the entries of a swarm-wide answer into those that `read` accepts and the rest. Names that are no keys are skipped.
fn by_node<T>(
    body: &Value,
    read: impl Fn(&Ed25519PublicKey, &Value) -> Option<T>,
) -> Result<ByNode<T>, AnswerError> {
    let swarm = body
        .get("swarm")
        .and_then(Value::as_object)
        .ok_or(AnswerError("no swarm"))?;
    if swarm.len() > MAX_SWARM {
        return Err(AnswerError("too many swarm members"));
    }
    let (mut confirmed, mut failed) = (SortedMap::new(), Vec::new());
    for (name, entry) in swarm {
        let Some(node) = Ed25519PublicKey::from_hex(name) else {
            continue;
        };
        let result = if flag(entry.get("failed")) {
            None
        } else {
            read(&node, entry)
        };
        match result {
            Some(result) => {
                confirmed.insert(node, result);
            }
            None => failed.push(node),
        }
    }
    // The same key in two spellings must not be both.
    failed.retain(|node| !confirmed.contains_key(node));
    Ok((confirmed, failed))
}

fn is_signed(node: &Ed25519PublicKey, entry: &Value, message: impl AsRef<[u8]>) -> bool {
    let signature = entry
        .get("signature")
        .and_then(Value::as_str)
        .and_then(Signature::from_base64);
    signature.is_some_and(|signature| node.verify(message.as_ref(), &signature).is_ok())
}

fn hash(value: &Value) -> Option<MessageHash> {
    MessageHash::parse(value.as_str()?)
}

/// At most `limit` hashes.
fn hashes(value: &Value, limit: usize) -> Option<Vec<MessageHash>> {
    let list = value.as_array().filter(|list| list.len() <= limit)?;
    list.iter().map(hash).collect()
}

fn expiries_by_hash(object: &Map<String, Value>) -> SortedMap<MessageHash, Timestamp> {
    let read = |(name, value): (&String, &Value)| Some((MessageHash::parse(name)?, time(value)?));
    object.iter().filter_map(read).collect()
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_u64().map(Timestamp)
}

/// Boolean or integer; anything else, absent included, is false.
fn flag(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Bool(flag)) => *flag,
        Some(Value::Number(number)) => number.as_i64() != Some(0),
        _ => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::keys::Ed25519SecretKey;
    use proptest::prelude::*;
    use serde_json::json;

    const H0: &str = "9QAogeWwJY/CE19iFAh5hr2vRcMyC92b8njFtInsmxg";
    const H2: &str = "7tpR5KJ7lXhN0sFsR3DIC2gPIMEltlM+OmfxQYMXUF0";
    /// Node D of 10-network B.2, signing a stored H0.
    const D: &str = "d04ab232742bb4ab3a1368bd4615e4e6d0224ab71a016baf8520a332c9778737";
    const D_STORED: &str =
        "xJGdDhDW9gCODHEnpImVxG/hcaEKwMTvjFP3wguuxPwniqGwDUk1gHNho3KcYzXgjLGVcaXxt9hvkyg0POZ5Bw==";
    const D_DELETED: &str =
        "/g3e/Nxy6GfngYmU1qYB1dcEIU4hdpa5qmrL9sFBEWX153U7xy1faO7CEVmkqTcdrOZ96yjSi9UVEJyFizaODg==";
    const OWNER: &str = "054701d08488451f545a409fb58ae3e58581ca40ac3f7f114698cd71deac73ca01";

    fn hash_of(text: &str) -> MessageHash {
        MessageHash::parse(text).unwrap()
    }

    fn d() -> Ed25519PublicKey {
        Ed25519PublicKey::from_hex(D).unwrap()
    }

    fn other() -> Ed25519SecretKey {
        Ed25519SecretKey::from_seed(&[0x21; 32])
    }

    fn owner() -> SwarmId {
        SwarmId::from_hex(OWNER).unwrap()
    }

    #[test]
    fn a_stored_message_is_confirmed_by_signatures_alone() {
        let third = Ed25519SecretKey::from_seed(&[0x22; 32]);
        let body = json!({"hf": [19, 4], "t": 1_795_387_179_021u64, "swarm": {
            D: {"expiry": 1_795_473_578_979u64, "hash": H0, "signature": D_STORED, "already": 1},
            other().public().to_hex(): {"expiry": 1_795_473_578_000u64, "hash": H0, "already": true,
                "signature": other().sign(H0.as_bytes()).to_base64()},
            third.public().to_hex(): {"expiry": 1, "hash": H0, "signature": D_STORED},
            "not a key": {"expiry": 1, "hash": H0, "signature": D_STORED},
        }});
        let stored = parse_store(&body, &hash_of(H0)).unwrap();
        let mut confirmed = vec![d(), other().public()];
        confirmed.sort();
        assert_eq!(stored.confirmed, confirmed);
        assert_eq!(stored.failed, [third.public()]);
        assert_eq!(stored.expiry, Timestamp(1_795_473_578_000));
        assert_eq!(stored.time, Some(Timestamp(1_795_387_179_021)));
        assert_eq!(hard_fork(&body), Some((19, 4)));
    }

    #[test]
    fn a_store_that_failed_everywhere_is_an_error_although_the_node_says_200() {
        let nodes = [D.to_owned(), other().public().to_hex()];
        let body = json!({"hf": [19, 4], "swarm": {
            &nodes[0]: {"failed": true, "query_failure": true, "reason": "FOREIGN KEY constraint failed", "t": 1},
            &nodes[1]: {"failed": 1, "query_failure": 1, "reason": "…"}}, "t": 1});
        assert_eq!(
            parse_store(&body, &hash_of(H0)),
            Err(AnswerError("no node confirms the message"))
        );
        for entry in [
            json!({"failed": true, "hash": H0, "expiry": 5, "signature": D_STORED}),
            json!({"failed": 1, "hash": H0, "expiry": 5, "signature": D_STORED}),
            json!({"hash": H2, "expiry": 5, "signature": D_STORED}),
            json!({"hash": H0, "signature": D_STORED}),
            json!({"hash": H0, "expiry": 5}),
            json!({"hash": H0, "expiry": 5, "signature": D_DELETED}),
            json!(null),
        ] {
            assert!(
                parse_store(&json!({"swarm": {D: entry}}), &hash_of(H0)).is_err(),
                "{entry}"
            );
        }
        let unfailed = json!({"failed": 0, "hash": H0, "expiry": 5, "signature": D_STORED});
        assert!(parse_store(&json!({"swarm": {D: unfailed}}), &hash_of(H0)).is_ok());
        assert_eq!(
            parse_store(&json!({}), &hash_of(H0)),
            Err(AnswerError("no swarm"))
        );
    }

    #[test]
    fn messages_are_read_in_the_order_of_the_node() {
        let body = json!({"hf": [19, 4], "more": false, "t": 5, "messages": [
            {"data": "aGVsbG8=", "expiration": 20, "hash": H2, "timestamp": 10},
            {"data": "=", "expiration": 21, "hash": H0, "timestamp": 11},
        ]});
        let retrieved = parse_retrieve(&body).unwrap();
        let message = |hash, timestamp, expiration, data: &[u8]| StoredMessage {
            hash: hash_of(hash),
            timestamp: Timestamp(timestamp),
            expiration: Timestamp(expiration),
            data: data.to_vec(),
        };
        assert_eq!(
            retrieved.messages,
            [message(H2, 10, 20, b"hello"), message(H0, 11, 21, b"")]
        );
        assert_eq!(retrieved.last_hash, Some(hash_of(H0)));
        assert_eq!((retrieved.more, retrieved.unreadable), (false, 0));
        assert_eq!(node_time(&body), Some(Timestamp(5)));
    }

    #[test]
    fn an_unreadable_message_is_skipped_and_still_moves_the_last_hash() {
        let body = json!({"more": 1, "messages": [
            {"data": "a", "expiration": 20, "hash": H2, "timestamp": 10},
            {"data": "aGVsbG8=", "expiration": -1, "hash": H2, "timestamp": 10},
            {"data": "A".repeat(102_404), "expiration": 20, "hash": H0, "timestamp": 10},
            {"data": "aGVsbG8=", "expiration": 20, "hash": "short", "timestamp": 10},
            7,
        ]});
        let retrieved = parse_retrieve(&body).unwrap();
        assert_eq!(retrieved.messages, []);
        assert_eq!(retrieved.last_hash, Some(hash_of(H0)));
        assert_eq!((retrieved.more, retrieved.unreadable), (true, 5));
        assert!(parse_retrieve(&json!({"messages": {}})).is_err());
        assert!(parse_retrieve(&json!({"messages": vec![0; MAX_MESSAGES + 1]})).is_err());
    }

    #[test]
    fn a_batch_gives_codes_and_bodies_in_order() {
        let answers = parse_batch(json!({"results": [{"body": {"t": 1}, "code": 200},
            {"body": "retrieve: request signature required", "code": 401}, {"code": 500}]}));
        let answer = |code, body| Answer { code, body };
        assert_eq!(
            answers.unwrap(),
            [
                answer(200, json!({"t": 1})),
                answer(401, json!("retrieve: request signature required")),
                answer(500, Value::Null)
            ]
        );
        for body in [
            Value::Null,
            json!("results"),
            json!([]),
            json!({}),
            json!({"results": {}}),
            json!({"results": [7]}),
            json!({"results": [{"code": 70000}]}),
            json!({"results": vec![json!({"code": 200}); 21]}),
        ] {
            assert!(parse_batch(body.clone()).is_err(), "{body}");
        }
    }

    #[test]
    fn a_swarm_is_read_from_get_swarm_and_from_a_421() {
        let node = Ed25519SecretKey::from_seed(&[0x11; 32]);
        let x25519 = node.public().to_x25519().unwrap();
        let body = json!({"hf": [19, 4], "snodes": [{"address": "p3q7.snode", "ip": "127.77.1.1", "port": "22100",
            "port_https": 22100, "port_omq": 22400, "port_quic": 22400, "pubkey_ed25519": D, "pubkey_legacy": D,
            "pubkey_x25519": x25519.to_hex()}], "swarm": "3fffffffffffffff", "t": 1});
        let swarm = parse_swarm(&body).unwrap();
        assert_eq!(swarm.id, 0x3fff_ffff_ffff_ffff);
        assert_eq!(swarm.nodes.len(), 1);
        assert_eq!(swarm.nodes[0].port, 22100);
        assert_eq!(swarm.nodes[0].swarm, Some(swarm.id));

        let none = parse_swarm(&json!({"snodes": [], "swarm": "ffffffffffffffff"})).unwrap();
        assert_eq!(
            none,
            Swarm {
                nodes: vec![],
                id: crate::swarm::INVALID_SWARM
            }
        );
        for body in [
            json!({"snodes": []}),
            json!({"swarm": "0"}),
            json!({"snodes": [], "swarm": "g"}),
            json!({"snodes": 1, "swarm": "0"}),
        ] {
            assert!(parse_swarm(&body).is_err(), "{body}");
        }
    }

    #[test]
    fn deletions_count_with_the_signature_of_the_node() {
        let requested = [hash_of(H0), hash_of(H2)];
        let body = json!({"swarm": {D: {"deleted": [H2, H0], "signature": D_DELETED},
            other().public().to_hex(): {"deleted": [H0], "signature": D_DELETED}}});
        let deleted = parse_delete(&body, &owner(), &requested).unwrap();
        assert_eq!(
            deleted.confirmed,
            SortedMap::from([(d(), vec![hash_of(H2), hash_of(H0)])])
        );
        assert_eq!(deleted.failed, [other().public()]);
    }

    #[test]
    fn expiries_count_with_the_signature_of_the_node() {
        let requested = [hash_of(H0), hash_of(H2)];
        let unchanged = SortedMap::from([(hash_of(H2), Timestamp(9))]);
        let signed = signed::node_expire(
            &owner(),
            &[Timestamp(7)],
            &requested,
            &requested[..1],
            &unchanged,
        );
        let entry = json!({"expiry": 7, "updated": [H0], "unchanged": {H2: 9},
            "signature": other().sign(signed.as_bytes()).to_base64()});
        let body = json!({"swarm": {D: entry, other().public().to_hex(): entry}});
        let expired = parse_expire(&body, &owner(), &requested).unwrap();
        let expected = NodeExpiries {
            expiries: vec![Timestamp(7)],
            updated: vec![hash_of(H0)],
            unchanged,
        };
        assert_eq!(
            expired.confirmed,
            SortedMap::from([(other().public(), expected)])
        );
        assert_eq!(expired.failed, [d()]);
    }

    #[test]
    fn a_node_cannot_say_that_it_deleted_what_nobody_asked_for() {
        let asked = [hash_of(H0)];
        let claimed = [hash_of(H2)];
        let signature = other().sign(signed::node_delete(&owner(), &asked, &claimed).as_bytes());
        let name = other().public().to_hex();
        let body = json!({"swarm": {name: {"deleted": [H2], "signature": signature.to_base64()}}});
        let deleted = parse_delete(&body, &owner(), &asked).unwrap();
        assert_eq!(deleted.failed, [other().public()]);
    }

    #[test]
    fn bulk_answers_count_with_the_signature_over_all_namespaces_together() {
        let (now, name) = (Timestamp(1_760_000_000_000), other().public().to_hex());
        let both = [hash_of(H0), hash_of(H2)];
        let sign = |text: String| other().sign(text.as_bytes()).to_base64();
        let all = json!({"swarm": {&name: {"deleted": {"2": [H2], "0": [H0]},
            "signature": sign(signed::node_delete_all(&owner(), now, &both))}}});
        let deleted = parse_delete_all(&all, &owner(), now).unwrap();
        assert_eq!(deleted.confirmed[&other().public()], both);
        assert!(
            parse_delete_before(&all, &owner(), now)
                .unwrap()
                .failed
                .is_empty(),
            "the two methods sign the same string"
        );
        assert_eq!(
            parse_delete_all(&all, &owner(), Timestamp(1))
                .unwrap()
                .failed,
            [other().public()]
        );
        let expired = json!({"swarm": {&name: {"updated": [H0],
            "signature": sign(signed::node_expire_all(&owner(), now, &both[..1]))}}});
        let touched = parse_expire_all(&expired, &owner(), now).unwrap();
        assert_eq!(touched.confirmed[&other().public()], both[..1]);
        let forged = json!({"swarm": {&name: {"updated": [H0, H2],
            "signature": sign(signed::node_expire_all(&owner(), now, &both[..1]))}}});
        assert!(
            parse_expire_all(&forged, &owner(), now)
                .unwrap()
                .confirmed
                .is_empty()
        );
    }

    #[test]
    fn revocations_count_with_the_signature_of_the_node() {
        let (now, token) = (Timestamp(5), [3u8; 36]);
        let signature = other().sign(&signed::node_revoke(&owner(), now, &[token]));
        let entry = json!({"count": 1, "signature": signature.to_base64()});
        let body = json!({"swarm": {D: entry, other().public().to_hex(): entry}});
        let revoked = parse_revoke(&body, &owner(), now, &[token]).unwrap();
        assert_eq!(
            revoked.confirmed,
            SortedMap::from([(other().public(), Some(1))])
        );
        assert_eq!(revoked.failed, [d()]);
        assert!(
            parse_revoke(&body, &owner(), now, &[[4; 36]])
                .unwrap()
                .confirmed
                .is_empty()
        );
        let listed = json!({"revoked_subaccounts": [encoding::base64(&token)]});
        assert_eq!(parse_revoked(&listed).unwrap(), [token]);
        let many = vec![encoding::base64(&token); 51];
        for body in [
            json!({}),
            json!({"revoked_subaccounts": ["AAAA"]}),
            json!({"revoked_subaccounts": many}),
        ] {
            assert!(parse_revoked(&body).is_err(), "{body}");
        }
    }

    #[test]
    fn info_and_ifelse_are_read_as_observed() {
        let info = json!({"hf": [19, 4], "t": 7, "timestamp": 7, "version": [2, 8, 0]});
        assert_eq!(
            parse_info(&info).unwrap(),
            Info {
                version: [2, 8, 0],
                timestamp: Timestamp(7)
            }
        );
        assert!(parse_info(&json!({"timestamp": 7, "version": [2, 8]})).is_err());
        let chosen = json!({"condition": true, "height": 1_700_003, "hf": [19, 4],
            "result": {"body": {}, "code": 200}, "v": [2, 8, 0]});
        let expected = Answer {
            code: 200,
            body: json!({}),
        };
        assert_eq!(
            parse_if_else(&chosen).unwrap(),
            Choice {
                condition: true,
                result: Some(expected)
            }
        );
        let none = parse_if_else(&json!({"condition": false})).unwrap();
        assert_eq!((none.condition, none.result), (false, None));
        assert!(parse_if_else(&json!({})).is_err());
        assert!(parse_if_else(&json!({"condition": true, "result": 7})).is_err());
    }

    #[test]
    fn a_binary_list_travels_as_base64() {
        let record = "0EqyMnQrtKs6E2i9RhXk5tAiSrcaAWuvhSCjMsl3hzcBI0VniavN78sAcQdWBVYEAgsD";
        let nodes = parse_active_nodes(&json!(record)).unwrap();
        assert_eq!(nodes[0].ed25519, d());
        assert_eq!(nodes[0].swarm, Some(0x0123_4567_89ab_cdef));
        assert!(parse_active_nodes(&json!("0EqyMnQ")).is_err());
        assert!(parse_active_nodes(&json!([1])).is_err());
    }

    #[test]
    fn expiries_of_unknown_messages_are_absent() {
        let read = parse_expiries(&json!({"expiries": {H0: 5, "x": 6, H2: "7"}})).unwrap();
        assert_eq!(read, SortedMap::from([(hash_of(H0), Timestamp(5))]));
        assert_eq!(
            parse_expiries(&json!({"expiries": {}})).unwrap(),
            SortedMap::new()
        );
        assert!(parse_expiries(&json!({})).is_err());
    }

    /// JSON that looks like answers: known keys, values of every type.
    fn answers() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            prop_oneof![
                Just(H0.to_owned()),
                Just(D.to_owned()),
                Just(D_STORED.to_owned()),
                "[a-f0-9=+]{0,5}"
            ]
            .prop_map(Value::from),
        ];
        let keys = prop::sample::select(vec![
            "messages",
            "hash",
            "data",
            "timestamp",
            "expiration",
            "more",
            "swarm",
            "snodes",
            "signature",
            "expiry",
            "failed",
            "expiries",
            "results",
            "code",
            "body",
            "t",
            "hf",
            "deleted",
            "updated",
            "unchanged",
            "condition",
            "result",
            "version",
            "count",
            "revoked_subaccounts",
            D,
            H0,
        ]);
        leaf.prop_recursive(4, 40, 5, move |inner| {
            let object = prop::collection::btree_map(keys.clone(), inner.clone(), 0..5);
            prop_oneof![
                prop::collection::vec(inner, 0..5).prop_map(Value::from),
                object.prop_map(|map| map
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value))
                    .collect::<Value>()),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_answer_is_read_without_a_panic(body in answers()) {
            let _ = parse_retrieve(&body);
            let _ = parse_store(&body, &hash_of(H0));
            let _ = parse_swarm(&body);
            let _ = parse_expiries(&body);
            let _ = parse_delete(&body, &owner(), &[hash_of(H0)]);
            let _ = parse_expire(&body, &owner(), &[hash_of(H0)]);
            let _ = parse_delete_all(&body, &owner(), Timestamp(1));
            let _ = parse_delete_before(&body, &owner(), Timestamp(1));
            let _ = parse_expire_all(&body, &owner(), Timestamp(1));
            let _ = parse_revoke(&body, &owner(), Timestamp(1), &[[3; 36]]);
            let _ = parse_revoked(&body);
            let _ = (parse_info(&body), parse_if_else(&body), parse_active_nodes(&body));
            let _ = (node_time(&body), hard_fork(&body));
            let _ = parse_batch(body);
        }
    }
}
