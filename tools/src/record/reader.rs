//! The loop that reads the log, sees what happens in it, and tells the writer.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

use shellac_capture::Store;
use shellac_capture::history::{Moment, Moments};
use shellac_capture::recorder::{Hit, Outside};
use shellac_capture::rules::{Keep, On, Rule};
use shellac_capture::trigger::{Seen, Watch, last_time};
use shellac_capture::window::Scope;
use shellac_format::Dialect;
use shellac_log::{Basis, GivenUp, Group, Grouper, Grouping, Input, Limits, Lost};
use shellac_measure::{Baselines, Event, RuleState};
use shellac_render::visible;

use super::SNAPSHOT;
use super::clock::Clock;
use super::lines::Line;
use super::queue::{Gone, Message, Mouth, queue};
use super::room::Room;
use super::rules::Rules;
use super::saved::{Saved, read_baselines};
use super::settings::Settings;
use super::signals::Signals;
use super::source::Opened;
use super::{said, writer};

/// Units between two looks at the clock.
const UNITS_PER_LOOK: u32 = 64;
/// What is due is looked at so often.
const TICK: Duration = Duration::from_millis(50);
/// Between two looks at a log that rests.
const SHORTEST_REST: Duration = Duration::from_millis(1);
const LONGEST_REST: Duration = Duration::from_millis(20);
/// Between two attempts at a log that is not there.
const RETRY_PAUSE: Duration = Duration::from_millis(100);
/// Records are held back for this long at most, until it is clear which table of tags they use.
const LONGEST_HOLD: Duration = Duration::from_secs(1);
/// Between two looks at the rules on numbers, and between two saves of what is usual.
const RATE_PAUSE: Duration = Duration::from_secs(1);
const BASELINE_PAUSE: Duration = Duration::from_secs(60);
/// A request that another program's line names may still be under way.
const XID_PATIENCE: Duration = Duration::from_secs(3);

/// Reads until a signal, or the end of the file.
pub(super) fn run(
    settings: &Settings,
    signals: &Signals,
    clock: &Clock,
    store: Store,
    source: Opened,
    lines: &Receiver<Line>,
) -> anyhow::Result<ExitCode> {
    let (mouth, ear) = queue();
    let writer = writer::Writer::start(settings, clock, store, ear)?;
    let mut reader = Reader::new(settings, clock, source, mouth);
    let result = reader.follow(signals, lines);
    reader.finish();
    let accounts = writer.join()?;
    eprintln!("shellac: {}", said::account(&accounts));
    match result {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(Stop::Failed(error)) => Err(error),
        // Joining it has said why.
        Err(Stop::Gone) => anyhow::bail!("nothing is written any more"),
    }
}

/// Why reading cannot go on.
enum Stop {
    Failed(anyhow::Error),
    Gone,
}

impl From<Gone> for Stop {
    fn from(_: Gone) -> Stop {
        Stop::Gone
    }
}

struct Reader<'a> {
    settings: &'a Settings,
    rules: Rules,
    clock: &'a Clock,
    source: Opened,
    mouth: Mouth,
    watch: Option<Watch>,
    grouper: Option<Grouper>,
    moments: Moments,
    rates: Vec<(usize, RuleState)>,
    baseline: Saved,
    room: Room,
    /// What time it is: by the clock, or by the records of a file.
    now: Duration,
    /// When the first records of a file were written.
    began: Duration,
    ticked: Duration,
    rated: Duration,
    saved: Duration,
    units: u32,
    /// The file of rules is to be read again.
    has_new_rules: bool,
}

impl<'a> Reader<'a> {
    fn new(settings: &'a Settings, clock: &'a Clock, source: Opened, mouth: Mouth) -> Reader<'a> {
        let now = if source.is_live() { clock.now() } else { Duration::ZERO };
        Reader {
            settings,
            rules: settings.rules.clone(),
            clock,
            mouth,
            watch: None,
            grouper: None,
            moments: Moments::default(),
            rates: rates(&settings.rules, settings, Vec::new()),
            baseline: Saved::baseline(&settings.store.dir),
            room: Room::new(settings.rules.span),
            now,
            began: Duration::ZERO,
            ticked: Duration::ZERO,
            rated: now,
            saved: now,
            units: 0,
            has_new_rules: false,
            source,
        }
    }

    fn follow(&mut self, signals: &Signals, lines: &Receiver<Line>) -> Result<(), Stop> {
        let mut rest = SHORTEST_REST;
        let mut held_since = None;
        let mut complained = None;
        while !signals.stop() {
            match self.source.source().next() {
                Ok(Input::Unit(records)) => {
                    rest = SHORTEST_REST;
                    if let Some(grouper) = &mut self.grouper {
                        grouper.unit(records, self.now);
                    }
                    self.groups()?;
                    self.units += 1;
                    if self.units.is_multiple_of(UNITS_PER_LOOK) {
                        self.look(signals, lines)?;
                    }
                }
                Ok(Input::Row(records)) => {
                    if let (Some(watch), Some(grouper)) = (&self.watch, &mut self.grouper) {
                        self.now =
                            last_time(watch.dialect(), records).unwrap_or_default().max(self.now);
                        if self.began.is_zero() {
                            self.began = self.now;
                        }
                        grouper.row(records, self.now);
                    }
                    self.groups()?;
                    self.look(signals, lines)?;
                }
                Ok(Input::Nothing) => {
                    if self.source.source().is_holding() {
                        let since = *held_since.get_or_insert_with(|| self.clock.now());
                        if self.clock.now().saturating_sub(since) >= LONGEST_HOLD {
                            self.source.source().hurry();
                        }
                    }
                    self.look(signals, lines)?;
                    thread::sleep(rest);
                    rest = (rest * 2).min(LONGEST_REST);
                }
                Ok(Input::End) => return Ok(()),
                Ok(Input::Unavailable(reason)) => {
                    if complained.as_ref() != Some(&reason) {
                        eprintln!("shellac: there is no log yet: {}", visible(reason.as_bytes()));
                        complained = Some(reason);
                    }
                    self.look(signals, lines)?;
                    thread::sleep(RETRY_PAUSE);
                }
                Ok(Input::Opened) => {
                    (held_since, complained) = (None, None);
                    self.opened(false)?;
                }
                Ok(Input::Reacquired) => {
                    (held_since, complained) = (None, None);
                    self.opened(true)?;
                }
                Ok(Input::Lost(lost)) => self.lost(lost)?,
                Ok(Input::Abandoned(gone)) => {
                    eprintln!("shellac: the log ended: {gone}");
                    // What the dead one left open comes to nothing more.
                    self.give_up(GivenUp::Flush)?;
                    self.moments.clear();
                    self.room.restart();
                    let reason = "restart";
                    self.mouth.say(Message::Interrupted { bytes: 0, reason, is_gone: true })?;
                }
                Err(error) => return Err(Stop::Failed(error.into())),
            }
        }
        Ok(())
    }

    fn opened(&mut self, again: bool) -> Result<(), Stop> {
        if again {
            eprintln!("shellac: there is a log again");
        }
        let choice = self.source.choice();
        let dialect = choice.dialect;
        if choice.is_tie() {
            eprintln!(
                "shellac: warning: the records do not tell which table of tags they were written with; {dialect} is \
                 taken, --dialect names another"
            );
        } else if matches!(choice.basis, Basis::Records { .. }) && !again {
            eprintln!("shellac: table of tags: {choice}");
        }
        self.source.opened(dialect);
        self.watch = Some(watch(&self.rules, dialect).map_err(Stop::Failed)?);
        self.grouper =
            Some(Grouper::new(Grouping::Request, dialect, Limits::default()).with_orphans(true));
        let instance = self.source.instance();
        self.mouth.say(Message::Opened { dialect, instance })?;
        self.moments.clear();
        self.room.restart();
        if self.source.is_live() {
            self.now = self.clock.now();
        }
        let past = self.source.past(self.now);
        if let (Some(first), Some(last)) = (past.first(), past.last()) {
            let (span, bytes) = (last.time - first.time, last.walked_bytes - first.walked_bytes);
            let ring_bytes = self.source.ring_bytes().unwrap_or_default();
            if let Some(text) = self.room.start_with(span, bytes, self.now, ring_bytes) {
                eprintln!("shellac: {text}");
            }
        }
        past.into_iter().for_each(|moment| self.moments.note(moment));
        self.note_moment();
        if !again {
            // From here on nothing is missed.
            let dir = visible(self.settings.store.dir.display().to_string().as_bytes());
            eprintln!("shellac: records {} to {dir}", self.what());
        }
        Ok(())
    }

    /// What is kept, for a person.
    fn what(&self) -> String {
        match self.rules.count() {
            0 => "an index of all failures, for there is no rule,".to_owned(),
            1 => "what 1 rule wants, and an index of all failures,".to_owned(),
            rules => format!("what {rules} rules want, and an index of all failures,"),
        }
    }

    fn lost(&mut self, lost: Lost) -> Result<(), Stop> {
        let reason = match lost.cause {
            shellac_log::Cause::Hole => "writer-died",
            shellac_log::Cause::Overrun | shellac_log::Cause::Output => "overrun",
        };
        eprintln!("shellac: {} bytes of the log were lost: {reason}", lost.loss.bytes);
        self.give_up(GivenUp::Gap)?;
        self.mouth.say(Message::Interrupted { bytes: lost.loss.bytes, reason, is_gone: false })?;
        Ok(())
    }

    fn give_up(&mut self, why: GivenUp) -> Result<(), Stop> {
        if let Some(grouper) = &mut self.grouper {
            grouper.give_up_all(why);
        }
        self.groups()
    }

    /// Takes the groups that are ready.
    fn groups(&mut self) -> Result<(), Stop> {
        let (Some(mut grouper), Some(watch)) = (self.grouper.take(), self.watch.take()) else {
            return Ok(());
        };
        let mut result = Ok(());
        while let Some(group) = grouper.pop() {
            match watch.look(&group) {
                None => grouper.recycle(group),
                Some(seen) => result = self.seen(&mut grouper, group, seen),
            }
            if result.is_err() {
                break;
            }
        }
        (self.grouper, self.watch) = (Some(grouper), Some(watch));
        result
    }

    /// Somebody is interested in a group.
    fn seen(&mut self, grouper: &mut Grouper, group: Group, seen: Seen) -> Result<(), Stop> {
        let time = if self.source.is_live() { self.now } else { self.time_of(&group) };
        if !seen.counted.is_empty() {
            let backend = match &seen.failures {
                Some(failures) => failures.backend.clone(),
                None => shellac_capture::trigger::backend_of(&group),
            };
            for (rule, state) in &mut self.rates {
                let terms = seen.counted.iter().filter(|(counted, _)| counted == rule);
                terms.for_each(|(_, term)| state.observe(*term, time, backend.as_deref()));
            }
        }
        if seen.failures.is_none() && seen.fired.is_empty() {
            grouper.recycle(group);
            return Ok(());
        }
        let starts =
            seen.fired.iter().map(|&rule| self.start(&self.rules.all[rule], time)).collect();
        self.mouth.say(Message::Hit(Box::new(Hit { group, seen, starts, time })))?;
        Ok(())
    }

    fn time_of(&self, group: &Group) -> Duration {
        let times = group.transactions.iter().filter_map(|it| last_time(it.dialect(), it.bytes()));
        times.max().unwrap_or(self.now)
    }

    /// Where the window of a rule begins that fires at `time`.
    fn start(&self, rule: &Rule, time: Duration) -> Option<Moment> {
        if !rule.has_window() {
            return None;
        }
        self.moment(time.saturating_sub(rule.before))
    }

    /// The place where reading was at `time`; not so far back that one capture could not hold it.
    fn moment(&self, time: Duration) -> Option<Moment> {
        // What comes after the trigger, and the group itself, want room as well.
        let max_bytes = self.settings.store.max_capture_bytes / 4 * 3;
        let mut moment = self.moments.at(time, self.source.walked_bytes(), max_bytes).cloned()?;
        // A file has no time before its first record.
        moment.time = moment.time.max(self.began);
        Some(moment)
    }

    fn note_moment(&mut self) {
        let walked_bytes = self.source.walked_bytes();
        if self.moments.is_due(self.now, walked_bytes)
            && let Some(place) = self.source.place()
        {
            self.moments.note(Moment { time: self.now, place, walked_bytes });
        }
    }

    /// Looks at the clock, and does what is due.
    fn look(&mut self, signals: &Signals, lines: &Receiver<Line>) -> Result<(), Stop> {
        if self.source.is_live() {
            self.now = self.clock.now();
        }
        self.note_moment();
        if self.source.is_live() && self.now.saturating_sub(self.ticked) < TICK {
            return Ok(());
        }
        self.ticked = self.now;
        self.mouth.say(Message::Reached { time: self.now, place: self.source.place() })?;
        if signals.take_flush() {
            self.give_up(GivenUp::Flush)?;
        }
        if signals.take_reopen() {
            self.mouth.say(Message::Rotate)?;
            self.has_new_rules = self.settings.origin.file.is_some();
        }
        if self.has_new_rules {
            self.read_rules()?;
        }
        if signals.take_snapshot() {
            self.snapshot()?;
        }
        while let Ok(line) = lines.try_recv() {
            self.line(line)?;
        }
        for problem in self.source.problems() {
            eprintln!("shellac: {}", visible(problem.as_bytes()));
        }
        if let Some(ring_bytes) = self.source.ring_bytes()
            && let Some(text) = self.room.look(self.now, self.source.walked_bytes(), ring_bytes)
        {
            eprintln!("shellac: {text}");
        }
        self.tick_rates()
    }

    /// Goes on with what the file of rules says now; if that cannot be used, with what there is.
    fn read_rules(&mut self) -> Result<(), Stop> {
        // Which table of tags queries are about is known when there is a log.
        let Some(dialect) = self.watch.as_ref().map(Watch::dialect) else { return Ok(()) };
        self.has_new_rules = false;
        let read = self.settings.origin.read();
        let (rules, watch) = match read.and_then(|rules| Ok((watch(&rules, dialect)?, rules))) {
            Ok((watch, rules)) => (rules, watch),
            Err(error) => {
                eprintln!("shellac: {error:#}\nshellac: the rules stay as they were");
                return Ok(());
            }
        };
        // What numbers said is over where nobody asks any more.
        self.save_baselines();
        let before = std::mem::take(&mut self.rates);
        for (rule, state) in &before {
            let is_gone = !rules
                .all
                .iter()
                .any(|it| it.name == self.rules.all[*rule].name && has_rate(it, state));
            if is_gone && state.is_firing() {
                let text = "the rule is no longer there".to_owned();
                let (rule, time) = (*rule, self.now);
                self.mouth.say(Message::Event { rule, time, is_over: true, text })?;
            }
        }
        let known =
            before.into_iter().map(|(rule, state)| (self.rules.all[rule].name.clone(), state));
        self.rates = rates(&rules, self.settings, known.collect());
        self.watch = Some(watch);
        self.room.ask(rules.span);
        self.rules = rules;
        self.mouth.say(Message::Rules(Arc::clone(&self.rules.all)))?;
        eprintln!("shellac: the rules were read again; records {}", self.what());
        Ok(())
    }

    fn snapshot(&mut self) -> Result<(), Stop> {
        let Some(rule) = self.rules.all.iter().rposition(|rule| rule.name == SNAPSHOT) else {
            return Ok(());
        };
        let before = self.rules.all[rule].before;
        let since = if before.is_zero() { Duration::ZERO } else { self.now.saturating_sub(before) };
        let outside = Outside {
            rule,
            time: self.now,
            text: None,
            class: SNAPSHOT.to_owned(),
            scope: Scope::All,
            start: self.moment(since),
            patience: Duration::ZERO,
            is_urgent: true,
        };
        self.mouth.say(Message::Outside(Box::new(outside)))?;
        Ok(())
    }

    /// Another program's line fires a rule.
    fn line(&mut self, line: Line) -> Result<(), Stop> {
        let rule = &self.rules.all[line.rule];
        let (scope, since, patience) = match line.xid {
            // Somewhere in what the log still has.
            Some(xid) => (Scope::Xid(xid), Duration::ZERO, XID_PATIENCE),
            None => (Scope::All, self.now.saturating_sub(rule.before), Duration::ZERO),
        };
        let outside = Outside {
            rule: line.rule,
            time: self.now,
            text: Some(visible(&line.text)),
            class: "line".to_owned(),
            scope,
            start: self.moment(since),
            patience,
            is_urgent: line.xid.is_some(),
        };
        self.mouth.say(Message::Outside(Box::new(outside)))?;
        Ok(())
    }

    fn tick_rates(&mut self) -> Result<(), Stop> {
        if self.now.saturating_sub(self.rated) < RATE_PAUSE || self.rates.is_empty() {
            return Ok(());
        }
        self.rated = self.now;
        let mut rates = std::mem::take(&mut self.rates);
        let mut result = Ok(());
        for (rule, state) in &mut rates {
            while let Some(event) = state.tick(self.now) {
                result = result.and_then(|()| self.rate(*rule, event));
            }
        }
        self.rates = rates;
        if self.now.saturating_sub(self.saved) >= BASELINE_PAUSE {
            self.saved = self.now;
            self.save_baselines();
        }
        result
    }

    fn rate(&mut self, rule: usize, event: Event) -> Result<(), Stop> {
        let time = self.now;
        let (text, key) = match event {
            Event::Resolve { text, .. } => {
                self.mouth.say(Message::Event { rule, time, is_over: true, text })?;
                return Ok(());
            }
            Event::Fire { text, key, .. } => (text, key),
        };
        self.mouth.say(Message::Event { rule, time, is_over: false, text: text.clone() })?;
        let about = &self.rules.all[rule];
        let scope = match (about.keep, key) {
            (Keep::Backend, Some(backend)) => Scope::Backend(backend),
            _ => Scope::All,
        };
        let outside = Outside {
            rule,
            time,
            text: Some(text),
            class: "rate".to_owned(),
            scope,
            start: self.start(about, time),
            patience: Duration::ZERO,
            is_urgent: false,
        };
        self.mouth.say(Message::Outside(Box::new(outside)))?;
        Ok(())
    }

    fn save_baselines(&mut self) {
        let rules = self
            .rates
            .iter()
            .filter_map(|(_, state)| Some((state.rule().text().to_owned(), state.baseline()?)));
        let found = Baselines { rules: rules.collect(), ..Baselines::default() };
        if !found.rules.is_empty() {
            self.baseline.write(&found);
        }
    }

    /// Tells the writer how it ended; it goes on until everything is written.
    fn finish(mut self) {
        // Requests that are under way may have failed attempts already.
        let (Ok(()) | Err(_)) = self.give_up(GivenUp::Flush);
        self.save_baselines();
        // If the writer is gone that shows when it is joined.
        let _ = self.mouth.say(Message::Reached { time: self.now, place: self.source.place() });
    }
}

/// Compiles what the rules ask about groups.
fn watch(rules: &Rules, dialect: Dialect) -> anyhow::Result<Watch> {
    Watch::new(&rules.all, dialect).map_err(|(rule, error)| {
        let rule = visible(rule.as_bytes());
        anyhow::anyhow!("{rule}: not with dialect {dialect}:\n{error}")
    })
}

/// Whether a rule asks what this is the state of.
fn has_rate(rule: &Rule, state: &RuleState) -> bool {
    matches!(&rule.on, On::Rate { rule, .. } if rule.text() == state.rule().text())
}

/// The states of rules on numbers: those that are `known` by the names of their rules go on, others begin with what was
/// usual when it was written down.
fn rates(
    rules: &Rules,
    settings: &Settings,
    mut known: Vec<(String, RuleState)>,
) -> Vec<(usize, RuleState)> {
    let usual = read_baselines(&settings.store.dir);
    let rates = rules.all.iter().enumerate().filter_map(|(at, about)| {
        let On::Rate { rule, .. } = &about.on else { return None };
        let same =
            known.iter().position(|(name, state)| *name == about.name && has_rate(about, state));
        if let Some(same) = same {
            return Some((at, known.swap_remove(same).1));
        }
        let mut state = RuleState::new(rule);
        if let Some(baseline) = usual.rules.get(rule.text()) {
            state.restore(baseline);
        }
        Some((at, state))
    });
    rates.collect()
}
