//! Records on their way from the source to where a tool takes them: grouped, selected, counted.

use std::time::Instant;

use shellac_format::{Dialect, Heads, Tag};
use shellac_log::{Account, GivenUp, Group, Grouper, Grouping, LogRecord};
use shellac_query::Query;
use shellac_render::lines::Walked;

use super::rate::Bucket;
use super::settings::Reading;
use super::target::Written;
use super::window::LogTime;

/// Bytes that are grouped before what came of them is written: more than the longest record has, and few enough to be in
/// a near cache still when they are. Groups without a time take that of the log up to here.
const PIECE_BYTES: usize = 128 << 10;

/// Whether the loop goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    On,
    Stop,
}

/// What a tool does with the groups that are wanted.
pub(crate) trait Sink {
    /// Goes on with records of another dialect.
    fn set_dialect(&mut self, dialect: Dialect) -> anyhow::Result<()>;

    /// Takes a group.
    fn group(&mut self, group: &Group) -> anyhow::Result<Written>;

    /// Takes a record that is a group by itself; `bytes` is all of it.
    fn record(&mut self, record: &LogRecord<'_>, bytes: &[u8]) -> anyhow::Result<Written>;

    /// Takes whole records that lie one after the other, each a group by itself, and says how many.
    fn row(&mut self, dialect: Dialect, row: &[u8]) -> anyhow::Result<(Walked, Written)> {
        let mut heads = Heads::new(dialect.layout(), row);
        let (mut records, mut written) = (0, Written::Fine);
        for place in heads.by_ref() {
            records += 1;
            let record = LogRecord::new(dialect, place.record(row));
            written = self.record(&record, &row[place.start..place.end])?;
            if written == Written::NobodyReads {
                break;
            }
        }
        Ok((Walked { records, bytes: heads.position() }, written))
    }

    /// Writes what is collected: there is nothing more at the moment. Called often, and at least ten times a second
    /// while a live log rests.
    fn flush(&mut self) -> anyhow::Result<Written>;

    /// Opens the output anew, after SIGHUP.
    fn reopen(&mut self) -> anyhow::Result<Written>;

    /// Records were lost: what comes now may be much later.
    fn gap(&mut self) {}

    /// The log is over, or nobody wants more of it.
    fn end(&mut self) -> anyhow::Result<Written> {
        self.flush()
    }
}

/// Names and numbers in a query are read as the generation reads them that the dialect belongs to.
fn query_for(settings: &Reading, dialect: Dialect) -> anyhow::Result<Option<Query>> {
    let compat = settings.compat(dialect);
    let query = settings.query.as_ref().map(|query| query.with_compat(compat)).transpose();
    query.map_err(|error| anyhow::anyhow!("Query expression error:\n{error}"))
}

/// Everything behind the source.
pub(super) struct Pass<'a, S> {
    settings: &'a Reading,
    grouper: Grouper,
    dialect: Dialect,
    /// The query by the rules of the generation that reads the dialect; where there are groups, the grouper asks it.
    query: Option<Query>,
    sink: S,
    /// Groups that may still go out.
    left: u64,
    /// Credits of `-R`.
    bucket: Option<Bucket>,
    clock: Instant,
    /// Where a window is to be looked through.
    time: LogTime,
    /// What groupers before this one left out.
    account: Account,
}

impl<'a, S: Sink> Pass<'a, S> {
    #[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
    pub(super) fn new(
        settings: &'a Reading,
        dialect: Dialect,
        sink: S,
    ) -> anyhow::Result<Pass<'a, S>> {
        let query = query_for(settings, dialect)?;
        Ok(Pass {
            settings,
            grouper: grouper(settings, dialect, query.as_ref()),
            dialect,
            query,
            sink,
            left: settings.count.unwrap_or(u64::MAX),
            bucket: settings.rate.map(Bucket::new),
            clock: Instant::now(),
            time: LogTime::default(),
            account: Account::default(),
        })
    }

    /// Goes on with a log that may be of another dialect.
    pub(super) fn set_dialect(&mut self, dialect: Dialect) -> anyhow::Result<()> {
        if dialect == self.dialect {
            return Ok(());
        }
        self.dialect = dialect;
        self.query = query_for(self.settings, dialect)?;
        self.account = self.account();
        self.grouper = grouper(self.settings, self.dialect, self.query.as_ref());
        self.sink.set_dialect(self.dialect)
    }

    /// Takes whole records as far as there are such, and says how many bytes that was.
    pub(super) fn row(&mut self, row: &[u8]) -> anyhow::Result<(usize, Flow)> {
        if self.settings.grouping == Grouping::Raw {
            return self.raw(row);
        }
        let row = &row[..row.len().min(PIECE_BYTES)];
        let walked_bytes = self.grouper.row(row, self.clock.elapsed());
        self.look_for_times(&row[..walked_bytes]);
        Ok((walked_bytes, self.groups()?))
    }

    pub(super) fn unit(&mut self, records: &[u8]) -> anyhow::Result<Flow> {
        if self.settings.grouping == Grouping::Raw {
            return self.raw(records).map(|(_, flow)| flow);
        }
        self.look_for_times(records);
        self.grouper.unit(records, self.clock.elapsed());
        self.groups()
    }

    /// Records were lost.
    pub(super) fn gap(&mut self) {
        self.sink.gap();
    }

    pub(super) fn give_up_all(&mut self, why: GivenUp) -> anyhow::Result<Flow> {
        self.grouper.give_up_all(why);
        self.groups()
    }

    /// What was left out or cut so far.
    pub(super) fn account(&self) -> Account {
        self.account + self.grouper.account()
    }

    /// Transactions that are not complete, with all that belongs to them.
    pub(super) fn open(&self) -> usize {
        self.grouper.open()
    }

    /// The time of the records that were read so far, if there is a window.
    pub(super) const fn time(&self) -> LogTime {
        self.time
    }

    /// Whether the log is read up to the end of the window.
    pub(super) fn is_past_window(&self) -> bool {
        self.settings.window.is_past(self.time.last)
    }

    fn look_for_times(&mut self, records: &[u8]) {
        if !self.settings.window.is_open() {
            self.time.records(self.dialect, records);
        }
    }

    fn groups(&mut self) -> anyhow::Result<Flow> {
        while let Some(group) = self.grouper.pop() {
            let flow = self.group(&group)?;
            self.grouper.recycle(group);
            if flow == Flow::Stop {
                return Ok(Flow::Stop);
            }
        }
        Ok(Flow::On)
    }

    fn group(&mut self, group: &Group) -> anyhow::Result<Flow> {
        let window = self.settings.window;
        if !window.is_open() && !window.contains(group.time().or(self.time.last)) {
            return Ok(Flow::On);
        }
        if !self.is_paid_for() {
            return Ok(Flow::On);
        }
        let written = self.sink.group(group)?;
        self.counted(written)
    }

    /// Raw grouping holds nothing back, so records need no grouper. Says how many bytes were whole records.
    fn raw(&mut self, row: &[u8]) -> anyhow::Result<(usize, Flow)> {
        // Where nothing is asked record by record, a row goes out as it comes. It has fewer records than bytes.
        let window = self.settings.window;
        let unasked = self.query.is_none()
            && self.bucket.is_none()
            && !self.settings.unbuffered
            && window.is_open();
        if unasked && self.left > row.len() as u64 {
            let (walked, written) = self.sink.row(self.dialect, row)?;
            self.left -= walked.records;
            let flow = if written == Written::Fine { Flow::On } else { Flow::Stop };
            return Ok((walked.bytes, flow));
        }
        let mut heads = Heads::new(self.dialect.layout(), row);
        for place in heads.by_ref() {
            let record = LogRecord::new(self.dialect, place.record(row));
            if !window.is_open() {
                if record.tag == Some(Tag::Timestamp) {
                    self.time.stamp(record.text());
                }
                if !window.contains(self.time.last) {
                    continue;
                }
            }
            if let Some(query) = &self.query
                && !query.selects_record(record.vxid, record.tag, record.payload)
            {
                continue;
            }
            if !self.is_paid_for() {
                continue;
            }
            let written = self.sink.record(&record, &row[place.start..place.end])?;
            if self.counted(written)? == Flow::Stop {
                return Ok((heads.position(), Flow::Stop));
            }
        }
        Ok((heads.position(), Flow::On))
    }

    /// Whether the rate limit lets one more go.
    fn is_paid_for(&mut self) -> bool {
        let clock = self.clock;
        self.bucket.as_mut().is_none_or(|bucket| bucket.pay(clock.elapsed()))
    }

    fn counted(&mut self, written: Written) -> anyhow::Result<Flow> {
        self.left -= 1;
        if written == Written::NobodyReads || self.left == 0 {
            return Ok(Flow::Stop);
        }
        if self.settings.unbuffered { self.flush() } else { Ok(Flow::On) }
    }

    pub(super) fn reopen(&mut self) -> anyhow::Result<()> {
        self.sink.reopen().map(|_| ())
    }

    /// Nothing more comes.
    pub(super) fn end(&mut self) -> anyhow::Result<()> {
        self.sink.end().map(|_| ())
    }

    pub(super) fn flush(&mut self) -> anyhow::Result<Flow> {
        Ok(match self.sink.flush()? {
            Written::Fine => Flow::On,
            Written::NobodyReads => Flow::Stop,
        })
    }
}

fn grouper(settings: &Reading, dialect: Dialect, query: Option<&Query>) -> Grouper {
    let grouper = Grouper::new(settings.grouping, dialect, settings.limits)
        .with_compat(settings.compat(dialect))
        .with_sides(settings.filter.sides)
        .with_orphans(settings.orphans);
    let grouper = match query {
        Some(query) => grouper.with_query(query.clone()),
        None => grouper,
    };
    match &settings.kept {
        Some(kept) if settings.window.is_open() => grouper.with_kept(kept.compile(dialect)),
        // Times are looked for in what is not shown.
        _ => grouper,
    }
}
