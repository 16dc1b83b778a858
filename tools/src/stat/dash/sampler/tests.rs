use shellac_counters::vsc::table::{Main, Vbe};
use shellac_counters::vsc::write::publish;
use shellac_counters::vsc::{Counters, Semantics};
use shellac_vsm::{AttachOptions, Attachment, ChildSet, MgtSet, PublishOptions};

use super::{Means, Past, Sampler};
use crate::stat::dash::sample::Sample;
use crate::stat::filter::Filters;

const SECOND: u64 = 1_000_000;

#[test]
fn a_mean_is_that_of_what_there_was_until_its_window_is_full() {
    let mut means = Means::default();
    for value in [3.0, 6.0, 9.0] {
        means.add(value);
    }
    assert_eq!(means.values, [6.0, 6.0, 6.0]);
    for _ in 0..200 {
        means.add(0.0);
    }
    let [short, middle, long] = means.values;
    assert!(short < 1e-6 && middle < 0.1 && long > middle, "{:?}", means.values);
    assert_eq!(means.moments, 203);
}

#[test]
fn changes_begin_at_the_second_look() {
    let mut past = Past::default();
    // Zero was never seen.
    past.take(Semantics::Counter, 0, SECOND);
    assert!(!past.reading.seen && past.last.is_none());
    past.take(Semantics::Counter, 10, 2 * SECOND);
    assert_eq!((past.reading.change, past.reading.means), (None, [0.0; 3]));
    past.take(Semantics::Counter, 40, 4 * SECOND);
    assert_eq!((past.reading.change, past.reading.means), (Some(15.0), [7.5; 3]));

    let mut gauge = Past::default();
    gauge.take(Semantics::Gauge, 8, SECOND);
    gauge.take(Semantics::Gauge, 0, 2 * SECOND);
    assert_eq!((gauge.reading.change, gauge.reading.means), (Some(-8.0), [4.0; 3]));
    // One that is below zero counts as zero, and did not jump.
    gauge.take(Semantics::Gauge, 1_u64.wrapping_neg(), 3 * SECOND);
    assert_eq!(gauge.reading.change, Some(-1.0));
}

#[test]
fn counters_keep_their_past_when_others_come_and_go() {
    let dir = tempfile::tempdir().unwrap();
    let options = PublishOptions::own(1);
    let mut mgt = MgtSet::create(dir.path(), &options).unwrap();
    mgt.add_identity("test", "7.3-8.0", "0").unwrap();
    mgt.publish().unwrap();
    let mut child = ChildSet::create(dir.path(), &options).unwrap();
    let (main, _) = publish::<Main>(&mut child, &["MAIN".to_owned()], true).unwrap();
    let (first, old) = publish::<Vbe>(&mut child, &["VBE.a.x".to_owned()], true).unwrap();
    main.set(0, Main::Uptime, 50);

    let filters = || {
        let mut filters = Filters::default();
        filters.add('I', "VBE.*.req".as_ref()).unwrap();
        filters.add('I', "MAIN.client_req".as_ref()).unwrap();
        filters
    };
    let mut attachment = Attachment::open(dir.path(), AttachOptions::default()).unwrap();
    let mut counters = Counters::new();
    counters.refresh(&attachment);
    let (mut sampler, mut stock) = (Sampler::new(filters()), Sampler::stock(filters()));
    main.set(0, Main::ClientReq, 7);
    let names = |sample: &Sample| -> Vec<String> {
        let asked = sample.iter().filter(|(point, _)| point.asked);
        asked.map(|(point, _)| point.name.clone()).collect()
    };
    let sample = sampler.sample(&counters, SECOND);
    assert_eq!(names(&sample), ["MAIN.client_req", "VBE.a.x.req"]);
    assert_eq!(sample.worker_uptime, 50);
    // The screen of backends has to see theirs, whatever the filters say.
    let of_backend = |name: &str| sample.position(name).and_then(|at| sample.get(at));
    assert!(of_backend("VBE.a.x.happy").is_some_and(|(point, _)| !point.asked));
    assert!(sample.position("MAIN.uptime").is_none());
    // varnishstat's screen has some more.
    let stock = stock.sample(&counters, SECOND);
    assert!(stock.position("VBE.a.x.happy").is_none());
    let stock = names(&stock);
    assert_eq!(stock, ["MAIN.uptime", "MAIN.client_req", "VBE.a.x.req"]);

    main.set(0, Main::ClientReq, 17);
    let (_second, _) = publish::<Vbe>(&mut child, &["VBE.b.x".to_owned()], true).unwrap();
    old.remove(&mut child, &first).unwrap();
    attachment.refresh();
    counters.refresh(&attachment);
    let sample = sampler.sample(&counters, 3 * SECOND);
    assert_eq!(names(&sample), ["MAIN.client_req", "VBE.b.x.req"]);
    let (_, requests) = sample.get(0).unwrap();
    assert_eq!((requests.value, requests.change), (17, Some(5.0)));

    sampler.reset_means();
    let sample = sampler.sample(&counters, 4 * SECOND);
    let (_, requests) = sample.get(0).unwrap();
    assert_eq!((requests.value, requests.change, requests.means), (17, None, [0.0; 3]));
}

#[test]
fn hits_are_counted_among_hits_and_misses() {
    let mut sampler = Sampler::default();
    assert_eq!(sampler.hit_rate(Some((5, 5))).moments, [1; 3]);
    // 3 of 4, and nothing at the first look.
    assert_eq!(sampler.hit_rate(Some((8, 6))).means, [0.375; 3]);
    sampler.reset_hit_rate();
    assert_eq!(sampler.hit_rate(None).moments, [0; 3]);
}
