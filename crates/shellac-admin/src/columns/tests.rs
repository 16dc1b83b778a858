use super::Columns;

fn backends(name: &str) -> String {
    let mut table = Columns::default();
    table.row(["Backend name", "Admin", "Probe", "Health", "Last change"].map(Into::into));
    table.row([name, "healthy", "0/0", "healthy", "Sun, 22 Nov 2026 09:10:59 GMT"].map(Into::into));
    table.text()
}

#[test]
fn columns_come_closer_as_a_varnishd_moves_them() {
    // What a 7.1 wrote for names of these lengths.
    let cases = [
        ("v8.bbbbbbbb", "Backend name   Admin      Probe    Health     Last change"),
        ("v12.bbbbbbbbbbbb", "Backend name      Admin     Probe   Health    Last change"),
        ("v16.bbbbbbbbbbbbbbbb", "Backend name          Admin     Probe   Health    Last change"),
        ("v18.bbbbbbbbbbbbbbbbbb", "Backend name           Admin    Probe  Health   Last change"),
        (
            "v26.bbbbbbbbbbbbbbbbbbbbbbbbbb",
            "Backend name                   Admin    Probe  Health   Last change",
        ),
    ];
    for (name, head) in cases {
        let text = backends(name);
        assert_eq!(text.lines().next(), Some(head), "{name}");
        assert!(text.lines().nth(1).unwrap().starts_with(name) && text.ends_with("GMT\n"));
    }
}

#[test]
fn details_have_no_part_in_it() {
    let mut table = Columns::default();
    table.row(["a", "b"].map(Into::into));
    table.detail(format!(" {}", "x".repeat(100)));
    table.detail("");
    table.row(["ccc", "d"].map(Into::into));
    assert_eq!(table.text(), format!("a     b\n {}\n\nccc   d\n", "x".repeat(100)));
    assert_eq!(Columns::default().text(), "");
}
