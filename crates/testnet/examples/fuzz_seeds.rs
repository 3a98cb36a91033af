//! Writes first inputs for the fuzz targets into a folder: `fuzz_seeds VECTORS OUT` makes `OUT/<target>/<hash>`.
//!
//! They are the strings and bytes of the conformance vectors, and what nodes of a network under virtual time answer to
//! what a client sends. `fuzz/README.md` says how they become `fuzz/corpus`.

#[path = "../tests/common/mod.rs"]
mod common;

use common::{DAY, Lab, NOW, alice};
use onionskin_protocol::encoding;
use onionskin_protocol::hash::blake2b;
use onionskin_protocol::onion::{Cipher, Destination, build, frame, v4};
use onionskin_testnet::network::Fault;
use onionskin_testnet::random::SeededEntropy;
use serde_json::{Value, json};
use std::error::Error;
use std::path::{Path, PathBuf};

/// Longer inputs slow a fuzzer down without teaching it anything.
const MAX_SEED: usize = 8_192;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [vectors, out] = arguments.as_slice() else {
        return Err("fuzz_seeds VECTORS OUT".into());
    };
    let seeds = Seeds(out.clone());
    of_vectors(vectors, &seeds)?;
    of_a_network(&seeds)
}

/// Where the inputs go.
struct Seeds(PathBuf);

impl Seeds {
    fn add(&self, targets: &[&str], bytes: &[u8]) -> std::io::Result<()> {
        if bytes.len() > MAX_SEED {
            return Ok(());
        }
        for target in targets {
            let folder = self.0.join(target);
            std::fs::create_dir_all(&folder)?;
            std::fs::write(
                folder.join(hex::encode(blake2b::<10>(b"", &[bytes]))),
                bytes,
            )?;
        }
        Ok(())
    }

    /// A guard's answer: the status, then the body.
    fn add_response(&self, status: u16, body: &[u8]) -> std::io::Result<()> {
        let input = [&status.to_le_bytes(), body].concat();
        self.add(&["onion_response"], &input)
    }
}

fn of_vectors(folder: &Path, seeds: &Seeds) -> Result<(), Box<dyn Error>> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if let Some(name) = name.strip_suffix(".json") {
            let onion = name.contains("onion");
            leaves(
                &serde_json::from_slice(&std::fs::read(&path)?)?,
                onion,
                seeds,
            )?;
        }
    }
    Ok(())
}

/// Every text of a file, and the bytes that it may stand for: parts of onions, or of messages.
fn leaves(value: &Value, onion: bool, seeds: &Seeds) -> std::io::Result<()> {
    match value {
        Value::Array(list) => list
            .iter()
            .try_for_each(|value| leaves(value, onion, seeds)),
        Value::Object(map) => map
            .values()
            .try_for_each(|value| leaves(value, onion, seeds)),
        Value::String(text) => {
            seeds.add(&["phrase", "account_id"], text.as_bytes())?;
            let decoded = [hex::decode(text).ok(), encoding::from_base64(text)];
            decoded.into_iter().flatten().try_for_each(|bytes| {
                if onion {
                    seeds.add(&["onion_outer", "onion_peel", "v4"], &bytes)?;
                    seeds.add_response(200, &bytes)
                } else {
                    seeds.add(&["content", "decode", "seal"], &bytes)
                }
            })
        }
        _ => Ok(()),
    }
}

/// What a network of 6 nodes in 2 swarms answers, one member of the account's swarm being down.
fn of_a_network(seeds: &Seeds) -> Result<(), Box<dyn Error>> {
    let lab = Lab::new(6, 2);
    let list = lab.network.binary_list();
    seeds.add(&["node_binary"], &list)?;
    seeds.add(&["node_binary"], &list[..list.len() / 3])?;
    let of_a_seed = json!({ "id": 0, "result": lab.network.seed_answer(&json!({})) });
    seeds.add(&["node_json"], of_a_seed.to_string().as_bytes())?;

    let account = alice();
    let members = lab.network.members_for(&account.swarm_id());
    let strangers = (0..6).filter(|node| !members.contains(node));
    let (member, stranger) = (members[0], strangers.min().ok_or("two swarms")?);
    lab.network.fault(members[1], Fault::Stop);
    let keep = |method: &str, params: &Value| -> Result<Vec<u8>, Box<dyn Error>> {
        let request = json!({ "method": method, "params": params }).to_string();
        let mut last = Vec::new();
        for node in [stranger, member] {
            let reply = lab.time.run(lab.network.rpc(node, request.as_bytes()));
            let status = reply.status;
            last = reply.into_bytes().0;
            add_answer(seeds, status, &last)?;
        }
        Ok(last)
    };
    let mut hashes = Vec::new();
    for data in [&b"hello"[..], b"", &[7; 300]] {
        let stored: Value = serde_json::from_slice(&keep("store", &account.public_store(data))?)?;
        hashes.push(
            stored["hash"]
                .as_str()
                .ok_or("a stored message has a hash")?
                .to_owned(),
        );
    }
    let (all, later) = (hashes.concat(), NOW + DAY / 2);
    let expire = json!({ "messages": hashes, "expiry": later, "shorten": true });
    let calls = [
        ("info", json!({})),
        ("get_swarm", json!({ "pubkey": account.id() })),
        (
            "oxend_request",
            json!({ "endpoint": "get_service_nodes", "params": { "fields": {
            "public_ip": true, "storage_port": true, "pubkey_x25519": true, "pubkey_ed25519": true } } }),
        ),
        ("active_nodes_bin", json!({})),
        ("retrieve", account.retrieve(0, NOW)),
        ("retrieve", json!({ "pubkey": account.id() })),
        (
            "get_expiries",
            account.signed(
                &format!("get_expiries{NOW}{all}"),
                json!({ "messages": hashes, "timestamp": NOW }),
            ),
        ),
        (
            "expire",
            account.signed(&format!("expireshorten{later}{all}"), expire),
        ),
        (
            "delete",
            account.signed(
                &format!("delete{}", hashes[0]),
                json!({ "messages": [hashes[0]] }),
            ),
        ),
        (
            "delete_all",
            account.signed(
                &format!("delete_allall{NOW}"),
                json!({ "namespace": "all", "timestamp": NOW }),
            ),
        ),
    ];
    for (method, params) in &calls {
        keep(method, params)?;
    }
    let requests: Vec<Value> = calls
        .iter()
        .map(|(method, params)| json!({ "method": method, "params": params }))
        .collect();
    for method in ["batch", "sequence"] {
        keep(method, &json!({ "requests": requests }))?;
        keep(method, &json!({ "requests": requests[..2] }))?;
    }
    of_onions(&lab, seeds)
}

/// The answer as it is, and as what the destination of an onion seals: bytes travel in base64 there.
fn add_answer(seeds: &Seeds, status: u16, body: &[u8]) -> Result<(), Box<dyn Error>> {
    seeds.add(&["rpc_answer", "node_json"], body)?;
    let text = String::from_utf8(body.to_vec()).unwrap_or_else(|_| encoding::base64(body));
    let inside = serde_json::from_str(&text).unwrap_or_else(|_| json!(text));
    for inside in [json!(text), inside] {
        let plaintext = json!({ "body": inside, "status": status }).to_string();
        seeds.add_response(200, plaintext.as_bytes())?;
    }
    Ok(seeds.add_response(status, body)?)
}

/// The frames of onions on their way, and what a guard answers.
fn of_onions(lab: &Lab, seeds: &Seeds) -> Result<(), Box<dyn Error>> {
    let nodes = lab.network.list();
    let keys: Vec<_> = nodes
        .iter()
        .map(|node| (node.ed25519, node.x25519))
        .collect();
    let (ed25519, x25519) = keys[2];
    let destination = Destination::Node { ed25519, x25519 };
    let payload = br#"{"method":"info","params":{}}"#;
    for cipher in [Cipher::XChaCha20, Cipher::AesGcm] {
        let entropy = &mut SeededEntropy::new(1);
        let request = build(&keys[..2], &destination, payload, cipher, entropy)?;
        seeds.add(&["onion_outer", "onion_peel"], &request.body)?;
        for guard in [0, 3] {
            let (status, body) = lab
                .time
                .run(lab.network.onion(&keys[guard].0, &request.body));
            seeds.add_response(status, &body)?;
        }
    }
    let next = json!({ "destination": ed25519.to_hex(), "ephemeral_key": x25519.to_hex(), "enc_type": "xchacha20" });
    let server =
        json!({ "host": "files.test", "target": "/oxen/v4/lsrpc", "port": 80, "protocol": "http" });
    let own = json!({ "headers": null, "json": true, "base64": false });
    for routing in [next, server, own] {
        let layer = frame::encode(payload, routing.to_string().as_bytes());
        seeds.add(&["onion_peel"], &layer)?;
    }
    let list = v4::encode_list(&[br#"{"method":"GET","endpoint":"/x"}"#, b"body"]);
    Ok(seeds.add(&["v4"], &list)?)
}
