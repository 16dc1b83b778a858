//! `--by` and the histograms that are written: what they say is what the log says.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::beside::Beside;

fn shellac(place: &Path, args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_shellac"))
        .args(args)
        .current_dir(place)
        .output()
        .expect("it starts");
    assert!(output.status.success(), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// Status and time of each client request without includes, as the log has them.
fn requests(place: &Path) -> Vec<(String, Option<f64>)> {
    let text = shellac(place, &["log", "-r", "mixed.vsl", "-c", "-i", "RespStatus,Timestamp"]);
    text.split("*   << ")
        .filter_map(|request| {
            let fields = |name: &str| {
                let line = request.lines().rfind(|line| line.contains(name))?;
                Some(line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
            };
            let time = fields(" Resp: ").map(|it| it[4].parse().expect("seconds"));
            Some((fields("RespStatus")?[2].clone(), time))
        })
        .collect()
}

#[test]
fn counts_and_times_by_status_are_those_of_the_log() {
    let place = Beside::new("varnishtop");
    let mut expected: BTreeMap<String, (u64, Vec<f64>)> = BTreeMap::new();
    for (status, time) in requests(place.path()) {
        let (count, times) = expected.entry(status).or_default();
        *count += 1;
        times.extend(time);
    }
    assert!(expected.len() > 2);
    let args = ["top", "-1", "-r", "mixed.vsl", "-g", "vxid", "-c", "--by", "status"];
    let value: Value =
        serde_json::from_str(&shellac(place.path(), &[&args[..], &["--json"]].concat()))
            .expect("JSON");
    let rows = value["rows"].as_array().expect("rows");
    // One has no status.
    let named = rows.iter().filter(|row| row["key"] != "(not recorded)");
    assert_eq!(named.clone().count(), expected.len());
    for row in named {
        let status = row["key"].as_str().expect("a key");
        let (count, mut times) = expected[status].clone();
        times.sort_by(f64::total_cmp);
        assert_eq!(row["count"].as_u64(), Some(count), "{row}");
        assert_eq!(row["timed"].as_u64(), Some(times.len() as u64), "{row}");
        let close = |name: &str, expected: f64, error: f64| {
            let found = row[name].as_f64().expect("a number");
            assert!(
                (found - expected).abs() <= error * expected + 1e-6,
                "{name} {expected}: {row}"
            );
        };
        close("min", times[0], 0.0);
        close("max", times[times.len() - 1], 0.0);
        close("avg", times.iter().sum::<f64>() / times.len() as f64, 0.01);
        for (name, share) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)] {
            let rank = (share * times.len() as f64).ceil().max(1.0);
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank")]
            close(name, times[rank as usize - 1], 0.009);
        }
    }
    let table = shellac(place.path(), &args);
    assert_eq!(table.lines().count(), rows.len() + 1);
}

#[test]
fn a_list_that_has_no_room_says_so_and_bounds_are_right() {
    let place = Beside::new("varnishtop");
    let exact = shellac(place.path(), &["top", "-1", "-r", "mixed.vsl", "--json"]);
    let counts = |text: &str| -> BTreeMap<(String, String), Value> {
        text.lines()
            .skip(1)
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
            .map(|it| ((it["tag"].to_string(), it["text"].to_string()), it))
            .collect()
    };
    let exact = counts(&exact);
    let args = ["top", "-1", "-r", "mixed.vsl", "--limit-keys", "100"];
    let few = shellac(place.path(), &[&args[..], &["--json"]].concat());
    let head: Value = serde_json::from_str(few.lines().next().expect("a line")).expect("JSON");
    assert_eq!(head["exact"].as_bool(), Some(false));
    let floor = head["not_listed_at_most"].as_f64().expect("a number");
    let few = counts(&few);
    assert!(few.len() <= 100);
    for (key, it) in &exact {
        let count = it["count"].as_f64().expect("a number");
        match few.get(key) {
            Some(it) => {
                let (low, high) = (it["at_least"].as_f64(), it["count"].as_f64());
                assert!(low <= Some(count) && Some(count) <= high, "{count}: {it}");
            }
            None => assert!(count <= floor, "{key:?} {count} {floor}"),
        }
    }
    let output = Command::new(env!("CARGO_BIN_EXE_shellac"))
        .args(args)
        .args(["--lines", "5"])
        .current_dir(place.path())
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("upper bounds") && said.contains("--limit-keys"), "{said}");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.lines().count() == 5 && text.contains("<="), "{text}");
}

#[test]
fn a_histogram_that_is_written_has_all_samples() {
    let place = Beside::new("varnishhist");
    let text = shellac(place.path(), &["hist", "--batch", "-r", "mixed.vsl"]);
    let all = text.lines().find(|line| line.starts_with("all")).expect("a row for all");
    // As many as varnishhist says on its screen.
    assert_eq!(all.split_whitespace().nth(1), Some("400"), "{text}");
    let value: Value =
        serde_json::from_str(&shellac(place.path(), &["hist", "--json", "-r", "mixed.vsl"]))
            .expect("JSON");
    let buckets = value["buckets"].as_array().expect("buckets");
    let sum = |name: &str| -> u64 { buckets.iter().filter_map(|it| it[name].as_u64()).sum() };
    let samples = |name: &str| value[name]["samples"].as_u64().expect("a number");
    assert_eq!((sum("hits"), sum("misses")), (samples("hits"), samples("misses")));
    assert_eq!(samples("all"), 400);
    // Rows of the text are sums of buckets.
    let rows = text.lines().skip_while(|line| !line.contains("from")).skip(1);
    let hits = rows.filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    assert_eq!(hits.sum::<u64>(), samples("hits"), "{text}");
    // None at all is no mistake.
    let none =
        shellac(place.path(), &["hist", "--batch", "-r", "mixed.vsl", "-q", "ReqURL eq nothing"]);
    assert!(none.contains("all             0"), "{none}");
}

#[test]
fn what_does_not_go_together_is_said() {
    let place = Beside::new("varnishtop");
    let cases: [(&[&str], &str); 8] = [
        (&["top", "-1", "--sort", "p99"], "--sort: the list of records is sorted by count"),
        (&["top", "--json"], "give -1 as well"),
        (&["top", "--lines", "5"], "give -1 as well"),
        (&["top", "-1", "--by", "status", "-i", "ReqURL"], "-i chooses records"),
        (&["top", "-1", "--by", "status", "-g", "raw"], "records by themselves are no requests"),
        (&["top", "-1", "--limit-keys", "0"], "--limit-keys: \"0\" is no number above 0"),
        (&["hist", "--batch", "-B", "2"], "-B: time is bent on a screen"),
        (&["hist"], "standard output is no terminal"),
    ];
    for (args, complaint) in cases {
        let output = Command::new(env!("CARGO_BIN_EXE_shellac"))
            .args(args)
            .args(["-r", "mixed.vsl"])
            .current_dir(place.path())
            .output()
            .expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(complaint), "{args:?}: {said}");
    }
}
