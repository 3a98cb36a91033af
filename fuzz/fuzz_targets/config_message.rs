//! Any two texts as versions of a config: read, edited, merged. Every order of a merge gives the same bytes. The first two
//! bytes are the length of the first text, big-endian.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onionskin_protocol::config::merge::{Outcome, merge};
use onionskin_protocol::config::message::{LAG, Message};

fn merged(versions: &[&Message]) -> Option<Vec<u8>> {
    Some(match merge(versions, true, LAG)? {
        Outcome::Adopted(place) => versions[place].bytes().to_vec(),
        Outcome::Combined(draft) => draft.seal(None, LAG).bytes().to_vec(),
    })
}

fuzz_target!(|bytes: &[u8]| {
    let read = |bytes| Message::parse(bytes, None, LAG);
    let Some((length, texts)) = bytes.split_first_chunk() else {
        return;
    };
    let Some((left, right)) = texts.split_at_checked(u16::from_be_bytes(*length).into()) else {
        return;
    };
    let (Ok(left), Ok(right)) = (read(left), read(right)) else {
        return;
    };
    let next = left.increment(LAG).seal(None, LAG);
    let again = read(next.bytes()).expect("what was sealed is read");
    assert_eq!(again.id(), next.id());
    assert_eq!(again.data(), left.data());
    let result = merged(&[&left, &right]);
    assert_eq!(result, merged(&[&right, &left]));
    if let Some(bytes) = result {
        assert!(read(&bytes).is_ok());
    }
});
