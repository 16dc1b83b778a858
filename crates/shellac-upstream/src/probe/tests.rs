use super::*;

fn at(ms: u64) -> Duration {
    Duration::from_millis(1_800_000_000_000 + ms)
}

const GOOD: Shot = Shot {
    connected: Some(Family::V4),
    sent: Step::Good,
    received: Step::Good,
    happy: true,
    took: Duration::from_millis(20),
};

const REFUSED: Shot = Shot {
    connected: None,
    sent: Step::None,
    received: Step::None,
    happy: false,
    took: Duration::ZERO,
};

fn probe() -> Probe {
    Probe::new(ProbeSettings { jitter_percent: 0, ..ProbeSettings::default() }, at(0), 1)
}

/// The good ones and what changed after each shot.
fn shoot(probe: &mut Probe, shots: &[Shot]) -> Vec<(u32, Change)> {
    let one = |shot| {
        let change = probe.done(shot, at(0));
        (probe.view().good, change)
    };
    shots.iter().map(one).collect()
}

#[test]
fn a_fresh_one_needs_one_good_probe() {
    let mut probe = probe();
    assert_eq!((probe.view().good, probe.view().healthy), (2, false));
    assert_eq!(shoot(&mut probe, &[GOOD, GOOD]), [(3, Change::Back), (4, Change::Still)]);
    assert!(probe.view().healthy);
    let settings = ProbeSettings { initial: 3, ..ProbeSettings::default() };
    assert!(Probe::new(settings, at(0), 1).view().healthy);
    let settings = ProbeSettings { threshold: 0, initial: 0, ..ProbeSettings::default() };
    assert!(Probe::new(settings, at(0), 1).view().healthy);
}

#[test]
fn it_goes_at_two_of_eight_and_returns_at_three() {
    let mut probe = probe();
    shoot(&mut probe, &[GOOD; 8]);
    let changes = shoot(&mut probe, &[REFUSED; 8]);
    let good: Vec<u32> = changes.iter().map(|(good, _)| *good).collect();
    assert_eq!(good, [7, 6, 5, 4, 3, 2, 1, 0]);
    let went: Vec<_> = changes.iter().map(|(_, change)| change.as_str()).collect();
    assert_eq!(went, ["Still", "Still", "Still", "Still", "Still", "Went", "Still", "Still"]);
    let back = shoot(&mut probe, &[GOOD; 3]);
    assert_eq!(back, [(1, Change::Still), (2, Change::Still), (3, Change::Back)]);
    assert_eq!(probe.view().changed_unix, at(0).as_secs());
}

#[test]
fn the_history_has_a_bit_for_each_kind() {
    let mut probe = probe();
    let v6 = Shot { connected: Some(Family::V6), sent: Step::Failed, ..REFUSED };
    let silent =
        Shot { connected: Some(Family::Unix), sent: Step::Good, received: Step::Failed, ..REFUSED };
    shoot(&mut probe, &[GOOD, v6, silent, REFUSED]);
    let history = probe.view().history;
    let bits: Vec<(char, u64)> =
        history.kinds().iter().map(|&(letter, _, bits)| (letter, bits)).collect();
    assert_eq!(
        bits,
        [
            ('4', 0b1000),
            ('6', 0b100),
            ('U', 0b10),
            ('x', 0b100),
            ('X', 0b1010),
            ('r', 0b10),
            ('R', 0b1000),
            // Two that were assumed, and the first one.
            ('H', 0b11_1000),
        ]
    );
    assert_eq!(history.letters(), "--------");
    probe.done(&GOOD, at(0));
    assert_eq!(probe.view().history.letters(), "4---X-RH");
}

#[test]
fn the_average_is_about_four_good_ones() {
    let mut probe = probe();
    let took = |ms| Shot { took: Duration::from_millis(ms), ..GOOD };
    probe.done(&took(40), at(0));
    assert_eq!((probe.view().last_seconds, probe.view().average_seconds), (0.04, 0.04));
    probe.done(&took(20), at(0));
    assert!((probe.view().average_seconds - 0.03).abs() < 1e-9);
    shoot(&mut probe, &[took(10); 40]);
    assert!((probe.view().average_seconds - 0.01).abs() < 1e-4);
    let before = probe.view().average_seconds;
    probe.done(&REFUSED, at(0));
    assert_eq!((probe.view().last_seconds, probe.view().average_seconds), (0.0, before));
}

#[test]
fn probes_are_due_an_interval_after_each_other() {
    let settings = ProbeSettings {
        retry_interval: Duration::from_secs(1),
        jitter_percent: 0,
        ..ProbeSettings::default()
    };
    let mut probe = Probe::new(settings, at(0), 9);
    let first = probe.due().unwrap();
    assert!(first < at(1000));
    assert!(!probe.begin(at(0).min(first - Duration::from_millis(1))));
    assert!(probe.begin(first));
    assert!(!probe.begin(at(60_000)), "one at a time");
    assert_eq!(probe.due(), None);
    probe.done(&GOOD, at(2000));
    assert_eq!(probe.due(), Some(at(7000)));
    assert!(probe.begin(at(7000)));
    probe.done(&REFUSED, at(7500));
    assert_eq!(probe.due(), Some(at(8500)));
}

#[test]
fn jitter_keeps_probes_apart() {
    let settings = ProbeSettings { jitter_percent: 20, ..ProbeSettings::default() };
    let dues: Vec<Duration> = (0..50)
        .map(|seed| {
            let mut probe = Probe::new(settings.clone(), at(0), seed);
            probe.done(&GOOD, at(0));
            probe.due().unwrap() - at(0)
        })
        .collect();
    let (least, most) = (dues.iter().min().unwrap(), dues.iter().max().unwrap());
    assert!(*least >= Duration::from_secs(4) && *most <= Duration::from_secs(6), "{dues:?}");
    assert!(*most - *least > Duration::from_secs(1), "{dues:?}");
}

#[test]
fn other_settings_go_on_with_what_is_known() {
    let mut probe = probe();
    shoot(&mut probe, &[GOOD, GOOD, GOOD, REFUSED, REFUSED]);
    assert!(probe.view().healthy);
    let stricter = ProbeSettings {
        window: 4,
        interval: Duration::from_millis(100),
        ..ProbeSettings::default()
    };
    probe.reconfigure(stricter, at(10));
    assert_eq!((probe.view().good, probe.view().healthy), (2, false));
    assert!(probe.due().unwrap() <= at(110));
}
