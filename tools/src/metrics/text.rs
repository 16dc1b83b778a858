//! A page as text: OpenMetrics 1.0, or the older format of Prometheus, which everything reads.

use std::fmt::Write;

use super::page::{Family, Kind, Page, Sample, Value};

/// How a page is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// With units and an end mark.
    OpenMetrics,
    /// Text format 0.0.4.
    Classic,
}

impl Form {
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Form::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Form::Classic => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// The names of counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Totals {
    /// A counter ends with `_total`.
    Marked,
    /// Names are as they are.
    Bare,
}

/// The whole page.
pub(super) fn page(page: &Page, form: Form, totals: Totals) -> String {
    let mut out = String::with_capacity(64 * page.samples() + 256 * page.families().len());
    for family in page.families() {
        write_family(&mut out, family, form, totals);
    }
    if form == Form::OpenMetrics {
        out.push_str("# EOF\n");
    }
    out
}

fn write_family(out: &mut String, family: &Family, form: Form, totals: Totals) {
    let total = family.kind == Kind::Counter && totals == Totals::Marked;
    let sample_name = match family.kind {
        Kind::Counter if total => format!("{}_total", family.name),
        Kind::Info => format!("{}_info", family.name),
        _ => family.name.clone(),
    };
    // The older format knows samples and not families.
    let (name, kind) = match (form, family.kind) {
        (Form::OpenMetrics, Kind::Counter) if !total => (&family.name, "unknown"),
        (Form::OpenMetrics, Kind::Info) => (&family.name, "info"),
        (Form::Classic, Kind::Info) => (&sample_name, "gauge"),
        (Form::OpenMetrics, Kind::Counter) => (&family.name, "counter"),
        (Form::Classic, Kind::Counter) => (&sample_name, "counter"),
        (_, Kind::Gauge) => (&family.name, "gauge"),
        (_, Kind::Histogram) => (&family.name, "histogram"),
    };
    // Writing to a string cannot fail.
    let _ = writeln!(out, "# HELP {name} {}", help(&family.help, form));
    let _ = writeln!(out, "# TYPE {name} {kind}");
    if let (Form::OpenMetrics, Some(unit)) = (form, family.unit) {
        let _ = writeln!(out, "# UNIT {name} {unit}");
    }
    for sample in &family.samples {
        write_sample(out, &sample_name, sample);
    }
}

fn write_sample(out: &mut String, name: &str, sample: &Sample) {
    match &sample.value {
        Value::Integer(value) => line(out, name, "", sample, None, &value.to_string()),
        Value::Float(value) => line(out, name, "", sample, None, &float(*value)),
        Value::Histogram { cumulative, sum } => {
            for (end, count) in cumulative {
                let end = end.map_or_else(|| "+Inf".to_owned(), float);
                line(out, name, "_bucket", sample, Some(&end), &count.to_string());
            }
            let count = cumulative.last().map_or(0, |&(_, count)| count);
            line(out, name, "_count", sample, None, &count.to_string());
            line(out, name, "_sum", sample, None, &float(*sum));
        }
    }
}

fn line(
    out: &mut String,
    name: &str,
    suffix: &str,
    sample: &Sample,
    end: Option<&str>,
    value: &str,
) {
    out.push_str(name);
    out.push_str(suffix);
    let labels = sample.labels.iter().map(|(name, text)| (*name, text.as_str()));
    let mut before = '{';
    for (name, text) in labels.chain(end.map(|end| ("le", end))) {
        out.push(before);
        before = ',';
        out.push_str(name);
        out.push_str("=\"");
        for c in text.chars() {
            match c {
                '\\' => out.push_str("\\\\"),
                '"' => out.push_str("\\\""),
                '\n' => out.push_str("\\n"),
                _ => out.push(c),
            }
        }
        out.push('"');
    }
    if before == ',' {
        out.push('}');
    }
    out.push(' ');
    out.push_str(value);
    out.push('\n');
}

/// A number with a point or an exponent, so that ends of buckets are the same in both formats.
fn float(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() }
    } else {
        format!("{value:?}")
    }
}

fn help(text: &str, form: Form) -> String {
    let text = text.replace('\\', "\\\\").replace('\n', "\\n");
    if form == Form::OpenMetrics { text.replace('"', "\\\"") } else { text }
}
