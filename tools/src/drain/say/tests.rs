use serde_json::json;

use super::{hide_secrets, load, requests};

#[test]
fn what_is_waited_for_is_one_line_with_the_oldest_request() {
    let status = json!({
        "in_flight": 3, "idle": 2,
        "busy": [
            {"phases": {"body": 1, "connect": 1}, "requests": [
                {"xid": 7, "age_ms": 1500, "request": "GET /a", "client": "127.0.0.1:9"},
                {"xid": 8, "age_ms": 20, "request": "GET /b", "client": null}]},
            {"phases": {"body": 1}, "requests": [
                {"xid": 9, "age_ms": 12000, "request": "POST /c", "client": null}]},
        ],
    });
    assert_eq!(
        load(&status),
        "waiting: 3 in flight (body 2, connect 1), 2 idle connections; oldest 9 POST /c for 12.0 s"
    );
    assert_eq!(requests(&status), [7, 8, 9]);
    assert_eq!(load(&json!({})), "waiting: 0 in flight, 0 idle connections");
}

#[test]
fn secrets_in_targets_are_not_told() {
    let mut status = json!({"in_flight": 1, "busy": [{"requests": [
        {"xid": 7, "age_ms": 0, "request": "GET /a?token=s3cret&page=2", "client": null}]}]});
    hide_secrets(&mut status);
    let shown = status.to_string() + &load(&status);
    assert!(!shown.contains("s3cret") && shown.contains("page=2"), "{shown}");
    let mut nothing = json!("a text");
    hide_secrets(&mut nothing);
    assert_eq!(nothing, json!("a text"));
}
