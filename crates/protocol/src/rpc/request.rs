//! Storage requests as JSON (10-network 3.5 to 3.11).
//!
//! Requests about messages of our own say who asks as an [`Auth`]: a person, a group, or a member that a group let in.

use super::auth::Auth;
use super::ons;
use super::signed::{self, Scope, SubaccountToken};
use crate::encoding;
use crate::id::{AccountId, MessageHash, Namespace, SwarmId};
use crate::time::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// The most requests that a batch or sequence may hold.
pub const MAX_BATCH: usize = 20;

/// The most tokens that one revocation may hold.
pub const MAX_REVOKED: usize = 50;

/// The most bytes that one stored message may have, decoded.
pub const MAX_DATA: usize = 76_800;

/// A method and its parameters, ready to be sent alone or in a batch.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Request {
    /// Method name.
    pub method: &'static str,
    /// Parameters.
    pub params: Value,
}

impl Request {
    /// `{"method":…,"params":…}` as bytes: the payload of an onion request to a node.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("JSON values always serialise")
    }

    /// `info`.
    pub fn info() -> Self {
        Self {
            method: "info",
            params: json!({}),
        }
    }

    /// `get_swarm`.
    pub fn get_swarm(account: &AccountId) -> Self {
        Self {
            method: "get_swarm",
            params: json!({ "pubkey": hex_of(account) }),
        }
    }

    /// `oxend_request` for `get_service_nodes` with the fields of 10-network 1.4 (and `swarm_id`).
    pub fn service_nodes() -> Self {
        let params = json!({
            "endpoint": "get_service_nodes",
            "params": {
                "active_only": true,
                "fields": {
                    "public_ip": true,
                    "storage_port": true,
                    "pubkey_x25519": true,
                    "pubkey_ed25519": true,
                    "swarm_id": true,
                },
            },
        });
        Self {
            method: "oxend_request",
            params,
        }
    }

    /// `oxend_request` for `ons_resolve`: who registered `name`.
    pub fn resolve_name(name: &str) -> Self {
        Self {
            method: "oxend_request",
            params: json!({
                "endpoint": "ons_resolve",
                "params": { "type": 0, "name_hash": ons::name_hash(name) },
            }),
        }
    }

    /// `active_nodes_bin`: the node list in 51-byte records (10-network 1.4). Older nodes do not know it.
    pub fn active_nodes() -> Self {
        Self {
            method: "active_nodes_bin",
            params: json!({}),
        }
    }

    /// `store` into somebody's namespace 0, unsigned. `ttl_ms` between 10 s and 14 d; `data` up to [`MAX_DATA`] bytes.
    pub fn store_public(
        recipient: &AccountId,
        data: &[u8],
        timestamp: Timestamp,
        ttl_ms: u64,
    ) -> Self {
        let params = json!({
            "pubkey": hex_of(recipient),
            "namespace": Namespace::DEFAULT,
            "data": encoding::base64(data),
            "timestamp": timestamp,
            "ttl": ttl_ms,
        });
        Self {
            method: "store",
            params,
        }
    }

    /// `store` into a namespace of our own, signed. `ttl_ms` between 10 s and 30 d (14 d in a public inbox).
    pub fn store_own<'a>(
        auth: impl Into<Auth<'a>>,
        namespace: Namespace,
        data: &[u8],
        timestamp: Timestamp,
        ttl_ms: u64,
    ) -> Self {
        let signed = signed::store(namespace, timestamp);
        let params = json!({
            "namespace": namespace,
            "data": encoding::base64(data),
            "timestamp": timestamp,
            "ttl": ttl_ms,
        });
        Self::signed("store", auth, params, &signed)
    }

    /// `retrieve` from a namespace of our own. `max_size` as in 10-network 3.6 (negative = fraction).
    pub fn retrieve<'a>(
        auth: impl Into<Auth<'a>>,
        namespace: Namespace,
        last_hash: Option<&MessageHash>,
        max_size: i64,
        timestamp: Timestamp,
    ) -> Self {
        let signed = signed::retrieve(namespace, timestamp);
        let mut params =
            json!({ "namespace": namespace, "max_size": max_size, "timestamp": timestamp });
        if let Some(hash) = last_hash {
            params["last_hash"] = json!(hash);
        }
        Self::signed("retrieve", auth, params, &signed)
    }

    /// `retrieve` from a namespace that anyone may read, unsigned (10-network 3.3).
    pub fn retrieve_public(
        owner: &SwarmId,
        namespace: Namespace,
        last_hash: Option<&MessageHash>,
        max_size: i64,
    ) -> Self {
        let mut params =
            json!({ "pubkey": owner.to_hex(), "namespace": namespace, "max_size": max_size });
        if let Some(hash) = last_hash {
            params["last_hash"] = json!(hash);
        }
        Self {
            method: "retrieve",
            params,
        }
    }

    /// `delete` of own messages. At least one hash.
    pub fn delete<'a>(auth: impl Into<Auth<'a>>, hashes: &[MessageHash]) -> Self {
        let params = json!({ "messages": hashes });
        Self::signed("delete", auth, params, signed::delete(hashes))
    }

    /// `delete_all` of own messages. The timestamp is within 60 s of the network's time.
    pub fn delete_all<'a>(auth: impl Into<Auth<'a>>, scope: Scope, timestamp: Timestamp) -> Self {
        let params = json!({ "namespace": scope_value(scope), "timestamp": timestamp });
        Self::signed(
            "delete_all",
            auth,
            params,
            signed::delete_all(scope, timestamp),
        )
    }

    /// `delete_before`: own messages with a timestamp up to and including `before`. One namespace at a time: with all of them
    /// the nodes delete, but answer 500 (10-network 3.7).
    pub fn delete_before<'a>(
        auth: impl Into<Auth<'a>>,
        namespace: Namespace,
        before: Timestamp,
    ) -> Self {
        let params = json!({ "namespace": namespace, "before": before });
        let signed = signed::delete_before(Scope::One(namespace), before);
        Self::signed("delete_before", auth, params, &signed)
    }

    /// `expire`; `mode` is `""`, `"shorten"` or `"extend"`. At least one hash.
    pub fn expire<'a>(
        auth: impl Into<Auth<'a>>,
        hashes: &[MessageHash],
        expiry: Timestamp,
        mode: ExpireMode,
    ) -> Self {
        let mut params = json!({ "messages": hashes, "expiry": expiry });
        if mode != ExpireMode::Set {
            params[mode.signed_text()] = json!(true);
        }
        let signed = signed::expire(mode.signed_text(), &[expiry], hashes);
        Self::signed("expire", auth, params, &signed)
    }

    /// `expire` with a time for each message. Nodes take it from hard fork 19.4 on. At least one message.
    pub fn expire_each<'a>(
        auth: impl Into<Auth<'a>>,
        messages: &[(MessageHash, Timestamp)],
        mode: ExpireMode,
    ) -> Self {
        let (hashes, expiries): (Vec<MessageHash>, Vec<Timestamp>) =
            messages.iter().cloned().unzip();
        let mut params = json!({ "messages": hashes, "expiry": expiries });
        if mode != ExpireMode::Set {
            params[mode.signed_text()] = json!(true);
        }
        let signed = signed::expire(mode.signed_text(), &expiries, &hashes);
        Self::signed("expire", auth, params, signed)
    }

    /// `expire_all`: shortens what expires later than `expiry`.
    pub fn expire_all<'a>(auth: impl Into<Auth<'a>>, scope: Scope, expiry: Timestamp) -> Self {
        let params = json!({ "namespace": scope_value(scope), "expiry": expiry });
        Self::signed(
            "expire_all",
            auth,
            params,
            signed::expire_all(scope, expiry),
        )
    }

    /// `get_expiries`. At least one hash.
    pub fn get_expiries<'a>(
        auth: impl Into<Auth<'a>>,
        hashes: &[MessageHash],
        timestamp: Timestamp,
    ) -> Self {
        let params = json!({ "messages": hashes, "timestamp": timestamp });
        Self::signed(
            "get_expiries",
            auth,
            params,
            signed::get_expiries(timestamp, hashes),
        )
    }

    /// `revoke_subaccount`: shuts out up to [`MAX_REVOKED`] tokens. The owner alone may. Nodes lose it without a word when the
    /// account holds no message at that moment (10-network 3.9).
    pub fn revoke_subaccounts<'a>(
        auth: impl Into<Auth<'a>>,
        tokens: &[SubaccountToken],
        timestamp: Timestamp,
    ) -> Self {
        let params = json!({ "revoke": token_texts(tokens), "timestamp": timestamp });
        let signed = signed::revoke_subaccount(timestamp, tokens);
        Self::signed("revoke_subaccount", auth, params, signed)
    }

    /// `unrevoke_subaccount`: lets tokens in again.
    pub fn unrevoke_subaccounts<'a>(
        auth: impl Into<Auth<'a>>,
        tokens: &[SubaccountToken],
        timestamp: Timestamp,
    ) -> Self {
        let params = json!({ "unrevoke": token_texts(tokens), "timestamp": timestamp });
        let signed = signed::unrevoke_subaccount(timestamp, tokens);
        Self::signed("unrevoke_subaccount", auth, params, signed)
    }

    /// `revoked_subaccounts`, of newer nodes and for groups only (10-network 3.9).
    pub fn revoked_subaccounts<'a>(auth: impl Into<Auth<'a>>, timestamp: Timestamp) -> Self {
        let params = json!({ "timestamp": timestamp });
        let signed = signed::revoked_subaccounts(timestamp);
        Self::signed("revoked_subaccounts", auth, params, signed)
    }

    /// `ifelse`. At least one condition and one branch; a branch may be a batch, a sequence or a further `ifelse`.
    pub fn if_else(
        condition: &Condition,
        then: Option<&Request>,
        otherwise: Option<&Request>,
    ) -> Self {
        let mut params = json!({ "if": condition });
        for (name, branch) in [("then", then), ("else", otherwise)] {
            if let Some(branch) = branch {
                params[name] = json!(branch);
            }
        }
        Self {
            method: "ifelse",
            params,
        }
    }

    /// `batch` of 1 to 20 requests.
    pub fn batch(requests: Vec<Request>) -> Self {
        Self {
            method: "batch",
            params: json!({ "requests": requests }),
        }
    }

    /// `sequence` of 1 to 20 requests.
    pub fn sequence(requests: Vec<Request>) -> Self {
        Self {
            method: "sequence",
            params: json!({ "requests": requests }),
        }
    }

    /// Adds who asks and the signature.
    fn signed<'a>(
        method: &'static str,
        auth: impl Into<Auth<'a>>,
        params: Value,
        signed: impl AsRef<[u8]>,
    ) -> Self {
        let mut params = match params {
            Value::Object(params) => params,
            _ => Map::new(),
        };
        auth.into().sign_into(&mut params, signed.as_ref());
        Self {
            method,
            params: Value::Object(params),
        }
    }
}

fn hex_of(account: &AccountId) -> String {
    account.swarm_id().to_hex()
}

fn scope_value(scope: Scope) -> Value {
    match scope {
        Scope::One(namespace) => json!(namespace),
        Scope::All => json!("all"),
    }
}

fn token_texts(tokens: &[SubaccountToken]) -> Vec<String> {
    tokens.iter().map(|token| encoding::base64(token)).collect()
}

/// What `ifelse` asks of a node; all that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// Hard fork, at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hf_at_least: Option<(u16, u16)>,
    /// Hard fork, before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hf_before: Option<(u16, u16)>,
    /// Storage server version, at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub v_at_least: Option<(u16, u16, u16)>,
    /// Storage server version, before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub v_before: Option<(u16, u16, u16)>,
    /// Block height, at least. Nodes read 32 bits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height_at_least: Option<u32>,
    /// Block height, before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height_before: Option<u32>,
}

/// How `expire` treats the present expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpireMode {
    /// Set.
    Set,
    /// Only to an earlier time.
    Shorten,
    /// Only to a later time.
    Extend,
}

impl ExpireMode {
    /// As it enters the signed string; also the name of the parameter, except for [`Set`](Self::Set).
    pub const fn signed_text(self) -> &'static str {
        match self {
            Self::Set => "",
            Self::Shorten => "shorten",
            Self::Extend => "extend",
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::account::{Account, Seed};
    use crate::keys::Ed25519SecretKey;
    use crate::keys::Signature;
    use crate::rpc::auth::Subaccount;

    const NOW: Timestamp = Timestamp(1_760_000_000_000);

    fn account() -> Account {
        Account::from_seed(Seed::from_bytes([7; 16]))
    }

    fn hash() -> MessageHash {
        MessageHash::parse("9QAogeWwJY/CE19iFAh5hr2vRcMyC92b8njFtInsmxg").unwrap()
    }

    /// Checks who asks and the signature, and gives back the other parameters.
    fn checked(request: Request, signed: &str) -> Value {
        let Value::Object(mut params) = request.params else {
            panic!("params are an object")
        };
        let account = account();
        assert_eq!(params.remove("pubkey").unwrap(), hex_of(&account.id()));
        assert_eq!(
            params.remove("pubkey_ed25519").unwrap(),
            account.ed25519_public().to_hex()
        );
        let signature = params.remove("signature").unwrap();
        let signature = Signature::from_base64(signature.as_str().unwrap()).unwrap();
        account
            .ed25519_public()
            .verify(signed.as_bytes(), &signature)
            .unwrap();
        Value::Object(params)
    }

    #[test]
    fn the_info_request_has_the_published_form() {
        assert_eq!(
            Request::info().to_bytes(),
            br#"{"method":"info","params":{}}"#
        );
    }

    #[test]
    fn a_message_to_somebody_is_stored_unsigned() {
        let recipient = account().id();
        assert_eq!(
            Request::store_public(&recipient, b"hello", NOW, 1_209_600_000).params,
            json!({"pubkey": recipient.swarm_id().to_hex(), "namespace": 0, "data": "aGVsbG8=",
                "timestamp": 1_760_000_000_000u64, "ttl": 1_209_600_000})
        );
    }

    #[test]
    fn requests_for_our_own_account_are_signed_over_the_documented_strings() {
        let (account, now) = (account(), 1_760_000_000_000u64);
        let h = hash();
        let h = h.as_str();
        assert_eq!(
            checked(
                Request::store_own(&account, Namespace(2), b"hello", NOW, 60_000),
                "store21760000000000"
            ),
            json!({"namespace": 2, "data": "aGVsbG8=", "timestamp": now, "ttl": 60_000})
        );
        assert_eq!(
            checked(
                Request::retrieve(&account, Namespace(0), None, -2, NOW),
                "retrieve1760000000000"
            ),
            json!({"namespace": 0, "max_size": -2, "timestamp": now})
        );
        assert_eq!(
            checked(
                Request::retrieve(&account, Namespace(3), Some(&hash()), -8, NOW),
                "retrieve31760000000000"
            ),
            json!({"namespace": 3, "max_size": -8, "timestamp": now, "last_hash": h})
        );
        assert_eq!(
            checked(Request::delete(&account, &[hash()]), &format!("delete{h}")),
            json!({"messages": [h]})
        );
        assert_eq!(
            checked(
                Request::delete_all(&account, Scope::All, NOW),
                "delete_allall1760000000000"
            ),
            json!({"namespace": "all", "timestamp": now})
        );
        assert_eq!(
            checked(
                Request::delete_before(&account, Namespace(0), NOW),
                "delete_before1760000000000"
            ),
            json!({"namespace": 0, "before": now})
        );
        assert_eq!(
            checked(
                Request::expire(&account, &[hash()], NOW, ExpireMode::Extend),
                &format!("expireextend1760000000000{h}")
            ),
            json!({"messages": [h], "expiry": now, "extend": true})
        );
        assert_eq!(
            checked(
                Request::expire(&account, &[hash()], NOW, ExpireMode::Set),
                &format!("expire1760000000000{h}")
            ),
            json!({"messages": [h], "expiry": now})
        );
        assert_eq!(
            checked(
                Request::expire_all(&account, Scope::One(Namespace(5)), NOW),
                "expire_all51760000000000"
            ),
            json!({"namespace": 5, "expiry": now})
        );
        assert_eq!(
            checked(
                Request::get_expiries(&account, &[hash()], NOW),
                &format!("get_expiries1760000000000{h}")
            ),
            json!({"messages": [h], "timestamp": now})
        );
    }

    /// The group of 10-network B.3 and the token of its member.
    const GROUP: &str = "03ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c";
    const TOKEN: &str = "AwMAABOY9ixtGkV8UbpqS189vS9p/KkyFiGNyJl+QWvRfZPK";

    fn token() -> SubaccountToken {
        encoding::from_base64(TOKEN).unwrap().try_into().unwrap()
    }

    #[test]
    fn the_published_request_of_a_subaccount_comes_out() {
        let group = Ed25519SecretKey::from_seed(&[7; 32]);
        let member = Ed25519SecretKey::from_seed(&[8; 32]);
        let auth = Auth::Subaccount(Subaccount {
            owner: Auth::Group(&group).owner(),
            owner_key: None,
            token: token(),
            token_signature: group.sign(&token()),
            signer: &member,
        });
        assert_eq!(
            Request::retrieve(auth, Namespace(11), None, -2, NOW).params,
            json!({"pubkey": GROUP, "namespace": 11, "max_size": -2, "timestamp": 1_760_000_000_000u64,
                "subaccount": TOKEN,
                "subaccount_sig": "JKH952nGu5NUS/mg9spklJG3joTaEideks5lYHm4OtkLabouNoYEYx6qqFjpxqcFQDAZjNJBj1+QVZKKFZf0DA==",
                "signature": "5syr97/inhAePELkfHnUsuQDZXrzVN7bELS0YH5hjJIRac7Yarj9BB9ta5+m1wdze2NJWQ/1kwY5AhiLNQ/vAQ=="})
        );
    }

    #[test]
    fn the_published_revocation_of_a_group_comes_out_and_names_no_second_key() {
        let group = Ed25519SecretKey::from_seed(&[7; 32]);
        let revoked = Request::revoke_subaccounts(Auth::Group(&group), &[token()], NOW);
        assert_eq!(
            revoked.params,
            json!({"pubkey": GROUP, "revoke": [TOKEN], "timestamp": 1_760_000_000_000u64,
                "signature": "yCPtd+P3nkOuuQO2f30Tvkm4wQqyOEUTAVbuUQGVxPtnmdE+RsN9cO4u8WXfIxSU5oBjn9sIcRBKOULQ0uHtCw=="})
        );
        let lifted = Request::unrevoke_subaccounts(Auth::Group(&group), &[token()], NOW);
        assert_eq!(lifted.params["unrevoke"], json!([TOKEN]));
        let listed = Request::revoked_subaccounts(Auth::Group(&group), NOW);
        let signature = Signature::from_base64(listed.params["signature"].as_str().unwrap());
        group
            .public()
            .verify(b"revoked_subaccounts1760000000000", &signature.unwrap())
            .unwrap();
    }

    #[test]
    fn each_message_may_have_an_expiry_of_its_own() {
        let (h, other) = (hash(), Timestamp(1_760_000_000_001));
        let second = MessageHash::parse("7tpR5KJ7lXhN0sFsR3DIC2gPIMEltlM+OmfxQYMXUF0").unwrap();
        let messages = [(h.clone(), NOW), (second.clone(), other)];
        assert_eq!(
            checked(
                Request::expire_each(&account(), &messages, ExpireMode::Shorten),
                &format!("expireshorten1760000000000{other}{h}{second}")
            ),
            json!({"messages": [h, second], "expiry": [NOW, other], "shorten": true})
        );
    }

    #[test]
    fn conditions_and_branches_of_ifelse_have_the_documented_names() {
        let condition = Condition {
            hf_at_least: Some((19, 4)),
            v_before: Some((2, 9, 0)),
            height_at_least: Some(7),
            ..Condition::default()
        };
        let request = Request::if_else(&condition, Some(&Request::info()), None);
        assert_eq!(
            request.params,
            json!({"if": {"hf_at_least": [19, 4], "v_before": [2, 9, 0], "height_at_least": 7},
                "then": {"method": "info", "params": {}}})
        );
    }

    #[test]
    fn a_name_is_asked_for_by_its_hash() {
        assert_eq!(
            Request::resolve_name("alice").params,
            json!({"endpoint": "ons_resolve", "params":
                {"type": 0, "name_hash": "4R2BSXk3LIg7UL2w/62x6vCJi/VP1PvymK8Sb7q72kw="}})
        );
    }

    #[test]
    fn a_batch_holds_its_requests_in_order() {
        let batch = Request::batch(vec![Request::info(), Request::active_nodes()]);
        assert_eq!(
            batch.to_bytes(),
            br#"{"method":"batch","params":{"requests":[{"method":"info","params":{}},{"method":"active_nodes_bin","params":{}}]}}"#
        );
        assert_eq!(Request::sequence(vec![Request::info()]).method, "sequence");
    }
}
