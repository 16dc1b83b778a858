use super::*;

#[test]
fn users_are_found_by_name_and_number() {
    let list =
        "root:x:0:0:root:/root:/bin/sh\nbroken\n17:x:5:6::/:\nweb:x:17:33:Web,,,:/var:/bin/false\n";
    assert_eq!(find_user(list, "web"), Some(("web".to_owned(), 17, 33)));
    assert_eq!(find_user(list, "0"), Some(("root".to_owned(), 0, 0)));
    // A name goes before a number.
    assert_eq!(find_user(list, "17"), Some(("17".to_owned(), 5, 6)));
    assert_eq!(find_user(list, "nobody"), None);
    assert_eq!(find_user(list, "18"), None);
}

#[test]
fn groups_are_those_that_name_the_user() {
    let list = "root:x:0:\nlog:x:4:syslog,web\nx:x:nan:web\nwebs:x:5:web2,aweb\nv:x:6:web\n";
    assert_eq!(groups_of(list, "web"), [4, 6]);
    assert_eq!(groups_of(list, "nobody"), Vec::<u32>::new());
}
