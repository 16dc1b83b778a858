//! Reading an index, newest line first, also while it is written.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::backward::{Backward, Line, Text};
use super::{Entry, Evicted, MAX_INDEX_FILES, index_name};

/// The lines of an index, the newest first. As an iterator it gives all of them.
///
/// Memory is bounded: a line and a block, however long the index is. The files are those that were there at opening,
/// with the length that they had; a rotation meanwhile takes none of them away.
#[derive(Debug)]
pub struct Reader {
    /// The newest last.
    files: Vec<(PathBuf, Backward<File>)>,
    is_newest: bool,
}

/// Something in the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A failing group.
    Entry(Box<Entry>),
    /// A capture file was removed. It comes before the entries whose file it was.
    Evicted(Evicted),
    /// A line that says nothing we know. The others are not affected.
    Bad(BadLine),
}

/// A line that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// The file.
    pub path: PathBuf,
    /// Where the line starts, in bytes.
    pub offset: u64,
    /// What is wrong with it.
    pub what: String,
}

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup<'a> {
    /// Every failing group.
    All,
    /// The groups with this transaction, whatever its place in them.
    Xid(u64),
    /// The groups whose URL has this text in it.
    Url(&'a str),
    /// The groups whose backend has this name, or `CONFIGURATION.` before it.
    Backend(&'a str),
    /// The groups of this class.
    Class(&'a str),
}

impl Lookup<'_> {
    /// Whether this entry is looked for.
    pub fn matches(&self, entry: &Entry) -> bool {
        match *self {
            Lookup::All => true,
            Lookup::Xid(xid) => entry.xid == xid || entry.xids.contains(&xid),
            Lookup::Url(text) => entry.url.as_ref().is_some_and(|url| url.contains(text)),
            Lookup::Backend(name) => entry.backend.as_ref().is_some_and(|backend| {
                backend == name
                    || backend
                        .strip_suffix(name)
                        .is_some_and(|configuration| configuration.ends_with('.'))
            }),
            Lookup::Class(class) => entry.class == class,
        }
    }

    /// A text that is in every line that matches. Looking for it costs far less than reading the line.
    fn needle(&self) -> Option<String> {
        let text = match *self {
            Lookup::All => return None,
            Lookup::Xid(xid) => xid.to_string(),
            Lookup::Url(text) | Lookup::Backend(text) | Lookup::Class(text) => text.to_owned(),
        };
        // Other letters may be written in more than one way.
        let is_plain = |byte: u8| (b' '..=b'~').contains(&byte) && !b"\"\\/".contains(&byte);
        let longest = text.split(|c: char| !u8::try_from(c).is_ok_and(is_plain));
        longest.max_by_key(|part| part.len()).filter(|part| !part.is_empty()).map(str::to_owned)
    }
}

impl Reader {
    /// Opens the index in `dir`. That there is none yet is an index without lines.
    ///
    /// # Errors
    ///
    /// Those of the system, also when `dir` is not there.
    pub fn open(dir: &Path) -> io::Result<Reader> {
        let mut files = Vec::new();
        let mut seen = Vec::new();
        // From the newest on: what is rotated meanwhile comes up once more under its next name, and is not missed.
        for age in 0..MAX_INDEX_FILES {
            let path = dir.join(index_name(age));
            let file = match File::open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let metadata = file.metadata()?;
            let identity = (metadata.dev(), metadata.ino());
            if metadata.is_file() && !seen.contains(&identity) {
                seen.push(identity);
                files.push((path, Backward::new(file)?));
            }
        }
        if files.is_empty() {
            dir.read_dir()?;
        }
        files.reverse();
        Ok(Reader { files, is_newest: true })
    }

    /// The entries that are looked for, newest first, and lines that cannot be understood.
    pub fn find(mut self, lookup: Lookup<'_>) -> impl Iterator<Item = io::Result<Item>> {
        let needle = lookup.needle();
        std::iter::from_fn(move || {
            loop {
                match self.read(needle.as_deref()) {
                    Ok(Some(Item::Entry(entry))) if !lookup.matches(&entry) => {}
                    Ok(Some(Item::Evicted(_))) => {}
                    other => return other.transpose(),
                }
            }
        })
    }

    /// The next line in which `needle` is.
    fn read(&mut self, needle: Option<&str>) -> io::Result<Option<Item>> {
        let finder = needle.map(|needle| memchr::memmem::Finder::new(needle.as_bytes()));
        loop {
            let Some((path, lines)) = self.files.last_mut() else { return Ok(None) };
            let line = match lines.read() {
                Ok(Some(line)) => line,
                Ok(None) => {
                    self.files.pop();
                    self.is_newest = false;
                    continue;
                }
                Err(error) => {
                    // Not again and again: the next call goes on with the file before.
                    self.files.pop();
                    self.is_newest = false;
                    return Err(error);
                }
            };
            let is_cut = matches!(line.text, Text::Cut(_));
            if is_cut && self.is_newest {
                // It is being written, or its writer died; that is said when the directory is opened next.
                continue;
            }
            if let (Text::Whole(text), Some(finder)) = (&line.text, &finder)
                && finder.find(text).is_none()
            {
                continue;
            }
            return Ok(Some(understand(path, line)));
        }
    }
}

impl Iterator for Reader {
    type Item = io::Result<Item>;

    fn next(&mut self) -> Option<io::Result<Item>> {
        self.read(None).transpose()
    }
}

fn understand(path: &Path, line: Line) -> Item {
    let bad =
        |what: String| Item::Bad(BadLine { path: path.to_owned(), offset: line.offset, what });
    let text = match &line.text {
        Text::Whole(text) => text,
        Text::Cut(text) => return bad(format!("cut after {} bytes", text.len())),
        Text::TooLong(len) => return bad(format!("{len} bytes are too many for a line")),
    };
    understand_line(text).unwrap_or_else(bad)
}

/// What a line says, or why it says nothing we know.
pub(crate) fn understand_line(text: &[u8]) -> Result<Item, String> {
    match serde_json::from_slice::<Entry>(text) {
        Ok(entry) => Ok(Item::Entry(Box::new(entry))),
        Err(error) => match serde_json::from_slice::<Evicted>(text) {
            Ok(evicted) => Ok(Item::Evicted(evicted)),
            Err(_) => Err(error.to_string()),
        },
    }
}

#[cfg(test)]
mod tests;
