use clap::{Arg, ArgAction, Command};

use super::{LINES, first_line, fitted, lines};

#[test]
fn a_line_ends_where_something_is_said() {
    let text = "Only what began at this time or later: 13:29, 13:29:05, or seconds since 1970";
    assert_eq!(first_line(text, 100), text);
    assert_eq!(first_line(text, 50), "Only what began at this time or later");
    assert_eq!(first_line("Number and side, of each record", 20), "Number and side");
    assert_eq!(first_line("One two three four", 9), "One two");
    assert_eq!(first_line("Sent with each (default: NAME, else none)", 30), "Sent with each");
    assert_eq!(first_line("Table (a or b): one of those that are known", 30), "Table (a or b)");
    assert_eq!(first_line("Wort", 2), "");
    assert_eq!(first_line("", 10), "");
}

#[test]
fn a_tool_with_many_options_keeps_those_that_are_wanted() {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg";
    let tool = (0..LETTERS.len()).fold(Command::new("x"), |tool, at| {
        let letter = &LETTERS[at..=at];
        let help = format!("What {letter} is for: {}", "it takes many words to say. ".repeat(9));
        let option = Arg::new(letter).short(letter.chars().next()).action(ArgAction::SetTrue);
        tool.arg(option.help(help))
    });
    assert!(lines(&tool) > 100);
    let tool = fitted(tool, false);
    assert!(lines(&tool) <= LINES, "{}", lines(&tool));
    let short = tool.clone().render_help().to_string();
    assert!(short.contains("-g  ") && short.contains("-c  ") && !short.contains("-Z  "), "{short}");
    assert!(tool.clone().render_long_help().to_string().contains("What Z is for: it takes"));
}
