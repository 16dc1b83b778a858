use super::{files, limit, readers};

#[test]
fn limits_are_read_from_the_text_of_the_system() {
    let text = |soft: &str| {
        format!(
            "Limit  Soft Limit  Hard Limit  Units\nMax open files            {soft}      4096      files\n"
        )
    };
    assert_eq!(limit(&text("1024")), Some(Some(1024)));
    assert_eq!(limit(&text("unlimited")), Some(None));
    assert_eq!(limit(&text("x")), None);
    assert_eq!(limit("Max processes 1 2 processes\n"), None);
    let own = files(std::process::id()).expect("a process may look at itself");
    assert!(own.open >= 3 && own.limit.is_none_or(|limit| limit >= own.open), "{own:?}");
    assert_eq!(files(u32::MAX), None);
}

#[test]
fn who_has_a_file_mapped_is_found() {
    let program = std::env::current_exe().expect("there is one");
    let found = readers(&program);
    assert!(found.iter().any(|reader| reader.pid == std::process::id()), "{found:?}");
    assert_eq!(readers("/nonexistent".as_ref()), []);
}
