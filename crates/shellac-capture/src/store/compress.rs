//! Older files are compressed, a piece at a time, so that nobody waits long for it.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use zstd::stream::write::Encoder;

use super::disk::{Disk, DiskFile};
use super::notice::Notice;
use super::shelf::{Form, Key, counted};
use super::{Store, name};
use crate::stamp::Stamp;

/// Bytes that are compressed with one tick.
const PIECE_BYTES: u64 = 4 << 20;
/// zstd's own default.
const LEVEL: i32 = 3;

/// A file that is being compressed.
pub(super) struct Compression<F: DiskFile> {
    key: Key,
    stem: String,
    part: PathBuf,
    len: u64,
    reader: Box<dyn Read + Send>,
    encoder: Encoder<'static, Sink<F>>,
}

impl<F: DiskFile> std::fmt::Debug for Compression<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compression").field("stem", &self.stem).finish_non_exhaustive()
    }
}

/// A file as the encoder wants it, which ends when it would be longer than the original.
#[derive(Debug)]
struct Sink<F> {
    file: F,
    written: u64,
    limit: u64,
}

impl<F: DiskFile> Write for Sink<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.written + bytes.len() as u64 > self.limit {
            return Err(io::Error::other("it would not become smaller"));
        }
        let len = self.file.write(bytes)?;
        self.written += len as u64;
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<D: Disk> Store<D> {
    /// Compresses a piece of the file that is being compressed, or begins with the next one.
    pub(super) fn compress(&mut self, now: Stamp) {
        let mut compression = match self.compression.take() {
            Some(compression) => compression,
            None => match self.next_compression(now) {
                Some(Ok(compression)) => compression,
                Some(Err((key, error))) => return self.give_up(key, &error, now),
                None => return,
            },
        };
        // What grows on a file system without room is written at the expense of others.
        let result = match self.missing_space(PIECE_BYTES, now) {
            Ok(None) => compression.step(),
            Ok(Some(_)) | Err(_) => Err(io::ErrorKind::StorageFull.into()),
        };
        match result {
            Ok(false) => self.compression = Some(compression),
            Ok(true) => {
                let (key, part) = (compression.key, compression.part.clone());
                if let Err(error) = self.replace(compression, now) {
                    let _ = self.disk.remove(&part);
                    self.give_up(key, &error, now);
                }
            }
            Err(error) => {
                let _ = self.disk.remove(&compression.part);
                self.give_up(compression.key, &error, now);
            }
        }
    }

    /// Leaves a file plain. It is tried again only after another opening, but for a disk that was full.
    fn give_up(&mut self, key: Key, error: &io::Error, now: Stamp) {
        self.spared.remove(&key);
        self.shelf.reserve(0);
        let Some(file) = self.shelf.get(key) else { return };
        let path = self.path(&file.stem, Form::Plain);
        if error.kind() == io::ErrorKind::StorageFull {
            // Its age counts from now.
            self.shelf.set_form(key, Form::Plain, now);
        } else {
            self.shelf.set_form(key, Form::Plain, Stamp(i64::MAX));
            let what = format!("is not compressed: {error}");
            self.notices.push(Notice::Odd { path, what });
        }
    }

    /// Begins with the oldest file that is old enough.
    #[allow(clippy::type_complexity, reason = "the file that cannot be compressed, and why")]
    fn next_compression(
        &mut self,
        now: Stamp,
    ) -> Option<Result<Compression<D::File>, (Key, io::Error)>> {
        let age = self.options.compress_after?;
        let newest = self.shelf.iter().next_back().map(|(key, _)| key)?;
        let due = self.shelf.iter().find(|(key, file)| {
            file.form == Form::Plain
                && *key != newest
                && now.since(file.finished) >= age
                && now > file.finished
        });
        let (key, file) = due?;
        let (stem, len) = (file.stem.clone(), file.len);
        if !self.has_room(counted(len), 1) {
            // The next one that is removed makes room.
            return None;
        }
        self.shelf.reserve(counted(len));
        self.spared.insert(key);
        Some(self.begin_compression(key, stem, len).map_err(|error| (key, error)))
    }

    fn begin_compression(
        &self,
        key: Key,
        stem: String,
        len: u64,
    ) -> io::Result<Compression<D::File>> {
        let reader = self.disk.read(&self.path(&stem, Form::Plain))?;
        let part = self.options.dir.join(format!("{stem}{}", name::ZST_PARTIAL));
        let file = self.disk.create(&part)?;
        let encoder = Encoder::new(Sink { file, written: 0, limit: len }, LEVEL)?;
        Ok(Compression { key, stem, part, len, reader, encoder })
    }

    /// Puts the compressed file in the place of the plain one.
    fn replace(&mut self, compression: Compression<D::File>, now: Stamp) -> io::Result<()> {
        let Compression { key, stem, part, encoder, .. } = compression;
        let mut sink = encoder.finish()?;
        // Before the original goes, whatever the policy: otherwise a power cut could take both.
        sink.file.sync()?;
        self.disk.rename(&part, &self.path(&stem, Form::Compressed))?;
        self.spared.remove(&key);
        self.shelf.reserve(0);
        match self.disk.remove(&self.path(&stem, Form::Plain)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                // The plain one is the better one as long as both are there.
                let _ = self.disk.remove(&self.path(&stem, Form::Compressed));
                return Err(error);
            }
            _ => {}
        }
        self.shelf.set_len(key, sink.written);
        self.shelf.set_form(key, Form::Compressed, now);
        Ok(())
    }
}

impl<F: DiskFile> Compression<F> {
    /// Where the compressed bytes go.
    pub(super) fn part(&self) -> &Path {
        &self.part
    }

    /// Compresses the next piece; `true` when that was all.
    fn step(&mut self) -> io::Result<bool> {
        let copied = io::copy(&mut (&mut self.reader).take(PIECE_BYTES), &mut self.encoder)?;
        self.len = self.len.saturating_sub(copied);
        Ok(copied < PIECE_BYTES)
    }
}
