//! When a name is looked up again, and what the end of a look-up changes.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::{Found, Trouble};

/// The first wait after a look-up that failed; each one after it is twice as long.
const RETRY: Duration = Duration::from_secs(1);
/// The longest one, unless addresses hold for less.
const RETRY_MOST: Duration = Duration::from_secs(30);

/// For how long addresses hold at least and at most, whatever the server says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// At least.
    pub least: Duration,
    /// At most.
    pub most: Duration,
}

/// What the end of a look-up has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Nothing: the same addresses, or the same trouble as before.
    None,
    /// Other addresses than before.
    Addresses,
    /// It fails from now on, or for another reason; addresses of before stay.
    Trouble,
    /// It succeeds again, and the addresses are the same.
    Back,
}

/// The look-ups of one name.
#[derive(Debug)]
pub struct Schedule {
    next: Duration,
    running: bool,
    failures: u32,
    found: Found,
    seed: u64,
}

impl Schedule {
    /// Of a name that has to be looked up at once.
    #[must_use]
    pub fn new(now: Duration, seed: u64) -> Schedule {
        Schedule { next: now, running: false, failures: 0, found: Found::default(), seed }
    }

    /// Whether a look-up has to begin now; if so, it has begun.
    pub fn begin(&mut self, now: Duration) -> bool {
        let begins = !self.running && now >= self.next;
        self.running |= begins;
        begins
    }

    /// What is known.
    #[must_use]
    pub fn found(&self) -> &Found {
        &self.found
    }

    /// How long until the next look-up.
    #[must_use]
    pub fn wait(&self, now: Duration) -> Duration {
        self.next.saturating_sub(now)
    }

    /// A look-up has ended: addresses that hold for so many seconds, or why there are none.
    pub fn done(
        &mut self,
        result: Result<(Vec<IpAddr>, u32), Trouble>,
        port: u16,
        times: Times,
        now: Duration,
    ) -> Change {
        self.running = false;
        match result {
            Ok((list, ttl)) => {
                self.failures = 0;
                let holds =
                    Duration::from_secs(ttl.into()).clamp(times.least, times.most.max(times.least));
                self.next = now + self.earlier(holds);
                let mut addresses: Vec<_> =
                    list.into_iter().map(|ip| SocketAddr::new(ip, port)).collect();
                // Servers turn the order round; the same addresses are the same.
                addresses.sort_unstable();
                addresses.dedup();
                let was_bad = self.found.trouble.take().is_some();
                if self.found.addresses != addresses {
                    self.found.addresses = addresses;
                    return Change::Addresses;
                }
                if was_bad { Change::Back } else { Change::None }
            }
            Err(trouble) => {
                let wait = RETRY
                    .saturating_mul(1 << self.failures.min(10))
                    .min(RETRY_MOST)
                    .min(times.most);
                self.failures = self.failures.saturating_add(1);
                self.next = now + self.earlier(wait);
                let is_new = self.found.trouble != Some(trouble);
                self.found.trouble = Some(trouble);
                if is_new { Change::Trouble } else { Change::None }
            }
        }
    }

    /// Up to a tenth earlier, so that many names are not asked for at once.
    fn earlier(&mut self, wait: Duration) -> Duration {
        let share = u32::try_from(mix(&mut self.seed) >> 48).unwrap_or(0);
        wait - wait / 10 * share / 65_536
    }
}

/// The next number of a sequence that looks random.
pub(super) fn mix(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *seed;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
