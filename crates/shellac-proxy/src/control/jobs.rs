//! What the control thread does again and again.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use shellac_counters::vsc::table::{Node as Row, Vbe};
use shellac_upstream::verdict::SUB_WINDOW;

use super::Control;
use super::judge::Judge;
use super::last_words;
use super::names::look_up;
use super::probes::Probes;
use crate::log::Log;
use crate::node::{Connects, Node, Watcher};
use crate::worker::SWEEP;

/// Work that comes round. It may read files, which no serving thread does; what takes longer is a task of its own.
pub(super) struct Job {
    /// How often; a tenth of a second is the least.
    pub(super) every: Duration,
    /// One round of it.
    pub(super) run: Box<dyn FnMut(&Round<'_>)>,
}

/// What a round has at hand.
pub(super) struct Round<'r> {
    pub(super) control: &'r Control,
    /// The thread's own log, for records that belong to no transaction.
    pub(super) log: &'r Rc<Log>,
}

/// All of it.
pub(super) fn all(node: &Node) -> Vec<Job> {
    let (mut watcher, node) = (Watcher::new(), node.clone());
    let mut judge = Judge::new();
    let mut probes = Probes::default();
    vec![
        Job { every: SWEEP, run: Box::new(|round| log_notices(round.control, round.log)) },
        last_words::job(),
        Job { every: SWEEP, run: Box::new(look_up) },
        Job { every: SWEEP, run: Box::new(move |round| probes.round(round)) },
        Job { every: Duration::from_secs(1), run: Box::new(|round| round.control.end_orders()) },
        Job {
            every: Duration::from_secs(1),
            run: Box::new(move |round| watch_node(round, &mut watcher, &node)),
        },
        Job { every: SUB_WINDOW, run: Box::new(move |round| judge.look(round)) },
    ]
}

/// Looks at the node, for failed attempts and for counters.
fn watch_node(round: &Round<'_>, watcher: &mut Watcher, node: &Node) {
    let mut connects = Connects::new();
    let mut sockets: HashMap<SocketAddr, u64> = HashMap::new();
    for generation in round.control.generations() {
        let counters = generation.counters.published();
        for endpoint in &generation.endpoints {
            let addresses = endpoint.addresses();
            let open = counters.get(endpoint.index(), Vbe::Sockets);
            if open > 0 {
                // Those of a name take connections in turn.
                let share = open.div_ceil(addresses.len().max(1) as u64);
                for address in &addresses {
                    *sockets.entry(*address).or_default() += share;
                }
            }
            if !addresses.iter().all(|address| address.ip().is_loopback()) {
                let (made, unanswered) = connects.entry(endpoint.name().to_owned()).or_default();
                *made += counters.get(endpoint.index(), Vbe::Open);
                *unanswered += counters.get(endpoint.index(), Vbe::FailEtimedout);
            }
        }
    }
    node.tell(watcher.look(connects));
    let published = round.control.counting().node();
    watcher.publish(published);
    // Ports are taken once for each destination.
    published.set(0, Row::PortsInUse, sockets.into_values().max().unwrap_or(0));
}

/// Writes what others want to have in the log.
pub(super) fn log_notices(control: &Control, log: &Log) {
    for (tag, text) in control.take_notices() {
        log.loose(tag, |record| {
            record.bytes(text.as_bytes());
        });
    }
}
