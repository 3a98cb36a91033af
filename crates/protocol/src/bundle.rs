//! The node list that comes with an app, in few bytes: a way into the network that no relay can forge (10-network 1.5, 6.4).
//!
//! ```text
//!  0        8            16    18    20              20+8·S     20+8·S+40·N        +1      +2·C
//!  | magic  | as of (ms) |  S  |  N  | S × swarm id  | N × node | C              | C × code | N × country |
//!  | 8 B    | u64        | u16 | u16 | u64, ascending| 40 B     | u8             | 2 B      | u8          |
//!
//!  node:  0              32      36     38      40
//!         | Ed25519 key  | IPv4  | port | swarm |
//!         | 32 B         | 4 B   | u16  | u16   |
//! ```
//!
//! All numbers are big-endian. `port` is the HTTPS port; `swarm` counts into the table of swarm ids, 65,535 means none. The
//! X25519 key of a node follows from its Ed25519 key. `country` counts from 1 into the codes of two capital letters (ISO 3166),
//! 0 means unknown.

use crate::keys::Ed25519PublicKey;
use crate::node::ServiceNode;
use crate::sorted::{SortedMap, SortedSet};
use crate::swarm::INVALID_SWARM;
use crate::time::Timestamp;
use std::net::Ipv4Addr;

/// First bytes of a bundle; the last one is the version of the form.
pub const MAGIC: [u8; 8] = *b"onionnl\x02";
/// Bytes before the table of swarms.
pub const HEADER_LENGTH: usize = 20;
/// Bytes of one node.
pub const NODE_LENGTH: usize = 40;
/// A node without a swarm.
const NO_SWARM: u16 = u16::MAX;

/// A list and its day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// When the network looked like this.
    pub as_of: Timestamp,
    /// The nodes, without those that cannot be used.
    pub nodes: Vec<ServiceNode>,
    /// The countries of their addresses, two capital letters each, as far as they are known.
    pub countries: SortedMap<Ipv4Addr, [u8; 2]>,
}

/// Why bytes are no bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// Other bytes at the beginning, or a later form.
    #[error("the bytes are no bundled node list")]
    Magic,
    /// So many bytes are not what the header announces.
    #[error("a bundled node list of {0} bytes has another length than its header says")]
    Length(usize),
    /// Swarm ids are not ascending, or one of them means "none".
    #[error("the swarms of a bundled node list are not in order")]
    Swarms,
    /// A node belongs to a swarm that the table lacks.
    #[error("a node of a bundled list belongs to no swarm of its table")]
    Swarm,
    /// A country is not two capital letters, or not in the table.
    #[error("a country of a bundled node list is none")]
    Country,
    /// More nodes or swarms than the form can hold (65,534), or more countries (255).
    #[error("too many nodes for a bundled list")]
    TooMany,
}

/// Reads a bundle. Nodes without address or port, with a key that is no point, and repeated ones are skipped.
pub fn parse(bytes: &[u8]) -> Result<Bundle, BundleError> {
    let (magic, rest) = bytes.split_first_chunk().ok_or(BundleError::Magic)?;
    if *magic != MAGIC {
        return Err(BundleError::Magic);
    }
    let length = BundleError::Length(bytes.len());
    let (as_of, rest) = rest.split_first_chunk().ok_or(length)?;
    let (swarm_count, rest) = rest.split_first_chunk().ok_or(length)?;
    let (node_count, rest) = rest.split_first_chunk().ok_or(length)?;
    let table = usize::from(u16::from_be_bytes(*swarm_count)) * 8;
    let node_count = usize::from(u16::from_be_bytes(*node_count));
    let (table, rest) = rest.split_at_checked(table).ok_or(length)?;
    let (nodes, rest) = rest
        .split_at_checked(node_count * NODE_LENGTH)
        .ok_or(length)?;
    let (code_count, rest) = rest.split_first().ok_or(length)?;
    let (codes, owners) = rest
        .split_at_checked(2 * usize::from(*code_count))
        .ok_or(length)?;
    if owners.len() != node_count {
        return Err(length);
    }
    let (codes, _) = codes.as_chunks::<2>();
    if !codes.iter().all(|code| is_code(*code)) {
        return Err(BundleError::Country);
    }
    let (table, _) = table.as_chunks::<8>();
    let swarms: Vec<u64> = table.iter().map(|id| u64::from_be_bytes(*id)).collect();
    if swarms.contains(&INVALID_SWARM) || !swarms.is_sorted_by(|one, next| one < next) {
        return Err(BundleError::Swarms);
    }
    let (records, _) = nodes.as_chunks::<NODE_LENGTH>();
    let mut seen = SortedSet::new();
    let mut nodes = Vec::with_capacity(records.len());
    let mut countries = SortedMap::new();
    for (record, owner) in records.iter().zip(owners) {
        let country = match usize::from(*owner).checked_sub(1) {
            Some(at) => Some(*codes.get(at).ok_or(BundleError::Country)?),
            None => None,
        };
        if let Some(node) = read_node(record, &swarms)?
            && seen.insert(node.ed25519)
        {
            countries.extend(country.map(|country| (node.ip, country)));
            nodes.push(node);
        }
    }
    Ok(Bundle {
        as_of: Timestamp(u64::from_be_bytes(*as_of)),
        nodes,
        countries,
    })
}

fn is_code(code: [u8; 2]) -> bool {
    code.iter().all(u8::is_ascii_uppercase)
}

fn read_node(
    record: &[u8; NODE_LENGTH],
    swarms: &[u64],
) -> Result<Option<ServiceNode>, BundleError> {
    let (key, rest) = record.split_at(32);
    let (ip, rest) = rest.split_at(4);
    let number = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0u16, |number, byte| (number << 8) | u16::from(*byte))
    };
    let (port, at) = (number(&rest[..2]), number(&rest[2..]));
    let swarm = match at {
        NO_SWARM => None,
        at => Some(*swarms.get(usize::from(at)).ok_or(BundleError::Swarm)?),
    };
    let mut ed25519 = [0; 32];
    ed25519.copy_from_slice(key);
    let ed25519 = Ed25519PublicKey(ed25519);
    let ip = Ipv4Addr::new(ip[0], ip[1], ip[2], ip[3]);
    let Ok(x25519) = ed25519.to_x25519() else {
        return Ok(None);
    };
    let usable = !ip.is_unspecified() && !ip.is_broadcast() && port != 0;
    Ok(usable.then_some(ServiceNode {
        ed25519,
        x25519,
        ip,
        port,
        swarm,
        version: None,
    }))
}

/// Writes a bundle. Versions are left out.
pub fn write(bundle: &Bundle) -> Result<Vec<u8>, BundleError> {
    let swarms: SortedSet<u64> = bundle.nodes.iter().filter_map(|node| node.swarm).collect();
    let swarms: Vec<u64> = swarms.into_iter().collect();
    if swarms.contains(&INVALID_SWARM) {
        return Err(BundleError::Swarms);
    }
    let count = |items: usize| {
        let count = u16::try_from(items).map_err(|_| BundleError::TooMany)?;
        (count < NO_SWARM)
            .then_some(count)
            .ok_or(BundleError::TooMany)
    };
    let mut out =
        Vec::with_capacity(HEADER_LENGTH + swarms.len() * 8 + bundle.nodes.len() * NODE_LENGTH);
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&bundle.as_of.as_millis().to_be_bytes());
    out.extend_from_slice(&count(swarms.len())?.to_be_bytes());
    out.extend_from_slice(&count(bundle.nodes.len())?.to_be_bytes());
    for swarm in &swarms {
        out.extend_from_slice(&swarm.to_be_bytes());
    }
    for node in &bundle.nodes {
        let swarm = match node.swarm.map(|id| swarms.binary_search(&id)) {
            Some(Ok(at)) => count(at)?,
            _ => NO_SWARM,
        };
        out.extend_from_slice(&node.ed25519.0);
        out.extend_from_slice(&node.ip.octets());
        out.extend_from_slice(&node.port.to_be_bytes());
        out.extend_from_slice(&swarm.to_be_bytes());
    }
    let country = |node: &ServiceNode| bundle.countries.get(&node.ip).copied();
    let codes: SortedSet<[u8; 2]> = bundle.nodes.iter().filter_map(country).collect();
    let codes: Vec<[u8; 2]> = codes.into_iter().collect();
    if !codes.iter().all(|code| is_code(*code)) {
        return Err(BundleError::Country);
    }
    out.push(u8::try_from(codes.len()).map_err(|_| BundleError::TooMany)?);
    out.extend_from_slice(codes.as_flattened());
    for node in &bundle.nodes {
        let at = country(node).and_then(|code| codes.binary_search(&code).ok());
        out.push(at.map_or(0, |at| at as u8 + 1));
    }
    Ok(out)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ED: &str = "d04ab232742bb4ab3a1368bd4615e4e6d0224ab71a016baf8520a332c9778737";

    fn node() -> ServiceNode {
        let ed25519 = Ed25519PublicKey::from_hex(ED).unwrap();
        ServiceNode {
            ed25519,
            x25519: ed25519.to_x25519().unwrap(),
            ip: Ipv4Addr::new(203, 0, 113, 7),
            port: 22_021,
            swarm: Some(5),
            version: None,
        }
    }

    fn bundle(nodes: Vec<ServiceNode>) -> Bundle {
        Bundle {
            as_of: Timestamp(1_775_606_400_000),
            nodes,
            countries: SortedMap::new(),
        }
    }

    #[test]
    fn a_list_takes_the_bytes_of_the_ruler() {
        let bytes = write(&bundle(vec![node()])).unwrap();
        let expected = format!(
            "6f6e696f6e6e6c02{:016x}000100010000000000000005{ED}cb007107560500000000",
            1_775_606_400_000u64
        );
        assert_eq!(hex::encode(&bytes), expected);
        assert_eq!(parse(&bytes).unwrap(), bundle(vec![node()]));
    }

    #[test]
    fn what_is_no_bundle_is_refused_with_its_reason() {
        let good = write(&bundle(vec![node()])).unwrap();
        assert_eq!(parse(&[]), Err(BundleError::Magic));
        assert_eq!(parse(b"onionnl\x01"), Err(BundleError::Magic));
        assert_eq!(parse(&good[..69]), Err(BundleError::Length(69)));
        assert_eq!(
            parse(&[&good[..], &[0]].concat()),
            Err(BundleError::Length(71))
        );
        let mut bad = good.clone();
        bad[69] = 1;
        assert_eq!(parse(&bad), Err(BundleError::Country));
        let mut bad = good.clone();
        bad[67] = 1;
        assert_eq!(parse(&bad), Err(BundleError::Swarm));
        let mut bad = good;
        bad[20..28].fill(0xff);
        assert_eq!(parse(&bad), Err(BundleError::Swarms));
    }

    #[test]
    fn nodes_that_cannot_be_used_are_skipped() {
        let nowhere = ServiceNode {
            ip: Ipv4Addr::UNSPECIFIED,
            ..node()
        };
        let closed = ServiceNode { port: 0, ..node() };
        let low_order = ServiceNode {
            ed25519: Ed25519PublicKey([0; 32]),
            ..node()
        };
        let list = vec![nowhere, closed, low_order, node(), node()];
        let read = parse(&write(&bundle(list)).unwrap()).unwrap();
        assert_eq!(read.nodes, [node()]);
    }

    #[test]
    fn the_list_that_comes_with_the_app_reads() {
        let bytes = include_bytes!("../../../public/nodes/mainnet.bin");
        let read = parse(bytes).unwrap();
        assert_eq!(read.as_of, Timestamp(1_775_606_400_000));
        assert_eq!(read.nodes.len(), 1_553);
        let swarms: SortedSet<_> = read.nodes.iter().map(|node| node.swarm).collect();
        assert_eq!(swarms.len(), 265);
        let known = |node: &&ServiceNode| read.countries.contains_key(&node.ip);
        assert!(read.nodes.iter().filter(known).count() > 1_500);
        assert_eq!(
            read.countries.get(&Ipv4Addr::new(95, 216, 33, 113)),
            Some(b"FI")
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..300), magic: bool) {
            if magic && bytes.len() >= 8 {
                bytes[..8].copy_from_slice(&MAGIC);
            }
            let _ = parse(&bytes);
        }

        #[test]
        fn a_list_comes_back_as_it_was_written(swarm in proptest::option::of(0..u64::MAX), port in 1..=u16::MAX, ip in 1..u32::MAX, as_of: u64, country in proptest::option::of("[A-Z]{2}")) {
            let node = ServiceNode { swarm, port, ip: ip.into(), ..node() };
            let country = country.map(|code| (node.ip, code.as_bytes().try_into().unwrap()));
            let list = Bundle { as_of: Timestamp(as_of), nodes: vec![node], countries: country.into_iter().collect() };
            prop_assert_eq!(parse(&write(&list).unwrap()).unwrap(), list);
        }
    }
}
