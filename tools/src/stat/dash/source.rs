//! An instance, looked at again and again: before it runs, through restarts of its worker and of itself, and when it has gone.

use std::collections::{BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use shellac_counters::live::{self, LiveView};
use shellac_counters::vsc::Counters;
use shellac_render::visible;
use shellac_vsm::{Attachment, SegmentId, SetKind, Status};

use super::sample::{Point, Sample};
use super::sampler::Sampler;
use super::snapshot::{Event, Instance, Moment, Snapshot, State};
use crate::attach::{Refusal, try_attach};
use crate::health::Judgement;
use crate::stat::filter::Filters;
use crate::watch::{From, Options, Traffic, Watch};

/// Most events that are kept.
const EVENTS_MOST: usize = 100;
/// Most problems of one look that are told of.
const PROBLEMS_MOST: usize = 3;

/// Where snapshots come from.
#[derive(Debug)]
pub(crate) struct Source {
    /// As the user named it.
    instance: Option<String>,
    attachment: Option<Attachment>,
    about: Option<String>,
    counters: Counters,
    sampler: Sampler,
    board: Option<(SegmentId, LiveView)>,
    events: VecDeque<Event>,
    told: Arc<[Event]>,
    processes: (Option<u32>, Option<u32>),
    points: Arc<[Point]>,
    configurations: BTreeSet<String>,
    log: Log,
    /// There is nothing but files.
    is_of_files: bool,
}

/// The log beside the counters.
#[derive(Debug)]
enum Log {
    /// Nobody wants to see it.
    Unwatched,
    /// It is watched as soon as the instance is found.
    Wanted(Options),
    /// It is watched.
    Watched(Watch),
    /// It cannot be watched, and why.
    Refused(Arc<Traffic>),
}

impl Log {
    fn watch(from: From, options: Options) -> Log {
        match Watch::start(from, options) {
            Ok(watch) => Log::Watched(watch),
            Err(error) => Log::Refused(Arc::new(Traffic::refused(&error))),
        }
    }

    fn traffic(&self) -> Arc<Traffic> {
        match self {
            Log::Unwatched | Log::Wanted(_) => Arc::default(),
            Log::Watched(watch) => watch.snapshot(),
            Log::Refused(traffic) => Arc::clone(traffic),
        }
    }
}

impl Source {
    /// Nothing is looked at yet. Its log is going to be watched as `watch` says.
    pub(crate) fn new(instance: Option<String>, filters: Filters, watch: Options) -> Source {
        Source { log: Log::Wanted(watch), ..Source::of(None, instance, filters) }
    }

    /// Files of records, and no instance.
    pub(crate) fn files(files: Vec<PathBuf>, watch: Options) -> Source {
        let log = Log::watch(From::Files(files), watch);
        Source { log, is_of_files: true, ..Source::of(None, None, Filters::default()) }
    }

    /// An instance that somebody else has found, with the counters that varnishstat's screen has.
    pub(crate) fn attached(attachment: Attachment, filters: Filters) -> Source {
        let sampler = Sampler::stock(filters);
        Source { sampler, ..Source::of(Some(attachment), None, Filters::default()) }
    }

    fn of(attachment: Option<Attachment>, instance: Option<String>, filters: Filters) -> Source {
        Source {
            instance,
            attachment,
            about: None,
            counters: Counters::new(),
            sampler: Sampler::new(filters),
            board: None,
            events: VecDeque::new(),
            told: Arc::default(),
            processes: (None, None),
            points: Arc::default(),
            configurations: BTreeSet::new(),
            log: Log::Unwatched,
            is_of_files: false,
        }
    }

    /// Looks for the instance, once.
    ///
    /// # Errors
    ///
    /// Why it cannot be looked at.
    pub(crate) fn find(&mut self) -> Result<(), Refusal> {
        if self.is_of_files {
            return Ok(());
        }
        if self.attachment.is_none() {
            self.attachment = Some(try_attach(self.instance.as_deref())?);
        }
        if let (Log::Wanted(options), Some(attachment)) = (&self.log, &self.attachment) {
            self.log = Log::watch(From::Live(attachment.workdir().to_owned()), options.clone());
        }
        Ok(())
    }

    /// Begins changes and means anew.
    pub(crate) fn reset_means(&mut self) {
        self.sampler.reset_means();
    }

    /// One look.
    pub(crate) fn look(&mut self, now: Moment) -> Snapshot {
        if self.is_of_files {
            let traffic = self.log.traffic();
            let instance = Instance {
                name: traffic.name.clone(),
                state: State::Running,
                ..Instance::default()
            };
            return Snapshot { at: now, instance, traffic, ..Snapshot::default() };
        }
        let missing = self.find().err().map(|refusal| refusal.brief());
        let Some(attachment) = &mut self.attachment else {
            let why = missing.unwrap_or_default();
            let state = State::Missing(visible(format!("{why}; waiting").as_bytes()));
            let instance = Instance { state, ..Instance::default() };
            return Snapshot { at: now, instance, ..Snapshot::default() };
        };
        let status = attachment.refresh();
        self.note_problems(now);
        self.note_processes(status, now);
        if status.restarted() {
            self.sampler.reset_hit_rate();
            self.about = None;
        }
        if let Some(attachment) = &self.attachment {
            self.counters.refresh(attachment);
        }
        let counters = self.sampler.sample(&self.counters, now.mono);
        self.note_configurations(&counters, status, now);
        let live = self.board(status);
        let judgement = self.judgement(status);
        let traffic = self.log.traffic();
        let (instance, events) = (self.about(status), self.told());
        Snapshot { at: now, instance, counters, live, judgement, traffic, events }
    }

    /// Copies the scoreboard, where there is one.
    fn board(&mut self, status: Status) -> Option<Arc<live::Snapshot>> {
        let attachment = self.attachment.as_ref().filter(|_| status.worker_running)?;
        let id = LiveView::find(attachment).map(|segment| segment.id);
        if self.board.as_ref().map(|(id, _)| *id) != id {
            // One that cannot be read is tried again: it may be about to be made.
            self.board = id.zip(LiveView::of(attachment).ok().flatten());
        }
        self.board.as_ref().map(|(_, view)| Arc::new(view.snapshot()))
    }

    /// What the worker says, whatever counters are wanted.
    fn judgement(&self, status: Status) -> Option<Arc<Judgement>> {
        let attachment = self.attachment.as_ref().filter(|_| status.worker_running)?;
        // A verdict that cannot be read is as good as none: what the log says is there all the same.
        let judgement = Judgement::read(&self.counters, attachment).ok()?;
        judgement.is_bad().then(|| Arc::new(judgement))
    }

    fn about(&mut self, status: Status) -> Instance {
        let Some(attachment) = &self.attachment else { return Instance::default() };
        let name = self.about.get_or_insert_with(|| {
            // What cannot be read is not known.
            let name = attachment.read_text("Arg", "-i").ok().flatten();
            let name = name.filter(|name| !name.is_empty());
            let name = name.unwrap_or_else(|| attachment.workdir().display().to_string());
            visible(name.as_bytes())
        });
        let name = name.clone();
        let (manager, worker) = self.processes;
        let state = match (status.mgt_running, status.worker_running) {
            (false, _) => {
                self.about = None;
                let place = attachment.workdir().display().to_string();
                let place = visible(place.as_bytes());
                State::Missing(format!("nothing runs in {place} at the moment; waiting"))
            }
            (true, false) => State::NoWorker,
            (true, true) => State::Running,
        };
        Instance { name, state, manager, worker }
    }

    fn note_problems(&mut self, now: Moment) {
        let Some(attachment) = &mut self.attachment else { return };
        let mut problems: Vec<String> =
            attachment.problems().iter().map(ToString::to_string).collect();
        problems.extend(self.counters.problems());
        let more = problems.len().saturating_sub(PROBLEMS_MOST);
        for problem in problems.iter().take(PROBLEMS_MOST) {
            self.event(now, problem.clone());
        }
        if more > 0 {
            self.event(now, format!("{more} more problems of this kind"));
        }
    }

    fn note_processes(&mut self, status: Status, now: Moment) {
        let Some(attachment) = &self.attachment else { return };
        let pid = |runs: bool, set| runs.then(|| attachment.header(set).map(|it| it.pid)).flatten();
        let manager = pid(status.mgt_running, SetKind::Mgt);
        let worker = pid(status.worker_running, SetKind::Child);
        let (manager_before, worker_before) = self.processes;
        let first = self.processes == (None, None) && self.events.is_empty();
        self.processes = (manager, worker);
        if first {
            return;
        }
        let said = [("manager", manager_before, manager), ("worker", worker_before, worker)];
        for (who, before, now_is) in said {
            let text = match (before, now_is) {
                (Some(before), Some(is)) if before != is => {
                    format!("the {who} is another one: process {is}, before {before}")
                }
                (Some(before), None) => format!("the {who} ended: process {before}"),
                (None, Some(is)) => format!("the {who} started: process {is}"),
                _ => continue,
            };
            self.event(now, text);
        }
    }

    /// Tells of configurations that came or went, as their backends' counters show.
    fn note_configurations(&mut self, sample: &Sample, status: Status, now: Moment) {
        if Arc::ptr_eq(&self.points, sample.points()) {
            return;
        }
        let first = self.points.is_empty() || status.restarted();
        self.points = Arc::clone(sample.points());
        let sets = self.points.iter().filter_map(|point| point.set().strip_prefix("VBE."));
        let names = sets.filter_map(|name| name.split_once('.')).map(|(name, _)| name.to_owned());
        let found: BTreeSet<String> = names.collect();
        let before = std::mem::replace(&mut self.configurations, found.clone());
        if first {
            return;
        }
        for name in found.difference(&before) {
            self.event(now, format!("configuration {name} has come"));
        }
        for name in before.difference(&found) {
            self.event(now, format!("configuration {name} has gone, or is cold"));
        }
    }

    fn event(&mut self, at: Moment, text: String) {
        if self.events.len() >= EVENTS_MOST {
            self.events.pop_front();
        }
        self.events.push_back(Event { at, text: visible(text.as_bytes()) });
        self.told = Arc::default();
    }

    fn told(&mut self) -> Arc<[Event]> {
        if self.told.len() != self.events.len() {
            self.told = self.events.iter().cloned().collect();
        }
        Arc::clone(&self.told)
    }
}
