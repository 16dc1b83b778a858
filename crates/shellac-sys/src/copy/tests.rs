use super::*;

fn pattern(len: usize) -> Vec<u8> {
    (1..=251u8).cycle().take(len).collect()
}

/// Copies every length around the borders of the loops, at every alignment, and looks at both sides of it.
fn check(copy: impl Fn(*mut u8, *const u8, usize)) {
    for len in (0..520).chain(1000..1060).chain(2040..2060).chain([4095, 4096, 4097, 70_000]) {
        for (from, to) in [(0, 0), (1, 0), (0, 3), (3, 5), (8, 8)] {
            let source = pattern(from + len);
            let mut target = vec![0u8; to + len + 16];
            copy(target[to..].as_mut_ptr(), source[from..].as_ptr(), len);
            assert!(target[..to].iter().all(|&byte| byte == 0), "before: {len} {from} {to}");
            assert_eq!(target[to..to + len], source[from..], "{len} {from} {to}");
            assert!(target[to + len..].iter().all(|&byte| byte == 0), "after: {len} {from} {to}");
        }
    }
}

#[test]
#[cfg(target_arch = "x86_64")]
fn a_copy_moves_exactly_its_bytes() {
    // SAFETY: both ranges were sliced to hold `len` bytes.
    check(|dst, src, len| unsafe { copy_bytes(dst, src, len) });
}

#[test]
#[cfg(target_arch = "x86_64")]
fn a_prefetch_of_any_length_changes_nothing() {
    let memory = pattern(1000);
    for len in (0..600).chain([100_000]) {
        // It may reach over the end.
        expect_stores(memory.as_ptr().wrapping_add(len % 70), len);
    }
    expect_stores(std::ptr::null(), 300);
    assert_eq!(memory, pattern(1000));
}

#[test]
fn the_word_forms_move_exactly_their_bytes() {
    // The shared side may be touched up to whole words around the copy, so it lies inside words.
    for len in [0, 1, 3, 4, 5, 63, 64, 65, 1000] {
        for skip in 0..4 {
            let words: Vec<u32> = (1..=300).collect();
            let shared: *const u8 = words.as_ptr().cast();
            let mut out = vec![0; len + 1];
            // SAFETY: 4 + len bytes are inside the words, and `out` holds `len` bytes.
            unsafe { copy_words_from(out.as_mut_ptr(), shared.wrapping_add(skip), len) };
            let plain: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
            assert_eq!(out[..len], plain[skip..skip + len]);
            assert_eq!(out[len], 0);

            let mut target = vec![0u32; 300];
            // SAFETY: 4 + len bytes are inside the words, and `plain` holds `len` bytes.
            unsafe {
                copy_words_to(
                    target.as_mut_ptr().cast::<u8>().wrapping_add(skip),
                    plain.as_ptr(),
                    len,
                );
            }
            let bytes: Vec<u8> = target.iter().flat_map(|word| word.to_ne_bytes()).collect();
            assert!(bytes[..skip].iter().chain(&bytes[skip + len..]).all(|&byte| byte == 0));
            assert_eq!(bytes[skip..skip + len], plain[..len]);
        }
    }
}
