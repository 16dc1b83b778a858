//! What the manager does when it is asked: its own commands, and what follows from the worker's answers to the others.

use std::fmt::Write as _;
use std::path::Path;

use shellac_admin::{
    Answer, Columns, Envelope, Place, Status, quoted, read_record, shown, written_record,
};
use shellac_config::KeyText;

use crate::admin::sessions::Asked;
use crate::errands::{Client, Errand, Then};
use crate::event::Event;
use crate::glob;
use crate::keys::Given;
use crate::params::Which;
use crate::shelf::{self, read_text};
use crate::supervise::{Stage, Supervisor, now, since_1970};
use crate::switch::Switch;

/// Longest request that is shown to people, in bytes.
const SHOWN_BYTES: usize = 200;
/// What may wait to be sent to the worker, in bytes, before it is not told any more what to log.
const LOG_BACKLOG_BYTES: usize = 1 << 20;

impl Supervisor<'_> {
    /// Runs a request, or has it run.
    pub(crate) fn run(&mut self, asked: Asked) {
        let Asked { id, from, call } = asked;
        let client = Client { id, from, call, logged: false };
        let args: Vec<&str> = client.call.args.iter().map(String::as_str).collect();
        let answer = match client.call.row.name {
            _ if client.call.row.place == Place::Worker => {
                let words = client.call.words.clone();
                let then =
                    if client.call.row.name == "kill" { Then::Killed } else { Then::Forward };
                return self.ask(Some(client), &words, then);
            }
            "status" => self.status(&client),
            "pid" => self.pid(&client),
            "start" => return self.start(client),
            "stop" => self.stop(&client),
            "panic.show" => self.show_panic(&client),
            "panic.clear" => self.clear_panic(&args),
            "param.show" => self.show_params(&client, &args),
            "param.set" => {
                let (name, value) = (args[0].to_owned(), args[1].to_owned());
                return self.set_param(client, &name, Some(&value));
            }
            "param.reset" => {
                let name = args[0].to_owned();
                return self.set_param(client, &name, None);
            }
            "vcl.load" | "vcl.inline" => return self.load(client),
            "vcl.use" => return self.switch(client),
            "vcl.discard" => return self.discard(client),
            "vcl.state" => return self.temper(client),
            "vcl.list" => return self.ask(Some(client), &["vcl.list"], Then::Listed),
            "vcl.show" => self.show_configuration(&args),
            "reload" => {
                let path = args.first().map(|&path| path.to_owned());
                return self.reload(Some(client), path);
            }
            _ => Answer::new(Status::UNIMPLEMENTED, "Unimplemented\n"),
        };
        self.reply(Some(&client), answer);
    }

    /// Answers whoever asked, and notes what changed something.
    pub(crate) fn reply(&mut self, client: Option<&Client>, answer: Answer) {
        let Some(client) = client else { return };
        if client.call.row.changes {
            self.log(client, &answer);
            let mut request = shown(client.call.row.name, &client.call.words);
            if request.len() > SHOWN_BYTES {
                let end = (0..=SHOWN_BYTES).rev().find(|&at| request.is_char_boundary(at));
                request.truncate(end.unwrap_or(0));
                request.push_str("...");
            }
            let (from, status) = (client.from.clone(), answer.status.code());
            (self.tell)(Event::Command { from, request, status });
        }
        self.answer(client.id, answer);
    }

    /// Has the worker log a command that it was not asked itself.
    fn log(&mut self, client: &Client, answer: &Answer) {
        let Stage::Running(worker) = &mut self.stage else { return };
        let row = client.call.row;
        let knows = client.logged || row.place == Place::Worker;
        if !knows && worker.relay.to_send().len() < LOG_BACKLOG_BYTES {
            let request = read_record(row.name, &client.call.words);
            worker.relay.send(0, &[request, written_record(row.name, answer)]);
        }
    }

    /// Asks the worker. Without one that is as if it had said yes.
    pub(crate) fn ask<W: AsRef<str>>(
        &mut self,
        mut client: Option<Client>,
        words: &[W],
        then: Then,
    ) {
        let deadline = now() + self.house.params().worker_timeout();
        if let Stage::Running(worker) = &mut self.stage {
            if let Some(client) = &mut client {
                client.logged |=
                    words.first().is_some_and(|it| it.as_ref() == client.call.row.name);
            }
            let number = self.errands.add(client, then, deadline);
            worker.relay.send(number, words);
            return;
        }
        self.done(Errand { number: 0, client, then, deadline: None }, Answer::ok(""));
    }

    /// The worker is not there any more to answer.
    pub(crate) fn fail_errands(&mut self, why: &str) {
        for Errand { client, then, .. } in self.errands.all() {
            let answer = Answer::new(Status::COMMUNICATION, why);
            if matches!(then, Then::Retired) {
                self.retired(&answer);
                continue;
            }
            if matches!(then, Then::Loaded { .. } | Then::Used { .. }) && client.is_none() {
                (self.tell)(Event::NotLoaded { why: why.to_owned() });
                self.say_ready();
            }
            self.reply(client.as_ref(), answer);
        }
        self.next_switch();
    }

    /// The worker answered.
    pub(crate) fn done(&mut self, errand: Errand, answer: Answer) {
        let Errand { client, then, .. } = errand;
        let is_done = answer.status.is_done();
        if matches!(then, Then::Retired) {
            return self.retired(&answer);
        }
        match then {
            Then::Used { name, notes, reload, change } => {
                let switch = Switch { client, name, notes, reload };
                self.switched(switch, change, answer);
                return self.next_switch();
            }
            Then::Loaded { configuration, activate } if is_done => {
                let name = configuration.name.clone();
                self.house.shelf_mut().add(configuration);
                if activate {
                    let notes = answer.text();
                    return self.begin_switch(Switch { client, name, notes, reload: true });
                }
            }
            Then::Discarded { name, mut rest } if is_done => {
                self.house.shelf_mut().discard(&name);
                if let Some(next) = rest.pop() {
                    let then = Then::Discarded { name: next.clone(), rest };
                    return self.ask(client, &["vcl.discard", &next], then);
                }
            }
            Then::Tempered { name, temperature } if is_done => {
                self.house.shelf_mut().set_temperature(&name, &temperature);
            }
            Then::Set { params } if is_done => {
                self.house.set_params(params);
                return self.report_param(client.as_ref());
            }
            Then::Killed if answer.status == Status::CANNOT => {
                let Some(client) = client else { return };
                return self.kill_elsewhere(client, answer);
            }
            Then::Listed if is_done => {
                let Some(client) = client else { return };
                let list = self.list_configurations(&client, &answer.text());
                return self.reply(Some(&client), list);
            }
            Then::Loaded { activate: true, .. } => {
                (self.tell)(Event::NotLoaded { why: answer.text() });
                self.say_ready();
            }
            _ => {}
        }
        self.reply(client.as_ref(), answer);
    }

    fn status(&self, client: &Client) -> Answer {
        let state = self.state();
        if client.call.json {
            let envelope = Envelope::new(2, &client.call.words, since_1970());
            return Answer::ok(envelope.inline(&quoted(state)));
        }
        Answer::ok(format!("Child in state {state}"))
    }

    pub(crate) fn state(&self) -> &'static str {
        match &self.stage {
            Stage::Stopped => "stopped",
            Stage::Waiting { .. } => "died",
            Stage::Running(worker) if worker.served => "running",
            Stage::Running(_) => "starting",
            Stage::Stopping { .. } => "stopping",
        }
    }

    fn pid(&self, client: &Client) -> Answer {
        let master = std::process::id();
        let worker = match &self.stage {
            Stage::Running(worker) | Stage::Stopping { worker, .. } => Some(worker.pid()),
            Stage::Stopped | Stage::Waiting { .. } => None,
        };
        if client.call.json {
            let worker = worker.map(|pid| format!(", \"worker\": {pid}")).unwrap_or_default();
            let envelope = Envelope::new(2, &client.call.words, since_1970());
            return Answer::ok(envelope.block(&format!("  {{\"master\": {master}{worker}}}")));
        }
        let mut text = format!("Master: {master:>10}\n");
        if let Some(pid) = worker {
            let _ = writeln!(text, "Worker: {pid:>10}");
        }
        Answer::ok(text)
    }

    fn start(&mut self, client: Client) {
        match self.stage {
            // The next step starts it, and answers if that fails.
            Stage::Stopped | Stage::Waiting { .. } => self.stage = Stage::Waiting { until: now() },
            // It waits until the old one has ended.
            Stage::Stopping { exit: false, .. } => {}
            Stage::Running(_) | Stage::Stopping { .. } => {
                let text = format!("Child in state {}", self.state());
                return self.reply(Some(&client), Answer::new(Status::CANNOT, text));
            }
        }
        let deadline = now() + self.house.params().worker_timeout();
        self.errands.add(Some(client), Then::Started, deadline);
    }

    fn stop(&mut self, client: &Client) -> Answer {
        match self.stage {
            Stage::Running(_) | Stage::Waiting { .. } => {
                // There is nobody to log it later.
                self.log(client, &Answer::ok(""));
                self.talk();
                self.house.pause_listeners();
                self.stop_worker(false);
                Answer::ok("")
            }
            Stage::Stopping { exit: false, .. } if self.errands.is_start_wanted() => {
                self.fail_errands("The worker is stopping, and is to stay stopped.\n");
                Answer::ok("")
            }
            _ => Answer::new(Status::CANNOT, format!("Child in state {}", self.state())),
        }
    }

    fn show_panic(&self, client: &Client) -> Answer {
        match self.panic.as_ref().and_then(|note| note.text()) {
            Some(text) if client.call.json => Answer::ok(
                Envelope::new(2, &client.call.words, since_1970()).inline(&quoted(&text)),
            ),
            Some(text) => Answer::ok(text),
            None => Answer::new(Status::CANNOT, "Child has not panicked or panic has been cleared"),
        }
    }

    fn clear_panic(&mut self, args: &[&str]) -> Answer {
        match args {
            [] | ["-z"] => {}
            [other, ..] => {
                return Answer::new(Status::PARAMETER, format!("Unknown parameter \"{other}\"."));
            }
        }
        let had = self.panic.take_if(|note| note.text().is_some()).is_some();
        if had || args == ["-z"] {
            Answer::ok("")
        } else {
            Answer::new(Status::CANNOT, "No panic to clear")
        }
    }

    fn show_params(&self, client: &Client, args: &[&str]) -> Answer {
        let params = self.house.params();
        let (long, word) = match *args {
            ["-l", word] => (true, Some(word)),
            ["-l"] => (true, None),
            [word] => (word != "changed", Some(word)),
            [] => (false, None),
            _ => return Answer::new(Status::TOO_MANY, "Too many parameters\n"),
        };
        let which = Which::from_word(word);
        let text = if client.call.json {
            let envelope = Envelope::new(2, &client.call.words, since_1970());
            params.json(which).map(|objects| envelope.block(&objects))
        } else if long {
            params.describe(which)
        } else {
            Ok(params.list(word == Some("changed")))
        };
        text.map_or_else(|why| Answer::new(Status::PARAMETER, why), Answer::ok)
    }

    fn set_param(&mut self, client: Client, name: &str, value: Option<&str>) {
        match self.house.params().with(name, value) {
            Err(why) => self.reply(Some(&client), Answer::new(Status::PARAMETER, why)),
            Ok((params, None)) => {
                self.house.set_params(params);
                self.report_param(Some(&client));
            }
            Ok((params, Some(told))) => {
                self.ask(Some(client), &["param.set", name, &told], Then::Set { params });
            }
        }
    }

    /// Answers who set a parameter; as JSON that is how it is now.
    fn report_param(&mut self, client: Option<&Client>) {
        let Some(client) = client else { return };
        let mut answer = Answer::ok("");
        if client.call.json {
            let name = client.call.args[0].as_str();
            let words = &client.call.words[..client.call.words.len().min(3)];
            let objects = self.house.params().json(Which::Named(name)).unwrap_or_default();
            answer = Answer::ok(Envelope::new(2, words, since_1970()).block(&objects));
        }
        self.reply(Some(client), answer);
    }

    /// Tells the worker keys that it cannot read, before the configuration that names them.
    pub(crate) fn hand_over(&mut self, keys: &[Given]) {
        if self.house.keys().is_none() {
            return;
        }
        let mut words = vec!["keys".to_owned()];
        for (path, key) in keys {
            words.push(path.display().to_string());
            let key = key.as_ref().map(KeyText::as_bytes).unwrap_or_default();
            words.push(String::from_utf8_lossy(key).into_owned());
        }
        self.ask(None, &words, Then::Forward);
    }

    fn load(&mut self, client: Client) {
        let (name, source) = (client.call.args[0].clone(), client.call.args[1].clone());
        let temperature = client.call.args.get(2).cloned().unwrap_or("auto".to_owned());
        let shelf = self.house.shelf();
        let read = || {
            check_temperature(&temperature)?;
            shelf::check_name(&name)?;
            if self.errands.is_loading(&name) {
                return Err(format!("Already a VCL named {name}"));
            }
            let (text, file_name) = if client.call.row.name == "vcl.inline" {
                (source, "<vcl.inline>".to_owned())
            } else {
                (read_text(Path::new(&source))?, source)
            };
            let one = shelf.prepare(&name, text, file_name, &temperature)?;
            Ok((self.house.keys_for(&one)?, one))
        };
        match read() {
            Ok((keys, configuration)) => {
                self.hand_over(&keys);
                let words = load_words(&configuration);
                self.ask(Some(client), &words, Then::Loaded { configuration, activate: false });
            }
            Err(why) => self.reply(Some(&client), Answer::new(Status::PARAMETER, why)),
        }
    }

    fn discard(&mut self, client: Client) {
        let shelf = self.house.shelf();
        let active = &shelf.active().name;
        let mut names: Vec<String> = Vec::new();
        let mut problem = None;
        for pattern in &client.call.args {
            let found: Vec<&str> = shelf
                .all()
                .iter()
                .map(|one| one.name.as_str())
                .filter(|name| glob::fits(pattern, name))
                .collect();
            if found.is_empty() {
                let text = format!("No VCL name matches {pattern}\n");
                problem = problem.or(Some(Answer::new(Status::PARAMETER, text)));
            }
            if found.contains(&active.as_str()) {
                let text = format!("Cannot discard active VCL program {active}\n");
                problem = problem.or(Some(Answer::new(Status::CANNOT, text)));
            }
            for name in found {
                if !names.iter().any(|known| known == name) {
                    names.push(name.to_owned());
                }
            }
        }
        match (problem, names.pop()) {
            (Some(answer), _) => self.reply(Some(&client), answer),
            (None, Some(name)) => {
                let then = Then::Discarded { name: name.clone(), rest: names };
                self.ask(Some(client), &["vcl.discard", &name], then);
            }
            (None, None) => self.reply(Some(&client), Answer::ok("")),
        }
    }

    fn temper(&mut self, client: Client) {
        let (name, wanted) = (client.call.args[0].clone(), client.call.args[1].clone());
        let shelf = self.house.shelf();
        let answer = match check_temperature(&wanted) {
            Err(why) => Answer::new(Status::PARAMETER, why),
            Ok(()) if shelf.find(&name).is_none() => {
                Answer::new(Status::PARAMETER, format!("No VCL named {name} known\n"))
            }
            Ok(()) if wanted == "cold" && shelf.active().name == name => {
                Answer::new(Status::CANNOT, "Cannot set the active VCL cold.")
            }
            Ok(()) => {
                let words = ["vcl.state", &name, &wanted].map(str::to_owned);
                let then = Then::Tempered { name, temperature: wanted };
                return self.ask(Some(client), &words, then);
            }
        };
        self.reply(Some(&client), answer);
    }

    fn show_configuration(&self, args: &[&str]) -> Answer {
        let shelf = self.house.shelf();
        let (long, name) = match *args {
            ["-v"] => (true, None),
            ["-v", name] => (true, Some(name)),
            [name] => (false, Some(name)),
            [] => (false, None),
            _ => return Answer::new(Status::TOO_MANY, "Too many parameters\n"),
        };
        let found = name.map_or(Some(shelf.active()), |name| shelf.find(name));
        match found {
            None => Answer::new(
                Status::PARAMETER,
                format!("No VCL named '{}'", name.unwrap_or_default()),
            ),
            Some(one) if long => Answer::ok(format!(
                "# VCL.SHOW 0 {} {}\n{}\n",
                one.text.len(),
                one.file_name,
                one.text
            )),
            Some(one) => Answer::ok(one.text.clone()),
        }
    }

    /// `said` has a line for each configuration of the worker: name, requests, `warm` or `cold`, and `discarded` or not.
    fn list_configurations(&self, client: &Client, said: &str) -> Answer {
        let shelf = self.house.shelf();
        let told: Vec<Vec<&str>> =
            said.lines().map(|line| line.split(' ').collect::<Vec<_>>()).collect();
        let mut rows: Vec<[String; 5]> = Vec::new();
        for (at, one) in shelf.all().iter().enumerate() {
            let status = if at == shelf.active_index() { "active" } else { "available" };
            let known = told.iter().find_map(|fields| match fields[..] {
                [name, busy, warmth, "loaded"] if name == one.name => Some((busy, warmth)),
                _ => None,
            });
            let cold = if one.temperature == "cold" { "cold" } else { "warm" };
            let (busy, warmth) = known.unwrap_or(("-", cold));
            rows.push([status, &one.temperature, warmth, busy, &one.name].map(str::to_owned));
        }
        for fields in told {
            if let [name, busy, warmth, "discarded"] = fields[..] {
                rows.push(["discarded", "auto", warmth, busy, name].map(str::to_owned));
            }
        }
        if !client.call.json {
            let mut table = Columns::default();
            for [status, state, warmth, busy, name] in rows {
                table.row([status, state, warmth, format!("{busy:>6}"), name].map(Into::into));
            }
            return Answer::ok(table.text());
        }
        let objects: Vec<String> = rows
            .iter()
            .map(|[status, state, warmth, busy, name]| {
                let busy: String = match busy.parse::<u64>() {
                    Ok(busy) => format!("    \"busy\": {busy},\n"),
                    Err(_) => String::new(),
                };
                format!(
                    "  {{\n    \"status\": {},\n    \"state\": {},\n    \"temperature\": {},\n{busy}    \"name\": {}\n}}",
                    quoted(status),
                    quoted(state),
                    quoted(warmth),
                    quoted(name)
                )
            })
            .collect();
        let envelope = Envelope::new(2, &client.call.words, since_1970());
        Answer::ok(envelope.block(&objects.join(",\n")))
    }
}

/// How a worker is told to load a configuration.
pub(crate) fn load_words(one: &crate::handoff::HandoffConfiguration) -> [String; 5] {
    ["vcl.load", &one.name, &one.file_name, &one.text, &one.temperature].map(str::to_owned)
}

fn check_temperature(word: &str) -> Result<(), String> {
    match word {
        "auto" | "cold" | "warm" => Ok(()),
        _ => Err("State must be one of auto, cold or warm.".to_owned()),
    }
}
