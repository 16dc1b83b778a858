//! Where the transaction numbers of each worker begin.

use std::time::Duration;

use shellac_format::Layout;

/// Numbers a worker has at least before those of its successor begin.
const ROOM: u64 = 1 << 20;

/// The bases that one manager hands to its workers, one after the other.
///
/// With 51 bits a base is the seconds of the clock times 2^20, and always above the one before: no worker uses a million
/// numbers a second all its life, and a clock that was set back counts on from where it was.
///
/// With 30 bits that would come round every 17 minutes, and two instances that were started in one second, or at the same place of
/// two such rounds, would count through the same numbers side by side. So there the first base is the clock's nanoseconds
/// spread over all bits, and a successor begins above what its predecessor can have used.
#[derive(Debug)]
pub struct XidBases {
    layout: Layout,
    /// The base handed out last, and when, since 1970.
    last: Option<(u64, Duration)>,
}

impl XidBases {
    /// The bases of a manager whose log has this layout; none is handed out yet.
    #[must_use]
    pub fn new(layout: Layout) -> XidBases {
        XidBases { layout, last: None }
    }

    /// The base handed out last, and when, since 1970.
    pub(crate) fn last(&self) -> Option<(u64, Duration)> {
        self.last
    }

    /// Goes on behind what another program has handed out.
    pub(crate) fn go_on(&mut self, last: Option<(u64, Duration)>) {
        self.last = last;
    }

    /// The base of the worker that starts now. It may have more bits than the layout: the lower ones count.
    pub fn next(&mut self, since_1970: Duration) -> u64 {
        let base = match (self.layout, self.last) {
            (Layout::Words3, last) => {
                let above = last.map_or(0, |(base, _)| base.saturating_add(ROOM));
                (since_1970.as_secs() << 20).max(above)
            }
            (Layout::Words2, None) => spread(since_1970) & self.layout.max_vxid(),
            (Layout::Words2, Some((base, at))) => {
                // At 2^16 a second it takes four and a half hours until old numbers come again.
                let used = since_1970.saturating_sub(at).as_secs() << 16;
                base.wrapping_add(used.wrapping_add(ROOM))
            }
        };
        self.last = Some((base, since_1970));
        base
    }
}

/// The nanoseconds as a number of which every bit depends on all of theirs.
fn spread(since_1970: Duration) -> u64 {
    let mut bits = since_1970
        .as_secs()
        .wrapping_mul(1_000_000_000)
        .wrapping_add(u64::from(since_1970.subsec_nanos()));
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests;
