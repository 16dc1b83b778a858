use super::*;

#[test]
fn a_backend_is_blamed_for_ending_without_a_word_only() {
    let passed = |from_backend, end| Passed { from_backend, end, ..Passed::nothing(1) };
    let answered = Outcome::Answered { status: 200, retried: false };
    let cases = [
        (0, End::Backend, Outcome::Failed(Fault::Eof)),
        (0, End::BackendReset, Outcome::Failed(Fault::Reset)),
        (0, End::Client, Outcome::Client),
        (0, End::ClientReset, Outcome::Client),
        (0, End::Idle(Duration::ZERO), Outcome::Client),
        (1, End::BackendReset, answered),
        (1, End::Client, answered),
    ];
    for (from_backend, end, expected) in cases {
        let name = format!("{end:?}");
        assert_eq!(passed(from_backend, end).outcome(200), expected, "{name}");
    }
    let upgraded = passed(0, End::Backend).outcome(101);
    assert_eq!(upgraded, Outcome::Answered { status: 101, retried: false });
}
