//! Randomness that follows from a seed, so that a failing run can be repeated.

use onionskin_protocol::entropy::Entropy;
use onionskin_protocol::hash::blake2b;

/// An endless stream of bytes from a seed: BLAKE2b over seed and counter. For tests only.
#[derive(Clone, Debug)]
pub struct SeededEntropy {
    seed: u64,
    counter: u64,
}

impl SeededEntropy {
    /// The stream of this seed.
    pub fn new(seed: u64) -> Self {
        Self { seed, counter: 0 }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(64) {
            let block: [u8; 64] = blake2b(
                b"",
                &[
                    b"onionskin-testnet chance",
                    &self.seed.to_be_bytes(),
                    &self.counter.to_be_bytes(),
                ],
            );
            chunk.copy_from_slice(&block[..chunk.len()]);
            self.counter += 1;
        }
    }
}
