//! How the counters are drawn.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use shellac_counters::vsc::{Level, Semantics};
use shellac_render::visible;

use super::cells::{Column, Line, WIDTH, duration};
use super::state::{Place, State};
use crate::stat::dash::sample::{Point, Sample};
use crate::stat::dash::screen::{Look, Scene};
use crate::stat::dash::snapshot::State as InstanceState;
use crate::stat::dash::spark::{self, spark};

/// Columns of a name at least.
const NAME_LEAST: usize = 24;
/// Columns of all values.
const VALUES: usize = 6 * WIDTH;
/// The terminal has room for all values and the shortest names.
const ROOMY: usize = NAME_LEAST + VALUES;
/// From so many columns on hit rates are shown, so far before the right edge.
const HIT_RATE_FROM: u16 = 70;
const HIT_RATE_WIDTH: u16 = 37;
/// Fewest lines of counters.
const LINES_LEAST: u16 = 3;
/// Fewest and most columns of a history.
const SPARK_LEAST: usize = 12;
const SPARK_MOST: usize = 60;

/// Where things are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    status: Rect,
    bar: Rect,
    pub(super) points: Rect,
    /// Lines of counters; more than are seen when not even the fewest fit.
    pub(super) page: usize,
    bottom: Rect,
    info: Rect,
}

/// Divides the screen: two bars, lines of status above, what the current counter is below.
pub(super) fn parts(area: Rect, stock: bool) -> Parts {
    let info = if stock { 3 } else { 4 };
    let others = 3 + 1 + 1;
    let info = if area.height < others + info + LINES_LEAST { 0 } else { info };
    let points = area.height.saturating_sub(others + info).max(LINES_LEAST);
    let mut top = area.y;
    let mut take = |height: u16| {
        let part = Rect { y: top, height, ..area }.intersection(area);
        top = top.saturating_add(height);
        part
    };
    Parts {
        status: take(3),
        bar: take(1),
        points: take(points),
        page: usize::from(points),
        bottom: take(1),
        info: take(info),
    }
}

/// How wide the parts of a line are.
#[derive(Clone, Copy, Debug)]
struct Widths {
    name: usize,
    spark: usize,
}

/// Draws the screen.
pub(super) fn draw(
    state: &State,
    scene: &Scene<'_>,
    frame: &mut Frame<'_>,
    area: Rect,
    look: Look,
) {
    let sample = &scene.now.counters;
    let parts = parts(area, look.stock);
    let rows = state.rows(sample);
    let place = state.place(sample, &rows, parts.page);
    let shown: Vec<usize> = rows.iter().skip(place.top).take(parts.page).copied().collect();
    let buffer = frame.buffer_mut();
    draw_status(state, scene, rows.len(), buffer, parts.status, look);
    let widths = widths(state, sample, &shown, parts.points.width, look);
    draw_bar(state, place, buffer, parts.bar, widths);
    draw_points(state, scene, &shown, place, buffer, parts.points, widths, look);
    draw_bottom(state, sample, &rows, place, buffer, parts.bottom, parts.page, look);
    draw_info(scene, &rows, place, buffer, parts.info, look);
}

/// Writes at a column of a part, and not beyond it.
fn put(buffer: &mut Buffer, part: Rect, row: u16, column: usize, text: &str, style: Style) {
    let Ok(column) = u16::try_from(column) else { return };
    if row < part.height && column < part.width {
        let room = usize::from(part.width - column);
        buffer.set_stringn(part.x + column, part.y + row, text, room, style);
    }
}

fn draw_status(
    state: &State,
    scene: &Scene<'_>,
    shown: usize,
    buffer: &mut Buffer,
    part: Rect,
    look: Look,
) {
    let instance = &scene.now.instance;
    let sample = &scene.now.counters;
    let lines = [
        ("Uptime mgt:   ", instance.has_manager(), sample.manager_uptime),
        ("Uptime child: ", instance.has_worker(), sample.worker_uptime),
    ];
    for (row, (title, runs, seconds)) in (0..).zip(lines) {
        put(buffer, part, row, 0, title, Style::new());
        let (text, style) = if is_file(scene) {
            ("not recorded".to_owned(), look.quiet())
        } else if runs {
            (duration(seconds), Style::new())
        } else {
            ("  Not Running".to_owned(), look.bad().add_modifier(Modifier::REVERSED))
        };
        put(buffer, part, row, title.len(), &text, style);
    }
    // A proxy without a cache has no hit rate; varnishstat says 0.
    let has_cache = sample.hit_rate.moments[0] > 0;
    if part.width > HIT_RATE_FROM && (look.stock || has_cache) {
        let column = usize::from(part.width - HIT_RATE_WIDTH);
        let [a, b, c] = sample.hit_rate.moments;
        let [x, y, z] = sample.hit_rate.means;
        let moments = format!("Hitrate n: {a:8} {b:8} {c:8}");
        let means = format!("   avg(n): {x:8.4} {y:8.4} {z:8.4}");
        put(buffer, part, 0, column, &moments, Style::new());
        put(buffer, part, 1, column, &means, Style::new());
    }
    let (text, style) = third_line(state, scene, shown, look);
    put(buffer, part, 2, 0, &text, style);
    if state.find.is_typed {
        let cursor = 1 + state.find.text.chars().count();
        put(buffer, part, 2, cursor, " ", Style::new().add_modifier(Modifier::REVERSED));
    }
}

/// There is no process behind it.
fn is_file(scene: &Scene<'_>) -> bool {
    let instance = &scene.now.instance;
    instance.has_manager() && instance.manager.is_none()
}

/// What there is to say: what is typed, what is said, what is wrong, what is filtered and marked.
fn third_line(state: &State, scene: &Scene<'_>, shown: usize, look: Look) -> (String, Style) {
    let plain = Style::new();
    let sample = &scene.now.counters;
    let hidden = || match state.hidden_matches(sample) {
        0 => String::new(),
        hidden => format!("; {hidden} hidden (d, v)"),
    };
    let find = &state.find;
    if find.is_typed {
        return (format!("/{}    {shown} of {}{}", find.text, sample.asked(), hidden()), plain);
    }
    if look.stock {
        let said = scene.said.unwrap_or("Press <h> to toggle help screen");
        return (said.to_owned(), plain);
    }
    if let InstanceState::Missing(why) = &scene.now.instance.state {
        return (why.clone(), look.bad());
    }
    let mut parts = Vec::new();
    if !find.text.is_empty() {
        let (text, all) = (&find.text, sample.asked());
        parts.push(format!("Filter {text}: {shown} of {all}{} <ESC> ends", hidden()));
    }
    if let Some(mark) = &state.mark {
        let passed = scene.now.at.mono.saturating_sub(mark.at.mono) / 1_000_000;
        parts.push(format!("Mark {}, {passed} s ago", look.time(mark.at.unix)));
    }
    if is_file(scene) {
        parts.push("A log has no counters".to_owned());
    } else if sample.asked() == 0 && scene.now.instance.has_manager() {
        let matches = if state.filtered { " that -f, -I and -X want" } else { "" };
        parts.push(format!("This instance publishes no counters{matches}"));
    }
    (parts.join("   "), plain)
}

fn widths(state: &State, sample: &Sample, shown: &[usize], columns: u16, look: Look) -> Widths {
    let columns = usize::from(columns);
    let stock = if columns > ROOMY { columns - VALUES } else { NAME_LEAST };
    let values = WIDTH * Column::all(state.mark.is_some()).len();
    if look.stock || columns < NAME_LEAST + values + SPARK_LEAST {
        let name = if look.stock || state.mark.is_none() {
            stock
        } else {
            columns.saturating_sub(values).max(NAME_LEAST)
        };
        return Widths { name, spark: 0 };
    }
    // The longest of all and not of this page, so that nothing moves when it is turned.
    let longest = state.rows(sample);
    let longest = if longest.is_empty() { shown } else { &longest };
    let names = longest.iter().filter_map(|&at| sample.get(at));
    let wanted = names.map(|(point, _)| point.name.len() + 2).max().unwrap_or(NAME_LEAST);
    let most = columns - values - SPARK_LEAST;
    let name = wanted.clamp(NAME_LEAST, most.max(NAME_LEAST));
    Widths { name, spark: (columns - values - name).saturating_sub(2).min(SPARK_MOST) }
}

fn draw_bar(state: &State, place: Place, buffer: &mut Buffer, part: Rect, widths: Widths) {
    let style = Style::new().add_modifier(Modifier::REVERSED);
    buffer.set_style(part, style);
    if place.top > 0 {
        put(buffer, part, 0, 0, "^^^", style);
    }
    put(buffer, part, 0, 4, "NAME", style);
    for (start, _, column) in columns(state, usize::from(part.width), widths) {
        put(buffer, part, 0, start, &format!(" {:>12}", column.title()), style);
    }
    if widths.spark > 0 {
        let start = usize::from(part.width) - widths.spark;
        put(buffer, part, 0, start, "HISTORY", style);
    }
}

/// Where each column begins, its number, and which it is; those that fit.
fn columns(state: &State, width: usize, widths: Widths) -> Vec<(usize, usize, Column)> {
    let room = width.saturating_sub(widths.name) / WIDTH;
    let columns = Column::all(state.mark.is_some());
    let columns = columns.into_iter().take(room).enumerate();
    columns.map(|(at, column)| (widths.name + WIDTH * at, at, column)).collect()
}

#[allow(clippy::too_many_arguments, reason = "what is drawn, where, and how")]
fn draw_points(
    state: &State,
    scene: &Scene<'_>,
    shown: &[usize],
    place: Place,
    buffer: &mut Buffer,
    part: Rect,
    widths: Widths,
    look: Look,
) {
    let sample = &scene.now.counters;
    let columns = columns(state, usize::from(part.width), widths);
    let histories =
        if widths.spark > 0 { spark::histories(scene, shown, widths.spark) } else { Vec::new() };
    for (row, &at) in shown.iter().enumerate() {
        let Some((point, reading)) = sample.get(at) else { continue };
        let Ok(line) = u16::try_from(row) else { break };
        let mut style = Style::new();
        if place.top + row == place.current {
            style = style.add_modifier(Modifier::BOLD);
            if !look.stock {
                buffer.set_style(Rect { y: part.y + line, height: 1, ..part }, style);
            }
        }
        let pin = if state.is_pinned(point) { "*" } else { "" };
        let name = fitting(&format!("{pin}{}", visible(point.name.as_bytes())), widths.name, look);
        put(buffer, part, line, 0, &name, style);
        let cells = Line { point, reading, uptime: sample.worker_uptime, state };
        for &(start, number, column) in &columns {
            put(buffer, part, line, start, &cells.cell(column, number), style);
        }
        if let Some(history) = histories.get(row) {
            let text = spark(history, widths.spark, look);
            let start = usize::from(part.width) - widths.spark;
            put(buffer, part, line, start, &text, look.quiet());
        }
    }
}

/// A name that fits. Of a longer one its beginning; here also its end, in which names of one configuration differ.
fn fitting(name: &str, width: usize, look: Look) -> String {
    let len = name.chars().count();
    if len <= width {
        return name.to_owned();
    }
    let end = if look.stock { 0 } else { width * 2 / 3 };
    let start: String = name.chars().take(width.saturating_sub(3 + end)).collect();
    let end: String = name.chars().skip(len - end).collect();
    format!("{start}...{end}")
}

#[allow(clippy::too_many_arguments, reason = "what is drawn, where, and how")]
fn draw_bottom(
    state: &State,
    sample: &Sample,
    rows: &[usize],
    place: Place,
    buffer: &mut Buffer,
    part: Rect,
    page: usize,
    look: Look,
) {
    let style = Style::new().add_modifier(Modifier::REVERSED);
    buffer.set_style(part, style);
    let last = (place.top + page).min(rows.len());
    if last < rows.len() {
        put(buffer, part, 0, 0, "vvv", style);
    }
    if let Some(point) = described(rows, place, sample, look) {
        put(buffer, part, 0, 4, &visible(point.name.as_bytes()), style);
    }
    let label = match state.level(sample) {
        Level::Info => "INFO",
        Level::Diag => "DIAG",
        Level::Debug => "DEBUG",
    };
    let first = if rows.is_empty() { 0 } else { place.top + 1 };
    let mut words = vec![format!("{first}-{last}/{}", rows.len()), label.to_owned()];
    if state.unseen {
        words.push("UNSEEN".to_owned());
    }
    if state.raw {
        words.push("RAW".to_owned());
    }
    // Where there is no room for all of it the name shows through between them.
    let mut end = usize::from(part.width);
    for word in words {
        let start = end.saturating_sub(word.len());
        put(buffer, part, 0, start, &word, style);
        end = start.saturating_sub(2);
    }
}

/// The counter that is told of. In stock look the last one never is.
fn described<'a>(
    rows: &[usize],
    place: Place,
    sample: &'a Sample,
    look: Look,
) -> Option<&'a Point> {
    if look.stock && place.current + 1 >= rows.len() {
        return None;
    }
    sample.get(*rows.get(place.current)?).map(|(point, _)| point)
}

fn draw_info(
    scene: &Scene<'_>,
    rows: &[usize],
    place: Place,
    buffer: &mut Buffer,
    part: Rect,
    look: Look,
) {
    let sample = &scene.now.counters;
    let Some(point) = described(rows, place, sample, look) else { return };
    put(buffer, part, 0, 0, &format!("{}:", point.short), Style::new());
    let texts = if look.stock { part.height } else { part.height.saturating_sub(1) };
    let mut row = 1;
    for line in point.long.iter() {
        // As a terminal breaks lines: anywhere.
        let letters: Vec<char> = line.chars().collect();
        for piece in letters.chunks(usize::from(part.width).max(1)) {
            if row >= texts {
                break;
            }
            put(buffer, part, row, 0, &piece.iter().collect::<String>(), Style::new());
            row += 1;
        }
    }
    if look.stock || part.height == 0 {
        return;
    }
    let what = match point.semantics {
        Semantics::Counter => "Change",
        Semantics::Gauge => "Value",
        Semantics::Bitmap | Semantics::Unknown => return,
    };
    let wide = usize::from(part.width).saturating_sub(40).min(SPARK_MOST);
    let Some(&at) = rows.get(place.current) else { return };
    let histories = spark::histories(scene, &[at], wide);
    let Some(history) = histories.first() else { return };
    let (least, most) = spark::range(history);
    let text = format!("{what} {}", spark(history, wide, look).trim_start());
    let numbers = match (least, most) {
        (Some(least), Some(most)) => format!("  least {} most {}", number(least), number(most)),
        _ => String::new(),
    };
    put(buffer, part, part.height - 1, 0, &format!("{text}{numbers}"), look.quiet());
}

/// A number in few columns.
fn number(value: f64) -> String {
    if value.abs() >= 1e6 { format!("{value:.2e}") } else { format!("{value:.2}") }
}
