use std::time::Duration;

use proptest::prelude::*;

use super::{Host, Session, SessionLimits};
use crate::auth::{Challenge, response};
use crate::command::{Commands, Place, Row};
use crate::{Answer, AnswerReader, Status};

const ROWS: &[Row] = &[Row {
    name: "work",
    aliases: &[],
    syntax: "work",
    help: "Works.",
    least: 0,
    most: None,
    json: false,
    changes: false,
    place: Place::Worker,
}];

const LIMITS: SessionLimits = SessionLimits { request_bytes: 200, waiting_bytes: 400 };

struct Rig {
    commands: Commands,
    challenge: Challenge,
}

impl Rig {
    fn new() -> Rig {
        Rig { commands: Commands::new(&[ROWS]), challenge: Challenge::from_random([7; 32]) }
    }

    fn host(&self) -> Host<'_> {
        Host {
            commands: &self.commands,
            banner: "banner\n",
            worker_runs: true,
            answer_bytes: 1000,
            now: Duration::from_secs(1),
        }
    }

    fn open(&self, secret: Option<&[u8]>) -> Session {
        Session::open(LIMITS, secret.map(<[u8]>::to_vec), self.challenge, &self.host())
    }

    /// A session that has said the right thing.
    fn trusted(&self) -> Session {
        let mut session = self.open(Some(b"s"));
        session.received(format!("auth {}\n", response(&self.challenge, b"s")).as_bytes());
        assert!(session.next(&self.host()).is_none());
        assert_eq!(codes(&mut session), [107, 200]);
        session
    }
}

fn answers(session: &mut Session) -> Vec<Answer> {
    let mut reader = AnswerReader::new(2000);
    reader.push(session.to_send());
    session.sent(session.to_send().len());
    std::iter::from_fn(|| reader.next().unwrap()).collect()
}

fn codes(session: &mut Session) -> Vec<u16> {
    answers(session).iter().map(|answer| answer.status.code()).collect()
}

#[test]
fn a_stranger_may_do_four_things() {
    let rig = Rig::new();
    for (line, code, over) in [
        ("ping", 200, false),
        ("ping -j", 200, false),
        ("help", 200, false),
        ("", 0, false),
        ("status", 101, true),
        ("work", 101, true),
        ("ping \"", 100, true),
        ("ping a b", 105, true),
        ("banner", 101, true),
        ("quit", 500, true),
        ("auth 00", 500, true),
        ("auth", 104, true),
    ] {
        let mut session = rig.open(Some(b"s"));
        session.received(format!("{line}\nwork\n").as_bytes());
        let wants = line.is_empty() || !over;
        assert!(session.next(&rig.host()).is_none(), "{line}");
        let found = codes(&mut session);
        // What follows is `work`, which ends a stranger's session.
        let expected: Vec<u16> = match (line, wants) {
            ("", _) => vec![107, 101],
            (_, true) => vec![107, code, 101],
            (_, false) => vec![107, code],
        };
        assert_eq!(found, expected, "{line}");
        assert!(session.is_over() && !session.is_trusted(), "{line}");
    }
}

#[test]
fn a_strangers_line_is_short() {
    let rig = Rig::new();
    let mut session = rig.open(Some(b"s"));
    session.received(&[b'x'; 81]);
    assert!(session.next(&rig.host()).is_none());
    assert_eq!(codes(&mut session), [107, 101]);
    assert!(session.is_over());

    let mut session = rig.trusted();
    session.received(&[b'x'; 201]);
    assert!(session.next(&rig.host()).is_none());
    let found = answers(&mut session);
    assert_eq!(found[0].status, Status::CLOSING);
    assert!(found[0].text().contains("200 bytes"));
}

#[test]
fn one_request_at_a_time_and_in_order() {
    let rig = Rig::new();
    let mut session = rig.trusted();
    session.received(b"work 1\nping\nwork 2\n");
    let call = session.next(&rig.host()).unwrap();
    assert_eq!(call.args, ["1"]);
    assert!(session.next(&rig.host()).is_none() && session.to_send().is_empty());
    session.answer(Answer::ok("one"), &rig.host());
    assert_eq!(session.next(&rig.host()).unwrap().args, ["2"]);
    session.answer(Answer::ok("x".repeat(1001)), &rig.host());
    let found = answers(&mut session);
    assert_eq!(found.iter().map(|it| it.status.code()).collect::<Vec<_>>(), [200, 200, 201]);
    assert_eq!(found[1].text(), "PONG 1 1.0");
}

#[test]
fn what_came_before_the_end_is_done() {
    let rig = Rig::new();
    let mut session = rig.trusted();
    session.received(b"work\nping\nhalf a li");
    session.input_ended();
    assert!(!session.wants_input());
    assert!(session.next(&rig.host()).is_some());
    assert!(!session.is_over());
    session.answer(Answer::ok(""), &rig.host());
    assert!(session.next(&rig.host()).is_none());
    assert_eq!(codes(&mut session), [200, 200]);
    assert!(session.is_over());
}

#[test]
fn a_long_request_is_read_to_its_end_and_no_further_while_it_runs() {
    let rig = Rig::new();
    let limits = SessionLimits { request_bytes: 200, waiting_bytes: 50 };
    let mut session = Session::open(limits, None, rig.challenge, &rig.host());
    session.received(b"work ");
    for _ in 0..9 {
        assert!(session.wants_input());
        session.received(&[b'x'; 20]);
        assert!(session.next(&rig.host()).is_none());
    }
    session.received(b"\n");
    assert_eq!(session.next(&rig.host()).unwrap().args[0].len(), 180);
    session.received(&[b'y'; 51]);
    assert!(!session.wants_input(), "it waits for its turn");
}

#[test]
fn without_a_secret_everybody_is_trusted() {
    let rig = Rig::new();
    let mut session = rig.open(None);
    assert_eq!(answers(&mut session), [Answer::ok("banner\n")]);
    session.received(b"work\n");
    assert!(session.next(&rig.host()).is_some());
}

proptest! {
    #[test]
    fn nothing_gets_a_stranger_in(pieces in prop::collection::vec(
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..50),
            Just(b"auth ".to_vec()), Just(b"work\n".to_vec()), Just(b"ping\n".to_vec()),
        ], 0..20)) {
        let rig = Rig::new();
        let mut session = rig.open(Some(b"s"));
        for piece in pieces {
            session.received(&piece);
            prop_assert!(session.next(&rig.host()).is_none());
            prop_assert!(!session.is_trusted());
            prop_assert!(session.reader.waiting() <= 80);
            session.sent(session.to_send().len());
        }
    }
}
