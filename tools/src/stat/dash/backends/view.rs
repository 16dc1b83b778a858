//! Rows of backends as lines.

use ratatui::style::{Modifier, Style};
use ratatui::text::Line;

use super::rows::{Order, Row, State};
use crate::stat::dash::columns::{Columns, cut};
use crate::stat::dash::frame::wrapped;
use crate::stat::dash::screen::Look;
use crate::stat::dash::snapshot::Snapshot;
use crate::watch::Reading;
use crate::words;

/// Columns of a name at least.
const NAME: usize = 17;
const STATE: usize = 8;
/// Columns of what is said behind the name of one of a configuration that is not used.
const UNUSED: usize = 9;
/// Probes that are shown; more where there is room.
const BITS: usize = 8;
const MORE_BITS: usize = 16;
const CONN: usize = 4;
const RATE: usize = 7;
const SHARE: usize = 6;
const FAILED: usize = 6;
const TIME: usize = 7;
/// What is shown from some width on.
const CONFIG: usize = 12;
const ERRORS: usize = 6;
const ADDRESS: usize = 21;

/// What fits beside what is always there.
#[derive(Clone, Copy, Debug)]
struct Extra {
    name: usize,
    bits: usize,
    config: bool,
    errors: bool,
    address: bool,
}

fn extra(width: usize) -> Extra {
    // Every column has a blank behind it, and a mark stands before the name.
    let base = 1 + NAME + STATE + BITS + CONN + RATE + SHARE + FAILED + 2 * TIME + 9;
    let mut left = width.saturating_sub(base);
    let mut take = |columns: usize| {
        let fits = left > columns;
        left -= if fits { columns } else { 0 };
        fits
    };
    let errors = take(ERRORS + 1);
    let config = take(CONFIG + 1);
    let bits = if take(MORE_BITS - BITS) { MORE_BITS } else { BITS };
    let address = take(ADDRESS + 1);
    Extra { name: NAME + left.min(30), bits, config, errors, address }
}

/// What stands above the columns.
pub(super) fn title(rows: &[Row], order: Order, width: usize, look: Look) -> Line<'static> {
    let (extra, style) = (extra(width), look.quiet());
    let mut line = Columns::default();
    let title = match order {
        Order::Name => format!("{} BACKENDS", rows.len()),
        order => format!("{} BY {}", rows.len(), order.word().to_ascii_uppercase()),
    };
    line.text(" ", style).left(&title, extra.name, style);
    if extra.config {
        line.left("CONFIG", CONFIG, style);
    }
    line.left("STATE", STATE, style).left("PROBES", extra.bits, style).right("CONN", CONN, style);
    line.right("REQ/s", RATE, style).right("SHARE", SHARE, style).right("FAILED", FAILED, style);
    if extra.errors {
        line.right("5xx", ERRORS, style);
    }
    line.right("P50", TIME, style).right("P99", TIME, style);
    if extra.address {
        line.left("ADDRESS", ADDRESS, style);
    }
    line.plain()
}

/// One backend. Rates, shares, failures and times are those of the last minute.
pub(super) fn line(
    row: &Row,
    now: &Snapshot,
    width: usize,
    is_current: bool,
    look: Look,
) -> Line<'static> {
    let extra = extra(width);
    let plain = Style::new();
    let mut line = Columns::default();
    // Two rows of one name are not told apart where there is no room for configurations.
    let (name, style) = match row.unused {
        true if extra.config => (row.name.clone(), look.quiet()),
        true => (format!("{} (unused)", cut(&row.name, extra.name - UNUSED)), look.quiet()),
        false => (row.name.clone(), plain),
    };
    line.text(if is_current { ">" } else { " " }, plain).left(&name, extra.name, style);
    if extra.config {
        line.left(&row.config, CONFIG, look.quiet());
    }
    let style = match row.state {
        State::Sick | State::Ejected => look.bad(),
        State::Drained => look.warn(),
        State::Unknown | State::Unprobed => look.quiet(),
        State::Healthy => plain,
    };
    line.left(row.state.word(), STATE, style);
    line.left(&bits(row, extra.bits), extra.bits, plain);
    line.right(&row.conn.map_or("-".to_owned(), |conn| conn.to_string()), CONN, plain);
    match &row.traffic {
        Some(traffic) => {
            let span = now.traffic.minute.span.as_secs_f64().max(1.0);
            let all = now.traffic.minute.sums.attempts;
            line.right(&words::rate(traffic.minute_attempts as f64 / span), RATE, plain);
            line.right(&words::share(traffic.minute_attempts, all), SHARE, plain);
            let style = if traffic.minute_failures > 0 { look.warn() } else { plain };
            line.right(&words::count(traffic.minute_failures), FAILED, style);
            if extra.errors {
                let style = if traffic.minute_errors > 0 { look.warn() } else { plain };
                line.right(&words::count(traffic.minute_errors), ERRORS, style);
            }
            let time = |time: Option<u64>| time.map_or("-".to_owned(), words::micros);
            line.right(&time(traffic.p50), TIME, plain).right(&time(traffic.p99), TIME, plain);
            if extra.address {
                line.left(&traffic.address, ADDRESS, look.quiet());
            }
        }
        None => {
            // Nothing of it was in the log.
            line.right("0", RATE, look.quiet());
        }
    }
    let style = if is_current { Style::new().add_modifier(Modifier::BOLD) } else { plain };
    line.line(style)
}

/// The latest probes, the newest at the right: `V` went well, `_` did not.
fn bits(row: &Row, count: usize) -> String {
    match (row.happy, row.state) {
        // Nobody probes it, or that would be said as well.
        (None, _) | (_, State::Unprobed) | (Some(0), State::Drained | State::Ejected) => {
            String::new()
        }
        (Some(happy), _) => {
            (0..count).rev().map(|bit| if happy >> bit & 1 == 1 { 'V' } else { '_' }).collect()
        }
    }
}

/// What is known of one backend besides.
pub(super) fn detail(row: &Row, now: &Snapshot, width: usize, look: Look) -> Vec<Line<'static>> {
    let (plain, quiet) = (Style::new(), look.quiet());
    let mut line = Columns::default();
    let mut lines =
        vec![Line::styled(if look.unicode { "─" } else { "-" }.repeat(width.min(200)), quiet)];
    let traffic = row.traffic.as_deref();
    line.text(format!(" {}", row.key()), plain.add_modifier(Modifier::BOLD));
    if let Some(address) = traffic.map(|it| &it.address).filter(|it| !it.is_empty()) {
        line.text(format!("  {address}"), plain);
    }
    let style = if row.state.is_trouble() { look.bad() } else { plain };
    line.text(format!("  {}", state_sentence(row)), style);
    lines.push(line.rest("", width, plain).plain());
    if row.unused {
        lines.extend(sentence("new requests get another configuration", width, quiet));
    }
    if let Some((at, why)) = &row.why {
        lines.extend(sentence(&format!("{} {why}", look.time(*at)), width, plain));
    }
    if let Some(traffic) = traffic {
        let failed = traffic.failed.as_ref().map(|(at, class)| {
            let at = u64::try_from(at.as_micros()).unwrap_or_default();
            format!(" (last {} {class})", look.time(at))
        });
        let text = format!(
            "since {}: {} attempts, {} failed{}, {} retries",
            look.time(u64::try_from(now.traffic.since.as_micros()).unwrap_or_default()),
            words::count(traffic.attempts),
            words::count(traffic.failures),
            failed.unwrap_or_default(),
            words::count(traffic.retries),
        );
        lines.extend(sentence(&text, width, plain));
        let [none, _, ok, moved, refused, errors] = traffic.statuses.map(words::count);
        let connects = traffic.connect.count();
        let connects = match u32::try_from(connects) {
            Ok(count @ 1..) => {
                format!(
                    "; connecting took {} in the mean",
                    words::time(traffic.connect.sum() / count)
                )
            }
            _ => String::new(),
        };
        let text = format!(
            "answers 2xx {ok}, 3xx {moved}, 4xx {refused}, 5xx {errors}, none {none}{connects}"
        );
        lines.extend(sentence(&text, width, plain));
    }
    if let (Some(fail), Some(unhealthy), Some(busy)) = (row.fail, row.unhealthy, row.busy) {
        let text = format!(
            "since the worker started: {} connects failed; passed over {} times as sick, {} as busy",
            words::count(fail),
            words::count(unhealthy),
            words::count(busy)
        );
        lines.extend(sentence(&text, width, quiet));
    }
    lines
}

/// A sentence on as many lines as it takes, the first one a bit further out.
fn sentence(text: &str, width: usize, style: Style) -> Vec<Line<'static>> {
    let rows = wrapped(text, width.saturating_sub(3).max(1)).into_iter().enumerate();
    rows.map(|(at, row)| {
        let indent = if at == 0 { " " } else { "   " };
        Line::styled(format!("{indent}{row}"), style)
    })
    .collect()
}

fn state_sentence(row: &Row) -> String {
    match (row.state, &row.why) {
        (State::Drained, Some(_)) => "taken out of service by an administrator".to_owned(),
        (State::Drained, None) => {
            "taken out of service by an administrator, before this was opened".to_owned()
        }
        (State::Ejected, Some(_)) => "left out because its requests failed".to_owned(),
        (State::Ejected, None) => {
            "left out because its requests failed, since before this was opened".to_owned()
        }
        (State::Sick, Some(_)) => "its probes fail".to_owned(),
        (State::Sick, None) => "its probes fail, since before this was opened".to_owned(),
        (State::Healthy, _) => "its probes go well".to_owned(),
        (State::Unprobed, _) => "nobody asks it how it is".to_owned(),
        (State::Unknown, _) => "no counters: this is what the log says".to_owned(),
    }
}

/// There is no backend.
pub(super) fn nothing(now: &Snapshot, look: Look) -> Line<'static> {
    let text = match &now.traffic.reading {
        Reading::Waiting(why) | Reading::Failed(why) => format!("  No backends are known: {why}"),
        _ => "  No backends are known yet: none has counters, and none was asked.".to_owned(),
    };
    Line::styled(text, look.quiet())
}
