//! An instance, looked at again and again: before it runs, through restarts of its worker and of itself, and when it has gone.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use shellac_counters::live::{self, LiveView};
use shellac_counters::vsc::Counters;
use shellac_render::visible;
use shellac_vsm::{Attachment, SegmentId, SetKind, Status};

use super::sample::{Point, Sample};
use super::sampler::Sampler;
use super::snapshot::{Event, Instance, Moment, Snapshot, State};
use crate::attach::{Refusal, try_attach};
use crate::stat::filter::Filters;

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
}

impl Source {
    /// Nothing is looked at yet.
    pub(crate) fn new(instance: Option<String>, filters: Filters) -> Source {
        Source::of(None, instance, filters)
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
        }
    }

    /// Looks for the instance, once.
    ///
    /// # Errors
    ///
    /// Why it cannot be looked at.
    pub(crate) fn find(&mut self) -> Result<(), Refusal> {
        if self.attachment.is_none() {
            self.attachment = Some(try_attach(self.instance.as_deref())?);
        }
        Ok(())
    }

    /// Begins changes and means anew.
    pub(crate) fn reset_means(&mut self) {
        self.sampler.reset_means();
    }

    /// One look.
    pub(crate) fn look(&mut self, now: Moment) -> Snapshot {
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
        Snapshot { at: now, instance: self.about(status), counters, live, events: self.told() }
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
