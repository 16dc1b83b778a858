//! Questions about many bytes at a time, each with a bit for an answer, as wide as the processor has it.
//!
//! No safe code of today is compiled to the instructions that a processor has for this, and a program for all of them
//! is compiled for the oldest. So there is [`Work`], of which [`widest`] runs the copy that is compiled for this one.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(any(test, not(target_arch = "x86_64")))]
mod portable;
#[cfg(target_arch = "x86_64")]
mod sse2;
#[cfg(test)]
mod tests;

#[cfg(target_arch = "x86_64")]
use avx2::Avx2;
#[cfg(not(target_arch = "x86_64"))]
pub use portable::Portable as Everywhere;
#[cfg(target_arch = "x86_64")]
pub use sse2::Sse2 as Everywhere;

/// A way to ask. Of `LEN` bytes, 32 or 64, the first one's answer is the lowest bit.
pub trait Ask: Copy {
    /// Which bytes are this one.
    fn equal<const LEN: usize>(self, bytes: &[u8; LEN], byte: u8) -> u64;

    /// Which bytes are `first` or one of the `more` behind it, where 0 is behind 255.
    fn within<const LEN: usize>(self, bytes: &[u8; LEN], first: u8, more: u8) -> u64;

    /// Which bytes are within, as above, or one of two others.
    fn within_or<const LEN: usize>(
        self,
        bytes: &[u8; LEN],
        first: u8,
        more: u8,
        others: [u8; 2],
    ) -> u64;
}

/// Something that asks a lot. What it calls is compiled for the processor as well where it is `inline(always)`; whatever
/// asks is to be that, and is to stand in no closure.
pub trait Work {
    /// What comes of it.
    type Output;

    /// Does it. This is to be `inline(always)`.
    fn run<A: Ask>(self, ask: A) -> Self::Output;
}

/// Does some work with the widest instructions that this processor has.
#[inline]
pub fn widest<W: Work>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = Avx2::detect() {
        return avx2.run(work);
    }
    work.run(Everywhere)
}
