use shellac_format::{Dialect, Tag};
use shellac_measure::Counts;

use super::{first, listed};

fn counts(keys: &[(Tag, &[u8], u32)]) -> Counts {
    let mut counts = Counts::new(100, 10_000, 1);
    for (tag, text, times) in keys {
        (0..*times).for_each(|_| counts.add(*tag as u8, text));
    }
    counts
}

#[test]
fn the_most_frequent_come_first_and_then_sums_tags_lengths_and_bytes_decide() {
    let counts = counts(&[
        (Tag::ReqHeader, b"Age: 0", 1),
        (Tag::ReqUrl, b"ad", 2),
        (Tag::ReqUrl, b"bc", 2),
        (Tag::ReqMethod, b"bc", 2),
        // Its last byte counts as a number below zero.
        (Tag::BereqUrl, b"/ok-bin\xe9", 1),
        (Tag::ReqUrl, b"\x01\x02", 2),
        (Tag::ReqUrl, b"\x03", 2),
        (Tag::End, b"z", 3),
    ]);
    let order: Vec<_> = listed(&counts, Dialect::V6_0)
        .iter()
        .map(|it| (it.name(), it.counted.text.escape_ascii().to_string()))
        .collect();
    let expected = [
        ("End", "z"),
        ("ReqURL", "\\x03"),
        ("ReqURL", "\\x01\\x02"),
        ("ReqMethod", "bc"),
        ("ReqURL", "ad"),
        ("ReqURL", "bc"),
        ("ReqHeader", "Age: 0"),
        ("BereqURL", "/ok-bin\\xe9"),
    ];
    let expected = expected.map(|(name, text)| (name, text.to_owned()));
    assert_eq!(order[..6], expected[..6]);
    assert_eq!(order.len(), 8);
}

#[test]
fn the_first_few_are_the_first_of_all() {
    let mut counts = Counts::new(1000, 100_000, 1);
    for number in 0..500_u32 {
        (0..number % 7).for_each(|_| counts.add(Tag::ReqUrl as u8, number.to_string().as_bytes()));
    }
    let texts = |listed: Vec<super::Listed<'_>>| -> Vec<Vec<u8>> {
        listed.iter().map(|it| it.counted.text.to_vec()).collect()
    };
    let all = texts(listed(&counts, Dialect::V6_0));
    for most in [0, 1, 10, 100, all.len(), all.len() + 1] {
        let few = texts(first(&counts, Dialect::V6_0, most));
        assert_eq!(few, all[..most.min(all.len())], "{most}");
    }
}
