use super::here_document;

#[test]
fn a_here_document_begins_behind_two_marks_at_the_end_of_a_command() {
    for (line, token) in [
        ("vcl.inline x << END", Some("END")),
        ("vcl.inline x <<  END ", Some("END")),
        ("vcl.inline x <<END", None),
        ("<< END", None),
        ("vcl.inline x << END more", None),
        ("ping", None),
        ("", None),
    ] {
        assert_eq!(here_document(line).as_deref(), token, "{line}");
    }
}
