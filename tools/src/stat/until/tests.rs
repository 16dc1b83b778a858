use std::time::Duration;

use super::super::condition::Condition;
use super::{End, Reading, Sample, Watch};

fn conditions(texts: &[&str]) -> Vec<Condition> {
    texts.iter().map(|text| Condition::parse(text).unwrap()).collect()
}

fn watch(until: &[&str], fail_if: &[&str]) -> Watch {
    Watch::new(conditions(until), conditions(fail_if))
}

fn sample(at_seconds: u64, values: &[(&str, i128)]) -> Sample {
    let reading = |&(name, value): &(&str, i128)| {
        (name.to_owned(), Reading { value, grows: !name.contains("conn") })
    };
    Sample { at: Duration::from_secs(at_seconds), values: values.iter().map(reading).collect() }
}

#[test]
fn until_is_about_all_and_fail_if_about_any() {
    let mut watch = watch(&["VBE.*.conn == 0"], &["*.fail > 1"]);
    let pending = watch.look(sample(0, &[("VBE.a.conn", 2), ("VBE.b.conn", 0), ("VBE.a.fail", 0)]));
    assert_eq!(pending, Ok("VBE.*.conn == 0: not yet for 1 of 2 counters: VBE.a.conn is 2".into()));
    // One that comes later has to be so too.
    let now = [("VBE.a.conn", 0), ("VBE.b.conn", 0), ("VBE.c.conn", 1), ("VBE.a.fail", 1)];
    let pending = watch.look(sample(1, &now)).unwrap();
    assert!(pending.ends_with("1 of 3 counters: VBE.c.conn is 1"), "{pending}");
    let now = [("VBE.a.conn", 0), ("VBE.b.conn", 0), ("VBE.c.conn", 0), ("VBE.a.fail", 1)];
    let end = watch.look(sample(2, &now)).unwrap_err();
    let text =
        "VBE.*.conn == 0: holds for 3 counters\n*.fail > 1: does not hold for any of 1 counter";
    assert_eq!(end.status(), (0, text));
    // When both are true it has failed.
    let now = [("VBE.a.conn", 0), ("VBE.b.conn", 0), ("VBE.c.conn", 0), ("VBE.a.fail", 2)];
    let end = watch.look(sample(3, &now)).unwrap_err();
    assert_eq!(end.status(), (5, "*.fail > 1: VBE.a.fail is 2"));
}

#[test]
fn names_that_are_not_there_or_not_any_more_are_no_zeros() {
    let mut unknown = watch(&["VBE.*.con == 0"], &[]);
    let end = unknown.look(sample(0, &[("VBE.a.conn", 0), ("MAIN.uptime", 3)])).unwrap_err();
    let (status, text) = end.status();
    assert_eq!(status, 2);
    assert!(
        text.ends_with("no counter is called VBE.*.con; nearest: VBE.a.conn, MAIN.uptime"),
        "{text}"
    );
    let end = watch(&[], &["x > 0"]).look(sample(0, &[])).unwrap_err();
    assert!(
        matches!(&end, End::NoMatch(text) if text.ends_with("there are none at all")),
        "{end:?}"
    );

    let mut watch = watch(&["VBE.*.conn == 0"], &[]);
    watch.look(sample(0, &[("VBE.a.conn", 1), ("VBE.b.conn", 1)])).unwrap();
    let end = watch.look(sample(1, &[("VBE.b.conn", 0)])).unwrap_err();
    assert!(end.status().0 == 3 && end.status().1.contains("VBE.a.conn is gone"), "{end:?}");
}

#[test]
fn changes_and_rates_need_two_looks_and_know_what_began_anew() {
    let mut rate = watch(&[], &["rate fail > 2"]);
    assert!(rate.look(sample(0, &[("fail", 1000)])).is_ok());
    assert_eq!(rate.look(sample(2, &[("fail", 1004)])).unwrap_err().status().0, 0);
    // Five in two seconds since it began anew.
    let end = rate.look(sample(4, &[("fail", 5)])).unwrap_err();
    assert_eq!(end.status(), (5, "rate fail > 2: fail is 2.50"));

    let mut delta = watch(&["delta conn < 0", "delta fail >= 3"], &[]);
    assert!(delta.look(sample(0, &[("conn", 5), ("fail", 7)])).is_ok());
    let pending = delta.look(sample(1, &[("conn", 6), ("fail", 9)])).unwrap();
    let text = "delta conn < 0: not yet for 1 of 1 counter: conn is 1; delta fail >= 3: not yet for 1 of 1 counter: fail is 2";
    assert_eq!(pending, text);
    assert_eq!(delta.look(sample(2, &[("conn", 4), ("fail", 10)])).unwrap_err().status().0, 0);
}
