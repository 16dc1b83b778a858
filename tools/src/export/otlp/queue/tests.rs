use super::*;

fn item(len: usize) -> Item {
    Item { json: "x".repeat(len), spans: 1 }
}

fn lengths(taken: Taken) -> Vec<usize> {
    match taken {
        Taken::Items(items) => items.iter().map(|item| item.json.len()).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn it_has_bounds_and_gives_batches() {
    let queue = Queue::default();
    for len in [QUEUE_BYTES - 10, 4, 6] {
        assert!(queue.push(item(len), false));
    }
    assert!(!queue.push(item(1), false), "it is full");
    // One that is larger than a batch goes by itself.
    assert_eq!(lengths(queue.take(5, Duration::ZERO)), [QUEUE_BYTES - 10]);
    assert_eq!(lengths(queue.take(9, Duration::ZERO)), [4]);
    assert_eq!(lengths(queue.take(9, Duration::ZERO)), [6]);
    assert!(matches!(queue.take(9, Duration::ZERO), Taken::Nothing));
    // Alone, one that is larger than the bound finds room: nothing would ever be smaller.
    assert!(queue.push(item(QUEUE_BYTES + 1), false));
    queue.close(None);
    assert_eq!(lengths(queue.take(9, Duration::ZERO)), [QUEUE_BYTES + 1]);
    assert!(matches!(queue.take(9, Duration::MAX), Taken::Closed));
}

#[test]
fn who_waits_for_room_gets_it_or_is_told_that_nobody_is_there() {
    let queue = Queue::default();
    assert!(queue.push(item(QUEUE_BYTES), false));
    let pushes = || {
        let queue = queue.clone();
        std::thread::spawn(move || queue.push(item(1), true))
    };
    let waiting = pushes();
    assert_eq!(lengths(queue.take(1, Duration::ZERO)), [QUEUE_BYTES]);
    assert!(waiting.join().unwrap());
    assert!(queue.push(item(QUEUE_BYTES - 1), false));
    let waiting = pushes();
    let left = queue.leave();
    // Whether it came in before or found nobody.
    assert_eq!((left, waiting.join().unwrap()), (2, false));
    assert!(!queue.push(item(1), true));
}

#[test]
fn what_is_lost_is_said() {
    let total = Total { sent: 1, sent_spans: 3, given_up: 2, over_rate: 4, ..Total::default() };
    assert_eq!(total.lost(), 2);
    assert_eq!(
        total.words(),
        "1 groups sent, 3 spans; 4 failing groups left out, more than --max-failing in a second; 2 groups lost, as the \
         collector did not answer"
    );
}
