//! The methods of the storage RPC as parsed requests (10-network 3.5 to 3.11). Parsing decides nothing: signatures, clocks and
//! swarms are checked when the call runs. The order in which fields are read is that of the node software, because it
//! decides which refusal a request with several faults gets.

use super::fields::{self, FieldError, Fields, at_most_one, one_of_aliases, refuse, require};
use onionskin_protocol::id::{MessageHash, Namespace, SwarmId};
use onionskin_protocol::rpc::signed::{Scope, SubaccountToken};
use serde_json::{Map, Value};

/// Members of a batch at most.
const BATCH_LIMIT: usize = 20;
/// Decoded message data at most, bytes.
pub const MAX_DATA: usize = 76_800;
/// Tokens in one revocation at most.
const MAX_REVOKE: usize = 50;

/// Who asks, and the proof. The signature itself is over a string that depends on the method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auth {
    /// Owner of the messages.
    pub account: SwarmId,
    /// The owner's Ed25519 key, for 05 accounts.
    pub ed25519: Option<[u8; 32]>,
    /// 64 bytes.
    pub signature: [u8; 64],
    /// Token and the owner's signature over it.
    pub subaccount: Option<(SubaccountToken, [u8; 64])>,
}

/// `store`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// Owner.
    pub account: SwarmId,
    /// Decoded.
    pub data: Vec<u8>,
    /// ms.
    pub timestamp: i64,
    /// ms.
    pub expiry: i64,
    /// Where to.
    pub namespace: Namespace,
    /// Present when a signature was given, with its time (ms).
    pub auth: Option<(Auth, i64)>,
}

/// `retrieve`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retrieve {
    /// Owner.
    pub account: SwarmId,
    /// Where from.
    pub namespace: Namespace,
    /// Present when the signature is to be checked, with its time (ms).
    pub auth: Option<(Auth, i64)>,
    /// Only what came after it.
    pub last_hash: Option<String>,
    /// Messages at most.
    pub max_count: Option<i32>,
    /// Bytes at most, negative = fraction.
    pub max_size: Option<i32>,
}

/// Conditions of `ifelse`; all given ones must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// Lower and upper bound of the height.
    pub height: (Option<i32>, Option<i32>),
    /// Lower and upper bound of the hard fork.
    pub hard_fork: (Option<[i32; 2]>, Option<[i32; 2]>),
    /// Lower and upper bound of the version.
    pub version: (Option<[i32; 3]>, Option<[i32; 3]>),
}

/// A parsed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// `info`.
    Info,
    /// `get_swarm`.
    GetSwarm(SwarmId),
    /// `store`.
    Store(Store),
    /// `retrieve`.
    Retrieve(Retrieve),
    /// `delete`.
    Delete {
        /// Proof.
        auth: Auth,
        /// Which.
        messages: Vec<MessageHash>,
        /// 404 when nothing was deleted anywhere.
        required: bool,
    },
    /// `delete_all`.
    DeleteAll {
        /// Proof.
        auth: Auth,
        /// Where.
        scope: Scope,
        /// ms.
        timestamp: i64,
    },
    /// `delete_before`.
    DeleteBefore {
        /// Proof.
        auth: Auth,
        /// Where.
        scope: Scope,
        /// ms.
        before: i64,
    },
    /// `expire`.
    Expire {
        /// Proof.
        auth: Auth,
        /// Which.
        messages: Vec<MessageHash>,
        /// One, or one per message; ms.
        expiries: Vec<i64>,
        /// Only earlier.
        shorten: bool,
        /// Only later.
        extend: bool,
    },
    /// `expire_all`.
    ExpireAll {
        /// Proof.
        auth: Auth,
        /// Where.
        scope: Scope,
        /// ms.
        expiry: i64,
    },
    /// `get_expiries`.
    GetExpiries {
        /// Proof.
        auth: Auth,
        /// Which; not judged, so any text.
        messages: Vec<String>,
        /// ms.
        timestamp: i64,
    },
    /// `revoke_subaccount`, or `unrevoke_subaccount` when `lift`.
    Revoke {
        /// Proof.
        auth: Auth,
        /// Which.
        tokens: Vec<SubaccountToken>,
        /// ms.
        timestamp: i64,
        /// Undo instead.
        lift: bool,
    },
    /// `oxend_request`.
    Oxend {
        /// `get_service_nodes` or `ons_resolve`.
        endpoint: String,
        /// Its parameters.
        params: Value,
    },
    /// `active_nodes_bin` of newer nodes.
    ActiveNodes,
    /// `batch`.
    Batch(Vec<Call>),
    /// `sequence`.
    Sequence(Vec<Call>),
    /// `ifelse`.
    IfElse {
        /// What is asked.
        condition: Condition,
        /// When it holds.
        then: Option<Box<Call>>,
        /// When it does not.
        otherwise: Option<Box<Call>>,
    },
}

type Result<T> = std::result::Result<T, FieldError>;

impl Call {
    /// Reads a method and its parameters. `None`: there is no such method. `binary_list` tells whether `active_nodes_bin`
    /// exists.
    pub fn parse(
        method: &str,
        params: &Map<String, Value>,
        binary_list: bool,
    ) -> Option<Result<Self>> {
        let f = Fields(params);
        Some(match method {
            "info" => Ok(Self::Info),
            "get_swarm" | "get_snodes_for_pubkey" => get_swarm(f),
            "store" => store(f),
            "retrieve" => retrieve(f),
            "delete" => delete(f),
            "delete_all" => delete_all(f),
            "delete_before" => delete_before(f),
            "expire" => expire(f),
            "expire_all" => expire_all(f),
            "get_expiries" => get_expiries(f),
            "revoke_subaccount" => revoke(f),
            "unrevoke_subaccount" => unrevoke(f),
            "oxend_request" => oxend(f),
            "active_nodes_bin" if binary_list => Ok(Self::ActiveNodes),
            "batch" => members(f, binary_list).map(Self::Batch),
            "sequence" => members(f, binary_list).map(Self::Sequence),
            "ifelse" => if_else(f, binary_list),
            _ => return None,
        })
    }

    /// The account the call is about; calls about none have none.
    pub fn account(&self) -> Option<&SwarmId> {
        match self {
            Self::Store(store) => Some(&store.account),
            Self::Retrieve(retrieve) => Some(&retrieve.account),
            Self::Delete { auth, .. }
            | Self::DeleteAll { auth, .. }
            | Self::DeleteBefore { auth, .. }
            | Self::Expire { auth, .. }
            | Self::ExpireAll { auth, .. }
            | Self::GetExpiries { auth, .. }
            | Self::Revoke { auth, .. } => Some(&auth.account),
            _ => None,
        }
    }

    fn is_meta(&self) -> bool {
        matches!(
            self,
            Self::Batch(_) | Self::Sequence(_) | Self::IfElse { .. }
        )
    }
}

/// The strings of authentication, before they are read.
#[derive(Clone, Copy, Default)]
struct Proof<'a> {
    pubkey: Option<&'a str>,
    ed25519: Option<&'a str>,
    signature: Option<&'a str>,
    subaccount: Option<&'a str>,
    subaccount_sig: Option<&'a str>,
}

impl Proof<'_> {
    fn account(&self) -> Result<SwarmId> {
        match fields::account(require("pubkey", self.pubkey)?) {
            Some(account) => Ok(account),
            None => refuse("Pubkey must be 66 hex digits (33 bytes) long"),
        }
    }

    fn read(&self) -> Result<Auth> {
        let account = self.account()?;
        let signature = require("signature", self.signature)?;
        let ed25519 = match self.ed25519 {
            None => None,
            Some(_) if account.prefix != 5 => {
                return refuse("pubkey_ed25519 is only permitted for 05[...] pubkeys");
            }
            Some(text) => Some(match text.len() {
                64 => match hex::decode(text)
                    .ok()
                    .and_then(|bytes| bytes.try_into().ok())
                {
                    Some(key) => key,
                    None => return refuse("invalid pubkey_ed25519: value is not hex"),
                },
                32 => text.as_bytes().try_into().unwrap_or_default(),
                _ => {
                    return refuse(
                        "Invalid pubkey_ed25519: expected 64 hex char or 32 byte pubkey",
                    );
                }
            }),
        };
        let Some(signature) = fields::signature(signature) else {
            return refuse("invalid signature: expected base64 encoded Ed25519 signature");
        };
        Ok(Auth {
            account,
            ed25519,
            signature,
            subaccount: self.read_subaccount()?,
        })
    }

    fn read_subaccount(&self) -> Result<Option<(SubaccountToken, [u8; 64])>> {
        let Some(text) = self.subaccount.filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let Some(signature) = self.subaccount_sig else {
            return refuse("invalid subaccount: subaccount_sig is required when using subaccount");
        };
        let Some(token) = fields::token(text) else {
            return refuse("invalid subaccount: expected base64 or hex-encoded subaccount token");
        };
        let Some(signature) = fields::signature(signature) else {
            return refuse(
                "invalid subaccount signature: expected base64 encoded Ed25519 signature",
            );
        };
        Ok(Some((token, signature)))
    }
}

fn get_swarm(f: Fields<'_>) -> Result<Call> {
    let (other, pubkey) = (f.string("pubKey")?, f.string("pubkey")?);
    match fields::account(one_of_aliases("pubkey", pubkey, "pubKey", other)?) {
        Some(account) => Ok(Call::GetSwarm(account)),
        None => refuse("Pubkey must be 66 hex digits/33 bytes long"),
    }
}

fn store(f: Fields<'_>) -> Result<Call> {
    let data = f.string("data")?;
    let expiry = f.time("expiry")?;
    let namespace = f.namespace("namespace")?.unwrap_or(Namespace(0));
    let other = f.string("pubKey")?;
    let pubkey = f.string("pubkey")?;
    let ed25519 = f.string("pubkey_ed25519")?;
    let sig_timestamp = f.time("sig_timestamp")?;
    let signature = f.string("signature")?;
    let subaccount = f.string("subaccount")?;
    let subaccount_sig = f.string("subaccount_sig")?;
    let timestamp = f.stringified_integer("timestamp")?;
    let ttl = f.stringified_unsigned("ttl")?;

    let timestamp = require("timestamp", timestamp)?;
    at_most_one("expiry", &expiry, "ttl", &ttl)?;
    let expiry = match (expiry, ttl) {
        (Some(expiry), _) => expiry,
        (None, Some(ttl)) => timestamp.saturating_add(i64::try_from(ttl).unwrap_or(i64::MAX)),
        (None, None) => return refuse("Required field 'expiry' or 'ttl' missing"),
    };
    let pubkey = one_of_aliases("pubkey", pubkey, "pubKey", other)?;
    let proof = Proof {
        pubkey: Some(pubkey),
        ed25519,
        signature,
        subaccount,
        subaccount_sig,
    };
    let (account, auth) = if signature.is_some() {
        let auth = proof.read()?;
        (
            auth.account,
            Some((auth, sig_timestamp.unwrap_or(timestamp))),
        )
    } else {
        (proof.account()?, None)
    };
    let data = require("data", data)?;
    let Some(decoded) = fields::lenient_base64(data) else {
        return refuse("Invalid 'data' value: not base64 encoded");
    };
    if data.len() > MAX_DATA / 3 * 4 {
        return refuse(format!(
            "Message body exceeds maximum allowed length of {MAX_DATA} bytes"
        ));
    }
    Ok(Call::Store(Store {
        account,
        data: decoded,
        timestamp,
        expiry,
        namespace,
        auth,
    }))
}

fn retrieve(f: Fields<'_>) -> Result<Call> {
    let last_hash_alias = f.string("lastHash")?;
    let last_hash = f.string("last_hash")?;
    let max_count = f.int("max_count")?;
    let max_size = f.int("max_size")?;
    let namespace = f.namespace("namespace")?;
    let other = f.string("pubKey")?;
    let pubkey = f.string("pubkey")?;
    let ed25519 = f.string("pubkey_ed25519")?;
    let signature = f.string("signature")?;
    let subaccount = f.string("subaccount")?;
    let subaccount_sig = f.string("subaccount_sig")?;
    let timestamp = f.time("timestamp")?;

    let pubkey = one_of_aliases("pubkey", pubkey, "pubKey", other)?;
    let proof = Proof {
        pubkey: Some(pubkey),
        ed25519,
        signature,
        subaccount,
        subaccount_sig,
    };
    let named_private = namespace.is_some_and(|ns| !is_open_to_read(ns));
    let (account, auth) =
        if ed25519.is_some() || signature.is_some() || timestamp.is_some() || named_private {
            let auth = proof.read()?;
            (auth.account, Some((auth, timestamp.unwrap_or(0))))
        } else {
            (proof.account()?, None)
        };
    at_most_one("last_hash", &last_hash, "lastHash", &last_hash_alias)?;
    let last_hash = last_hash
        .or(last_hash_alias)
        .filter(|hash| !hash.is_empty());
    if let Some(hash) = last_hash {
        if hash.len() != 43 {
            return refuse("Invalid last_hash: expected base64 (43 chars)");
        }
        if !fields::is_base64(hash) {
            return refuse("Invalid last_hash: not base64");
        }
    }
    Ok(Call::Retrieve(Retrieve {
        account,
        namespace: namespace.unwrap_or(Namespace(0)),
        auth,
        last_hash: last_hash.map(str::to_owned),
        max_count,
        max_size,
    }))
}

/// Namespaces that anyone may read (10-network 3.3).
pub fn is_open_to_read(namespace: Namespace) -> bool {
    namespace.0 == -10 || namespace.is_public_outbox()
}

fn checked_hashes(messages: Vec<String>) -> Result<Vec<MessageHash>> {
    let mut hashes = Vec::with_capacity(messages.len());
    for text in messages {
        match MessageHash::parse(&text) {
            Some(hash) => hashes.push(hash),
            None => return refuse(format!("invalid message hash: {text}")),
        }
    }
    Ok(hashes)
}

fn some_hashes(messages: Option<Vec<String>>) -> Result<Vec<String>> {
    let messages = require("messages", messages)?;
    if messages.is_empty() {
        return refuse("messages does not contain any message hashes");
    }
    Ok(messages)
}

fn delete(f: Fields<'_>) -> Result<Call> {
    let messages = f.strings("messages")?;
    let (pubkey, ed25519) = (f.string("pubkey")?, f.string("pubkey_ed25519")?);
    let required = f.boolean("required")?.unwrap_or(false);
    let signature = f.string("signature")?;
    let (subaccount, subaccount_sig) = (f.string("subaccount")?, f.string("subaccount_sig")?);
    let auth = Proof {
        pubkey,
        ed25519,
        signature,
        subaccount,
        subaccount_sig,
    }
    .read()?;
    let messages = checked_hashes(some_hashes(messages)?)?;
    Ok(Call::Delete {
        auth,
        messages,
        required,
    })
}

/// Reads the fields that the bulk methods share, in their alphabetical order: `before` and `expiry` stand before
/// `namespace`, `timestamp` at the end.
fn bulk(f: Fields<'_>, time: &str, time_first: bool) -> Result<(Auth, Scope, i64)> {
    let early = if time_first { f.time(time)? } else { None };
    let scope = f.scope("namespace")?.unwrap_or(Scope::One(Namespace(0)));
    let (pubkey, ed25519, signature) = (
        f.string("pubkey")?,
        f.string("pubkey_ed25519")?,
        f.string("signature")?,
    );
    let (subaccount, subaccount_sig) = (f.string("subaccount")?, f.string("subaccount_sig")?);
    let value = if time_first { early } else { f.time(time)? };
    let auth = Proof {
        pubkey,
        ed25519,
        signature,
        subaccount,
        subaccount_sig,
    }
    .read()?;
    Ok((auth, scope, require(time, value)?))
}

fn delete_all(f: Fields<'_>) -> Result<Call> {
    let (auth, scope, timestamp) = bulk(f, "timestamp", false)?;
    Ok(Call::DeleteAll {
        auth,
        scope,
        timestamp,
    })
}

fn delete_before(f: Fields<'_>) -> Result<Call> {
    let (auth, scope, before) = bulk(f, "before", true)?;
    Ok(Call::DeleteBefore {
        auth,
        scope,
        before,
    })
}

fn expire_all(f: Fields<'_>) -> Result<Call> {
    let (auth, scope, expiry) = bulk(f, "expiry", true)?;
    Ok(Call::ExpireAll {
        auth,
        scope,
        expiry,
    })
}

fn expire(f: Fields<'_>) -> Result<Call> {
    let expiries = f.times("expiry")?;
    let extend = f.boolean("extend")?.unwrap_or(false);
    let messages = f.strings("messages")?;
    let (pubkey, ed25519) = (f.string("pubkey")?, f.string("pubkey_ed25519")?);
    let shorten = f.boolean("shorten")?.unwrap_or(false);
    let signature = f.string("signature")?;
    let (subaccount, subaccount_sig) = (f.string("subaccount")?, f.string("subaccount_sig")?);
    let auth = Proof {
        pubkey,
        ed25519,
        signature,
        subaccount,
        subaccount_sig,
    }
    .read()?;
    let expiries = require("expiry", expiries)?;
    if expiries.is_empty() {
        return refuse("'expiry' does not contain any expiration timestamps");
    }
    if shorten && extend {
        return refuse("cannot specify both 'shorten' and 'extend'");
    }
    let messages = some_hashes(messages)?;
    if expiries.len() > 1 && expiries.len() != messages.len() {
        return refuse("'expiry' must be a single expiry, or the same length as 'messages'");
    }
    let messages = checked_hashes(messages)?;
    Ok(Call::Expire {
        auth,
        messages,
        expiries,
        shorten,
        extend,
    })
}

fn get_expiries(f: Fields<'_>) -> Result<Call> {
    let messages = f.strings("messages")?;
    let (pubkey, ed25519, signature) = (
        f.string("pubkey")?,
        f.string("pubkey_ed25519")?,
        f.string("signature")?,
    );
    let (subaccount, subaccount_sig) = (f.string("subaccount")?, f.string("subaccount_sig")?);
    let timestamp = f.time("timestamp")?;
    let auth = Proof {
        pubkey,
        ed25519,
        signature,
        subaccount,
        subaccount_sig,
    }
    .read()?;
    let timestamp = require("timestamp", timestamp)?;
    Ok(Call::GetExpiries {
        auth,
        messages: some_hashes(messages)?,
        timestamp,
    })
}

fn tokens(list: &[String], verb: &str) -> Result<Vec<SubaccountToken>> {
    match list.iter().map(|text| fields::token(text)).collect() {
        Some(tokens) => Ok(tokens),
        None => refuse(format!(
            "invalid {verb}: expected base64 or hex-encoded subaccount tag"
        )),
    }
}

fn revoke(f: Fields<'_>) -> Result<Call> {
    let (pubkey, ed25519) = (f.string("pubkey")?, f.string("pubkey_ed25519")?);
    let list = f.strings("revoke")?;
    let signature = f.string("signature")?;
    let timestamp = f.time("timestamp")?;
    let auth = Proof {
        pubkey,
        ed25519,
        signature,
        ..Proof::default()
    }
    .read()?;
    let list = require("revoke", list)?;
    if list.len() > MAX_REVOKE {
        return refuse(format!(
            "invalid revoke: cannot revoke more than {MAX_REVOKE} subaccounts at once"
        ));
    }
    let tokens = tokens(&list, "revoke")?;
    Ok(Call::Revoke {
        auth,
        tokens,
        timestamp: require("timestamp", timestamp)?,
        lift: false,
    })
}

fn unrevoke(f: Fields<'_>) -> Result<Call> {
    let (pubkey, ed25519, signature) = (
        f.string("pubkey")?,
        f.string("pubkey_ed25519")?,
        f.string("signature")?,
    );
    let timestamp = f.time("timestamp")?;
    let list = f.strings("unrevoke")?;
    let auth = Proof {
        pubkey,
        ed25519,
        signature,
        ..Proof::default()
    }
    .read()?;
    let timestamp = require("timestamp", timestamp)?;
    let tokens = tokens(&require("unrevoke", list)?, "unrevoke")?;
    Ok(Call::Revoke {
        auth,
        tokens,
        timestamp,
        lift: true,
    })
}

fn oxend(f: Fields<'_>) -> Result<Call> {
    let endpoint = require("endpoint", f.string("endpoint")?)?;
    if endpoint != "get_service_nodes" && endpoint != "ons_resolve" {
        return refuse(format!("Invalid oxend endpoint '{endpoint}'"));
    }
    Ok(Call::Oxend {
        endpoint: endpoint.to_owned(),
        params: f.get("params").cloned().unwrap_or(Value::Null),
    })
}

fn members(f: Fields<'_>, binary_list: bool) -> Result<Vec<Call>> {
    let Some(Value::Array(list)) = f
        .get("requests")
        .filter(|v| v.as_array().is_some_and(|list| !list.is_empty()))
    else {
        return refuse("Invalid batch request: no valid \"requests\" field");
    };
    if list.len() > BATCH_LIMIT {
        return refuse("Invalid batch request: subrequest limit exceeded");
    }
    let mut calls = Vec::with_capacity(list.len());
    for member in list {
        let Value::Object(member) = member else {
            return refuse("Invalid batch request: requests must be objects");
        };
        let (Some(Value::String(method)), Some(Value::Object(params))) =
            (member.get("method"), member.get("params"))
        else {
            return refuse("Invalid batch request: subrequests must have method/params keys");
        };
        let Some(call) = Call::parse(method, params, binary_list) else {
            return refuse(format!(
                "Invalid batch subrequest: invalid method \"{method}\""
            ));
        };
        let call = call?;
        if call.is_meta() {
            return refuse("Invalid batch subrequest: subrequests may not contain meta-requests");
        }
        calls.push(call);
    }
    Ok(calls)
}

fn if_else(f: Fields<'_>, binary_list: bool) -> Result<Call> {
    let Some(Value::Object(asked)) = f.0.get("if") else {
        return refuse("Invalid ifelse request: no valid \"if\" field");
    };
    let asked = Fields(asked);
    let (height_low, height_high) = (asked.int("height_at_least")?, asked.int("height_before")?);
    let (fork_low, fork_high) = (asked.ints("hf_at_least")?, asked.ints("hf_before")?);
    let (version_low, version_high) = (asked.ints("v_at_least")?, asked.ints("v_before")?);
    let condition = Condition {
        height: (height_low, height_high),
        hard_fork: (fixed(fork_low), fixed(fork_high)),
        version: (fixed(version_low), fixed(version_high)),
    };
    if condition == Condition::default() {
        return refuse("Invalid ifelse request: must specify at least one \"if\" condition");
    }
    let then = branch(f, "then", binary_list)?;
    let otherwise = branch(f, "else", binary_list)?;
    if then.is_none() && otherwise.is_none() {
        return refuse("Invalid ifelse request: at least one of \"then\"/\"else\" required");
    }
    Ok(Call::IfElse {
        condition,
        then,
        otherwise,
    })
}

/// Missing parts are 0, superfluous ones are ignored, an empty list is absent.
fn fixed<const N: usize>(list: Option<Vec<i32>>) -> Option<[i32; N]> {
    let list = list.filter(|list| !list.is_empty())?;
    Some(std::array::from_fn(|i| list.get(i).copied().unwrap_or(0)))
}

fn branch(f: Fields<'_>, key: &str, binary_list: bool) -> Result<Option<Box<Call>>> {
    let Some(value) = f.0.get(key) else {
        return Ok(None);
    };
    let Value::Object(request) = value else {
        return refuse(format!("Invalid ifelse request: {key} must be an object"));
    };
    let (Some(Value::String(method)), Some(params)) =
        (request.get("method"), request.get("params"))
    else {
        return refuse(format!(
            "Invalid ifelse request: {key} must have method/params keys"
        ));
    };
    let empty = Map::new();
    let params = params.as_object().unwrap_or(&empty);
    match Call::parse(method, params, binary_list) {
        None => refuse(format!("Invalid ifelse request method \"{key}\"")),
        Some(call) => call.map(|call| Some(Box::new(call))),
    }
}
