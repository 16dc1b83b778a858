use super::*;

const LIST: &str =
    "root:x:0:\n#comment\nbroken\nvarnish:x:105:vcache,varnishlog\nx:x:notanumber:\n";

#[test]
fn groups_are_found_both_ways() {
    assert_eq!(find_gid(LIST, "varnish"), Some(105));
    assert_eq!(find_gid(LIST, "vcache"), None);
    assert_eq!(find_gid(LIST, "x"), None);
    assert_eq!(find_gid(LIST, "broken"), None);
    assert_eq!(find_name(LIST, 105).as_deref(), Some("varnish"));
    assert_eq!(find_name(LIST, 106), None);
}

#[test]
fn advice_names_the_group_to_join() {
    let path = Path::new("/w/_.vsm_child");
    let text = advice(path, 0o40750, 105, Some("varnish"));
    assert!(
        text.contains("/w/_.vsm_child is for group `varnish`")
            && text.contains("usermod -a -G varnish"),
        "{text}"
    );
    let text = advice(path, 0o40750, 0, Some("root"));
    assert!(text.contains("for root only") && !text.contains("usermod"), "{text}");
    assert!(advice(path, 0o40750, 4711, None).contains("group number 4711"));
    assert!(advice(path, 0o40700, 105, Some("varnish")).contains("mode 0700"));
}

#[test]
fn only_rights_have_a_remedy() {
    assert_eq!(remedy(Path::new("/"), &io::Error::from(io::ErrorKind::NotFound)), None);
    let text =
        remedy(Path::new("/no/such/path"), &io::Error::from(io::ErrorKind::PermissionDenied));
    assert!(text.is_some_and(|text| text.contains("/ is for root") || text.contains("/ has mode")));
}
