//! A server that swallows packets, and what clients meet: one hundred and fifty of them, each with one request at a time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use shellac_measure::Dice;

use super::*;

/// What an answer takes.
const ANSWER_MS: u64 = 100;

/// The moments in milliseconds at which attempts at the third server failed, after it had begun to swallow packets.
fn failures(connect_timeout_ms: u64, workers: usize, phase_ms: u64) -> Vec<u64> {
    let first = pool(Policy::ConsistentHash, 100, 10, (1..=4).map(spec));
    let shared = Arc::clone(first.pool());
    let mut pickers: Vec<Picker> =
        (0..workers).map(|offset| Picker::new(Arc::clone(&shared), offset)).collect();
    let mut dice = Dice::new(17);
    let now = |ms: u64| at((ms + phase_ms) as f64 / 1000.0);
    let key = |dice: &mut Dice| {
        let number = dice.below(10_000);
        Some(crc32fast::hash(format!("127.0.0.1/{number:04}").as_bytes()))
    };
    let mut failures = Vec::new();
    // Ends of attempts, with the client; clients begin one after the other.
    let mut ends = BinaryHeap::new();
    let mut clients: Vec<(Course, Option<InFlight>)> =
        (0..150).map(|_| (Course::default(), None)).collect();
    (0u64..).zip(0..150usize).for_each(|start| ends.push(Reverse(start)));
    while let Some(Reverse((ms, client))) = ends.pop() {
        if ms > 80_000 {
            break;
        }
        let (course, running) = &mut clients[client];
        let mut again = false;
        if let Some(mut place) = running.take() {
            if place.endpoint().name() == "s3" {
                failures.push(ms);
                place.finish(Outcome::Failed(Fault::ConnectTimeout), now(ms));
                again = true;
            } else {
                place.finish(OK, now(ms));
            }
        }
        if !again {
            *course = Course::new(key(&mut dice));
        }
        let place = pickers[client % workers].pick(course, now(ms)).unwrap();
        let took = if place.endpoint().name() == "s3" { connect_timeout_ms } else { ANSWER_MS };
        ends.push(Reverse((ms + took, client)));
        *running = Some(place);
    }
    failures
}

/// Two bursts and then single attempts: how many are in each burst, and the moments of the others.
fn bursts(failures: &[u64], connect_timeout_ms: u64) -> (usize, usize, Vec<u64>) {
    let first = failures.iter().filter(|&&ms| ms < connect_timeout_ms + 2500).count();
    let end = 2 * connect_timeout_ms + 3000;
    let second = failures.iter().filter(|&&ms| ms < end).count() - first;
    (first, second, failures.iter().copied().filter(|&ms| ms >= end).collect())
}

#[test]
fn single_attempts_come_every_fail_timeout_and_one_second_and_connect_timeout() {
    for (connect_timeout_ms, spacing, workers, phase_ms) in
        [(4000, 15_000, 1, 0), (4000, 15_000, 2, 990), (5000, 16_000, 1, 330), (5000, 16_000, 2, 0)]
    {
        let failures = failures(connect_timeout_ms, workers, phase_ms);
        let (first, second, singles) = bursts(&failures, connect_timeout_ms);
        // Every client once, then those that went there before the hundredth failure.
        assert_eq!(first, 150);
        assert!((1..=60).contains(&second), "{second}");
        assert!(singles.len() >= 3, "{singles:?}");
        // The first one after a burst may still be out of step with the seconds.
        for pair in singles[1..].windows(2) {
            assert!((pair[1] - pair[0]).abs_diff(spacing) <= ANSWER_MS, "{singles:?}");
        }
        let gap = singles[1] - singles[0];
        assert!((spacing - 1000..=spacing + ANSWER_MS).contains(&gap), "{singles:?}");
    }
}
