use super::*;

fn subject(full: &str) -> Subject<'_> {
    let (config, name) = full.split_once('.').unwrap();
    const AT: &[std::net::SocketAddr] = &[std::net::SocketAddr::new(
        std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 1, 2, 3)),
        80,
    )];
    Subject { config, name, addresses: AT, active: config == "boot" }
}

fn matches(pattern: &str, full: &str, scope: Scope) -> bool {
    Pattern::parse(pattern).unwrap().matches(&subject(full), scope)
}

/// Pattern, backend, found in the scope of lists, found in the scope of drains.
const CASES: &[(&str, &str, bool, bool)] = &[
    ("*", "boot.api1", true, true),
    ("*", "old.api1", false, true),
    ("api1", "boot.api1", true, true),
    ("api1", "old.api1", false, true),
    ("api1", "boot.api11", false, false),
    ("*.api1", "old.api1", true, true),
    ("boot.*", "old.api1", false, false),
    ("old.api?", "old.api1", true, true),
    ("*.*", "old.api1", true, true),
    ("api[1-3]", "boot.api2", true, true),
    ("api[!1-3]", "boot.api2", false, false),
    ("api[^1-3]", "boot.api4", true, true),
    ("api[]a]", "boot.api]", true, true),
    ("api[1", "boot.api[1", true, true),
    ("api[-a]", "boot.api-", true, true),
    ("api[a-]", "boot.api-", true, true),
    ("api{1,2}", "boot.api2", true, true),
    ("api{1,2}", "boot.api3", false, false),
    ("{a,b{1,2}}x", "boot.b2x", true, true),
    ("{old,boot}.{api,web}1", "old.web1", true, true),
    ("*a*p*1", "boot.aaapip1", true, true),
    ("*a*p*2", "boot.aaapip1", false, false),
    (r"a\*", "boot.a*", true, true),
    (r"a\*", "boot.ab", false, false),
    ("with:colon", "boot.with:colon", true, true),
    ("@10.1.2.3", "old.api1", true, true),
    ("@10.1.2.3:80", "old.api1", true, true),
    ("@10.1.2.3:81", "old.api1", false, false),
    ("@10.1.0.0/16", "old.api1", true, true),
    ("@10.2.0.0/16", "old.api1", false, false),
    ("@0.0.0.0/0", "old.api1", true, true),
    ("@::/0", "old.api1", false, false),
];

#[test]
fn a_pattern_means_what_it_says() {
    for &(pattern, full, listed, drained) in CASES {
        assert_eq!(matches(pattern, full, Scope::Active), listed, "{pattern} {full} listed");
        assert_eq!(matches(pattern, full, Scope::Every), drained, "{pattern} {full} drained");
    }
}

#[test]
fn a_pattern_that_is_none_says_why() {
    for (pattern, reason) in [
        ("", "is empty"),
        ("a{b", "has a `{` without its `}`"),
        ("@x", "is no address: @IP, @IP:PORT or @NETWORK/BITS"),
        ("@10.0.0.0/33", "is no address: @IP, @IP:PORT or @NETWORK/BITS"),
        ("{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}", "stands for more than 64 patterns"),
    ] {
        assert_eq!(Pattern::parse(pattern).unwrap_err().reason, reason, "{pattern}");
    }
    assert!(Pattern::parse(&"x".repeat(1025)).is_err());
}

#[test]
fn exactly_one_backend_can_be_named() {
    let odd = Subject { name: "a*b", ..subject("boot.x") };
    let pattern = Pattern::exactly("boot", "a*b");
    assert!(pattern.matches(&odd, Scope::Active));
    assert!(!pattern.matches(&Subject { name: "aab", ..odd }, Scope::Active));
    assert_eq!(Pattern::parse(pattern.as_str()).unwrap(), pattern);
}

#[test]
fn several_patterns_and_what_they_leave_out() {
    let selection = Selection::parse(&["api*", "web1", "!*.api2"]).unwrap();
    let found = |full| selection.matches(&subject(full), Scope::Every);
    assert!(found("boot.api1") && found("old.web1"));
    assert!(!found("boot.api2") && !found("boot.web2"));
    let all_but = Selection::parse(&["!api2"]).unwrap();
    assert!(all_but.matches(&subject("boot.api1"), Scope::Every));
    assert!(!all_but.matches(&subject("boot.api2"), Scope::Every));
}

#[test]
fn a_slip_finds_the_name_that_was_meant() {
    let names = ["boot.api1", "boot.api2", "boot.frontend"];
    let nearest = |pattern| Pattern::parse(pattern).unwrap().nearest(names);
    assert_eq!(nearest("api3"), ["boot.api1", "boot.api2"]);
    assert_eq!(nearest("*.aip1"), ["boot.api1"]);
    assert_eq!(nearest("bot.api2"), ["boot.api2", "boot.api1"]);
    assert_eq!(nearest("frontent"), ["boot.frontend"]);
    assert_eq!(nearest("something"), [""; 0]);
    assert_eq!(nearest("*"), [""; 0]);
    assert_eq!(nearest("@10.0.0.1"), [""; 0]);
}

fn entry(pattern: &str, mode: Mode, since: u64, ttl: Option<u64>) -> Entry {
    let pattern = Pattern::parse(pattern).unwrap();
    Entry { pattern, mode, author: "op".to_owned(), reason: String::new(), since, ttl }
}

fn mode(table: &Table, full: &str, now: u64) -> Mode {
    table.order(&subject(full), now).map_or(Mode::Auto, |entry| entry.mode)
}

#[test]
fn the_latest_order_counts_in_every_configuration() {
    let mut table = Table::default();
    table.set(entry("api*", Mode::Drain, 100, None)).unwrap();
    table.set(entry("api1", Mode::Maint, 101, None)).unwrap();
    assert_eq!(mode(&table, "boot.api1", 200), Mode::Maint);
    assert_eq!(mode(&table, "loaded_later.api2", 200), Mode::Drain);
    assert_eq!(mode(&table, "boot.web", 200), Mode::Auto);
    table.set(entry("api2", Mode::Auto, 102, None)).unwrap();
    assert_eq!(mode(&table, "boot.api2", 200), Mode::Auto);
    assert_eq!(mode(&table, "boot.api3", 200), Mode::Drain);
    table.set(entry("api*", Mode::Auto, 103, None)).unwrap();
    assert_eq!(mode(&table, "boot.api3", 200), Mode::Auto);
    table.set(entry("api1", Mode::Auto, 104, None)).unwrap();
    assert!(table.is_empty(), "{table:?}");
}

#[test]
fn everything_can_be_taken_back_at_once() {
    let mut table = Table::default();
    table.set(entry("api1", Mode::Drain, 1, None)).unwrap();
    table.set(entry("*.web", Mode::Sick, 2, None)).unwrap();
    table.set(entry("*", Mode::Auto, 3, None)).unwrap();
    assert!(table.is_empty());
}

#[test]
fn an_order_ends_by_itself() {
    let mut table = Table::default();
    table.set(entry("api1", Mode::Drain, 100, Some(50))).unwrap();
    table.set(entry("web", Mode::Drain, 100, None)).unwrap();
    assert_eq!(table.next_end(), Some(150));
    assert_eq!(mode(&table, "boot.api1", 149), Mode::Drain);
    assert_eq!(mode(&table, "boot.api1", 150), Mode::Auto);
    assert_eq!(table.expire(149), []);
    let over: Vec<_> = table.expire(150).iter().map(|entry| entry.pattern.to_string()).collect();
    assert_eq!(over, ["api1"]);
    assert_eq!((table.entries().len(), table.next_end()), (1, None));
}

#[test]
fn a_table_is_saved_and_read_again() {
    let mut table = Table::default();
    table.set(entry("{a,b}.api*", Mode::Drain, 100, Some(50))).unwrap();
    let text = serde_json::to_string(&table).unwrap();
    assert_eq!(
        text,
        r#"{"entries":[{"pattern":"{a,b}.api*","mode":"drain","author":"op","reason":"","since":100,"ttl":50}]}"#
    );
    assert_eq!(serde_json::from_str::<Table>(&text).unwrap(), table);
    let broken = r#"{"entries":[{"pattern":"{a","mode":"drain","since":1}]}"#;
    assert!(serde_json::from_str::<Table>(broken).unwrap_err().to_string().contains("`{a`"));
}

#[test]
fn a_table_has_a_limit() {
    let mut table = Table::default();
    for number in 0..1000 {
        table.set(entry(&format!("b{number}"), Mode::Drain, 0, None)).unwrap();
    }
    assert_eq!(table.set(entry("more", Mode::Drain, 0, None)), Err(TableFull));
    table.set(entry("b7", Mode::Sick, 0, None)).unwrap();
    assert_eq!(table.entries().len(), 1000);
}

#[test]
fn no_text_is_too_odd() {
    let seed = 11;
    let mut dice = shellac_measure::Dice::new(seed);
    let pieces = [
        "*", "?", "[", "]", "!", "^", "-", "\\", "{", "}", ",", ".", "@", "/", ":", "a", "1",
        "\u{e4}",
    ];
    for _ in 0..20_000 {
        let count = dice.below(12);
        let text: String = (0..count).map(|_| pieces[dice.below(pieces.len())]).collect();
        let Ok(pattern) = Pattern::parse(&text) else { continue };
        for full in ["boot.a1", "a.\u{e4}", "[.]", "a.*"] {
            // What it finds in the active configuration it finds in all of them.
            let listed = pattern.matches(&subject(full), Scope::Active);
            assert!(
                !listed || pattern.matches(&subject(full), Scope::Every),
                "seed {seed}: {text}"
            );
        }
        assert_eq!(Pattern::parse(pattern.as_str()).unwrap(), pattern, "seed {seed}");
    }
    let long = "*a".repeat(500);
    let name = "a".repeat(4000);
    assert!(
        !Pattern::parse(&format!("{long}b"))
            .unwrap()
            .matches(&Subject { name: &name, ..subject("boot.x") }, Scope::Every)
    );
}
