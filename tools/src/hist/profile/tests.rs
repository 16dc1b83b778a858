use shellac_format::Tag;

use super::{PREDEFINED, Profile, Side};

#[test]
fn a_description_names_side_tag_prefix_field_and_range() {
    let parsed = |text: &str| {
        let it = Profile::parse(text).unwrap();
        (it.side, it.tag, it.prefix, it.field, it.low, it.high)
    };
    let empty = String::new;
    assert_eq!(parsed("ReqURL::1"), (Side::Client, Tag::ReqUrl, empty(), 1, -6, 3));
    assert_eq!(parsed("c:reqURL::+1x"), (Side::Client, Tag::ReqUrl, empty(), 1, -6, 3));
    assert_eq!(parsed("b:BereqAcct::5:1:8"), (Side::Backend, Tag::BereqAcct, empty(), 5, 1, 8));
    assert_eq!(
        parsed("E:Timestamp:Resp:2"),
        (Side::Includes, Tag::Timestamp, "Resp".into(), 2, -6, 3)
    );
    assert_eq!(parsed("ReqUR:/a b:0003:-1:1:2:3").3, 3);
    for row in PREDEFINED {
        assert_eq!(Profile::parse(row.name).unwrap().name, row.name);
    }
    assert_eq!(Profile::default(), Profile::parse("responsetime").unwrap());
}

#[test]
fn mistakes_are_told_as_the_stock_tool_tells_them() {
    let cases = [
        ("foo", "No such profile 'foo'"),
        ("", "No such profile ''"),
        ("Responsetime", "No such profile 'Responsetime'"),
        ("nosuch:x:1", "'nosuch:x:1' is not a valid tag name"),
        ("Req*::1", "'Req*::1' is not a valid tag name"),
        ("ReqURL,Begin::1", "'ReqURL,Begin::1' is not a valid tag name"),
        ("Req::1", "'Req::1' is not a valid tag name"),
        (":", "':' is not a valid tag name"),
        ("Debug::1", "'Debug::1' is an unsafe or binary record"),
        ("ReqStatus::1", "'ReqStatus::1' is an unsafe or binary record"),
        ("b:", "'b:' is not a valid profile name or definition"),
        ("ReqURL:", "'ReqURL:' is not a valid profile name or definition"),
        ("b:ReqURL", "'b:ReqURL' is not a valid profile name or definition"),
        ("ReqURL::x", "'ReqURL:' is not a valid profile name or definition"),
        ("ReqURL:/:1:a:b", "'ReqURL:/' is not a valid profile name or definition"),
        ("ReqURL::1:1", "'ReqURL:' is not a valid profile name or definition"),
        ("ReqURL::1:1e1:2", "'ReqURL:' is not a valid profile name or definition"),
        ("C:ReqURL::1", "'C:ReqURL' is not a valid profile name or definition"),
        ("Timestamp:Process::1", "'Timestamp:Process' is not a valid profile name or definition"),
        // The stock tool ends with an assertion, or shows nothing.
        ("ReqURL::-1", "'ReqURL:' is not a valid profile name or definition"),
        ("ReqURL::0", "'ReqURL:' is not a valid profile name or definition"),
        ("ReqURL::1:3:3", "'ReqURL:' is not a valid profile name or definition"),
        ("ReqURL::1:-2147483648:2147483647", "'ReqURL:' is not a valid profile name or definition"),
    ];
    for (text, complaint) in cases {
        let error = Profile::parse(text).unwrap_err().to_string();
        assert_eq!(error, format!("-P: {complaint}"));
    }
}

#[test]
fn the_value_is_a_field_of_the_whole_text() {
    let value = |profile: &str, text: &str| Profile::parse(profile).unwrap().value(text.as_bytes());
    let stamp = "Process: 1795328007.966210 0.000710 0.000010";
    assert_eq!(value("responsetime", stamp), Some(0.000_71));
    assert_eq!(value("Timestamp:Pro:4", stamp), Some(0.000_010));
    assert_eq!(value("Timestamp:process:3", stamp), None);
    assert_eq!(value("Timestamp::9", stamp), None);
    assert_eq!(value("size", "131 312 443 136 20x 156"), Some(20.0));
    assert_eq!(value("size", "131 312 443 136 x 156"), None);
}
