use super::*;

#[test]
fn long_text_breaks_at_blanks_and_very_long_words_anywhere() {
    assert_eq!(break_at("one two three", 7), ("one two", "three"));
    assert_eq!(break_at("one two three", 8), ("one two", "three"));
    assert_eq!(break_at("abcdefgh", 3), ("abc", "defgh"));
    assert_eq!(break_at("abc", 3), ("abc", ""));
    assert_eq!(break_at("", 3), ("", ""));
}

#[test]
fn the_left_part_gives_way() {
    let mut page = Page { text: String::new(), width: 40, color: false, html: false };
    page.split(
        "> ",
        &[(Style::Bold, "GET "), (Style::Plain, &"/x".repeat(40))],
        &[(Style::Bad, "503")],
    );
    page.split("> ", &[(Style::Bold, "GET "), (Style::Plain, "/x")], &[(Style::Bad, "503")]);
    let text = page.finish();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "> GET /x/x/x/x/x/x/x/x/x/x/x/x/x...  503");
    assert_eq!(lines[1], "> GET /x                             503");
}

#[test]
fn colour_only_when_asked_for() {
    let mut page = Page::new(80, true);
    page.wrapped("", "", Style::Bad, "no");
    assert_eq!(page.finish(), "\x1b[1;31mno\x1b[0m\n");
}
