use ratatui::style::{Color, Modifier, Style};

use super::lines;

#[test]
fn colours_become_styles_and_nothing_else_gets_through() {
    let found = lines("a\x1b[1;31mbad\x1b[0m end\n\x1b[2mdim\nstill\x1b[0m\x1b[2J\x1b[");
    let parts: Vec<Vec<(&str, Style)>> = found
        .iter()
        .map(|line| line.spans.iter().map(|it| (&*it.content, it.style)).collect())
        .collect();
    let plain = Style::new();
    let (bad, dim) =
        (plain.fg(Color::Red).add_modifier(Modifier::BOLD), plain.add_modifier(Modifier::DIM));
    assert_eq!(
        parts,
        [
            vec![("a", plain), ("bad", bad), (" end", plain)],
            vec![("dim", dim)],
            vec![("still", dim)],
        ]
    );
}
