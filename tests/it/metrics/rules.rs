//! The alerts that are shipped.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use shellac_counters::vsc::table::{Kind, Node};
use shellac_upstream::node::Signal;

use super::{is_here, metrics, text};

fn contrib() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../contrib")
}

#[test]
fn promtool_takes_the_rules_and_their_cases() {
    if !is_here("promtool") {
        return;
    }
    for arguments in
        [["check", "rules", "prometheus-rules.yml"], ["test", "rules", "prometheus-rules.test.yml"]]
    {
        let mut command = Command::new("promtool");
        let output = command.args(arguments).current_dir(contrib()).stdin(Stdio::null()).output();
        let output = output.expect("promtool starts");
        assert!(output.status.success(), "{output:?}");
    }
}

#[test]
fn the_rules_ask_for_what_is_served() {
    let rules = std::fs::read_to_string(contrib().join("prometheus-rules.yml")).unwrap();
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    let asked: BTreeSet<&str> =
        rules.split(word).filter(|word| word.starts_with("shellac_node_")).collect();
    assert!(asked.len() > 8, "{asked:?}");
    let output = metrics().args(["--once", "--node"]).output().expect("it starts");
    let page = text(&output);
    // A kernel without netfilter has no such table.
    let unread: Vec<&str> = page
        .lines()
        .filter_map(|line| {
            line.strip_prefix("shellac_node_source_readable{path=\"")?.strip_suffix("\"} 0")
        })
        .collect();
    // What a worker alone knows stands in its table.
    let (kernel, table): (usize, Vec<&str>) =
        (Signal::ALL.len(), Node::ROWS.iter().map(|row| row.name).collect());
    let of_worker = |name: &str| {
        name.strip_prefix("shellac_node_").is_some_and(|name| table[kernel..].contains(&name))
    };
    for name in asked.into_iter().filter(|name| !of_worker(name)) {
        let served = page.lines().any(|line| line.starts_with(&format!("{name} ")));
        assert!(served || !unread.is_empty(), "{name} is not in\n{page}");
    }
}
