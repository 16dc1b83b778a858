//! The requests with which a worker died, from its scoreboard: their ends, and what had not been published of their beginnings.
//!
//! While the ring is copied what belongs to them is looked for: their sessions, their attempts, and which of these have begun and ended
//! there. Then each of them is given what is missing: in the file behind what was copied, and for the log of the next worker together
//! with what was published, so that a group is whole in either. A transaction that has its end in the ring is left as it is.

use std::collections::{BTreeMap, HashMap};

use shellac_counters::live::{InFlight, LiveHead, Phase, Snapshot};
use shellac_format::{Dialect, Heads, Layout, Side, Tag, Vxid, record};

use super::Death;

/// Longest text of what is added in bytes, with its NUL.
const TEXT_BYTES: usize = 1024;
/// What had been published of one request and is handed on with it, in bytes.
const KEPT_BYTES: usize = 256 << 10;

/// What is looked for, and what was found.
#[derive(Debug)]
pub(super) struct Flights {
    dialect: Dialect,
    layout: Layout,
    head: LiveHead,
    flights: Vec<Flight>,
    /// To which of them a transaction belongs.
    members: HashMap<u64, usize>,
}

/// One request in flight.
#[derive(Debug)]
struct Flight {
    shown: InFlight,
    xid: u64,
    /// What was found of its transactions.
    seen: BTreeMap<u64, Seen>,
    /// What was published, in order; the session's only as far as its beginning.
    batches: Vec<Vec<u8>>,
    bytes: usize,
}

/// What was found of a transaction.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    begun: bool,
    ended: bool,
    /// Somebody names it as what follows.
    linked: Option<u64>,
}

/// What is written of the dead.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Ends {
    /// What was missing, behind what was copied.
    pub(super) missing: Vec<u8>,
    /// What the next log is to have of them, batch by batch.
    pub(super) handed_on: Vec<Vec<u8>>,
    /// How many requests that is.
    pub(super) count: usize,
}

impl Flights {
    /// Those on a board.
    pub(super) fn new(dialect: Dialect, head: LiveHead, board: Snapshot) -> Flights {
        let mut flights = Vec::new();
        let mut members = HashMap::new();
        for shown in board.requests {
            // One whose head had not come was none yet.
            let Some(xid) = shown.xid else { continue };
            let own = [Some(xid), Some(shown.session), shown.attempt_xid];
            for member in own.into_iter().flatten().filter(|&member| member != 0) {
                members.insert(member, flights.len());
            }
            let (seen, batches) = (BTreeMap::new(), Vec::new());
            flights.push(Flight { shown, xid, seen, batches, bytes: 0 });
        }
        Flights { dialect, layout: dialect.layout(), head, flights, members }
    }

    /// Looks at a batch that the ring holds.
    pub(super) fn look(&mut self, batch: &[u8]) {
        let mut heads = Heads::new(self.layout, batch);
        let Some(first) = heads.next() else { return };
        let vxid = first.vxid.0;
        let is = |number: u8, tag: Tag| tag.number(self.dialect) == Some(number);
        let begins = is(first.number, Tag::Begin);
        if begins && let Some(parent) = second_word(first.record(batch).text()) {
            // An attempt before the present one.
            let family = self.members.get(&parent).copied();
            let is_attempt = first.side == Side::Backend;
            if let Some(family) = family.filter(|_| is_attempt) {
                self.members.entry(vxid).or_insert(family);
            }
        }
        let Some(flight) = self.members.get(&vxid).map(|&at| &mut self.flights[at]) else { return };
        let mut seen = flight.seen.get(&vxid).copied().unwrap_or_default();
        seen.begun |= begins;
        for place in Heads::new(self.layout, batch) {
            if is(place.number, Tag::End) {
                seen.ended = true;
            } else if is(place.number, Tag::Link)
                && let Some(child) = second_word(place.record(batch).text())
                && (child == flight.xid || vxid != flight.shown.session)
            {
                flight.seen.entry(child).or_default().linked = Some(vxid);
            }
        }
        // It may have been linked to meanwhile.
        let linked = flight.seen.get(&vxid).and_then(|known| known.linked);
        flight.seen.insert(vxid, Seen { linked, ..seen });
        if vxid != flight.shown.session || begins {
            flight.bytes = flight.bytes.saturating_add(batch.len());
            if flight.bytes <= KEPT_BYTES {
                flight.batches.push(batch.to_vec());
            } else {
                flight.batches.clear();
            }
        }
    }

    /// What is missing of them. The next log gets whole groups, of those that it has the beginnings of (`has_begun`) only what is missing;
    /// of either no more than `room` bytes.
    pub(super) fn end(self, death: &Death, room: usize, has_begun: bool) -> Ends {
        let mut ends = Ends::default();
        let mut used = 0;
        for flight in &self.flights {
            if flight.of(flight.xid).ended {
                continue;
            }
            ends.count += 1;
            let mut file = Vec::new();
            self.write(flight, death, &|xid| flight.of(xid), &mut file);
            ends.missing.extend(file.concat());
            let mut whole = Vec::new();
            if has_begun {
                whole = file;
            } else if flight.bytes <= KEPT_BYTES {
                whole.clone_from(&flight.batches);
                // Of the session only its beginning goes over.
                let of = |xid| match flight.of(xid) {
                    seen if xid == flight.shown.session => {
                        Seen { ended: false, linked: None, ..seen }
                    }
                    seen if xid == flight.xid => Seen { linked: None, ..seen },
                    seen => seen,
                };
                self.write(flight, death, &of, &mut whole);
            } else {
                self.write(flight, death, &|_| Seen::default(), &mut whole);
            }
            let bytes: usize = whole.iter().map(Vec::len).sum();
            if used + bytes <= room {
                used += bytes;
                ends.handed_on.append(&mut whole);
            }
        }
        ends
    }

    /// Writes what a request lacks, by what `seen` says of its transactions.
    fn write(
        &self,
        flight: &Flight,
        death: &Death,
        seen: &dyn Fn(u64) -> Seen,
        out: &mut Vec<Vec<u8>>,
    ) {
        let (shown, xid) = (&flight.shown, flight.xid);
        let session = Some(shown.session).filter(|&session| session != 0);
        let session = session.map(|session| (session, seen(session)));
        if let Some((session, was)) = session.filter(|(_, was)| !was.ended) {
            let mut batch = self.batch(session, Side::Client);
            if !was.begun {
                batch.text(Tag::Begin, "sess 0 HTTP/1");
            }
            if seen(xid).linked.is_none() {
                batch.text(Tag::Link, &format!("req {xid} rxreq"));
            }
            batch.push(out);
        }
        let attempt = shown.attempt_xid.map(|attempt| (attempt, seen(attempt)));
        let attempt = attempt.filter(|(_, was)| !was.ended);
        let mut request = self.batch(xid, Side::Client);
        if !seen(xid).begun {
            request.text(Tag::Begin, &format!("req {} rxreq", shown.session));
            request.text(
                Tag::Timestamp,
                &format!("Start: {} 0.000000 0.000000", self.unix(shown.started)),
            );
            self.describe(shown, &mut request);
        }
        let kind = if shown.attempt > 1 { "retry" } else { "pass" };
        if let Some((attempt, Seen { linked: None, .. })) = attempt {
            request.text(Tag::Link, &format!("bereq {attempt} {kind}"));
        }
        request.push(out);
        let waited = death.at.saturating_sub(shown.since);
        let what = format!(
            "shellac: worker {} died ({}) while this waited for {}, {} ms after it had begun to",
            death.pid,
            death.how,
            shown.phase.text(),
            waited / 1000
        );
        if let Some((attempt, was)) = attempt {
            let mut batch = self.batch(attempt, Side::Backend);
            if !was.begun {
                let parent = was.linked.unwrap_or(xid);
                batch.text(Tag::Begin, &format!("bereq {parent} {kind}"));
            }
            self.details(shown, &mut batch);
            batch.text(Tag::Error, &what);
            batch.text(Tag::End, "");
            batch.push(out);
        }
        let mut request = self.batch(xid, Side::Client);
        if attempt.is_none() {
            self.details(shown, &mut request);
        }
        request.text(Tag::Error, &what);
        let since_start = micros(death.at.saturating_sub(shown.started));
        let at = self.unix(death.at);
        request.text(Tag::Timestamp, &format!("Died: {at} {since_start} {}", micros(waited)));
        request.text(Tag::End, "");
        request.push(out);
        if let Some((session, _)) = session.filter(|(_, was)| !was.ended) {
            let mut batch = self.batch(session, Side::Client);
            batch.text(Tag::End, "");
            batch.push(out);
        }
    }

    /// What the board knows of a request's beginning.
    fn describe(&self, shown: &InFlight, request: &mut Batch) {
        if let Some(client) = shown.client {
            request.text(Tag::ReqStart, &format!("{} {} -", client.ip(), client.port()));
        }
        let blank = shown.request.iter().position(|&byte| byte == b' ');
        let (method, url) = shown.request.split_at(blank.unwrap_or(shown.request.len()));
        request.bytes(Tag::ReqMethod, method);
        request.bytes(Tag::ReqUrl, url.get(1..).unwrap_or_default());
        if shown.request_cut {
            request.text(Tag::VclLog, "proxy.cut:only the beginning of the URL is known");
        }
    }

    /// What it waited for, in the words of failed attempts.
    fn details(&self, shown: &InFlight, batch: &mut Batch) {
        if !matches!(shown.phase, Phase::ReadHead | Phase::Pick) {
            batch.text(Tag::VclLog, &format!("fetch.phase:{}", shown.phase.name()));
        }
        if !shown.backend.is_empty() {
            let backend = String::from_utf8_lossy(&shown.backend);
            batch.text(Tag::VclLog, &format!("fetch.backend:{backend}"));
        }
        batch.text(Tag::VclLog, "fetch.class:died");
        if shown.attempt > 0 {
            batch.text(Tag::VclLog, &format!("fetch.try:{}", shown.attempt));
        }
    }

    fn batch(&self, xid: u64, side: Side) -> Batch {
        let (dialect, layout) = (self.dialect, self.layout);
        Batch { dialect, layout, xid: Vxid(xid & layout.max_vxid()), side, bytes: Vec::new() }
    }

    /// A time of the board as seconds since 1970.
    fn unix(&self, at: u64) -> String {
        micros(self.head.started_unix.saturating_add(at.saturating_sub(self.head.started)))
    }
}

impl Flight {
    fn of(&self, xid: u64) -> Seen {
        self.seen.get(&xid).copied().unwrap_or_default()
    }
}

/// Records of one transaction.
struct Batch {
    dialect: Dialect,
    layout: Layout,
    xid: Vxid,
    side: Side,
    bytes: Vec<u8>,
}

impl Batch {
    fn text(&mut self, tag: Tag, text: &str) {
        self.bytes(tag, text.as_bytes());
    }

    fn bytes(&mut self, tag: Tag, text: &[u8]) {
        // What a dialect has no tag for is not said in it.
        if let Some(number) = tag.number(self.dialect) {
            let Batch { bytes, layout, xid, side, .. } = self;
            record::encode_text(bytes, *layout, number, *xid, *side, text, TEXT_BYTES);
        }
    }

    fn push(self, out: &mut Vec<Vec<u8>>) {
        if !self.bytes.is_empty() {
            out.push(self.bytes);
        }
    }
}

/// Seconds with six places.
fn micros(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// The number in the second place, as in `Begin` and `Link`.
fn second_word(text: &[u8]) -> Option<u64> {
    let word = text.split(|&byte| byte == b' ').nth(1)?;
    std::str::from_utf8(word).ok()?.parse().ok()
}

#[cfg(test)]
mod tests;
