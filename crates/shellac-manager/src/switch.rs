//! Another configuration in the place of the active one: by a signal, by `reload`, by `vcl.use`.
//!
//! Listening addresses follow the active configuration. This process binds what is new and hands the sockets to the worker, which opens them
//! with the same step with which requests get the configuration; only then what is gone is closed here. Until that step
//! everything can be left as it is. One is made active after the other, for each begins with the addresses that the one before it has left.

use std::path::Path;

use shellac_admin::{Answer, Status};

use crate::errands::{Client, Then};
use crate::event::Event;
use crate::listen::{Change, Moved};
use crate::run::load_words;
use crate::shelf::read_text;
use crate::supervise::{STOPPING, Stage, Supervisor, since_1970};

/// A loaded configuration that is to be the active one.
#[derive(Debug)]
pub(crate) struct Switch {
    /// Who waits for that.
    pub(crate) client: Option<Client>,
    pub(crate) name: String,
    /// What loading it said.
    pub(crate) notes: String,
    /// It was loaded for this, and goes when it cannot be.
    pub(crate) reload: bool,
}

impl Supervisor<'_> {
    /// Loads the file of the start, or another one, under a new name, and makes it the active one.
    pub(crate) fn reload(&mut self, client: Option<Client>, path: Option<String>) {
        let path = path.unwrap_or_else(|| self.house.settings().config_name.clone());
        self.notifier.reloading();
        let shelf = self.house.shelf();
        let name = shelf.reload_name(since_1970().as_secs(), |name| self.errands.is_loading(name));
        let prepared = read_text(Path::new(&path)).and_then(|text| {
            let one = shelf.prepare(&name, text, path, "auto")?;
            Ok((self.house.keys_for(&one)?, one))
        });
        match prepared {
            Ok((keys, configuration)) => {
                self.hand_over(&keys);
                let words = load_words(&configuration);
                self.ask(client, &words, Then::Loaded { configuration, activate: true });
            }
            Err(why) => {
                (self.tell)(Event::NotLoaded { why: why.clone() });
                self.say_ready();
                self.reply(client.as_ref(), Answer::new(Status::PARAMETER, why + "\n"));
            }
        }
    }

    /// A person wants another configuration to be the active one.
    pub(crate) fn switch(&mut self, client: Client) {
        let name = client.call.args[0].clone();
        let answer = match self.house.shelf().find(&name) {
            None => Answer::new(Status::PARAMETER, format!("No VCL named {name} known\n")),
            Some(one) if one.temperature == "cold" => Answer::new(
                Status::CANNOT,
                format!("VCL '{name}' is cold - set to auto or warm first"),
            ),
            Some(_) if self.is_active(&name) => Answer::ok(""),
            Some(_) => {
                let (client, notes) = (Some(client), String::new());
                return self.begin_switch(Switch { client, name, notes, reload: false });
            }
        };
        self.reply(Some(&client), answer);
    }

    /// Whether it is the active one, and stays it as far as is known.
    fn is_active(&self, name: &str) -> bool {
        let is_quiet = self.switches.is_empty() && !self.errands.is_switching();
        is_quiet && self.house.shelf().active().name == name
    }

    /// Makes a configuration the active one, after those of which that was wanted before.
    pub(crate) fn begin_switch(&mut self, switch: Switch) {
        self.switches.push_back(switch);
        self.next_switch();
    }

    /// Goes on with the next one.
    pub(crate) fn next_switch(&mut self) {
        while !self.errands.is_switching()
            && let Some(switch) = self.switches.pop_front()
        {
            self.start_switch(switch);
        }
    }

    fn start_switch(&mut self, switch: Switch) {
        if self.is_ending() {
            return self.not_switched(switch, Answer::new(Status::COMMUNICATION, STOPPING));
        }
        let change = match self.house.plan_listeners(&switch.name) {
            Ok(change) => change,
            Err(why) => return self.not_switched(switch, Answer::new(Status::CANNOT, why + "\n")),
        };
        if !change.is_nothing()
            && let Stage::Running(worker) = &mut self.stage
        {
            if let Err(error) = worker.give(&change.sockets()) {
                let why = format!(
                    "The worker cannot be given the new sockets: {error}; a restart of shellacd opens them.\n"
                );
                return self.not_switched(switch, Answer::new(Status::CANNOT, why));
            }
            let mut words = vec!["listen".to_owned(), switch.name.clone()];
            words.extend(self.house.words_of(&change));
            self.ask(None, &words, Then::Forward);
        }
        let Switch { client, name, notes, reload } = switch;
        let words = ["vcl.use".to_owned(), name.clone()];
        self.ask(client, &words, Then::Used { name, notes, reload, change });
    }

    /// The worker has answered.
    pub(crate) fn switched(&mut self, switch: Switch, change: Change, answer: Answer) {
        if !answer.status.is_done() {
            return self.not_switched(switch, answer);
        }
        let Switch { client, name, notes, reload } = switch;
        self.house.shelf_mut().activate(&name);
        let Moved { opened, closed, notes: moved } = self.house.follow(change);
        let mut text = format!("Configuration `{name}` is active.\n{notes}");
        let events = opened.into_iter().map(|(name, address)| Event::Listening { name, address });
        let gone = closed.into_iter().map(|(name, address)| Event::NotListening { name, address });
        for event in events.chain(gone) {
            text.push_str(&format!("{event}\n"));
            (self.tell)(event);
        }
        let notes = notes + &moved.concat();
        text.push_str(&moved.concat());
        (self.tell)(Event::Active { name, notes });
        self.say_ready();
        if !reload {
            return self.reply(client.as_ref(), answer);
        }
        for old in self.house.shelf().outdated() {
            self.discard_one(old);
        }
        self.reply(client.as_ref(), Answer::ok(text));
    }

    /// It could not be made the active one: everything stays as it was.
    fn not_switched(&mut self, switch: Switch, answer: Answer) {
        let Switch { client, name, reload, .. } = switch;
        if reload {
            (self.tell)(Event::NotLoaded { why: answer.text() });
            self.say_ready();
            self.discard_one(name);
        }
        self.reply(client.as_ref(), answer);
    }

    /// Has one taken away that nobody asked for by its name.
    fn discard_one(&mut self, name: String) {
        let words = ["vcl.discard".to_owned(), name.clone()];
        self.ask(None, &words, Then::Discarded { name, rest: Vec::new() });
    }
}
