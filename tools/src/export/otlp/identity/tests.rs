use super::*;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

#[test]
fn a_traceparent_is_read_as_the_standard_says() {
    let context = Context::parse(format!(" 00-{TRACE}-{SPAN}-01 ").as_bytes()).unwrap();
    assert_eq!(
        (trace_digits(context.trace), span_digits(context.parent)),
        (TRACE.into(), SPAN.into())
    );
    assert!(context.is_sampled);
    assert!(!Context::parse(format!("00-{TRACE}-{SPAN}-02").as_bytes()).unwrap().is_sampled);
    // A later version may have more fields.
    assert!(Context::parse(format!("01-{TRACE}-{SPAN}-00-more").as_bytes()).is_some());
    let zeros = ["0".repeat(32), "0".repeat(16)];
    for wrong in [
        String::new(),
        format!("00-{TRACE}-{SPAN}"),
        format!("00-{TRACE}-{SPAN}-01-more"),
        format!("ff-{TRACE}-{SPAN}-01"),
        format!("00-{}-{SPAN}-01", zeros[0]),
        format!("00-{TRACE}-{}-01", zeros[1]),
        format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
        format!("00-{}-{SPAN}-01", &TRACE[1..]),
        format!("00-+{}-{SPAN}-01", &TRACE[1..]),
    ] {
        assert_eq!(Context::parse(wrong.as_bytes()), None, "{wrong}");
    }
    assert_eq!(Context::parse(b"\xff\xfe"), None);
}

#[test]
fn numbers_are_the_same_for_the_same_group_and_others_for_others() {
    let context = Context::of_group("a", 7, 1);
    assert_eq!(context, Context::of_group("a", 7, 1));
    let others =
        [("b", 7, 1), ("a", 8, 1), ("a", 7, 2)].map(|(a, b, c)| Context::of_group(a, b, c));
    assert!(others.iter().all(|other| other.trace != context.trace));
    assert_eq!(context.span(1, 2), context.span(1, 2));
    assert!(context.span(1, 2) != context.span(2, 2) && context.span(1, 2) != context.span(1, 3));
    assert_eq!(span_digits(0), "");
}
