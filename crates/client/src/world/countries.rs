//! Which country an IPv4 address belongs to, in blocks of 4,096 addresses; single addresses are exact where they matter.

use super::Country;
use std::net::Ipv4Addr;

const MAGIC: &[u8; 4] = b"OSCT";
const VERSION: u8 = 2;
/// Addresses of one block share their upper 20 bits.
const BLOCK_BITS: u32 = 20;
const BLOCKS: u32 = 1 << BLOCK_BITS;
/// More than any table needs; a larger one is refused before anything of it is kept.
const MAX_BYTES: usize = 1 << 20;

/// The table.
///
/// ```text
///  0      4   5   6        6+2n     10+2n         10+2n+r
///  +------+---+---+--------+--------+-------------+----------------+--------+-------------+-------------+
///  | OSCT | 2 | n | codes  | r (LE) | r countries | r run lengths  | e (LE) | e addresses | e countries |
///  +------+---+---+--------+--------+-------------+----------------+--------+-------------+-------------+
/// ```
///
/// Runs of blocks from 0.0.0.0 on. A country is 0 for unknown, else its place (from 1) among the n codes of two letters; a
/// length is LEB128, in blocks, at least 1. The lengths make up the whole address space. The e
/// addresses (`u32` LE each, ascending) are known better than their blocks; they end the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Countries {
    codes: Vec<Country>,
    /// Where each run ends (exclusive, in blocks), ascending.
    ends: Vec<u32>,
    /// The country of each run.
    owners: Vec<u8>,
    /// Single addresses, ascending.
    single: Vec<u32>,
    single_owners: Vec<u8>,
}

/// Why bytes are no table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CountriesError {
    /// Larger than 1 MiB.
    #[error("larger than any table of countries")]
    TooLarge,
    /// It begins otherwise, or with another version.
    #[error("not a table of countries")]
    Header,
    /// It ends too early.
    #[error("cut short")]
    Short,
    /// A code is not two capital letters.
    #[error("a country without a code")]
    Code,
    /// A run names a country that is not there.
    #[error("a run of a country that is not listed")]
    Owner,
    /// A length is zero or too long, or they do not make up the address space.
    #[error("the runs do not make up the address space")]
    Length,
    /// Single addresses do not ascend.
    #[error("the single addresses do not ascend")]
    Order,
    /// Bytes are left over.
    #[error("something follows the table")]
    Trailing,
}

impl Countries {
    /// Reads a table.
    pub fn parse(bytes: &[u8]) -> Result<Self, CountriesError> {
        if bytes.len() > MAX_BYTES {
            return Err(CountriesError::TooLarge);
        }
        let rest = bytes
            .strip_prefix(MAGIC)
            .and_then(|rest| rest.strip_prefix(&[VERSION]))
            .ok_or(CountriesError::Header)?;
        let (&count, rest) = rest.split_first().ok_or(CountriesError::Short)?;
        let (letters, rest) = rest
            .split_at_checked(2 * usize::from(count))
            .ok_or(CountriesError::Short)?;
        let codes = letters
            .as_chunks::<2>()
            .0
            .iter()
            .map(|&code| Country::from_bytes(code).ok_or(CountriesError::Code))
            .collect::<Result<Vec<_>, _>>()?;
        let (runs, rest) = rest.split_first_chunk::<4>().ok_or(CountriesError::Short)?;
        let runs = usize::try_from(u32::from_le_bytes(*runs)).map_err(|_| CountriesError::Short)?;
        let (owners, mut lengths) = rest.split_at_checked(runs).ok_or(CountriesError::Short)?;
        if owners.iter().any(|&owner| owner > count) {
            return Err(CountriesError::Owner);
        }
        let mut ends = Vec::with_capacity(runs);
        let mut end = 0u32;
        for _ in 0..runs {
            let (length, after) = leb128(lengths)?;
            end = end
                .checked_add(length)
                .filter(|&end| length > 0 && end <= BLOCKS)
                .ok_or(CountriesError::Length)?;
            ends.push(end);
            lengths = after;
        }
        if end != BLOCKS {
            return Err(CountriesError::Length);
        }
        let (single, rest) = lengths
            .split_first_chunk::<4>()
            .ok_or(CountriesError::Short)?;
        let single =
            usize::try_from(u32::from_le_bytes(*single)).map_err(|_| CountriesError::Short)?;
        let length = single.checked_mul(4).ok_or(CountriesError::Short)?;
        let (addresses, rest) = rest.split_at_checked(length).ok_or(CountriesError::Short)?;
        let (single_owners, rest) = rest.split_at_checked(single).ok_or(CountriesError::Short)?;
        if single_owners.iter().any(|&owner| owner > count) {
            return Err(CountriesError::Owner);
        }
        let (addresses, _) = addresses.as_chunks::<4>();
        let single: Vec<u32> = addresses
            .iter()
            .map(|address| u32::from_le_bytes(*address))
            .collect();
        if !single.is_sorted_by(|one, next| one < next) {
            return Err(CountriesError::Order);
        }
        if !rest.is_empty() {
            return Err(CountriesError::Trailing);
        }
        Ok(Self {
            codes,
            ends,
            owners: owners.to_vec(),
            single,
            single_owners: single_owners.to_vec(),
        })
    }

    /// The country of an address; `None` when the table does not know it for sure.
    pub fn of(&self, address: Ipv4Addr) -> Option<Country> {
        let owner = match self.single.binary_search(&u32::from(address)) {
            Ok(at) => self.single_owners.get(at)?,
            Err(_) => {
                let block = u32::from(address) >> (32 - BLOCK_BITS);
                let run = self.ends.partition_point(|&end| end <= block);
                self.owners.get(run)?
            }
        };
        let owner = usize::from(*owner);
        self.codes.get(owner.checked_sub(1)?).copied()
    }
}

/// A number of at most 28 bits, and what follows it.
fn leb128(bytes: &[u8]) -> Result<(u32, &[u8]), CountriesError> {
    let mut number = 0u32;
    for (at, &byte) in bytes.iter().take(4).enumerate() {
        number |= u32::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Ok((number, &bytes[at + 1..]));
        }
    }
    Err(if bytes.len() < 4 {
        CountriesError::Short
    } else {
        CountriesError::Length
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    /// 0.0.0.0 to 7.255.255.255 unknown, 8.0.0.0/8 US, 9.0.0.0/20 DE, the rest unknown; one address of the US
    /// is in Germany, and of another one nothing is known.
    fn example() -> Vec<u8> {
        [
            b"OSCT\x02\x02DEUS".as_slice(),
            &4u32.to_le_bytes(),
            &[0, 2, 1, 0],
            &[0x80, 0x80, 0x02], // 8 · 4,096
            &[0x80, 0x20],       // 4,096
            &[0x01],
            &[0xff, 0xdf, 0x3d], // 1,048,576 − 9 · 4,096 − 1
            &2u32.to_le_bytes(),
            &[8, 8, 8, 8, 9, 8, 8, 8],
            &[1, 0],
        ]
        .concat()
    }

    fn code(countries: &Countries, address: [u8; 4]) -> Option<String> {
        countries
            .of(address.into())
            .map(|country| country.as_str().to_owned())
    }

    #[test]
    fn an_address_belongs_to_the_run_that_holds_its_block() {
        let countries = Countries::parse(&example()).unwrap();
        for (address, expected) in [
            ([0, 0, 0, 0], None),
            ([7, 255, 255, 255], None),
            ([8, 0, 0, 0], Some("US")),
            ([8, 255, 255, 255], Some("US")),
            ([9, 0, 0, 0], Some("DE")),
            ([9, 0, 15, 255], Some("DE")),
            ([9, 0, 16, 0], None),
            ([8, 8, 8, 7], Some("US")),
            ([8, 8, 8, 8], Some("DE")),
            ([8, 8, 8, 9], None),
            ([255, 255, 255, 255], None),
        ] {
            assert_eq!(
                code(&countries, address).as_deref(),
                expected,
                "{address:?}"
            );
        }
    }

    #[test]
    fn a_damaged_table_says_what_is_wrong_with_it() {
        let change = |at: usize, byte: u8| {
            let mut bytes = example();
            bytes[at] = byte;
            Countries::parse(&bytes).unwrap_err()
        };
        assert_eq!(change(0, b'X'), CountriesError::Header);
        assert_eq!(change(4, 1), CountriesError::Header);
        assert_eq!(change(6, b'd'), CountriesError::Code);
        assert_eq!(change(15, 3), CountriesError::Owner);
        assert_eq!(change(24, 0), CountriesError::Length);
        assert_eq!(change(23, 2), CountriesError::Length);
        let end = example().len();
        assert_eq!(change(end - 1, 3), CountriesError::Owner);
        assert_eq!(change(end - 6, 7), CountriesError::Order);
        let mut longer = example();
        longer.push(0);
        assert_eq!(
            Countries::parse(&longer).unwrap_err(),
            CountriesError::Trailing
        );
        assert_eq!(
            Countries::parse(&vec![0; MAX_BYTES + 1]).unwrap_err(),
            CountriesError::TooLarge
        );
        for end in 6..example().len() {
            assert!(Countries::parse(&example()[..end]).is_err(), "cut at {end}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(
            start in prop_oneof![Just(Vec::new()), Just(b"OSCT\x02".to_vec())],
            bytes in proptest::collection::vec(any::<u8>(), 0..600),
            address in any::<u32>(),
        ) {
            if let Ok(countries) = Countries::parse(&[start, bytes].concat()) {
                let _ = countries.of(address.into());
            }
        }

        #[test]
        fn every_table_that_is_written_is_read_back(runs in proptest::collection::vec((0u8..=3, 1u32..12_000), 1..80)) {
            let mut bytes = b"OSCT\x02\x03AABBCC".to_vec();
            let total: u32 = runs.iter().map(|run| run.1).sum();
            let runs: Vec<(u8, u32)> = runs.into_iter().chain([(0, BLOCKS - total)]).collect();
            bytes.extend((runs.len() as u32).to_le_bytes());
            bytes.extend(runs.iter().map(|run| run.0));
            for &(_, mut length) in &runs {
                while length > 127 {
                    bytes.push(length as u8 | 0x80);
                    length >>= 7;
                }
                bytes.push(length as u8);
            }
            bytes.extend([0; 4]);
            let countries = Countries::parse(&bytes).unwrap();
            let mut block = 0u32;
            for (owner, length) in runs {
                let expected = [None, Some("AA"), Some("BB"), Some("CC")][usize::from(owner)];
                for address in [block << 12, ((block + length - 1) << 12) | 0xfff] {
                    let found = countries.of(address.into());
                    prop_assert_eq!(found.as_ref().map(Country::as_str), expected);
                }
                block += length;
            }
        }
    }
}
