//! What is found in a set that was moved away.

use super::*;
use crate::publish::{retired, retired_dir};
use crate::{ChildSet, PublishOptions};

#[test]
fn segments_are_found_where_the_set_was_moved_to() {
    let root = tempfile::tempdir().unwrap();
    let mut set = ChildSet::create(root.path(), &PublishOptions::own(1)).unwrap();
    set.add_bytes("Log", "Log", b"first").unwrap();
    set.publish().unwrap();
    let dir = retired_dir(root.path(), 77);
    set.move_to(&dir).unwrap();
    set.add_bytes("Log", "Rest", b"second").unwrap();
    set.publish().unwrap();
    set.add_bytes("Log", "Gone", b"third").unwrap();
    set.remove_segment("Log", "Gone").unwrap();

    let text = |ident| {
        let file = map_retired(&dir, "Log", ident).unwrap()?;
        let mut bytes = [0; 8];
        file.read_bytes(0, &mut bytes).unwrap();
        Some(bytes)
    };
    assert_eq!(text("Log").as_ref(), Some(b"first\0\0\0"));
    assert_eq!(text("Rest").as_ref(), Some(b"second\0\0"));
    assert_eq!(text("Gone"), None);
    let names = |prefix: &str| -> Vec<String> {
        let found = map_all_retired(&dir, "Log", |name| name.starts_with(prefix)).unwrap();
        found.into_iter().map(|(name, _)| name).collect()
    };
    assert_eq!(
        (names(""), names("R")),
        (vec!["Log".to_owned(), "Rest".to_owned()], vec!["Rest".to_owned()])
    );
    std::fs::create_dir(root.path().join("_.vsm_child.x")).unwrap();
    assert_eq!(retired(root.path()).unwrap(), [77]);
    set.remove().unwrap();
    assert_eq!(retired(root.path()).unwrap(), []);
    assert!(map_retired(&dir, "Log", "Log").is_err());
}
