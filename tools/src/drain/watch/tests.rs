use super::{Tally, verdict};

#[test]
fn who_fails_more_than_others_is_told() {
    let tally = |attempts, failures| Tally { attempts, failures };
    for (ours, peers, worse) in [
        (tally(100, 10), tally(1000, 5), true),
        (tally(100, 10), tally(1000, 0), true),
        (tally(100, 10), tally(0, 0), true),
        // As bad as the others, too few to tell, and nothing at all.
        (tally(100, 10), tally(1000, 90), false),
        (tally(100, 2), tally(1000, 0), false),
        (tally(0, 0), tally(1000, 10), false),
    ] {
        assert_eq!(verdict(ours, peers).is_some(), worse, "{ours:?} {peers:?}");
    }
}
