//! Whose name it is: three nodes are asked through onions, and all must say the same (20-messages 8). Nothing in an answer
//! shows that it is the newest registration, so a node that lies could send our words to somebody else.

use super::trust::panel;
use super::{Network, RpcError};
use crate::ports::Ports;
use futures::future::join_all;
use onionskin_protocol::id::AccountId;
use onionskin_protocol::name_service::Name;
use onionskin_protocol::node::ServiceNode;
use onionskin_protocol::rpc::Request;
use onionskin_protocol::rpc::ons::parse_ons;

/// Nodes that must agree.
const VOICES: usize = 3;

/// Why a name leads to nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameLookup {
    /// Letters, digits, `_` and inner `-` make a name.
    #[error("this is no name of the name service")]
    Form,
    /// Three nodes say so.
    #[error("nobody has registered this name")]
    Unknown,
    /// It is registered in a form that takes 256 MiB to read, or one that nobody knows.
    #[error("the name is registered in a form that is not read here")]
    Unreadable,
    /// Nodes say different things.
    #[error("the nodes do not agree on whose name it is")]
    Split,
    /// Fewer than three nodes answered.
    #[error(transparent)]
    Network(#[from] RpcError),
}

/// What a node says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Voice {
    Account(AccountId),
    Nobody,
    Unreadable,
}

impl<P: Ports> Network<P> {
    /// Asks three nodes of different /24, as far as there are; one that does not answer is replaced by another one.
    pub async fn look_up_name(&self, typed: &str) -> Result<AccountId, NameLookup> {
        let name = Name::parse(typed).map_err(|_| NameLookup::Form)?;
        let panel = panel(self.candidates(), &[]);
        let mut voices: Vec<Voice> = Vec::with_capacity(VOICES);
        let mut left = panel.iter();
        let mut last = RpcError::NoPath;
        while voices.len() < VOICES {
            let group: Vec<_> = left.by_ref().take(VOICES - voices.len()).collect();
            if group.is_empty() {
                return Err(last.into());
            }
            for answer in
                join_all(group.into_iter().map(|node| self.ask_for_name(node, &name))).await
            {
                match answer {
                    Ok(voice) => voices.push(voice),
                    Err(error @ (RpcError::Transport(_) | RpcError::NoPath)) => {
                        return Err(error.into());
                    }
                    Err(error) => last = error,
                }
            }
        }
        match voices.as_slice() {
            [first, others @ ..] if others.iter().any(|other| other != first) => {
                Err(NameLookup::Split)
            }
            [Voice::Account(account), ..] => Ok(*account),
            [Voice::Unreadable, ..] => Err(NameLookup::Unreadable),
            _ => Err(NameLookup::Unknown),
        }
    }

    async fn ask_for_name(&self, node: &ServiceNode, name: &Name) -> Result<Voice, RpcError> {
        let reply = self
            .rpc(node, &Request::resolve_name(name.as_str()))
            .await?;
        if reply.status != 200 {
            return Err(RpcError::Refused {
                status: reply.status,
            });
        }
        Ok(match parse_ons(&reply.body, name.as_str()) {
            Ok(Some(account)) => Voice::Account(account),
            Ok(None) => Voice::Nobody,
            Err(_) => Voice::Unreadable,
        })
    }
}

#[cfg(test)]
mod trials {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::network::testing::{Fate, Lab};
    use crate::store::MemoryStore;
    use serde_json::{Value, json};
    use std::cell::RefCell;
    use std::rc::Rc;

    const ID: &str = "05d2ad010eeb72d72e561d9de7bd7b6989af77dcabffa03a5111a6c859ae5c3a72";

    fn registered() -> Value {
        json!({"result": {
            "nonce": "00112233445566778899aabbccddeeff00ffeeddccbbaa99",
            "encrypted_value": "3575802dd9bfea72672a208840f37ca289ceade5d3ffacabe2d231f109d204329fc33e28c331580d9a8c9b8a64cacfec97",
        }})
    }

    /// What comes of it when the nodes answer so, in the order in which they are asked, and which nodes were asked.
    fn look_up(name: &str, answers: Vec<Fate>) -> (Result<AccountId, NameLookup>, Vec<usize>) {
        let lab = Lab::new(12);
        let network = lab.network(&MemoryStore::new());
        let asked = Rc::new(RefCell::new(Vec::new()));
        let seen = Rc::clone(&asked);
        lab.rule(move |way| {
            if way.params["endpoint"] != "ons_resolve" {
                return None;
            }
            let mut seen = seen.borrow_mut();
            let known = seen.iter().position(|node| *node == way.target);
            let number = known.unwrap_or_else(|| {
                seen.push(way.target);
                seen.len() - 1
            });
            answers.get(number).or(answers.last()).cloned()
        });
        let found = lab.run(&network, network.look_up_name(name));
        (found, asked.take())
    }

    #[test]
    fn what_three_nodes_say_alike_is_believed() {
        let (found, asked) = look_up(" Test ", vec![Fate::Answer(200, registered())]);
        assert_eq!(found, Ok(ID.parse().unwrap()));
        assert_eq!(asked.len(), 3);
        let (found, _) = look_up("test", vec![Fate::Answer(200, json!({"result": {}}))]);
        assert_eq!(found, Err(NameLookup::Unknown));
    }

    #[test]
    fn one_node_that_says_otherwise_is_enough_to_believe_nobody() {
        for other in [
            json!({"result": {}}),
            json!({}),
            json!({"result": {"encrypted_value": "00"}}),
        ] {
            let answers = [registered(), registered(), other];
            let answers = answers.map(|body| Fate::Answer(200, body)).to_vec();
            assert_eq!(look_up("test", answers).0, Err(NameLookup::Split));
        }
    }

    #[test]
    fn a_node_that_refuses_is_replaced_and_an_old_registration_is_named() {
        let answers = vec![
            Fate::Answer(503, json!("busy")),
            Fate::Answer(200, registered()),
        ];
        let (found, asked) = look_up("test", answers);
        assert_eq!(found, Ok(ID.parse().unwrap()));
        assert_eq!(asked.len(), 4);
        let legacy = json!({"result": {"encrypted_value": "00".repeat(49)}});
        let (found, _) = look_up("test", vec![Fate::Answer(200, legacy)]);
        assert_eq!(found, Err(NameLookup::Unreadable));
    }

    #[test]
    fn what_is_no_name_is_asked_of_nobody() {
        let (found, asked) = look_up("no name", vec![]);
        assert_eq!((found, asked.len()), (Err(NameLookup::Form), 0));
    }
}
