//! Any bytes as an encrypted file or picture, and as the file inside of one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onionskin_protocol::attachment::{Pointer, legacy, open, picture, stream};

fuzz_target!(|bytes: &[u8]| {
    for (key, stream) in [(&[1; 64][..], false), (&[1; 32][..], true), (&[1; 5][..], false)] {
        let size = bytes.len().try_into().ok();
        let _ = open(bytes, &Pointer { key, digest: &[], size, stream });
    }
    let _ = picture::open(bytes, &[1; 32], false);
    let sealed = stream::seal(bytes, &[2; 32], &[3; 24]).expect("the file is small");
    assert_eq!(stream::open(&sealed, &[2; 32]).as_deref().map(Vec::as_slice), Ok(bytes));
    let key = legacy::Key::from_slice(&[4; 64]).expect("64 bytes");
    let sealed = legacy::seal_with(bytes, &key, &[5; 16]).expect("the file is small");
    let size = bytes.len().try_into().ok();
    let opened = legacy::open(&sealed.encrypted, &key, &sealed.digest, size);
    assert!(opened.is_ok_and(|opened| opened[..] == *bytes || bytes.is_empty()));
});
