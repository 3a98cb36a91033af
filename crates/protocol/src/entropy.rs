//! Randomness as an argument: everything random in this crate is drawn from an [`Entropy`] that the caller hands in.

/// A source of random bytes. In the product it is the operating system's generator; in tests it is seeded or scripted.
pub trait Entropy {
    /// Fills `out` with random bytes.
    fn fill(&mut self, out: &mut [u8]);
}

/// Draws a fixed-size array.
pub fn draw<const N: usize>(entropy: &mut (impl Entropy + ?Sized)) -> [u8; N] {
    let mut out = [0u8; N];
    entropy.fill(&mut out);
    out
}
