//! Storage requests as JSON (10-network 3.5 to 3.11).
//!
//! Requests for an account of our own carry the Ed25519 key beside the signature: a node knows only the X25519 key from the
//! Account ID and cannot verify with it.

use super::signed::{self, Scope};
use crate::account::Account;
use crate::encoding;
use crate::id::{AccountId, MessageHash, Namespace};
use crate::time::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// The most requests that a batch or sequence may hold.
pub const MAX_BATCH: usize = 20;

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
    pub fn store_own(
        account: &Account,
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
        Self::signed("store", account, params, &signed)
    }

    /// `retrieve` from a namespace of our own. `max_size` as in 10-network 3.6 (negative = fraction).
    pub fn retrieve(
        account: &Account,
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
        Self::signed("retrieve", account, params, &signed)
    }

    /// `delete` of own messages. At least one hash.
    pub fn delete(account: &Account, hashes: &[MessageHash]) -> Self {
        let params = json!({ "messages": hashes });
        Self::signed("delete", account, params, &signed::delete(hashes))
    }

    /// `delete_all` of own messages. The timestamp is within 60 s of the network's time.
    pub fn delete_all(account: &Account, scope: Scope, timestamp: Timestamp) -> Self {
        let params = json!({ "namespace": scope_value(scope), "timestamp": timestamp });
        Self::signed(
            "delete_all",
            account,
            params,
            &signed::delete_all(scope, timestamp),
        )
    }

    /// `delete_before`: own messages with a timestamp up to and including `before`. One namespace at a time: with all of them
    /// the nodes delete, but answer 500 (10-network 3.7).
    pub fn delete_before(account: &Account, namespace: Namespace, before: Timestamp) -> Self {
        let params = json!({ "namespace": namespace, "before": before });
        let signed = signed::delete_before(Scope::One(namespace), before);
        Self::signed("delete_before", account, params, &signed)
    }

    /// `expire`; `mode` is `""`, `"shorten"` or `"extend"`. At least one hash.
    pub fn expire(
        account: &Account,
        hashes: &[MessageHash],
        expiry: Timestamp,
        mode: ExpireMode,
    ) -> Self {
        let mut params = json!({ "messages": hashes, "expiry": expiry });
        if mode != ExpireMode::Set {
            params[mode.signed_text()] = json!(true);
        }
        let signed = signed::expire(mode.signed_text(), &[expiry], hashes);
        Self::signed("expire", account, params, &signed)
    }

    /// `expire_all`: shortens what expires later than `expiry`.
    pub fn expire_all(account: &Account, scope: Scope, expiry: Timestamp) -> Self {
        let params = json!({ "namespace": scope_value(scope), "expiry": expiry });
        Self::signed(
            "expire_all",
            account,
            params,
            &signed::expire_all(scope, expiry),
        )
    }

    /// `get_expiries`. At least one hash.
    pub fn get_expiries(account: &Account, hashes: &[MessageHash], timestamp: Timestamp) -> Self {
        let params = json!({ "messages": hashes, "timestamp": timestamp });
        Self::signed(
            "get_expiries",
            account,
            params,
            &signed::get_expiries(timestamp, hashes),
        )
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
    fn signed(method: &'static str, account: &Account, params: Value, signed: &str) -> Self {
        let mut params = match params {
            Value::Object(params) => params,
            _ => Map::new(),
        };
        let signature = account.ed25519().sign(signed.as_bytes());
        params.insert("pubkey".to_owned(), json!(hex_of(&account.id())));
        params.insert(
            "pubkey_ed25519".to_owned(),
            json!(account.ed25519_public().to_hex()),
        );
        params.insert("signature".to_owned(), json!(signature.to_base64()));
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
    use crate::account::Seed;
    use crate::keys::Signature;

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
