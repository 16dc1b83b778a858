//! Any bytes: walking them as records ends, and what comes out can be written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shellac_format::{Dialect, Layout, Records, record};

fuzz_target!(|data: &[u8]| {
    for layout in [Layout::Words2, Layout::Words3] {
        let mut steps = 0;
        for found in Records::new(layout, data) {
            steps += 1;
            assert!(steps <= data.len() / 8 + 1, "every record has a header");
            let Ok(found) = found else { continue };
            assert!(found.text().len() <= found.payload.len());
            for dialect in Dialect::ALL {
                let _ = found.tag(dialect);
            }
            let mut again = Vec::new();
            record::encode(&mut again, layout, found.number, found.vxid, found.side, found.payload);
            let mut read = Records::new(layout, &again);
            assert_eq!(read.next(), Some(Ok(found)));
            assert_eq!(read.next(), None);
        }
    }
});
