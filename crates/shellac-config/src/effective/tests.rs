use crate::{Config, Effective, ParseOptions};

/// Everything that a file can say.
const EXAMPLE: &str = include_str!("../../../../shellac.example.toml");

fn parse(text: &str) -> (Config, Effective) {
    Config::parse_effective(text, "f.toml", ParseOptions::default())
        .unwrap_or_else(|errors| panic!("{errors}\n{text}"))
}

/// The example with its commented keys made real, where they can stand beside the others.
fn everything() -> String {
    let left_out = |line: &str| {
        // These take the place of others, or need one that is commented too.
        [
            "[route.next_upstream]",
            "compat",
            "# key = \"$",
            "max_fails",
            "fail_timeout",
            "statuses = [502",
            "backoff_max",
        ]
        .iter()
        .any(|word| line.contains(word))
    };
    let mut next = false;
    let mut text = String::new();
    for line in EXAMPLE.lines() {
        next |= line.starts_with("# [route.next_upstream]");
        let real = line.strip_prefix("# ").filter(|rest| {
            !next && !left_out(line) && (rest.starts_with('[') || rest.contains(" = "))
        });
        text.push_str(real.unwrap_or(line));
        text.push('\n');
    }
    text
}

fn same_again(text: &str) -> String {
    let (config, effective) = parse(text);
    let shown = effective.to_string();
    let (again, second) = parse(&shown);
    assert_eq!(again, config, "{shown}");
    let without_origins = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.starts_with("# "));
        let lines = lines.map(|line| line.split(" # ").next().unwrap_or_default());
        lines.map(|line| line.trim_end().to_owned()).collect()
    };
    assert_eq!(without_origins(&second.to_string()), without_origins(&shown));
    shown
}

#[test]
fn what_is_shown_is_a_file_that_says_the_same() {
    same_again("[[listen]]\naddress = '127.0.0.1:0'\n[[backend]]\nname = 'b'\naddress = 'h:1'\n");
    same_again(EXAMPLE);
    let all = same_again(&everything());
    assert!(all.contains("instance = \"edge-1\""), "{all}");
    same_again(
        "node_header = 'X-N'\n[[listen]]\naddress = '127.0.0.1:0'\n[[backend]]\nname = 'b'\naddress = '127.0.0.1:1'\nmax_fails = 3\n\
         [[pool]]\nname = 'p'\nbackends = ['b']\ncompat = 'nginx'\npolicy = 'consistent_hash'\nkey = '$host'\n\
         [[route]]\nhost = 'a\\tb'\n[route.next_upstream]\non = ['http_502', 'error']\nlimit = '10s'\n\
         [[route]]\n[route.retry]\non = ['status']\nstatuses = [502]\n[timeouts]\nconnect = '1.25s'\n",
    );
}

#[test]
fn every_key_of_the_example_is_shown() {
    let shown = same_again(&everything());
    for line in everything().lines() {
        let Some((key, _)) = line.trim_start_matches("# ").split_once(" = ") else { continue };
        if key.contains(' ') || key == "backoff_max" {
            continue;
        }
        // A list of tables is shown as tables.
        let is_there = shown.contains(&format!(".{key}]]"))
            || shown
                .lines()
                .any(|line| line.trim_start_matches("# ").split(' ').next() == Some(key));
        assert!(is_there || key == "tries" || key == "limit", "{key} is not in\n{shown}");
    }
}

#[test]
fn each_value_says_where_it_comes_from() {
    let text = "[[listen]]\naddress = \"127.0.0.1:0\"\n[[backend]]\nname = \"b\"\naddress = \"127.0.0.1:1\"\nweight = 0x10\n\
                [timeouts]\nconnect = \"0.5s\"\n[log]\nsize = 33554432\n";
    let (_, mut effective) = parse(text);
    effective.set_text("instance", "host\"1", "the name of this machine");
    effective.set_number("threads", 4, "cores\nhere");
    let shown = effective.to_string();
    let line = |start: &str| {
        let line = shown.lines().find(|line| line.starts_with(start));
        line.unwrap_or_else(|| panic!("{start}: {shown}"))
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(line("weight"), "weight = 16 # f.toml:6");
    assert_eq!(line("connect_timeout"), "connect_timeout = \"500ms\" # timeouts.connect");
    assert_eq!(line("connect ="), "connect = \"0.5s\" # f.toml:8");
    assert_eq!(line("first_byte ="), "first_byte = \"60s\" # default");
    assert_eq!(line("size"), "size = 33554432 # f.toml:10");
    assert_eq!(line("[log]"), "[log] # f.toml:9");
    assert_eq!(line("[limits]"), "[limits] # default");
    assert_eq!(line("head_bytes"), "head_bytes = \"32K\" # default");
    assert_eq!(line("# node "), "# node # not set");
    assert_eq!(line("instance"), "instance = 'host\"1' # the name of this machine");
    assert_eq!(line("threads"), "threads = 4 # cores?here");
    assert_eq!(line("name = \"default\""), "name = \"default\" # default");
}
