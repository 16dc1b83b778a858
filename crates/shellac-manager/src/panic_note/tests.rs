use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use super::*;

const NOW: Duration = Duration::from_secs(784_111_777);

fn signalled(signal: i32) -> Ended {
    Ended::Process(ExitStatus::from_raw(signal))
}

#[test]
fn what_a_worker_said_is_shown_when_it_has_ended() {
    let note = PanicNote::said("Thread x: boom\n".to_owned());
    assert_eq!(note.text(), None);
    let ended = Ended::Process(ExitStatus::from_raw(1 << 8));
    let note = PanicNote::of_end(Some(note), 7, &ended, NOW).unwrap();
    let text = note.text().unwrap();
    assert_eq!(
        text,
        "Panic at: Sun, 06 Nov 1994 08:49:37 GMT\nWorker 7 ended: exit status: 1\nThread x: boom\n"
    );
    // Somebody killed the next one: that is no panic, and the old one is still worth knowing.
    let killed = signalled(signal_hook::consts::SIGKILL);
    assert_eq!(PanicNote::of_end(Some(note.clone()), 8, &killed, NOW), Some(note.clone()));
    let fault = signalled(signal_hook::consts::SIGSEGV);
    let next = PanicNote::of_end(Some(note), 9, &fault, NOW).unwrap();
    assert!(next.text().unwrap().contains("Worker 9 ended: signal: 11"));
}

#[test]
fn only_faults_are_panics_and_texts_are_bounded() {
    assert_eq!(PanicNote::of_end(None, 1, &signalled(signal_hook::consts::SIGKILL), NOW), None);
    assert_eq!(PanicNote::of_end(None, 1, &signalled(signal_hook::consts::SIGTERM), NOW), None);
    let long = PanicNote::said("é".repeat(BYTES_MOST));
    assert!(long.said.len() <= BYTES_MOST);
}
