//! What a directory that is opened holds already: files that are complete, and files whose writer died.

use std::collections::BTreeMap;
use std::io::{self, Read};

use shellac_format::{Heads, Layout};

use super::disk::{Disk, DiskFile, Listed};
use super::manifest::{self, CaptureLine, Facts, MANIFEST_NAME};
use super::notice::Notice;
use super::shelf::{Form, Key};
use super::write::MAGIC_BYTES;
use super::{Store, name};
use crate::stamp::Stamp;

/// The manifest while it is written anew.
const REWRITTEN_NAME: &str = "manifest.jsonl.new";

/// Bytes that are read at once. The longest record is far shorter.
const BLOCK_BYTES: usize = 1 << 20;

impl<D: Disk> Store<D> {
    /// Puts what is there on the shelf.
    pub(super) fn recover(&mut self, now: Stamp) -> io::Result<()> {
        let mut listed = self.disk.list(&self.options.dir)?;
        // By time and, as transactions are numbered in order, by their numbers; plain files before compressed ones.
        listed.sort_by_cached_key(|file| {
            let stem = file.name.split_once(name::VSL).map_or("", |(stem, _)| stem);
            (name::parse(stem).map(|parts| (parts.time, parts.xid)), file.name.clone())
        });
        let mut keys = BTreeMap::new();
        for file in &listed {
            // Begun by one who died: there is nothing in it, or what it was made from is still there.
            let is_begun =
                [name::FRESH, name::ZST_PARTIAL].iter().any(|ending| is_ours(file, ending));
            if is_begun || file.name == REWRITTEN_NAME {
                let _ = self.disk.remove(&self.options.dir.join(&file.name));
                continue;
            }
            let forms = [
                (name::PARTIAL, Form::Unnamed),
                (name::ZST, Form::Compressed),
                (name::VSL, Form::Plain),
            ];
            for (ending, form) in forms {
                let Some(stem) = file.name.strip_suffix(ending) else { continue };
                let Some(parts) = name::parse(stem) else { continue };
                if keys.contains_key(stem) {
                    // Died between compressing and removing: the plain one, which comes first, is enough.
                    let _ = self.disk.remove(&self.options.dir.join(&file.name));
                    continue;
                }
                let key = Key { time: parts.time, number: self.next_number() };
                self.shelf.put(key, stem.to_owned(), file.len, form, file.modified);
                self.shelf.add_class(key, &parts.class);
                keys.insert(stem.to_owned(), (key, form));
            }
        }
        self.read_classes(&keys);
        for (stem, (key, form)) in &keys {
            if *form == Form::Unnamed
                && let Err(error) = self.recover_file(*key, stem, now)
            {
                let path = self.path(stem, Form::Unnamed);
                let what = format!("its writer died, and it cannot be completed yet: {error}");
                self.notices.push(Notice::Odd { path, what });
                self.unrecovered.insert(*key);
            }
        }
        Ok(())
    }

    /// Tries again what did not work when the directory was opened.
    pub(super) fn recover_again(&mut self, now: Stamp) {
        while let Some(key) = self.unrecovered.first().copied() {
            let stem = self.shelf.get(key).map(|file| file.stem.clone());
            if let Some(Err(_)) = stem.map(|stem| self.recover_file(key, &stem, now)) {
                return;
            }
            self.unrecovered.remove(&key);
        }
    }

    /// The manifest knows of classes that are not in the names.
    fn read_classes(&mut self, keys: &BTreeMap<String, (Key, Form)>) {
        let path = self.options.dir.join(MANIFEST_NAME);
        let reader = match self.disk.read(&path) {
            Ok(reader) => reader,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => {
                let what = format!("cannot be read: {error}; classes are those in the file names");
                self.notices.push(Notice::Odd { path, what });
                return;
            }
        };
        for line in manifest::captures(reader) {
            let Ok(line) = line else { return };
            let stem = line.file.strip_suffix(name::VSL).unwrap_or_default();
            if let Some((key, _)) = keys.get(stem) {
                for class in line.classes.keys() {
                    self.shelf.add_class(*key, &name::sanitised(class));
                }
            }
        }
    }

    /// Cuts a file behind its last whole record and gives it its name.
    fn recover_file(&mut self, key: Key, stem: &str, now: Stamp) -> io::Result<()> {
        let part = self.path(stem, Form::Unnamed);
        let len = self.shelf.get(key).map_or(0, |file| file.len);
        let whole = whole_records(self.disk.read(&part)?)?;
        if whole <= MAGIC_BYTES {
            self.disk.remove(&part)?;
            self.shelf.take(key);
            return Ok(());
        }
        if whole < len {
            let (mut file, _) = self.disk.append(&part)?;
            file.set_len(whole)?;
            self.shelf.set_len(key, whole);
        }
        let path = self.path(stem, Form::Plain);
        self.disk.rename(&part, &path)?;
        let finished = self.shelf.get(key).map_or(now, |file| file.finished);
        self.shelf.set_form(key, Form::Plain, finished);
        self.notices.push(Notice::Recovered { path, bytes: whole, cut: len.saturating_sub(whole) });
        if let Some(parts) = name::parse(stem) {
            let line = CaptureLine {
                file: format!("{stem}{}", name::VSL),
                offset: MAGIC_BYTES,
                bytes: whole - MAGIC_BYTES,
                begun: parts.time,
                finished,
                rule: parts.rule,
                class: parts.class,
                xid: parts.xid,
                classes: BTreeMap::new(),
                dialect: None,
                cut: Some("writer_died".to_owned()),
                recovered: true,
                facts: Facts::default(),
            };
            self.write_manifest(line.to_line(), now);
        }
        Ok(())
    }
}

fn is_ours(file: &Listed, ending: &str) -> bool {
    file.name.strip_suffix(ending).and_then(name::parse).is_some()
}

/// Bytes up to the end of the last whole record, the magic included; 0 without one.
fn whole_records(mut reader: impl Read) -> io::Result<u64> {
    let mut magic = [0; 4];
    let mut block = Vec::new();
    if (&mut reader).take(MAGIC_BYTES).read_to_end(&mut block)? < magic.len() {
        return Ok(0);
    }
    magic.copy_from_slice(&block);
    let Some(layout) = Layout::from_file_magic(magic) else { return Ok(0) };
    block.clear();
    let mut whole = MAGIC_BYTES;
    loop {
        let more = (&mut reader).take(BLOCK_BYTES as u64).read_to_end(&mut block)?;
        let mut heads = Heads::new(layout, &block);
        while heads.next().is_some() {}
        let used = heads.position();
        whole += used as u64;
        block.drain(..used);
        // What is left is a cut record, or none at all if it is longer than records can be.
        if more == 0 || block.len() >= BLOCK_BYTES {
            return Ok(whole);
        }
    }
}
