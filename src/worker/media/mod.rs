//! Pictures and voice messages before they are sent, and small forms of pictures. None of it leaves the worker unasked.

pub mod picture;
pub mod voice;

use onionskin_client::api::{ErrorCode, Failure};

fn failure(code: ErrorCode, detail: &str) -> Failure {
    Failure {
        code,
        number: None,
        detail: detail.to_owned(),
    }
}
