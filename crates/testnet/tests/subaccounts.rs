//! Subaccounts of groups and people: flags, revocation, forms (10-network 3.2, 3.9 and B.3; 15-observed-service-node 7).
#![allow(clippy::unwrap_used)]

mod common;

use common::{DAY, Lab, NOW, alice};
use onionskin_protocol::encoding::base64;
use onionskin_protocol::keys::Ed25519SecretKey;
use serde_json::{Value, json};

/// The group of B.3 and one member.
struct Group {
    owner: Ed25519SecretKey,
    member: Ed25519SecretKey,
}

impl Group {
    fn new() -> Self {
        Self {
            owner: Ed25519SecretKey::from_seed(&[7; 32]),
            member: Ed25519SecretKey::from_seed(&[8; 32]),
        }
    }
    fn id(&self) -> String {
        format!("03{}", self.owner.public().to_hex())
    }
    fn token(&self, flags: u8) -> [u8; 36] {
        let mut token = [0; 36];
        token[0] = 3;
        token[1] = flags;
        token[4..].copy_from_slice(&self.member.public().0);
        token
    }
    fn owned(&self, text: &[u8], mut params: Value) -> Value {
        params["pubkey"] = self.id().into();
        params["signature"] = self.owner.sign(text).to_base64().into();
        params
    }
    fn by_member(&self, token: [u8; 36], text: &str, mut params: Value) -> Value {
        params["pubkey"] = self.id().into();
        params["subaccount"] = base64(&token).into();
        params["subaccount_sig"] = self.owner.sign(&token).to_base64().into();
        params["signature"] = self.member.sign(text.as_bytes()).to_base64().into();
        params
    }
    fn retrieve(&self, token: [u8; 36], ns: i16) -> Value {
        self.by_member(
            token,
            &format!("retrieve{ns}{NOW}"),
            json!({"namespace": ns, "timestamp": NOW}),
        )
    }
    fn store(&self, token: [u8; 36], ns: i16, data: &[u8]) -> Value {
        let params = json!({"namespace": ns, "timestamp": NOW, "ttl": DAY, "data": base64(data)});
        self.by_member(token, &format!("store{ns}{NOW}"), params)
    }
    fn revoke(&self, method: &str, key: &str, tokens: &[[u8; 36]]) -> Value {
        let text = [format!("{method}{NOW}").as_bytes(), &tokens.concat()].concat();
        let list: Vec<String> = tokens.iter().map(|token| base64(token)).collect();
        self.owned(&text, json!({key: list, "timestamp": NOW}))
    }
}

#[test]
fn the_worked_example_reads_until_it_is_revoked() {
    let lab = Lab::new(2, 1);
    let group = Group::new();
    let id = "03ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c";
    assert_eq!(group.id(), id);
    // The account needs a message, or the revocation is lost.
    let store = group.owned(
        format!("store11{NOW}").as_bytes(),
        json!({"namespace": 11, "timestamp": NOW, "ttl": DAY, "data": "AAAA"}),
    );
    lab.json("store", store);
    let read = json!({
        "pubkey": id, "namespace": 11, "timestamp": NOW,
        "subaccount": "AwMAABOY9ixtGkV8UbpqS189vS9p/KkyFiGNyJl+QWvRfZPK",
        "subaccount_sig": "JKH952nGu5NUS/mg9spklJG3joTaEideks5lYHm4OtkLabouNoYEYx6qqFjpxqcFQDAZjNJBj1+QVZKKFZf0DA==",
        "signature": "5syr97/inhAePELkfHnUsuQDZXrzVN7bELS0YH5hjJIRac7Yarj9BB9ta5+m1wdze2NJWQ/1kwY5AhiLNQ/vAQ==",
    });
    assert_eq!(
        lab.json("retrieve", read.clone())["messages"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let revoke = json!({
        "pubkey": id, "timestamp": NOW, "revoke": "AwMAABOY9ixtGkV8UbpqS189vS9p/KkyFiGNyJl+QWvRfZPK",
        "signature": "yCPtd+P3nkOuuQO2f30Tvkm4wQqyOEUTAVbuUQGVxPtnmdE+RsN9cO4u8WXfIxSU5oBjn9sIcRBKOULQ0uHtCw==",
    });
    let answer = lab.json("revoke_subaccount", revoke);
    let entry = answer["swarm"][lab.key(1)].as_object().unwrap();
    assert_eq!(entry.keys().collect::<Vec<_>>(), ["signature"], "no count");
    for node in [0, 1] {
        assert_eq!(
            lab.call_at(node, "retrieve", read.clone()),
            (401, "retrieve signature verification failed".to_owned())
        );
    }
}

#[test]
fn flags_open_exactly_their_methods() {
    let lab = Lab::new(1, 1);
    let group = Group::new();
    let hash = lab.json("store", group.store(group.token(3), 11, b"x"))["hash"]
        .as_str()
        .unwrap()
        .to_owned();
    let calls = |token: [u8; 36]| {
        let expiry = NOW + 2 * DAY;
        [
            ("retrieve", group.retrieve(token, 11), 1),
            (
                "get_expiries",
                group.by_member(
                    token,
                    &format!("get_expiries{NOW}{hash}"),
                    json!({"messages": hash, "timestamp": NOW}),
                ),
                1,
            ),
            ("store", group.store(token, 11, b"x"), 2),
            (
                "expire",
                group.by_member(
                    token,
                    &format!("expire{expiry}{hash}"),
                    json!({"messages": hash, "expiry": expiry}),
                ),
                2,
            ),
            (
                "expire_all",
                group.by_member(
                    token,
                    &format!("expire_all11{expiry}"),
                    json!({"namespace": 11, "expiry": expiry}),
                ),
                4,
            ),
            (
                "delete",
                group.by_member(
                    token,
                    &format!("delete{}", "A".repeat(43)),
                    json!({"messages": "A".repeat(43)}),
                ),
                4,
            ),
            (
                "delete_all",
                group.by_member(
                    token,
                    &format!("delete_all12{NOW}"),
                    json!({"namespace": 12, "timestamp": NOW}),
                ),
                4,
            ),
            (
                "delete_before",
                group.by_member(
                    token,
                    &format!("delete_before12{NOW}"),
                    json!({"namespace": 12, "before": NOW}),
                ),
                4,
            ),
        ]
    };
    for flags in [1, 2, 3, 4, 7, 8] {
        for (method, params, needed) in calls(group.token(flags)) {
            let expected = if flags & needed == needed { 200 } else { 401 };
            let (status, body) = lab.call(method, params);
            assert_eq!(status, expected, "{method} with {flags}: {body}");
        }
    }
}

#[test]
fn without_the_delete_flag_an_expiry_only_grows() {
    let lab = Lab::new(1, 1);
    let group = Group::new();
    let hash = lab.json("store", group.store(group.token(3), 11, b"x"))["hash"]
        .as_str()
        .unwrap()
        .to_owned();
    let soon = NOW + 1000;
    let plain = |token| {
        group.by_member(
            token,
            &format!("expire{soon}{hash}"),
            json!({"messages": hash, "expiry": soon}),
        )
    };
    let shorten = |token| {
        let params = json!({"messages": hash, "expiry": soon, "shorten": true});
        group.by_member(token, &format!("expireshorten{soon}{hash}"), params)
    };
    let answer = lab.json("expire", plain(group.token(3)));
    assert_eq!(answer["swarm"][lab.key(0)]["updated"], json!([]));
    assert_eq!(
        lab.call("expire", shorten(group.token(3))),
        (400, "expire: shorten parameter cannot be used with this subaccount token (missing delete access)".to_owned())
    );
    let answer = lab.json("expire", shorten(group.token(7)));
    assert_eq!(answer["swarm"][lab.key(0)]["updated"], json!([hash]));
    assert_eq!(
        lab.call("expire", plain(group.token(1))),
        (401, "expire: signature verification failed".to_owned())
    );
}

#[test]
fn a_revoked_token_still_reads_in_minus_11_and_nothing_else() {
    let lab = Lab::new(2, 1);
    let group = Group::new();
    let token = group.token(3);
    lab.json("store", group.store(token, 11, b"x"));
    lab.json(
        "revoke_subaccount",
        group.revoke("revoke_subaccount", "revoke", &[token]),
    );
    assert_eq!(lab.call("retrieve", group.retrieve(token, 11)).0, 401);
    assert_eq!(lab.call("retrieve", group.retrieve(token, -11)).0, 200);
    assert_eq!(lab.call("store", group.store(token, -11, b"y")).0, 401);
    assert_eq!(
        lab.call("retrieve", group.retrieve(group.token(7), 11)).0,
        200,
        "other flags, another token"
    );
    let answer = lab.json(
        "unrevoke_subaccount",
        group.revoke("unrevoke_subaccount", "unrevoke", &[token]),
    );
    assert_eq!(answer["swarm"][lab.key(1)]["count"], 1);
    assert_eq!(lab.call("retrieve", group.retrieve(token, 11)).0, 200);
    let none = lab.json(
        "unrevoke_subaccount",
        group.revoke("unrevoke_subaccount", "unrevoke", &[]),
    );
    assert_eq!(none["swarm"][lab.key(0)]["count"], 0);
    assert_eq!(
        lab.call(
            "revoke_subaccount",
            group.revoke("revoke_subaccount", "revoke", &[])
        )
        .0,
        200
    );
}

#[test]
fn a_revocation_on_an_account_without_messages_is_lost() {
    let lab = Lab::new(1, 1);
    let group = Group::new();
    let token = group.token(3);
    lab.json(
        "revoke_subaccount",
        group.revoke("revoke_subaccount", "revoke", &[token]),
    );
    assert_eq!(lab.call("store", group.store(token, 11, b"x")).0, 200);
}

#[test]
fn prefixes_forms_and_people() {
    let lab = Lab::new(1, 1);
    let group = Group::new();
    let mut foreign = group.token(3);
    foreign[0] = 5;
    assert_eq!(lab.call("retrieve", group.retrieve(foreign, 11)).0, 401);
    foreign[1] |= 8;
    assert_eq!(lab.call("retrieve", group.retrieve(foreign, 11)).0, 200);
    let mut odd = group.token(3);
    odd[2] = 0xff;
    assert_eq!(
        lab.call("retrieve", group.retrieve(odd, 11)).0,
        200,
        "bytes 2 and 3 are not checked"
    );

    let good = group.retrieve(group.token(3), 11);
    let change = |key: &str, value: Value| {
        let mut params = good.clone();
        params[key] = value;
        lab.call("retrieve", params)
    };
    let refusal = |text: &str| (400, format!("invalid request: {text}"));
    assert_eq!(
        change("subaccount_sig", Value::Null),
        refusal("invalid subaccount: subaccount_sig is required when using subaccount")
    );
    assert_eq!(
        change("subaccount_sig", "AAAA".into()),
        refusal("invalid subaccount signature: expected base64 encoded Ed25519 signature")
    );
    assert_eq!(
        change("subaccount", "AAAA".into()),
        refusal("invalid subaccount: expected base64 or hex-encoded subaccount token")
    );
    assert_eq!(
        change("subaccount_sig", base64(&[1; 64]).into()),
        (401, "retrieve signature verification failed".to_owned())
    );
    assert_eq!(
        change("subaccount", hex::encode(group.token(3)).into()).0,
        200
    );

    // A person's subaccount: the owner is named by pubkey_ed25519.
    let a = alice();
    let mut token = group.token(1);
    token[0] = 5;
    let mut params = a.retrieve(2, NOW);
    params["subaccount"] = base64(&token).into();
    params["subaccount_sig"] = a.key.sign(&token).to_base64().into();
    params["signature"] = group
        .member
        .sign(format!("retrieve2{NOW}").as_bytes())
        .to_base64()
        .into();
    assert_eq!(lab.call("retrieve", params).0, 200);
}

#[test]
fn a_revocation_is_forgotten_after_fifty_newer_ones() {
    let lab = Lab::new(1, 1);
    let group = Group::new();
    let token = group.token(3);
    lab.json("store", group.store(token, 11, b"x"));
    let revoke = |tokens: &[[u8; 36]]| {
        lab.json(
            "revoke_subaccount",
            group.revoke("revoke_subaccount", "revoke", tokens),
        )
    };
    let others: Vec<[u8; 36]> = (0..50u8)
        .map(|number| {
            let mut other = group.token(3);
            other[4..].fill(number);
            other
        })
        .collect();
    revoke(&[token]);
    revoke(&others[..49]);
    assert_eq!(lab.call("retrieve", group.retrieve(token, 11)).0, 401);
    revoke(&others[49..]);
    assert_eq!(lab.call("retrieve", group.retrieve(token, 11)).0, 200);
    let all = [&others[..], &[token]].concat();
    let answer = lab.json(
        "unrevoke_subaccount",
        group.revoke("unrevoke_subaccount", "unrevoke", &all),
    );
    assert_eq!(
        answer["swarm"][lab.key(0)]["count"],
        50,
        "51 tokens may be named, 50 were revoked"
    );
}

#[test]
fn no_subaccount_may_revoke() {
    let lab = Lab::new(1, 1);
    let group = Group::new();
    let token = group.token(7);
    lab.json("store", group.store(token, 11, b"x"));
    let victim = group.token(1);
    let text = [format!("revoke_subaccount{NOW}").as_bytes(), &victim].concat();
    let mut params = group.by_member(
        token,
        "",
        json!({"revoke": [base64(&victim)], "timestamp": NOW}),
    );
    params["signature"] = group.member.sign(&text).to_base64().into();
    assert_eq!(
        lab.call("revoke_subaccount", params),
        (
            401,
            "revoke_subaccount signature verification failed".to_owned()
        )
    );
    assert_eq!(lab.call("retrieve", group.retrieve(victim, 11)).0, 200);
}
