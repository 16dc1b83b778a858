//! The ring of a consistent hash, as nginx lays it out.
//!
//! It is made of the texts of the configuration and not of addresses: a name, an address without a port and an IPv6 address in
//! brackets give other points than what they stand for, and only the texts give the same ones as nginx.

use crc32fast::Hasher;

/// Points for each unit of weight.
const POINTS: u32 = 160;

/// The ring: which group of servers is responsible for which keys.
#[derive(Debug, Clone)]
pub struct Ring {
    /// Points in ascending order, each with its group.
    points: Vec<(u32, u32)>,
    /// For each value of a hash's upper bits, where to begin looking.
    begins: Vec<u32>,
    /// Bits that `begins` leaves out.
    shift: u32,
    /// For each server the group of all with the same text.
    groups: Vec<u32>,
    /// Servers of each group, group by group.
    members: Vec<u32>,
    /// Where each group's servers begin in `members`; one more than there are groups.
    starts: Vec<u32>,
}

impl Ring {
    /// The ring of servers with these texts and weights.
    #[must_use]
    pub fn new(servers: &[(&str, u32)]) -> Ring {
        let mut texts: Vec<(&str, u32)> = Vec::with_capacity(servers.len());
        for (index, &(text, _)) in (0u32..).zip(servers) {
            texts.push((text, index));
        }
        texts.sort_unstable();
        let mut groups = vec![0; servers.len()];
        let (mut members, mut starts) = (Vec::with_capacity(servers.len()), Vec::new());
        let mut before = None;
        for &(text, index) in &texts {
            if before != Some(text) {
                starts.push(count(members.len()));
                before = Some(text);
            }
            groups[index as usize] = count(starts.len() - 1);
            members.push(index);
        }
        starts.push(count(members.len()));
        let mut places = Vec::new();
        for (&(text, weight), server) in servers.iter().zip(0..) {
            place(text, weight, server, &mut places);
        }
        // Of several equal points that of the first server stays.
        places.sort_unstable();
        let mut points: Vec<(u32, u32)> = places.into_iter().map(unpack).collect();
        points.dedup_by_key(|&mut (point, _)| point);
        for (_, server) in &mut points {
            *server = groups[*server as usize];
        }
        let bits = usize::BITS - points.len().leading_zeros();
        let shift = 32 - bits.clamp(1, 20);
        let begins = (0..=1u32 << (32 - shift))
            .map(|upper| {
                let least = u64::from(upper) << shift;
                count(points.partition_point(|&(point, _)| u64::from(point) < least))
            })
            .collect();
        Ring { points, begins, shift, groups, members, starts }
    }

    /// Points on the ring.
    #[must_use]
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether there is no server.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// The points in ascending order, each with its group.
    pub fn points(&self) -> impl Iterator<Item = (u32, usize)> + '_ {
        self.points.iter().map(|&(point, group)| (point, group as usize))
    }

    /// The point that is responsible for a key with this hash; 0 on an empty ring.
    #[must_use]
    pub fn find(&self, hash: u32) -> usize {
        let upper = (hash >> self.shift) as usize;
        let mut at = self.begins[upper] as usize;
        while self.points.get(at).is_some_and(|&(point, _)| point < hash) {
            at += 1;
        }
        if at == self.points.len() { 0 } else { at }
    }

    /// The group at a point.
    ///
    /// # Panics
    ///
    /// Where the ring has no such point.
    #[must_use]
    pub fn group(&self, point: usize) -> usize {
        self.points[point].1 as usize
    }

    /// Groups of servers with the same text.
    #[must_use]
    pub fn group_count(&self) -> usize {
        self.starts.len() - 1
    }

    /// The servers of a group, by their positions when the ring was made.
    #[must_use]
    pub fn members(&self, group: usize) -> &[u32] {
        &self.members[self.starts[group] as usize..self.starts[group + 1] as usize]
    }

    /// The group that a server belongs to.
    #[must_use]
    pub fn group_of(&self, server: usize) -> usize {
        self.groups[server] as usize
    }

    /// Which share of all hashes each server is responsible for, from 0 to 1, when only those are there for which `present` holds.
    ///
    /// Servers with the same text share what their group has by equal parts. Without anybody present all shares are 0.
    #[must_use]
    pub fn shares(&self, present: impl Fn(usize) -> bool) -> Vec<f64> {
        let mut shares = vec![0.0; self.groups.len()];
        let alive: Vec<usize> = (0..self.group_count())
            .map(|group| self.members(group).iter().filter(|&&one| present(one as usize)).count())
            .collect();
        let live: Vec<(u32, u32)> =
            self.points.iter().copied().filter(|&(_, group)| alive[group as usize] > 0).collect();
        let Some(&(last, _)) = live.last() else { return shares };
        let mut by_group = vec![0u64; self.group_count()];
        // A point has the hashes behind the one before it, up to its own; the first one also those behind the last.
        let mut before = i64::from(last) - (1i64 << 32);
        for &(point, group) in &live {
            by_group[group as usize] += u64::try_from(i64::from(point) - before).unwrap_or(0);
            before = i64::from(point);
        }
        for (server, share) in shares.iter_mut().enumerate().filter(|&(server, _)| present(server))
        {
            let group = self.group_of(server);
            *share = by_group[group] as f64 / alive[group] as f64 / (1u64 << 32) as f64;
        }
        shares
    }
}

/// Adds the points of one server: the point in the upper half, where it counts for the order, and the server in the lower one.
fn place(text: &str, weight: u32, server: u32, places: &mut Vec<u64>) {
    let (host, port) = split(text);
    let mut base = Hasher::new();
    base.update(host.as_bytes());
    base.update(&[0]);
    base.update(port.as_bytes());
    let mut previous = 0u32;
    for _ in 0..weight.saturating_mul(POINTS) {
        let mut hasher = base.clone();
        hasher.update(&previous.to_le_bytes());
        previous = hasher.finalize();
        places.push(u64::from(previous) << 32 | u64::from(server));
    }
}

#[allow(clippy::cast_possible_truncation, reason = "the two halves")]
fn unpack(place: u64) -> (u32, u32) {
    ((place >> 32) as u32, place as u32)
}

/// Host and port of an address as the configuration spells it; IPv6 keeps its brackets, and a unix socket has no port.
fn split(text: &str) -> (&str, &str) {
    const UNIX: &str = "unix:";
    if let (Some(scheme), Some(path)) = (text.get(..UNIX.len()), text.get(UNIX.len()..))
        && scheme.eq_ignore_ascii_case(UNIX)
    {
        return (path, "");
    }
    let digits = text.bytes().rev().take_while(u8::is_ascii_digit).count();
    let (host, port) = text.split_at(text.len() - digits);
    host.strip_suffix(':').map_or((text, ""), |host| (host, port))
}

/// Rings have fewer points than 32 bits can count: the configuration limits the sum of weights.
fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
