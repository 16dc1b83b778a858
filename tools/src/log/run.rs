//! The loop between a source and the output.

use std::time::Instant;

use shellac_log::{Choice, Group, Grouper, Grouping, Input, LogRecords, Source};

use super::args::{From, Settings};
use super::input::{self, Opened};
use super::output::{Output, Written};
use super::signals::Signals;

/// Whether the loop goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    On,
    Stop,
}

/// Reads until the end, a signal, `-k`, or an error.
pub(super) fn run(settings: &Settings) -> anyhow::Result<()> {
    let signals = Signals::install()?;
    let opened = match &settings.from {
        From::File(path) => input::open_file(path, settings)?,
        From::Live { .. } => anyhow::bail!("live logs are not connected yet"),
    };
    let Opened { mut source, choice, wait } = opened;
    say_if_assumed(choice);
    let mut pass = Pass::new(settings, source.as_ref())?;
    let result = loop {
        if signals.stop() {
            break Ok(());
        }
        if signals.take_flush() && pass.give_up_all()? == Flow::Stop {
            break Ok(());
        }
        let dialect = source.dialect();
        let flow = match source.next() {
            Err(error) => break Err(error.into()),
            Ok(Input::Row(records)) => pass.row(records)?,
            Ok(Input::Unit(records)) => pass.unit(records)?,
            Ok(Input::Nothing) => {
                let flow = pass.flush()?;
                wait.wait();
                flow
            }
            Ok(Input::End) => break Ok(()),
            Ok(Input::Overrun(loss)) => {
                let flow = pass.give_up_all()?;
                let about = if loss.exact { "" } else { "about " };
                eprintln!("Log overrun ({about}{} bytes lost)", loss.bytes);
                flow
            }
            Ok(Input::Abandoned) => {
                let flow = pass.give_up_all()?;
                eprintln!("Log abandoned (vsl)");
                flow
            }
            Ok(Input::Reacquired) => {
                eprintln!("Log reacquired");
                if source.dialect() != dialect {
                    pass.set_dialect(source.as_ref())?;
                }
                Flow::On
            }
        };
        if flow == Flow::Stop {
            break Ok(());
        }
    };
    // What was read before an error or a signal is shown in any case.
    pass.flush()?;
    result
}

/// Three dialects look alike from outside, and the wrong table of tags mislabels everything silently.
fn say_if_assumed(choice: Choice) {
    if choice.assumed {
        eprintln!(
            "shellac: the log does not say which table of tags it uses; {} assumed, --dialect names another",
            choice.dialect
        );
    }
}

/// Records on their way from the source to the output.
struct Pass<'a> {
    settings: &'a Settings,
    grouper: Grouper,
    dialect: shellac_format::Dialect,
    output: Output,
    /// Groups that may still go out.
    left: u64,
    clock: Instant,
}

impl<'a> Pass<'a> {
    #[allow(clippy::disallowed_methods, reason = "a tool is where the time comes from")]
    fn new(settings: &'a Settings, source: &dyn Source) -> anyhow::Result<Pass<'a>> {
        let dialect = source.dialect();
        Ok(Pass {
            settings,
            grouper: Grouper::new(settings.grouping, dialect, settings.limits),
            dialect,
            output: Output::open(settings, dialect)?,
            left: settings.count.unwrap_or(u64::MAX),
            clock: Instant::now(),
        })
    }

    fn set_dialect(&mut self, source: &dyn Source) -> anyhow::Result<()> {
        self.dialect = source.dialect();
        self.grouper = Grouper::new(self.settings.grouping, self.dialect, self.settings.limits);
        self.output.set_dialect(&self.settings.to, self.dialect)
    }

    fn row(&mut self, records: &[u8]) -> anyhow::Result<Flow> {
        if self.settings.grouping == Grouping::Raw {
            return self.raw(records);
        }
        self.grouper.row(records, self.clock.elapsed());
        self.groups()
    }

    fn unit(&mut self, records: &[u8]) -> anyhow::Result<Flow> {
        if self.settings.grouping == Grouping::Raw {
            return self.raw(records);
        }
        self.grouper.unit(records, self.clock.elapsed());
        self.groups()
    }

    fn give_up_all(&mut self) -> anyhow::Result<Flow> {
        self.grouper.flush();
        self.groups()
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
        if let Some(query) = &self.settings.query
            && !query.selects(group.transactions.iter().map(|transaction| transaction.vxid))
        {
            return Ok(Flow::On);
        }
        let written = self.output.group(group)?;
        Ok(self.counted(written))
    }

    /// Raw grouping holds nothing back, so records need no grouper.
    fn raw(&mut self, records: &[u8]) -> anyhow::Result<Flow> {
        for record in LogRecords::new(self.dialect, records) {
            if let Some(query) = &self.settings.query
                && !query.selects([record.vxid])
            {
                continue;
            }
            let written = self.output.record(&record)?;
            if self.counted(written) == Flow::Stop {
                return Ok(Flow::Stop);
            }
        }
        Ok(Flow::On)
    }

    fn counted(&mut self, written: Written) -> Flow {
        self.left -= 1;
        match written {
            Written::Fine if self.left > 0 => Flow::On,
            Written::Fine | Written::NobodyReads => Flow::Stop,
        }
    }

    fn flush(&mut self) -> anyhow::Result<Flow> {
        Ok(match self.output.flush()? {
            Written::Fine => Flow::On,
            Written::NobodyReads => Flow::Stop,
        })
    }
}
