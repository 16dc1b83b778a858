//! Any bytes as what a proxy says about a connection: nothing panics, where they were cut makes no difference, no byte too many is
//! asked for, and what was understood is understood the same when it is written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shellac_http1::{Ends, PREAMBLE_BYTES, PreambleProgress, parse_preamble, preamble};

fuzz_target!(|data: &[u8]| {
    let whole = parse_preamble(data);
    let len = data.len().min(PREAMBLE_BYTES + 1);
    for have in 0..len {
        match parse_preamble(&data[..have]) {
            Ok(PreambleProgress::Partial { missing }) => {
                assert!(missing > 0);
                if let Ok(PreambleProgress::Complete { len_bytes, .. }) = whole {
                    assert!(have + missing <= len_bytes);
                }
            }
            decided => {
                assert_eq!(decided, whole);
                break;
            }
        }
    }
    let Ok(PreambleProgress::Complete { preamble: found, len_bytes }) = whole else { return };
    assert!(len_bytes <= data.len());
    if let Ends::Known { .. } = found.ends {
        let wire = preamble(found.version, found.ends);
        let Ok(PreambleProgress::Complete { preamble: again, len_bytes }) = parse_preamble(&wire)
        else {
            panic!("{wire:?}");
        };
        assert_eq!((again, len_bytes), (found, wire.len()));
    }
});
