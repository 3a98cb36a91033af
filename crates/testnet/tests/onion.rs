//! Onion requests through the network, with each error of 15-observed-service-node 8 and 9.
#![allow(clippy::unwrap_used)]

mod common;

use common::{DAY, Lab, NOW, alice};
use onionskin_protocol::encoding::{base64, from_base64};
use onionskin_protocol::keys::{Ed25519PublicKey, X25519PublicKey, X25519SecretKey};
use onionskin_protocol::onion::frame;
use onionskin_protocol::onion::{Cipher, Destination, OnionRequest, ResponseError, build, v4};
use onionskin_protocol::sorted::SortedMap;
use onionskin_testnet::network::{Fault, Weather};
use onionskin_testnet::random::SeededEntropy;
use serde_json::{Value, json};

type Keys = (Ed25519PublicKey, X25519PublicKey);

fn keys(lab: &Lab) -> Vec<Keys> {
    lab.network
        .list()
        .into_iter()
        .map(|node| (node.ed25519, node.x25519))
        .collect()
}

/// A request through `path`, whose last number is the destination.
fn request_of(keys: &[Keys], path: &[usize], payload: &[u8], cipher: Cipher) -> OnionRequest {
    let (last, hops) = path.split_last().unwrap();
    let hops: Vec<Keys> = hops.iter().map(|&i| keys[i]).collect();
    let (ed25519, x25519) = keys[*last];
    build(
        &hops,
        &Destination::Node { ed25519, x25519 },
        payload,
        cipher,
        &mut SeededEntropy::new(5),
    )
    .unwrap()
}

fn rpc(method: &str, params: Value) -> Vec<u8> {
    json!({"method": method, "params": params})
        .to_string()
        .into_bytes()
}

fn send(lab: &Lab, guard: usize, body: &[u8]) -> (u16, Vec<u8>) {
    let guard = keys(lab)[guard].0;
    lab.time.run(lab.network.onion(&guard, body))
}

fn text(answer: (u16, Vec<u8>)) -> (u16, String) {
    (answer.0, String::from_utf8_lossy(&answer.1).into_owned())
}

/// What the guard says to `info` along `path`.
fn ask(lab: &Lab, path: &[usize]) -> (u16, String) {
    let request = request_of(&keys(lab), path, &rpc("info", json!({})), Cipher::XChaCha20);
    text(send(lab, path[0], &request.body))
}

#[test]
fn one_to_four_nodes_and_both_ciphers_carry_an_answer() {
    let lab = Lab::new(6, 1);
    for cipher in [Cipher::XChaCha20, Cipher::AesGcm] {
        for path in [&[0][..], &[0, 1], &[0, 1, 2], &[0, 1, 2, 3], &[1, 1, 2, 1]] {
            let request = request_of(&keys(&lab), path, &rpc("info", json!({})), cipher);
            let (status, body) = send(&lab, path[0], &request.body);
            let reply = request.open_rpc(status, &body).unwrap();
            assert_eq!(reply.status, 200);
            let info: Value = serde_json::from_slice(&reply.body).unwrap();
            assert_eq!(info["timestamp"], NOW);
        }
    }
}

#[test]
fn a_message_is_stored_and_fetched_through_three_hops() {
    let lab = Lab::new(9, 3);
    let a = alice();
    let members = lab.network.members_for(&a.swarm_id());
    let hops: Vec<usize> = (0..9).filter(|i| !members.contains(i)).take(3).collect();
    let call = |destination: usize, payload: &[u8]| {
        let path = [&hops[..], &[destination]].concat();
        let request = request_of(&keys(&lab), &path, payload, Cipher::XChaCha20);
        let (status, body) = send(&lab, path[0], &request.body);
        request.open_rpc(status, &body).unwrap()
    };
    assert_eq!(
        call(members[0], &rpc("store", a.public_store(b"hello"))).status,
        200
    );
    let found = call(members[2], &rpc("retrieve", a.retrieve(0, NOW)));
    let found: Value = serde_json::from_slice(&found.body).unwrap();
    assert_eq!(found["messages"][0]["data"], base64(b"hello"));
    let wrong = call(hops[1], &rpc("retrieve", a.retrieve(0, NOW)));
    assert_eq!(wrong.status, 421);
    let refused = call(members[0], &rpc("retrieve", json!({"pubkey": a.id()})));
    assert_eq!(
        (refused.status, refused.body.as_slice()),
        (401, b"retrieve: request signature required".as_slice())
    );
}

#[test]
fn an_onion_is_traced_without_being_sent() {
    let lab = Lab::new(6, 1);
    let all = keys(&lab);
    let request = request_of(
        &all,
        &[4, 0, 2, 5],
        &rpc("info", json!({})),
        Cipher::XChaCha20,
    );
    let guards = lab.network.list();
    let trace = lab
        .network
        .trace(&guards[4].ed25519, &request.body)
        .unwrap();
    assert_eq!((trace.hops, trace.destination), (vec![4, 0, 2], Some(5)));
    let wrong = lab.network.trace(&guards[3].ed25519, &request.body);
    assert_eq!(wrong, None);
    assert_eq!(lab.network.trace(&guards[4].ed25519, b"no onion"), None);
}

#[test]
fn a_replaying_node_answers_with_the_answer_before() {
    let lab = Lab::new(4, 1);
    lab.network.fault(1, Fault::Replay);
    // The keys of these requests are the same, so that an earlier answer opens, too.
    let told = || {
        let path = [0, 1, 2, 3];
        let request = request_of(
            &keys(&lab),
            &path,
            &rpc("info", json!({})),
            Cipher::XChaCha20,
        );
        let (status, body) = send(&lab, 0, &request.body);
        lab.time.pass(1_000);
        let reply = request.open_rpc(status, &body).ok()?;
        let info: Value = serde_json::from_slice(&reply.body).unwrap();
        info["timestamp"].as_i64()
    };
    assert_eq!(told(), None, "there is no earlier answer yet");
    assert_eq!(told(), Some(NOW));
    assert_eq!(told(), Some(NOW + 1_000));
}

#[test]
fn what_the_guard_cannot_read_is_refused_in_clear() {
    let lab = Lab::new(3, 1);
    let key = hex::encode([9; 32]);
    let framed = |json: &str| frame::encode(b"abc", json.as_bytes());
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (
            b"abc".to_vec(),
            "Unexpected payload size; expected ciphertext size",
        ),
        (
            b"\x0f\x27\0\0abc".to_vec(),
            "Unexpected payload size 3, expected >= 9999",
        ),
        (
            framed("{}"),
            "[json.exception.out_of_range.403] key 'ephemeral_key' not found",
        ),
        (
            framed("{\"ephemeral_key\":\"zz\"}"),
            "Hex key data is invalid: data is not hex",
        ),
        (
            framed(&format!("{{\"ephemeral_key\":\"{}\"}}", &key[2..])),
            "Hex key data is invalid: expected 32 hex digits, received 62",
        ),
        (
            framed(&format!(
                "{{\"ephemeral_key\":\"{key}\",\"enc_type\":\"rot13\"}}"
            )),
            "Invalid encryption type rot13",
        ),
        (
            framed(&format!(
                "{{\"ephemeral_key\":\"{key}\",\"enc_type\":\"\"}}"
            )),
            "Invalid encryption type ",
        ),
    ];
    for (body, detail) in cases {
        let expected = format!("Error parsing onion request: {detail}");
        assert_eq!(text(send(&lab, 0, &body)), (400, expected));
    }
    let (status, body) = text(send(&lab, 0, &framed("")));
    assert_eq!(status, 400);
    let start = "Error parsing onion request: [json.exception.parse_error.101] parse error at line 1, column ";
    assert!(body.starts_with(start), "{body}");
    for key in [key, "00".repeat(32)] {
        let body = framed(&format!(
            "{{\"ephemeral_key\":\"{key}\",\"enc_type\":\"xchacha20\"}}"
        ));
        assert_eq!(
            text(send(&lab, 0, &body)),
            (400, "Invalid ciphertext".to_owned())
        );
    }
}

#[test]
fn a_wrong_key_for_any_hop_gives_invalid_ciphertext_in_clear() {
    let lab = Lab::new(4, 1);
    for wrong in 0..4 {
        let mut keys = keys(&lab);
        keys[wrong].1 = X25519SecretKey::from_bytes([3; 32]).public();
        let request = request_of(
            &keys,
            &[0, 1, 2, 3],
            &rpc("info", json!({})),
            Cipher::XChaCha20,
        );
        let (status, body) = send(&lab, 0, &request.body);
        assert_eq!(
            text((status, body.clone())),
            (400, "Invalid ciphertext".to_owned())
        );
        assert_eq!(
            request.open_rpc(status, &body),
            Err(ResponseError::InvalidCiphertext)
        );
    }
}

#[test]
fn an_unknown_next_node_is_named() {
    let lab = Lab::new(4, 1);
    for unknown in 1..4 {
        let mut keys = keys(&lab);
        keys[unknown].0 = Ed25519PublicKey([0xab; 32]);
        let request = request_of(
            &keys,
            &[0, 1, 2, 3],
            &rpc("info", json!({})),
            Cipher::XChaCha20,
        );
        let answer = text(send(&lab, 0, &request.body));
        assert_eq!(
            answer,
            (502, format!("Next node not found: {}", "ab".repeat(32)))
        );
    }
    lab.network.fault(1, Fault::Lie);
    assert_eq!(
        ask(&lab, &[0, 1, 2, 3]),
        (502, format!("Next node not found: {}", lab.key(2)))
    );
}

#[test]
fn a_node_that_is_down_or_hung_costs_thirty_seconds_wherever_it_stands() {
    for fault in [Fault::Stop, Fault::Hang] {
        for silent in 1..4 {
            let lab = Lab::new(4, 1);
            lab.network.fault(silent, fault);
            assert_eq!(
                ask(&lab, &[0, 1, 2, 3]),
                (504, "Request time out".to_owned())
            );
            assert_eq!(lab.network.now().as_millis() as i64, NOW + 30_000);
        }
    }
    let lab = Lab::new(4, 1);
    lab.network.fault(0, Fault::Stop);
    assert_eq!(
        ask(&lab, &[0, 1, 2, 3]),
        (0, String::new()),
        "the guard refuses the connection"
    );
    assert_eq!(lab.network.now().as_millis() as i64, NOW);
}

#[test]
fn a_node_that_is_not_ready_says_so_in_clear() {
    let lab = Lab::new(4, 1);
    lab.network.fault(2, Fault::NotReady);
    for path in [&[0, 1, 2, 3][..], &[0, 1, 2]] {
        assert_eq!(
            ask(&lab, path),
            (503, format!("Snode not ready: {}", lab.key(2)))
        );
    }
    assert_eq!(
        ask(&lab, &[2, 1]),
        (
            503,
            "Service node is not ready: not in any swarm\n".to_owned()
        )
    );
}

#[test]
fn sixteen_nodes_work_and_seventeen_do_not() {
    let lab = Lab::new(5, 1);
    let path: Vec<usize> = (0..17).map(|i| i % 5).collect();
    assert_eq!(ask(&lab, &path[..16]).0, 200);
    let refusal = (400, "onion request max path length exceeded".to_owned());
    assert_eq!(ask(&lab, &path), refusal);
    let request = request_of(
        &keys(&lab),
        &[0, 1, 2, 3],
        &rpc("info", json!({})),
        Cipher::XChaCha20,
    );
    let shifted = |hop_no: i64| {
        let (ciphertext, outer) = frame::decode(&request.body).unwrap();
        let mut outer: Value = serde_json::from_slice(outer).unwrap();
        outer["hop_no"] = hop_no.into();
        text(send(
            &lab,
            0,
            &frame::encode(ciphertext, outer.to_string().as_bytes()),
        ))
    };
    assert_eq!(shifted(12).0, 200);
    assert_eq!(shifted(-3).0, 200);
    assert_eq!(shifted(13), refusal);
}

/// Encrypts raw plaintext to the guard, and opens its complaint.
fn complaint(lab: &Lab, plaintext: &[u8]) -> Value {
    let secret = X25519SecretKey::from_bytes([7; 32]);
    let node = keys(lab)[0].1;
    let ciphertext = Cipher::XChaCha20
        .encrypt_to_node(&secret, &node, plaintext, &mut SeededEntropy::new(9))
        .unwrap();
    let outer = json!({"ephemeral_key": secret.public().to_hex(), "enc_type": "xchacha20"});
    let (status, body) = send(
        lab,
        0,
        &frame::encode(&ciphertext, outer.to_string().as_bytes()),
    );
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
    let sealed = from_base64(std::str::from_utf8(&body).unwrap()).unwrap();
    let plain = Cipher::XChaCha20
        .decrypt_from_node(&secret, &node, &sealed)
        .unwrap();
    serde_json::from_slice(&plain).unwrap()
}

#[test]
fn decryptable_nonsense_is_refused_under_the_key_of_its_layer() {
    let lab = Lab::new(3, 1);
    let invalid = json!({"body": "Invalid json", "status": 400});
    let layer = |json: Value| frame::encode(b"{}", json.to_string().as_bytes());
    let next = lab.key(1);
    let key = hex::encode([9; 32]);
    for plaintext in [
        b"ab".to_vec(),
        frame::encode(b"{}", b"no json"),
        layer(json!({})),
        layer(json!({"destination": "zz", "ephemeral_key": key})),
        layer(json!({"destination": next})),
        layer(json!({"destination": next, "ephemeral_key": key, "enc_type": "rot13"})),
        layer(json!({"headers": "", "json": null})),
        layer(json!({"headers": "", "base64": "yes"})),
        layer(json!({"host": "files.test"})),
        layer(json!({"host": "files.test", "target": "/oxen/v4/lsrpc", "port": "80"})),
    ] {
        assert_eq!(
            complaint(&lab, &plaintext),
            invalid,
            "{}",
            String::from_utf8_lossy(&plaintext)
        );
    }
    for (target, protocol) in [
        ("/other/lsrpc", "http"),
        ("/oxen/v4/other", "http"),
        ("/oxen/v4/lsrpc?x", "http"),
        ("oxen/v4/lsrpc", "http"),
        ("/oxen/v4/lsrpc", "HTTP"),
        ("/oxen/v4/lsrpc", "ftp"),
    ] {
        let plaintext =
            layer(json!({"host": "files.test", "target": target, "protocol": protocol}));
        assert_eq!(
            complaint(&lab, &plaintext),
            json!({"body": "Invalid url", "status": 400}),
            "{protocol} {target}"
        );
    }
}

#[test]
fn the_form_of_the_answer_is_the_clients_choice() {
    let lab = Lab::new(1, 1);
    let info = rpc("info", json!({}));
    let embedded = complaint(
        &lab,
        &frame::encode(&info, b"{\"headers\":[],\"json\":true,\"destination\":1}"),
    );
    assert_eq!(
        (&embedded["status"], &embedded["body"]["t"]),
        (&json!(200), &json!(NOW))
    );
    let double = complaint(&lab, &frame::encode(&info, b"{\"headers\":null}"));
    assert!(
        double["body"]
            .as_str()
            .unwrap()
            .starts_with("{\"hf\":[19,4],")
    );
    let list = complaint(
        &lab,
        &frame::encode(&rpc("active_nodes_bin", json!({})), b"{\"headers\":\"\"}"),
    );
    assert_eq!(
        from_base64(list["body"].as_str().unwrap()).unwrap().len(),
        51
    );
}

#[test]
fn a_complaint_of_a_middle_node_opens_with_its_own_key() {
    let lab = Lab::new(3, 1);
    // The middle node's layer holds no destination: it is built as if node 1 were the last, with a request that is no frame.
    let keys = keys(&lab);
    let server = Destination::Server {
        host: "files.test".to_owned(),
        target: "/not/allowed".to_owned(),
        protocol: "http".to_owned(),
        port: Some(80),
        x25519: lab.files.x25519(),
    };
    let request = build(
        &[keys[0], keys[1]],
        &server,
        b"l2:{}e",
        Cipher::XChaCha20,
        &mut SeededEntropy::new(5),
    )
    .unwrap();
    let (status, body) = send(&lab, 0, &request.body);
    let error = request.open_v4(status, &body).unwrap_err();
    assert_eq!(
        error,
        ResponseError::Hop {
            hop: 1,
            status: 400,
            text: "Invalid url".to_owned()
        }
    );
}

#[test]
fn a_reply_of_more_than_ten_mebibytes_is_lost_between_nodes() {
    let lab = Lab::new(2, 1);
    let a = alice();
    for i in 0..105u8 {
        let mut data = vec![7; 76_000];
        data[0] = i;
        lab.json("store", a.store(2, &data, NOW, DAY));
    }
    let whole = || {
        let mut params = a.retrieve(2, lab.network.now().as_millis() as i64);
        params["max_size"] = (-1).into();
        json!({"method": "retrieve", "params": params})
    };
    let ask = |count: usize| {
        let payload = rpc("batch", json!({"requests": vec![whole(); count]}));
        let request = request_of(&keys(&lab), &[0, 1], &payload, Cipher::XChaCha20);
        send(&lab, 0, &request.body)
    };
    let (status, body) = ask(1);
    assert_eq!(status, 200);
    assert!(
        (10_200_000..10_485_760).contains(&body.len()),
        "{}",
        body.len()
    );
    assert_eq!(text(ask(2)), (504, "Request time out".to_owned()));
}

#[test]
fn a_corrupting_node_makes_the_answer_undecryptable() {
    let lab = Lab::new(4, 1);
    for corrupt in 0..4 {
        lab.network.fault(corrupt, Fault::Corrupt);
        let request = request_of(
            &keys(&lab),
            &[0, 1, 2, 3],
            &rpc("info", json!({})),
            Cipher::XChaCha20,
        );
        let (status, body) = send(&lab, 0, &request.body);
        assert_eq!(
            request.open_rpc(status, &body),
            Err(ResponseError::Undecryptable)
        );
        lab.network.fault(corrupt, Fault::Start);
    }
}

#[test]
fn an_abandoned_request_is_carried_out_all_the_same() {
    let lab = Lab::new(5, 1);
    let a = alice();
    lab.network.weather(Weather {
        loss_permille: 0,
        min_ms: 100,
        max_ms: 100,
    });
    let request = request_of(
        &keys(&lab),
        &[0, 1, 2, 3],
        &rpc("store", a.public_store(b"x")),
        Cipher::XChaCha20,
    );
    let guard = keys(&lab)[0].0;
    lab.time.run(async {
        let sent = Box::pin(lab.network.onion(&guard, &request.body));
        let sleeper: &dyn onionskin_testnet::network::Sleeper = &lab.time;
        futures::future::select(sent, sleeper.sleep(150)).await;
    });
    assert!(
        lab.network
            .messages(&a.swarm_id())
            .iter()
            .all(|(_, held)| held.is_empty())
    );
    lab.time.pass(2000);
    assert!(
        lab.network
            .messages(&a.swarm_id())
            .iter()
            .all(|(_, held)| held.len() == 1)
    );
}

fn file_server_at(lab: &Lab, host: &str, port: u16) -> Destination {
    Destination::Server {
        host: host.to_owned(),
        target: "/oxen/v4/lsrpc".to_owned(),
        protocol: "http".to_owned(),
        port: Some(port),
        x25519: lab.files.x25519(),
    }
}

#[test]
fn a_file_goes_up_and_down_through_three_hops() {
    let lab = Lab::new(3, 1);
    let hops = keys(&lab);
    let server = file_server_at(&lab, "files.test", 80);
    let exchange = |method: &str, endpoint: &str, body: Option<Vec<u8>>| {
        let mut headers = SortedMap::new();
        if body.is_some() {
            headers.insert(
                "Content-Type".to_owned(),
                "application/octet-stream".to_owned(),
            );
        }
        let payload = v4::Request {
            method: method.to_owned(),
            endpoint: endpoint.to_owned(),
            headers,
            body,
        }
        .encode();
        let request = build(
            &hops,
            &server,
            &payload,
            Cipher::XChaCha20,
            &mut SeededEntropy::new(5),
        )
        .unwrap();
        let (status, body) = send(&lab, 0, &request.body);
        request.open_v4(status, &body).unwrap()
    };
    let data = vec![0xfe; 3_000_000];
    let stored: Value =
        serde_json::from_slice(&exchange("POST", "/file", Some(data.clone())).body).unwrap();
    let found = exchange(
        "GET",
        &format!("/file/{}", stored["id"].as_str().unwrap()),
        None,
    );
    assert_eq!((found.code, found.body == data), (200, true));
    assert_eq!(exchange("GET", "/file/unknown", None).code, 404);
}

#[test]
fn servers_that_are_not_there_give_the_texts_of_the_http_client() {
    let lab = Lab::new(3, 1);
    for (host, port, expected) in [
        (
            "nosuch.invalid",
            80,
            "Could not resolve host: nosuch.invalid",
        ),
        (
            "files.test",
            4499,
            "Failed to connect to files.test port 4499 after 0 ms: Couldn't connect to server",
        ),
    ] {
        let server = file_server_at(&lab, host, port);
        let request = build(
            &keys(&lab),
            &server,
            b"l2:{}e",
            Cipher::XChaCha20,
            &mut SeededEntropy::new(5),
        )
        .unwrap();
        assert_eq!(
            text(send(&lab, 0, &request.body)),
            (502, expected.to_owned())
        );
    }
}

/// A layer for node 0 as it is sent: encrypted with `cipher`, described by `outer` beside the ephemeral key.
fn sealed(lab: &Lab, cipher: Cipher, plaintext: &[u8], mut outer: Value) -> Vec<u8> {
    let secret = X25519SecretKey::from_bytes([7; 32]);
    let ciphertext = cipher
        .encrypt_to_node(
            &secret,
            &keys(lab)[0].1,
            plaintext,
            &mut SeededEntropy::new(9),
        )
        .unwrap();
    outer["ephemeral_key"] = secret.public().to_hex().into();
    frame::encode(&ciphertext, outer.to_string().as_bytes())
}

/// Opens an answer to [`sealed`].
fn opened(lab: &Lab, cipher: Cipher, sealed: &[u8]) -> Value {
    let secret = X25519SecretKey::from_bytes([7; 32]);
    let plain = cipher
        .decrypt_from_node(&secret, &keys(lab)[0].1, sealed)
        .unwrap();
    serde_json::from_slice(&plain).unwrap()
}

#[test]
fn ciphers_go_by_their_known_names_and_aes_by_none() {
    let lab = Lab::new(1, 1);
    let layer = frame::encode(
        &rpc("info", json!({})),
        b" { \"headers\" : {} , \"unknown\" : 1 } ",
    );
    let names = [
        (Cipher::AesGcm, json!({})),
        (Cipher::AesGcm, json!({"enc_type": "aes-gcm"})),
        (Cipher::AesGcm, json!({"enc_type": "gcm", "unknown": [1]})),
        (Cipher::XChaCha20, json!({"enc_type": "xchacha20"})),
        (Cipher::XChaCha20, json!({"enc_type": "xchacha20-poly1305"})),
    ];
    for (cipher, outer) in names {
        let body = sealed(&lab, cipher, &layer, outer.clone());
        let (status, answer) = send(&lab, 0, &body);
        assert_eq!(status, 200, "{outer}");
        let answer = from_base64(std::str::from_utf8(&answer).unwrap()).unwrap();
        assert_eq!(opened(&lab, cipher, &answer)["status"], 200, "{outer}");
        assert_eq!(send(&lab, 0, &body).0, 200, "the same onion once more");
    }
    let named = |name: &str| {
        let outer = json!({ "enc_type": name });
        text(send(
            &lab,
            0,
            &sealed(&lab, Cipher::XChaCha20, &layer, outer),
        ))
    };
    assert_eq!(
        named("XCHACHA20"),
        (
            400,
            "Error parsing onion request: Invalid encryption type XCHACHA20".to_owned()
        )
    );
    assert_eq!(
        named("aes-gcm"),
        (400, "Invalid ciphertext".to_owned()),
        "the wrong cipher"
    );
    let hop_no = json!({"enc_type": "xchacha20", "hop_no": "1"});
    let (status, complaint) = text(send(
        &lab,
        0,
        &sealed(&lab, Cipher::XChaCha20, &layer, hop_no),
    ));
    assert!(status == 400 && complaint.starts_with("Error parsing onion request: "));
}

#[test]
fn a_damaged_ciphertext_is_refused_in_clear_whatever_the_cipher() {
    let lab = Lab::new(1, 1);
    let layer = frame::encode(b"{}", b"{\"headers\":\"\"}");
    for (cipher, name) in [
        (Cipher::XChaCha20, "xchacha20"),
        (Cipher::AesGcm, "aes-gcm"),
    ] {
        let body = sealed(&lab, cipher, &layer, json!({ "enc_type": name }));
        let (ciphertext, outer) = frame::decode(&body).unwrap();
        let mut flipped = ciphertext.to_vec();
        flipped[20] ^= 1;
        let short = &ciphertext[..ciphertext.len() - 1];
        for damaged in [flipped.as_slice(), short, &ciphertext[..5], &[]] {
            assert_eq!(
                text(send(&lab, 0, &frame::encode(damaged, outer))),
                (400, "Invalid ciphertext".to_owned()),
                "{name}, {} bytes",
                damaged.len()
            );
        }
    }
}

#[test]
fn headers_win_over_host_and_host_over_destination() {
    let lab = Lab::new(1, 1);
    let info = rpc("info", json!({}));
    let all = json!({"headers": 0, "host": "x", "target": "/no", "destination": "zz"});
    let answer = complaint(&lab, &frame::encode(&info, all.to_string().as_bytes()));
    assert_eq!(answer["status"], 200);
    let two = json!({"host": "x", "target": "/no", "destination": "zz"});
    let answer = complaint(&lab, &frame::encode(&info, two.to_string().as_bytes()));
    assert_eq!(answer, json!({"body": "Invalid url", "status": 400}));
}

#[test]
fn an_answer_without_base64_is_the_ciphertext_itself() {
    let lab = Lab::new(1, 1);
    let layer = frame::encode(
        &rpc("info", json!({})),
        b"{\"headers\":\"\",\"base64\":false}",
    );
    let outer = json!({"enc_type": "xchacha20"});
    let (status, raw) = send(&lab, 0, &sealed(&lab, Cipher::XChaCha20, &layer, outer));
    assert_eq!(status, 200);
    assert_eq!(opened(&lab, Cipher::XChaCha20, &raw)["status"], 200);
}

#[test]
fn a_request_of_nearly_ten_megabytes_passes_between_nodes() {
    let lab = Lab::new(2, 1);
    let payload = rpc("info", json!({"ignored": "x".repeat(9_900_000)}));
    let request = request_of(&keys(&lab), &[0, 1], &payload, Cipher::AesGcm);
    let (status, body) = send(&lab, 0, &request.body);
    assert_eq!(request.open_rpc(status, &body).unwrap().status, 200);
}

#[test]
fn a_port_beyond_16_bits_is_taken_modulo_2_to_the_16() {
    let lab = Lab::new(1, 1);
    let server = json!({"host": "files.test", "target": "/oxen/v4/lsrpc", "protocol": "http", "port": 65_536});
    let layer = frame::encode(b"{}", server.to_string().as_bytes());
    let outer = json!({"enc_type": "xchacha20"});
    let (status, said) = text(send(
        &lab,
        0,
        &sealed(&lab, Cipher::XChaCha20, &layer, outer),
    ));
    assert_eq!(status, 502);
    assert!(
        said.starts_with("Failed to connect to files.test port 0 "),
        "{said}"
    );
}
