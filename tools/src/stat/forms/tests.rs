use chrono::TimeZone;

use super::*;

fn point(name: &str, value: u64, semantics: Semantics, format: char, description: &str) -> Point {
    let (name, description) = (name.to_owned(), description.to_owned());
    Point { name, value, semantics, format, description }
}

fn points(points: Vec<Point>, uptime: u64) -> Points {
    Points { points, uptime, ..Points::default() }
}

fn some() -> Points {
    let all = vec![
        point("MAIN.uptime", 8, Semantics::Counter, 'd', "Child process uptime"),
        point("MAIN.a_name_that_is_long", 1, Semantics::Counter, 'i', "Long"),
        point("MAIN.pools", 2, Semantics::Gauge, 'i', "Number of thread pools"),
        point("VBE.b.happy", u64::MAX, Semantics::Bitmap, 'b', "Happy health probes"),
    ];
    points(all, 8)
}

fn write(form: Form, compat: Compat, points: &Points) -> String {
    let now = Local.with_ymd_and_hms(2026, 11, 22, 6, 7, 8).single().unwrap();
    String::from_utf8(page(form, compat, points, now)).unwrap()
}

#[test]
fn once_widens_with_the_names() {
    let expected = "\
MAIN.uptime                  8         1.00 Child process uptime
MAIN.a_name_that_is_long            1         0.12 Long
MAIN.pools                          2          .   Number of thread pools
VBE.b.happy              18446744073709551615          .   Happy health probes
";
    assert_eq!(write(Form::Once, Compat::V7, &some()), expected);
    let unknown = Points { uptime: 0, ..some() };
    assert!(write(Form::Once, Compat::V7, &unknown).contains("8         0.00 Child"));
}

#[test]
fn json_and_xml_name_every_field() {
    let one = points(vec![point("A.b", 3, Semantics::Unknown, 'i', "B")], 0);
    let json = "{\n  \"version\": 1,\n  \"timestamp\": \"2026-11-22T06:07:08\",\n  \"counters\": {\n    \"A.b\": {\n      \
        \"description\": \"B\",\n      \"flag\": \"?\",\n      \"format\": \"i\",\n      \"value\": 3\n    }\n  }\n}\n";
    assert_eq!(write(Form::Json, Compat::V7, &one), json);
    let xml = "<?xml version=\"1.0\"?>\n<varnishstat timestamp=\"2026-11-22T06:07:08\">\n\t<stat>\n\t\t<name>A.b</name>\n\t\t\
        <value>3</value>\n\t\t<flag>?</flag>\n\t\t<format>i</format>\n\t\t<description>B</description>\n\t</stat>\n</varnishstat>\n";
    assert_eq!(write(Form::Xml, Compat::V7, &one), xml);
    assert!(write(Form::Xml, Compat::V9, &one).ends_with("</vinylstat>\n"));
    assert!(write(Form::List, Compat::V9, &one).starts_with("Vinylstat -f option"));
    let none = points(Vec::new(), 0);
    assert!(write(Form::Json, Compat::V7, &none).ends_with("\"counters\": {\n\n  }\n}\n"));
}

#[test]
fn hostile_text_ends_nothing_early() {
    let text = "a\"b\\c</name>\x1b[2J\n\u{202e}";
    let hostile = points(vec![point(text, 1, Semantics::Gauge, 'i', text)], 1);
    let json = write(Form::Json, Compat::V7, &hostile);
    let object: serde_json::Value = serde_json::from_str(&json).unwrap();
    let name = "a\"b\\c</name>\\x1b[2J\\x0a\\xe2\\x80\\xae";
    assert_eq!(object["counters"][name]["description"], name);
    let xml = write(Form::Xml, Compat::V7, &hostile);
    assert_eq!(xml.matches("</name>").count(), 1, "{xml}");
    for form in [Form::Once, Form::List, Form::Json, Form::Xml] {
        let text = write(form, Compat::V7, &hostile);
        assert!(text.chars().all(|c| "\n\t".contains(c) || (' '..='~').contains(&c)), "{text:?}");
    }
}
