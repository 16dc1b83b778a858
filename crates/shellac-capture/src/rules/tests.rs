use std::time::Duration;

use super::*;

/// The mistakes in `text`, a line each.
fn mistakes(text: &str) -> Vec<String> {
    let errors = file::parse(text).expect_err("there is a mistake");
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn a_file_of_rules_is_read_as_it_is_documented() {
    let documented = include_str!("file.rs");
    let text: String = documented
        .lines()
        .skip_while(|line| !line.contains("```toml"))
        .skip(1)
        .take_while(|line| !line.contains("```"))
        .map(|line| format!("{}\n", line.trim_start_matches("//!")))
        .collect();
    let rules = file::parse(&text).unwrap();
    let [rule] = &rules[..] else { panic!("{rules:?}") };
    assert_eq!(rule.name, "uploads");
    assert_eq!((rule.before, rule.after), (Duration::from_secs(5), Duration::from_millis(500)));
    assert_eq!((rule.keep, rule.severity), (Keep::Backend, Severity::Critical));
    assert_eq!(rule.limit, Some(Limit { count: 100, per: Duration::from_secs(60) }));
    assert_eq!(rule.resolve, Duration::from_secs(120));
    assert_eq!(
        (rule.owner.as_deref(), rule.runbook.as_deref()),
        (Some("web"), Some("https://wiki.example/503"))
    );
    let exec = rule.actions.exec.as_ref().unwrap();
    assert_eq!(exec.command, ["/usr/local/bin/page", "--team", "web"]);
    assert_eq!(exec.timeout, Duration::from_secs(10));
    assert!(rule.actions.file && rule.actions.counter && rule.has_window());
    assert!(matches!(&rule.on, On::Groups(queries) if queries.len() == 1));
}

#[test]
fn what_is_not_said_has_a_default() {
    let text = "[[rule]]\nname = \"a\"\non = [\"FetchError\", \"Error\"]\n[[rule]]\nname = \"b\"\nrate = \"rate(FetchError) > 10/s for 5s\"\nbefore = \"1s\"\nlimit = \"off\"\nactions = [\"counter\"]\n";
    let rules = file::parse(text).unwrap();
    let [a, b] = &rules[..] else { panic!("{rules:?}") };
    assert!(matches!(&a.on, On::Groups(queries) if queries.len() == 2));
    assert_eq!((a.keep, a.limit, a.has_window()), (Keep::Group, Some(Limit::DEFAULT), false));
    assert!(matches!(&b.on, On::Rate { terms, .. } if terms.len() == 1 && terms[0].is_some()));
    assert_eq!((b.keep, b.limit), (Keep::All, None), "with a window it is everything in it");
    assert!(!b.actions.file && b.actions.counter);
}

#[test]
fn mistakes_are_told_all_at_once_with_line_and_key() {
    let text = "[[rule]]\nname = \"a\"\non = \"FetchEror\"\nbefore = 5\nkeep = \"everything\"\n\n[[rule]]\nbefore = \"5 apples\"\nlimit = \"often\"\nfoo = 1\n[[rule]]\nname = \"c\"\non = \"FetchError\"\nrate = \"rate(all) > 1/s\"\nexec = \"mail\"\n";
    let told = mistakes(text);
    for (line, key, reason) in [
        (3, "rule \"a\": on", "FetchEror"),
        (4, "rule \"a\": before", "has no unit"),
        (5, "rule \"a\": keep", "`everything` is not one of \"group\""),
        (7, "rule 2: name", "is missing"),
        (7, "rule 2: on", "is missing"),
        (8, "rule 2: before", "not a unit of time"),
        (9, "rule 2: limit", "COUNT/TIME"),
        (10, "rule 2: foo", "is not a key; known here: name"),
        (14, "rule \"c\": rate", "one of them"),
        (15, "rule \"c\": exec", "no absolute path"),
    ] {
        let start = format!("{line}: {key}: ");
        let found = told.iter().any(|it| it.starts_with(&start) && it.contains(reason));
        assert!(found, "{start}{reason} is not in {told:#?}");
    }
    assert_eq!(told.len(), 10, "{told:#?}");
}

#[test]
fn a_rate_says_itself_when_it_is_over() {
    let text = "[[rule]]\nname = \"r\"\nrate = \"rate(FetchError) > 1/s resolve 0.5/s for 1m\"\n";
    assert!(file::parse(text).is_ok());
    let errors = file::parse(&format!("{text}resolve = \"2m\"\n")).unwrap_err();
    assert!(errors[0].to_string().contains("resolve VALUE for TIME"), "{errors:?}");
}

#[test]
fn a_rate_names_the_query_that_is_wrong() {
    let error = Rule::on_rate("rate(FetchEror) > 10/s").unwrap_err();
    assert!(error.starts_with("the query `FetchEror`: "), "{error}");
    assert!(Rule::on_rate("rate(FetchError) >> 10/s").is_err());
}

#[test]
fn what_is_no_toml_or_has_no_rule_is_said_to_be_that() {
    assert_eq!(mistakes(""), ["1: rule: there is no rule; write [[rule]], once for each"]);
    assert!(mistakes("[[rule]\n")[0].starts_with("1: "));
    assert!(mistakes("rule = 3\n")[0].contains("is an integer; write [[rule]]"));
    let twice = "[[rule]]\nname = \"a\"\non = \"Error\"\n[[rule]]\nname = \"a\"\non = \"Error\"\n";
    assert_eq!(mistakes(twice), ["4: rule \"a\": there is another rule of this name"]);
}

#[test]
fn durations_have_units() {
    assert_eq!(parse_duration("1.5s"), Ok(Duration::from_millis(1500)));
    assert_eq!(parse_duration("0"), Ok(Duration::ZERO));
    for wrong in ["", "s", "5", "-1s", "1y", "1e9d", "99d", ".s", "1..5s"] {
        assert!(parse_duration(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn queries_of_either_generation_are_taken() {
    // A tag that only the older tables have.
    assert!(Rule::on_query("BackendStart").is_ok());
    assert!(Rule::on_query("ReqTarget").is_ok());
    assert!(Rule::on_query("NoSuchTag").is_err());
    let long = format!("ReqURL eq \"{}\"", "\u{e4}".repeat(200));
    assert!(Rule::on_query(&long).unwrap().name.len() <= 120);
}

#[test]
fn a_rule_on_numbers_keeps_records_only_with_a_window_or_when_told() {
    let has_file = |more: &str| {
        let text = format!("[[rule]]\nname = \"r\"\nrate = \"rate(FetchError) > 1/s\"\n{more}");
        file::parse(&text).unwrap()[0].actions.file
    };
    assert!(!has_file(""));
    assert!(has_file("before = \"1s\""));
    assert!(has_file("actions = [\"file\"]"));
}
