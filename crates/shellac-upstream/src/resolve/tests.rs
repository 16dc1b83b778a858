use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::message::{self, Answer, Kind};
use super::schedule::mix;
use super::*;

const NAME: &[u8] = b"\x03api\x04test\x00";
const NOW: Duration = Duration::from_secs(1000);

/// Owner, type, time and data.
type Record<'r> = (&'r [u8], u16, u32, Vec<u8>);

/// An answer to [`NAME`] with these records, owner and data as they stand.
fn reply(question: &[u8], flags: u16, records: &[Record<'_>]) -> Vec<u8> {
    let mut out = question[..2].to_vec();
    out.extend(flags.to_be_bytes());
    out.extend([0, 1]);
    out.extend(u16::try_from(records.len()).unwrap().to_be_bytes());
    out.extend([0; 4]);
    // Without the record that says how long an answer may be.
    out.extend(&question[12..question.len() - 11]);
    for (owner, number, ttl, data) in records {
        out.extend(*owner);
        out.extend(number.to_be_bytes());
        out.extend([0, 1]);
        out.extend(ttl.to_be_bytes());
        out.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        out.extend(data);
    }
    out
}

const OWNER: &[u8] = &[0xc0, 12];
const GOOD: u16 = 0x8180;

fn a(ttl: u32, last: u8) -> Record<'static> {
    (OWNER, 1, ttl, vec![10, 0, 0, last])
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn plan(servers: usize) -> Plan {
    let server = |at| SocketAddr::from(([127, 0, 0, 1], 5300 + u16::try_from(at).unwrap()));
    Plan {
        servers: (0..servers).map(server).collect(),
        timeout: Duration::from_secs(2),
        attempts: 2,
    }
}

fn asked(step: Step) -> Ask {
    match step {
        Step::Ask(ask) => ask,
        other => panic!("{other:?}"),
    }
}

fn connected(step: Step) -> Ask {
    match step {
        Step::Connect(ask) => ask,
        other => panic!("{other:?}"),
    }
}

/// Answers the first question with `first` and the second one with `second`.
fn both(lookup: &mut Lookup, ask: &Ask, replies: [(u16, &[Record<'_>]); 2]) -> Step {
    let [first, second] = [0, 1].map(|at| reply(&ask.messages[at], replies[at].0, replies[at].1));
    assert_eq!(lookup.received(&first, NOW), None);
    lookup.received(&second, NOW).expect("both have come")
}

#[test]
fn names_are_encoded_or_refused() {
    assert_eq!(message::encode_name("API.test").as_deref(), Some(NAME));
    assert_eq!(message::encode_name("api.test.").as_deref(), Some(NAME));
    for bad in ["", ".", "a..b", "a b", "ä.test", &"a".repeat(64), &"a.".repeat(130)] {
        assert_eq!(message::encode_name(bad), None, "{bad}");
    }
}

#[test]
fn answers_are_read() {
    let question = message::question(7, NAME, Kind::A);
    let read = |bytes: &[u8]| message::answer(bytes, 7, NAME, Kind::A);
    let two = reply(&question, GOOD, &[a(60, 1), a(30, 2), a(60, 1)]);
    assert_eq!(read(&two), Some(Answer::Addresses(vec![ip("10.0.0.1"), ip("10.0.0.2")], 30)));
    assert_eq!(read(&reply(&question, GOOD, &[])), Some(Answer::Addresses(vec![], 0)));
    assert_eq!(read(&reply(&question, GOOD | 3, &[])), Some(Answer::NoSuchName));
    assert_eq!(read(&reply(&question, GOOD | 2, &[])), Some(Answer::Failed(2)));
    // Cut, and nothing of it is there.
    assert_eq!(read(&reply(&question, GOOD | 0x200, &[])), Some(Answer::Cut(vec![], 0)));
}

#[test]
fn aliases_are_followed_in_any_order_and_strangers_are_not() {
    let question = message::question(7, NAME, Kind::A);
    let web: &[u8] = b"\x03web\x04test\x00";
    let evil: &[u8] = b"\x04evil\x04test\x00";
    let records = [
        (evil, 1, 5, vec![10, 9, 9, 9]),
        (web, 1, 90, vec![10, 0, 0, 3]),
        (OWNER, 5, 20, web.to_vec()),
    ];
    let answer = message::answer(&reply(&question, GOOD, &records), 7, NAME, Kind::A);
    assert_eq!(answer, Some(Answer::Addresses(vec![ip("10.0.0.3")], 20)));
    // A circle ends.
    let circle = [(OWNER, 5, 20, web.to_vec()), (web, 5, 20, NAME.to_vec())];
    let answer = message::answer(&reply(&question, GOOD, &circle), 7, NAME, Kind::A);
    assert_eq!(answer, Some(Answer::Addresses(vec![], 20)));
}

#[test]
fn what_answers_something_else_is_no_answer() {
    let question = message::question(7, NAME, Kind::A);
    let good = reply(&question, GOOD, &[a(60, 1)]);
    assert_eq!(message::answer(&good, 8, NAME, Kind::A), None, "another number");
    assert_eq!(message::answer(&good, 7, NAME, Kind::Aaaa), None, "another kind");
    assert_eq!(message::answer(&good, 7, b"\x03web\x04test\x00", Kind::A), None, "another name");
    assert_eq!(message::answer(&question, 7, NAME, Kind::A), None, "a question");
    assert_eq!(message::answer(b"", 7, NAME, Kind::A), None);
}

#[test]
fn broken_answers_are_garbage_and_never_more() {
    let question = message::question(7, NAME, Kind::A);
    let good = reply(&question, GOOD, &[a(60, 1), (OWNER, 5, 20, vec![0xc0, 12])]);
    for len in 26..good.len() {
        assert_eq!(message::answer(&good[..len], 7, NAME, Kind::A), Some(Answer::Garbage), "{len}");
    }
    // A name that points at itself, one that points forward, an address of three bytes.
    for bad in [
        (&[0xc0, 26][..], vec![10, 0, 0, 1]),
        (&[0xc0, 99], vec![10, 0, 0, 1]),
        (OWNER, vec![1, 2, 3]),
    ] {
        let bytes = reply(&question, GOOD, &[(bad.0, 1, 60, bad.1)]);
        assert_eq!(message::answer(&bytes, 7, NAME, Kind::A), Some(Answer::Garbage));
    }
    let mut seed = 11;
    for _ in 0..200_000 {
        let mut bytes = good.clone();
        for _ in 0..=mix(&mut seed) % 4 {
            let at = usize::try_from(mix(&mut seed)).unwrap() % bytes.len();
            bytes[at] = mix(&mut seed).to_le_bytes()[0];
        }
        if let Some(Answer::Addresses(list, _)) = message::answer(&bytes, 7, NAME, Kind::A) {
            assert!(list.len() <= 2, "seed 11: {bytes:?}");
        }
    }
}

#[test]
fn a_look_up_gathers_both_families() {
    let (mut lookup, step) = Lookup::begin("api.test", plan(1), 1, NOW);
    let ask = asked(step);
    assert_eq!(ask.until, NOW + Duration::from_secs(2));
    assert_ne!(ask.messages[0][..2], ask.messages[1][..2]);
    let six = (OWNER, 28, 15, vec![0; 16]);
    let step = both(&mut lookup, &ask, [(GOOD, &[a(60, 1)]), (GOOD, &[six])]);
    assert_eq!(step, Step::Done(Ok((vec![ip("10.0.0.1"), ip("::")], 15))));
}

#[test]
fn what_is_not_an_answer_changes_nothing() {
    let (mut lookup, step) = Lookup::begin("api.test", plan(1), 1, NOW);
    let ask = asked(step);
    let mut other = reply(&ask.messages[0], GOOD, &[a(60, 9)]);
    other[0] ^= 0x55;
    assert_eq!(lookup.received(&other, NOW), None);
    assert_eq!(lookup.received(b"garbage", NOW), None);
    let step = both(&mut lookup, &ask, [(GOOD, &[a(60, 1)]), (GOOD, &[])]);
    assert_eq!(step, Step::Done(Ok((vec![ip("10.0.0.1")], 60))));
}

#[test]
fn troubles_are_told_apart() {
    let done = |trouble| Step::Done(Err(trouble));
    let begin = |servers| {
        let (lookup, step) = Lookup::begin("api.test", plan(servers), 1, NOW);
        (lookup, asked(step))
    };
    // There is no such name: nobody else is asked.
    let (mut lookup, ask) = begin(2);
    let step = both(&mut lookup, &ask, [(GOOD | 3, &[]), (GOOD | 3, &[])]);
    assert_eq!(step, done(Trouble::NoSuchName));
    let (mut lookup, ask) = begin(2);
    assert_eq!(both(&mut lookup, &ask, [(GOOD, &[]), (GOOD, &[])]), done(Trouble::NoAddress));
    // SERVFAIL: everybody is asked as often as is wanted.
    let (mut lookup, mut ask) = begin(2);
    let mut servers = vec![ask.server.port()];
    for _ in 0..3 {
        ask = asked(both(&mut lookup, &ask, [(GOOD | 2, &[]), (GOOD | 2, &[])]));
        servers.push(ask.server.port());
    }
    assert_eq!(servers, [5300, 5301, 5300, 5301]);
    let step = both(&mut lookup, &ask, [(GOOD | 2, &[]), (GOOD | 2, &[])]);
    assert_eq!(step, done(Trouble::ServerFailed(2)));
    // Silence.
    let (mut lookup, _) = begin(1);
    asked(lookup.late(NOW));
    assert_eq!(lookup.late(NOW), done(Trouble::Timeout));
    // Nobody listens there.
    let (mut lookup, _) = begin(1);
    asked(lookup.failed(111, NOW));
    assert_eq!(lookup.failed(111, NOW), done(Trouble::Unreachable(111)));
    // This machine's own fault is told at once, whoever else could be asked.
    for errno in [105, 22, 24] {
        let (mut lookup, _) = begin(3);
        assert_eq!(lookup.failed(errno, NOW), done(Trouble::Local(errno)));
        assert!(Trouble::Local(errno).is_local());
    }
    assert_eq!(Lookup::begin("api.test", plan(0), 1, NOW).1, done(Trouble::NoServer));
}

#[test]
fn addresses_of_one_family_are_enough_when_the_other_one_is_not_answered() {
    let (mut lookup, step) = Lookup::begin("api.test", plan(1), 1, NOW);
    let ask = asked(step);
    assert_eq!(lookup.received(&reply(&ask.messages[0], GOOD, &[a(60, 1)]), NOW), None);
    assert_eq!(lookup.late(NOW), Step::Done(Ok((vec![ip("10.0.0.1")], 60))));
}

#[test]
fn addresses_hold_as_long_as_they_may_and_stay_when_nobody_knows() {
    let times = Times { least: Duration::from_secs(5), most: Duration::from_secs(60) };
    let mut schedule = Schedule::new(NOW, 3);
    assert!(schedule.begin(NOW));
    assert!(!schedule.begin(NOW), "it runs");
    let one = |last| vec![IpAddr::from([10, 0, 0, last])];
    assert_eq!(schedule.done(Ok((one(1), 0)), 80, times, NOW), Change::Addresses);
    let wait = schedule.wait(NOW);
    assert!(wait > Duration::from_millis(4499) && wait <= Duration::from_secs(5), "{wait:?}");
    assert!(!schedule.begin(NOW + Duration::from_secs(4)));
    let later = NOW + Duration::from_secs(5);
    assert!(schedule.begin(later));
    assert_eq!(schedule.done(Err(Trouble::Timeout), 80, times, later), Change::Trouble);
    assert_eq!(schedule.found().addresses, [SocketAddr::from(([10, 0, 0, 1], 80))]);
    assert!(schedule.wait(later) <= Duration::from_secs(1));
    assert!(schedule.begin(later + Duration::from_secs(1)));
    assert_eq!(schedule.done(Err(Trouble::Timeout), 80, times, later), Change::None, "said once");
    assert_eq!(schedule.done(Err(Trouble::NoSuchName), 80, times, later), Change::Trouble);
    assert_eq!(schedule.done(Ok((one(1), 999)), 80, times, later), Change::Back);
    let wait = schedule.wait(later);
    assert!(wait > Duration::from_secs(53) && wait <= Duration::from_secs(60), "{wait:?}");
    assert_eq!(schedule.done(Ok((one(2), 999)), 80, times, later), Change::Addresses);
    assert_eq!(schedule.found().trouble, None);
}

#[test]
fn waits_after_troubles_grow_and_end() {
    let times = Times { least: Duration::from_secs(1), most: Duration::from_secs(300) };
    let mut schedule = Schedule::new(NOW, 3);
    let mut waits = Vec::new();
    for _ in 0..40 {
        schedule.done(Err(Trouble::Timeout), 80, times, NOW);
        waits.push(schedule.wait(NOW));
    }
    assert!(waits[0] <= Duration::from_secs(1) && waits[1] > Duration::from_millis(1799));
    let last = waits.last().copied().unwrap();
    assert!(last >= Duration::from_secs(27) && last <= Duration::from_secs(30), "{last:?}");
}

#[test]
fn a_name_gives_its_addresses_in_turn() {
    let name = Name::new("api.test", 80);
    assert_eq!(name.next(), Ok(None));
    name.set(Found { addresses: vec![], trouble: Some(Trouble::NoSuchName) });
    assert_eq!(name.next(), Err(Trouble::NoSuchName));
    let at = |last| SocketAddr::from(([10, 0, 0, last], 80));
    name.set(Found { addresses: vec![at(1), at(2)], trouble: Some(Trouble::Timeout) });
    let turns = [name.next(), name.next(), name.next()];
    assert_eq!(turns, [Ok(Some(at(1))), Ok(Some(at(2))), Ok(Some(at(1)))]);
    assert!(name.has(at(2)) && !name.has(at(3)));
}

#[test]
fn files_of_the_system_are_read() {
    let text = "# comment\nsearch x\nnameserver 10.0.0.2\nnameserver nonsense\n nameserver ::1\n";
    assert_eq!(servers(text), ["10.0.0.2:53", "[::1]:53"].map(|it| it.parse().unwrap()));
    assert_eq!(servers(""), ["127.0.0.1:53".parse().unwrap()]);
    let hosts = Hosts::new("10.1.1.1 one API.test # api2\nx api.test\n::5\tapi.test\n");
    assert_eq!(hosts.find("api.test"), [ip("10.1.1.1"), ip("::5")]);
    assert_eq!(hosts.find("api.TEST."), [ip("10.1.1.1"), ip("::5")]);
    assert_eq!(hosts.find("api2"), Vec::<IpAddr>::new());
    assert_eq!(hosts.find("localhost"), [ip("127.0.0.1"), ip("::1")]);
    assert_eq!(Hosts::new("127.0.0.9 localhost").find("localhost"), [ip("127.0.0.9")]);
}

#[test]
fn what_does_not_fit_is_asked_for_over_a_connection_and_else_what_fitted_counts() {
    const CUT: u16 = GOOD | 0x0200;
    let begin = || {
        let (mut lookup, step) = Lookup::begin("api.test", plan(1), 3, NOW);
        let ask = asked(step);
        let step = both(&mut lookup, &ask, [(CUT, &[a(60, 1)]), (GOOD, &[])]);
        let again = connected(step);
        assert_eq!((again.server, &again.messages), (ask.server, &ask.messages));
        (lookup, again)
    };
    let (mut lookup, again) = begin();
    let step = both(&mut lookup, &again, [(GOOD, &[a(60, 1), a(50, 2)]), (GOOD, &[])]);
    assert_eq!(step, Step::Done(Ok((vec![ip("10.0.0.1"), ip("10.0.0.2")], 50))));

    // Nobody answers there, or only half.
    let fitted = Step::Done(Ok((vec![ip("10.0.0.1")], 60)));
    assert_eq!(begin().0.late(NOW), fitted);
    assert_eq!(begin().0.failed(rustix::io::Errno::CONNREFUSED.raw_os_error(), NOW), fitted);
    let (mut lookup, again) = begin();
    assert_eq!(lookup.received(&reply(&again.messages[1], GOOD, &[]), NOW), None);
    assert_eq!(lookup.failed(0, NOW), fitted);
    // One that is cut there, too.
    let (mut lookup, again) = begin();
    let step = both(&mut lookup, &again, [(CUT, &[a(60, 1)]), (GOOD, &[])]);
    assert_eq!(step, fitted);

    // Where nothing at all fitted and nothing comes, the next one is asked, and in the end it is the server's fault.
    let (mut lookup, mut step) = Lookup::begin("api.test", plan(1), 3, NOW);
    for _ in 0..2 {
        let ask = asked(step);
        connected(both(&mut lookup, &ask, [(CUT, &[]), (GOOD, &[])]));
        step = lookup.late(NOW);
    }
    assert_eq!(step, Step::Done(Err(Trouble::ServerFailed(0))));
}
