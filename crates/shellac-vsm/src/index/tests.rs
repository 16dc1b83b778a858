use proptest::prelude::*;

use super::*;

fn parse(text: &[u8]) -> Vec<Result<Line, BadLine>> {
    IndexParser::default().push(text)
}

fn entry(file: &str, offset: u64, len_bytes: u64, class: &str, ident: &str) -> Entry {
    Entry {
        file: file.to_owned(),
        offset,
        len_bytes,
        class: class.to_owned(),
        ident: ident.to_owned(),
    }
}

#[test]
fn lines_of_real_directories() {
    let text = b"# 28240 1795305618\n\
        + _.Arg.56232b789317394a 0 8 Arg -i\n\
        + _.Params.b3472fe9e2b901e1 0 672 Params \n\
        + _.VSC_cluster.6f4e7988af78c8c6 0 4096  \n\
        + _.VSC_cluster.6f4e7988af78c8c6 16 184 Stat VBE.boot.default\n\
        - _.Params.b3472fe9e2b901e1 0 672 Params \n";
    let expected = [
        Line::Header(Header { pid: 28240, started_unix: 1_795_305_618 }),
        Line::Add(entry("_.Arg.56232b789317394a", 0, 8, "Arg", "-i")),
        Line::Add(entry("_.Params.b3472fe9e2b901e1", 0, 672, "Params", "")),
        Line::Add(entry("_.VSC_cluster.6f4e7988af78c8c6", 0, 4096, "", "")),
        Line::Add(entry("_.VSC_cluster.6f4e7988af78c8c6", 16, 184, "Stat", "VBE.boot.default")),
        Line::Remove(entry("_.Params.b3472fe9e2b901e1", 0, 672, "Params", "")),
    ];
    assert_eq!(parse(text), expected.map(Ok));
}

#[test]
fn what_is_written_is_what_varnish_writes() {
    assert_eq!(entry("_.Params.1", 0, 672, "Params", "").to_string(), "_.Params.1 0 672 Params ");
    assert_eq!(entry("_.VSC_cluster.1", 0, 4096, "", "").to_string(), "_.VSC_cluster.1 0 4096  ");
}

#[test]
fn bad_lines_are_told_and_skipped() {
    let cases: &[(&str, &str)] = &[
        ("x", "does not begin with"),
        ("# 1", "a header needs"),
        ("# 1 2 3", "a header needs"),
        ("# 0 2", "not a pid"),
        ("# -1 2", "not a pid"),
        ("# 99999999999 2", "not a pid"),
        ("# 1 x", "not a number of seconds"),
        ("+ f 0", "3 to 5 fields"),
        ("+ f 0 8 a b c", "3 to 5 fields"),
        ("+ ../../etc/passwd 0 8 Log Log", "not a name inside"),
        ("+ /etc/passwd 0 8 Log Log", "not a name inside"),
        ("+ .. 0 8 Log Log", "not a name inside"),
        ("+ . 0 8 Log Log", "not a name inside"),
        ("+ \"\" 0 8 Log Log", "not a name inside"),
        ("+ a\\x00b 0 8 Log Log", "not a name inside"),
        ("+ a\\x2fb 0 8 Log Log", "not a name inside"),
        ("+ f -1 8 Log Log", "offset is not a number"),
        ("+ f +1 8 Log Log", "offset is not a number"),
        ("+ f 0 0x8 Log Log", "length is not a number"),
        ("+ f 0 99999999999999999999 Log Log", "length is not a number"),
        ("+ f 16 18446744073709551615 Log Log", "beyond any file"),
        ("+ f 0 9223372036854775808 Log Log", "beyond any file"),
        ("+ f 16 8", "a cluster does not begin"),
        ("+ f 0 8 \"\" x", "the class is empty"),
        ("+ f 0 8 \"Log Log", "a quote is not closed"),
        ("+ f 0 8 \"Log\"Log", "follows a closing quote"),
        ("+ f 0 8 Log \\q", "without a known escape"),
        ("+ f 0 8 Log \\xff", "else than UTF-8"),
    ];
    for (line, reason) in cases {
        let text = format!("# 1 2\n{line}\n+ f 0 8 Log Log\n");
        let found = parse(text.as_bytes());
        let [Ok(Line::Header(_)), Err(bad), Ok(Line::Add(_))] = found.as_slice() else {
            panic!("{line}: {found:?}")
        };
        assert_eq!(bad.line_no, 2);
        assert!(bad.reason.contains(reason), "{line}: {}", bad.reason);
        assert_eq!(bad.text, *line);
    }
    let long = [b"+ f 0 8 Log ".as_slice(), &[b'x'; LINE_BYTES_MOST], b"\n# 1 2\n"].concat();
    assert!(
        matches!(&parse(&long)[..], [Err(bad), Ok(Line::Header(_))] if bad.reason.contains("longer"))
    );
    assert!(matches!(&parse(b"\xff\xfe\n")[..], [Err(bad)] if bad.reason == "not UTF-8"));
}

#[test]
fn a_carriage_return_ends_a_line_and_counts_once() {
    let found = parse(b"# 1 2\r\n# 1 2\rx\n");
    assert!(matches!(&found[..], [Ok(_), Ok(_), Err(bad)] if bad.line_no == 4), "{found:?}");
    assert!(parse(b"\n\r\n").is_empty());
}

/// What a reader thinks after the whole text.
fn apply(lines: Vec<Result<Line, BadLine>>) -> Vec<Entry> {
    let mut live = Vec::new();
    for line in lines {
        match line.expect("the writer writes no bad line") {
            Line::Header(_) => live.clear(),
            Line::Add(entry) => live.push(entry),
            Line::Remove(entry) => live.retain(|other| *other != entry),
        }
    }
    live
}

#[test]
fn removals_are_lines_until_there_are_too_many() {
    let mut writer = IndexWriter::new(Header { pid: 7, started_unix: 9 });
    for at in 0..40 {
        assert_eq!(
            writer.add(entry(&format!("f{at}"), 0, 8, "Stat", "")),
            Change::Append(format!("+ f{at} 0 8 Stat \n"))
        );
    }
    // With 40 - n left, n lines are few as long as n < 10 or 2 n < 40 - n - 1.
    for at in 0..13 {
        assert_eq!(
            writer.remove(&format!("f{at}"), 0),
            Some(Change::Append(format!("- f{at} 0 8 Stat \n"))),
            "{at}"
        );
    }
    let Some(Change::Replace(text)) = writer.remove("f13", 0) else {
        panic!("should be written anew")
    };
    assert!(text.starts_with("# 7 9\n+ f14 0 8 Stat \n"));
    assert_eq!(apply(parse(text.as_bytes())), writer.live());
    assert!(matches!(writer.remove("f14", 0), Some(Change::Append(_))), "counting begins again");
    assert_eq!(writer.remove("f14", 0), None);
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let name = "[!-.0-9a-zA-Z_]{1,20}".prop_filter("quotes and dots", |name| {
        !name.contains(['"', '\\']) && !name.starts_with('.')
    });
    (name, 0_u64..1 << 40, 0_u64..1 << 40, ".{1,12}", ".{0,12}").prop_map(
        |(file, offset, len_bytes, class, ident)| Entry { file, offset, len_bytes, class, ident },
    )
}

proptest! {
    #[test]
    fn an_entry_comes_back(entry in any_entry()) {
        prop_assert_eq!(parse(format!("+ {entry}\n").as_bytes()), vec![Ok(Line::Add(entry))]);
    }

    #[test]
    fn no_text_is_a_panic_and_pieces_do_not_matter(text in prop::collection::vec(prop_oneof![
        Just(b'\n'), Just(b'\r'), Just(b' '), Just(b'+'), Just(b'-'), Just(b'#'), Just(b'"'), Just(b'\\'), Just(b'0'), any::<u8>()
    ], 0..400), cuts in prop::collection::vec(0_usize..400, 0..6)) {
        let whole = parse(&text);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).chain([0, text.len()]).collect();
        cuts.sort_unstable();
        let mut parser = IndexParser::default();
        let pieces: Vec<_> = cuts.windows(2).flat_map(|cut| parser.push(&text[cut[0]..cut[1]])).collect();
        prop_assert_eq!(whole, pieces);
    }

    #[test]
    fn a_reader_of_the_changes_knows_the_live_segments(steps in prop::collection::vec((any::<bool>(), 0_usize..64), 0..200)) {
        let mut writer = IndexWriter::new(Header { pid: 7, started_unix: 9 });
        let mut file = writer.text();
        for (number, (add, at)) in steps.into_iter().enumerate() {
            let change = if add || writer.live().is_empty() {
                Some(writer.add(entry(&format!("f{number}"), 0, 8, "Stat", "x y")))
            } else {
                let name = writer.live()[at % writer.live().len()].file.clone();
                writer.remove(&name, 0)
            };
            match change {
                Some(Change::Append(lines)) => file.push_str(&lines),
                Some(Change::Replace(text)) => file = text,
                None => prop_assert!(false, "a live segment can be removed"),
            }
            prop_assert_eq!(apply(parse(file.as_bytes())), writer.live());
        }
    }
}
