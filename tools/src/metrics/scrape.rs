//! One scrape: everything that is known now, on one page.

use std::path::PathBuf;

use shellac_counters::vsc::{Level, Reading};

use super::instance::{Instance, Look};
use super::page::{About, Kind, Page, Value};
use super::text::{self, Form, Totals};
use super::{captures, exporter, node, own, traffic};
use crate::kernel;
use crate::watch::{From, Options, Watch};

/// Which configurations' backends are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Configurations {
    /// That which new requests get; backends have no label for it.
    Active,
    /// Every one, with a label for it.
    All,
    /// This one.
    Named(String),
}

impl Configurations {
    pub(super) fn parse(word: &str) -> Configurations {
        match word {
            "active" => Configurations::Active,
            "all" => Configurations::All,
            name => Configurations::Named(name.to_owned()),
        }
    }
}

/// Whose names are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Names {
    /// Ours, the same for every daemon
    Shellac,
    /// Those of prometheus_varnish_exporter, for dashboards that were made for it
    #[value(name = "prometheus_varnish_exporter")]
    PrometheusVarnishExporter,
}

/// What is wanted.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) names: Names,
    pub(super) configurations: Configurations,
    pub(super) level: Level,
    /// Series at most.
    pub(super) most_series: usize,
    pub(super) captures: Option<PathBuf>,
    /// Whether the log is followed.
    pub(super) log: bool,
}

/// Makes pages.
pub(super) struct Scraper {
    wanted: Wanted,
    /// `None`: the node alone.
    instance: Option<Instance>,
    /// The log that is followed, and whose it is.
    watch: Option<(PathBuf, Watch)>,
    scrapes: u64,
    said_full: bool,
    said_captures: String,
}

impl Scraper {
    pub(super) fn new(wanted: Wanted, instance: Option<Instance>) -> Scraper {
        let mut scraper = Scraper {
            wanted,
            instance,
            watch: None,
            scrapes: 0,
            said_full: false,
            said_captures: String::new(),
        };
        scraper.follow();
        scraper
    }

    /// Follows the log of the instance, which may have another place than before.
    fn follow(&mut self) {
        let workdir = self.instance.as_ref().and_then(Instance::workdir);
        let Some(workdir) = workdir.filter(|_| self.wanted.log) else { return };
        if self.watch.as_ref().is_some_and(|(followed, _)| followed == workdir) {
            return;
        }
        let workdir = workdir.to_owned();
        match Watch::start(From::Live(workdir.clone()), Options::default()) {
            Ok(watch) => self.watch = Some((workdir, watch)),
            Err(error) => eprintln!("shellac: {error:#}"),
        }
    }

    /// The form that is sent to somebody who would take either. The exporter's names of counters are not possible in the newer one.
    pub(super) fn form(&self, asked: Form) -> Form {
        match self.wanted.names {
            Names::Shellac => asked,
            Names::PrometheusVarnishExporter => Form::Classic,
        }
    }

    /// Everything, as text; and whether the worker runs, or there is none to run.
    pub(super) fn scrape(&mut self, form: Form) -> (String, bool) {
        self.scrapes += 1;
        let mut page = Page::default();
        let mut is_up = true;
        let ours = self.wanted.names == Names::Shellac;
        if let Some(instance) = &mut self.instance {
            let look = instance.look();
            is_up = look.status.worker_running;
            add_up(&mut page, &look, ours);
            let left_out = add_counters(&mut page, &self.wanted, instance, look.active.as_deref());
            self.say_full(left_out);
            if ours {
                let left_out = Value::Integer(left_out.into());
                page.gauge("shellac_metrics_left_out_sets", None, LEFT_OUT, left_out);
                add_identity(&mut page, look.identity.as_deref());
            }
        } else {
            node::add(&mut page, &kernel::sample(None));
        }
        self.follow();
        if ours {
            if let Some((_, watch)) = &self.watch {
                traffic::add(&mut page, &watch.snapshot(), self.wanted.most_series);
            }
            self.add_captures(&mut page);
            let help = "Pages made by this process";
            page.counter("shellac_metrics_scrapes", None, help, self.scrapes);
            let repeated = Value::Integer(page.repeated.into());
            page.gauge("shellac_metrics_repeated_series", None, REPEATED, repeated);
        }
        let totals = if ours { Totals::Marked } else { Totals::Bare };
        (text::page(&page, self.form(form), totals), is_up)
    }

    fn say_full(&mut self, left_out: u64) {
        if left_out > 0 && !self.said_full {
            eprintln!(
                "shellac: {left_out} sets of counters are left out: there would be more than {} series (--max-series)",
                self.wanted.most_series
            );
        }
        self.said_full = left_out > 0;
    }

    fn add_captures(&mut self, page: &mut Page) {
        let Some(dir) = &self.wanted.captures else { return };
        let text = match captures::add(page, dir) {
            Ok(()) => String::new(),
            Err(error) => format!("{error:#}"),
        };
        if text != self.said_captures && !text.is_empty() {
            eprintln!("shellac: {text}; is a recorder running with its counters there?");
        }
        self.said_captures = text;
    }
}

fn add_up(page: &mut Page, look: &Look, ours: bool) {
    let up = Value::Integer(look.status.worker_running.into());
    let name = if ours { "shellac_up" } else { "varnish_up" };
    page.gauge(name, None, "Whether the worker runs and can be read", up);
    if ours {
        let manager = Value::Integer(look.status.mgt_running.into());
        page.gauge("shellac_manager_up", None, "Whether the manager runs", manager);
    }
}

/// What an instance of ours says about itself.
fn add_identity(page: &mut Page, identity: Option<&str>) {
    let Some(identity) = identity else { return };
    let word = |key: &str| {
        let mut words = identity.split_ascii_whitespace();
        words.find_map(|word| word.strip_prefix(key)?.strip_prefix('=')).unwrap_or_default()
    };
    let about = About {
        name: "shellac_instance",
        kind: Kind::Info,
        unit: None,
        help: "The name of the instance, its version, and the dialect of its log",
    };
    let labels = ["dialect", "instance", "version"].map(|key| (key, word(key).to_owned()));
    page.add(&about, labels.to_vec(), Value::Integer(1));
}

/// Adds counters, set after set, as long as there is room: a set is there as a whole or not at all. Returns how many are not.
fn add_counters(
    page: &mut Page,
    wanted: &Wanted,
    instance: &Instance,
    active: Option<&str>,
) -> u64 {
    let is_wanted =
        |reading: &Reading<'_>| match (own::backend(reading.set), &wanted.configurations) {
            (None, _) | (_, Configurations::All) => true,
            (Some((name, _)), Configurations::Active) => active == Some(name),
            (Some((name, _)), Configurations::Named(wanted)) => wanted == name,
        };
    let leveled = || instance.readings().filter(|reading| reading.info.level <= wanted.level);
    let (mut shown, mut rest): (Vec<_>, Vec<_>) = leveled().partition(is_wanted);
    let ours = wanted.names == Names::Shellac;
    if !ours && wanted.configurations == Configurations::Active {
        shown.append(&mut rest);
        exporter::keep_newest_reload(&mut shown);
    }
    let with_configuration = wanted.configurations == Configurations::All;
    let mut left_out = 0;
    for set in shown.chunk_by(|a, b| a.set == b.set) {
        if page.samples() + set.len() > wanted.most_series {
            left_out += 1;
            continue;
        }
        for reading in set {
            if ours {
                own::add(page, reading.set, reading.info, reading.value, with_configuration);
            } else {
                exporter::add(page, reading.set, reading.info, reading.value);
            }
        }
    }
    left_out
}

const REPEATED: &str = "Series that were left out because another one has the same name and labels";
const LEFT_OUT: &str = "Sets of counters that were left out because of --max-series";
