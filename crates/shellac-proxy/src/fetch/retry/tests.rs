//! Budgets of retries.

use std::time::Duration;

use shellac_config::RetryPolicy;
use shellac_upstream::Fault;

use super::*;

/// A first attempt of a GET that ended before its first byte, on a new connection.
const EOF: Ended<'static> = Ended {
    cause: Cause::Eof,
    outcome: Outcome::Failed(Fault::Eof),
    reused: false,
    method: "GET",
    is_cut: false,
    sent: true,
    replayable: true,
    attempts: 1,
    most: 2,
    begun: Duration::from_secs(1000),
    now: Duration::from_secs(1001),
};

fn budget<'p>(policy: &'p RetryPolicy, method: &str) -> Budget<'p> {
    Budget::new(policy, None, method)
}

#[test]
fn a_reset_before_the_first_byte_counts_as_an_end() {
    let policy = RetryPolicy::default();
    assert_eq!(budget(&policy, "GET").allows(&EOF), Ok(()));
    let reset = Ended { cause: Cause::Reset, outcome: Outcome::Failed(Fault::Reset), ..EOF };
    assert_eq!(budget(&policy, "GET").allows(&reset), Ok(()));
}

#[test]
fn methods_that_are_not_named_are_not_sent_twice() {
    let policy = RetryPolicy::default();
    let mut post = budget(&policy, "POST");
    assert_eq!(post.allows(&Ended { reused: true, ..EOF }), Err(Refusal::Method));
    assert_eq!(post.allows(&EOF), Err(Refusal::Method));
    // Nothing was sent.
    assert_eq!(post.allows(&Ended { cause: Cause::Connect, ..EOF }), Ok(()));
}

#[test]
fn a_lost_body_and_a_used_up_budget_end_it() {
    let policy = RetryPolicy::default();
    let mut get = budget(&policy, "GET");
    assert_eq!(get.allows(&Ended { replayable: false, ..EOF }), Err(Refusal::Body));
    assert_eq!(get.allows(&EOF), Ok(()));
    assert_eq!(get.allows(&EOF), Err(Refusal::Max));
}

#[test]
fn the_first_connection_that_had_been_closed_costs_nothing() {
    let policy = RetryPolicy::default();
    let stale = Ended { outcome: Outcome::Stale, reused: true, ..EOF };
    let mut get = budget(&policy, "GET");
    assert!(get.may_reuse() && get.is_first_stale());
    assert_eq!(get.allows(&stale), Ok(()));
    assert!(!get.may_reuse() && !get.is_first_stale());
    assert_eq!(get.allows(&stale), Ok(()));
    assert_eq!(get.allows(&stale), Err(Refusal::Max));
    // No retry is none.
    let none = RetryPolicy { max: 0, ..RetryPolicy::default() };
    assert_eq!(budget(&none, "GET").allows(&stale), Err(Refusal::Max));
    let mut post = budget(&policy, "POST");
    assert_eq!(post.allows(&Ended { method: "POST", ..stale }), Err(Refusal::Method));
}

#[test]
fn a_status_is_retried_only_where_it_is_listed() {
    let mut policy = RetryPolicy::default();
    assert!(!budget(&policy, "GET").allows_status(503, &EOF));
    policy.on.status = true;
    policy.statuses = vec![503];
    assert!(budget(&policy, "GET").allows_status(503, &EOF));
    assert!(!budget(&policy, "GET").allows_status(502, &EOF));
}

#[test]
fn a_timeout_is_retried_only_on_request() {
    let mut policy = RetryPolicy::default();
    let late = Ended { cause: Cause::FirstByteTimeout, reused: true, ..EOF };
    assert_eq!(budget(&policy, "GET").allows(&late), Err(Refusal::Cause));
    policy.on.first_byte_timeout = true;
    assert_eq!(budget(&policy, "GET").allows(&late), Ok(()));
    // What cannot be repeated in any case needs no word of its own.
    let over = Ended { cause: Cause::Final, ..EOF };
    assert_eq!(budget(&policy, "GET").allows(&over), Err(Refusal::Final));
    assert_eq!(Refusal::Final.word(), None);
}

#[test]
fn in_the_words_of_nginx_a_request_goes_on() {
    let next = NextUpstream {
        error: true,
        timeout: false,
        invalid_header: false,
        non_idempotent: false,
        statuses: vec![502],
        tries: 2,
        limit: Some(Duration::from_secs(3)),
        cuts: true,
    };
    let policy = RetryPolicy { max: 0, ..RetryPolicy::default() };
    let budget = || Budget::new(&policy, Some(&next), "GET");
    // A head that broke off is an error, too.
    let half = Ended { cause: Cause::Final, ..EOF };
    assert_eq!(budget().allows(&half), Ok(()));
    assert_eq!(budget().allows(&Ended { attempts: 2, ..half }), Err(Refusal::Max));
    let stale = Ended { outcome: Outcome::Stale, reused: true, ..EOF };
    let mut get = budget();
    assert_eq!(get.allows(&stale), Ok(()));
    assert!(get.may_reuse());
    assert_eq!(get.allows(&Ended { attempts: 2, ..EOF }), Ok(()));
    let late = Ended { now: Duration::from_secs(1003), ..EOF };
    assert_eq!(budget().allows(&late), Err(Refusal::Time));
    let timeout = Ended { outcome: Outcome::Failed(Fault::HeadTimeout), ..EOF };
    assert_eq!(budget().allows(&timeout), Err(Refusal::Cause));
    assert_eq!(budget().allows(&Ended { method: "POST", ..EOF }), Err(Refusal::Method));
    assert_eq!(budget().allows(&Ended { method: "POST", sent: false, ..EOF }), Ok(()));
    assert_eq!(budget().allows(&Ended { replayable: false, ..EOF }), Err(Refusal::Body));
    assert_eq!(budget().allows(&Ended { outcome: Outcome::Client, ..EOF }), Err(Refusal::Final));
    assert!(budget().allows_status(502, &EOF));
    assert!(!budget().allows_status(503, &EOF));
}

#[test]
fn nothing_follows_when_the_time_is_over_and_a_free_retry_is_not_waited_for() {
    let mut policy = RetryPolicy { max: 3, ..RetryPolicy::default() };
    policy.backoff = Duration::from_millis(100);
    policy.on.first_byte_timeout = true;
    let mut get = budget(&policy, "GET");
    let cut = Ended { cause: Cause::FirstByteTimeout, is_cut: true, ..EOF };
    assert_eq!(get.allows(&cut), Err(Refusal::Time));
    let stale = Ended { outcome: Outcome::Stale, reused: true, ..EOF };
    assert_eq!(get.allows(&stale), Ok(()));
    assert_eq!(get.pause(0.0), Duration::ZERO);
    assert_eq!(get.allows(&EOF), Ok(()));
    assert_eq!(get.pause(0.0), Duration::from_millis(100));
    assert_eq!(get.allows(&EOF), Ok(()));
    assert_eq!(get.pause(0.0), Duration::from_millis(200));
}
