//! A walk over the records of one transaction under way: what each of them changes.

use std::ops::Range;

use shellac_log::Compat;

use super::headers::Headers;
use super::{Collected, Collector, Handled, Keep, Line, Role, Slot, UNHANDLED, Word, slot};
use crate::ncsa::field::{after, trimmed, word};
use crate::ncsa::parse::Rule;

/// Words of `VCL_return` that mean something here.
pub(super) const RETURNS: [&[u8]; 2] = [b"restart", b"pipe"];

/// A walk under way.
pub(super) struct Walk<'a> {
    of: &'a Collector,
    bytes: &'a [u8],
    is_backend: bool,
    /// Newer ones take what came before some calls only.
    is_frozen: bool,
    is_hitmiss: bool,
    is_hitpass: bool,
    found: &'a mut Collected,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        of: &'a Collector,
        bytes: &'a [u8],
        is_backend: bool,
        found: &'a mut Collected,
    ) -> Walk<'a> {
        Walk {
            of,
            bytes,
            is_backend,
            is_frozen: false,
            is_hitmiss: false,
            is_hitpass: false,
            found,
        }
    }

    fn is_new(&self) -> bool {
        self.of.compat == Compat::V9
    }

    /// Which of several counts among those of the request, if this one does at all.
    fn of_request(&self) -> Option<Keep> {
        match (self.is_new(), self.is_backend) {
            (false, _) => Some(Keep::First),
            (true, _) if self.is_frozen => None,
            (true, false) => Some(Keep::First),
            (true, true) => Some(Keep::Last),
        }
    }

    /// The same for status and headers of the response.
    fn of_response(&self) -> Option<Keep> {
        match (self.is_new(), self.is_backend) {
            (false, _) | (true, false) => Some(Keep::Last),
            (true, true) if self.is_frozen => None,
            (true, true) => Some(Keep::First),
        }
    }

    fn line(&mut self, slot: Slot, keep: Keep, range: Range<usize>) {
        let range = trimmed(self.bytes, range);
        self.found.set(slot, keep, Some(range));
    }

    fn word(&mut self, slot: Slot, keep: Keep, range: &Range<usize>, number: usize) {
        if let Some(range) = word(self.bytes, range.clone(), number) {
            self.found.set(slot, keep, Some(range));
        }
    }

    fn request_line(&mut self, slot: Slot, range: Range<usize>) {
        if let Some(keep) = self.of_request() {
            self.line(slot, keep, range);
        }
    }

    #[inline]
    pub(super) fn record(&mut self, role: Role, range: Range<usize>) -> Line {
        match role {
            Role::Nothing | Role::Shown => {}
            Role::Garbage if self.of.takes_all => return Line::None,
            Role::Garbage => {}
            Role::PipeBytes => self.words(&self.of.pipe_bytes, &range),
            Role::Bytes => self.words(&self.of.bytes, &range),
            Role::BackendAddress => {
                let keep = if self.is_new() { Keep::First } else { Keep::Last };
                self.word(slot::ADDRESS, keep, &range, 3);
            }
            Role::ClientAddress => {
                if self.of.shown[slot::ADDRESS] {
                    self.word(slot::ADDRESS, Keep::First, &range, 1);
                }
                if self.of.shown[slot::SCHEME] {
                    self.word(slot::SCHEME, Keep::First, &range, 4);
                }
            }
            Role::Method => self.request_line(slot::METHOD, range),
            Role::Protocol => self.request_line(slot::PROTOCOL, range),
            Role::Url => {
                // Its parts are trimmed when they are known.
                if let Some(keep) = self.of_request() {
                    self.found.set(slot::URL, keep, Some(range));
                }
            }
            Role::Status => {
                if let Some(keep) = self.of_response() {
                    self.line(slot::STATUS, keep, range);
                }
            }
            Role::Timestamp => self.timestamp(&range),
            Role::RequestHeader => self.request_header(&range),
            Role::ResponseHeader => {
                let keep = self.of_response();
                self.headers(&self.of.response_headers, keep, &range, false);
            }
            Role::RequestUnset => {
                let keep = self.of_request();
                self.headers(&self.of.request_headers, keep, &range, true);
            }
            Role::ResponseUnset => {
                let keep = self.of_response();
                self.headers(&self.of.response_headers, keep, &range, true);
            }
            Role::Call => self.call(range),
            Role::Return => return self.returned(range),
            Role::Log => {
                for key in &self.of.keys {
                    if self.bytes[range.clone()].starts_with(&key.key[..]) {
                        self.line(key.slot, Keep::First, range.start + key.key.len()..range.end);
                    }
                }
            }
            Role::HitMiss => {
                self.is_hitmiss = true;
                self.found.handled = Handled { hitmiss: "miss", handling: "hitmiss" };
            }
            Role::HitPass => {
                self.is_hitpass = true;
                self.found.handled = Handled { hitmiss: "miss", handling: "hitpass" };
            }
        }
        Line::Some
    }

    fn words(&mut self, words: &[Word], range: &Range<usize>) {
        for word in words {
            self.word(word.slot, Keep::First, range, word.number);
        }
    }

    fn timestamp(&mut self, range: &Range<usize>) {
        for stamp in &self.of.stamps {
            if let Some(rest) = after(self.bytes, range.clone(), stamp.label) {
                self.word(stamp.word.slot, Keep::First, &rest, stamp.word.number);
                return;
            }
        }
    }

    fn request_header(&mut self, range: &Range<usize>) {
        let keep = if self.is_new() { self.of_request() } else { Some(Keep::Last) };
        self.headers(&self.of.request_headers, keep, range, false);
    }

    /// What it says of who asks, if that is in the way that is understood.
    fn user(&mut self, rest: Range<usize>) {
        if let Some(rest) = after(self.bytes, rest, b"basic ") {
            self.request_line(slot::USER, rest);
        }
    }

    fn headers(
        &mut self,
        watched: &Headers,
        keep: Option<Keep>,
        range: &Range<usize>,
        is_unset: bool,
    ) {
        let Some(&first) = self.bytes[range.clone()].first() else { return };
        for header in watched.beginning_with(first) {
            let Some(rest) = header.value(self.bytes, range) else { continue };
            if header.slot == slot::USER {
                if !is_unset {
                    self.user(rest);
                }
                continue;
            }
            let keep = match header.rule {
                Some(Rule::First) => Some(Keep::First),
                Some(Rule::Last) => Some(Keep::Last),
                None if header.slot == slot::HOST => self.of_request().filter(|_| !is_unset),
                None => keep,
            };
            if let Some(keep) = keep {
                let value = (!is_unset).then(|| trimmed(self.bytes, rest));
                self.found.set(header.slot, keep, value);
            }
        }
    }

    fn call(&mut self, range: Range<usize>) {
        let handled = |hitmiss, handling| Handled { hitmiss, handling };
        match &self.bytes[range] {
            call if is_word(call, b"RECV") => {
                self.found.handled = UNHANDLED;
                (self.is_hitmiss, self.is_hitpass) = (false, false);
                self.is_frozen |= !self.is_backend;
            }
            call if is_word(call, b"HIT") => self.found.handled = handled("hit", "hit"),
            call if is_word(call, b"MISS") && !self.is_hitmiss => {
                self.found.handled = handled("miss", "miss");
            }
            call if is_word(call, b"PASS") && !self.is_hitpass => {
                self.found.handled = handled("miss", "pass");
            }
            call if is_word(call, b"SYNTH") => self.found.handled = handled("miss", "synth"),
            call if is_word(call, b"BACKEND_RESPONSE") => self.is_frozen |= self.is_backend,
            _ => {}
        }
    }

    fn returned(&mut self, range: Range<usize>) -> Line {
        match &self.bytes[range] {
            word if is_word(word, RETURNS[0]) => return Line::None,
            word if is_word(word, RETURNS[1]) => {
                self.found.handled = Handled { hitmiss: "miss", handling: "pipe" };
            }
            _ => {}
        }
        Line::Some
    }

    pub(super) fn shown(&mut self, number: u8, range: Range<usize>) {
        for watch in self.of.records.iter().filter(|it| it.number == number) {
            let rest = match &watch.prefix[..] {
                [] => range.clone(),
                prefix => match after(self.bytes, range.clone(), prefix) {
                    Some(rest) => rest,
                    None => continue,
                },
            };
            match watch.word {
                0 => self.line(watch.slot, Keep::First, rest),
                number => self.word(watch.slot, Keep::First, &rest, number),
            }
        }
    }
}

/// Whether a text of C is this word.
fn is_word(text: &[u8], word: &[u8]) -> bool {
    let (Some(start), end) = (text.get(..word.len()), text.get(word.len())) else { return false };
    end.is_none_or(|&byte| byte == 0) && start.eq_ignore_ascii_case(word)
}
