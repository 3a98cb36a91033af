//! v4 bodies of servers and clients.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onionskin_protocol::onion::v4;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(request) = v4::Request::decode(bytes) {
        assert_eq!(v4::Request::decode(&request.encode()), Ok(request));
    }
    if let Ok(response) = v4::Response::decode(bytes) {
        assert_eq!(v4::Response::decode(&response.encode()), Ok(response));
    }
    if let Ok((info, body)) = v4::decode_list(bytes) {
        let parts: Vec<_> = std::iter::once(info).chain(body).collect();
        assert!(v4::encode_list(&parts).len() <= bytes.len());
    }
});
