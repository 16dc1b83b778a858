//! Places in a live log to come back to, and reading on from there beside the reader that noted them.

use std::sync::Arc;

use shellac_format::Layout;
use shellac_ring::{Cursor, Lag, LogView, Loss, Next, OpenError, Position, ReadError, Start};

/// A place in a live log, noted while reading it.
///
/// It keeps the log mapped, so that what is in it can be had even after its writer was replaced.
#[derive(Clone, Debug)]
pub struct Mark {
    log: Arc<LogView>,
    layout: Layout,
    position: Position,
}

impl Mark {
    pub(crate) fn of(cursor: &Cursor<Arc<LogView>>) -> Mark {
        Mark { log: Arc::clone(cursor.log()), layout: cursor.layout(), position: cursor.position() }
    }

    /// Reads from here on, with a cursor of its own.
    ///
    /// What was overwritten since is the [`Loss`]; reading starts at the oldest safe place then.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if what lies in the log is no log.
    pub fn open(&self) -> Result<(Past, Option<Loss>), OpenError> {
        let (cursor, loss) = Cursor::open_at(Arc::clone(&self.log), self.layout, self.position)?;
        Ok((Past { cursor }, loss))
    }

    /// The oldest place of the same log where reading is safe now.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if what lies in the log is no log.
    pub fn oldest(&self) -> Result<Mark, OpenError> {
        Cursor::open(Arc::clone(&self.log), self.layout, Start::Head).map(|it| Mark::of(&it))
    }

    /// Whether what comes next here can still be had, so that [`Mark::open`] starts exactly here.
    pub fn is_safe(&self) -> bool {
        matches!(Cursor::open_at(Arc::clone(&self.log), self.layout, self.position), Ok((_, None)))
    }

    /// Whether both are places in the same log.
    pub fn is_same_log(&self, other: &Mark) -> bool {
        Arc::ptr_eq(&self.log, &other.log)
    }
}

/// A second reader of a live log, which started at a [`Mark`].
#[derive(Debug)]
pub struct Past {
    cursor: Cursor<Arc<LogView>>,
}

/// What a [`Past`] has next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PastNext {
    /// One unit: whole records of one transaction that were published together.
    Unit,
    /// The place that was asked for is reached, or the end of what is there.
    End,
    /// What came next was overwritten.
    Lost(Loss),
}

impl Past {
    /// Copies the next unit that lies before `until` to `out`, which it replaces. `None`: whatever is there.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if what lies there is no log. The next call says the same.
    pub fn next(&mut self, until: Option<&Mark>, out: &mut Vec<u8>) -> Result<PastNext, ReadError> {
        if until.is_some_and(|until| self.has_reached(until)) {
            out.clear();
            return Ok(PastNext::End);
        }
        Ok(match self.cursor.next(out)? {
            Next::Batch => PastNext::Unit,
            Next::Nothing => PastNext::End,
            Next::Overrun(loss) => PastNext::Lost(loss),
        })
    }

    /// Whether reading is at `mark` or behind it. A mark in another log is never reached.
    pub fn has_reached(&self, mark: &Mark) -> bool {
        Arc::ptr_eq(self.cursor.log(), &mark.log) && self.cursor.has_reached(mark.position)
    }

    /// The place of what comes next.
    pub fn mark(&self) -> Mark {
        Mark::of(&self.cursor)
    }

    /// How far the writer is ahead.
    pub fn lag(&self) -> Lag {
        self.cursor.lag()
    }
}
