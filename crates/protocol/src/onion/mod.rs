//! Onion requests (10-network 4): three layers and a destination, responses, errors of the hops on the way, v4 bodies.
//!
//! [`build`](mod@build) and [`response`] are the client's side, [`peel`](mod@peel) and [`reply`] the node's side.

pub mod build;
pub mod cipher;
pub mod frame;
pub mod peel;
pub mod reply;
pub mod response;
pub mod v4;

pub use build::{Destination, OnionRequest, build};
pub use cipher::Cipher;
pub use peel::{Layer, PeelError, peel};
pub use reply::{ReplyBody, seal_reply};
pub use response::{ResponseError, RpcReply};

/// The largest body that a guard takes, in bytes (10-network 4.7); also the limit between nodes.
pub const MAX_BODY: usize = 10_485_760;

#[cfg(test)]
pub(crate) mod testing {
    //! Replays recorded random bytes.

    use crate::entropy::Entropy;
    use std::collections::VecDeque;

    /// Gives out the listed draws in order and insists on their lengths.
    pub struct Script(VecDeque<Vec<u8>>);

    impl Script {
        pub fn new(draws: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
            Self(
                draws
                    .into_iter()
                    .map(|draw| draw.as_ref().to_vec())
                    .collect(),
            )
        }
    }

    impl Entropy for Script {
        fn fill(&mut self, out: &mut [u8]) {
            let draw = self.0.pop_front().expect("the script has a draw left");
            // A test that does not care about lengths gives one long draw.
            out.copy_from_slice(&draw[..out.len()]);
        }
    }
}
