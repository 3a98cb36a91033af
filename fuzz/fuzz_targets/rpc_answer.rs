//! Answers of the storage RPC: every reader on every JSON value, batches on every text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onionskin_protocol::id::{MessageHash, SwarmId};
use onionskin_protocol::rpc::response;
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
    };
    for answer in response::parse_batch(bytes).unwrap_or_default() {
        read(&answer.body);
    }
    if let Ok(body) = serde_json::from_slice(bytes) {
        read(&body);
    }
});
