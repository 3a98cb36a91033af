//! Dumps of the reference library: `!` state, `$` message (a draft is not signed), `(` stored messages of the current
//! version, `)` obsolete ones, `*` parts, `+` what only one device knows. Ours has another form; what both say is compared.

use super::fields::{said, same};
use super::oracle_config::named;
use onionskin_protocol::config::Config;
use onionskin_protocol::config::bt::{self, BtError, Reader};
use onionskin_protocol::id::MessageHash;
use onionskin_protocol::sorted::{SortedMap, SortedSet};

/// Compares the dump of a config with that of the library.
pub fn same_dump(config: &mut Config, theirs: &[u8]) -> Result<(), String> {
    let dump = config.dump();
    let (ours, theirs) = (
        entries(&dump).map_err(said)?,
        entries(theirs).map_err(said)?,
    );
    let keys: Vec<&str> = theirs.keys().map(String::as_str).collect();
    let known = ["!", "$", "(", ")", "*", "+"];
    if !keys.iter().all(|key| known.contains(key)) {
        return Err(format!("the library's dump has the keys {keys:?}"));
    }
    same(
        &int(&ours, "s").map_err(said)?,
        &int(&theirs, "!").map_err(said)?,
        "state in the dump",
    )?;
    let message = Reader::new(theirs["$"]).bytes().map_err(said)?;
    let own = Reader::new(ours["m"]).bytes().map_err(said)?;
    same(
        &own.escape_ascii().to_string(),
        &message.escape_ascii().to_string(),
        "message in the dump",
    )?;
    let hashes = |entry: &[u8]| {
        let hash = |text: &[u8]| MessageHash::parse(std::str::from_utf8(text).ok()?);
        strings(entry)
            .map_err(said)?
            .into_iter()
            .map(|text| hash(text).ok_or("no hash".to_owned()))
            .collect::<Result<SortedSet<_>, String>>()
    };
    let names = |entry: &[u8]| -> Result<SortedSet<MessageHash>, String> {
        let text = |text: &[u8]| named(&String::from_utf8_lossy(text));
        Ok(strings(entry)
            .map_err(said)?
            .into_iter()
            .map(text)
            .collect())
    };
    same(
        &hashes(ours["("])?,
        &names(theirs["("])?,
        "current hashes in the dump",
    )?;
    let mut obsolete = hashes(ours[")"])?;
    obsolete.append(&mut hashes(ours["t"])?);
    same(&obsolete, &names(theirs[")"])?, "obsolete in the dump")?;
    same(theirs["*"], b"de".as_slice(), "parts in their dump")?;
    same(ours["*"], b"le".as_slice(), "parts in our dump")
}

/// The dump of the keys of a group, with the library's names of stored messages replaced by hashes.
pub fn keys_with_hashes(dump: &[u8]) -> Result<Vec<u8>, String> {
    let entries = entries(dump).map_err(said)?;
    let mut out = b"d1:Al".to_vec();
    let mut reader = Reader::new(entries["A"]);
    let mut rows = || -> Result<(), BtError> {
        reader.open_list()?;
        while !reader.close()? {
            reader.open_list()?;
            out.extend_from_slice(b"l");
            bt::put_int(&mut out, reader.int()?);
            let mut hashes = SortedSet::new();
            while !reader.close()? {
                hashes.insert(named(&String::from_utf8_lossy(reader.bytes()?)));
            }
            for hash in hashes {
                bt::put_bytes(&mut out, hash.as_str().as_bytes());
            }
            out.push(b'e');
        }
        Ok(())
    };
    rows().map_err(said)?;
    out.extend_from_slice(b"e1:L");
    out.extend_from_slice(entries["L"]);
    if let Some(pending) = entries.get("P") {
        out.extend_from_slice(b"1:P");
        out.extend_from_slice(pending);
    }
    out.push(b'e');
    Ok(out)
}

/// How many strings the list under a key of a dictionary holds.
pub fn list_length(dict: &[u8], key: &str) -> Result<u64, String> {
    let entries = entries(dict).map_err(said)?;
    let list = entries.get(key).ok_or("no such list")?;
    Ok(strings(list).map_err(said)?.len() as u64)
}

fn entries(dict: &[u8]) -> Result<SortedMap<String, &[u8]>, BtError> {
    let mut reader = Reader::new(dict);
    reader.open_dict()?;
    let mut entries = SortedMap::new();
    while !reader.close()? {
        let key = String::from_utf8_lossy(reader.bytes()?).into_owned();
        entries.insert(key, reader.skip()?);
    }
    reader.finish()?;
    Ok(entries)
}

fn int(entries: &SortedMap<String, &[u8]>, key: &str) -> Result<i64, BtError> {
    Reader::new(entries[key]).int()
}

fn strings(list: &[u8]) -> Result<Vec<&[u8]>, BtError> {
    let mut reader = Reader::new(list);
    reader.open_list()?;
    let mut out = Vec::new();
    while !reader.close()? {
        out.push(reader.bytes()?);
    }
    Ok(out)
}
