//! Running calls at a node (10-network 3.4 to 3.11, 15-observed-service-node 3 to 7).
//!
//! Nothing here waits. A call that concerns the whole swarm yields a [`Plan`] that names the peers; whoever drives the node
//! applies the call at them with [`Node::apply`] and hands their answers to [`SwarmPlan::finish`].

use super::auth::{self, DELETE, READ, WRITE, verify};
use super::call::{Auth, Call, Condition, Retrieve, Store};
use super::database::{ExpiryRule, Message};
use super::node::Node;
use super::reply::{Body, Reply};
use super::view::{HARD_FORK, VERSION, View};
use onionskin_protocol::encoding;
use onionskin_protocol::hash::message_hash;
use onionskin_protocol::id::{MessageHash, Namespace};
use onionskin_protocol::rpc::signed::{self, Scope};
use onionskin_protocol::time::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Time to live at least, ms.
const TTL_MIN: i64 = 10_000;
/// Time to live at most in public inboxes, ms.
const TTL_MAX_PUBLIC: i64 = 14 * 86_400_000;
/// Time to live at most elsewhere, ms.
pub const TTL_MAX: i64 = 30 * 86_400_000;
/// How far a store's own times may be off, ms.
const STORE_TOLERANCE: i64 = 10_000;
/// How far a signature's time may be off, ms.
const SIGNATURE_TOLERANCE: i64 = 60_000;
/// The same for calls passed on by a peer, where the software allows more, ms.
const FORWARDED_TOLERANCE: i64 = 70_000;
/// Size limit of `retrieve`, bytes of base64 and overhead.
const RETRIEVE_MAX: i64 = 7_800_000;

/// What has to happen until there is an answer.
#[derive(Debug)]
pub enum Plan {
    /// Nothing: this is the answer.
    Done(Reply),
    /// The swarm has to be asked.
    Swarm(SwarmPlan),
    /// The node's software fails at this call after passing it on: peers apply it, the whole request is answered with 500.
    Crash {
        /// What peers apply.
        call: Arc<Call>,
        /// Who.
        peers: Vec<usize>,
    },
    /// Members run side by side.
    Batch(Vec<Plan>),
    /// Members run one after the other, until one is not 2xx.
    Sequence {
        /// The first, already begun.
        first: Box<Plan>,
        /// Those to begin later, with [`Node::start`].
        rest: VecDeque<Call>,
    },
    /// A chosen branch, or none.
    IfElse {
        /// The answer but for `result`.
        head: Map<String, Value>,
        /// The branch.
        branch: Option<Box<Plan>>,
    },
}

/// A call applied here and still to be applied at the peers.
#[derive(Debug)]
pub struct SwarmPlan {
    /// What peers apply.
    pub call: Arc<Call>,
    /// Who.
    pub peers: Vec<usize>,
    answer: Map<String, Value>,
    members: Map<String, Value>,
    required: bool,
}

/// What a peer makes of a call passed on to it.
#[derive(Clone, Debug, PartialEq)]
pub enum PeerAnswer {
    /// Its entry in `swarm`.
    Entry(Value),
    /// A status and a reason.
    Refused(u16, String),
    /// No answer within 5 s.
    Timeout,
}

/// The node software threw.
struct Thrown;

enum Refusal {
    Reply(Reply),
    Thrown,
}

impl From<Reply> for Refusal {
    fn from(reply: Reply) -> Self {
        Self::Reply(reply)
    }
}
impl From<Thrown> for Refusal {
    fn from(_: Thrown) -> Self {
        Self::Thrown
    }
}
impl From<rusqlite::Error> for Refusal {
    fn from(_: rusqlite::Error) -> Self {
        Self::Thrown
    }
}

impl SwarmPlan {
    /// The answer, once every peer was asked. The status is 200 even when all failed: a defect of the software, kept.
    pub fn finish(mut self, peers: Vec<(String, PeerAnswer)>) -> Reply {
        for (key, answer) in peers {
            let entry = match answer {
                PeerAnswer::Entry(value) => bencoded_form(value),
                PeerAnswer::Refused(code, reason) => {
                    json!({ "failed": true, "code": code.to_string(), "reason": reason })
                }
                PeerAnswer::Timeout => json!({ "failed": true, "timeout": true }),
            };
            self.members.insert(key, entry);
        }
        let nothing_deleted = self.members.values().all(|entry| {
            entry
                .get("deleted")
                .is_none_or(|list| list.as_array().is_none_or(Vec::is_empty))
        });
        self.answer
            .insert("swarm".to_owned(), Value::Object(self.members));
        let mut reply = Reply::ok(self.answer);
        if self.required && nothing_deleted {
            reply.status = 404;
        }
        reply
    }
}

/// Peers answer in bencoding, which has no booleans: they arrive as 1 and 0.
fn bencoded_form(value: Value) -> Value {
    match value {
        Value::Bool(flag) => u8::from(flag).into(),
        Value::Array(list) => list.into_iter().map(bencoded_form).collect(),
        Value::Object(map) => map
            .into_iter()
            .map(|(k, v)| (k, bencoded_form(v)))
            .collect(),
        other => other,
    }
}

/// Reads the body of a request: method and parameters, or the refusal.
pub fn read_request(body: &[u8], binary_list: bool) -> Result<Call, Reply> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let Ok(request) = serde_json::from_slice::<Value>(body) else {
        return Err(Reply::bad("invalid json"));
    };
    let Some(Value::String(method)) = request.get("method") else {
        return Err(Reply::bad("invalid json: no `method` field"));
    };
    let Some(Value::Object(params)) = request.get("params") else {
        return Err(Reply::bad("invalid json: no `params` field"));
    };
    match Call::parse(method, params, binary_list) {
        None => Err(Reply::bad(format!("no method {method}"))),
        Some(Err(refusal)) => Err(Reply::bad(format!("invalid request: {refusal}"))),
        Some(Ok(call)) => Ok(call),
    }
}

impl Node {
    /// Begins a storage request. `now` is this node's clock.
    pub fn rpc(&mut self, view: &View, now: Timestamp, body: &[u8]) -> Plan {
        match read_request(body, view.binary_list) {
            Ok(call) => self.start(view, now, call),
            Err(reply) => Plan::Done(reply),
        }
    }

    /// Begins a parsed call.
    pub fn start(&mut self, view: &View, now: Timestamp, call: Call) -> Plan {
        self.purge_until(now);
        match call {
            Call::Batch(calls) => {
                let mut plans = Vec::with_capacity(calls.len());
                for call in calls {
                    plans.push(self.start(view, now, call));
                    if matches!(plans.last(), Some(Plan::Crash { .. })) {
                        break;
                    }
                }
                Plan::Batch(plans)
            }
            Call::Sequence(calls) => {
                let mut rest = VecDeque::from(calls);
                match rest.pop_front() {
                    Some(first) => Plan::Sequence {
                        first: Box::new(self.start(view, now, first)),
                        rest,
                    },
                    None => Plan::Done(Reply::failed()),
                }
            }
            Call::IfElse {
                condition,
                then,
                otherwise,
            } => self.if_else(view, now, condition, then, otherwise),
            call => self.single(view, now, call),
        }
    }

    fn if_else(
        &mut self,
        view: &View,
        now: Timestamp,
        condition: Condition,
        then: Option<Box<Call>>,
        otherwise: Option<Box<Call>>,
    ) -> Plan {
        let height = view.height(now);
        let holds = condition_holds(&condition, height);
        let mut head = Map::new();
        head.insert("condition".to_owned(), holds.into());
        head.insert("height".to_owned(), height.into());
        head.insert("hf".to_owned(), json!(HARD_FORK));
        head.insert("v".to_owned(), json!(VERSION));
        let branch = if holds { then } else { otherwise };
        Plan::IfElse {
            head,
            branch: branch.map(|call| Box::new(self.start(view, now, *call))),
        }
    }

    fn single(&mut self, view: &View, now: Timestamp, call: Call) -> Plan {
        if let Some(reply) = self.wrong_swarm(view, now, &call) {
            return Plan::Done(reply);
        }
        let reply = match &call {
            Call::Info => info(now),
            Call::GetSwarm(account) => {
                let body = if self.lies {
                    view.swarm_json_of(
                        view.nodes()[self.index].swarm.unwrap_or_default(),
                        &[self.index],
                    )
                } else {
                    view.swarm_json(account)
                };
                Reply::ok(with_time(body, now))
            }
            Call::Retrieve(retrieve) => match self.retrieve(now, retrieve) {
                Ok(reply) | Err(Refusal::Reply(reply)) => reply,
                Err(Refusal::Thrown) => Reply::failed(),
            },
            Call::GetExpiries {
                auth,
                messages,
                timestamp,
            } => match self.get_expiries(now, auth, messages, *timestamp) {
                Ok(reply) | Err(Refusal::Reply(reply)) => reply,
                Err(Refusal::Thrown) => Reply::failed(),
            },
            Call::Oxend { endpoint, params } => self.oxend(view, now, endpoint, params),
            Call::ActiveNodes => Reply {
                status: 200,
                body: Body::Binary(view.binary()),
            },
            _ => return self.recursive(view, now, call),
        };
        Plan::Done(reply)
    }

    fn wrong_swarm(&self, view: &View, now: Timestamp, call: &Call) -> Option<Reply> {
        let account = call.account()?;
        if view.is_responsible(self.index, account) {
            return None;
        }
        let body = with_time(view.swarm_json(account), now);
        Some(Reply {
            status: 421,
            body: Body::Json(Value::Object(body)),
        })
    }

    /// Applies a recursive call here and plans it for the peers.
    fn recursive(&mut self, view: &View, now: Timestamp, call: Call) -> Plan {
        let swarm = view.nodes().get(self.index).and_then(|node| node.swarm);
        let mut peers = swarm
            .map(|id| view.members(id).to_vec())
            .unwrap_or_default();
        peers.retain(|&peer| peer != self.index);
        let required = matches!(call, Call::Delete { required: true, .. });
        match self.change(now, &call, true) {
            Err(Refusal::Reply(reply)) => Plan::Done(reply),
            Err(Refusal::Thrown) => Plan::Crash {
                call: Arc::new(call),
                peers,
            },
            Ok(mut mine) => {
                let mut answer = with_time(Map::new(), now);
                if matches!(call, Call::Store(_)) {
                    if let Some(hash) = mine.get("hash") {
                        answer.insert("hash".to_owned(), hash.clone());
                    }
                    mine.insert("t".to_owned(), now.as_millis().into());
                }
                let mut members = Map::new();
                members.insert(self.ed25519().to_hex(), Value::Object(mine));
                Plan::Swarm(SwarmPlan {
                    call: Arc::new(call),
                    peers,
                    answer,
                    members,
                    required,
                })
            }
        }
    }

    /// Applies a call that a peer passed on. `now` is this node's clock.
    pub fn apply(&mut self, view: &View, now: Timestamp, call: &Call) -> PeerAnswer {
        self.purge_until(now);
        if let Some(reply) = self.wrong_swarm(view, now, call) {
            return refused(reply);
        }
        match self.change(now, call, false) {
            Ok(entry) => PeerAnswer::Entry(Value::Object(entry)),
            Err(Refusal::Reply(reply)) => refused(reply),
            Err(Refusal::Thrown) => refused(Reply::failed()),
        }
    }

    /// The change a recursive call makes at this node and its entry in `swarm`. `direct` is false for forwarded copies.
    fn change(
        &mut self,
        now: Timestamp,
        call: &Call,
        direct: bool,
    ) -> Result<Map<String, Value>, Refusal> {
        let clock = millis(now);
        let tolerance = if direct {
            SIGNATURE_TOLERANCE
        } else {
            FORWARDED_TOLERANCE
        };
        match call {
            Call::Store(store) => self.store(clock, store),
            Call::Delete { auth, messages, .. } => {
                let message = signed::delete(messages);
                self.check(
                    auth,
                    DELETE,
                    message.as_bytes(),
                    "delete_msgs signature verification failed",
                )?;
                let deleted = self.database.delete(&auth.account, messages)?;
                let signature =
                    self.sign(signed::node_delete(&auth.account, messages, &deleted).as_bytes());
                Ok(entry([
                    ("deleted", json!(deleted)),
                    ("signature", signature),
                ]))
            }
            Call::DeleteAll {
                auth,
                scope,
                timestamp,
            } => {
                near(clock, *timestamp, tolerance, "delete_all")?;
                let message = signed::delete_all(*scope, stamp(*timestamp));
                self.check(
                    auth,
                    DELETE,
                    message.as_bytes(),
                    "delete_all signature verification failed",
                )?;
                if self.refuses_deletes {
                    let refusal = "delete_all signature verification failed";
                    return Err(Reply::text(401, refusal).into());
                }
                if self.fakes_deletes {
                    return Ok(self.bulk_entry("deleted", "something else", *scope, Vec::new()));
                }
                let deleted = self.database.delete_matching(&auth.account, *scope, None)?;
                let signed =
                    signed::node_delete_all(&auth.account, stamp(*timestamp), &hashes_of(&deleted));
                Ok(self.bulk_entry("deleted", &signed, *scope, deleted))
            }
            Call::DeleteBefore {
                auth,
                scope,
                before,
            } => {
                if *before > clock.saturating_add(SIGNATURE_TOLERANCE) {
                    return Err(
                        Reply::text(401, "delete_before timestamp too far in the future").into(),
                    );
                }
                let message = signed::delete_before(*scope, stamp(*before));
                self.check(
                    auth,
                    DELETE,
                    message.as_bytes(),
                    "delete_before signature verification failed",
                )?;
                let deleted =
                    self.database
                        .delete_matching(&auth.account, *scope, Some(*before))?;
                if *scope == Scope::All && !deleted.is_empty() {
                    // The software reads two columns where its query gives one, after the rows are gone.
                    return Err(Thrown.into());
                }
                let signed =
                    signed::node_delete_before(&auth.account, stamp(*before), &hashes_of(&deleted));
                Ok(self.bulk_entry("deleted", &signed, *scope, deleted))
            }
            Call::ExpireAll {
                auth,
                scope,
                expiry,
            } => {
                if *expiry < clock - tolerance {
                    return Err(
                        Reply::text(406, "expire_all timestamp should be >= current time").into(),
                    );
                }
                let message = signed::expire_all(*scope, stamp(*expiry));
                self.check(
                    auth,
                    DELETE,
                    message.as_bytes(),
                    "expire_all signature verification failed",
                )?;
                let updated = self
                    .database
                    .expire_matching(&auth.account, *scope, *expiry)?;
                let signed =
                    signed::node_expire_all(&auth.account, stamp(*expiry), &hashes_of(&updated));
                Ok(self.bulk_entry("updated", &signed, *scope, updated))
            }
            Call::Expire {
                auth,
                messages,
                expiries,
                shorten,
                extend,
            } => self.expire(clock, auth, messages, expiries, *shorten, *extend),
            Call::Revoke {
                auth,
                tokens,
                timestamp,
                lift,
            } => {
                let name = if *lift {
                    "unrevoke_subaccount"
                } else {
                    "revoke_subaccount"
                };
                near(clock, *timestamp, SIGNATURE_TOLERANCE, name)?;
                let time = stamp(*timestamp);
                let message = match lift {
                    true => signed::unrevoke_subaccount(time, tokens),
                    false => signed::revoke_subaccount(time, tokens),
                };
                self.check(
                    auth,
                    0,
                    &message,
                    &format!("{name} signature verification failed"),
                )?;
                let mut answer = Map::new();
                if *lift {
                    answer.insert(
                        "count".to_owned(),
                        self.database.unrevoke(&auth.account, tokens)?.into(),
                    );
                } else {
                    self.database.revoke(&auth.account, tokens, clock)?;
                }
                let signature = self.sign(&signed::node_revoke(&auth.account, time, tokens));
                answer.insert("signature".to_owned(), signature);
                Ok(answer)
            }
            _ => Err(Thrown.into()),
        }
    }

    fn store(&mut self, clock: i64, store: &Store) -> Result<Map<String, Value>, Refusal> {
        if self.refuses_stores {
            return Err(Reply::text(404, "no such account").into());
        }
        let public = store.namespace.is_public_inbox();
        let ttl = store.expiry.saturating_sub(store.timestamp);
        if ttl < TTL_MIN || ttl > if public { TTL_MAX_PUBLIC } else { TTL_MAX } {
            return Err(Reply::text(403, "Provided expiry/TTL is not valid.").into());
        }
        if store.timestamp > clock + STORE_TOLERANCE || store.expiry < clock - STORE_TOLERANCE {
            return Err(Reply::text(406, "Timestamp error: check your clock").into());
        }
        if !public {
            let Some((auth, time)) = &store.auth else {
                let text = format!(
                    "store: signature required to store to namespace {}",
                    store.namespace.0
                );
                return Err(Reply::text(401, text).into());
            };
            near_text(
                clock,
                *time,
                SIGNATURE_TOLERANCE,
                "store signature timestamp too far from current time",
            )?;
            let needed = if store.namespace.is_public_outbox() {
                WRITE | DELETE
            } else {
                WRITE
            };
            let message = signed::store(store.namespace, stamp(*time));
            self.check(
                auth,
                needed,
                message.as_bytes(),
                "store signature verification failed",
            )?;
        }
        let hash = message_hash(&store.account, store.namespace, &store.data);
        let signed = signed::node_store(&hash);
        let message = Message {
            hash: hash.as_str().to_owned(),
            namespace: store.namespace,
            timestamp: store.timestamp,
            expiry: store.expiry,
            data: store.data.clone(),
        };
        if self.lies || self.drops_stores {
            let signature = if self.lies {
                self.sign(b"something else")
            } else {
                self.sign(signed.as_bytes())
            };
            return Ok(entry([
                ("expiry", store.expiry.into()),
                ("hash", json!(hash)),
                ("signature", signature),
            ]));
        }
        match self.database.store(&store.account, &message) {
            Ok(stored) => {
                let signature = self.sign(signed.as_bytes());
                let mut mine = entry([
                    ("expiry", stored.expiry.into()),
                    ("hash", json!(hash)),
                    ("signature", signature),
                ]);
                if !stored.new {
                    mine.insert("already".to_owned(), true.into());
                }
                Ok(mine)
            }
            Err(error) => Ok(entry([
                ("failed", true.into()),
                ("query_failure", true.into()),
                ("reason", error.to_string().into()),
            ])),
        }
    }

    fn expire(
        &mut self,
        clock: i64,
        auth: &Auth,
        messages: &[MessageHash],
        expiries: &[i64],
        shorten: bool,
        extend: bool,
    ) -> Result<Map<String, Value>, Refusal> {
        if expiries
            .iter()
            .any(|&expiry| expiry < clock - SIGNATURE_TOLERANCE)
        {
            return Err(Reply::text(401, "expire: timestamp should be >= current time").into());
        }
        let capped: Vec<i64> = expiries
            .iter()
            .map(|&expiry| expiry.min(clock + TTL_MAX))
            .collect();
        let mode = match (shorten, extend) {
            (true, _) => "shorten",
            (_, true) => "extend",
            _ => "",
        };
        let message = signed::expire(mode, &stamps(expiries), messages);
        self.check(
            auth,
            WRITE,
            message.as_bytes(),
            "expire: signature verification failed",
        )?;
        let may_delete = auth
            .subaccount
            .as_ref()
            .is_none_or(|(token, _)| auth::has_access(token, DELETE));
        if shorten && !may_delete {
            let text = "expire: shorten parameter cannot be used with this subaccount token (missing delete access)";
            return Err(Reply::bad(text).into());
        }
        let rule = match (shorten, extend || !may_delete) {
            (true, _) => ExpiryRule::Shorten,
            (_, true) => ExpiryRule::Extend,
            _ => ExpiryRule::Any,
        };
        let updated = self
            .database
            .expire(&auth.account, messages, &capped, rule)?;
        let mut unchanged = BTreeMap::new();
        if shorten || extend {
            let others: Vec<MessageHash> = messages
                .iter()
                .filter(|hash| !updated.iter().any(|(done, _)| done == *hash))
                .cloned()
                .collect();
            unchanged = self.database.expiries(&auth.account, &others)?;
        }
        let hashes: Vec<MessageHash> = updated.iter().map(|(hash, _)| hash.clone()).collect();
        let told: Vec<i64> = if expiries.len() > 1 {
            updated.iter().map(|(_, expiry)| *expiry).collect()
        } else {
            capped
        };
        let left = unchanged
            .iter()
            .map(|(hash, expiry)| (hash.clone(), stamp(*expiry)))
            .collect();
        let signed = signed::node_expire(&auth.account, &stamps(&told), messages, &hashes, &left);
        let expiry = match told.first() {
            Some(single) if expiries.len() == 1 => json!(single),
            _ => json!(told),
        };
        let mut mine = entry([
            ("expiry", expiry),
            ("signature", self.sign(signed.as_bytes())),
            ("updated", json!(hashes)),
        ]);
        if shorten || extend {
            mine.insert("unchanged".to_owned(), json!(unchanged));
        }
        Ok(mine)
    }

    fn retrieve(&mut self, now: Timestamp, call: &Retrieve) -> Result<Reply, Refusal> {
        match &call.auth {
            None if !super::call::is_open_to_read(call.namespace) => {
                return Err(Reply::text(401, "retrieve: request signature required").into());
            }
            None => {}
            Some((auth, time)) => {
                near(millis(now), *time, SIGNATURE_TOLERANCE, "retrieve")?;
                let message = signed::retrieve(call.namespace, stamp(*time));
                let even_revoked = is_readable_when_revoked(call.namespace);
                if !verify(&self.database, auth, READ, even_revoked, message.as_bytes()) {
                    return Err(Reply::text(401, "retrieve signature verification failed").into());
                }
            }
        }
        let (count, size) = (
            call.max_count.filter(|&n| n != 0),
            call.max_size.filter(|&n| n != 0).map(i64::from),
        );
        let size = match (count, size) {
            (None, None) => RETRIEVE_MAX / 5,
            (_, Some(fraction)) if fraction < 0 => RETRIEVE_MAX / -fraction,
            (_, Some(size)) => size.min(RETRIEVE_MAX),
            (Some(_), None) => RETRIEVE_MAX,
        };
        // A negative count becomes a huge one, except that -1 plus one is a limit of no rows at all.
        let last_hash = call.last_hash.as_deref().filter(|_| !self.replays);
        let (messages, more) = if count == Some(-1) || self.lies {
            (Vec::new(), false)
        } else {
            self.database.retrieve(
                &call.account,
                call.namespace,
                last_hash,
                count.and_then(|n| usize::try_from(n).ok()),
                usize::try_from(size).ok(),
            )?
        };
        let messages: Vec<Value> = messages
            .into_iter()
            .flat_map(|message| {
                let forged = self.forges.then(|| forged(&message));
                forged.into_iter().chain([message])
            })
            .map(|message| {
                // The software's base64 of nothing is a lone padding character.
                let data = if message.data.is_empty() {
                    "=".to_owned()
                } else {
                    encoding::base64(&message.data)
                };
                json!({
                    "data": data,
                    "expiration": message.expiry,
                    "hash": message.hash,
                    "timestamp": message.timestamp,
                })
            })
            .collect();
        Ok(Reply::ok(with_time(
            entry([("messages", messages.into()), ("more", more.into())]),
            now,
        )))
    }

    fn get_expiries(
        &mut self,
        now: Timestamp,
        auth: &Auth,
        messages: &[String],
        timestamp: i64,
    ) -> Result<Reply, Refusal> {
        near(millis(now), timestamp, SIGNATURE_TOLERANCE, "get_expiries")?;
        // Hashes are not judged here, so what is signed may be any text.
        let message = format!(
            "{}{}",
            signed::get_expiries(stamp(timestamp), &[]),
            messages.concat()
        );
        self.check(
            auth,
            READ,
            message.as_bytes(),
            "get_expiries signature verification failed",
        )?;
        let hashes: Vec<MessageHash> = messages
            .iter()
            .filter_map(|text| MessageHash::parse(text))
            .collect();
        let expiries = self.database.expiries(&auth.account, &hashes)?;
        Ok(Reply::ok(entry([("expiries", json!(expiries))])))
    }

    fn oxend(&self, view: &View, now: Timestamp, endpoint: &str, params: &Value) -> Reply {
        let result = match endpoint {
            "get_service_nodes" if self.lies => view.service_nodes_of(&[self.index], now, params),
            "get_service_nodes" => view.service_nodes(now, params),
            _ => match view.resolve_name(params) {
                Ok(result) => result,
                Err(text) => return Reply::bad(text),
            },
        };
        Reply::ok(with_time(entry([("result", result)]), now))
    }

    fn check(&self, auth: &Auth, needed: u8, message: &[u8], refusal: &str) -> Result<(), Reply> {
        if verify(&self.database, auth, needed, false, message) {
            Ok(())
        } else {
            Err(Reply::text(401, refusal))
        }
    }

    /// Base64 of this node's signature.
    fn sign(&self, message: &[u8]) -> Value {
        self.secret.sign(message).to_base64().into()
    }

    /// An entry of the bulk methods: a list for one namespace, an object by namespace for all.
    fn bulk_entry(
        &self,
        name: &str,
        signed: &str,
        scope: Scope,
        touched: Vec<(Namespace, MessageHash)>,
    ) -> Map<String, Value> {
        let list = if scope == Scope::All {
            let mut by_namespace: BTreeMap<String, Vec<MessageHash>> = BTreeMap::new();
            for (namespace, hash) in touched {
                by_namespace
                    .entry(namespace.0.to_string())
                    .or_default()
                    .push(hash);
            }
            json!(by_namespace)
        } else {
            json!(hashes_of(&touched))
        };
        entry([(name, list), ("signature", self.sign(signed.as_bytes()))])
    }
}

fn hashes_of(touched: &[(Namespace, MessageHash)]) -> Vec<MessageHash> {
    touched.iter().map(|(_, hash)| hash.clone()).collect()
}

fn refused(reply: Reply) -> PeerAnswer {
    let status = reply.status;
    PeerAnswer::Refused(
        status,
        String::from_utf8_lossy(&reply.into_bytes().0).into_owned(),
    )
}

fn condition_holds(condition: &Condition, height: u64) -> bool {
    fn between<T: PartialOrd>(value: T, low: &Option<T>, high: &Option<T>) -> bool {
        low.as_ref().is_none_or(|low| value >= *low)
            && high.as_ref().is_none_or(|high| value < *high)
    }
    // The software compares 32-bit integers.
    between(height as i32, &condition.height.0, &condition.height.1)
        && between(
            HARD_FORK.map(i32::from),
            &condition.hard_fork.0,
            &condition.hard_fork.1,
        )
        && between(
            VERSION.map(i32::from),
            &condition.version.0,
            &condition.version.1,
        )
}

fn info(now: Timestamp) -> Reply {
    Reply::ok(with_time(
        entry([
            ("timestamp", now.as_millis().into()),
            ("version", json!(VERSION)),
        ]),
        now,
    ))
}

fn entry<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// The same message with another byte in the middle: nothing that anybody signed.
fn forged(message: &Message) -> Message {
    let mut forged = message.clone();
    let middle = forged.data.len() / 2;
    match forged.data.get_mut(middle) {
        Some(byte) => *byte ^= 1,
        None => forged.data.push(1),
    }
    forged
}

fn with_time(mut body: Map<String, Value>, now: Timestamp) -> Map<String, Value> {
    body.insert("hf".to_owned(), json!(HARD_FORK));
    body.insert("t".to_owned(), now.as_millis().into());
    body
}

fn millis(time: Timestamp) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX / 2)
}

/// Times that reach a signed text have passed a check against the clock, so they are not negative.
fn stamp(ms: i64) -> Timestamp {
    Timestamp(u64::try_from(ms).unwrap_or_default())
}

fn stamps(times: &[i64]) -> Vec<Timestamp> {
    times.iter().copied().map(stamp).collect()
}

fn near(clock: i64, time: i64, tolerance: i64, method: &str) -> Result<(), Reply> {
    near_text(
        clock,
        time,
        tolerance,
        &format!("{method} timestamp too far from current time"),
    )
}

fn near_text(clock: i64, time: i64, tolerance: i64, text: &str) -> Result<(), Reply> {
    if time < clock - tolerance || time > clock + tolerance {
        Err(Reply::text(406, text))
    } else {
        Ok(())
    }
}

/// A revoked subaccount may still read here (10-network 3.3).
fn is_readable_when_revoked(namespace: Namespace) -> bool {
    let n = i32::from(namespace.0);
    n < 0 && -n % 100 == 11
}
