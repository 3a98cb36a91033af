#![no_main]
//! The text of a message as a tree: leaves in order, within the text.
use libfuzzer_sys::fuzz_target;
use onionskin_client::rich::{Options, leaves, links, parse};

fuzz_target!(|text: &str| {
    for (markdown, links) in [(true, true), (true, false), (false, true)] {
        let mut end = 0;
        for leaf in leaves(&parse(text, Options { markdown, links })) {
            assert!(leaf.start >= end && text.get(leaf.clone()).is_some());
            end = leaf.end;
        }
    }
    let _ = links::oddities(text);
    assert!(links::cleaned(text).len() <= text.len());
});
