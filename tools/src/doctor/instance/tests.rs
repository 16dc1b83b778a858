use std::collections::BTreeMap;

use super::super::finding::Level;
use super::{Section, bytes, duration, ports};

#[test]
fn numbers_are_for_people() {
    for (number, text) in [
        (0.0, "0 bytes"),
        (1023.0, "1023 bytes"),
        (1536.0, "1.5 KB"),
        (84e6, "80 MB"),
        (3e12, "2.7 TB"),
    ] {
        assert_eq!(bytes(number), text);
    }
    for (seconds, text) in
        [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (200_000, "2 days")]
    {
        assert_eq!(duration(seconds), text);
    }
}

#[test]
fn ports_that_run_out_are_told_in_time() {
    let told = |values: &[(&str, u64)]| {
        let mut section = Section::new(String::new());
        let values: BTreeMap<_, _> =
            values.iter().map(|(name, value)| (format!("NODE.{name}"), *value)).collect();
        ports(&mut section, &values);
        section.findings.into_iter().map(|it| (it.level, it.text)).collect::<Vec<_>>()
    };
    let busy =
        |used| told(&[("ports_in_use", used), ("local_ports", 1100), ("reserved_ports", 100)]);
    assert_eq!(busy(799)[0].0, Level::Good);
    let (level, text) = &busy(800)[0];
    assert_eq!(*level, Level::Warning);
    assert_eq!(text, "800 of 1000 local ports are in use for the busiest backend address (80 %)");
    assert!(told(&[("ports_in_use", 1)]).is_empty());
    assert!(told(&[("ports_in_use", 1), ("local_ports", 0)]).is_empty());
}
