//! The tables of 15-observed-service-node, case by case: what a node answers, word for word.
#![allow(clippy::unwrap_used)]

mod common;

use common::{DAY, Lab, NOW, Person, alice};
use onionskin_protocol::encoding::base64;
use onionskin_protocol::keys::Ed25519SecretKey;
use serde_json::{Value, json};

/// One case: name, method, parameters, status, exact body (`*` = not compared).
type Case<'a> = (&'a str, &'a str, Value, u16, &'a str);

fn check(lab: &Lab, cases: &[Case<'_>]) {
    for (name, method, params, status, body) in cases {
        let (got, text) = lab.call(method, params.clone());
        assert_eq!(got, *status, "{name}: {text}");
        if *body != "*" {
            assert_eq!(text, *body, "{name}");
        }
    }
}

fn with(mut params: Value, key: &str, value: Value) -> Value {
    params
        .as_object_mut()
        .unwrap()
        .insert(key.to_owned(), value);
    params
}

fn without(mut params: Value, key: &str) -> Value {
    params.as_object_mut().unwrap().remove(key);
    params
}

#[test]
fn envelopes_are_refused_as_observed() {
    let lab = Lab::new(3, 1);
    let cases: &[(&[u8], u16, &str)] = &[
        (b"", 400, "invalid json"),
        (b"not json", 400, "invalid json"),
        (b"\xff\xfe{\x00", 400, "invalid json"),
        (
            b"{\"method\":\"info\",\"params\":{}} x",
            400,
            "invalid json",
        ),
        (
            b"{\"method\":\"info\",\"params\":{}}//c",
            400,
            "invalid json",
        ),
        (b"{'method':'info'}", 400, "invalid json"),
        (
            b"{\"method\":\"info\",\"params\":{\"a\":NaN}}",
            400,
            "invalid json",
        ),
        (
            b"{\"method\":\"in\xfffo\",\"params\":{}}",
            400,
            "invalid json",
        ),
        (b"{}", 400, "invalid json: no `method` field"),
        (b"[1]", 400, "invalid json: no `method` field"),
        (
            b"{\"method\":5,\"params\":{}}",
            400,
            "invalid json: no `method` field",
        ),
        (
            b"{\"method\":\"info\"}",
            400,
            "invalid json: no `params` field",
        ),
        (
            b"{\"method\":\"info\",\"params\":null}",
            400,
            "invalid json: no `params` field",
        ),
        (
            b"{\"method\":\"info\",\"params\":[]}",
            400,
            "invalid json: no `params` field",
        ),
        (
            b"{\"method\":\"frobnicate\"}",
            400,
            "invalid json: no `params` field",
        ),
        (
            b"{\"method\":\"frobnicate\",\"params\":{}}",
            400,
            "no method frobnicate",
        ),
        (
            b"{\"method\":\"Info\",\"params\":{}}",
            400,
            "no method Info",
        ),
        (
            b"{\"method\":\"monitor\",\"params\":{}}",
            400,
            "no method monitor",
        ),
    ];
    for (body, status, text) in cases {
        assert_eq!(
            lab.raw(0, body),
            (*status, (*text).to_owned()),
            "{:?}",
            String::from_utf8_lossy(body)
        );
    }
    let info = format!("{{\"hf\":[19,4],\"t\":{NOW},\"timestamp\":{NOW},\"version\":[2,8,0]}}");
    for accepted in [
        &b"{\"method\":\"info\",\"params\":{}}"[..],
        b" \n{\"method\":\"info\",\"params\":{}}\t ",
        b"\xef\xbb\xbf{\"method\":\"info\",\"params\":{}}",
        b"{\"method\":\"store\",\"method\":\"info\",\"params\":{}}",
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"info\",\"params\":{\"unknown\":1}}",
    ] {
        assert_eq!(lab.raw(0, accepted), (200, info.clone()));
    }
}

#[test]
fn parameters_are_refused_as_observed() {
    let lab = Lab::new(3, 1);
    let a = alice();
    let store = a.public_store(b"x");
    let retrieve = a.retrieve(2, NOW);
    let group = "03ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c";
    check(
        &lab,
        &[
            (
                "missing field",
                "store",
                without(store.clone(), "pubkey"),
                400,
                "invalid request: Required field 'pubkey' missing",
            ),
            (
                "timestamp before pubkey",
                "store",
                json!({}),
                400,
                "invalid request: Required field 'timestamp' missing",
            ),
            (
                "pubkey before data",
                "store",
                json!({"timestamp": NOW, "ttl": DAY}),
                400,
                "invalid request: Required field 'pubkey' missing",
            ),
            (
                "data last",
                "store",
                without(store.clone(), "data"),
                400,
                "invalid request: Required field 'data' missing",
            ),
            (
                "neither ttl nor expiry",
                "store",
                without(store.clone(), "ttl"),
                400,
                "invalid request: Required field 'expiry' or 'ttl' missing",
            ),
            (
                "both aliases",
                "store",
                with(store.clone(), "pubKey", a.id().into()),
                400,
                "invalid request: Cannot specify both 'pubkey' and 'pubKey'",
            ),
            (
                "both forms",
                "store",
                with(store.clone(), "expiry", (NOW + DAY).into()),
                400,
                "invalid request: Cannot specify both 'expiry' and 'ttl'",
            ),
            (
                "bad pubkey",
                "store",
                with(store.clone(), "pubkey", "05".into()),
                400,
                "invalid request: Pubkey must be 66 hex digits (33 bytes) long",
            ),
            (
                "bad pubkey in get_swarm",
                "get_swarm",
                json!({"pubkey": "05"}),
                400,
                "invalid request: Pubkey must be 66 hex digits/33 bytes long",
            ),
            (
                "no pubkey in get_swarm",
                "get_swarm",
                json!({}),
                400,
                "invalid request: Required field 'pubkey' missing",
            ),
            (
                "wrong type",
                "store",
                with(store.clone(), "ttl", (-1).into()),
                400,
                "invalid request: Invalid value given for 'ttl': expected positive integer",
            ),
            (
                "namespace out of range",
                "store",
                with(store.clone(), "namespace", 32768.into()),
                400,
                "invalid request: Invalid value given for 'namespace': value out of range",
            ),
            (
                "namespace a string",
                "store",
                with(store.clone(), "namespace", "0".into()),
                400,
                "invalid request: Invalid value given for 'namespace': expected 16-bit integer",
            ),
            (
                "time a string",
                "retrieve",
                with(retrieve.clone(), "timestamp", "1".into()),
                400,
                "invalid request: Invalid value given for 'timestamp': expected integer timestamp (in milliseconds)",
            ),
            (
                "time a float",
                "retrieve",
                with(retrieve.clone(), "timestamp", json!(1.5e12)),
                400,
                "invalid request: Invalid value given for 'timestamp': expected integer timestamp (in milliseconds)",
            ),
            (
                "time too small",
                "retrieve",
                with(retrieve.clone(), "timestamp", 999_999_999.into()),
                400,
                "invalid request: Invalid timestamp for 'timestamp': timestamp must be in milliseconds",
            ),
            (
                "time in seconds",
                "retrieve",
                with(retrieve.clone(), "timestamp", 1_760_000_000.into()),
                406,
                "retrieve timestamp too far from current time",
            ),
            (
                "key not hex",
                "retrieve",
                with(retrieve.clone(), "pubkey_ed25519", "z".repeat(64).into()),
                400,
                "invalid request: invalid pubkey_ed25519: value is not hex",
            ),
            (
                "key too short",
                "retrieve",
                with(retrieve.clone(), "pubkey_ed25519", "ab".into()),
                400,
                "invalid request: Invalid pubkey_ed25519: expected 64 hex char or 32 byte pubkey",
            ),
            (
                "key with a group",
                "retrieve",
                with(retrieve.clone(), "pubkey", group.into()),
                400,
                "invalid request: pubkey_ed25519 is only permitted for 05[...] pubkeys",
            ),
            (
                "signature not base64",
                "retrieve",
                with(retrieve.clone(), "signature", "!".repeat(86).into()),
                400,
                "invalid request: invalid signature: expected base64 encoded Ed25519 signature",
            ),
            (
                "signature in hex",
                "retrieve",
                with(retrieve.clone(), "signature", "ab".repeat(64).into()),
                400,
                "invalid request: invalid signature: expected base64 encoded Ed25519 signature",
            ),
            (
                "null is absent",
                "store",
                with(store.clone(), "namespace", Value::Null),
                200,
                "*",
            ),
            (
                "upper case account",
                "store",
                with(store.clone(), "pubkey", a.id().to_uppercase().into()),
                200,
                "*",
            ),
            (
                "unpadded signature",
                "retrieve",
                with(
                    retrieve.clone(),
                    "signature",
                    a.sign(&format!("retrieve2{NOW}"))
                        .trim_end_matches('=')
                        .into(),
                ),
                200,
                "*",
            ),
        ],
    );
}

#[test]
fn info_and_swarms_have_the_observed_form() {
    let lab = Lab::new(6, 2);
    let a = alice();
    let swarm = lab.json("get_swarm", json!({"pubkey": a.id()}));
    assert_eq!(
        swarm,
        lab.json("get_snodes_for_pubkey", json!({"pubKey": a.id()}))
    );
    assert_eq!(swarm["snodes"].as_array().unwrap().len(), 3);
    // Its swarm space value is 308072453193212310: nearest to the first of two swarms.
    assert_eq!(swarm["swarm"], "3fffffffffffffff");
    let node = swarm["snodes"][0].as_object().unwrap();
    let keys: Vec<_> = node.keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "address",
            "ip",
            "port",
            "port_https",
            "port_omq",
            "port_quic",
            "pubkey_ed25519",
            "pubkey_legacy",
            "pubkey_x25519"
        ]
    );
    assert_eq!(node["port"], node["port_https"].to_string());
    assert_eq!(node["address"].as_str().unwrap().len(), 52 + ".snode".len());
    assert_eq!((&swarm["hf"], &swarm["t"]), (&json!([19, 4]), &json!(NOW)));
}

#[test]
fn a_node_outside_the_swarm_answers_421_with_the_swarm_before_any_other_check() {
    let lab = Lab::new(6, 2);
    let a = alice();
    let outsider = (0..6)
        .find(|i| !lab.network.members_for(&a.swarm_id()).contains(i))
        .unwrap();
    let expected = lab
        .call_at(outsider, "get_swarm", json!({"pubkey": a.id()}))
        .1;
    let bad_store = with(
        with(a.public_store(b"x"), "ttl", 1.into()),
        "timestamp",
        5.into(),
    );
    for (method, params) in [
        ("store", bad_store),
        (
            "retrieve",
            a.signed("wrong", json!({"timestamp": 2_000_000_000})),
        ),
        (
            "delete_all",
            a.signed("wrong", json!({"timestamp": 2_000_000_000})),
        ),
    ] {
        assert_eq!(
            lab.call_at(outsider, method, params),
            (421, expected.clone()),
            "{method}"
        );
    }
    let batch = lab.json_at(
        outsider,
        "batch",
        json!({"requests": [{"method": "store", "params": a.public_store(b"x")}]}),
    );
    assert_eq!(batch["results"][0]["code"], 421);
    assert_eq!(batch["results"][0]["body"].to_string(), expected);
    assert!(batch.get("t").is_none() && batch.get("hf").is_none());
}

#[test]
fn stores_are_accepted_and_refused_as_observed() {
    let lab = Lab::new(3, 1);
    let a = alice();
    let public = |timestamp: i64, ttl: i64| json!({"pubkey": a.id(), "timestamp": timestamp, "ttl": ttl, "data": "aGVsbG8="});
    let data = |text: String| with(a.public_store(b""), "data", text.into());
    let wrong_key = Person {
        key: Ed25519SecretKey::from_seed(&[9; 32]),
    };
    let sig_time = |ms: i64| {
        with(
            a.signed(
                &format!("store2{ms}"),
                json!({"namespace": 2, "timestamp": NOW, "ttl": DAY, "data": ""}),
            ),
            "sig_timestamp",
            ms.into(),
        )
    };
    let ttl_text = "Provided expiry/TTL is not valid.";
    let clock = "Timestamp error: check your clock";
    check(
        &lab,
        &[
            ("largest", "store", data(base64(&[1; 76_800])), 200, "*"),
            (
                "too large",
                "store",
                data(base64(&[1; 76_801])),
                400,
                "invalid request: Message body exceeds maximum allowed length of 76800 bytes",
            ),
            (
                "url-safe",
                "store",
                data("_-__".to_owned()),
                400,
                "invalid request: Invalid 'data' value: not base64 encoded",
            ),
            ("unpadded", "store", data("aGVsbG8".to_owned()), 200, "*"),
            (
                "line break",
                "store",
                data("aGVs\nbG8=".to_owned()),
                400,
                "invalid request: Invalid 'data' value: not base64 encoded",
            ),
            (
                "length 1 mod 4",
                "store",
                data("aGVsb".to_owned()),
                400,
                "invalid request: Invalid 'data' value: not base64 encoded",
            ),
            (
                "form before size",
                "store",
                data("!".repeat(200_000)),
                400,
                "invalid request: Invalid 'data' value: not base64 encoded",
            ),
            (
                "float",
                "store",
                with(public(NOW, DAY), "timestamp", json!(1.5)),
                400,
                "invalid request: Invalid value given for 'timestamp': expected integer",
            ),
            ("negative", "store", public(-5, DAY), 406, clock),
            ("zero", "store", public(0, DAY), 406, clock),
            ("small", "store", public(999_999_999, DAY), 406, clock),
            ("seconds", "store", public(NOW / 1000, DAY), 406, clock),
            (
                "no number",
                "store",
                with(public(NOW, DAY), "ttl", "1h".into()),
                400,
                "invalid request: Invalid value given for 'ttl': \"1h\"",
            ),
            (
                "no number either",
                "store",
                with(public(NOW, DAY), "timestamp", "x".into()),
                400,
                "invalid request: Invalid value given for 'timestamp': \"x\"",
            ),
            (
                "numbers as strings",
                "store",
                with(
                    with(public(NOW, DAY), "ttl", "86400000".into()),
                    "timestamp",
                    NOW.to_string().into(),
                ),
                200,
                "*",
            ),
            (
                "expiry a string",
                "store",
                with(without(public(NOW, DAY), "ttl"), "expiry", "1".into()),
                400,
                "invalid request: Invalid value given for 'expiry': expected integer timestamp (in milliseconds)",
            ),
            (
                "expiry for ttl",
                "store",
                with(
                    without(public(NOW, DAY), "ttl"),
                    "expiry",
                    (NOW + DAY).into(),
                ),
                200,
                "*",
            ),
            (
                "expired 4 s ago",
                "store",
                public(NOW - DAY - 4000, DAY),
                200,
                "*",
            ),
            (
                "expired 80 s ago",
                "store",
                public(NOW - DAY - 80_000, DAY),
                406,
                clock,
            ),
            ("empty", "store", data(String::new()), 200, "*"),
            ("ttl 9 s", "store", public(NOW, 9_000), 403, ttl_text),
            ("ttl 10 s", "store", public(NOW, 10_000), 200, "*"),
            ("ttl 14 d", "store", public(NOW, 14 * DAY), 200, "*"),
            (
                "ttl 14 d and 1 ms",
                "store",
                public(NOW, 14 * DAY + 1),
                403,
                ttl_text,
            ),
            (
                "ttl 30 d in 2",
                "store",
                a.store(2, b"a", NOW, 30 * DAY),
                200,
                "*",
            ),
            (
                "ttl 30 d and 1 ms in 2",
                "store",
                a.store(2, b"a", NOW, 30 * DAY + 1),
                403,
                ttl_text,
            ),
            ("9 s ahead", "store", public(NOW + 9_000, DAY), 200, "*"),
            ("11 s ahead", "store", public(NOW + 11_000, DAY), 406, clock),
            ("a day old", "store", public(NOW - DAY, 14 * DAY), 200, "*"),
            (
                "ttl before clock",
                "store",
                public(NOW + DAY, 1),
                403,
                ttl_text,
            ),
            (
                "unsigned in 2",
                "store",
                with(a.public_store(b"x"), "namespace", 2.into()),
                401,
                "store: signature required to store to namespace 2",
            ),
            (
                "bad signature in 2",
                "store",
                with(a.store(2, b"x", NOW, DAY), "namespace", 3.into()),
                401,
                "store signature verification failed",
            ),
            (
                "wrong key",
                "store",
                with(
                    a.store(2, b"x", NOW, DAY),
                    "pubkey_ed25519",
                    wrong_key.key.public().to_hex().into(),
                ),
                401,
                "store signature verification failed",
            ),
            (
                "sig_timestamp -59 s",
                "store",
                sig_time(NOW - 59_000),
                200,
                "*",
            ),
            (
                "sig_timestamp +59 s",
                "store",
                sig_time(NOW + 59_000),
                200,
                "*",
            ),
            (
                "sig_timestamp -61 s",
                "store",
                sig_time(NOW - 61_000),
                406,
                "store signature timestamp too far from current time",
            ),
            (
                "sig_timestamp +61 s",
                "store",
                sig_time(NOW + 61_000),
                406,
                "store signature timestamp too far from current time",
            ),
            (
                "clock before signature",
                "store",
                with(
                    a.signed(
                        "wrong",
                        json!({"namespace": 2, "timestamp": NOW, "ttl": DAY, "data": ""}),
                    ),
                    "sig_timestamp",
                    (NOW - 61_000).into(),
                ),
                406,
                "store signature timestamp too far from current time",
            ),
            (
                "bad signature in 0",
                "store",
                a.signed(
                    "wrong",
                    json!({"timestamp": NOW, "ttl": DAY, "data": "aGVs"}),
                ),
                200,
                "*",
            ),
            (
                "malformed signature in 0",
                "store",
                with(a.public_store(b"x"), "signature", "no".into()),
                400,
                "invalid request: invalid signature: expected base64 encoded Ed25519 signature",
            ),
        ],
    );
}

#[test]
fn an_empty_message_comes_back_as_a_lone_padding_character() {
    let lab = Lab::new(1, 1);
    let a = alice();
    lab.json("store", a.public_store(b""));
    let messages = lab.json("retrieve", a.retrieve(0, NOW));
    assert_eq!(messages["messages"][0]["data"], "=");
}

#[test]
fn namespaces_open_and_close_as_observed() {
    let lab = Lab::new(1, 1);
    let a = alice();
    let rules: &[(&[i16], bool, bool)] = &[
        (&[-10], true, true),
        (&[0, 10, 20], true, false),
        (&[-1, -21], false, true),
        (&[1, 2, 3, 4, 5, 11, 12, 13, 14, 15, 21, -11], false, false),
    ];
    for (namespaces, store, retrieve) in rules {
        for ns in *namespaces {
            let (status, body) = lab.call(
                "store",
                with(a.public_store(b"x"), "namespace", (*ns).into()),
            );
            assert_eq!(status == 200, *store, "store {ns}: {body}");
            if !store {
                assert_eq!(
                    (status, body),
                    (
                        401,
                        format!("store: signature required to store to namespace {ns}")
                    )
                );
            }
            let (status, body) = lab.call("retrieve", json!({"pubkey": a.id(), "namespace": ns}));
            assert_eq!(status == 200, *retrieve, "retrieve {ns}");
            if !retrieve {
                assert_eq!(
                    (status, body.as_str()),
                    (400, "invalid request: Required field 'signature' missing")
                );
            }
        }
    }
    assert_eq!(
        lab.call("retrieve", json!({"pubkey": a.id()})),
        (401, "retrieve: request signature required".to_owned())
    );
}

#[test]
fn retrieves_are_refused_as_observed() {
    let lab = Lab::new(1, 1);
    let a = alice();
    let from = |ms: i64| a.retrieve(2, ms);
    let good = from(NOW);
    let far = "retrieve timestamp too far from current time";
    let bad = "retrieve signature verification failed";
    check(
        &lab,
        &[
            ("-59 s", "retrieve", from(NOW - 59_000), 200, "*"),
            ("+59 s", "retrieve", from(NOW + 59_000), 200, "*"),
            ("-61 s", "retrieve", from(NOW - 61_000), 406, far),
            ("+61 s", "retrieve", from(NOW + 61_000), 406, far),
            (
                "other namespace",
                "retrieve",
                with(good.clone(), "namespace", 3.into()),
                401,
                bad,
            ),
            (
                "no Ed25519 key",
                "retrieve",
                without(good.clone(), "pubkey_ed25519"),
                401,
                bad,
            ),
            (
                "hash too short",
                "retrieve",
                with(good.clone(), "last_hash", "a".repeat(42).into()),
                400,
                "invalid request: Invalid last_hash: expected base64 (43 chars)",
            ),
            (
                "hash not base64",
                "retrieve",
                with(good.clone(), "last_hash", "!".repeat(43).into()),
                400,
                "invalid request: Invalid last_hash: not base64",
            ),
            (
                "empty hash",
                "retrieve",
                with(good.clone(), "last_hash", "".into()),
                200,
                "*",
            ),
            (
                "null hash",
                "retrieve",
                with(good.clone(), "lastHash", Value::Null),
                200,
                "*",
            ),
            (
                "both spellings",
                "retrieve",
                with(
                    with(good.clone(), "lastHash", "".into()),
                    "last_hash",
                    "".into(),
                ),
                400,
                "invalid request: Cannot specify both 'last_hash' and 'lastHash'",
            ),
            (
                "nothing there",
                "retrieve",
                good.clone(),
                200,
                &format!("{{\"hf\":[19,4],\"messages\":[],\"more\":false,\"t\":{NOW}}}"),
            ),
        ],
    );
}

#[test]
fn the_size_rules_give_the_observed_numbers_of_messages() {
    let lab = Lab::new(1, 1);
    let a = alice();
    for i in 0..120u8 {
        let mut data = vec![7; 76_000];
        data[0] = i;
        lab.json("store", a.store(2, &data, NOW, DAY));
    }
    let count = |extra: Value| {
        let mut params = a.retrieve(2, NOW);
        params
            .as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        let answer = lab.json("retrieve", params);
        (
            answer["messages"].as_array().unwrap().len(),
            answer["more"].as_bool().unwrap(),
        )
    };
    let cases = [
        (json!({}), 15),
        (json!({"max_size": -1}), 76),
        (json!({"max_size": -2}), 38),
        (json!({"max_size": -3}), 25),
        (json!({"max_size": -5}), 15),
        (json!({"max_size": -10}), 7),
        (json!({"max_size": -20}), 3),
        (json!({"max_size": -77}), 1),
        (json!({"max_size": -1000}), 1),
        (json!({"max_size": 200_000}), 1),
        (json!({"max_size": 1_000_000_000}), 76),
        (json!({"max_size": 10}), 1),
        (json!({"max_count": 3}), 3),
        (json!({"max_count": 0, "max_size": 0}), 15),
    ];
    for (extra, expected) in cases {
        assert_eq!(count(extra.clone()), (expected, true), "{extra}");
    }
    assert_eq!(count(json!({"max_count": -1})), (0, false));
}

#[test]
fn a_message_of_300_bytes_counts_543() {
    let lab = Lab::new(1, 1);
    let a = alice();
    for i in 0..4u8 {
        lab.json("store", a.store(2, &[i; 300], NOW, DAY));
    }
    let count = |size: i64| {
        lab.json(
            "retrieve",
            with(a.retrieve(2, NOW), "max_size", size.into()),
        )["messages"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(
        [count(1085), count(1086), count(1628), count(1629)],
        [1, 2, 2, 3]
    );
}

#[test]
fn last_hash_moves_on_and_an_unknown_one_starts_over() {
    let lab = Lab::new(1, 1);
    let a = alice();
    let store = |ns: i16, data: &[u8]| {
        lab.json("store", a.store(ns, data, NOW, DAY))["hash"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let (one, two, elsewhere) = (store(2, b"1"), store(2, b"2"), store(3, b"3"));
    let after = |hash: &str| -> Vec<String> {
        let answer = lab.json(
            "retrieve",
            with(a.retrieve(2, NOW), "last_hash", hash.into()),
        );
        answer["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|m| m["hash"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(after(&one), std::slice::from_ref(&two));
    assert!(after(&two).is_empty());
    assert_eq!(after(&"A".repeat(43)), [one.clone(), two.clone()]);
    assert_eq!(after(&elsewhere), [one.clone(), two]);
    let message = &lab.json("retrieve", a.retrieve(2, NOW))["messages"][0];
    assert_eq!(
        message,
        &json!({"data": "MQ==", "expiration": NOW + DAY, "hash": one, "timestamp": NOW})
    );
}

#[test]
fn other_methods_are_refused_as_observed() {
    let lab = Lab::new(3, 1);
    let a = alice();
    let hash = lab.json("store", a.store(2, b"x", NOW, DAY))["hash"]
        .as_str()
        .unwrap()
        .to_owned();
    let expire = |extra: Value| {
        let mut params = a.signed("x", json!({"messages": [hash], "expiry": NOW + 1000}));
        params
            .as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        params
    };
    let token = |n: usize| vec![base64(&[3; 36]); n];
    let revoke = |list: Value| a.signed("x", json!({"revoke": list, "timestamp": NOW}));
    let empty_list = "invalid request: messages does not contain any message hashes";
    check(
        &lab,
        &[
            (
                "delete, bad signature",
                "delete",
                a.signed("x", json!({"messages": [hash]})),
                401,
                "delete_msgs signature verification failed",
            ),
            (
                "delete, empty",
                "delete",
                a.signed("x", json!({"messages": []})),
                400,
                empty_list,
            ),
            (
                "delete, malformed hash",
                "delete",
                a.signed("x", json!({"messages": ["x"]})),
                400,
                "invalid request: invalid message hash: x",
            ),
            (
                "delete, none",
                "delete",
                a.signed("x", json!({})),
                400,
                "invalid request: Required field 'messages' missing",
            ),
            (
                "delete_all, far",
                "delete_all",
                a.signed("x", json!({"timestamp": NOW - 61_000})),
                406,
                "delete_all timestamp too far from current time",
            ),
            (
                "delete_all, bad signature",
                "delete_all",
                a.signed("x", json!({"timestamp": NOW})),
                401,
                "delete_all signature verification failed",
            ),
            (
                "delete_all, namespace a word",
                "delete_all",
                a.signed("x", json!({"timestamp": NOW, "namespace": "most"})),
                400,
                "invalid request: Invalid value given for 'namespace': expected integer or \"all\"",
            ),
            (
                "delete_before, future",
                "delete_before",
                a.signed("x", json!({"before": NOW + 61_000})),
                401,
                "delete_before timestamp too far in the future",
            ),
            (
                "delete_before, bad signature",
                "delete_before",
                a.signed("x", json!({"before": NOW})),
                401,
                "delete_before signature verification failed",
            ),
            (
                "expire, past",
                "expire",
                expire(json!({"expiry": NOW - 61_000})),
                401,
                "expire: timestamp should be >= current time",
            ),
            (
                "expire, small",
                "expire",
                expire(json!({"expiry": 5})),
                401,
                "expire: timestamp should be >= current time",
            ),
            (
                "expire, wrong type",
                "expire",
                expire(json!({"expiry": "5"})),
                400,
                "invalid request: Invalid value given for 'expiry': expected timestamp array",
            ),
            (
                "expire, both",
                "expire",
                expire(json!({"shorten": true, "extend": true})),
                400,
                "invalid request: cannot specify both 'shorten' and 'extend'",
            ),
            (
                "expire, malformed hash",
                "expire",
                expire(json!({"messages": ["x"]})),
                400,
                "invalid request: invalid message hash: x",
            ),
            (
                "expire, lengths differ",
                "expire",
                expire(json!({"expiry": [NOW, NOW]})),
                400,
                "invalid request: 'expiry' must be a single expiry, or the same length as 'messages'",
            ),
            (
                "expire, bad signature",
                "expire",
                expire(json!({})),
                401,
                "expire: signature verification failed",
            ),
            (
                "expire_all, past",
                "expire_all",
                a.signed("x", json!({"expiry": NOW - 61_000})),
                406,
                "expire_all timestamp should be >= current time",
            ),
            (
                "expire_all, bad signature",
                "expire_all",
                a.signed("x", json!({"expiry": NOW})),
                401,
                "expire_all signature verification failed",
            ),
            (
                "get_expiries, empty",
                "get_expiries",
                a.signed("x", json!({"messages": [], "timestamp": NOW})),
                400,
                empty_list,
            ),
            (
                "get_expiries, far",
                "get_expiries",
                a.signed("x", json!({"messages": [hash], "timestamp": NOW + 61_000})),
                406,
                "get_expiries timestamp too far from current time",
            ),
            (
                "get_expiries, bad signature",
                "get_expiries",
                a.signed("x", json!({"messages": [hash], "timestamp": NOW})),
                401,
                "get_expiries signature verification failed",
            ),
            (
                "get_expiries, all",
                "get_expiries",
                a.signed(
                    &format!("get_expiries{NOW}all"),
                    json!({"messages": "all", "timestamp": NOW}),
                ),
                200,
                "{\"expiries\":{}}",
            ),
            (
                "get_expiries",
                "get_expiries",
                a.signed(
                    &format!("get_expiries{NOW}{hash}"),
                    json!({"messages": [hash], "timestamp": NOW}),
                ),
                200,
                &format!("{{\"expiries\":{{\"{hash}\":{}}}}}", NOW + DAY),
            ),
            (
                "revoke, 51",
                "revoke_subaccount",
                revoke(json!(token(51))),
                400,
                "invalid request: invalid revoke: cannot revoke more than 50 subaccounts at once",
            ),
            (
                "revoke, malformed",
                "revoke_subaccount",
                revoke(json!(["AAAA"])),
                400,
                "invalid request: invalid revoke: expected base64 or hex-encoded subaccount tag",
            ),
            (
                "revoke, bad signature",
                "revoke_subaccount",
                revoke(json!(token(1))),
                401,
                "revoke_subaccount signature verification failed",
            ),
            (
                "unrevoke, malformed",
                "unrevoke_subaccount",
                a.signed("x", json!({"unrevoke": "no", "timestamp": NOW})),
                400,
                "invalid request: invalid unrevoke: expected base64 or hex-encoded subaccount tag",
            ),
            (
                "oxend, other",
                "oxend_request",
                json!({"endpoint": "get_info"}),
                400,
                "invalid request: Invalid oxend endpoint 'get_info'",
            ),
        ],
    );
}

#[test]
fn batches_are_refused_as_observed() {
    let lab = Lab::new(1, 1);
    let member = json!({"method": "info", "params": {}});
    let requests = |list: Value| json!({ "requests": list });
    let keys = "invalid request: Invalid batch request: subrequests must have method/params keys";
    let none = "invalid request: Invalid batch request: no valid \"requests\" field";
    for method in ["batch", "sequence"] {
        check(
            &lab,
            &[
                (
                    "21",
                    method,
                    requests(vec![member.clone(); 21].into()),
                    400,
                    "invalid request: Invalid batch request: subrequest limit exceeded",
                ),
                (
                    "20",
                    method,
                    requests(vec![member.clone(); 20].into()),
                    200,
                    "*",
                ),
                ("empty", method, requests(json!([])), 400, none),
                ("missing", method, json!({}), 400, none),
                (
                    "nested",
                    method,
                    requests(json!([{"method": "batch", "params": {"requests": [member]}}])),
                    400,
                    "invalid request: Invalid batch subrequest: subrequests may not contain meta-requests",
                ),
                (
                    "unknown",
                    method,
                    requests(json!([{"method": "frob", "params": {}}])),
                    400,
                    "invalid request: Invalid batch subrequest: invalid method \"frob\"",
                ),
                (
                    "no params",
                    method,
                    requests(json!([{"method": "info"}])),
                    400,
                    keys,
                ),
                (
                    "params a list",
                    method,
                    requests(json!([{"method": "info", "params": []}])),
                    400,
                    keys,
                ),
                (
                    "no object",
                    method,
                    requests(json!([5])),
                    400,
                    "invalid request: Invalid batch request: requests must be objects",
                ),
                (
                    "field missing",
                    method,
                    requests(json!([member, {"method": "store", "params": {}}])),
                    400,
                    "invalid request: Required field 'timestamp' missing",
                ),
            ],
        );
    }
}

#[test]
fn a_batch_runs_everything_and_a_sequence_stops_after_a_failure() {
    let lab = Lab::new(1, 1);
    let a = alice();
    let requests = json!({"requests": [
        {"method": "info", "params": {}},
        {"method": "retrieve", "params": {"pubkey": a.id()}},
        {"method": "info", "params": {}},
    ]});
    let info = json!({"body": {"hf": [19, 4], "t": NOW, "timestamp": NOW, "version": [2, 8, 0]}, "code": 200});
    let refused = json!({"body": "retrieve: request signature required", "code": 401});
    assert_eq!(
        lab.json("batch", requests.clone()),
        json!({"results": [info, refused, info]})
    );
    assert_eq!(
        lab.json("sequence", requests),
        json!({"results": [info, refused]})
    );
}

#[test]
fn ifelse_decides_and_refuses_as_observed() {
    let lab = Lab::new(1, 1);
    let info = json!({"method": "info", "params": {}});
    let case = |condition: Value| json!({"if": condition, "then": info});
    let refusals: &[(Value, &str)] = &[
        (json!({}), "Invalid ifelse request: no valid \"if\" field"),
        (
            json!({"if": {}}),
            "Invalid ifelse request: must specify at least one \"if\" condition",
        ),
        (
            json!({"if": {"unknown": 1}}),
            "Invalid ifelse request: must specify at least one \"if\" condition",
        ),
        (
            json!({"if": {"hf_at_least": [19]}}),
            "Invalid ifelse request: at least one of \"then\"/\"else\" required",
        ),
        (
            json!({"if": {"hf_at_least": [19]}, "then": 5}),
            "Invalid ifelse request: then must be an object",
        ),
        (
            json!({"if": {"hf_at_least": [19]}, "then": {}}),
            "Invalid ifelse request: then must have method/params keys",
        ),
        (
            json!({"if": {"hf_at_least": [19]}, "then": {"method": "frob", "params": {}}}),
            "Invalid ifelse request method \"then\"",
        ),
        (
            json!({"if": {"hf_at_least": [19]}, "then": info, "else": {"method": "frob", "params": {}}}),
            "Invalid ifelse request method \"else\"",
        ),
        (
            json!({"if": {"hf_at_least": "x"}, "then": info}),
            "Invalid value given for 'hf_at_least': expected integer array",
        ),
    ];
    for (params, text) in refusals {
        assert_eq!(
            lab.call("ifelse", params.clone()),
            (400, format!("invalid request: {text}")),
            "{params}"
        );
    }
    let outcomes = [
        (json!({"hf_at_least": [19, 4]}), true),
        (json!({"hf_at_least": 20}), false),
        (json!({"hf_at_least": [19], "v_before": [2, 8]}), false),
        (json!({"v_at_least": [2, 8]}), true),
        (json!({"height_at_least": 1_700_000}), true),
        (json!({"height_before": 1u64 << 40}), false),
    ];
    for (condition, holds) in outcomes {
        let answer = lab.json("ifelse", case(condition.clone()));
        assert_eq!(answer["condition"], holds, "{condition}");
        assert_eq!(answer.get("result").is_some(), holds);
        assert_eq!(
            (&answer["hf"], &answer["v"], &answer["height"]),
            (&json!([19, 4]), &json!([2, 8, 0]), &json!(1_700_000))
        );
    }
    let nested = json!({"if": {"hf_at_least": [19]}, "then": {"method": "batch", "params": {"requests": [info]}}});
    assert_eq!(
        lab.json("ifelse", nested)["result"]["body"]["results"][0]["code"],
        200
    );
}

#[test]
fn the_daemon_answers_with_the_fields_asked_for() {
    let lab = Lab::new(3, 1);
    let fields = json!({"public_ip": true, "storage_port": true, "pubkey_x25519": true, "pubkey_ed25519": true});
    let asked = json!({"endpoint": "get_service_nodes", "params": {"active_only": true, "fields": fields, "limit": 2}});
    let answer = lab.json("oxend_request", asked);
    let states = answer["result"]["service_node_states"].as_array().unwrap();
    assert_eq!(states.len(), 2);
    let keys: Vec<_> = states[0]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        [
            "pubkey_ed25519",
            "pubkey_x25519",
            "public_ip",
            "storage_port"
        ]
    );
    assert_eq!(answer["t"], NOW);
    let list =
        json!({"endpoint": "get_service_nodes", "params": {"fields": ["swarm_id", "height"]}});
    let answer = lab.json("oxend_request", list);
    assert_eq!(answer["result"]["height"], 1_700_000);
    assert_eq!(
        answer["result"]["service_node_states"][0],
        json!({"swarm_id": u64::MAX / 2})
    );
}

#[test]
fn every_time_is_in_milliseconds_and_an_integer() {
    let lab = Lab::new(1, 1);
    let a = alice();
    let fields = [
        ("retrieve", "timestamp"),
        ("delete_all", "timestamp"),
        ("delete_before", "before"),
        ("expire_all", "expiry"),
        ("get_expiries", "timestamp"),
        ("revoke_subaccount", "timestamp"),
    ];
    for (method, field) in fields {
        let params = |time: Value| {
            let lists = json!({"messages": ["A".repeat(43)], "revoke": []});
            with(a.signed("x", lists), field, time)
        };
        let form = format!(
            "invalid request: Invalid value given for '{field}': expected integer timestamp (in milliseconds)"
        );
        let unit = format!(
            "invalid request: Invalid timestamp for '{field}': timestamp must be in milliseconds"
        );
        for (time, text) in [
            (json!("1760000000000"), &form),
            (json!(1.76e12 + 0.5), &form),
            (json!(-1), &form),
            (json!(0), &unit),
            (json!(999_999_999), &unit),
        ] {
            assert_eq!(
                lab.call(method, params(time.clone())),
                (400, text.clone()),
                "{method} {time}"
            );
        }
    }
}

#[test]
fn expiries_of_malformed_and_unknown_hashes_are_just_missing() {
    let lab = Lab::new(1, 1);
    let a = alice();
    let unknown = "A".repeat(43);
    for hash in ["x", unknown.as_str()] {
        let params = a.signed(
            &format!("get_expiries{NOW}{hash}"),
            json!({"messages": [hash], "timestamp": NOW}),
        );
        assert_eq!(
            lab.call("get_expiries", params),
            (200, "{\"expiries\":{}}".to_owned())
        );
    }
}

#[test]
fn a_branch_may_be_any_method_and_its_failure_is_a_result() {
    let lab = Lab::new(6, 2);
    let a = alice();
    let outsider = (0..6)
        .find(|i| !lab.network.members_for(&a.swarm_id()).contains(i))
        .unwrap();
    let always = |then: Value| json!({"if": {"hf_at_least": [19]}, "then": then});
    let info = json!({"method": "info", "params": {}});
    let code =
        |then: Value| lab.json_at(outsider, "ifelse", always(then))["result"]["code"].clone();
    let store = json!({"method": "store", "params": a.public_store(b"x")});
    assert_eq!(code(store), 421);
    assert_eq!(
        code(json!({"method": "sequence", "params": {"requests": [info]}})),
        200
    );
    let inner = json!({"method": "ifelse", "params": always(info)});
    assert_eq!(code(inner), 200);
    let unsigned = json!({"method": "retrieve", "params": {"pubkey": a.id()}});
    let member = lab.network.members_for(&a.swarm_id())[0];
    let answer = lab.json_at(member, "ifelse", always(unsigned));
    assert_eq!(
        answer["result"],
        json!({"body": "retrieve: request signature required", "code": 401})
    );
}

#[test]
fn two_whole_retrieves_in_one_batch_work_directly() {
    let lab = Lab::new(1, 1);
    let a = alice();
    for i in 0..105u8 {
        let mut data = vec![7; 76_000];
        data[0] = i;
        lab.json("store", a.store(2, &data, NOW, DAY));
    }
    let whole =
        json!({"method": "retrieve", "params": with(a.retrieve(2, NOW), "max_size", (-1).into())});
    let (status, body) = lab.call("batch", json!({"requests": [whole, whole]}));
    assert_eq!(status, 200);
    assert!(
        (15_300_000..15_600_000).contains(&body.len()),
        "{}",
        body.len()
    );
}
