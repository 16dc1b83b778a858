use super::{Login, LoginError, LoginStep};
use crate::{Answer, Status};

fn step(
    login: &mut Login,
    answer: &Answer,
    secret: Option<&[u8]>,
) -> Result<LoginStep, LoginError> {
    login.answered(answer, || Ok(secret.map(<[u8]>::to_vec)))
}

fn demand() -> Answer {
    Answer::new(Status::AUTHENTICATE, format!("{}\n\nAuthentication required.\n\n", "a".repeat(32)))
}

#[test]
fn with_a_secret_and_without() {
    let mut login = Login::new();
    let LoginStep::Send(line) = step(&mut login, &demand(), Some(b"s")).unwrap() else {
        panic!("it is over too early")
    };
    assert!(line.starts_with(b"auth ") && line.len() == 70);
    let ping = LoginStep::Send(b"ping\n".to_vec());
    assert_eq!(step(&mut login, &Answer::ok("banner"), None).unwrap(), ping);
    assert_eq!(step(&mut login, &Answer::ok("PONG 1 1.0"), None).unwrap(), LoginStep::Done);

    let mut login = Login::new();
    assert_eq!(step(&mut login, &Answer::ok("banner"), None).unwrap(), ping, "nobody asked");
}

#[test]
fn being_refused() {
    assert_eq!(step(&mut Login::new(), &demand(), None), Err(LoginError::NoSecret));
    let mut login = Login::new();
    step(&mut login, &demand(), Some(b"s")).unwrap();
    let closing = Answer::new(Status::CLOSING, "");
    assert_eq!(step(&mut login, &closing, None).unwrap_err().to_string(), "Rejected 500\n");
    let odd = Answer::new(Status::AUTHENTICATE, "no challenge");
    assert_eq!(
        step(&mut Login::new(), &odd, Some(b"s")).unwrap_err().to_string(),
        "Rejected 107\nno challenge"
    );
    let mut login = Login::new();
    step(&mut login, &Answer::ok(""), None).unwrap();
    assert_eq!(step(&mut login, &Answer::ok("POng"), None), Err(LoginError::NoPong));
}
