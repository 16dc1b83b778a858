//! A view as lines of text: for a screen of so many columns and rows, or for a pipe that has neither.

use chrono::{DateTime, Local};

use super::view::{Row, Substitute, Sum, View};

/// What the lines are for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    /// Longest line; `None`: as long as it takes.
    pub(super) columns: Option<usize>,
    /// Most lines; `None`: as many as it takes.
    pub(super) rows: Option<usize>,
    pub(super) color: bool,
}

/// Backends that are summed up at most where room is limited; the others are one line.
const BACKENDS_MOST: usize = 8;
/// Columns that a request has at least when everything about it is to be on one line.
const REQUEST_LEAST: usize = 30;
/// Columns for the name of a backend where there is not room for all of it.
const BACKEND_MOST: usize = 20;
/// Columns of a summed up backend beside its name.
const SUM_REST: usize = 42;

/// The whole page.
pub(super) fn lines(view: &View, form: Form) -> Vec<String> {
    let mut page = vec![title(view, form)];
    page.extend(view.problems.iter().map(|problem| fit(problem, form.columns)));
    if let Some(why) = &view.nothing {
        page.push(fit(why, form.columns));
        return bounded(page, form.rows);
    }
    if let Some(substitute) = &view.elsewhere {
        elsewhere(substitute, form, &mut page);
        return bounded(page, form.rows);
    }
    page.extend(warnings(view).iter().map(|it| paint("33", &fit(it, form.columns), form.color)));
    if view.requests.is_empty() {
        page.push(
            if view.filtered { "nothing in flight that is asked for" } else { "nothing in flight" }
                .to_owned(),
        );
        return bounded(page, form.rows);
    }
    page.push(String::new());
    summary(view, form, &mut page);
    page.push(String::new());
    requests(view, form, &mut page);
    bounded(page, form.rows)
}

fn title(view: &View, form: Form) -> String {
    let name = if view.instance.is_empty() { &view.workdir } else { &view.instance };
    let time = i64::try_from(view.now_unix)
        .ok()
        .and_then(DateTime::from_timestamp_micros)
        .map_or_else(String::new, |at| at.with_timezone(&Local).format("%H:%M:%S").to_string());
    let mut text = format!("{name}  {time}");
    if let Some(worker) = view.worker {
        text += &format!("  worker {} up {}", worker.pid, short(worker.up));
    }
    if let Some(substitute) = &view.elsewhere {
        text += &format!("  {} sessions open", substitute.open);
    } else if view.nothing.is_none() {
        let shown = view.requests.len();
        text += &if view.filtered {
            format!("  {shown} of {} in flight", view.in_flight)
        } else {
            format!("  {shown} in flight")
        };
    }
    if let Some(oldest) = view.requests.first() {
        text += &format!(", oldest {}", short(oldest.age));
    }
    paint("1", &fit(&text, form.columns), form.color)
}

/// What makes the rest less than it seems.
fn warnings(view: &View) -> Vec<String> {
    let mut found = Vec::new();
    if view.hidden > 0 {
        found.push(format!(
            "{} more are in flight for which the scoreboard has no room",
            view.hidden
        ));
    }
    if view.unreadable > 0 {
        found.push(format!("{} could not be read whole", view.unreadable));
    }
    for (pid, count) in &view.draining {
        found.push(format!(
            "worker {pid}, whose place was taken, finishes {count} of them (marked with *)"
        ));
    }
    for thread in view.threads.iter().filter(|thread| thread.is_silent()) {
        found.push(format!(
            "thread {} has not been heard of for {}: it serves nobody meanwhile",
            thread.number,
            short(thread.silent)
        ));
    }
    found
}

/// By backend and by what is waited for.
fn summary(view: &View, form: Form, page: &mut Vec<String>) {
    let most = if form.rows.is_some() { BACKENDS_MOST } else { usize::MAX };
    let shown = &view.backends[..view.backends.len().min(most)];
    let width = shown.iter().map(|sum| name_of(&sum.backend).len()).max().unwrap_or(0);
    let room = form.columns.map_or(usize::MAX, |columns| columns.saturating_sub(SUM_REST));
    let width = width.clamp("BACKEND".len(), room.max(BACKEND_MOST));
    let head = format!("{:<width$}  IN FLIGHT   OLDEST  WAITING FOR", "BACKEND");
    page.push(paint("2", &fit(&head, form.columns), form.color));
    for sum in shown {
        page.push(fit(&sum_line(sum, width), form.columns));
    }
    let rest = &view.backends[shown.len()..];
    if !rest.is_empty() {
        let count: usize = rest.iter().map(|sum| sum.count).sum();
        page.push(fit(&format!("and {count} at {} more backends", rest.len()), form.columns));
    }
}

fn sum_line(sum: &Sum, width: usize) -> String {
    let phases: Vec<String> =
        sum.phases.iter().map(|(phase, count)| format!("{} {count}", phase.name())).collect();
    let name = shorten(name_of(&sum.backend), width);
    format!("{name:<width$}  {:>9}  {:>7}  {}", sum.count, short(sum.oldest), phases.join(", "))
}

fn name_of(backend: &str) -> &str {
    if backend.is_empty() { "(none)" } else { backend }
}

/// Widths of the columns that depend on what is in them.
struct Widths {
    xid: usize,
    backend: usize,
    client: usize,
    /// Everything about a request is on one line.
    one_line: bool,
}

impl Widths {
    fn of(rows: &[Row], columns: Option<usize>) -> Widths {
        let widest = |least: usize, len: fn(&Row) -> usize| {
            rows.iter().map(len).max().unwrap_or(0).max(least)
        };
        let mut widths = Widths {
            xid: widest(3, |row| number(row).len()),
            backend: widest(7, |row| place(row).len()),
            client: widest(6, |row| client(row).len()),
            one_line: true,
        };
        let fits = |widths: &Widths| {
            columns.is_none_or(|columns| widths.head().len() + REQUEST_LEAST <= columns)
        };
        if !fits(&widths) {
            widths.backend = widths.backend.min(BACKEND_MOST);
            widths.one_line = fits(&widths);
        }
        widths
    }

    fn head(&self) -> String {
        let Widths { xid, backend, client, one_line } = self;
        let first = format!(
            "{:>xid$}  {:>7}  {:<10}  {:>7}  {:>9}  {:<backend$}",
            "XID", "AGE", "PHASE", "SINCE", "TIMES OUT", "BACKEND"
        );
        if *one_line { format!("{first}  {:<client$}  ", "CLIENT") } else { first }
    }

    fn line(&self, row: &Row) -> String {
        let Widths { xid, backend, .. } = self;
        let number = number(row);
        let left = match row.left {
            None => "-".to_owned(),
            Some(0) => "now".to_owned(),
            Some(left) => format!("in {}", short(left)),
        };
        let name = shorten(&place(row), *backend);
        format!(
            "{number:>xid$}  {:>7}  {:<10}  {:>7}  {left:>9}  {name:<backend$}",
            short(row.age),
            row.phase.name(),
            short(row.since)
        )
    }
}

/// Its number, with a star where a worker serves it that is about to end.
fn number(row: &Row) -> String {
    let star = if row.draining.is_some() { "*" } else { "" };
    row.xid.map_or_else(|| "-".to_owned(), |xid| xid.to_string()) + star
}

/// The backend, and which attempt it is where it is not the first.
fn place(row: &Row) -> String {
    let name = if row.backend.is_empty() { "-" } else { &row.backend };
    if row.attempt > 1 { format!("{name} try {}", row.attempt) } else { name.to_owned() }
}

fn client(row: &Row) -> &str {
    row.client.as_deref().unwrap_or("-")
}

fn request(row: &Row) -> String {
    if row.method.is_empty() {
        return "-".to_owned();
    }
    format!("{} {}{}", row.method, row.url, if row.url_cut { "..." } else { "" })
}

/// The requests, oldest first, as many as there is room for.
fn requests(view: &View, form: Form, page: &mut Vec<String>) {
    let widths = Widths::of(&view.requests, form.columns);
    let per_row = if widths.one_line { 1 } else { 2 };
    let room = form.rows.map(|rows| {
        // A head before them, and a line that says how many more there are.
        let left = rows.saturating_sub(page.len() + 1);
        if view.requests.len() * per_row <= left { left } else { left.saturating_sub(1) }
    });
    let most = room.map_or(usize::MAX, |room| room / per_row);
    let head = if widths.one_line { widths.head() + "REQUEST" } else { widths.head() };
    page.push(paint("2", &fit(head.trim_end(), form.columns), form.color));
    let client_width = widths.client;
    for row in view.requests.iter().take(most) {
        let first = widths.line(row);
        if widths.one_line {
            let line = format!("{first}  {:<client_width$}  {}", client(row), request(row));
            page.push(fit(line.trim_end(), form.columns));
        } else {
            page.push(fit(first.trim_end(), form.columns));
            let indent = " ".repeat(widths.xid + 2);
            page.push(fit(&format!("{indent}{} {}", client(row), request(row)), form.columns));
        }
    }
    let more = view.requests.len().saturating_sub(most);
    if more > 0 {
        page.push(fit(&format!("and {more} more, all younger"), form.columns));
    }
}

/// What there is in place of a scoreboard.
fn elsewhere(substitute: &Substitute, form: Form, page: &mut Vec<String>) {
    let say = |text: &str| fit(text, form.columns);
    let head = |text: &str| paint("2", &fit(text, form.columns), form.color);
    page.push(say("This proxy has no scoreboard: where a request hangs is not published."));
    page.push(say("Its open sessions (from the log) and connections (from its counters) instead."));
    page.extend(substitute.remarks.iter().map(|it| paint("33", &say(it), form.color)));
    page.push(String::new());
    let most = if form.rows.is_some() { BACKENDS_MOST } else { usize::MAX };
    let shown = &substitute.connections[..substitute.connections.len().min(most)];
    let width = shown.iter().map(|(name, _)| name.len()).max().unwrap_or(0).max(7);
    page.push(head(&format!("{:<width$}  CONNECTIONS IN USE", "BACKEND")));
    page.extend(shown.iter().map(|(name, count)| say(&format!("{name:<width$}  {count:>18}"))));
    let rest = &substitute.connections[shown.len()..];
    if !rest.is_empty() {
        let count = rest.iter().fold(0u64, |sum, (_, count)| sum.saturating_add(*count));
        page.push(say(&format!("and {count} at {} more backends", rest.len())));
    }
    page.push(String::new());
    let width = |len: fn(&super::view::SessionRow) -> usize, least: usize| {
        substitute.sessions.iter().map(len).max().unwrap_or(0).max(least)
    };
    let xid = width(|row| row.xid.to_string().len(), 7);
    let last = width(|row| row.request.map_or(1, |it| it.to_string().len()), 7);
    page.push(head(&format!("{:>xid$}  {:>7}  {:>last$}  CLIENT", "SESSION", "AGE", "REQUEST")));
    let all = substitute.sessions.len();
    let room = form.rows.map_or(usize::MAX, |rows| {
        let left = rows.saturating_sub(page.len());
        if all <= left && substitute.untold == 0 { left } else { left.saturating_sub(1) }
    });
    for row in substitute.sessions.iter().take(room) {
        let age = row.age.map_or_else(|| "-".to_owned(), short);
        let request = row.request.map_or_else(|| "-".to_owned(), |xid| xid.to_string());
        let line = format!("{:>xid$}  {age:>7}  {request:>last$}  {}", row.xid, row.client);
        page.push(say(&line));
    }
    let more = u64::try_from(all.saturating_sub(room)).unwrap_or(u64::MAX);
    let more = more.saturating_add(substitute.untold);
    if more > 0 {
        page.push(say(&format!("and {more} more")));
    }
}

/// A time in seven columns at most.
pub(super) fn short(micros: u64) -> String {
    let ms = micros / 1000;
    let seconds = ms / 1000;
    match seconds {
        0 => format!("{ms} ms"),
        1..=99 => format!("{seconds}.{} s", ms % 1000 / 100),
        100..=3599 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..=86_399 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// `text`, which is ASCII, in at most so many columns.
fn fit(text: &str, columns: Option<usize>) -> String {
    match columns {
        Some(columns) if text.len() > columns => {
            let dots = &"..."[..columns.min(3)];
            text.get(..columns - dots.len()).unwrap_or_default().to_owned() + dots
        }
        _ => text.to_owned(),
    }
}

/// A name, which is ASCII, in at most so many columns: its beginning and its end, for in the middle names of one family
/// are the same.
fn shorten(name: &str, columns: usize) -> String {
    let kept = columns.saturating_sub(3);
    if name.len() <= columns || kept == 0 {
        return fit(name, Some(columns));
    }
    let (start, end) = (kept / 2, name.len() - (kept - kept / 2));
    let part = |part: Option<&str>| part.unwrap_or_default().to_owned();
    part(name.get(..start)) + "..." + &part(name.get(end..))
}

fn bounded(mut page: Vec<String>, rows: Option<usize>) -> Vec<String> {
    page.truncate(rows.unwrap_or(usize::MAX));
    page
}

fn paint(code: &str, text: &str, color: bool) -> String {
    if color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}

#[cfg(test)]
mod tests;
