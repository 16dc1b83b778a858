//! What the other tests of this crate share: rings in arrays, batches, everything that is left to read.

use std::sync::Arc;

use shellac_format::{Layout, Side, Vxid, record};
use shellac_sys::ArrayLog;

use crate::{Cursor, Loss, Next, Producer, Ring, RingHandle};

/// A ring in an array that can be read beside its producers.
pub(crate) struct Rig {
    pub(crate) log: Arc<ArrayLog>,
    pub(crate) ring: RingHandle<Arc<ArrayLog>>,
    pub(crate) producers: Vec<Producer<Arc<ArrayLog>>>,
    pub(crate) layout: Layout,
}

pub(crate) fn rig(layout: Layout, segment_words: u32, producers: usize) -> Rig {
    let log = Arc::new(ArrayLog::new(8, segment_words));
    let (ring, producers) = Ring::create(log.clone(), layout, producers).unwrap();
    ring.publish_marker();
    Rig { log, ring, producers, layout }
}

impl Rig {
    pub(crate) fn cursor(&self, start: crate::Start) -> Cursor<Arc<ArrayLog>> {
        Cursor::open(self.log.clone(), self.layout, start).unwrap()
    }
}

/// One record whose payload has `len` bytes.
pub(crate) fn batch(layout: Layout, vxid: u64, len: usize) -> Vec<u8> {
    let key = vxid.to_le_bytes()[0];
    let payload: Vec<u8> = (0..=250).cycle().take(len).map(|byte: u8| byte ^ key).collect();
    let mut body = Vec::new();
    record::encode(&mut body, layout, 72, Vxid(vxid), Side::Client, &payload);
    body
}

/// What reading to the end brings.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Harvest {
    pub(crate) batches: Vec<Vec<u8>>,
    pub(crate) losses: Vec<Loss>,
}

/// Reads until there is nothing more.
pub(crate) fn harvest<L: shellac_sys::Words + shellac_sys::LogHead>(
    cursor: &mut Cursor<L>,
) -> Harvest {
    let mut harvest = Harvest::default();
    let mut out = Vec::new();
    loop {
        match cursor.next(&mut out).unwrap() {
            Next::Batch => harvest.batches.push(out.clone()),
            Next::Overrun(loss) => harvest.losses.push(loss),
            Next::Nothing => return harvest,
        }
    }
}
