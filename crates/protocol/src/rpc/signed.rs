//! The strings that clients and nodes sign (10-network 3.5 to 3.9). Used by both sides.
//!
//! Everything is decimal or base64 text joined without separators, except the subaccount tokens, which enter as raw bytes.
//! The functions named `node_…` give what a node signs in its answer; `PK` is the account with its prefix in hex.

use crate::id::{MessageHash, Namespace, SwarmId};
use crate::sorted::{SortedMap, sort};
use crate::time::Timestamp;

/// A subaccount token: `prefix ‖ flags ‖ 00 00 ‖ 32-byte Ed25519 key` (10-network 3.2).
pub type SubaccountToken = [u8; 36];

/// Which messages `delete_all`, `delete_before` and `expire_all` touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One namespace.
    One(Namespace),
    /// Every namespace of the account.
    All,
}

impl Scope {
    /// As it enters signed strings: `all`, or the namespace in decimal, empty for 0.
    pub fn signed_text(self) -> String {
        match self {
            Self::One(namespace) => namespace.signed_text(),
            Self::All => "all".to_owned(),
        }
    }
}

/// `store` ‖ ns ‖ timestamp.
pub fn store(namespace: Namespace, timestamp: Timestamp) -> String {
    format!("store{}{timestamp}", namespace.signed_text())
}

/// `retrieve` ‖ ns ‖ timestamp.
pub fn retrieve(namespace: Namespace, timestamp: Timestamp) -> String {
    format!("retrieve{}{timestamp}", namespace.signed_text())
}

/// `delete` ‖ hashes.
pub fn delete(hashes: &[MessageHash]) -> String {
    format!("delete{}", joined(hashes))
}

/// `delete_all` ‖ ns ‖ timestamp.
pub fn delete_all(scope: Scope, timestamp: Timestamp) -> String {
    format!("delete_all{}{timestamp}", scope.signed_text())
}

/// `delete_before` ‖ ns ‖ before.
pub fn delete_before(scope: Scope, before: Timestamp) -> String {
    format!("delete_before{}{before}", scope.signed_text())
}

/// `expire` ‖ mode ‖ expiries ‖ hashes. `mode` is `""`, `"shorten"` or `"extend"`.
pub fn expire(mode: &str, expiries: &[Timestamp], hashes: &[MessageHash]) -> String {
    format!("expire{mode}{}{}", times(expiries), joined(hashes))
}

/// `expire_all` ‖ ns ‖ expiry.
pub fn expire_all(scope: Scope, expiry: Timestamp) -> String {
    format!("expire_all{}{expiry}", scope.signed_text())
}

/// `get_expiries` ‖ timestamp ‖ hashes.
pub fn get_expiries(timestamp: Timestamp, hashes: &[MessageHash]) -> String {
    format!("get_expiries{timestamp}{}", joined(hashes))
}

/// `revoke_subaccount` ‖ timestamp ‖ raw tokens.
pub fn revoke_subaccount(timestamp: Timestamp, tokens: &[SubaccountToken]) -> Vec<u8> {
    with_tokens(format!("revoke_subaccount{timestamp}"), tokens)
}

/// `unrevoke_subaccount` ‖ timestamp ‖ raw tokens.
pub fn unrevoke_subaccount(timestamp: Timestamp, tokens: &[SubaccountToken]) -> Vec<u8> {
    with_tokens(format!("unrevoke_subaccount{timestamp}"), tokens)
}

/// `revoked_subaccounts` ‖ timestamp.
pub fn revoked_subaccounts(timestamp: Timestamp) -> String {
    format!("revoked_subaccounts{timestamp}")
}

/// A node's answer to `store`: the hash.
pub fn node_store(hash: &MessageHash) -> String {
    hash.as_str().to_owned()
}

/// A node's answer to `delete`: PK ‖ requested hashes (request order) ‖ deleted hashes (sorted).
pub fn node_delete(
    account: &SwarmId,
    requested: &[MessageHash],
    deleted: &[MessageHash],
) -> String {
    format!(
        "{}{}{}",
        account.to_hex(),
        joined(requested),
        sorted(deleted)
    )
}

/// A node's answer to `delete_all`: PK ‖ timestamp ‖ deleted (sorted over all namespaces).
pub fn node_delete_all(account: &SwarmId, timestamp: Timestamp, deleted: &[MessageHash]) -> String {
    format!("{}{timestamp}{}", account.to_hex(), sorted(deleted))
}

/// A node's answer to `delete_before`: PK ‖ before ‖ deleted (sorted).
pub fn node_delete_before(account: &SwarmId, before: Timestamp, deleted: &[MessageHash]) -> String {
    format!("{}{before}{}", account.to_hex(), sorted(deleted))
}

/// A node's answer to `expire`: PK ‖ expiry ‖ requested hashes ‖ updated (sorted) ‖ (hash ‖ expiry) of each unchanged.
///
/// `expiries` is the one capped value, or, when several were asked for, those of `updated` in the order of the sorted hashes.
pub fn node_expire(
    account: &SwarmId,
    expiries: &[Timestamp],
    requested: &[MessageHash],
    updated: &[MessageHash],
    unchanged: &SortedMap<MessageHash, Timestamp>,
) -> String {
    let mut text = format!(
        "{}{}{}{}",
        account.to_hex(),
        times(expiries),
        joined(requested),
        sorted(updated)
    );
    for (hash, expiry) in unchanged {
        text.push_str(hash.as_str());
        text.push_str(&expiry.to_string());
    }
    text
}

/// A node's answer to `expire_all`: PK ‖ expiry ‖ updated (sorted).
pub fn node_expire_all(account: &SwarmId, expiry: Timestamp, updated: &[MessageHash]) -> String {
    format!("{}{expiry}{}", account.to_hex(), sorted(updated))
}

/// A node's answer to `revoke_subaccount` and `unrevoke_subaccount`: PK ‖ timestamp ‖ raw tokens.
pub fn node_revoke(account: &SwarmId, timestamp: Timestamp, tokens: &[SubaccountToken]) -> Vec<u8> {
    with_tokens(format!("{}{timestamp}", account.to_hex()), tokens)
}

fn joined(hashes: &[MessageHash]) -> String {
    hashes.iter().map(MessageHash::as_str).collect()
}

/// In ASCII order, whatever the order of the list.
fn sorted(hashes: &[MessageHash]) -> String {
    let mut hashes: Vec<_> = hashes.iter().map(MessageHash::as_str).collect();
    sort(&mut hashes);
    hashes.concat()
}

fn times(times: &[Timestamp]) -> String {
    times.iter().map(Timestamp::to_string).collect()
}

fn with_tokens(text: String, tokens: &[SubaccountToken]) -> Vec<u8> {
    let mut out = text.into_bytes();
    out.extend_from_slice(tokens.as_flattened());
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::encoding;
    use crate::keys::Ed25519SecretKey;

    const NOW: Timestamp = Timestamp(1_760_000_000_000);

    fn account() -> Ed25519SecretKey {
        Ed25519SecretKey::from_seed(&std::array::from_fn(|at| at as u8))
    }

    fn hash(text: &str) -> MessageHash {
        MessageHash::parse(text).unwrap()
    }

    fn h0() -> MessageHash {
        hash("9QAogeWwJY/CE19iFAh5hr2vRcMyC92b8njFtInsmxg")
    }

    fn h2() -> MessageHash {
        hash("7tpR5KJ7lXhN0sFsR3DIC2gPIMEltlM+OmfxQYMXUF0")
    }

    fn signature(key: &Ed25519SecretKey, message: impl AsRef<[u8]>) -> String {
        key.sign(message.as_ref()).to_base64()
    }

    #[test]
    fn the_published_client_signatures_come_out() {
        let table = [
            (
                retrieve(Namespace(0), NOW),
                "wuCOYUX6QC/XRv0stxR2cEV/qPv84sXEJRT+NES3cO0V4444GCz0w8Rfgnlv7IthwMB4snbXP++fmf8Sk+P/Ag==",
            ),
            (
                retrieve(Namespace(2), NOW),
                "64wwD/WsP4G67YwUYdg7N5TLnDf80txtXSa+89kdthR+G1f9RVz+Jz7d79Tl5E33e9i3zJSclinMMg6wy1b6BQ==",
            ),
            (
                retrieve(Namespace(-11), NOW),
                "3a6Z5tBf8cO4dq1n5mvoesvXgwXxtGkb4EDTJ/jLCn/hssOn7FLgpt19RP5v33Z0oO9I9QFTKJfbgN023KNsCg==",
            ),
            (
                store(Namespace(2), NOW),
                "uJzfEE4b5mHObqdaNBfhix8doxqWROiZJe27VL1l6Vi9o/L6ldrToMj15pty7vcRKt+KTe3z9NQjQM7RlZ4wDg==",
            ),
            (
                delete_all(Scope::All, NOW),
                "0VVa8+9Tuk4/5XtuIsdsPh94eJntrVGx2ewiJgvBU7I2ca5XsLrO1jQe9TwDKQM/3uJ2YOzhWwBWgbjg88rLCA==",
            ),
            (
                delete(&[h0(), h2()]),
                "sbEjZAuAwXHiwhF16l1SLgPjuKaqGCgxao8o367VRQGucWY/3cIwTaM3rBSq647SDLN0y2p9AfR1oJV3i79xBQ==",
            ),
            (
                expire("extend", &[Timestamp(1_762_592_000_000)], &[h2()]),
                "Pd9PVnD25348mjWj1EgeFYIFzi45G0Wwv7JWRL+251xDEtuKzh+wsiPu+rgtNz2kAq0S5rH70N4DXUh+HqasAQ==",
            ),
            (
                get_expiries(NOW, &[h2()]),
                "13cS924o1HBKwe/X/zhkN1HrxI+sMby+GSzKcfmBpsenkMXh091ofw06LDEpQLoJGbV3tK34jh36Dxd5XEbfDQ==",
            ),
        ];
        for (text, expected) in table {
            assert_eq!(signature(&account(), &text), expected, "{text}");
        }
    }

    #[test]
    fn the_published_node_signatures_come_out() {
        let node = Ed25519SecretKey::from_seed(&[0x11; 32]);
        let owner =
            SwarmId::from_hex("054701d08488451f545a409fb58ae3e58581ca40ac3f7f114698cd71deac73ca01")
                .unwrap();
        assert_eq!(
            signature(&node, node_store(&h0())),
            "xJGdDhDW9gCODHEnpImVxG/hcaEKwMTvjFP3wguuxPwniqGwDUk1gHNho3KcYzXgjLGVcaXxt9hvkyg0POZ5Bw=="
        );
        assert_eq!(
            signature(&node, node_delete(&owner, &[h0(), h2()], &[h0(), h2()])),
            "/g3e/Nxy6GfngYmU1qYB1dcEIU4hdpa5qmrL9sFBEWX153U7xy1faO7CEVmkqTcdrOZ96yjSi9UVEJyFizaODg=="
        );
    }

    #[test]
    fn the_published_revocation_comes_out() {
        let group = Ed25519SecretKey::from_seed(&[7; 32]);
        let token =
            encoding::from_base64("AwMAABOY9ixtGkV8UbpqS189vS9p/KkyFiGNyJl+QWvRfZPK").unwrap();
        let token: SubaccountToken = token.try_into().unwrap();
        assert_eq!(
            signature(&group, revoke_subaccount(NOW, &[token])),
            "yCPtd+P3nkOuuQO2f30Tvkm4wQqyOEUTAVbuUQGVxPtnmdE+RsN9cO4u8WXfIxSU5oBjn9sIcRBKOULQ0uHtCw=="
        );
        assert_eq!(
            signature(
                &Ed25519SecretKey::from_seed(&[8; 32]),
                retrieve(Namespace(11), NOW)
            ),
            "5syr97/inhAePELkfHnUsuQDZXrzVN7bELS0YH5hjJIRac7Yarj9BB9ta5+m1wdze2NJWQ/1kwY5AhiLNQ/vAQ=="
        );
        assert!(
            unrevoke_subaccount(NOW, &[token])
                .starts_with(b"unrevoke_subaccount1760000000000\x03\x03")
        );
    }

    #[test]
    fn every_other_string_follows_the_tables() {
        let owner = SwarmId {
            prefix: 5,
            key: [0xab; 32],
        };
        let pk = owner.to_hex();
        let (a, b) = (h0(), h2());
        assert_eq!(store(Namespace(0), NOW), "store1760000000000");
        assert_eq!(
            delete_before(Scope::One(Namespace(0)), NOW),
            "delete_before1760000000000"
        );
        assert_eq!(
            delete_before(Scope::One(Namespace(-10)), NOW),
            "delete_before-101760000000000"
        );
        assert_eq!(expire_all(Scope::All, NOW), "expire_allall1760000000000");
        assert_eq!(revoked_subaccounts(NOW), "revoked_subaccounts1760000000000");
        let (lower, upper) = (b.as_str(), a.as_str());
        assert_eq!(
            expire("", &[NOW, Timestamp(5)], &[a.clone(), b.clone()]),
            format!("expire17600000000005{upper}{lower}")
        );
        assert_eq!(
            node_delete_all(&owner, NOW, &[a.clone(), b.clone()]),
            format!("{pk}1760000000000{lower}{upper}")
        );
        assert_eq!(
            node_delete_before(&owner, NOW, &[]),
            format!("{pk}1760000000000")
        );
        assert_eq!(
            node_expire_all(&owner, NOW, std::slice::from_ref(&a)),
            format!("{pk}1760000000000{upper}")
        );
        let unchanged = SortedMap::from([(a.clone(), Timestamp(9))]);
        assert_eq!(
            node_expire(
                &owner,
                &[NOW],
                &[a.clone(), b.clone()],
                std::slice::from_ref(&b),
                &unchanged
            ),
            format!("{pk}1760000000000{upper}{lower}{lower}{upper}9")
        );
        assert_eq!(
            node_revoke(&owner, NOW, &[]),
            format!("{pk}1760000000000").into_bytes()
        );
    }
}
