use super::*;

fn exec(command: &[&str], timeout: Duration) -> Exec {
    Exec { command: command.iter().map(|&word| word.to_owned()).collect(), timeout }
}

const LONG: Duration = Duration::from_secs(60);

#[test]
fn a_program_has_its_input_and_no_shell() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("$(told)");
    let program = exec(&["/usr/bin/tee", path.to_str().unwrap()], LONG);
    assert_eq!(run(&program, b"{\"rule\":1}\n"), Ok(()));
    assert_eq!(std::fs::read(&path).unwrap(), b"{\"rule\":1}\n");
}

#[test]
fn a_program_that_fails_says_why_in_few_words() {
    let told =
        run(&exec(&["/bin/sh", "-c", "cat; printf '\\033[2J'; exit 3"], LONG), b"no").unwrap_err();
    assert!(told.contains("exit status: 3") && told.ends_with("no\\x1b[2J"), "{told}");
    let told =
        run(&exec(&["/bin/sh", "-c", "head -c 1000000 /dev/zero; exit 1"], LONG), b"").unwrap_err();
    assert!(told.len() < 5 * MAX_OUTPUT, "{}", told.len());
    assert!(run(&exec(&["/no/such/program"], LONG), b"").unwrap_err().contains("No such file"));
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a deadline of the test")]
fn a_program_that_hangs_is_ended_with_what_it_started() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("pid");
    let script = format!("sleep 1000 & echo $! > {}; wait", path.display());
    let told = run(&exec(&["/bin/sh", "-c", &script], Duration::from_secs(2)), b"").unwrap_err();
    assert!(told.contains("its time was over"), "{told}");
    let pid = std::fs::read_to_string(&path).unwrap();
    // Whoever inherits it reaps it; until then it is there as a zombie. A signal needs its time.
    let is_over = || {
        let state = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
        state.is_err() || state.is_ok_and(|it| it.contains(") Z "))
    };
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_over() {
        assert!(Instant::now() < deadline, "the sleep lives on");
        std::thread::yield_now();
    }
}

#[test]
fn a_program_that_is_not_there_is_no_program() {
    assert_eq!(program("sh").as_deref(), Ok("sh"));
    assert_eq!(program("/bin/sh").as_deref(), Ok("/bin/sh"));
    assert!(program("/no/such/program").unwrap_err().contains("No such file"));
    assert!(program("no-such-program").unwrap_err().contains("PATH"));
    assert!(program("/bin/").unwrap_err().contains("directory"));
    assert!(program("/etc/passwd").unwrap_err().contains("ermission"));
    let relative = program("../../../../../../../../bin/sh").unwrap();
    assert!(relative.starts_with('/'), "{relative}");
}

#[test]
fn failures_are_counted_by_rule() {
    let failed = Mutex::default();
    let counted = ["a", "a", "b", "a"].map(|rule| count(&failed, rule));
    assert_eq!(counted, [1, 2, 1, 3]);
}
