use std::time::Duration;

use shellac_log::{Cause, Loss, Lost, Report};

use super::report;
use crate::when::Zone;

#[test]
fn a_report_says_how_much_when_and_why() {
    let lost = Lost { loss: Loss { bytes: 1234, exact: true }, cause: Cause::Output };
    let since = Some(Duration::new(1_747_000_000, 5_000));
    let text = report(&Report { lost, since, until: None }, Zone::Utc);
    let expected = [
        "1234 bytes (exactly) lost",
        "between 2025-05-11 21:46:40.000005 and a time that is not recorded",
        "reason=output",
    ];
    for part in expected {
        assert!(text.contains(part), "{text}");
    }
    let lost = Lost { loss: Loss { bytes: 1, exact: false }, cause: Cause::Overrun };
    let text = report(&Report { lost, since: None, until: None }, Zone::Utc);
    assert!(text.contains("1 bytes (within a segment's length)"), "{text}");
    assert!(text.ends_with("reason=overrun"), "{text}");
}
