use serde_json::json;

use super::{load, requests};

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
