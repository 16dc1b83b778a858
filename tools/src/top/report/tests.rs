use shellac_format::Dialect;

use super::{Sort, json, note, text};
use crate::reading::pass::Sink;
use crate::top::measured::tests::request;
use crate::top::measured::{By, Measured};

fn measured(most: usize) -> Measured {
    let mut measured = Measured::new(By::Status, Dialect::V7_3, most);
    for (status, seconds, times) in [("200", "0.5", 3), ("503", "2.5", 2), ("404", "0.001", 1)] {
        let group = request("10.0.0.1 1 a", "/", status, seconds);
        for _ in 0..times {
        let _ = measured.group(&group).unwrap();
    }
    }
    measured
}

#[test]
fn rows_stand_in_the_order_of_a_column() {
    let names = |sort| -> Vec<String> {
        let text = text(&measured(10), sort, usize::MAX);
        text.lines().skip(1).map(|line| line.split_whitespace().last().unwrap().to_owned()).collect()
    };
    assert_eq!(names(Sort::Count), ["200", "503", "404"]);
    for sort in [Sort::Avg, Sort::P50, Sort::P95, Sort::P99, Sort::Max] {
        assert_eq!(names(sort), ["503", "200", "404"]);
    }
    assert_eq!(names(Sort::Errors), ["503", "200", "404"]);
    let text = text(&measured(10), Sort::Count, 1);
    assert_eq!(
        text,
        "    COUNT   ERRORS      MIN      AVG      P50      P95      P99      MAX  status\n        3        0   \
         500 ms   500 ms   500 ms   500 ms   500 ms   500 ms  200\n"
    );
}

#[test]
fn every_word_for_sorting_means_itself() {
    let mut sort = Sort::default();
    let words: Vec<&str> = Sort::WORDS
        .iter()
        .map(|_| {
            let word = sort.word();
            sort = sort.next();
            word
        })
        .collect();
    assert_eq!((words, sort), (Sort::WORDS.to_vec(), Sort::default()));
}

#[test]
fn json_has_seconds_and_says_what_is_exact() {
    let value = json(&measured(10), Sort::Count, 2);
    assert_eq!((value["by"].as_str(), value["exact"].as_bool()), (Some("status"), Some(true)));
    assert_eq!((value["rows"].as_array().unwrap().len(), &value["all"]["count"]), (2, &6.into()));
    let row = &value["rows"][1];
    assert_eq!((row["key"].as_str(), row["errors"].as_u64()), (Some("503"), Some(2)));
    assert_eq!((row["max"].as_f64(), row["timed"].as_u64()), (Some(2.5), Some(2)));
    assert_eq!(note(&measured(10)), None);

    let few = measured(2);
    let value = json(&few, Sort::Count, 9);
    assert_eq!((value["exact"].as_bool(), &value["all"]["count"]), (Some(false), &6.into()));
    assert!(note(&few).unwrap().contains("upper bounds"));
    assert!(text(&few, Sort::Count, 9).contains("<="));
}
