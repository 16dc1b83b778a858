//! The files of a directory of captures, for those who read them.
//!
//! An index names a file as `NAME.vsl`. It may be `NAME.vsl.part` while it is written, `NAME.vsl.zst` when it is older, or
//! gone when its room was needed.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::stamp::Stamp;
use crate::store::name;

/// A capture file that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureFile {
    /// Where it is now.
    pub path: PathBuf,
    /// Its name in index and manifest.
    pub name: String,
    /// When its first trigger was, to the millisecond.
    pub time: Stamp,
    /// Whether it is still written, or its writer died.
    pub is_partial: bool,
    /// Whether it has to be uncompressed.
    pub is_compressed: bool,
}

/// The forms in the order in which they are looked for.
const ENDINGS: [&str; 3] = [name::VSL, name::PARTIAL, name::ZST];

/// Finds the file that an index calls `name`; `None` when it was removed, or the name is none of ours.
///
/// # Errors
///
/// Those of the system.
pub fn locate(dir: &Path, name: &str) -> io::Result<Option<CaptureFile>> {
    let Some(stem) = name.strip_suffix(name::VSL) else { return Ok(None) };
    let Some(parts) = name::parse(stem) else { return Ok(None) };
    // Twice: between two looks a file may go from one form to the next.
    for ending in ENDINGS.into_iter().chain(ENDINGS) {
        let path = dir.join(format!("{stem}{ending}"));
        if path.try_exists()? {
            return Ok(Some(capture_file(path, stem, ending, parts.time)));
        }
    }
    Ok(None)
}

/// The capture files in `dir`, newest first.
///
/// # Errors
///
/// Those of the system.
pub fn list(dir: &Path) -> io::Result<Vec<CaptureFile>> {
    let mut files = Vec::new();
    for entry in dir.read_dir()? {
        let entry = entry?;
        let Ok(file_name) = entry.file_name().into_string() else { continue };
        let found = ENDINGS.into_iter().find_map(|ending| {
            let stem = file_name.strip_suffix(ending)?;
            Some(capture_file(entry.path(), stem, ending, name::parse(stem)?.time))
        });
        files.extend(found);
    }
    files.sort_by(|one, other| (other.time, &other.name).cmp(&(one.time, &one.name)));
    Ok(files)
}

/// Other files of records in `dir`, `*.vsl` and `*.vsl.zst`, those written to last first.
///
/// # Errors
///
/// Those of the system.
pub fn others(dir: &Path, captures: &[CaptureFile]) -> io::Result<Vec<PathBuf>> {
    let mut others = Vec::new();
    for entry in dir.read_dir()? {
        let entry = entry?;
        let (path, file_name) = (entry.path(), entry.file_name());
        let ends = |ending: &str| file_name.to_str().is_some_and(|it| it.ends_with(ending));
        if (ends(name::VSL) || ends(name::ZST)) && captures.iter().all(|one| one.path != path) {
            others.push((entry.metadata().and_then(|it| it.modified()).ok(), path));
        }
    }
    others.sort_by(|one, other| other.cmp(one));
    Ok(others.into_iter().map(|(_, path)| path).collect())
}

/// All files of records in `dir`, for who reads them through: captures, also those under way, and then the [others],
/// the oldest first of each.
///
/// # Errors
///
/// Those of the system.
pub fn logs(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let captures = list(dir)?;
    let others = others(dir, &captures)?;
    Ok(captures.into_iter().rev().map(|file| file.path).chain(others.into_iter().rev()).collect())
}

fn capture_file(path: PathBuf, stem: &str, ending: &str, time: Stamp) -> CaptureFile {
    CaptureFile {
        path,
        name: format!("{stem}{}", name::VSL),
        time,
        is_partial: ending == name::PARTIAL,
        is_compressed: ending == name::ZST,
    }
}

impl CaptureFile {
    /// Reads it from its start, uncompressed.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        let file = File::open(&self.path)?;
        if self.is_compressed {
            Ok(Box::new(zstd::stream::read::Decoder::new(file)?))
        } else {
            Ok(Box::new(file))
        }
    }

    /// Reads its magic and then from `offset` on, as the index has it: where a group's first record is.
    ///
    /// # Errors
    ///
    /// Those of the system; [`ErrorKind::UnexpectedEof`] when the file ends before `offset`, and
    /// [`ErrorKind::InvalidInput`] when that lies in the magic.
    pub fn open_at(&self, offset: u64) -> io::Result<Box<dyn Read + Send>> {
        let mut magic = [0; 4];
        let Some(skip) = offset.checked_sub(magic.len() as u64) else {
            return Err(ErrorKind::InvalidInput.into());
        };
        let rest: Box<dyn Read + Send> = if self.is_compressed {
            let mut reader = self.open()?;
            reader.read_exact(&mut magic)?;
            if io::copy(&mut (&mut reader).take(skip), &mut io::sink())? < skip {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            reader
        } else {
            let mut file = File::open(&self.path)?;
            file.read_exact(&mut magic)?;
            if file.metadata()?.len() < offset {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            file.seek(SeekFrom::Start(offset))?;
            Box::new(file)
        };
        Ok(Box::new(io::Cursor::new(magic).chain(rest)))
    }
}

#[cfg(test)]
mod tests;
