//! Tables, read back by the library that wrote them and by DuckDB.

use std::fs::File;
use std::path::Path;
use std::process::Command;

use parquet::basic::Compression;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Row, RowAccessor};

use super::{Captures, output, said};
use crate::support::skip::{said_skipped, skipped};

/// The rows of a file.
pub(super) fn rows(path: &Path) -> Vec<Row> {
    let reader = SerializedFileReader::new(File::open(path).unwrap()).expect("it is a table");
    for group in reader.metadata().row_groups() {
        for column in group.columns() {
            assert!(matches!(column.compression(), Compression::ZSTD(_)), "{column:?}");
        }
    }
    let rows = reader.get_row_iter(None).expect("it has rows");
    rows.map(|row| row.expect("a whole row")).collect()
}

/// The place of a column.
pub(super) fn at(row: &Row, name: &str) -> usize {
    row.get_column_iter().position(|(it, _)| it == name).expect("the table has it")
}

pub(super) fn text(row: &Row, name: &str) -> Option<String> {
    row.get_string(at(row, name)).ok().cloned()
}

#[test]
fn requests_and_attempts_are_rows() {
    let captures = Captures::unpack();
    let directory = tempfile::tempdir().unwrap();
    let table = directory.path().join("out.parquet");
    std::fs::write(&table, "of another time").unwrap();
    let path = captures.path("restart-then-retry");
    let said = said(&["parquet", "-o", table.to_str().unwrap(), "-r", &path]);
    let rows = rows(&table);
    assert!(said.contains(&format!("{} rows", rows.len())), "{said}");
    let of = |kind: &str| {
        rows.iter().filter(|it| text(it, "type").as_deref() == Some(kind)).collect::<Vec<_>>()
    };
    let (requests, attempts) = (of("request"), of("attempt"));
    assert_eq!(requests.len() + attempts.len(), rows.len());
    let number = |row: &Row, name: &str| row.get_long(at(row, name)).ok();
    for row in &rows {
        assert_eq!(text(row, "file"), Some(path.clone()));
        assert_eq!(row.get_bool(at(row, "complete")).ok(), Some(true));
        assert!(row.get_timestamp_micros(at(row, "time")).unwrap() > 1_500_000_000_000_000);
        let request = number(row, "request").expect("each belongs to one");
        assert!(requests.iter().any(|it| number(it, "vxid") == Some(request)), "{row}");
    }
    let failed: Vec<&&Row> = attempts
        .iter()
        .filter(|it| it.get_bool(at(it, "failed")).is_ok_and(|failed| failed))
        .collect();
    assert_eq!(failed.len(), 1);
    for row in failed {
        assert!(text(row, "class").is_some() && text(row, "backend").is_some(), "{row}");
        assert!(row.get_int(at(row, "attempt")).unwrap() >= 1);
        assert_eq!(row.get_list(at(row, "errors")).unwrap().len(), 2, "{row}");
    }
    let left = std::fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(left, 1, "nothing lies beside it");
}

#[test]
fn a_file_that_cannot_be_read_does_not_cost_the_others_and_one_that_is_there_stays() {
    let captures = Captures::unpack();
    let directory = tempfile::tempdir().unwrap();
    let (table, odd) = (directory.path().join("out.parquet"), directory.path().join("odd.vsl"));
    std::fs::write(&odd, "no log").unwrap();
    let path = captures.path("restart-then-retry");
    let (table_text, odd) = (table.to_str().unwrap(), odd.to_str().unwrap());
    let both = output(&["parquet", "-o", table_text, "-r", odd, "-r", &path]);
    assert_eq!(both.status.code(), Some(1));
    let before = rows(&table).len();
    assert!(before > 0);
    let nowhere = directory.path().join("none/out.parquet");
    let refused = output(&["parquet", "-o", nowhere.to_str().unwrap(), "-r", &path]);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("cannot write to"), "{said}");
    let missing = output(&["parquet", "-o", table_text, "-r", "/nonexistent.vsl"]);
    assert!(!missing.status.success());
    assert_eq!(rows(&table).len(), before, "it is left as it was");
    let none = output(&["parquet", "-o", table_text, "-r", &path, "-q", "RespStatus == 999"]);
    assert!(none.status.success());
    assert_eq!(rows(&table).len(), 0);
}

/// A Python that has DuckDB.
pub(crate) fn python() -> Option<String> {
    let named = std::env::var("SHELLAC_DUCKDB_PYTHON").ok();
    let python = named.unwrap_or_else(|| "python3".to_owned());
    let has = Command::new(&python).args(["-c", "import duckdb"]).output();
    has.is_ok_and(|output| output.status.success()).then_some(python)
}

/// Says why a test ends that needs it. Where it was looked for and its registry did not answer, it is not asked for.
pub(crate) fn without_duckdb() {
    match std::env::var("SHELLAC_DUCKDB_PYTHON") {
        Ok(named) if named == "unreachable" => {
            said_skipped("the registry that has DuckDB could not be reached")
        }
        _ => skipped("DuckDB for Python is not installed"),
    }
}

/// The question of docs/export.md.
const QUESTION: &str = "\
SELECT date_trunc('minute', time) AS minute, backend, class, count(*) AS failures
FROM read_parquet($1) WHERE type = 'attempt' AND failed
GROUP BY ALL ORDER BY minute, failures DESC, backend, class";

#[test]
fn what_is_no_file_is_not_replaced_by_a_table() {
    let captures = Captures::unpack();
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    for to in [socket.to_str().unwrap(), "/dev/stdout", "-"] {
        let args = ["parquet", "-o", to, "-r", &captures.path("restart-then-retry")];
        let output = output(&args);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(&format!("-o {to}: a table needs a file")), "{said}");
    }
    assert!(!std::fs::metadata(&socket).unwrap().is_file());
}

#[test]
fn duckdb_says_which_backend_failed_in_which_minute() {
    let Some(python) = python() else {
        return without_duckdb();
    };
    let captures = Captures::unpack();
    let directory = tempfile::tempdir().unwrap();
    let table = directory.path().join("out.parquet");
    let table_text = table.to_str().unwrap();
    said(&["parquet", "-o", table_text, "-r", captures.0.path().to_str().unwrap()]);
    let program = "\
import duckdb, sys
c = duckdb.connect()
# Moments with a zone need another package in Python, texts do not.
question = 'SELECT minute::VARCHAR, backend, class, failures FROM (' + sys.argv[2] + ')'
for row in c.execute(question, [sys.argv[1]]).fetchall():
    print('|'.join(str(value) for value in row))
print('total', c.execute('SELECT count(*), count(time), sum(len(errors)) FROM read_parquet($1)', [sys.argv[1]]).fetchone())
print([str(it[1]) for it in c.execute('DESCRIBE SELECT vxid, type, time, duration, status, failed, errors FROM read_parquet($1)', [sys.argv[1]]).fetchall()])
";
    let output =
        Command::new(python).args(["-c", program, table_text, QUESTION]).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let all = rows(&table);
    let is_failed = |row: &&Row| {
        text(row, "type").as_deref() == Some("attempt")
            && row.get_bool(at(row, "failed")).is_ok_and(|failed| failed)
    };
    let failed = all.iter().filter(is_failed).count();
    let counts = said.lines().filter(|line| line.contains('|'));
    let sum: usize =
        counts.map(|line| line.rsplit('|').next().unwrap().parse::<usize>().unwrap()).sum();
    assert!(failed > 20, "{failed} attempts failed");
    assert_eq!(sum, failed, "{said}");
    let errors: usize =
        all.iter().map(|row| row.get_list(at(row, "errors")).map_or(0, |it| it.len())).sum();
    let timed = all.iter().filter(|row| row.get_timestamp_micros(at(row, "time")).is_ok()).count();
    assert!(said.contains(&format!("total ({}, {timed}, {errors})", all.len())), "{said}");
    let types = "['BIGINT', 'VARCHAR', 'TIMESTAMP WITH TIME ZONE', 'DOUBLE', 'INTEGER', 'BOOLEAN', 'VARCHAR[]']";
    assert!(said.contains(types), "{said}");
}
