use super::*;
use crate::error_text::Class;

#[test]
fn details_are_taken_and_nonsense_is_not_recorded() {
    let mut details = Details::default();
    for text in [
        "fetch.phase:first_byte",
        "fetch.class:eof",
        "fetch.reused:0",
        "fetch.age:0.012345",
        "fetch.sent:4623",
        "fetch.acked:-1",
        "fetch.expected:99999999999999999999999",
        "fetch.taken:5012",
        "fetch.waited:0.5",
        "fetch.limit:soon",
        "fetch.client:who knows",
        "fetch.try:1",
        "fetch.addr:[::1]:80",
        "fetch.unheard:of",
        "fetch.nothing",
    ] {
        details.take(text);
    }
    let expected = Details {
        phase: Some(Phase::FirstByte),
        class: Some(Classes::of(&[Class::Eof])),
        reused: Some(false),
        age: Some(Micros(12_345)),
        sent_bytes: Some(4623),
        taken_bytes: Some(5012),
        waited: Some(Micros(500_000)),
        attempt: Some(1),
        address: Some("[::1]:80".to_owned()),
        ..Details::default()
    };
    assert_eq!(details, expected);
}
