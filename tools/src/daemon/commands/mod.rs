//! What a worker does when the manager has something for it: commands of people, and what follows from the manager's own.
//!
//! A command of people is a row of [`ROWS`] and an arm of [`Dispatcher::run`]; the manager checks the number of words before it
//! passes a request on. Answers are in the words and layout of the protocol.

mod backends;
mod configurations;
mod drain;
mod journal;
mod last_words;
mod listening;
mod log_mask;
mod state;

use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use drain::Drain;
use journal::Journal;
use listening::Listening;
use shellac_admin::{Answer, Place, Row, Status};
use shellac_config::{Config, KeyText, NodeMap};
use shellac_manager::{Order, Orders};
use shellac_proxy::{Control, Inherited};
use shellac_upstream::admin::Mode;
use state::{State, Wanted};

/// The commands of people that workers run.
pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "backend.list",
        aliases: &[],
        syntax: "backend.list [-j] [-p] [<backend_pattern>]",
        help: "List backends.\n",
        least: 0,
        most: Some(2),
        json: true,
        changes: false,
        place: Place::Worker,
    },
    Row {
        name: "backend.set_health",
        aliases: &[],
        syntax: "backend.set_health <backend_pattern> [auto|healthy|sick]",
        help: "Set health status of backend(s) matching <backend_pattern>.",
        least: 2,
        most: Some(2),
        json: false,
        changes: true,
        place: Place::Worker,
    },
    drain::DRAIN,
    drain::UNDRAIN,
    drain::CLOSE_IDLE,
    drain::LIST,
    drain::PLAN,
    drain::STATUS,
    drain::WAIT,
    drain::KILL,
];

/// A configuration that is to be there when a worker begins to serve.
#[derive(Debug)]
pub(crate) struct Loadable {
    pub(crate) name: String,
    pub(crate) config: Arc<Config>,
    /// `auto`, `warm` or `cold`.
    pub(crate) temperature: String,
}

/// What outlives workers, as the manager hands it over.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Parameters with the values that were set.
    params: Vec<(String, String)>,
    state: State,
}

impl Kept {
    /// Reads what the manager hands over.
    pub(crate) fn read(params: Vec<(String, String)>, state: &str) -> anyhow::Result<Kept> {
        let state = State::read(state).context(
            "what commands changed about backends was saved by another version: remove the file _.admin",
        )?;
        Ok(Kept { params, state })
    }

    /// What has to be in force before the first request, with the name of the active configuration.
    pub(crate) fn inherited(&self, configuration: String) -> Inherited {
        let wanted = self.state.wanted.iter().cloned();
        Inherited {
            configuration,
            table: self.state.table.clone(),
            wanted: wanted.map(|one| (one.config, one.backend, one.mode)).collect(),
        }
    }
}

/// Runs what the manager passes on, from any thread.
#[derive(Debug)]
pub(crate) struct Dispatcher {
    control: Control,
    orders: Orders,
    /// What the command line says about the machines of backends, for every configuration.
    nodes: NodeMap,
    kept: Mutex<Told>,
    journal: Journal,
    /// Private keys that this process cannot read, for the configuration that comes next.
    keys: Mutex<Vec<(PathBuf, KeyText)>>,
    /// Sockets that wait for their configuration.
    listening: Listening,
}

/// What came of a command.
#[derive(Debug)]
pub(crate) struct Ran {
    answer: Answer,
    /// It is a wait that is not over: whoever waits is about to ask again.
    goes_on: bool,
}

impl Ran {
    /// An answer that is all there is to be said.
    pub(crate) const fn at_once(answer: Answer) -> Ran {
        Ran { answer, goes_on: false }
    }
}

/// What the manager was told to keep.
#[derive(Debug, Default)]
struct Told {
    wanted: Vec<Wanted>,
    text: String,
}

impl Dispatcher {
    pub(crate) fn new(control: Control, orders: Orders, nodes: NodeMap) -> Dispatcher {
        let journal = Journal::default();
        let (kept, keys) = (Mutex::default(), Mutex::default());
        let listening = Listening::default();
        Dispatcher { control, orders, nodes, kept, journal, keys, listening }
    }

    /// Brings about what was there before this worker began, beside its first configuration.
    pub(crate) fn restore(&self, others: Vec<Loadable>, kept: Kept) -> anyhow::Result<()> {
        configurations::restore(&self.control, others)?;
        self.control.inherit(&kept.inherited(String::new()));
        for (name, value) in &kept.params {
            self.run(&["param.set", name, value].map(str::to_owned));
        }
        let text = kept.state.text();
        *self.told() = Told { wanted: kept.state.wanted, text };
        Ok(())
    }

    /// Remembers keys that the manager has had read: a path and a text, and so on.
    pub(crate) fn take_keys(&self, order: &Order) {
        let mut keys = self.keys();
        for pair in order.words[1..].chunks_exact(2) {
            let (path, text) = (PathBuf::from(&pair[0]), pair[1].as_bytes());
            keys.retain(|(known, _)| *known != path);
            // Without a text it can be read here.
            if !text.is_empty() {
                keys.push((path, KeyText::from(text)));
            }
        }
        // A manager that is gone needs none.
        let _ = self.orders.answer(order.number, &Answer::ok(""));
    }

    /// Prepares the listening addresses of the configuration that is about to be used; what came of that is said then.
    pub(crate) fn take_sockets(&self, order: &Order, from: Option<&UnixStream>) {
        self.listening.prepare(&self.control, &order.words[1..], from);
        // A manager that is gone needs none.
        let _ = self.orders.answer(order.number, &Answer::ok(""));
    }

    /// Has the ends of requests written to the log with which the worker before this one died.
    pub(crate) fn take_last_words(&self, order: &Order, from: Option<&UnixStream>) {
        if let Err(why) = last_words::read(from).and_then(|batches| self.control.hand_on(batches)) {
            self.control.notice(format!(
                "shellac: the ends of requests with which a worker died cannot be shown: {why}"
            ));
        }
        // A manager that is gone needs none.
        let _ = self.orders.answer(order.number, &Answer::ok(""));
    }

    fn keys(&self) -> std::sync::MutexGuard<'_, Vec<(PathBuf, KeyText)>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs one request. What it changes is kept before it is answered.
    pub(crate) fn run(&self, words: &[String]) -> Ran {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        Ran::at_once(match words[..] {
            ["backend.list", ..] => backends::list(&self.control, &words, since_1970()),
            ["backend.set_health", pattern, state] => {
                self.keep_after(backends::set_health(&self.control, pattern, state))
            }
            ["drain", ..] => self.keep_after(self.drain(&words).order(Mode::Drain)),
            ["undrain", ..] => self.keep_after(self.drain(&words).order(Mode::Auto)),
            ["drain.close_idle", ..] => self.drain(&words).close_idle(),
            ["drain.list", ..] => self.drain(&words).list(),
            ["drain.plan", ..] => self.drain(&words).plan(),
            ["drain.status", ..] => self.drain(&words).status(),
            ["drain.wait", ..] => {
                let (answer, goes_on) = self.drain(&words).wait();
                return Ran { answer, goes_on };
            }
            ["kill", ..] => self.drain(&words).kill(),
            ["vcl.load", name, file_name, text, temperature] => {
                self.keep_after(configurations::load(
                    &self.control,
                    name,
                    file_name,
                    text,
                    temperature,
                    &self.keys(),
                    &self.nodes,
                ))
            }
            ["vcl.use", name] => {
                configurations::switch(&self.control, name, self.listening.take(name))
            }
            ["vcl.discard", name] => self.keep_after(configurations::discard(&self.control, name)),
            ["vcl.state", name, wanted] => configurations::temper(&self.control, name, wanted),
            ["vcl.list"] => configurations::list(&self.control),
            ["param.set", "vsl_mask", value] => log_mask::set(&self.control, value),
            _ => Answer::new(Status::UNIMPLEMENTED, "Unimplemented\n"),
        })
    }

    fn drain<'c>(&'c self, words: &'c [&'c str]) -> Drain<'c> {
        Drain { control: &self.control, words, now: since_1970() }
    }

    /// Has the manager keep what there is now.
    fn keep_after(&self, answer: Answer) -> Answer {
        self.keep();
        answer
    }

    /// Has the manager keep the orders about backends and what is wanted of them, if that is something else than before.
    pub(crate) fn keep(&self) {
        let mut told = self.told();
        let state = State::of(&self.control, &told.wanted);
        let text = state.text();
        if text != told.text {
            // Not heard when the manager is gone: then nobody keeps it.
            let _ = self.orders.notice("state", &text);
        }
        *told = Told { wanted: state.wanted, text };
    }

    /// Notices what has ended by itself: orders, and series of questions. Called about once a second.
    pub(crate) fn look(&self) {
        self.log(self.journal.look(since_1970()));
        let table = self.control.orders_in_force();
        let same = State::read(&self.told().text).is_ok_and(|state| state.table == table);
        if !same {
            self.keep();
        }
    }

    /// Writes to the log what is about to be done.
    pub(crate) fn begins(&self, words: &[String]) {
        self.log(self.journal.begins(words, since_1970()));
    }

    /// Sends what came of an order, and writes it to the log.
    pub(crate) fn answer(&self, order: &Order, ran: &Ran) {
        self.log(self.journal.ends(&order.words, ran, since_1970()));
        // A manager that is gone needs none.
        let _ = self.orders.answer(order.number, &ran.answer);
    }

    /// Writes what is said about commands to the log.
    pub(crate) fn log(&self, records: impl IntoIterator<Item = String>) {
        for record in records {
            self.control.command(record);
        }
    }

    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[allow(clippy::disallowed_methods, reason = "tools read the clock")]
fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
