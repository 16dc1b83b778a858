//! What a child process says, a line at a time.

use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use super::deadline::Deadline;

/// The lines that a child has said and will say.
pub(crate) struct Said {
    who: &'static str,
    coming: Receiver<String>,
    heard: Vec<String>,
}

impl Said {
    /// Listens to a child's standard error or output; `who` it is, for messages.
    pub(crate) fn by(who: &'static str, output: impl Read + Send + 'static) -> Said {
        let (sender, coming) = mpsc::channel();
        let lines = BufReader::new(output).lines().map_while(Result::ok);
        thread::spawn(move || lines.into_iter().try_for_each(|line| sender.send(line)));
        Said { who, coming, heard: Vec::new() }
    }

    /// The next line that contains `part`; those before it are kept for messages.
    pub(crate) fn wait_for_line(&mut self, part: &str) -> String {
        let deadline = Deadline::generous();
        loop {
            match self.coming.recv_timeout(deadline.left().unwrap_or_default()) {
                Ok(line) => {
                    self.heard.push(line.clone());
                    if line.contains(part) {
                        return line;
                    }
                }
                Err(_) => panic!("{} does not say {part:?}; it says {:#?}", self.who, self.heard),
            }
        }
    }

    /// Lines that contain each of `parts`, whatever the order in which they come.
    pub(crate) fn wait_for_lines(&mut self, parts: &[&str]) -> Vec<String> {
        let deadline = Deadline::generous();
        let mut found: Vec<Option<String>> = vec![None; parts.len()];
        while found.iter().any(Option::is_none) {
            let Ok(line) = self.coming.recv_timeout(deadline.left().unwrap_or_default()) else {
                panic!("{} does not say all of {parts:?}; it says {:#?}", self.who, self.heard);
            };
            self.heard.push(line.clone());
            if let Some(at) = parts.iter().position(|part| line.contains(part)) {
                found[at].get_or_insert(line);
            }
        }
        found.into_iter().flatten().collect()
    }

    /// Everything so far.
    pub(crate) fn all(&mut self) -> String {
        self.heard.extend(self.coming.try_iter());
        self.heard.join("\n")
    }
}
