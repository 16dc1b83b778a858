//! Budgets of retries.

use shellac_config::RetryPolicy;

use super::*;

#[test]
fn a_reset_before_the_first_byte_counts_as_an_end() {
    let policy = RetryPolicy::default();
    assert_eq!(Budget::new(&policy, "GET").allows(Cause::Eof, false, true), Ok(()));
    assert_eq!(Budget::new(&policy, "GET").allows(Cause::Reset, false, true), Ok(()));
}

#[test]
fn methods_that_are_not_named_are_not_sent_twice() {
    let policy = RetryPolicy::default();
    let mut post = Budget::new(&policy, "POST");
    assert_eq!(post.allows(Cause::Eof, true, true), Err(Refusal::Method));
    assert_eq!(post.allows(Cause::Eof, false, true), Err(Refusal::Method));
    // Nothing was sent.
    assert_eq!(post.allows(Cause::Connect, false, true), Ok(()));
}

#[test]
fn a_lost_body_and_a_used_up_budget_end_it() {
    let policy = RetryPolicy::default();
    let mut get = Budget::new(&policy, "GET");
    assert_eq!(get.allows(Cause::Eof, false, false), Err(Refusal::Body));
    assert_eq!(get.allows(Cause::Eof, false, true), Ok(()));
    assert_eq!(get.allows(Cause::Eof, false, true), Err(Refusal::Max));
}

#[test]
fn a_status_is_retried_only_where_it_is_listed() {
    let mut policy = RetryPolicy::default();
    assert!(!Budget::new(&policy, "GET").allows_status(503, true));
    policy.on.status = true;
    policy.statuses = vec![503];
    assert!(Budget::new(&policy, "GET").allows_status(503, true));
    assert!(!Budget::new(&policy, "GET").allows_status(502, true));
}

#[test]
fn a_timeout_is_retried_only_on_request() {
    let mut policy = RetryPolicy::default();
    let allows = |policy: &RetryPolicy, cause| Budget::new(policy, "GET").allows(cause, true, true);
    assert_eq!(allows(&policy, Cause::FirstByteTimeout), Err(Refusal::Cause));
    policy.on.first_byte_timeout = true;
    assert_eq!(allows(&policy, Cause::FirstByteTimeout), Ok(()));
    // What cannot be repeated in any case needs no word of its own.
    assert_eq!(allows(&policy, Cause::Final), Err(Refusal::Final));
    assert_eq!(Refusal::Final.word(), None);
}
