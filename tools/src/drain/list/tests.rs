use super::{Backend, parse, select};

/// As 7.1.1 writes it, with details.
const LIST: &str = "\
Backend name   Admin      Probe    Health     Last change
boot.api1      healthy    0/0      healthy    Sun, 22 Nov 2026 01:00:00 GMT
boot.api2      sick       8/8      healthy    Sun, 22 Nov 2026 01:00:00 GMT
 Current states  good:  8 threshold:  3 window:  8

new.api1       probe      2/8      sick       Sun, 22 Nov 2026 01:00:00 GMT
";

fn names(found: &[Backend]) -> Vec<String> {
    found.iter().map(Backend::full_name).collect()
}

#[test]
fn the_list_of_a_varnishd_is_read_with_and_without_its_columns() {
    let found = parse(LIST);
    assert_eq!(names(&found), ["boot.api1", "boot.api2", "new.api1"]);
    assert_eq!((&*found[1].admin, &*found[1].health), ("sick", "healthy"));
    assert_eq!((&*found[2].admin, &*found[2].health), ("probe", "sick"));
    let old = parse(
        "Backend name                   Admin      Probe\nboot.api1                      probe      Healthy 8/8\n",
    );
    assert_eq!((&*old[0].admin, &*old[0].health), ("probe", "healthy"));
    assert_eq!(parse(""), []);
    assert_eq!(parse("Backend name Admin Probe Health\nboot.x\nnonsense\n"), []);
}

#[test]
fn patterns_mean_what_they_mean_on_our_own() {
    let all = parse(LIST);
    let found = |patterns: &[&str]| {
        let patterns: Vec<String> = patterns.iter().map(|it| (*it).to_owned()).collect();
        select(&all, "new", &patterns).map(|found| names(&found))
    };
    assert_eq!(found(&["api1"]).unwrap(), ["boot.api1", "new.api1"]);
    assert_eq!(found(&["new.*"]).unwrap(), ["new.api1"]);
    assert_eq!(found(&["api*", "!api2"]).unwrap(), ["boot.api1", "new.api1"]);
    assert_eq!(found(&["api3"]).unwrap_err().lines().next().unwrap(), "No Backends matches api3");
    assert!(found(&["api3"]).unwrap_err().contains("nearest: boot.api1"));
    // One that matches nothing is a mistake whatever the others do.
    assert!(found(&["api1", "apj9zz"]).is_err());
    assert!(found(&["@127.0.0.1"]).unwrap_err().contains("does not tell where"));
}
