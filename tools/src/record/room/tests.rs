use std::time::Duration;

use super::Room;

const RING: u64 = 80 << 20;

fn at(seconds: u64) -> Duration {
    Duration::from_secs(1_000_000 + seconds)
}

/// Runs a log at so many bytes per second and collects what is said.
fn run(room: &mut Room, from: u64, until: u64, bytes: &mut u64, rate: u64) -> Vec<String> {
    let mut said = Vec::new();
    for second in from..until {
        said.extend(room.look(at(second), *bytes, RING));
        *bytes += rate;
    }
    said
}

#[test]
fn what_the_ring_holds_is_said_once_and_when_it_changes() {
    let (mut room, mut bytes) = (Room::new(Duration::from_secs(10)), 0);
    // 50 MB of the ring are safe.
    let said = run(&mut room, 0, 100, &mut bytes, 1 << 20);
    assert_eq!(said, ["the ring (80 MB) holds the last 50 s at 1024 KB/s; 10 s are asked for"]);
    let said = run(&mut room, 100, 300, &mut bytes, 10 << 20);
    let last = said.last().expect("it changes");
    // 10 s at 10 MB/s with half of it in reserve are 150 MB, which are five eighths of a ring.
    assert!(last.contains("10 s are asked for, which needs log.size = \"23"), "{said:#?}");
    assert!(last.starts_with("the ring (80 MB) holds the last 5."), "{last}");
    assert!(said.len() <= 3, "it is damped: {said:#?}");
    let said = run(&mut room, 300, 400, &mut bytes, 10 << 20);
    assert!(said.is_empty(), "{said:#?}");
}

#[test]
fn a_rate_around_the_limit_does_not_flap() {
    let (mut room, mut bytes) = (Room::new(Duration::from_secs(10)), 0);
    let mut said = run(&mut room, 0, 60, &mut bytes, 5 << 20);
    for round in 0..20 {
        let rate = if round % 2 == 0 { 5_300_000 } else { 5_100_000 };
        said.extend(run(&mut room, 60 + 60 * round, 120 + 60 * round, &mut bytes, rate));
    }
    assert!(said.len() <= 2, "{said:#?}");
}

#[test]
fn what_lies_in_the_ring_already_gives_an_answer_at_the_start() {
    let mut room = Room::new(Duration::from_secs(2));
    assert_eq!(
        room.start_with(Duration::from_millis(10), 5, at(0), RING),
        None,
        "too little to tell"
    );
    let said = room.start_with(Duration::from_secs(10), 10 << 20, at(0), RING).unwrap();
    assert!(said.contains("holds the last 50 s"), "{said}");
    assert_eq!(Room::new(Duration::ZERO).start_with(Duration::from_secs(9), 0, at(0), RING), None);
}
