use super::*;

fn context(vxid: u64) -> Context {
    Context::of_group("a", vxid, 0)
}

#[test]
fn failing_groups_go_out_up_to_the_rate() {
    let mut sampler = Sampler::new(2, 0.0);
    let mut decide = |second| sampler.decide(true, &context(1), second);
    assert_eq!(
        [10, 10, 10].map(&mut decide),
        [Decision::Export, Decision::Export, Decision::OverRate]
    );
    // One that is late counts where we are.
    assert_eq!(decide(9), Decision::OverRate);
    assert_eq!(decide(11), Decision::Export);
}

#[test]
fn of_the_others_a_share_goes_out_and_for_a_trace_always_the_same() {
    let taken = |sample: f64| {
        let mut sampler = Sampler::new(0, sample);
        let mut decide = |vxid| sampler.decide(false, &context(vxid), 0) == Decision::Export;
        (0..10_000).filter(|&vxid| decide(vxid)).collect::<Vec<_>>()
    };
    assert_eq!((taken(0.0).len(), taken(1.0).len()), (0, 10_000));
    let few = taken(0.1);
    assert!((900..1100).contains(&few.len()), "{}", few.len());
    let more = taken(0.5);
    assert!(few.iter().all(|vxid| more.contains(vxid)));
}
