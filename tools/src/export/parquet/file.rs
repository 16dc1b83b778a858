//! The file: groups of rows, bounded in memory, and the name when all of it is there.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{BoolType, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::SerializedFileReader;
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
    /// Of these at most in a group.
    group_bytes: usize,
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
        let mut builder = tempfile::Builder::new();
        Table::begin(path, builder.prefix(".shellac-").suffix(PART), GROUP_BYTES)
    }

    /// Begins a file in a directory that is ours: what is not finished is known by its name ([`finished_name`]).
    /// Rows are written when they are about so many bytes in memory, or earlier.
    pub(super) fn create_known(path: &Path, group_bytes: usize) -> anyhow::Result<Table> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = format!(".{name}");
        let mut builder = tempfile::Builder::new();
        let builder = builder.prefix(&name).rand_bytes(0).suffix(PART);
        Table::begin(path, builder, group_bytes.min(GROUP_BYTES))
    }

    fn begin(
        path: &Path,
        builder: &mut tempfile::Builder<'_, '_>,
        group_bytes: usize,
    ) -> anyhow::Result<Table> {
        let directory = directory_of(path);
        let trouble = || format!("cannot write to {}", directory.display());
        let beside = builder.permissions(permissions()).tempfile_in(directory);
        let beside = beside.with_context(trouble)?;
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
            group_bytes,
            rows_written: 0,
        })
    }

    /// Adds a row.
    pub(super) fn push(&mut self, row: Row) -> anyhow::Result<()> {
        for (column, cell) in self.columns.iter_mut().zip(row) {
            self.bytes += column.push(cell);
        }
        self.rows += 1;
        if self.rows >= GROUP_ROWS || self.bytes >= self.group_bytes {
            self.write()
        } else {
            Ok(())
        }
    }

    /// Bytes of the file so far; what is collected is not among them.
    pub(super) fn len_bytes(&self) -> u64 {
        self.writer.bytes_written() as u64
    }

    /// The name that it is going to have.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Rows so far.
    pub(super) const fn rows(&self) -> u64 {
        self.rows_written + self.rows as u64
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
        // The name is to be there after a power failure as well.
        File::open(directory_of(&self.path)).and_then(|it| it.sync_all()).with_context(trouble)?;
        Ok(self.rows_written)
    }
}

/// What ends the name of a file that is not finished.
const PART: &str = ".part";

/// The name that an unfinished file of [`Table::create_known`] was to get.
pub(super) fn finished_name(name: &str) -> Option<&str> {
    name.strip_prefix('.')?.strip_suffix(PART)
}

/// Whether all of a table is there: it has its end.
pub(super) fn is_whole(file: File) -> bool {
    SerializedFileReader::new(file).is_ok()
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
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
