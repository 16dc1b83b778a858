//! The messages of DNS, as far as addresses of names need them (RFC 1035, 3596, 6891).
//!
//! A message is input from a network: every read is within its bytes, names end after a bounded number of jumps,
//! and an answer counts only when it repeats number and question.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Longest name, in bytes as a message has it.
const NAME_BYTES: usize = 255;
/// Longest part of a name.
const LABEL_BYTES: usize = 63;
/// Jumps and parts that a name may have.
const STEPS: usize = 192;
/// Aliases that are followed.
const ALIASES: usize = 16;
/// Records of an answer that are looked at.
const RECORDS: usize = 128;
/// Bytes that an answer may have: what passes most networks in one piece.
pub const ANSWER_BYTES: u16 = 1232;

const HEADER: usize = 12;
const CLASS_IN: u16 = 1;
const TYPE_CNAME: u16 = 5;
const TYPE_OPT: u16 = 41;

/// Which addresses are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// IPv4.
    A,
    /// IPv6.
    Aaaa,
}

impl Kind {
    const fn number(self) -> u16 {
        match self {
            Kind::A => 1,
            Kind::Aaaa => 28,
        }
    }
}

/// What an answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The addresses, and for how many seconds they hold; none when the name has no such address.
    Addresses(Vec<IpAddr>, u32),
    /// The same as far as it fitted into a datagram: the rest is to be had over a connection.
    Cut(Vec<IpAddr>, u32),
    /// There is no such name.
    NoSuchName,
    /// The server could not find out (`SERVFAIL`), or does not want to: the code of the answer.
    Failed(u8),
    /// It repeats the question, and what follows is no answer to it.
    Garbage,
}

/// A name as messages have it, in small letters; `None` if it cannot be one.
///
/// Names are taken as they stand: no domain is appended. A dot at the end makes no difference.
#[must_use]
pub fn encode_name(name: &str) -> Option<Vec<u8>> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let mut bytes = Vec::with_capacity(name.len() + 2);
    for label in name.split('.') {
        let len = u8::try_from(label.len()).ok().filter(|&len| len > 0)?;
        let is_good = usize::from(len) <= LABEL_BYTES
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if !is_good {
            return None;
        }
        bytes.push(len);
        bytes.extend(label.bytes().map(|byte| byte.to_ascii_lowercase()));
    }
    bytes.push(0);
    (bytes.len() <= NAME_BYTES).then_some(bytes)
}

/// The question for addresses of a name that [`encode_name`] made.
#[must_use]
pub fn question(id: u16, name: &[u8], kind: Kind) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER + name.len() + 15);
    out.extend(id.to_be_bytes());
    // Recursion is wanted; one question, and one record that says how long an answer may be.
    out.extend([0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 1]);
    out.extend(name);
    out.extend(kind.number().to_be_bytes());
    out.extend(CLASS_IN.to_be_bytes());
    out.push(0);
    out.extend(TYPE_OPT.to_be_bytes());
    out.extend(ANSWER_BYTES.to_be_bytes());
    out.extend([0; 6]);
    out
}

/// What a message says to this question; `None` when it is no answer to it, whoever sent it.
#[must_use]
pub fn answer(message: &[u8], id: u16, name: &[u8], kind: Kind) -> Option<Answer> {
    let mut reader = Reader { message, at: 0 };
    let (found, flags) = (reader.u16()?, reader.u16()?);
    let questions = reader.u16()?;
    let records = reader.u16()?;
    reader.skip(4)?;
    // An answer (QR) to a plain question, with the same number.
    if found != id || flags & 0x8000 == 0 || flags & 0x7800 != 0 {
        return None;
    }
    let code = u8::try_from(flags & 0xf).unwrap_or(0xf);
    if questions == 0 && matches!(code, 1 | 4 | 5) {
        // Servers that understand nothing, or do not want to, may leave the question out.
        return Some(Answer::Failed(code));
    }
    if questions != 1
        || reader.name()? != name
        || reader.u16()? != kind.number()
        || reader.u16()? != CLASS_IN
    {
        return None;
    }
    let is_cut = flags & 0x0200 != 0;
    Some(match code {
        0 => {
            let addresses = addresses(&mut reader, records, name, kind, is_cut);
            match addresses {
                Some((list, ttl)) if is_cut => Answer::Cut(list, ttl),
                Some((list, ttl)) => Answer::Addresses(list, ttl),
                None => Answer::Garbage,
            }
        }
        3 => Answer::NoSuchName,
        code => Answer::Failed(code),
    })
}

/// The addresses that belong to `name` or to what it is an alias of, and the shortest time that any of it holds.
fn addresses(
    reader: &mut Reader<'_>,
    records: u16,
    name: &[u8],
    kind: Kind,
    is_cut: bool,
) -> Option<(Vec<IpAddr>, u32)> {
    let mut found: Vec<(Vec<u8>, IpAddr, u32)> = Vec::new();
    let mut aliases: Vec<(Vec<u8>, Vec<u8>, u32)> = Vec::new();
    for _ in 0..usize::from(records).min(RECORDS) {
        match reader.record(kind) {
            Some((owner, Data::Address(address), ttl)) => found.push((owner, address, ttl)),
            Some((owner, Data::Alias(target), ttl)) => aliases.push((owner, target, ttl)),
            Some((_, Data::Other, _)) => {}
            None if is_cut => break,
            None => return None,
        }
    }
    let mut name = name.to_vec();
    let mut ttl = u32::MAX;
    for _ in 0..ALIASES {
        let Some((_, target, holds)) = aliases.iter().find(|(owner, ..)| *owner == name) else {
            break;
        };
        name.clone_from(target);
        ttl = ttl.min(*holds);
    }
    let mut list = Vec::new();
    for (owner, address, holds) in found {
        if owner == name && !list.contains(&address) {
            list.push(address);
            ttl = ttl.min(holds);
        }
    }
    Some((list, if ttl == u32::MAX { 0 } else { ttl }))
}

enum Data {
    Address(IpAddr),
    Alias(Vec<u8>),
    Other,
}

struct Reader<'m> {
    message: &'m [u8],
    at: usize,
}

impl<'m> Reader<'m> {
    fn bytes(&mut self, len: usize) -> Option<&'m [u8]> {
        let bytes = self.message.get(self.at..self.at.checked_add(len)?)?;
        self.at += len;
        Some(bytes)
    }

    fn skip(&mut self, len: usize) -> Option<()> {
        self.bytes(len).map(|_| ())
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.bytes(2)?.try_into().ok()?))
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.bytes(4)?.try_into().ok()?))
    }

    /// A name in small letters. Jumps only go back, so that they end.
    fn name(&mut self) -> Option<Vec<u8>> {
        let mut name = Vec::new();
        let mut at = self.at;
        let mut least = self.at;
        let mut end = None;
        for _ in 0..STEPS {
            let first = *self.message.get(at)?;
            match first {
                0 => {
                    self.at = end.unwrap_or(at + 1);
                    name.push(0);
                    return (name.len() <= NAME_BYTES).then_some(name);
                }
                1..=63 => {
                    let len = usize::from(first);
                    let label = self.message.get(at..at + 1 + len)?;
                    name.extend(label.iter().map(|byte| byte.to_ascii_lowercase()));
                    at += 1 + len;
                }
                0xc0..=0xff => {
                    let low = *self.message.get(at + 1)?;
                    end.get_or_insert(at + 2);
                    let target = usize::from(u16::from_be_bytes([first & 0x3f, low]));
                    if target >= least {
                        return None;
                    }
                    (at, least) = (target, target);
                }
                _ => return None,
            }
            if name.len() > NAME_BYTES {
                return None;
            }
        }
        None
    }

    fn record(&mut self, kind: Kind) -> Option<(Vec<u8>, Data, u32)> {
        let owner = self.name()?;
        let (number, class, ttl) = (self.u16()?, self.u16()?, self.u32()?);
        let len = usize::from(self.u16()?);
        // A number with the first bit set is 0 (RFC 2181).
        let ttl = if ttl >> 31 == 1 { 0 } else { ttl };
        let start = self.at;
        let data = self.bytes(len)?;
        let data = match (number, class) {
            (TYPE_CNAME, CLASS_IN) => {
                self.at = start;
                let target = self.name()?;
                if self.at != start + len {
                    return None;
                }
                Data::Alias(target)
            }
            (number, CLASS_IN) if number == kind.number() => Data::Address(match kind {
                Kind::A => Ipv4Addr::from(<[u8; 4]>::try_from(data).ok()?).into(),
                Kind::Aaaa => Ipv6Addr::from(<[u8; 16]>::try_from(data).ok()?).into(),
            }),
            _ => Data::Other,
        };
        Some((owner, data, ttl))
    }
}
