//! Segments of a worker whose place another one has taken: its set lies beside, where readers do not look.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use shellac_sys::MappedFile;

use crate::VsmError;
use crate::attach::open_plain;
use crate::index::{Entry, IndexParser, Line};

/// Longest index that is read, in bytes.
const INDEX_BYTES_MOST: u64 = 1 << 20;

/// Maps a segment of the set in `dir`, see [`retired_dir`](crate::publish::retired_dir); `None` when its index has none of that name.
///
/// # Errors
///
/// [`VsmError::Io`] when there is no index, [`VsmError::Map`] when the file is not what that says.
pub fn map_retired(dir: &Path, class: &str, ident: &str) -> Result<Option<MappedFile>, VsmError> {
    let found = map_all_retired(dir, class, |name| name == ident)?;
    Ok(found.into_iter().next().map(|(_, file)| file))
}

/// Maps all segments of a class whose names are `wanted`, with these.
///
/// # Errors
///
/// As [`map_retired`].
pub fn map_all_retired(
    dir: &Path,
    class: &str,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<(String, MappedFile)>, VsmError> {
    let path = dir.join("_.index");
    let mut text = Vec::new();
    open_plain(&path)
        .and_then(|file| file.take(INDEX_BYTES_MOST).read_to_end(&mut text))
        .map_err(|source| VsmError::io("read", &path, source))?;
    let mut found: BTreeMap<String, Entry> = BTreeMap::new();
    for line in IndexParser::default().push(&text).into_iter().flatten() {
        match line {
            Line::Add(entry) if entry.class == class && wanted(&entry.ident) => {
                found.insert(entry.ident.clone(), entry);
            }
            Line::Remove(entry) if found.get(&entry.ident) == Some(&entry) => {
                found.remove(&entry.ident);
            }
            _ => {}
        }
    }
    found.into_iter().map(|(ident, entry)| Ok((ident, map(dir, &entry)?))).collect()
}

fn map(dir: &Path, entry: &Entry) -> Result<MappedFile, VsmError> {
    let path = dir.join(&entry.file);
    let len = usize::try_from(entry.len_bytes).map_err(|_| VsmError::BadSegment {
        path: path.clone(),
        reason: format!("its length {} is beyond memory", entry.len_bytes),
    })?;
    Ok(MappedFile::open(&path, entry.offset, len)?)
}

#[cfg(test)]
mod tests;
