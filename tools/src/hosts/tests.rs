use std::ffi::{OsStr, OsString};

use super::merge::{array, text};
use super::{Answer, host, passed_on, quoted};

#[test]
fn words_reach_the_other_shell_as_they_are() {
    for (word, line) in [
        ("trace", "trace"),
        ("-n", "-n"),
        ("/run/shellac/x", "/run/shellac/x"),
        ("", "''"),
        ("RespStatus >= 500", "'RespStatus >= 500'"),
        ("it's $HOME `x`", "'it'\\''s $HOME `x`'"),
        ("*.api1", "'*.api1'"),
    ] {
        assert_eq!(quoted(OsStr::new(word)), line);
    }
}

#[test]
fn where_to_run_is_not_passed_on() {
    let left = |line: &str| {
        let words = passed_on(line.split(' ').map(OsString::from));
        words.join(OsStr::new(" ")).into_string().unwrap()
    };
    assert_eq!(left("trace --hosts a,b 17 --json"), "trace 17 --json");
    assert_eq!(left("trace --hosts=a --ssh=x 17 --remote /y/shellac"), "trace 17");
    assert_eq!(left("adm drain x --reason y -- --hosts z"), "adm drain x --reason y -- --hosts z");
    for bad in ["", "-oProxyCommand=x", "a b", "a\n"] {
        assert!(host(bad).is_err(), "{bad:?}");
    }
    assert_eq!(host("user@web1.example"), Ok("user@web1.example".to_owned()));
}

fn answers() -> Vec<Answer> {
    let answer = |host: &str, output: &str, status| Answer {
        host: host.to_owned(),
        output: output.to_owned(),
        status,
    };
    vec![
        answer("a", "one \u{1b}[2Jline", Ok(0)),
        answer("b", "", Err("it cannot be reached".to_owned())),
        answer("c", "{\"x\": 1}\n{\"x\": 2}\n", Ok(1)),
    ]
}

#[test]
fn answers_come_together_with_the_names_of_their_machines() {
    assert_eq!(text(&answers()), "== a\none \\x1b[2Jline\n\n== c\n{\"x\": 1}\n{\"x\": 2}\n");
    let value: serde_json::Value = serde_json::from_str(&array(&answers()).unwrap()).unwrap();
    assert!(value[0]["error"].as_str().is_some_and(|it| it.starts_with("its answer is no JSON")));
    assert_eq!(
        (&value[1]["status"], &value[1]["error"]),
        (&serde_json::Value::Null, &"it cannot be reached".into())
    );
    assert_eq!(value[2]["answers"][1]["x"], 2);
    assert_eq!(value[2]["status"], 1);
}
