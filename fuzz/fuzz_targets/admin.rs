//! Any bytes from either side of the command line protocol: what is kept stays bounded, nobody gets in without the
//! secret, requests survive quoting, answers come back as they were written.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use shellac_admin::{
    Answer, AnswerReader, Challenge, Commands, Host, Incoming, RequestReader, Session,
    SessionLimits, quote, words,
};

fuzz_target!(|data: &[u8]| {
    let [control, bytes @ ..] = data else { return };
    let piece = usize::from(control >> 2) + 1;

    let mut requests = RequestReader::new(256);
    for piece in bytes.chunks(piece) {
        requests.push(piece);
        while let Some(incoming) = requests.next() {
            let Incoming::Request(found) = incoming else { continue };
            let line: Vec<String> = found.iter().map(|word| quote(word)).collect();
            assert_eq!(words(line.join(" ").as_bytes()).as_ref(), Ok(&found));
        }
        assert!(requests.waiting() <= 256);
    }

    let commands = Commands::new(&[]);
    let host = Host {
        commands: &commands,
        banner: "banner",
        worker_runs: control & 1 == 0,
        answer_bytes: 4096,
        now: Duration::ZERO,
    };
    let secret = (control & 2 == 0).then(|| b"secret".to_vec());
    let stranger = secret.is_some();
    let limits = SessionLimits { request_bytes: 512, waiting_bytes: 512 };
    let mut session = Session::open(limits, secret, Challenge::from_random([*control; 32]), &host);
    let mut answers = AnswerReader::new(4096);
    for piece in bytes.chunks(piece) {
        if !session.wants_input() {
            break;
        }
        session.received(piece);
        assert!(session.next(&host).is_none(), "no command runs elsewhere");
        answers.push(session.to_send());
        session.sent(session.to_send().len());
        while answers.next().expect("what we write can be read").is_some() {}
        assert!(!stranger || !session.is_trusted());
    }

    let mut foreign = AnswerReader::new(1024);
    foreign.push(bytes);
    while let Ok(Some(answer)) = foreign.next() {
        let mut again = AnswerReader::new(1024);
        let mut wire = Vec::new();
        answer.write_to(&mut wire);
        again.push(&wire);
        assert_eq!(again.next(), Ok(Some(answer)));
    }
    let cut = Answer::ok(bytes).limited(usize::from(*control));
    assert!(cut.body.len() <= usize::from(*control));
});
