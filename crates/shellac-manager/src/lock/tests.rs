use super::*;

#[test]
fn one_at_a_time_and_the_second_hears_who_is_first() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("_.pid");
    std::fs::write(&path, "999999 left over").unwrap();
    let first = PidFile::acquire(&path).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), std::process::id().to_string());
    let error = PidFile::acquire(&path).unwrap_err();
    assert!(
        matches!(&error, ManagerError::Locked { pid: Some(pid), .. } if *pid == std::process::id())
    );
    assert!(
        error.to_string().contains(&format!("process {} is running here", std::process::id())),
        "{error}"
    );
    drop(first);
    assert!(!path.exists());
    PidFile::acquire(&path).unwrap();
    let missing = PidFile::acquire(&dir.path().join("no/dir")).unwrap_err();
    assert!(missing.to_string().contains("no/dir"), "{missing}");
}
