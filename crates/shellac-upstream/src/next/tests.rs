use super::*;

const RULE: NextUpstream = NextUpstream {
    error: true,
    timeout: true,
    invalid_header: false,
    non_idempotent: false,
    statuses: Vec::new(),
    tries: 0,
    limit: None,
    cuts: true,
};

fn at(seconds: u64) -> Duration {
    Duration::from_secs(1_800_000_000 + seconds)
}

fn ended(trouble: Trouble) -> Ended<'static> {
    Ended {
        trouble,
        method: "GET",
        sent: true,
        replayable: true,
        attempts: 1,
        stale: 0,
        most: 4,
        begun: at(0),
        now: at(1),
    }
}

const RESET: Trouble = Trouble::Fault(Fault::Reset);

#[test]
fn conditions_are_those_of_nginx() {
    let all = NextUpstream { invalid_header: true, statuses: vec![404, 502], ..RULE };
    let none = NextUpstream { error: false, timeout: false, ..RULE };
    for (trouble, usual, everything) in [
        (Trouble::Fault(Fault::Connect), true, true),
        (Trouble::Fault(Fault::ConnectTimeout), true, true),
        (RESET, true, true),
        (Trouble::Fault(Fault::Eof), true, true),
        (Trouble::Fault(Fault::HeadTimeout), true, true),
        (Trouble::Fault(Fault::Garbage), false, true),
        (Trouble::Fault(Fault::Truncated), false, false),
        (Trouble::Fault(Fault::Stalled), false, false),
        (Trouble::Local, true, true),
        (Trouble::Status(502), false, true),
        (Trouble::Status(404), false, true),
        (Trouble::Status(503), false, false),
    ] {
        assert_eq!(RULE.goes_on(&ended(trouble)).is_ok(), usual, "{trouble:?}");
        assert_eq!(all.goes_on(&ended(trouble)).is_ok(), everything, "{trouble:?}");
        assert_eq!(none.goes_on(&ended(trouble)), Err(Stop::Condition));
    }
}

#[test]
fn tries_are_limited_by_number_and_by_backends() {
    let after = |attempts, stale| Ended { attempts, stale, ..ended(RESET) };
    assert_eq!(RULE.goes_on(&after(3, 0)), Ok(()));
    assert_eq!(RULE.goes_on(&after(4, 0)), Err(Stop::Tries));
    let two = NextUpstream { tries: 2, ..RULE };
    assert_eq!(two.goes_on(&after(1, 0)), Ok(()));
    assert_eq!(two.goes_on(&after(2, 0)), Err(Stop::Tries));
    let many = NextUpstream { tries: 100, ..RULE };
    assert_eq!(many.goes_on(&after(4, 0)), Err(Stop::Tries));
    // One closed connection is for free, the second one is not.
    assert_eq!(two.goes_on(&after(2, 1)), Ok(()));
    assert_eq!(two.goes_on(&after(3, 2)), Err(Stop::Tries));
    let stale = Ended { trouble: Trouble::Stale, stale: 1, most: 1, ..ended(RESET) };
    assert_eq!(RULE.goes_on(&stale), Ok(()));
}

#[test]
fn what_may_do_harm_is_not_repeated_once_something_was_sent() {
    let with = |method, sent| Ended { method, sent, ..ended(RESET) };
    for method in ["POST", "LOCK", "PATCH"] {
        assert_eq!(RULE.goes_on(&with(method, true)), Err(Stop::Method));
        assert_eq!(RULE.goes_on(&with(method, false)), Ok(()));
        let any = NextUpstream { non_idempotent: true, ..RULE };
        assert_eq!(any.goes_on(&with(method, true)), Ok(()));
    }
    for method in ["GET", "PUT", "DELETE", "post"] {
        assert_eq!(RULE.goes_on(&with(method, true)), Ok(()));
    }
    let gone = Ended { replayable: false, ..ended(RESET) };
    assert_eq!(RULE.goes_on(&gone), Err(Stop::Body));
}

#[test]
fn the_time_for_all_attempts_ends() {
    let limited = NextUpstream { limit: Some(Duration::from_secs(2)), ..RULE };
    assert_eq!(limited.goes_on(&ended(RESET)), Ok(()));
    assert_eq!(limited.goes_on(&Ended { now: at(2), ..ended(RESET) }), Err(Stop::Time));
    assert_eq!(limited.deadline(at(0)), Some(at(2)));
    assert_eq!(NextUpstream { cuts: false, ..limited }.deadline(at(0)), None);
    assert_eq!(RULE.deadline(at(0)), None);
    assert_eq!(Stop::Time.to_string(), "no time");
}
