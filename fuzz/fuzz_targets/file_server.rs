//! Any bytes as a file server's answer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onionskin_protocol::attachment::server::{read_download, read_extension, read_upload};
use onionskin_protocol::attachment::url::FileUrl;
use onionskin_protocol::onion::v4::Response;

fuzz_target!(|bytes: &[u8]| {
    let whole = Response::decode(bytes);
    let plain = Response {
        code: 200,
        headers: Default::default(),
        body: bytes.to_vec(),
    };
    for response in whole.into_iter().chain([plain]) {
        if let Ok(held) = read_upload(&response) {
            assert!(FileUrl::on_default_server(&held.id, false).is_ok());
        }
        let _ = read_extension(&response);
        let _ = read_download(response);
    }
});
