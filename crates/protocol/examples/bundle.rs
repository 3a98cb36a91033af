//! Makes the node list that comes with the app out of a list in JSON.
//!
//! ```sh
//! cargo run -p onionskin-protocol --example bundle -- nodes.json 2026-04-08 \
//!   node_modules/@ip-location-db/geo-whois-asn-country/geo-whois-asn-country-ipv4-num.csv public/nodes/mainnet.bin
//! ```
//!
//! The JSON is what official clients bundle (`service-nodes-cache.json` of session-ios: `{"service_node_states": [...]}`, or
//! the answer of a seed, 10-network 1.2), or the same as rows: `{"nodes": [[ed25519, x25519, ip, https port, omq port, swarm
//! id in hex, version], ...]}`. `public/nodes/mainnet.bin` was made from the rows of the list of session-ios as of
//! 2026-04-08: 1,553 nodes in 265 swarms. The rows of the table of countries are `first address,last address,code`, with the
//! addresses as numbers.

use onionskin_protocol::bundle::{Bundle, write};
use onionskin_protocol::keys::{Ed25519PublicKey, X25519PublicKey};
use onionskin_protocol::node::{ServiceNode, parse_json};
use onionskin_protocol::sorted::SortedMap;
use onionskin_protocol::time::Timestamp;
use serde_json::Value;
use std::error::Error;
use std::net::Ipv4Addr;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [from, day, table, to] = arguments.as_slice() else {
        return Err("usage: bundle NODES.json YYYY-MM-DD COUNTRIES.csv OUT.bin".into());
    };
    let value: Value = serde_json::from_slice(&std::fs::read(from)?)?;
    let mut nodes = match value.get("nodes").and_then(Value::as_array) {
        Some(rows) => rows
            .iter()
            .map(|row| from_row(row).ok_or_else(|| format!("not a node: {row}")))
            .collect::<Result<_, _>>()?,
        None => parse_json(&value)?,
    };
    nodes.sort_by_key(|node| node.ed25519);
    let as_of = midnight(day).ok_or("the day is not YYYY-MM-DD")?;
    let ranges = read_ranges(&std::fs::read_to_string(table)?)?;
    let countries: SortedMap<Ipv4Addr, [u8; 2]> = nodes
        .iter()
        .filter_map(|node| Some((node.ip, country_of(&ranges, node.ip)?)))
        .collect();
    let (count, known) = (nodes.len(), countries.len());
    let bytes = write(&Bundle {
        as_of,
        nodes,
        countries,
    })?;
    std::fs::write(to, &bytes)?;
    println!(
        "{count} nodes, the countries of {known} addresses, {} bytes",
        bytes.len()
    );
    Ok(())
}

/// Last address of each range with its first one and its country.
type Ranges = SortedMap<u32, (u32, [u8; 2])>;

fn read_ranges(table: &str) -> Result<Ranges, Box<dyn Error>> {
    let mut ranges = Ranges::new();
    for row in table.lines() {
        let mut fields = row.trim().split(',');
        let mut next = || fields.next().ok_or_else(|| format!("not a range: {row}"));
        let (first, last) = (next()?.parse()?, next()?.parse()?);
        ranges.insert(last, (first, next()?.as_bytes().try_into()?));
    }
    Ok(ranges)
}

fn country_of(ranges: &Ranges, ip: Ipv4Addr) -> Option<[u8; 2]> {
    let (_, (first, code)) = ranges.range(u32::from(ip)..).next()?;
    (*first <= u32::from(ip)).then_some(*code)
}

fn from_row(row: &Value) -> Option<ServiceNode> {
    let ed25519 = Ed25519PublicKey::from_hex(row.get(0)?.as_str()?)?;
    let x25519 = X25519PublicKey::from_hex(row.get(1)?.as_str()?)?;
    (ed25519.to_x25519().ok()? == x25519).then_some(())?;
    Some(ServiceNode {
        ed25519,
        x25519,
        ip: row.get(2)?.as_str()?.parse().ok()?,
        port: u16::try_from(row.get(3)?.as_u64()?).ok()?,
        swarm: Some(u64::from_str_radix(row.get(5)?.as_str()?, 16).ok()?),
        version: None,
    })
}

/// Midnight UTC of a day of the Gregorian calendar.
fn midnight(day: &str) -> Option<Timestamp> {
    let parts: Vec<u64> = day
        .split('-')
        .map(|part| part.parse().ok())
        .collect::<Option<_>>()?;
    let [year, month @ 1..=12, day @ 1..=31] = parts.as_slice() else {
        return None;
    };
    // Years begin in March here, so that the leap day comes last.
    let (year, month) = (year.checked_sub(u64::from(*month < 3))?, (month + 9) % 12);
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    Some(Timestamp(days.checked_sub(719_468)? * 86_400_000))
}
