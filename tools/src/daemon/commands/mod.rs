//! What a worker does when the manager has something for it: commands of people, and what follows from the manager's own.
//!
//! A command of people is a row of [`ROWS`] and an arm of [`Dispatcher::run`]; the manager checks the number of words before it
//! passes a request on. Answers are in the words and layout of the protocol.

mod configurations;
mod log_mask;

use std::sync::Arc;

use shellac_admin::{Answer, Row, Status};
use shellac_config::Config;
use shellac_manager::Orders;
use shellac_proxy::Control;

/// The commands of people that workers run.
pub(crate) const ROWS: &[Row] = &[];

/// A configuration that is to be there when a worker begins to serve.
#[derive(Debug)]
pub(crate) struct Loadable {
    pub(crate) name: String,
    pub(crate) config: Arc<Config>,
    /// `auto`, `warm` or `cold`.
    pub(crate) temperature: String,
}

/// What outlives workers.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Parameters with the values that were set.
    pub(crate) params: Vec<(String, String)>,
}

/// Runs what the manager passes on, from any thread.
#[derive(Debug)]
pub(crate) struct Dispatcher {
    control: Control,
    orders: Orders,
}

impl Dispatcher {
    pub(crate) fn new(control: Control, orders: Orders) -> Dispatcher {
        Dispatcher { control, orders }
    }

    /// Brings about what was there before this worker began; `active` is there already.
    pub(crate) fn restore(&self, others: Vec<Loadable>, kept: Kept) -> anyhow::Result<()> {
        configurations::restore(&self.control, others)?;
        for (name, value) in kept.params {
            self.run(&["param.set".to_owned(), name, value]);
        }
        Ok(())
    }

    /// Runs one request.
    pub(crate) fn run(&self, words: &[String]) -> Answer {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words[..] {
            ["vcl.load", name, file_name, text, temperature] => {
                configurations::load(&self.control, name, file_name, text, temperature)
            }
            ["vcl.use", name] => configurations::switch(&self.control, name),
            ["vcl.discard", name] => configurations::discard(&self.control, name),
            ["vcl.state", name, wanted] => configurations::temper(&self.control, name, wanted),
            ["vcl.list"] => configurations::list(&self.control),
            ["param.set", "vsl_mask", value] => log_mask::set(&self.control, value),
            _ => Answer::new(Status::UNIMPLEMENTED, "Unimplemented\n"),
        }
    }

    /// Sends an answer.
    pub(crate) fn answer(&self, number: u64, answer: &Answer) {
        // A manager that is gone needs none.
        let _ = self.orders.answer(number, answer);
    }
}
