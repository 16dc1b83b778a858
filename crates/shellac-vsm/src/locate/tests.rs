use super::*;
use crate::{MgtSet, PublishOptions};

/// A directory of working directories, one running set in each of `names`.
fn running(names: &[&str]) -> (tempfile::TempDir, Vec<MgtSet>) {
    let root = tempfile::tempdir().unwrap();
    let sets = names
        .iter()
        .map(|name| {
            let mut set =
                MgtSet::create(&root.path().join(name), &PublishOptions::own(1000)).unwrap();
            set.add_identity(name, "6.0-7.2", "1.2").unwrap();
            set.publish().unwrap();
            set
        })
        .collect();
    (root, sets)
}

fn question<'a>(directories: &'a [PathBuf], name: Option<&'a str>) -> Question<'a> {
    Question { name, shellac_n: None, varnish_default_n: None, directories, check_pid: true }
}

#[test]
fn names_paths_and_variables() {
    let (root, _sets) = running(&["one", "two"]);
    let (other, _others) = running(&["two", "three"]);
    let directories = [root.path().to_owned(), other.path().to_owned()];
    let cases = [
        ([Some("/abs"), Some("two"), None], PathBuf::from("/abs")),
        ([Some("./here"), None, None], PathBuf::from("./here")),
        ([Some("one"), Some("two"), Some("three")], root.path().join("one")),
        ([Some(""), Some("two"), Some("three")], root.path().join("two")),
        ([None, Some(""), Some("three")], other.path().join("three")),
    ];
    for ([name, shellac_n, varnish_default_n], expected) in cases {
        let question = Question {
            name,
            shellac_n,
            varnish_default_n,
            directories: &directories,
            check_pid: true,
        };
        let found = locate(&question).unwrap();
        assert_eq!((found.workdir, found.how), (expected, How::Named));
    }
}

#[test]
fn the_only_instance_needs_no_name() {
    let (root, sets) = running(&["one"]);
    let directories = [root.path().to_owned()];
    let found = locate(&question(&directories, None)).unwrap();
    assert_eq!(found.workdir, root.path().join("one"));
    let How::OnlyOne(instance) = found.how else { panic!("nobody named it") };
    let described = instance.describe(1000 + 7300);
    assert!(
        described.ends_with(&format!(
            "/one (pid {}, up 2 h, shellac 1.2, instance one)",
            std::process::id()
        )),
        "{described}"
    );
    drop(sets);
    let error = locate(&question(&directories, None)).unwrap_err();
    let text = error.full_text(0);
    assert!(matches!(error, LocateError::NoneRunning { .. }));
    assert!(
        text.contains(&root.path().display().to_string()) && text.contains("shellacd -f"),
        "{text}"
    );
}

#[test]
fn several_are_listed() {
    let (root, _sets) = running(&["one", "two"]);
    let directories = [root.path().to_owned(), root.path().to_owned()];
    let error = locate(&question(&directories, None)).unwrap_err();
    let LocateError::Several { survey } = &error else { panic!("{error:?}") };
    assert_eq!(survey.running.len(), 2, "the same directory twice is one");
    let text = error.full_text(1000);
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(text.contains("/one (pid") && text.contains("/two (pid"), "{text}");
}

#[test]
fn an_unknown_name_shows_what_there_is() {
    let (root, _sets) = running(&["one"]);
    let directories = [root.path().to_owned()];
    let error = locate(&question(&directories, Some("on"))).unwrap_err();
    let text = error.full_text(1000);
    assert!(text.starts_with("there is no instance `on`; searched "), "{text}");
    assert!(text.contains("/one (pid "), "{text}");
}

#[test]
fn a_dead_instance_counts_only_without_the_check() {
    let (root, sets) = running(&[]);
    drop(sets);
    let mut child = std::process::Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    let options = PublishOptions { pid: child.id(), ..PublishOptions::own(5) };
    let mut set = MgtSet::create(&root.path().join("dead"), &options).unwrap();
    set.add_identity("x", "9.0-vs", "0").unwrap();
    set.publish().unwrap();
    let directories = [root.path().to_owned()];
    assert!(survey(&directories, true).running.is_empty());
    assert_eq!(survey(&directories, false).running.len(), 1);
}

#[test]
fn the_usual_directories() {
    let usual = default_directories(Some("/run/user/1000"));
    assert_eq!(usual[0], Path::new("/run/shellac"));
    assert_eq!(usual[1], Path::new("/run/user/1000/shellac"));
    assert_eq!(default_directories(Some("relative")), default_directories(None));
}
