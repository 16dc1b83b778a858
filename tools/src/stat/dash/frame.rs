//! What is around every screen: the row of names on top, the last line, the help.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph};

use super::app::App;
use super::counters;
use super::screen::{HelpLine, Look, Scene};
use super::snapshot::State;

/// Keys that every screen has.
const HELP: &[HelpLine] = &[
    ("<h> or <?>", "Open and close this help."),
    ("<1> to <4> or <F1> to <F4> or <TAB>", "Show another screen."),
    ("<p>", "Pause, and go on. What happens meanwhile is not lost."),
    (
        "<LEFT>, <RIGHT>, <[>, <]>",
        "Step back and forth in time, by one moment or by ten. As many moments are kept as fit in 64 MiB, an hour at most.",
    ),
    ("<y>", "Copy what is shown to the clipboard of the terminal (OSC 52), also from within tmux."),
    ("<w>", "Write what is shown to a file: text, or JSON when its name ends in .json."),
    ("<CTRL-T>", "Look at the instance now."),
    ("<+> and <->", "Look less and more often, by a tenth of a second."),
    ("<CTRL-L>", "Draw everything anew."),
    ("<CTRL-Z>", "Stop until the shell calls it back."),
    ("<q>", "Quit."),
];
/// Columns that the text of the help is moved in by.
const INDENT: usize = 4;
/// Widest text of the help.
const HELP_WIDTH: usize = 76;
/// Widest text of the bindings, behind a tab.
const BINDINGS_WIDTH: usize = 64;
/// Fewest columns in which a longer name is worth showing.
const NAME_LEAST: usize = 8;
/// Rows of varnishstat's status and of a bar, which stays empty, above its help; and of what stays empty below.
const STOCK_ABOVE: u16 = 4;
const STOCK_BELOW: u16 = 4;

/// Where things are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) names: Rect,
    pub(super) screen: Rect,
    pub(super) last: Rect,
}

/// Divides the terminal. In stock look the screen has all of it.
pub(super) fn parts(area: Rect, look: Look) -> Parts {
    let none = Rect { height: 0, ..area };
    if look.stock || area.height < 3 {
        return Parts { names: none, screen: area, last: none };
    }
    Parts {
        names: Rect { height: 1, ..area },
        screen: Rect { y: area.y + 1, height: area.height - 2, ..area },
        last: Rect { y: area.y + area.height - 1, height: 1, ..area },
    }
}

/// Draws everything.
pub(crate) fn draw(app: &App, frame: &mut Frame<'_>) {
    let area = frame.area();
    let Some(scene) = app.scene() else { return };
    let parts = parts(area, app.look);
    if let Some(screen) = app.screen() {
        screen.draw(&scene, frame, parts.screen, app.look);
    }
    if let Some(scroll) = app.help() {
        if app.look.stock {
            let below = Rect { y: area.y + 3, height: area.height.saturating_sub(3), ..area };
            frame.render_widget(Clear, below.intersection(area));
        }
        let area = help_area(area, app.look);
        frame.render_widget(Clear, area);
        let lines = help_lines(app, area);
        let scroll = u16::try_from(scroll).unwrap_or(u16::MAX);
        frame.render_widget(Paragraph::new(lines).scroll((scroll, 0)), area);
    }
    draw_names(app, &scene, frame, parts.names);
    draw_last(app, frame, if app.look.stock { stock_prompt(area) } else { parts.last });
}

fn draw_names(app: &App, scene: &Scene<'_>, frame: &mut Frame<'_>, area: Rect) {
    let (names, current) = app.names();
    let mut left = vec![Span::raw(" ")];
    for (at, name) in names.iter().enumerate() {
        let style = if at == current {
            Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED)
        } else {
            Style::new()
        };
        left.push(Span::styled(format!(" {} {name} ", at + 1), style));
    }
    let left = Line::from(left);
    let used = left.width();
    frame.render_widget(left, area);
    let mut spans = where_and_when(app, scene);
    let room = usize::from(area.width).saturating_sub(used + 2);
    // What is in flight gives way first, as a screen says it as well; the time stays.
    while spans.len() > 1 && width(&spans) > room {
        spans.remove(0);
    }
    let name = &scene.now.instance.name;
    let left = room.saturating_sub(width(&spans) + 2);
    if !name.is_empty() && left >= NAME_LEAST.min(name.len()) {
        spans.insert(0, Span::raw(format!("{}  ", ending(name, left))));
    }
    let wide = u16::try_from(width(&spans)).unwrap_or(u16::MAX).min(area.width);
    let at = Rect { x: area.x + area.width - wide, width: wide, ..area };
    frame.render_widget(Line::from(spans), at);
}

/// A name in so many columns: of a longer one its end, in which paths differ.
fn ending(name: &str, columns: usize) -> String {
    let len = name.chars().count();
    if len <= columns {
        return name.to_owned();
    }
    let end: String = name.chars().skip(len - columns.saturating_sub(2)).collect();
    format!("..{end}")
}

fn width(spans: &[Span<'_>]) -> usize {
    spans.iter().map(Span::width).sum()
}

fn where_and_when(app: &App, scene: &Scene<'_>) -> Vec<Span<'static>> {
    let look = app.look;
    let mut spans = Vec::new();
    match &scene.now.instance.state {
        State::Running => {
            if let Some(live) = &scene.now.live {
                spans.push(Span::raw(format!("in flight {}  ", live.requests.len())));
            }
        }
        State::NoWorker => spans.push(Span::styled("no worker  ", look.bad())),
        State::Missing(_) => spans.push(Span::styled("not there  ", look.bad())),
    }
    if app.is_paused() {
        let behind = app.latest().map_or(0, |it| it.mono.saturating_sub(scene.now.at.mono));
        let seconds = behind.div_ceil(1_000_000);
        spans.push(Span::styled(format!("PAUSED -{seconds}s  "), look.warn()));
    }
    spans.push(Span::raw(format!("{} ", look.time(scene.now.at.unix))));
    spans
}

/// Where a file's name is asked for in stock look, which has no line for it.
fn stock_prompt(area: Rect) -> Rect {
    Rect { y: area.y + 2.min(area.height.saturating_sub(1)), height: area.height.min(1), ..area }
}

fn draw_last(app: &App, frame: &mut Frame<'_>, area: Rect) {
    if let Some(path) = app.asked() {
        frame.render_widget(Clear, area);
        let room = usize::from(area.width).saturating_sub(12);
        let cut = path.chars().count().saturating_sub(room);
        let path: String = path.chars().skip(cut).collect();
        let line = Line::from(vec![
            Span::styled("Write to: ", Style::new().add_modifier(Modifier::BOLD)),
            Span::raw(path),
            Span::styled(" ", Style::new().add_modifier(Modifier::REVERSED)),
        ]);
        frame.render_widget(line, area);
        return;
    }
    if app.look.stock {
        return;
    }
    let line = match (app.said(), app.help(), app.screen()) {
        (Some(said), ..) => {
            Line::styled(format!(" {said}"), Style::new().add_modifier(Modifier::BOLD))
        }
        (None, Some(_), _) => Line::styled(" h closes the help", app.look.quiet()),
        (None, None, Some(screen)) => Line::styled(
            format!(" q quit  h help  p pause  y copy  w write  {}", screen.hint()),
            app.look.quiet(),
        ),
        (None, None, None) => Line::default(),
    };
    frame.render_widget(line, area);
}

/// Where the help is.
pub(super) fn help_area(area: Rect, look: Look) -> Rect {
    if look.stock {
        let top = STOCK_ABOVE.min(area.height);
        let below = if area.height < 12 { 1 } else { STOCK_BELOW };
        let height = (area.height - top).saturating_sub(below).max(3);
        return Rect { y: area.y + top, height, ..area }.intersection(area);
    }
    parts(area, look).screen
}

/// Lines of the help in a terminal of this size.
pub(super) fn help_len(app: &App, area: Rect) -> usize {
    help_lines(app, help_area(area, app.look)).len()
}

fn help_lines(app: &App, area: Rect) -> Vec<Line<'static>> {
    let mut lines = if app.look.stock { Vec::new() } else { vec![Line::default()] };
    let own = app.screen().map_or(&[][..], |screen| screen.help());
    let width = usize::from(area.width).saturating_sub(INDENT).min(HELP_WIDTH);
    for (keys, text) in own.iter().chain(HELP) {
        lines.push(keys_line(keys));
        lines.extend(wrapped(text, width).into_iter().map(|it| Line::raw(format!("    {it}"))));
    }
    lines
}

/// Keys and what they do, for a manual: of the only screen that there is in stock look, and of all screens.
pub(crate) fn bindings() -> String {
    let mut text = String::new();
    for (keys, does) in counters::HELP.iter().chain(HELP) {
        text.extend([*keys, "\n"]);
        wrapped(does, BINDINGS_WIDTH).iter().for_each(|line| text.extend(["\t", line, "\n"]));
        text.push('\n');
    }
    text
}

/// Keys in bold, words between them not.
fn keys_line(keys: &'static str) -> Line<'static> {
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let mut spans = Vec::new();
    let mut left = keys;
    while let Some(start) = left.find('<') {
        // `<>>` is a key, too.
        let end = left[start + 2..].find('>').map_or(left.len(), |at| start + 3 + at);
        spans.push(Span::raw(&left[..start]));
        spans.push(Span::styled(&left[start..end], bold));
        left = &left[end..];
    }
    spans.push(Span::raw(left));
    Line::from(spans)
}

/// Text in lines of at most `width` columns, broken at blanks.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_ascii_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
