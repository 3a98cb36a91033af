//! The relay's own failures (10-network Decisions 6): a status and the header that keeps a node from being blamed.

use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};

/// Names the reason of a failure that is the relay's own.
pub const HEADER: HeaderName = HeaderName::from_static("onionskin-relay");

/// Why the relay answers itself instead of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The guard is not on the list, or its address may not be contacted.
    #[error("the relay does not know this guard")]
    UnknownGuard,
    /// The body exceeds 10 MiB.
    #[error("the request is larger than 10485760 bytes")]
    TooLarge,
    /// This client asks too often, or makes the relay hold too much.
    #[error("too many requests")]
    Rate,
    /// The guard cannot be connected to, or its answer is not usable.
    #[error("the guard cannot be reached")]
    Unreachable,
    /// The relay has too much to do, or this guard has all the requests it may have; or no node list has come yet, or the body
    /// came too slowly.
    #[error("the relay is busy")]
    Busy,
    /// The guard did not answer in time.
    #[error("the guard did not answer in time")]
    Timeout,
}

impl Refusal {
    /// The value of the header.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::UnknownGuard => "unknown-guard",
            Self::TooLarge => "too-large",
            Self::Rate => "rate",
            Self::Unreachable => "unreachable",
            Self::Busy => "busy",
            Self::Timeout => "timeout",
        }
    }

    /// The status.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::UnknownGuard => StatusCode::NOT_FOUND,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Rate => StatusCode::TOO_MANY_REQUESTS,
            Self::Unreachable => StatusCode::BAD_GATEWAY,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Timeout => StatusCode::GATEWAY_TIMEOUT,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (
            self.status(),
            [(HEADER, self.reason())],
            format!("{self}\n"),
        )
            .into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::Refusal;

    #[test]
    fn reasons_and_statuses_are_those_of_the_specification() {
        let table = [
            (Refusal::UnknownGuard, "unknown-guard", 404),
            (Refusal::TooLarge, "too-large", 413),
            (Refusal::Rate, "rate", 429),
            (Refusal::Unreachable, "unreachable", 502),
            (Refusal::Busy, "busy", 503),
            (Refusal::Timeout, "timeout", 504),
        ];
        for (refusal, reason, status) in table {
            assert_eq!(
                (refusal.reason(), refusal.status().as_u16()),
                (reason, status)
            );
        }
    }
}
