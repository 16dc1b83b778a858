//! Each fault once in front of a varnishd and in front of us: what the client gets and what the log says is the same, but for
//! what is listed with its reason (`fixtures/differences-proxy.toml`).

mod cases;
mod list;
mod sides;
mod story;

use std::sync::Mutex;

use super::alone;
use crate::support::varnish;
use list::Known;
use sides::{Side, Sides};

/// Faults that are met at the same time.
const AT_ONCE: usize = 8;

#[test]
fn every_fault_is_told_as_a_varnishd_beside_us_tells_it() {
    let known = Known::read();
    let cases = cases::all(&known);
    if !varnish::is_here() {
        return;
    }
    let _alone = alone();
    let sides = Sides::start(cases);
    let jobs = (0..sides.cases.len()).flat_map(|at| [(at, Side::Ours), (at, Side::Theirs)]);
    let queue = Mutex::new(jobs.collect::<Vec<_>>());
    let stories = Mutex::new(vec![[const { Vec::new() }; 2]; sides.cases.len()]);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let job = queue.lock().expect("nobody panics with it").pop();
                    let Some((at, side)) = job else { return };
                    let story = sides.meet(at, side);
                    stories.lock().expect("nobody panics with it")[at][side as usize] = story;
                }
            });
        }
    });
    let stories = stories.into_inner().expect("nobody panics with it");
    let told = sides.cases.iter().map(|case| case.name.as_str()).zip(&stories);
    known.check(told.map(|(name, [ours, theirs])| (name, &ours[..], &theirs[..])));
}
