//! What the log shows and counters do not: how long backends took, which failures there were, and how far behind this reader is.

use crate::watch::{Histogram, Reading, Traffic};

use super::page::{About, Kind, Page, Value};

/// Adds it.
pub(super) fn add(page: &mut Page, traffic: &Traffic, most_series: usize) {
    add_reader(page, traffic);
    add_sums(page, traffic);
    let mut left_out: u64 = 0;
    for backend in &traffic.backends {
        let labels = vec![("backend", backend.name.clone())];
        let histograms = [
            (
                "connect",
                &backend.connect,
                "How long connecting to a backend took; lost packets show near 1, 3 and 7 seconds",
            ),
            (
                "answer",
                &backend.answer,
                "How long a backend took from the end of the request to the head of its answer",
            ),
        ];
        let series =
            6 + histograms.iter().map(|(_, it, _)| it.cumulative().count() + 2).sum::<usize>();
        if page.samples() + series > most_series {
            left_out += 1;
            continue;
        }
        for (what, histogram, help) in histograms {
            let name = format!("shellac_backend_{what}_seconds");
            let about = About { name: &name, kind: Kind::Histogram, unit: Some("seconds"), help };
            page.add(&about, labels.clone(), distribution(histogram));
        }
        for (status, count) in backend.statuses.iter().enumerate().skip(1) {
            let about = About {
                name: "shellac_backend_responses",
                kind: Kind::Counter,
                unit: None,
                help: "Answers of backends by the first digit of their status, as the log has them",
            };
            let mut labels = labels.clone();
            labels.push(("status", format!("{status}xx")));
            page.add(&about, labels, Value::Integer((*count).into()));
        }
    }
    let help = "Backends whose times were left out because of --max-series";
    page.gauge("shellac_metrics_left_out_backends", None, help, Value::Integer(left_out.into()));
    let about = About {
        name: "shellac_metrics_left_out_attempts",
        kind: Kind::Counter,
        unit: None,
        help: "Attempts in the log at backends that are not told apart because there are too many",
    };
    page.add(&about, Vec::new(), Value::Integer(traffic.attempts_left_out.into()));
}

fn distribution(histogram: &Histogram) -> Value {
    let end = |end: Option<std::time::Duration>| end.map(|end| end.as_secs_f64());
    Value::Histogram {
        cumulative: histogram.cumulative().map(|(to, count)| (end(to), count)).collect(),
        sum: histogram.sum().as_secs_f64(),
    }
}

fn add_reader(page: &mut Page, traffic: &Traffic) {
    let reads = matches!(traffic.reading, Reading::On);
    let help = "Whether the log is being read; what is counted from it stands still otherwise";
    page.gauge("shellac_reader_up", None, help, Value::Integer(reads.into()));
    if let Some(lag) = traffic.lag {
        let help = "How far this reader is behind the writer of the log; at 1 records are overwritten before they are read";
        page.gauge(
            "shellac_reader_lag_ratio",
            Some("ratio"),
            help,
            Value::Float(f64::from(lag.percent()) / 100.0),
        );
    }
    let lost = &traffic.lost;
    page.counter(
        "shellac_reader_read_bytes",
        Some("bytes"),
        "Bytes of the log that were read",
        traffic.read_bytes,
    );
    page.counter(
        "shellac_reader_lost_bytes",
        Some("bytes"),
        "Bytes of the log that were overwritten before they were read",
        lost.bytes,
    );
    page.counter(
        "shellac_reader_losses",
        None,
        "Times that records were lost to this reader",
        lost.times,
    );
    page.counter(
        "shellac_reader_restarts",
        None,
        "Times that the log came back after its worker had gone",
        traffic.restarts,
    );
}

fn add_sums(page: &mut Page, traffic: &Traffic) {
    let total = &traffic.total;
    page.counter(
        "shellac_log_attempts",
        None,
        "Attempts at backends that the log shows",
        total.attempts,
    );
    page.counter(
        "shellac_log_failures",
        None,
        "Attempts that failed, but for those that their client broke off",
        total.failures,
    );
    for (class, count) in &traffic.classes {
        let about = About {
            name: "shellac_log_failures_by_class",
            kind: Kind::Counter,
            unit: None,
            help: "Failed attempts by the class of their failure",
        };
        page.add(&about, vec![("class", class.clone())], Value::Integer((*count).into()));
    }
    let help = "1 while the failures of the last minute concentrate on few values of something";
    let is_concentrated = Value::Integer(traffic.suspicion.is_some().into());
    page.gauge("shellac_log_concentrated", None, help, is_concentrated);
    let Some(suspicion) = &traffic.suspicion else { return };
    for value in &suspicion.values {
        let about = About {
            name: "shellac_log_concentration_ratio",
            kind: Kind::Gauge,
            unit: Some("ratio"),
            help: "The share of all failures that is on what they concentrate on",
        };
        let labels = vec![("dimension", suspicion.dimension.to_owned()), ("value", value.clone())];
        page.add(&about, labels, Value::Float(suspicion.share_of_failures));
    }
}
