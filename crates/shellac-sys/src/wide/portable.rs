//! As any processor does it.

use super::Ask;

/// What every processor has that this is compiled for.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(target_arch = "x86_64", allow(unreachable_pub, reason = "there it is for tests only"))]
pub struct Portable;

const EIGHT: usize = 8;

/// The answers, by eight: compilers make wide instructions of the questions, and a multiplication gathers the answers.
#[inline(always)]
fn bits<const LEN: usize>(bytes: &[u8; LEN], is: impl Fn(u8) -> bool) -> u64 {
    const { assert!(LEN == 32 || LEN == 64) };
    let answers = bytes.map(|byte| u8::from(is(byte)));
    let eights = answers.as_chunks::<EIGHT>().0.iter().enumerate();
    eights.fold(0, |bits, (at, ones)| {
        // Each of the ones is moved into the highest byte, to a place of its own.
        let some = u64::from_le_bytes(*ones).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        bits | some << (at * EIGHT)
    })
}

impl Ask for Portable {
    #[inline(always)]
    fn equal<const LEN: usize>(self, bytes: &[u8; LEN], byte: u8) -> u64 {
        bits(bytes, |it| it == byte)
    }

    #[inline(always)]
    fn within<const LEN: usize>(self, bytes: &[u8; LEN], first: u8, more: u8) -> u64 {
        bits(bytes, |it| it.wrapping_sub(first) <= more)
    }

    #[inline(always)]
    fn within_or<const LEN: usize>(
        self,
        bytes: &[u8; LEN],
        first: u8,
        more: u8,
        others: [u8; 2],
    ) -> u64 {
        let [one, other] = others;
        bits(bytes, |it| (it.wrapping_sub(first) <= more) | (it == one) | (it == other))
    }
}
