//! How often each of very many texts came: exact as long as they have room, upper bounds after that.

mod index;
mod recent;

use index::{Index, hash};
use recent::Recent;

/// Counts texts of a few kinds.
///
/// As long as all of them have room the counts are exact. When there is none, the half with the smallest counts is
/// forgotten, and what comes anew starts where the largest of these was. So a count is never too low, it is too
/// high by at most its [`Counted::over`], and what is not there came at most [`Counts::floor`] times. With room for
/// `n` keys that floor is at most two `n`-ths of all that was counted.
///
/// Texts are found through a hash with a key of the caller's, so that nobody who writes them can make them meet.
#[derive(Clone, Debug)]
pub struct Counts {
    most_keys: usize,
    most_bytes: usize,
    key: u64,
    texts: Vec<u8>,
    rows: Vec<Row>,
    index: Index,
    /// Where short texts were found.
    recent: Recent,
    floor: f64,
}

/// Where a text lies, and its count.
#[derive(Clone, Copy, Debug)]
struct Row {
    count: f64,
    over: f64,
    start: u32,
    len: u32,
    hash: u32,
    kind: u8,
}

/// A text and its count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Counted<'a> {
    /// What kind of text it is, as the caller numbers them.
    pub kind: u8,
    /// The text.
    pub text: &'a [u8],
    /// How often it came, at most.
    pub count: f64,
    /// By how much that may be too high; 0 for an exact count.
    pub over: f64,
}

impl Counts {
    /// With room for so many keys, at least two, and so many bytes of their texts, 4 GB at most. `key` is a secret or
    /// at least different from run to run.
    pub fn new(most_keys: usize, most_bytes: usize, key: u64) -> Counts {
        Counts {
            // Half of them go at a time.
            most_keys: most_keys.clamp(2, 1 << 31),
            most_bytes: most_bytes.min(u32::MAX as usize),
            key,
            texts: Vec::new(),
            rows: Vec::new(),
            index: Index::default(),
            recent: Recent::default(),
            floor: 0.0,
        }
    }

    /// Counts a text once. One that is longer than there is room for all is cut.
    #[inline]
    pub fn add(&mut self, kind: u8, text: &[u8]) {
        self.place_of(kind, text);
    }

    /// Counts a text of one to 15 bytes once, none of them 0. It is the lower bytes of a number, the first the lowest, and
    /// the others are 0: so it is compared at once with one that came shortly before.
    ///
    /// ```
    /// use shellac_measure::Counts;
    ///
    /// let mut counts = Counts::new(10, 1000, 1);
    /// counts.add_short(1, u128::from_le_bytes(*b"Host\0\0\0\0\0\0\0\0\0\0\0\0"));
    /// counts.add(1, b"Host");
    /// assert_eq!(counts.iter().next().map(|it| (it.text, it.count)), Some((&b"Host"[..], 2.0)));
    /// ```
    #[inline]
    pub fn add_short(&mut self, kind: u8, word: u128) {
        match self.recent.find(kind, word).and_then(|at| self.rows.get_mut(at)) {
            Some(row) => row.count += 1.0,
            None => self.add_short_anew(kind, word),
        }
    }

    #[inline(never)]
    fn add_short_anew(&mut self, kind: u8, word: u128) {
        let bytes = word.to_le_bytes();
        let len = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        let at = self.place_of(kind, &bytes[..len]);
        // Where there is so little room that it is cut, another one may be cut to the same.
        if len <= self.most_bytes / 2 {
            self.recent.learn(kind, word, at);
        }
    }

    /// Counts a text once, and says in which row.
    #[inline]
    fn place_of(&mut self, kind: u8, text: &[u8]) -> usize {
        let text = &text[..text.len().min(self.most_bytes / 2)];
        let hash = hash(self.key ^ u64::from(kind), text);
        let (rows, texts) = (&self.rows, &self.texts);
        let found = self.index.find(hash, |at| {
            let row = &rows[at];
            row.kind == kind && row.text(texts) == text
        });
        match found {
            Some(at) => {
                self.rows[at].count += 1.0;
                at
            }
            None => self.insert(kind, text, hash),
        }
    }

    #[allow(clippy::cast_possible_truncation, reason = "texts have less than 4 GB together")]
    fn insert(&mut self, kind: u8, text: &[u8], hash: u32) -> usize {
        while self.rows.len() >= self.most_keys
            || self.texts.len() + text.len() > self.most_bytes && !self.rows.is_empty()
        {
            self.make_room();
        }
        let (start, len) = (self.texts.len() as u32, text.len() as u32);
        self.texts.extend_from_slice(text);
        self.index.insert(hash, self.rows.len());
        let (count, over) = (self.floor + 1.0, self.floor);
        self.rows.push(Row { count, over, start, len, hash, kind });
        self.rows.len() - 1
    }

    /// Forgets the half with the smallest counts.
    fn make_room(&mut self) {
        let mut counts: Vec<f64> = self.rows.iter().map(|row| row.count).collect();
        let middle = counts.len() / 2;
        let (_, median, _) = counts.select_nth_unstable_by(middle, f64::total_cmp);
        self.floor = self.floor.max(*median);
        // Of those that have just this count some may stay: all would go where all came equally often.
        let floor = self.floor;
        let mut to_go = middle.max(1);
        self.rows.retain(|row| {
            let goes = to_go > 0 && row.count <= floor;
            to_go -= usize::from(goes);
            !goes
        });
        self.tidy();
    }

    /// Lays the texts of the rows that are left one after the other, and finds them again.
    #[allow(clippy::cast_possible_truncation, reason = "texts have less than 4 GB together")]
    fn tidy(&mut self) {
        let mut texts = Vec::new();
        for row in &mut self.rows {
            let start = texts.len() as u32;
            texts.extend_from_slice(row.text(&self.texts));
            row.start = start;
        }
        self.texts = texts;
        self.recent.forget();
        self.index = Index::of(self.rows.iter().map(|row| row.hash));
    }

    /// Brings every count nearer to `towards`, by one `parts`-th of the way; `parts` is at least 1.
    pub fn decay(&mut self, towards: f64, parts: f64) {
        let parts = parts.max(1.0);
        for row in &mut self.rows {
            row.count += (towards - row.count) / parts;
            row.over -= row.over / parts;
        }
        // A count that was 0 stays 0: nobody counts what is not there.
        if self.floor > 0.0 {
            self.floor += (towards - self.floor) / parts;
        }
    }

    /// Forgets what `keep` does not want. What comes anew of it is counted from the floor, which is left as it is.
    pub fn retain(&mut self, mut keep: impl FnMut(Counted<'_>) -> bool) {
        let texts = &self.texts;
        let before = self.rows.len();
        self.rows.retain(|row| keep(row.counted(texts)));
        if self.rows.len() < before {
            self.tidy();
        }
    }

    /// Forgets everything; from now on counts are exact again.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.floor = 0.0;
        self.tidy();
    }

    /// How many texts have a count.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether nothing was counted, or everything forgotten.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// What was forgotten for want of room came so many times at most. 0: all had room, and all counts are exact.
    pub const fn floor(&self) -> f64 {
        self.floor
    }

    /// All texts that have a count, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = Counted<'_>> {
        self.rows.iter().map(|row| row.counted(&self.texts))
    }
}

impl Row {
    fn text<'a>(&self, texts: &'a [u8]) -> &'a [u8] {
        let start = self.start as usize;
        &texts[start..start + self.len as usize]
    }

    fn counted<'a>(&self, texts: &'a [u8]) -> Counted<'a> {
        Counted { kind: self.kind, text: self.text(texts), count: self.count, over: self.over }
    }
}

#[cfg(test)]
mod tests;
