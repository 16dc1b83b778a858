//! Putting sets into a directory, and taking them out again.

use std::sync::Arc;

use shellac_sys::{CELL_BYTES, CellViewMut};
use shellac_vsm::{SetWriter, VsmError};

use super::published::Published;
use super::text::{document, number};
use crate::vsc::set::{HEAD_CELLS, STAT, STAT_DOC, VALID};
use crate::vsc::table::Kind;

/// The file in which published sets lie: what it takes to remove them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster(String);

impl Cluster {
    /// Hides the sets, then takes them out of the directory.
    ///
    /// Readers that have them mapped keep what they have; whoever still adds to them adds to nothing that is read.
    ///
    /// # Errors
    ///
    /// As [`SetWriter::remove_file`].
    pub fn remove<K: Kind>(
        &self,
        set: &mut SetWriter,
        sets: &Published<K>,
    ) -> Result<(), VsmError> {
        sets.show(false);
        set.remove_file(&self.0)
    }
}

/// Publishes one set per name, all of one kind, in a file of their own, and the document of the kind where it is missing.
///
/// Readers begin with names that they find in the directory, and the oldest of them give up when what these lead to is not complete:
/// so values and heads are in place before the names are, and the document's name comes before those of the sets.
///
/// # Errors
///
/// [`VsmError`]; what readers find is what was there before.
pub fn publish<K: Kind>(
    set: &mut SetWriter,
    names: &[String],
    shown: bool,
) -> Result<(Published<K>, Cluster), VsmError> {
    let doc_id = describe::<K>(set)?;
    let cells = Published::<K>::cells_of(names.len());
    let len_bytes = cells.saturating_mul(CELL_BYTES) as u64;
    let (file, memory) = set.allocate_cluster(len_bytes)?;
    let cluster = Cluster(file);
    let result = CellViewMut::create(memory).map_err(|error| VsmError::BadSegment {
        path: set.dir().join(&cluster.0),
        reason: error.to_string(),
    });
    let view = match result {
        Ok(view) => view,
        Err(error) => {
            // The error that is reported is the first one.
            let _ = set.remove_file(&cluster.0);
            return Err(error);
        }
    };
    let published = Published::<K>::new(Arc::new(view), names.len(), doc_id);
    if !shown {
        published.show(false);
    }
    let len_bytes = Published::<K>::set_bytes() as u64;
    for (at, name) in names.iter().enumerate() {
        let offset = (Published::<K>::head_of(at) * CELL_BYTES) as u64;
        set.add_slice(&cluster.0, offset, len_bytes, STAT, name);
    }
    if let Err(error) = set.publish() {
        let _ = set.remove_file(&cluster.0);
        return Err(error);
    }
    Ok((published, cluster))
}

/// Adds the document of a kind unless it is there; its number.
fn describe<K: Kind>(set: &mut SetWriter) -> Result<u64, VsmError> {
    let text = document::<K>();
    let doc_id = number(&text);
    let ident = format!("{doc_id:x}");
    if set.entries().iter().any(|entry| entry.class == STAT_DOC && entry.ident == ident) {
        return Ok(doc_id);
    }
    let mut bytes = Vec::with_capacity(HEAD_CELLS * CELL_BYTES + text.len() + 1);
    bytes.extend_from_slice(&VALID.to_ne_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&((HEAD_CELLS * CELL_BYTES) as u64).to_ne_bytes());
    bytes.extend_from_slice(&doc_id.to_ne_bytes());
    bytes.extend_from_slice(text.as_bytes());
    bytes.push(0);
    set.add_bytes(STAT_DOC, &ident, &bytes)?;
    Ok(doc_id)
}
