//! Goes through everything that is to be searched, logs and directories of captures alike.

use std::cmp::Reverse;
use std::path::PathBuf;
use std::time::Duration;

use shellac_format::{Dialect, Vxid};
use shellac_render::trace::{Micros, Trace};

use super::captures::{Captures, Records, is_directory};
use super::collect::{Bounds, NAMED_BY_MAX};
use super::input::From;
use super::search::{Found, Search, select};
use super::select::{Matches, REMEMBERED, Selection};

/// Something to search.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// A file, a pipe or a ring.
    Log(From),
    /// A directory of captures with its index.
    Captures(Captures),
}

impl Place {
    /// What `-r` names.
    pub(super) fn of_path(path: PathBuf) -> Place {
        if is_directory(&path) {
            Place::Captures(Captures { dir: path })
        } else {
            Place::Log(From::File(path))
        }
    }

    /// What to call it.
    pub(super) fn name(&self) -> String {
        match self {
            Place::Log(from) => from.name(),
            Place::Captures(captures) => format!("the captures in {}", captures.dir.display()),
        }
    }

    /// Whether it can be read once more.
    fn can_reopen(&self) -> bool {
        match self {
            Place::Log(from) => from.can_reopen(),
            Place::Captures(_) => true,
        }
    }

    /// Whether it is the shared memory of an instance.
    pub(super) fn is_live(&self) -> bool {
        matches!(self, Place::Log(From::Live(_)))
    }
}

/// How to search.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct How {
    pub(super) dialect: Option<Dialect>,
    pub(super) wait: Option<Duration>,
}

/// Everything around `target` in all of `places`.
pub(super) fn by_number(places: &[Place], target: Vxid, how: How) -> anyhow::Result<Found> {
    let mut all = Found::default();
    for place in places {
        match in_place(place, target, how) {
            Ok(found) => all.add(found),
            // One that cannot be read does not take the others away.
            Err(error) => all.fail(error),
        }
    }
    all.traces.sort_by_key(|trace| Reverse(trace.start()));
    Ok(all)
}

fn in_place(place: &Place, target: Vxid, how: How) -> anyhow::Result<Found> {
    match place {
        Place::Log(from) => search(from, target, how),
        Place::Captures(captures) => in_captures(captures, target, how),
    }
}

fn search(from: &From, target: Vxid, how: How) -> anyhow::Result<Found> {
    let How { dialect, wait } = how;
    Search { target, from, dialect, wait, bounds: Bounds::default() }.run()
}

/// First by the index, which knows every failing group; then through the files, which hold others as well.
fn in_captures(captures: &Captures, target: Vxid, how: How) -> anyhow::Result<Found> {
    let (entries, notes) = captures.entries(target.0)?;
    let mut all = Found { notes, ..Found::default() };
    for indexed in entries {
        let mut shown = false;
        if let Records::Here(file, offset) = &indexed.records {
            for offset in [Some(*offset), None] {
                match search(&From::Capture(file.clone(), offset), target, how) {
                    Ok(found) => {
                        shown = !found.traces.is_empty();
                        if shown || offset.is_none() {
                            all.add(found);
                            break;
                        }
                    }
                    // A file that ends before the place that the index names is read from its start.
                    Err(_) if offset.is_some() => {}
                    Err(error) => all.fail(error),
                }
            }
        }
        if !shown {
            all.summaries.push(captures.summary(indexed)?);
        }
    }
    if all.traces.is_empty() && all.summaries.is_empty() {
        for file in captures.files()? {
            match search(&file, target, how) {
                Ok(found) => {
                    let done = !found.traces.is_empty();
                    all.add(found);
                    if done {
                        break;
                    }
                }
                // One that was cut short or just removed does not take the others away.
                Err(error) => all.fail(error),
            }
        }
    }
    Ok(all)
}

/// The groups that fit in all of `places`, newest first.
pub(super) fn by_selection(
    places: &[Place],
    selection: &Selection,
    how: How,
) -> anyhow::Result<(Matches, Found)> {
    let mut all = Matches::default();
    let mut said = Found::default();
    let mut add = |found: Matches| {
        let newest = |matches: &Matches| matches.newest_first.first().map(|found| found.time);
        if newest(&found) > newest(&all) {
            all.newest = found.newest;
        }
        all.newest_first.extend(found.newest_first);
        all.newest_first.sort_by_key(|found| Reverse(found.time));
        all.newest_first.truncate(REMEMBERED);
        all.total += found.total;
        all.groups += found.groups;
        found.total
    };
    for place in places {
        match place {
            Place::Log(from) => match select(from, how.dialect, selection) {
                Ok((found, notes, error)) => {
                    add(found);
                    said.notes.extend(notes);
                    error.into_iter().for_each(|error| said.fail(error));
                }
                Err(error) => said.fail(error),
            },
            Place::Captures(captures) => {
                let (found, notes) = captures.matches(selection)?;
                said.notes.extend(notes);
                let has_index = found.groups > 0;
                if add(found) > 0 || (selection.failed && has_index) {
                    continue;
                }
                // Requests that went well are in no index, but may lie in the files around a failure.
                for file in captures.files()? {
                    match select(&file, how.dialect, selection) {
                        Ok((found, notes, error)) => {
                            said.notes.extend(notes);
                            error.into_iter().for_each(|error| said.fail(error));
                            if add(found) > 0 {
                                break;
                            }
                        }
                        Err(error) => said.fail(error),
                    }
                }
            }
        }
    }
    Ok((all, said))
}

/// The tree of one match: of several with its number the one nearest in time.
pub(super) fn of_match(places: &[Place], matches: &Matches, how: How) -> anyhow::Result<Found> {
    let Some(found) = matches.newest_first.first() else { return Ok(Found::default()) };
    let again: Vec<Place> = places.iter().filter(|place| place.can_reopen()).cloned().collect();
    let mut all = by_number(&again, found.xid, how)?;
    if all.traces.is_empty() && all.summaries.is_empty() {
        // A pipe cannot be read twice, and a ring may have gone on: what was seen is all there is.
        let seen = matches.newest.as_ref();
        all.traces.extend(seen.and_then(|group| Trace::build(&group.transactions, found.xid)));
    }
    if let Some(time) = found.time {
        let distance =
            |start: Option<Micros>| start.map_or(i64::MAX, |at| at.since(time).0.saturating_abs());
        all.traces.sort_by_key(|trace| distance(trace.start()));
        all.traces.truncate(1);
        all.summaries.sort_by_key(|it| distance(Some(Micros(it.indexed.entry.time.0))));
        all.summaries.truncate(1);
        if !all.traces.is_empty() {
            all.summaries.clear();
        }
    }
    Ok(all)
}

impl Found {
    fn add(&mut self, other: Found) {
        self.traces.extend(other.traces);
        self.summaries.extend(other.summaries);
        self.span.add(&other.span);
        self.named_by.extend(other.named_by);
        self.named_by.truncate(NAMED_BY_MAX);
        self.notes.extend(other.notes);
        other.error.into_iter().for_each(|error| self.fail(error));
    }

    /// Not all could be read. The first reason is the error, others are notes.
    fn fail(&mut self, error: anyhow::Error) {
        if self.error.is_some() {
            self.notes.push(format!("{error:#}"));
        } else {
            self.error = Some(error);
        }
    }
}
