//! The file: groups of rows, bounded in memory, and the name when all of it is there.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{BoolType, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use tempfile::NamedTempFile;

use super::columns::{COLUMNS, Column, Kind, Row, Values, schema};

/// Rows that are written together at most, and bytes of them in memory.
const GROUP_ROWS: usize = 100_000;
const GROUP_BYTES: usize = 32 << 20;

/// A table in the making.
pub(super) struct Table {
    path: PathBuf,
    /// Removed when the value goes without being finished.
    beside: NamedTempFile,
    writer: SerializedFileWriter<File>,
    columns: Vec<Column>,
    rows: usize,
    bytes: usize,
    rows_written: u64,
}

impl Table {
    /// Begins a file beside the one that is asked for.
    pub(super) fn create(path: &Path) -> anyhow::Result<Table> {
        // The name would be given to the table, and a device or a pipe be gone.
        let is_file = std::fs::metadata(path).map_or(true, |metadata| metadata.is_file());
        if path.as_os_str() == "-" || !is_file {
            bail!("-o {}: a table needs a file, as who reads it begins at its end", path.display());
        }
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let trouble = || format!("cannot write to {}", directory.display());
        let beside = tempfile::Builder::new()
            .prefix(".shellac-")
            .suffix(".part")
            .permissions(permissions())
            .tempfile_in(directory)
            .with_context(trouble)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_created_by(format!("shellac {}", env!("CARGO_PKG_VERSION")))
            .build();
        let file = beside.as_file().try_clone().with_context(trouble)?;
        let writer = SerializedFileWriter::new(file, schema(), Arc::new(properties))?;
        Ok(Table {
            path: path.to_owned(),
            beside,
            writer,
            columns: columns(),
            rows: 0,
            bytes: 0,
            rows_written: 0,
        })
    }

    /// Adds a row.
    pub(super) fn push(&mut self, row: Row) -> anyhow::Result<()> {
        for (column, cell) in self.columns.iter_mut().zip(row) {
            self.bytes += column.push(cell);
        }
        self.rows += 1;
        if self.rows >= GROUP_ROWS || self.bytes >= GROUP_BYTES { self.write() } else { Ok(()) }
    }

    /// Whether it has no rows so far.
    pub(super) const fn is_empty(&self) -> bool {
        self.rows == 0 && self.rows_written == 0
    }

    /// Writes what is collected.
    fn write(&mut self) -> anyhow::Result<()> {
        let collected = std::mem::replace(&mut self.columns, columns());
        let mut group = || -> Result<(), ParquetError> {
            let mut group = self.writer.next_row_group()?;
            for column in &collected {
                let Some(mut writer) = group.next_column()? else { break };
                write_column(&mut writer, column)?;
                writer.close()?;
            }
            group.close()?;
            Ok(())
        };
        group().with_context(|| format!("cannot write {}", self.path.display()))?;
        self.rows_written += self.rows as u64;
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }

    /// Writes what is left, and gives the file its name. How many rows it has.
    pub(super) fn finish(mut self) -> anyhow::Result<u64> {
        if self.rows > 0 {
            self.write()?;
        }
        let trouble = || format!("cannot write {}", self.path.display());
        self.writer.close().with_context(trouble)?;
        self.beside.as_file().sync_all().with_context(trouble)?;
        self.beside.persist(&self.path).with_context(trouble)?;
        Ok(self.rows_written)
    }
}

/// Those of any other file that a tool writes: what the user's mask leaves.
fn permissions() -> std::fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o666)
}

fn columns() -> Vec<Column> {
    COLUMNS.iter().map(|(_, kind)| Column::new(*kind)).collect()
}

fn write_column(
    writer: &mut SerializedColumnWriter<'_>,
    column: &Column,
) -> Result<(), ParquetError> {
    let is_required = matches!(column.kind, Kind::Number | Kind::Word);
    let present = (!is_required).then_some(&column.present[..]);
    let goes_on = (column.kind == Kind::Texts).then_some(&column.goes_on[..]);
    match &column.values {
        Values::Number(values) => {
            writer.typed::<Int64Type>().write_batch(values, present, goes_on)?
        }
        Values::Small(values) => {
            writer.typed::<Int32Type>().write_batch(values, present, goes_on)?
        }
        Values::Seconds(values) => {
            writer.typed::<DoubleType>().write_batch(values, present, goes_on)?
        }
        Values::Flag(values) => writer.typed::<BoolType>().write_batch(values, present, goes_on)?,
        Values::Text(values) => {
            writer.typed::<ByteArrayType>().write_batch(values, present, goes_on)?
        }
    };
    Ok(())
}
