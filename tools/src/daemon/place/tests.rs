use super::workdir;

/// `-n`, whether this is root, `XDG_RUNTIME_DIR`; the path, or a part of the error.
type Case = (Option<&'static str>, bool, Option<&'static str>, Result<&'static str, &'static str>);

#[test]
fn names_and_paths() {
    let cases: &[Case] = &[
        (None, true, Some("/run/user/0"), Ok("/run/shellac/shellacd")),
        (None, false, Some("/run/user/7"), Ok("/run/user/7/shellac/shellacd")),
        (Some(""), true, None, Ok("/run/shellac/shellacd")),
        (Some("edge"), true, None, Ok("/run/shellac/edge")),
        (Some("/dev/shm/x"), false, None, Ok("/dev/shm/x")),
        (Some("edge"), false, None, Err("XDG_RUNTIME_DIR")),
        (Some("edge"), false, Some("relative"), Err("XDG_RUNTIME_DIR")),
        (Some("../edge"), true, None, Err("whole path")),
        (Some("a//b"), true, None, Err("whole path")),
    ];
    for (name, is_root, xdg, expected) in cases {
        match (workdir(*name, *is_root, *xdg), expected) {
            (Ok(found), Ok(path)) => assert_eq!(found.to_str(), Some(*path)),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (found, _) => panic!("{name:?}: {found:?}"),
        }
    }
}
