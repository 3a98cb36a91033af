//! A network under virtual time, and an account that signs.
#![allow(dead_code, clippy::unwrap_used)]

pub mod tls;

use onionskin_protocol::encoding::base64;
use onionskin_protocol::id::SwarmId;
use onionskin_protocol::keys::Ed25519SecretKey;
use onionskin_protocol::time::Timestamp;
use onionskin_testnet::file_server::FileServer;
use onionskin_testnet::network::{LocalServers, Network, Plot};
use onionskin_testnet::virtual_time::VirtualTime;
use serde_json::{Value, json};
use std::sync::Arc;

/// The time of the worked examples (10-network appendix B), ms.
pub const NOW: i64 = 1_760_000_000_000;
pub const DAY: i64 = 86_400_000;

pub struct Lab {
    pub network: Network,
    pub time: VirtualTime,
    pub files: Arc<FileServer>,
}

impl Lab {
    pub fn new(nodes: u16, swarms: usize) -> Self {
        let time = VirtualTime::new(Timestamp(NOW as u64));
        let files = Arc::new(FileServer::new().unwrap());
        let sleeper = Arc::new(time.clone());
        let servers = Arc::new(LocalServers::new(
            files.clone(),
            "files.test",
            80,
            sleeper.clone(),
            1,
        ));
        let network = Network::new(&Plot::simulated(nodes, swarms, 1), sleeper, servers).unwrap();
        Self {
            network,
            time,
            files,
        }
    }

    /// Raw bytes at a node: status and body.
    pub fn raw(&self, node: usize, body: &[u8]) -> (u16, String) {
        let reply = self.time.run(self.network.rpc(node, body));
        let status = reply.status;
        (status, String::from_utf8(reply.into_bytes().0).unwrap())
    }

    pub fn call_at(&self, node: usize, method: &str, params: Value) -> (u16, String) {
        self.raw(
            node,
            json!({ "method": method, "params": params })
                .to_string()
                .as_bytes(),
        )
    }

    pub fn call(&self, method: &str, params: Value) -> (u16, String) {
        self.call_at(0, method, params)
    }

    /// A call that must give JSON with status 200.
    pub fn json(&self, method: &str, params: Value) -> Value {
        self.json_at(0, method, params)
    }

    pub fn json_at(&self, node: usize, method: &str, params: Value) -> Value {
        let (status, body) = self.call_at(node, method, params);
        assert_eq!(status, 200, "{method}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    pub fn key(&self, node: usize) -> String {
        self.network.nodes()[node].ed25519.clone()
    }
}

/// The account of appendix B.1.
pub struct Person {
    pub key: Ed25519SecretKey,
}

pub fn alice() -> Person {
    Person {
        key: Ed25519SecretKey::from_seed(&std::array::from_fn(|i| i as u8)),
    }
}

impl Person {
    pub fn id(&self) -> String {
        format!("05{}", self.key.to_x25519().public().to_hex())
    }
    pub fn swarm_id(&self) -> SwarmId {
        SwarmId::from_hex(&self.id()).unwrap()
    }
    pub fn sign(&self, text: &str) -> String {
        self.key.sign(text.as_bytes()).to_base64()
    }
    /// `params` with account, key and the signature of `text`.
    pub fn signed(&self, text: &str, params: Value) -> Value {
        let mut params = params;
        let map = params.as_object_mut().unwrap();
        map.insert("pubkey".into(), self.id().into());
        map.insert("pubkey_ed25519".into(), self.key.public().to_hex().into());
        map.insert("signature".into(), self.sign(text).into());
        params
    }
    /// A store into namespace 0, lifetime one day.
    pub fn public_store(&self, data: &[u8]) -> Value {
        json!({ "pubkey": self.id(), "timestamp": NOW, "ttl": DAY, "data": base64(data) })
    }
    /// A signed store.
    pub fn store(&self, namespace: i16, data: &[u8], now: i64, ttl: i64) -> Value {
        let ns = if namespace == 0 {
            String::new()
        } else {
            namespace.to_string()
        };
        self.signed(
            &format!("store{ns}{now}"),
            json!({ "namespace": namespace, "timestamp": now, "ttl": ttl, "data": base64(data) }),
        )
    }
    /// A signed retrieve.
    pub fn retrieve(&self, namespace: i16, now: i64) -> Value {
        let ns = if namespace == 0 {
            String::new()
        } else {
            namespace.to_string()
        };
        self.signed(
            &format!("retrieve{ns}{now}"),
            json!({ "namespace": namespace, "timestamp": now }),
        )
    }
}
