//! Sixteen bytes with an instruction, which every x86-64 has.

use core::arch::x86_64::{
    __m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128,
    _mm_set1_epi8, _mm_sub_epi8,
};

use super::Ask;

/// What every processor has that this is compiled for.
#[derive(Clone, Copy, Debug)]
pub struct Sse2;

const LANES: usize = 16;
const _: () = assert!(cfg!(target_feature = "sse2") && size_of::<__m128i>() == LANES);

#[inline(always)]
fn all(byte: u8) -> __m128i {
    // SAFETY: SSE2 is there, says the assertion above.
    unsafe { _mm_set1_epi8(byte.cast_signed()) }
}

#[inline(always)]
fn or(one: __m128i, other: __m128i) -> __m128i {
    // SAFETY: SSE2 is there, says the assertion above.
    unsafe { _mm_or_si128(one, other) }
}

#[inline(always)]
fn are(bytes: __m128i, byte: u8) -> __m128i {
    // SAFETY: SSE2 is there, says the assertion above.
    unsafe { _mm_cmpeq_epi8(bytes, all(byte)) }
}

#[inline(always)]
fn are_within(bytes: __m128i, first: u8, more: u8) -> __m128i {
    // SAFETY: SSE2 is there, says the assertion above.
    let behind = unsafe { _mm_sub_epi8(bytes, all(first)) };
    // SAFETY: as above.
    let least = unsafe { _mm_min_epu8(behind, all(more)) };
    // SAFETY: as above.
    unsafe { _mm_cmpeq_epi8(least, behind) }
}

/// The answers, each made of 255 for yes or 0 for no.
#[inline(always)]
fn bits<const LEN: usize>(bytes: &[u8; LEN], are: impl Fn(__m128i) -> __m128i) -> u64 {
    const { assert!(LEN == 32 || LEN == 64) };
    let lanes = bytes.as_chunks::<LANES>().0.iter().enumerate();
    lanes.fold(0, |bits, (at, lanes)| {
        // SAFETY: there are so many bytes, and the load asks for no alignment.
        let lanes = unsafe { _mm_loadu_si128(lanes.as_ptr().cast()) };
        // SAFETY: SSE2 is there, says the assertion above.
        let some = unsafe { _mm_movemask_epi8(are(lanes)) };
        bits | u64::from(some.cast_unsigned()) << (at * LANES)
    })
}

impl Ask for Sse2 {
    #[inline(always)]
    fn equal<const LEN: usize>(self, bytes: &[u8; LEN], byte: u8) -> u64 {
        bits(bytes, |bytes| are(bytes, byte))
    }

    #[inline(always)]
    fn within<const LEN: usize>(self, bytes: &[u8; LEN], first: u8, more: u8) -> u64 {
        bits(bytes, |bytes| are_within(bytes, first, more))
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
        bits(bytes, |bytes| {
            or(are_within(bytes, first, more), or(are(bytes, one), are(bytes, other)))
        })
    }
}
