use super::*;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().mode() & 0o777
}

#[test]
fn the_directory_is_not_for_everybody() {
    let root = tempfile::tempdir().unwrap();
    let made = root.path().join("a/b/w");
    prepare(&made, None).unwrap();
    assert_eq!(mode(&made), 0o750);
    assert_eq!(mode(&root.path().join("a/b")) & 0o005, 0o005, "a way to it there has to be");
    assert!(!is_open(&made));

    std::fs::set_permissions(&made, Permissions::from_mode(0o777)).unwrap();
    std::fs::write(made.join("_.pid"), "1").unwrap();
    prepare(&made, None).unwrap();
    assert_eq!(mode(&made), 0o750, "one of an earlier instance is closed");

    std::fs::set_permissions(&made, Permissions::from_mode(0o755)).unwrap();
    std::fs::write(made.join("photo.jpg"), "").unwrap();
    prepare(&made, None).unwrap();
    assert_eq!(mode(&made), 0o755, "somebody's own is left alone");
    assert!(is_open(&made));

    std::fs::remove_file(made.join("photo.jpg")).unwrap();
    std::fs::set_permissions(&made, Permissions::from_mode(0o700)).unwrap();
    prepare(&made, None).unwrap();
    assert_eq!(mode(&made), 0o700, "closer than ours is close enough");
}
