use super::*;
use shellac_admin::{Answer, Status};

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

const fn at(seconds: u64) -> Duration {
    Duration::from_secs(1_700_000_000 + seconds)
}

/// What one command has logged, that was answered so.
fn logged(journal: &Journal, line: &str, text: &str, goes_on: bool, seconds: u64) -> Vec<String> {
    let mut records = journal.begins(&words(line), at(seconds));
    let ran = Ran { answer: Answer::ok(text), goes_on };
    records.extend(journal.ends(&words(line), &ran, at(seconds)));
    records
}

#[test]
fn commands_are_logged_as_they_come_and_as_they_are_answered() {
    let journal = Journal::default();
    for seconds in 0..3 {
        assert_eq!(
            logged(&journal, "backend.set_health b0 sick", "", false, seconds),
            ["Rd backend.set_health b0 sick ", "Wr 200 0 "]
        );
    }
    // Not from a person.
    assert_eq!(logged(&journal, "vcl.use b", "", false, 3), ["Rd vcl.use b", "Wr 200 0 "]);
    assert!(journal.look(at(100)).is_empty());
}

#[test]
fn a_wait_has_a_beginning_and_an_end() {
    let journal = Journal::default();
    assert_eq!(logged(&journal, "drain.wait -j 0 b*", "2", true, 0), ["Rd drain.wait -j 0 b* "]);
    for seconds in 1..60 {
        assert!(logged(&journal, "drain.wait -j 1 b*", "1", true, seconds).is_empty());
        assert!(journal.look(at(seconds)).is_empty());
    }
    assert_eq!(logged(&journal, "drain.wait -j 0.5 b*", "done", false, 61), ["Wr 200 4 done"]);
    // Whoever waits makes sure.
    assert!(logged(&journal, "drain.wait -j 1 b*", "done", false, 62).is_empty());
    // Another one is another wait.
    let other = ["Rd drain.wait -j 1 c ", "Wr 200 4 done"];
    assert_eq!(logged(&journal, "drain.wait -j 1 c", "done", false, 62), other);
    // And so is the same one behind another order.
    assert_eq!(logged(&journal, "drain -j c", "", false, 63), ["Rd drain -j c ", "Wr 200 0 "]);
    assert_eq!(logged(&journal, "drain.wait -j 1 c", "done", false, 63), other);
    assert!(journal.look(at(100)).is_empty());
}

#[test]
fn a_wait_that_is_given_up_ends_with_the_last_answer() {
    let journal = Journal::default();
    assert_eq!(logged(&journal, "drain.wait 1 b", "3", true, 0), ["Rd drain.wait 1 b "]);
    assert!(logged(&journal, "drain.wait 1 b", "2", true, 1).is_empty());
    assert!(journal.look(at(10)).is_empty());
    assert_eq!(journal.look(at(11)), ["Wr 200 1 2"]);
    assert!(journal.look(at(12)).is_empty());
    let refused = Ran::at_once(Answer::new(Status::PARAMETER, "No"));
    assert_eq!(journal.begins(&words("drain.wait 1 b"), at(13)), ["Rd drain.wait 1 b "]);
    assert_eq!(journal.ends(&words("drain.wait 1 b"), &refused, at(13)), ["Wr 106 2 No"]);
}

#[test]
fn a_state_that_is_asked_for_again_and_again_is_logged_once() {
    let journal = Journal::default();
    let first = ["Rd drain.status -j b ", "Wr 200 1 2"];
    assert_eq!(logged(&journal, "drain.status -j b", "2", false, 0), first);
    for seconds in 1..30 {
        assert!(logged(&journal, "drain.status -j b", "1", false, seconds).is_empty());
        assert!(journal.look(at(seconds)).is_empty());
    }
    assert!(journal.look(at(39)).is_empty());
    assert_eq!(logged(&journal, "drain.status -j b", "2", false, 39), first);
}

#[test]
fn there_is_room_for_so_many_and_the_others_are_logged() {
    let journal = Journal::default();
    for one in 0..SERIES {
        assert_eq!(logged(&journal, &format!("drain.wait 1 b{one}"), "1", true, 0).len(), 1);
    }
    for _ in 0..3 {
        assert_eq!(logged(&journal, "drain.wait 1 more", "1", true, 0).len(), 2);
    }
    assert_eq!(journal.look(at(20)).len(), SERIES);
}
