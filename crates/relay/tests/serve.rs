//! The app as a browser gets it, and the relay's small answers.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Folder, Manner, StubNode, browser, list, refusal, relay, url};
use onionskin_relay::{Direct, Relay};
use serde_json::Value;

const INDEX: &str = "<!doctype html><script type=\"importmap\">{}</script><script type=module src=/init.js></script>";

fn app() -> Folder {
    let folder = Folder::new();
    folder.write("index.html", INDEX);
    folder.write("sw.js", "//");
    folder.write("page-0123456789abcdef_bg.wasm", b"\0asm plain");
    folder.write("page-0123456789abcdef_bg.wasm.br", b"brotli");
    folder.write("page-0123456789abcdef_bg.wasm.gz", b"gzip");
    folder.write("worker_bg.wasm", b"\0asm");
    folder.write("app.webmanifest", "{}");
    folder.write(".hidden", "no");
    folder
}

async fn serving(folder: &Folder) -> Relay {
    let dist = folder.0.clone();
    relay(vec![], |config| {
        config.dist = Some(dist);
        config.extra_relays = vec!["https://other.example".into()];
        config.direct = vec![Direct {
            ed25519: "1f".repeat(32),
            origin: "https://node.example:22021".into(),
        }];
        config.allow_origins = vec!["https://app.example".into()];
    })
    .await
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let folder = app();
    let relay = serving(&folder).await;
    for path in [
        "/",
        "/sw.js",
        "/worker_bg.wasm",
        "/nothing-here",
        "/relay/nodes",
        "/relay/health",
        "/deployment.json",
    ] {
        let reply = browser().get(url(&relay, path)).send().await.unwrap();
        let policy = reply.headers()["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("connect-src 'self' https://other.example https://node.example:22021;"),
            "{path}"
        );
        assert!(
            policy.contains(
                "'wasm-unsafe-eval' 'sha256-RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=';"
            ),
            "{path}"
        );
        assert!(
            policy.contains("require-trusted-types-for 'script'"),
            "{path}"
        );
        assert_eq!(reply.headers()["x-content-type-options"], "nosniff");
        assert_eq!(reply.headers()["referrer-policy"], "no-referrer");
        assert_eq!(reply.headers()["cross-origin-opener-policy"], "same-origin");
        assert!(!reply.headers().contains_key("server"));
    }
}

#[tokio::test]
async fn the_smallest_accepted_form_of_a_file_is_served_under_its_own_type() {
    let folder = app();
    let relay = serving(&folder).await;
    let path = url(&relay, "/page-0123456789abcdef_bg.wasm");
    let cases = [
        ("gzip, deflate, br", Some("br"), &b"brotli"[..]),
        ("gzip, br;q=0", Some("gzip"), b"gzip"),
        ("identity", None, b"\0asm plain"),
    ];
    for (accept, coding, body) in cases {
        let reply = browser()
            .get(&path)
            .header("accept-encoding", accept)
            .send()
            .await
            .unwrap();
        assert_eq!(
            reply
                .headers()
                .get("content-encoding")
                .map(|value| value.to_str().unwrap()),
            coding
        );
        assert_eq!(reply.headers()["content-type"], "application/wasm");
        assert_eq!(
            reply.headers()["cache-control"],
            "public, max-age=31536000, immutable"
        );
        assert_eq!(reply.headers()["vary"], "Accept-Encoding");
        assert_eq!(reply.bytes().await.unwrap(), body);
    }
    let compressed = browser().get(format!("{path}.br")).send().await.unwrap();
    assert_eq!(
        compressed.status(),
        404,
        "the compressed forms have no address of their own"
    );
}

#[tokio::test]
async fn fixed_names_are_asked_for_again_and_answered_briefly() {
    let folder = app();
    let relay = serving(&folder).await;
    for (path, mime) in [
        ("/", "text/html; charset=utf-8"),
        ("/sw.js", "text/javascript; charset=utf-8"),
        ("/worker_bg.wasm", "application/wasm"),
        ("/app.webmanifest", "application/manifest+json"),
    ] {
        let reply = browser().get(url(&relay, path)).send().await.unwrap();
        assert_eq!(reply.headers()["content-type"], mime);
        assert_eq!(reply.headers()["cache-control"], "no-cache", "{path}");
        let tag = reply.headers()["etag"].to_str().unwrap().to_string();
        let again = browser()
            .get(url(&relay, path))
            .header("if-none-match", tag)
            .send()
            .await
            .unwrap();
        assert_eq!(again.status(), 304);
        assert!(again.bytes().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn nothing_outside_the_folder_can_be_asked_for() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let folder = app();
    let relay = serving(&folder).await;
    let paths = [
        "/../../../../etc/passwd",
        "/..%2f..%2f..%2fetc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//etc/passwd",
        "/.hidden",
        "/x/../index.html",
        "/etc/passwd%00.js",
    ];
    for path in paths {
        // A raw socket, since an HTTP client tidies such paths up.
        let mut socket = tokio::net::TcpStream::connect(relay.address())
            .await
            .unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
    }
    let written = browser()
        .post(url(&relay, "/index.html"))
        .body("x")
        .send()
        .await
        .unwrap();
    assert_eq!(written.status(), 405);
}

#[tokio::test]
async fn the_node_list_tells_where_it_comes_from() {
    let node = StubNode::start(1, Manner::Echo).await;
    let relay = relay(vec![node.record()], |_| {}).await;
    let reply = browser()
        .get(url(&relay, "/relay/nodes"))
        .send()
        .await
        .unwrap();
    assert_eq!(reply.headers()["cache-control"], "no-store");
    let body: Value = serde_json::from_slice(&reply.bytes().await.unwrap()).unwrap();
    assert_eq!(body["origin"], "file");
    assert!(body["fetched_ms"].as_u64().unwrap() > 1_700_000_000_000);
    let states = body["service_node_states"].as_array().unwrap();
    assert_eq!(states.len(), 7);
    let own = states
        .iter()
        .find(|state| state["pubkey_ed25519"] == node.hex().as_str())
        .unwrap();
    assert_eq!(own["public_ip"], "127.0.0.1");
    assert_eq!(own["storage_port"], node.address.port());
    assert_eq!(
        own["pubkey_x25519"],
        node.secret.to_x25519().public().to_hex().as_str()
    );
}

#[tokio::test]
async fn a_list_in_a_file_is_as_old_as_the_file() {
    let folder = Folder::new();
    let path = folder.write("nodes.json", list(vec![]).to_string());
    let written = std::time::UNIX_EPOCH + std::time::Duration::from_millis(1_700_000_000_000);
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(written).unwrap();
    let relay = relay(vec![], |config| config.nodes = Some(path)).await;
    let reply = browser()
        .get(url(&relay, "/relay/nodes"))
        .send()
        .await
        .unwrap();
    let body: Value = serde_json::from_slice(&reply.bytes().await.unwrap()).unwrap();
    assert_eq!(body["fetched_ms"], 1_700_000_000_000u64);
    assert_eq!(body["origin"], "file");
}

#[tokio::test]
async fn a_relay_tells_its_health_in_a_few_bytes_to_the_pages_that_may_use_it() {
    let folder = app();
    let relay = serving(&folder).await;
    let reply = browser()
        .get(url(&relay, "/relay/health"))
        .header("origin", "https://app.example")
        .send()
        .await
        .unwrap();
    assert_eq!(
        reply.headers()["access-control-allow-origin"],
        "https://app.example"
    );
    assert_eq!(reply.headers()["cache-control"], "no-store");
    assert!(reply.bytes().await.unwrap().len() < 200);
}

#[tokio::test]
async fn a_seed_is_asked_and_a_silent_one_does_not_hide_a_good_one() {
    let node = StubNode::start(1, Manner::Echo).await;
    let answer = serde_json::json!({ "jsonrpc": "2.0", "id": 0, "result": { "service_node_states": list(vec![node.record()]) } });
    let asked = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let (heard, text) = (asked.clone(), answer.to_string());
    let seed = axum::Router::new().route(
        "/json_rpc",
        axum::routing::post(move |body: String| async move {
            *heard.lock().unwrap() = body;
            text
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let good = format!("http://{}/json_rpc", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, seed).await });
    let relay = relay(vec![], |config| {
        config.nodes = None;
        config.seeds = vec!["http://127.0.0.1:9/json_rpc".into(), good.clone()];
    })
    .await;
    let body: Value = serde_json::from_slice(
        &browser()
            .get(url(&relay, "/relay/nodes"))
            .send()
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap(),
    )
    .unwrap();
    assert_eq!(body["origin"], good.as_str());
    let request: Value = serde_json::from_str(&asked.lock().unwrap()).unwrap();
    assert_eq!(request["method"], "get_n_service_nodes");
    assert_eq!(request["params"]["fields"]["pubkey_x25519"], true);
    assert_eq!(
        refusal(&common::send(&relay, &node.hex(), "x").await),
        (200, None)
    );
}

#[tokio::test]
async fn without_a_list_the_relay_is_busy_and_does_not_blame_the_guard() {
    let relay = relay(vec![], |config| {
        config.nodes = None;
        config.seeds = vec!["http://127.0.0.1:9/json_rpc".into()];
    })
    .await;
    let reply = common::send(&relay, &"01".repeat(32), "x").await;
    assert_eq!(refusal(&reply), (503, Some("busy")));
    let reply = browser()
        .get(url(&relay, "/relay/nodes"))
        .send()
        .await
        .unwrap();
    assert_eq!(refusal(&reply), (503, Some("busy")));
}

#[tokio::test]
async fn the_deployment_and_the_health_are_told() {
    let folder = app();
    let relay = serving(&folder).await;
    let get = async |path| -> Value {
        serde_json::from_slice(
            &browser()
                .get(url(&relay, path))
                .send()
                .await
                .unwrap()
                .bytes()
                .await
                .unwrap(),
        )
        .unwrap()
    };
    assert_eq!(
        get("/deployment.json").await,
        serde_json::json!({
            "network": "local",
            "relays": ["", "https://other.example"],
            "direct": [{ "ed25519": "1f".repeat(32), "origin": "https://node.example:22021" }],
        })
    );
    let health = get("/relay/health").await;
    assert_eq!(
        (&health["ok"], &health["nodes"]),
        (&Value::Bool(true), &Value::from(6))
    );
}

#[tokio::test]
async fn only_the_own_page_may_clear_its_storage() {
    let relay = relay(vec![], |_| {}).await;
    let ask = async |site: Option<&str>| {
        let mut request = browser().post(url(&relay, "/relay/clear"));
        if let Some(site) = site {
            request = request.header("sec-fetch-site", site);
        }
        request.send().await.unwrap()
    };
    for site in [
        None,
        Some("cross-site"),
        Some("same-site"),
        Some("none"),
        Some("same-origin, cross-site"),
        Some(""),
    ] {
        let reply = ask(site).await;
        assert_eq!(reply.status(), 403, "{site:?}");
        assert!(!reply.headers().contains_key("clear-site-data"));
    }
    assert_eq!(
        ask(Some("same-origin")).await.headers()["clear-site-data"],
        "\"storage\""
    );
}

#[tokio::test]
async fn only_the_origins_of_the_deployment_may_use_the_relay_from_elsewhere() {
    let folder = app();
    let relay = serving(&folder).await;
    let get = async |origin: &str| {
        browser()
            .get(url(&relay, "/relay/nodes"))
            .header("origin", origin)
            .send()
            .await
            .unwrap()
    };
    let allowed = get("https://app.example").await;
    assert_eq!(
        allowed.headers()["access-control-allow-origin"],
        "https://app.example"
    );
    assert_eq!(
        allowed.headers()["access-control-expose-headers"],
        "Onionskin-Relay"
    );
    assert!(
        !get("https://evil.example")
            .await
            .headers()
            .contains_key("access-control-allow-origin")
    );
    for foreign in [
        "null",
        "*",
        "http://app.example",
        "https://app.example:444",
        "https://app.example.evil.example",
        "https://evil.example/https://app.example",
        "https://APP.example",
    ] {
        for method in [reqwest::Method::GET, reqwest::Method::OPTIONS] {
            let reply = browser()
                .request(method, url(&relay, "/relay/nodes"))
                .header("origin", foreign)
                .header("access-control-request-method", "POST")
                .send()
                .await
                .unwrap();
            let told = |name: &str| reply.headers().contains_key(name);
            assert!(!told("access-control-allow-origin"), "{foreign}");
            assert!(!told("access-control-allow-methods"), "{foreign}");
        }
    }
    assert!(
        !allowed
            .headers()
            .contains_key("access-control-allow-credentials")
    );
    let preflight = browser()
        .request(reqwest::Method::OPTIONS, url(&relay, "/relay/onion"))
        .header("origin", "https://app.example")
        .send()
        .await
        .unwrap();
    assert_eq!(
        (
            preflight.status().as_u16(),
            &preflight.headers()["access-control-allow-methods"]
        ),
        (204, &"GET, POST".parse().unwrap())
    );
}
