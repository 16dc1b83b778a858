//! Block copies between private memory and memory that somebody else may be using.
//!
//! On x86-64 they are inline assembly: the compiler knows nothing of what is inside, so a copy that meets
//! another thread's store is a torn copy (which readers detect) and not a data race of the language.
//! Elsewhere they are relaxed atomic words, about half as fast.
//!
//! Copies of one to two KB, as most batches are, take the larger part in blocks of twice that width where the processor has them,
//! which all of the last ten years do: a quarter less time. Shorter ones gain nothing by it, and longer ones wait for memory.
//!
//! One string instruction instead is as fast where both sides lie at the start of a cache line, and takes half as
//! long again at other places, which is where batches lie.

/// Copies `len` bytes from `src` to `dst`.
///
/// # Safety
///
/// `src` is readable and `dst` writable for `len` bytes, and the two do not overlap. Either may be changed
/// by others meanwhile. On other machines than x86-64 the side in shared memory must be aligned to 4
/// bytes and readable up to the end of the last word.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) unsafe fn copy_bytes(dst: *mut u8, src: *const u8, len: usize) {
    use std::arch::asm;
    let mut wide = 0;
    if (WIDE_FROM_BYTES..=WIDE_UP_TO_BYTES).contains(&len) && std::is_x86_feature_detected!("avx") {
        wide = len & !(WIDE_BYTES - 1);
        // SAFETY: the processor can, and `wide` is a part of `len` and a multiple of the step.
        unsafe { copy_wide(dst, src, wide) };
    }
    // What is left.
    let (dst, src, len) = (dst.wrapping_add(wide), src.wrapping_add(wide), len - wide);
    // SAFETY: blocks of 64 while 64 are left, then of 16, then words, then bytes: never past `len`.
    unsafe {
        asm!(
            "sub {left}, 64",
            "jb 9f",
            "8:",
            "movups {block}, [{src}]",
            "movups {second}, [{src} + 16]",
            "movups {third}, [{src} + 32]",
            "movups {fourth}, [{src} + 48]",
            "movups [{dst}], {block}",
            "movups [{dst} + 16], {second}",
            "movups [{dst} + 32], {third}",
            "movups [{dst} + 48], {fourth}",
            "add {src}, 64",
            "add {dst}, 64",
            "sub {left}, 64",
            "jae 8b",
            "9:",
            "add {left}, 48",
            "jnc 3f",
            "2:",
            "movups {block}, [{src}]",
            "movups [{dst}], {block}",
            "add {src}, 16",
            "add {dst}, 16",
            "sub {left}, 16",
            "jae 2b",
            "3:",
            "add {left}, 12",
            "jnc 5f",
            "4:",
            "mov {word:e}, [{src}]",
            "mov [{dst}], {word:e}",
            "add {src}, 4",
            "add {dst}, 4",
            "sub {left}, 4",
            "jae 4b",
            "5:",
            "add {left}, 4",
            "jz 7f",
            "6:",
            "mov {word:l}, [{src}]",
            "mov [{dst}], {word:l}",
            "inc {src}",
            "inc {dst}",
            "dec {left}",
            "jnz 6b",
            "7:",
            left = inout(reg) len => _,
            src = inout(reg) src => _,
            dst = inout(reg) dst => _,
            block = out(xmm_reg) _,
            second = out(xmm_reg) _,
            third = out(xmm_reg) _,
            fourth = out(xmm_reg) _,
            word = out(reg) _,
            options(nostack),
        );
    }
}

/// Bytes that [`copy_wide`] copies in a step.
#[cfg(target_arch = "x86_64")]
const WIDE_BYTES: usize = 128;
/// The shortest copy that is faster so.
#[cfg(target_arch = "x86_64")]
const WIDE_FROM_BYTES: usize = 512;
/// The longest one.
#[cfg(target_arch = "x86_64")]
const WIDE_UP_TO_BYTES: usize = 2048;

/// Copies `len` bytes, not zero and a multiple of [`WIDE_BYTES`].
///
/// Not inline: it leaves nothing in the upper halves of registers, which the caller must not have in use then.
///
/// # Safety
///
/// As [`copy_bytes`], and the processor has AVX.
#[cfg(target_arch = "x86_64")]
#[inline(never)]
unsafe fn copy_wide(dst: *mut u8, src: *const u8, len: usize) {
    use std::arch::asm;
    debug_assert!(len > 0 && len.is_multiple_of(WIDE_BYTES));
    // SAFETY: from `len` before the ends up to the ends. All vector registers are the callee's.
    unsafe {
        asm!(
            "2:",
            "vmovups ymm0, [{src} + {at}]",
            "vmovups ymm1, [{src} + {at} + 32]",
            "vmovups ymm2, [{src} + {at} + 64]",
            "vmovups ymm3, [{src} + {at} + 96]",
            "vmovups [{dst} + {at}], ymm0",
            "vmovups [{dst} + {at} + 32], ymm1",
            "vmovups [{dst} + {at} + 64], ymm2",
            "vmovups [{dst} + {at} + 96], ymm3",
            "add {at}, 128",
            "jnz 2b",
            "vzeroupper",
            src = in(reg) src.wrapping_add(len),
            dst = in(reg) dst.wrapping_add(len),
            at = inout(reg) len.wrapping_neg() => _,
            out("xmm0") _,
            out("xmm1") _,
            out("xmm2") _,
            out("xmm3") _,
            options(nostack),
        );
    }
}

/// Asks for the cache lines of `len` bytes from `at` on to be brought near, to be stored to. Does nothing to memory,
/// whatever `at` is.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) fn expect_stores(at: *const u8, len: usize) {
    use std::arch::asm;
    const LINE_BYTES: usize = 64;
    let (mut line, mut lines) = (at, len.div_ceil(LINE_BYTES));
    while lines >= 4 {
        // SAFETY: a prefetch accesses nothing, and an address without memory behind it is ignored.
        unsafe {
            asm!(
                "prefetchw [{line}]",
                "prefetchw [{line} + 64]",
                "prefetchw [{line} + 128]",
                "prefetchw [{line} + 192]",
                line = in(reg) line,
                options(nostack, preserves_flags),
            );
        }
        (line, lines) = (line.wrapping_add(4 * LINE_BYTES), lines - 4);
    }
    for _ in 0..lines {
        // SAFETY: as above.
        unsafe {
            asm!("prefetchw [{line}]", line = in(reg) line, options(nostack, preserves_flags));
        }
        line = line.wrapping_add(LINE_BYTES);
    }
}

/// Does nothing: the instruction for it has no name that is known here.
#[cfg(not(target_arch = "x86_64"))]
#[inline]
pub(crate) fn expect_stores(_at: *const u8, _len: usize) {}

/// Copies from shared memory.
///
/// # Safety
///
/// See the x86-64 form: `src` is the shared side here.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) unsafe fn copy_from_shared(dst: *mut u8, src: *const u8, len: usize) {
    // SAFETY: the caller's word.
    unsafe { copy_bytes(dst, src, len) }
}

/// Copies to shared memory.
///
/// # Safety
///
/// See the x86-64 form: `dst` is the shared side here.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) unsafe fn copy_to_shared(dst: *mut u8, src: *const u8, len: usize) {
    // SAFETY: the caller's word.
    unsafe { copy_bytes(dst, src, len) }
}

/// Copies from shared memory, word by word.
///
/// # Safety
///
/// `dst` is writable for `len` bytes; `src` may have any alignment, but the words that contain its bytes are
/// mapped (pages are whole words). Others access them with 4-byte atomics.
#[cfg(any(not(target_arch = "x86_64"), test))]
pub(crate) unsafe fn copy_words_from(dst: *mut u8, src: *const u8, len: usize) {
    use std::sync::atomic::{AtomicU32, Ordering};
    let mut done = 0;
    while done < len {
        let from = src.wrapping_add(done);
        let skip = from.addr() % 4;
        // SAFETY: aligned by the subtraction and inside the page that `from` lies in.
        let word = unsafe { &*from.wrapping_sub(skip).cast::<AtomicU32>() };
        let bytes = word.load(Ordering::Relaxed).to_ne_bytes();
        let take = (4 - skip).min(len - done);
        // SAFETY: `done + take <= len`.
        unsafe { dst.wrapping_add(done).copy_from_nonoverlapping(bytes[skip..].as_ptr(), take) };
        done += take;
    }
}

/// Copies to shared memory, word by word.
///
/// # Safety
///
/// `src` is readable for `len` bytes; `dst` may have any alignment, but the words that contain its bytes are
/// mapped. Others access them with 4-byte atomics, and nobody else stores to the bytes beside a ragged
/// end of this copy meanwhile.
#[cfg(any(not(target_arch = "x86_64"), test))]
pub(crate) unsafe fn copy_words_to(dst: *mut u8, src: *const u8, len: usize) {
    use std::sync::atomic::{AtomicU32, Ordering};
    let mut done = 0;
    while done < len {
        let to = dst.wrapping_add(done);
        let skip = to.addr() % 4;
        // SAFETY: aligned by the subtraction and inside the page that `to` lies in.
        let word = unsafe { &*to.wrapping_sub(skip).cast::<AtomicU32>() };
        let take = (4 - skip).min(len - done);
        let mut bytes = [0; 4];
        if take < 4 {
            bytes = word.load(Ordering::Relaxed).to_ne_bytes();
        }
        // SAFETY: `done + take <= len`.
        unsafe { src.wrapping_add(done).copy_to_nonoverlapping(bytes[skip..].as_mut_ptr(), take) };
        word.store(u32::from_ne_bytes(bytes), Ordering::Relaxed);
        done += take;
    }
}

#[cfg(not(target_arch = "x86_64"))]
pub(crate) use {copy_words_from as copy_from_shared, copy_words_to as copy_to_shared};

#[cfg(test)]
mod tests;
