//! Every vector file of the workspace through the runner of `examples/vectors`.
#![allow(clippy::unwrap_used)]

#[path = "../examples/vectors/suite.rs"]
mod suite;

use std::path::Path;

#[test]
fn every_supported_vector_passes_and_none_is_lost() {
    let directory = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors"));
    let reports = suite::run_directory(directory).unwrap();
    for (file, report) in &reports {
        assert!(report.failed.is_empty(), "{file}: {:?}", report.failed);
    }
    let counts = |file: &str| {
        let report = &reports[file];
        (report.passed, report.unsupported)
    };
    assert_eq!(counts("account.json"), (34, 0));
    assert_eq!(counts("one-to-one.json"), (70, 0));
    assert_eq!(counts("oracle-crypto.json"), (110, 49));
    assert_eq!(counts("config.json"), (48, 0));
    assert_eq!(counts("oracle-config.json"), (67, 0));
    let onion = &reports["oracle-onion.json"];
    assert_eq!(onion.passed + onion.unsupported, 28);
    assert_eq!(counts("groups.json"), (0, 22));
    for file in ["blinding.json", "communities.json"] {
        let (passed, unsupported) = counts(file);
        assert!(passed == 0 && unsupported > 100, "{file}: {unsupported}");
    }
}

#[test]
fn a_wrong_value_is_a_failure_and_an_unknown_kind_is_not_supported() {
    let file = serde_json::json!({ "cases": [
        { "name": "wrong", "kind": "blake2b", "size": 32, "message_hex": "", "key_hex": "",
          "expect": { "hash_hex": "00" } },
        { "name": "unknown", "kind": "of the future" },
        { "name": "incomplete", "kind": "dm_wire" },
    ] });
    let report = suite::run_file(&file);
    assert_eq!(
        (report.passed, report.failed.len(), report.unsupported),
        (0, 2, 1)
    );
}
