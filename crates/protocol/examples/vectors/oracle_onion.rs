//! `oracle-onion.json`: onion requests rebuilt byte for byte, peeled hop by hop, their answers opened; v4 lists.

use super::fields::{Draws, array, base64, bytes, number, text};
use onionskin_protocol::encoding;
use onionskin_protocol::keys::{
    Ed25519PublicKey, Ed25519SecretKey, X25519PublicKey, X25519SecretKey,
};
use onionskin_protocol::onion::{Cipher, Destination, Layer, OnionRequest, build, frame, peel, v4};
use serde_json::Value;

/// Why a case fails.
type Checked<T = ()> = Result<T, String>;

/// Checks one case. `None`: a kind of another file.
pub fn check(case: &Value) -> Option<Checked> {
    match case["kind"].as_str()? {
        "onion_request" => Some(onion_request(case)),
        "v4_list" => Some(v4_list(case)),
        "v4_bad" => Some(v4_bad(case)),
        _ => None,
    }
}

fn onion_request(case: &Value) -> Checked {
    let expect = &case["expect"];
    let cipher = Cipher::from_name(text(case, "enc_type")?).ok_or("unknown enc_type")?;
    let hops = list(case, "hops")?
        .iter()
        .map(Node::read)
        .collect::<Checked<Vec<_>>>()?;
    let path: Vec<_> = hops.iter().map(Node::public).collect::<Checked<_>>()?;
    let destination = Target::read(case)?;
    let payload = destination.payload(case)?;

    let mut draws = Draws::of(case)?;
    let request = build(&path, &destination.address, &payload, cipher, &mut draws)
        .map_err(|error| format!("build: {error}"))?;
    draws.finish()?;
    same(
        "request_b64",
        encoding::base64(&request.body).as_str(),
        text(expect, "request_b64")?,
    )?;

    let (mut ciphertext, outer_json) =
        frame::decode(&request.body).map_err(|error| error.to_string())?;
    same(
        "outer_json_text",
        outer_json,
        text(expect, "outer_json_text")?.as_bytes(),
    )?;
    let outer = peel::parse_outer(&request.body).map_err(|error| error.to_string())?;
    let mut ephemeral = outer.ephemeral;
    let layers = list(expect, "layers")?;
    same("number of layers", layers.len(), hops.len())?;
    let mut plaintext;
    for (hop, layer) in hops.iter().zip(layers) {
        same(
            "ephemeral_key_hex",
            ephemeral.to_hex().as_str(),
            text(layer, "ephemeral_key_hex")?,
        )?;
        same(
            "ciphertext_size",
            ciphertext.len() as u64,
            number(layer, "ciphertext_size")?,
        )?;
        let peeled =
            peel(&hop.x25519, &ephemeral, cipher, ciphertext).map_err(|error| error.to_string())?;
        plaintext = cipher
            .decrypt_from_client(&hop.x25519, &ephemeral, ciphertext)
            .map_err(|error| error.to_string())?;
        same(
            "plaintext_size",
            plaintext.len() as u64,
            number(layer, "plaintext_size")?,
        )?;
        let (blob, json) = frame::decode(&plaintext).map_err(|error| error.to_string())?;
        same(
            "inner_blob_size",
            blob.len() as u64,
            number(layer, "inner_blob_size")?,
        )?;
        same(
            "control_json_text",
            json,
            text(layer, "control_json_text")?.as_bytes(),
        )?;
        ephemeral = X25519PublicKey::from_hex(text(&layer["control"], "ephemeral_key")?)
            .ok_or("bad ephemeral_key")?;
        check_peeled(&peeled, &layer["control"], &plaintext, &ephemeral, cipher)?;
        ciphertext = blob;
    }
    check_final(
        &expect["final"],
        &destination,
        &payload,
        &ephemeral,
        cipher,
        ciphertext,
    )?;

    let (_, last) = check_keypair(&request, &expect["response_keypair"], case)?;
    same("key of the destination", last, destination.x25519.public())?;
    for (at, response) in list(case, "responses")?.iter().enumerate() {
        check_response(&request, &destination, response)
            .map_err(|error| format!("response {at}: {error}"))?;
    }
    Ok(())
}

/// What a hop reads must be what its control JSON says.
fn check_peeled(
    peeled: &Layer,
    control: &Value,
    plaintext: &[u8],
    next_key: &X25519PublicKey,
    cipher: Cipher,
) -> Checked {
    match peeled {
        Layer::Forward {
            next,
            ephemeral,
            cipher: next_cipher,
            ..
        } => {
            same(
                "destination",
                next.to_hex().as_str(),
                text(control, "destination")?,
            )?;
            same("ephemeral key", ephemeral, next_key)?;
            same("enc_type", *next_cipher, cipher)
        }
        Layer::Server {
            host,
            target,
            protocol,
            port,
            body,
        } => {
            same("host", host.as_str(), text(control, "host")?)?;
            same("target", target.as_str(), text(control, "target")?)?;
            same("protocol", protocol.as_str(), text(control, "protocol")?)?;
            same("port", u64::from(*port), number(control, "port")?)?;
            same("forwarded body", &body[..], plaintext)
        }
        Layer::Final { .. } => Err("a hop took itself for the destination".to_owned()),
    }
}

/// What the destination decrypts.
fn check_final(
    expect: &Value,
    destination: &Target,
    payload: &[u8],
    ephemeral: &X25519PublicKey,
    cipher: Cipher,
    ciphertext: &[u8],
) -> Checked {
    same(
        "final ephemeral_key_hex",
        ephemeral.to_hex().as_str(),
        text(expect, "ephemeral_key_hex")?,
    )?;
    same(
        "final ciphertext_size",
        ciphertext.len() as u64,
        number(expect, "ciphertext_size")?,
    )?;
    let plaintext = cipher
        .decrypt_from_client(&destination.x25519, ephemeral, ciphertext)
        .map_err(|error| error.to_string())?;
    same(
        "final plaintext_hex",
        plaintext.as_slice(),
        &bytes(expect, "plaintext_hex")?,
    )?;
    if destination.is_server() {
        let read = v4::Request::decode(&plaintext).map_err(|error| error.to_string())?;
        return same("v4 body written again", &read.encode()[..], &plaintext);
    }
    let (body, json) = frame::decode(&plaintext).map_err(|error| error.to_string())?;
    same(
        "final control_json_text",
        json,
        text(expect, "control_json_text")?.as_bytes(),
    )?;
    same("final payload_hex", body, &bytes(expect, "payload_hex")?)?;
    let expected = Layer::Final {
        request: payload.to_vec(),
        embed_json: false,
        base64: true,
    };
    let peeled = peel(&destination.x25519, ephemeral, cipher, ciphertext)
        .map_err(|error| error.to_string())?;
    same("final layer", peeled, expected)
}

/// The key that the client keeps is the first draw.
fn check_keypair(
    request: &OnionRequest,
    expect: &Value,
    case: &Value,
) -> Checked<(X25519PublicKey, X25519PublicKey)> {
    let (ours, node) = request.layers.last().ok_or("no layers")?;
    let secret = bytes(expect, "x25519_sk_hex")?;
    same(
        "response secret",
        &secret,
        &unhex(case["rng_draws_hex"][0].as_str().ok_or("no draws")?)?,
    )?;
    same(
        "response_keypair",
        ours.public().to_hex().as_str(),
        text(expect, "x25519_pk_hex")?,
    )?;
    Ok((ours.public(), *node))
}

fn check_response(request: &OnionRequest, destination: &Target, response: &Value) -> Checked {
    let ciphertext = base64(response, "ciphertext_b64")?;
    let with = Cipher::from_name(text(response, "encrypted_with")?).ok_or("unknown cipher")?;
    let (ours, node) = request.layers.last().ok_or("no layers")?;
    let direct = with.decrypt_from_node(ours, node, &ciphertext);
    let in_base64 = text(response, "ciphertext_b64")?;
    let rpc = (!destination.is_server()).then(|| request.open_rpc(200, in_base64.as_bytes()));
    let answer = destination
        .is_server()
        .then(|| request.open_v4(200, &ciphertext));

    let expect = &response["expect"];
    if expect["error"] == true {
        let refused = direct.is_err()
            && rpc.is_none_or(|rpc| rpc.is_err())
            && answer.is_none_or(|answer| answer.is_err());
        return if refused {
            Ok(())
        } else {
            Err("an altered answer was accepted".to_owned())
        };
    }
    let plaintext = bytes(expect, "plaintext_hex")?;
    same(
        "plaintext_hex",
        direct.map_err(|error| error.to_string())?,
        plaintext.clone(),
    )?;
    if let Some(rpc) = rpc {
        let rpc = rpc.map_err(|error| error.to_string())?;
        let inside: Value =
            serde_json::from_slice(&plaintext).map_err(|error| error.to_string())?;
        same("status", u64::from(rpc.status), number(&inside, "status")?)?;
        same(
            "body",
            rpc.body.as_slice(),
            text(&inside, "body")?.as_bytes(),
        )?;
    }
    if let Some(answer) = answer {
        // The recorded answers of servers miscount their JSON by one byte: they decrypt, but are no v4 list. Opening one must
        // therefore say the same as reading its plaintext.
        let read = v4::Response::decode(&plaintext);
        same("v4 answer", answer.ok(), read.ok())?;
    }
    // The other direction: the destination makes the same ciphertext from the same nonce.
    let mut draws = Draws::of(response)?;
    let sealed = with
        .encrypt_to_client(&destination.x25519, &ours.public(), &plaintext, &mut draws)
        .map_err(|error| error.to_string())?;
    same("ciphertext_b64", sealed, ciphertext)
}

fn v4_list(case: &Value) -> Checked {
    let parts = list(case, "parts_hex")?;
    let parts = parts
        .iter()
        .map(|part| unhex(part.as_str().ok_or("a part is no text")?));
    let parts = parts.collect::<Checked<Vec<_>>>()?;
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    let encoded = bytes(&case["expect"], "encoded_hex")?;
    same("encoded_hex", &v4::encode_list(&parts), &encoded)?;
    let (info, body) = v4::decode_list(&encoded).map_err(|error| error.to_string())?;
    same(
        "parts",
        std::iter::once(info).chain(body).collect::<Vec<_>>(),
        parts,
    )?;

    let info: Value = serde_json::from_slice(info).map_err(|error| error.to_string())?;
    if info.get("code").is_some() {
        let read = v4::Response::decode(&encoded).map_err(|error| error.to_string())?;
        same("code", u64::from(read.code), number(&info, "code")?)?;
        same("body", read.body.as_slice(), body.unwrap_or_default())
    } else {
        let read = v4::Request::decode(&encoded).map_err(|error| error.to_string())?;
        same("request written again", &read.encode(), &encoded)
    }
}

fn v4_bad(case: &Value) -> Checked {
    let encoded = bytes(case, "encoded_hex")?;
    let refused = case["expect"]["refused"]
        .as_bool()
        .ok_or("no field refused")?;
    same("refused", v4::decode_list(&encoded).is_err(), refused)
}

/// A node of the case with its private keys.
struct Node {
    ed25519: Ed25519PublicKey,
    x25519: X25519SecretKey,
}

impl Node {
    fn read(node: &Value) -> Checked<Self> {
        let ed25519 = Ed25519SecretKey::from_seed(&array(node, "ed25519_seed_hex")?);
        let node_keys = Self {
            ed25519: ed25519.public(),
            x25519: ed25519.to_x25519(),
        };
        same(
            "ed25519_pk_hex",
            node_keys.ed25519.to_hex().as_str(),
            text(node, "ed25519_pk_hex")?,
        )?;
        same(
            "x25519_pk_hex",
            node_keys.x25519.public().to_hex().as_str(),
            text(node, "x25519_pk_hex")?,
        )?;
        let given = X25519SecretKey::from_bytes(array(node, "x25519_sk_hex")?);
        same("x25519_sk_hex", given.public(), node_keys.x25519.public())?;
        Ok(node_keys)
    }

    fn public(&self) -> Checked<(Ed25519PublicKey, X25519PublicKey)> {
        let x25519 = self
            .ed25519
            .to_x25519()
            .map_err(|error| error.to_string())?;
        Ok((self.ed25519, x25519))
    }
}

/// The destination with its private key.
struct Target {
    x25519: X25519SecretKey,
    address: Destination,
}

impl Target {
    fn read(case: &Value) -> Checked<Self> {
        let keys = &case["destination"];
        match text(case, "destination_kind")? {
            "service_node" => {
                let node = Node::read(keys)?;
                let (ed25519, x25519) = node.public()?;
                Ok(Self {
                    x25519: node.x25519,
                    address: Destination::Node { ed25519, x25519 },
                })
            }
            "server" => {
                let secret = X25519SecretKey::from_bytes(array(keys, "x25519_sk_hex")?);
                let server = &case["server"];
                let address = Destination::Server {
                    host: text(server, "host")?.to_owned(),
                    target: "/oxen/v4/lsrpc".to_owned(),
                    protocol: text(server, "protocol")?.to_owned(),
                    port: server["port"]
                        .as_u64()
                        .and_then(|port| u16::try_from(port).ok()),
                    x25519: secret.public(),
                };
                same(
                    "x25519_pk_hex",
                    secret.public().to_hex().as_str(),
                    text(keys, "x25519_pk_hex")?,
                )?;
                Ok(Self {
                    x25519: secret,
                    address,
                })
            }
            other => Err(format!("unknown destination_kind {other}")),
        }
    }

    fn is_server(&self) -> bool {
        matches!(self.address, Destination::Server { .. })
    }

    /// What the innermost layer holds: the given bytes, or the v4 body made from the fields of the server.
    fn payload(&self, case: &Value) -> Checked<Vec<u8>> {
        let payload = bytes(case, "payload_hex")?;
        if !self.is_server() {
            return Ok(payload);
        }
        let server = &case["server"];
        let mut headers = Vec::new();
        for header in list(server, "headers")? {
            let part = |at: usize| {
                header[at]
                    .as_str()
                    .map(str::to_owned)
                    .ok_or("a header is no pair of texts")
            };
            headers.push((part(0)?, part(1)?));
        }
        let whole = payload.starts_with(b"l");
        let body = (!whole).then(|| payload.clone());
        let request = v4::Request::new(
            text(server, "method")?,
            text(server, "endpoint")?,
            headers,
            body,
        )
        .encode();
        if whole {
            same(
                "payload_hex from the fields of the server",
                &request,
                &payload,
            )?;
        }
        Ok(request)
    }
}

fn same<A: PartialEq<B> + std::fmt::Debug, B: std::fmt::Debug>(
    what: &str,
    ours: A,
    theirs: B,
) -> Checked {
    if ours == theirs {
        return Ok(());
    }
    let short = |value: String| value.chars().take(200).collect::<String>();
    Err(format!(
        "{what}: ours {}, expected {}",
        short(format!("{ours:?}")),
        short(format!("{theirs:?}"))
    ))
}

fn list<'a>(value: &'a Value, name: &str) -> Checked<&'a Vec<Value>> {
    value[name]
        .as_array()
        .ok_or_else(|| format!("no list {name}"))
}

fn unhex(text: &str) -> Checked<Vec<u8>> {
    hex::decode(text).map_err(|error| error.to_string())
}
