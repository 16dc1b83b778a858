//! Queries: the cases of `fixtures/query` and random ones by both log tools, and recorded selections.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use shellac_format::{Dialect, Layout, Side, Tag, TagSet, Vxid, record};

use crate::support::fixture;
use crate::support::text::assert_same;
use crate::support::varnish;

mod random;

/// What our log tool, or the stock one, says to these arguments.
fn run(program: &str, args: &[&str]) -> Output {
    Command::new(program).args(args).stdin(Stdio::null()).output().expect("it starts")
}

/// Our program under the name of the stock tool.
fn named_as_stock(directory: &Path) -> String {
    let link = directory.join("varnishlog");
    symlink(env!("CARGO_BIN_EXE_shellac"), &link).expect("the directory is ours");
    link.to_str().expect("a path of text").to_owned()
}

/// Asks both tools and compares what they print and how they end. The place of a character that starts no token
/// is for the stock tool what was in its memory, so of that only the message is compared.
fn compare(program: &str, args: &[&str]) -> Output {
    let (got, expected) = (run(program, args), run("varnishlog", args));
    let what = format!("{args:?}");
    let errors =
        [&got, &expected].map(|output| String::from_utf8_lossy(&output.stderr).into_owned());
    assert_eq!(got.status.code(), expected.status.code(), "{what}: {errors:?}");
    assert_same(&what, &got.stdout, &expected.stdout);
    if errors[1].contains("\nSyntax error (Pos ") {
        let message = |text: &String| text.split("(Pos").next().map(str::to_owned);
        let [got, expected] = errors.each_ref().map(message);
        assert_eq!(got, expected, "{what}");
    } else {
        assert_same(&what, &got.stderr, &expected.stderr);
    }
    expected
}

fn table(name: &str) -> toml::Table {
    let text =
        std::fs::read_to_string(fixture::path(&format!("query/{name}"))).expect("it is there");
    text.parse().unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn array<'a>(table: &'a toml::Table, key: &str) -> &'a [toml::Value] {
    table.get(key).and_then(toml::Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(table: &'a toml::Table, key: &str) -> &'a str {
    table.get(key).and_then(toml::Value::as_str).unwrap_or_else(|| panic!("{table:?} lacks {key}"))
}

fn cases(table: &toml::Table) -> impl Iterator<Item = &toml::Table> {
    array(table, "case").iter().map(|case| case.as_table().expect("a table"))
}

/// Appends a record as varnishd 7.1 writes it.
fn push(out: &mut Vec<u8>, tag: Tag, vxid: u64, side: Side, text: &str) {
    let number = tag.number(Dialect::V6_0).expect("the dialect has it");
    record::encode_text(out, Layout::Words2, number, Vxid(vxid), side, text.as_bytes(), 4096);
}

/// The groups of `groups.toml` as a file, and the number of each one's top.
fn groups(directory: &Path) -> (PathBuf, BTreeMap<String, u64>) {
    let table = table("groups.toml");
    let mut bytes = b"VSL\0".to_vec();
    let mut tops = BTreeMap::new();
    for group in array(&table, "group") {
        let group = group.as_table().expect("a table");
        for transaction in array(group, "transaction") {
            let transaction = transaction.as_table().expect("a table");
            let vxid = transaction["vxid"].as_integer().and_then(|it| u64::try_from(it).ok());
            let vxid = vxid.expect("a number");
            tops.entry(text(group, "name").to_owned()).or_insert(vxid);
            let mut side = Side::None;
            for record in array(transaction, "records") {
                let (tag, text) =
                    record.as_str().and_then(|it| it.split_once(' ')).expect("TAG TEXT");
                let tag =
                    TagSet::named(tag, TagSet::ALL).expect("a tag").iter().next().expect("one");
                if tag == Tag::Begin {
                    side = if text.starts_with("bereq") { Side::Backend } else { Side::Client };
                }
                push(&mut bytes, tag, vxid, side, text);
            }
        }
    }
    let path = directory.join("groups.vsl");
    std::fs::write(&path, bytes).expect("the directory is ours");
    (path, tops)
}

#[test]
fn the_cases_are_true_of_both_tools() {
    if !varnish::is_here() {
        return;
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let program = named_as_stock(directory.path());
    let (file, tops) = groups(directory.path());
    let file = file.to_str().expect("a path of text");
    let table = table("valid.toml");
    for case in cases(&table) {
        let query = text(case, "query");
        let caseless: &[&str] = if case.contains_key("caseless") { &["-C"] } else { &[] };
        let args = ["-r", file, "-g", "request", "-q", query];
        let printed = compare(&program, &[caseless, &args].concat()).stdout;
        let printed = String::from_utf8_lossy(&printed).into_owned();
        for (name, top) in &tops {
            let wanted = array(case, "selects").iter().any(|it| it.as_str() == Some(name));
            let shown = printed.contains(&format!("*   << Request  >> {top:<10}\n"));
            assert_eq!(shown, wanted, "{query}: {name}");
        }
    }
}

#[test]
fn mistakes_are_told_in_the_words_of_the_stock_tool() {
    if !varnish::is_here() {
        return;
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let program = named_as_stock(directory.path());
    let (file, _) = groups(directory.path());
    let file = file.to_str().expect("a path of text");
    let table = table("errors.toml");
    for case in cases(&table) {
        let stock = compare(&program, &["-r", file, "-q", text(case, "query")]);
        assert_eq!(stock.status.code(), Some(1), "{case:?}");
        if !case.contains_key("place_only") {
            let expected = format!("Query expression error:\n{}\n", text(case, "error"));
            assert_same(text(case, "query"), &stock.stderr, expected.as_bytes());
        }
    }
}

#[test]
fn numbers_are_read_as_the_stock_tool_reads_them() {
    if !varnish::is_here() {
        return;
    }
    let table = table("numbers.toml");
    let mut bytes = b"VSL\0".to_vec();
    for (vxid, subject) in (1..).zip(array(&table, "subjects")) {
        push(&mut bytes, Tag::VclLog, vxid, Side::Client, subject.as_str().expect("a text"));
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let program = named_as_stock(directory.path());
    let file = directory.path().join("numbers.vsl");
    std::fs::write(&file, bytes).expect("the directory is ours");
    for case in cases(&table) {
        let args = ["-r", file.to_str().expect("a path of text"), "-g", "raw", "-q"];
        let printed = compare(&program, &[&args[..], &[text(case, "query")]].concat()).stdout;
        let expected = array(&table, "subjects").iter().zip(1..).fold(
            String::new(),
            |mut out, (subject, vxid)| {
                if array(case, "v7").contains(subject) {
                    let subject = subject.as_str().expect("a text");
                    writeln!(out, "{vxid:>10} VCL_Log        c {subject}").expect("a string grows");
                }
                out
            },
        );
        assert_same(text(case, "query"), &printed, expected.as_bytes());
    }
}
