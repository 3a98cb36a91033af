//! Answers of the storage RPC: every reader on every JSON value, batches on every text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onionskin_protocol::id::{MessageHash, SwarmId};
use onionskin_protocol::rpc::{ons, response};
use onionskin_protocol::time::Timestamp;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let hash = MessageHash::parse("9QAogeWwJY/CE19iFAh5hr2vRcMyC92b8njFtInsmxg")
        .expect("43 characters of base64");
    let account = SwarmId {
        prefix: 5,
        key: [7; 32],
    };
    let read = |body: &Value| {
        let _ = response::parse_retrieve(body);
        let _ = response::parse_swarm(body);
        let _ = response::parse_expiries(body);
        let _ = (response::node_time(body), response::hard_fork(body));
        // Nobody signed anything here, so nothing may count as confirmed.
        assert!(response::parse_store(body, &hash).is_err());
        let requested = [hash.clone()];
        if let Ok(deleted) = response::parse_delete(body, &account, &requested) {
            assert!(deleted.confirmed.is_empty());
        }
        let _ = response::parse_expire(body, &account, &requested);
        let at = Timestamp(1);
        for touched in [
            response::parse_delete_all(body, &account, at),
            response::parse_delete_before(body, &account, at),
            response::parse_expire_all(body, &account, at),
        ] {
            assert!(touched.is_err() || touched.is_ok_and(|touched| touched.confirmed.is_empty()));
        }
        if let Ok(revoked) = response::parse_revoke(body, &account, at, &[[3; 36]]) {
            assert!(revoked.confirmed.is_empty());
        }
        let _ = response::parse_revoked(body);
        let _ = (response::parse_info(body), response::parse_if_else(body));
        let _ = response::parse_active_nodes(body);
        let _ = ons::parse_ons(body, "test");
    };
    if let Ok(body) = serde_json::from_slice(bytes) {
        read(&body);
        for answer in response::parse_batch(body).unwrap_or_default() {
            read(&answer.body);
        }
    }
});
