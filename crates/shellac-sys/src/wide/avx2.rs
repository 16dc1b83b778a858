//! Thirty-two bytes with an instruction, as most x86-64 of the last ten years have it.

use core::arch::x86_64::{
    __m256i, _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_min_epu8, _mm256_movemask_epi8,
    _mm256_or_si256, _mm256_set1_epi8, _mm256_sub_epi8,
};

use super::{Ask, Work};

/// This processor has AVX2, and what came with it to count bits. There is a value only where that is so.
#[derive(Clone, Copy, Debug)]
pub(super) struct Avx2(());

const LANES: usize = 32;
const _: () = assert!(size_of::<__m256i>() == LANES);

impl Avx2 {
    /// Whether this processor has it.
    #[inline]
    pub(super) fn detect() -> Option<Avx2> {
        let is_there = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt");
        is_there.then_some(Avx2(()))
    }

    /// Does some work compiled for such a processor.
    #[inline]
    pub(super) fn run<W: Work>(self, work: W) -> W::Output {
        #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
        fn run<W: Work>(work: W, avx2: Avx2) -> W::Output {
            work.run(avx2)
        }
        // SAFETY: the processor has all of these, or there would be no value.
        unsafe { run(work, self) }
    }

    #[inline(always)]
    fn all(self, byte: u8) -> __m256i {
        // SAFETY: AVX2 is there, or there would be no value.
        unsafe { _mm256_set1_epi8(byte.cast_signed()) }
    }

    #[inline(always)]
    fn or(self, one: __m256i, other: __m256i) -> __m256i {
        // SAFETY: AVX2 is there, or there would be no value.
        unsafe { _mm256_or_si256(one, other) }
    }

    #[inline(always)]
    fn are(self, bytes: __m256i, byte: u8) -> __m256i {
        // SAFETY: AVX2 is there, or there would be no value.
        unsafe { _mm256_cmpeq_epi8(bytes, self.all(byte)) }
    }

    #[inline(always)]
    fn are_within(self, bytes: __m256i, first: u8, more: u8) -> __m256i {
        // SAFETY: AVX2 is there, or there would be no value.
        let behind = unsafe { _mm256_sub_epi8(bytes, self.all(first)) };
        // SAFETY: as above.
        let least = unsafe { _mm256_min_epu8(behind, self.all(more)) };
        // SAFETY: as above.
        unsafe { _mm256_cmpeq_epi8(least, behind) }
    }

    /// The bytes from `at` on.
    #[inline(always)]
    fn lanes<const LEN: usize>(self, bytes: &[u8; LEN], at: usize) -> __m256i {
        let lanes: &[u8; LANES] = bytes[at..].first_chunk().expect("they are asked by so many");
        // SAFETY: there are so many bytes, and the load asks for no alignment. AVX2 is there, or there would be no value.
        unsafe { _mm256_loadu_si256(lanes.as_ptr().cast()) }
    }

    /// A bit for each answer, which are 255 for yes or 0 for no.
    #[inline(always)]
    fn bits(self, answers: __m256i) -> u64 {
        // SAFETY: AVX2 is there, or there would be no value.
        let bits = unsafe { _mm256_movemask_epi8(answers) };
        bits.cast_unsigned().into()
    }
}

// No closures and no iterators: what is in them would be compiled for any processor.
impl Ask for Avx2 {
    #[inline(always)]
    fn equal<const LEN: usize>(self, bytes: &[u8; LEN], byte: u8) -> u64 {
        const { assert!(LEN == 32 || LEN == 64) };
        let (mut bits, mut at) = (0, 0);
        while at < LEN {
            bits |= self.bits(self.are(self.lanes(bytes, at), byte)) << at;
            at += LANES;
        }
        bits
    }

    #[inline(always)]
    fn within<const LEN: usize>(self, bytes: &[u8; LEN], first: u8, more: u8) -> u64 {
        const { assert!(LEN == 32 || LEN == 64) };
        let (mut bits, mut at) = (0, 0);
        while at < LEN {
            bits |= self.bits(self.are_within(self.lanes(bytes, at), first, more)) << at;
            at += LANES;
        }
        bits
    }

    #[inline(always)]
    fn within_or<const LEN: usize>(
        self,
        bytes: &[u8; LEN],
        first: u8,
        more: u8,
        others: [u8; 2],
    ) -> u64 {
        const { assert!(LEN == 32 || LEN == 64) };
        let [one, other] = others;
        let (mut bits, mut at) = (0, 0);
        while at < LEN {
            let lanes = self.lanes(bytes, at);
            let others = self.or(self.are(lanes, one), self.are(lanes, other));
            bits |= self.bits(self.or(self.are_within(lanes, first, more), others)) << at;
            at += LANES;
        }
        bits
    }
}
