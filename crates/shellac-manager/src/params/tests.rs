use super::*;

fn params(dialect: &str) -> Params {
    let text = format!(
        "[log]\ndialect = '{dialect}'\n[[listen]]\naddress = '127.0.0.1:0'\n[[backend]]\nname = 'b'\naddress = '127.0.0.1:9'\n"
    );
    Params::new(&Config::parse(&text, "t").unwrap(), 3)
}

fn set(params: &Params, name: &str, value: &str) -> Params {
    params.with(name, Some(value)).unwrap().0
}

#[test]
fn values_are_shown_as_a_varnishd_shows_them() {
    let params = params("7.3-8.0");
    let list = params.list(false);
    assert!(list.starts_with(
        "cli_limit                     64k [bytes] (default)\ncli_timeout                   60.000 [seconds] (default)\n"
    ));
    assert_eq!(list.lines().count(), ROWS.len());
    assert_eq!(params.list(true), "");
    let params = set(&set(&params, "cli_limit", "4000b"), "cli_timeout", "5");
    assert_eq!(
        params.list(true),
        "cli_limit                     4000b [bytes]\ncli_timeout                   5.000 [seconds]\n"
    );
    assert_eq!((params.answer_bytes(), params.worker_timeout()), (4000, Duration::from_secs(5)));
    let text = params.describe(Which::Named("cli_limit")).unwrap();
    assert_eq!(
        text,
        "cli_limit\n        Value is: 4000b [bytes]\n        Default is: 64k\n        Minimum is: 128b\n        Maximum is: 99999999b\n\n\
         \x20       Longest answer to a command. One that is longer is cut off\n        there, and its status is 201 instead of 200.\n\n"
    );
    let json = params.json(Which::Changed).unwrap();
    assert!(json.starts_with("  {\n    \"name\": \"cli_limit\",\n    \"implemented\": true,\n    \"value\": 4000,\n    \"units\": \"bytes\",\n    \"default\": \"64k\",\n"));
    assert!(json.ends_with("    \"flags\": []\n  }"));
    assert!(params.json(Which::Named("vsl_space")).unwrap().contains("\"protected\""));
    assert_eq!(params.with("cli_limit", None).unwrap().0.answer_bytes(), 64 << 10);
}

#[test]
fn bytes_have_units() {
    for (text, bytes) in
        [("0", 0), ("128", 128), ("1b", 1), ("100k", 102_400), ("3MB", 3 << 20), ("1t", 1 << 40)]
    {
        assert_eq!(super::bytes(text), Ok(bytes), "{text}");
    }
    for text in ["", "k", "1x", "-1", "1.5k", "99999999999T"] {
        assert!(super::bytes(text).is_err(), "{text}");
    }
    for (bytes, text) in
        [(0, "0b"), (4000, "4000b"), (49_152, "48k"), (1 << 20, "1M"), (5 << 30, "5G")]
    {
        assert_eq!(bytes_text(bytes), text);
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let params = params("7.3-8.0");
    for (name, value, part) in [
        ("nosuch", "1", "Unknown parameter \"nosuch\"."),
        (
            "cli_limit",
            "foo",
            "Could not convert to bytes.\nInvalid number\n  Try something like '80k' or '120M'\n\n(attempting to set param 'cli_limit' to 'foo')",
        ),
        ("cli_limit", "1", "Must be at least 128b\n\n(attempting to set param 'cli_limit' to '1')"),
        ("cli_limit", "1g", "Must be no more than 99999999b"),
        ("cli_timeout", "-1", "Not a number of seconds"),
        ("cli_timeout", "inf", "Not a number of seconds"),
        ("cli_timeout", "0", "Must be at least 0.100"),
        ("vsl_space", "1m", "protected"),
        (
            "vsl_mask",
            "Foo",
            "Missing '+' or '-' (Foo)\n\n(attempting to set param 'vsl_mask' to 'Foo')",
        ),
        ("vsl_mask", "+Foo", "Unknown VSL tag (+Foo)"),
        ("vsl_mask", "", "Missing '+' or '-' ()"),
        ("vsl_mask", "-end", "End is always logged"),
    ] {
        let error = params.with(name, Some(value)).unwrap_err();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn tags_are_masked_by_name() {
    let params = params("7.3-8.0");
    assert_eq!(params.for_worker(), []);
    let (changed, told) = params.with("vsl_mask", Some("+hash, -ReqHeader")).unwrap();
    let told = told.unwrap();
    assert!(told.contains("-ReqHeader") && !told.contains("-Hash") && told.contains("-Debug"));
    assert_eq!(changed.for_worker(), [("vsl_mask".to_owned(), told)]);
    let all = mask::text(mask::default(Dialect::V7_3))
        .split(',')
        .map(|name| name.replace('-', "+"))
        .collect::<Vec<_>>()
        .join(" ");
    let (none, told) = params.with("vsl_mask", Some(&all)).unwrap();
    assert_eq!(told.as_deref(), Some("none"));
    assert!(none.list(true).ends_with(" none\n"));
    assert_eq!(set(&none, "vsl_mask", "default").for_worker(), []);
    // What a dialect does not have cannot be masked.
    let old = self::params("6.0-7.2");
    assert!(old.with("vsl_mask", Some("-ReqTarget")).is_err());
}
