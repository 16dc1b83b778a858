//! The tree of one request, stitched from transactions by their `Begin` and `Link` records.
//!
//! What a `Begin` or a `Link` names and what is not there becomes a node that says so.

use std::collections::{HashMap, HashSet, VecDeque};

use shellac_format::{Side, Tag, Vxid};
use shellac_log::{Kind, LogRecord, Reason, Relation, Transaction};

use super::attempt::{Attempt, Step};
use super::fields::Micros;
use super::request::{Request, Session};
use crate::visible;

/// Deeper includes than this are not followed: a level takes three columns, and no cache goes that deep.
const MAX_DEPTH: usize = 10;

/// What a node of the tree is.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A client connection.
    Session(Session),
    /// A client request, an include or a restart.
    Request(Box<Request>),
    /// An attempt at a backend.
    Attempt(Box<Attempt>),
    /// Named by another transaction and not in the log.
    Missing,
}

/// One transaction of the tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its number.
    pub vxid: Vxid,
    /// What it is; for a missing one, what the other transaction says.
    pub kind: Kind,
    /// Why it was started.
    pub reason: Reason,
    /// Its facts.
    pub what: What,
    /// Whether its first record is there.
    pub has_begin: bool,
    /// Whether its last record is there.
    pub has_end: bool,
    /// Which attempt of a fetch it is, from 1, where that can be told.
    pub attempt: Option<u32>,
    /// Transactions it started that lie too deep to be followed.
    pub deeper: usize,
    /// Its records, in the order in which they were written.
    pub records: Vec<RecordLine>,
    /// What it started. Retries and restarts are not in here: they stand behind it.
    pub children: Vec<Node>,
}

/// One record as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordLine {
    /// What it is about; `None` for a number without a name in the log's dialect.
    pub tag: Option<Tag>,
    /// The tag's number in the log's dialect.
    pub number: u8,
    /// What it says, safe on a terminal.
    pub text: String,
}

impl RecordLine {
    fn new(record: &LogRecord<'_>) -> RecordLine {
        let binary = matches!(record.tag, Some(Tag::HttpGarbage | Tag::H2RxHdr | Tag::H2RxBody));
        let text = match record.payload.strip_suffix(b"\0") {
            Some(whole) if binary => whole,
            None if binary => record.payload,
            _ => record.text(),
        };
        RecordLine { tag: record.tag, number: record.number, text: visible(text) }
    }

    /// The tag's name, or its number.
    pub fn name(&self) -> String {
        self.tag.map_or_else(|| self.number.to_string(), |tag| tag.name().to_owned())
    }
}

impl Node {
    /// The steps of a request or an attempt.
    pub fn steps(&self) -> &[Step] {
        match &self.what {
            What::Request(request) => &request.steps,
            What::Attempt(attempt) => &attempt.steps,
            What::Session(_) | What::Missing => &[],
        }
    }

    /// When it started: the first timestamp.
    pub fn start(&self) -> Option<Micros> {
        self.steps().first().map(|step| step.stamp.at)
    }

    /// From its first timestamp to its last.
    pub fn took(&self) -> Option<Micros> {
        let (first, last) = (self.steps().first()?, self.steps().last()?);
        Some(last.stamp.at.since(first.stamp.at))
    }

    /// The request, when it is one.
    pub fn as_request(&self) -> Option<&Request> {
        match &self.what {
            What::Request(request) => Some(request),
            _ => None,
        }
    }

    /// The attempt, when it is one.
    pub fn as_attempt(&self) -> Option<&Attempt> {
        match &self.what {
            What::Attempt(attempt) => Some(attempt),
            _ => None,
        }
    }

    /// The node and everything below it, in reading order.
    pub fn walk(&self) -> Vec<&Node> {
        let mut nodes = vec![self];
        for child in &self.children {
            nodes.extend(child.walk());
        }
        nodes
    }
}

/// A request as a tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// The number that was asked for.
    pub focus: Vxid,
    /// The tops: one, and the restarts or retries that follow it.
    pub roots: Vec<Node>,
    /// Other requests on the same connection, which are not part of the tree.
    pub others_on_session: usize,
}

impl Trace {
    /// Stitches the tree around `focus`. `None` when no transaction has that number.
    ///
    /// Transactions that have nothing to do with it are left out. Of several with one number the first is
    /// taken.
    pub fn build(transactions: &[Transaction], focus: Vxid) -> Option<Trace> {
        let mut stitcher = Stitcher::new(transactions);
        if !stitcher.by_vxid.contains_key(&focus) {
            return None;
        }
        let path = stitcher.climb(focus);
        let &top = path.last()?;
        let mut roots = stitcher.branch(top, None, 0, &path);
        if let Some(missing) = stitcher.missing_parent(top) {
            roots = adopt(missing, roots);
        }
        for root in &mut roots {
            number_below(root);
        }
        number_attempts(&mut roots);
        Some(Trace { focus, roots, others_on_session: stitcher.others_on_session })
    }

    /// All nodes in reading order.
    pub fn nodes(&self) -> Vec<&Node> {
        self.roots.iter().flat_map(Node::walk).collect()
    }

    /// The node that was asked for.
    pub fn focused(&self) -> Option<&Node> {
        self.nodes().into_iter().find(|node| node.vxid == self.focus)
    }

    /// The moment from which offsets are counted: the first timestamp there is.
    pub fn start(&self) -> Option<Micros> {
        self.nodes().into_iter().find_map(Node::start)
    }
}

struct Stitcher<'a> {
    by_vxid: HashMap<Vxid, &'a Transaction>,
    /// In the order given, for children that no `Link` names.
    order: Vec<Vxid>,
    parents: HashMap<Vxid, Relation>,
    links: HashMap<Vxid, Vec<Relation>>,
    seen: HashSet<Vxid>,
    others_on_session: usize,
}

impl<'a> Stitcher<'a> {
    fn new(transactions: &'a [Transaction]) -> Stitcher<'a> {
        let mut stitcher = Stitcher {
            by_vxid: HashMap::new(),
            order: Vec::new(),
            parents: HashMap::new(),
            links: HashMap::new(),
            seen: HashSet::new(),
            others_on_session: 0,
        };
        for transaction in transactions {
            let vxid = transaction.vxid;
            if stitcher.by_vxid.contains_key(&vxid) {
                continue;
            }
            stitcher.by_vxid.insert(vxid, transaction);
            stitcher.order.push(vxid);
            for record in transaction.records() {
                match record.tag {
                    Some(Tag::Begin) => {
                        if let Some(parent) = Relation::parse(record.text()) {
                            stitcher.parents.entry(vxid).or_insert(parent);
                        }
                    }
                    Some(Tag::Link) => {
                        let link = Relation::parse(record.text());
                        stitcher.links.entry(vxid).or_default().extend(link);
                    }
                    _ => {}
                }
            }
        }
        stitcher.complete_from_the_other_side();
        stitcher
    }

    /// A `Link` stands for a `Begin` that is lost, and a `Begin` for a `Link` that is lost.
    fn complete_from_the_other_side(&mut self) {
        for (&from, links) in &self.links {
            for link in links {
                let begin = Relation { vxid: from, ..*link };
                if self.by_vxid.contains_key(&link.vxid) {
                    self.parents.entry(link.vxid).or_insert(begin);
                }
            }
        }
        for &vxid in &self.order {
            let Some(begin) = self.parents.get(&vxid) else { continue };
            if begin.vxid != Vxid(0) {
                let links = self.links.entry(begin.vxid).or_default();
                if links.iter().all(|link| link.vxid != vxid) {
                    links.push(Relation { vxid, ..*begin });
                }
            }
        }
    }

    /// From `focus` to the uppermost ancestor that is there.
    fn climb(&self, focus: Vxid) -> Vec<Vxid> {
        let mut path = vec![focus];
        let mut on_path = HashSet::from([focus]);
        let mut at = focus;
        while let Some(parent) = self.parents.get(&at).map(|begin| begin.vxid)
            && self.by_vxid.contains_key(&parent)
            && on_path.insert(parent)
        {
            path.push(parent);
            at = parent;
        }
        path
    }

    /// The node above `top`, when `top` names one that is not there.
    fn missing_parent(&self, top: Vxid) -> Option<Node> {
        let begin = self.parents.get(&top)?;
        if begin.vxid == Vxid(0) || self.by_vxid.contains_key(&begin.vxid) {
            return None;
        }
        let kind = match begin.reason {
            Reason::Retry => Kind::Backend,
            Reason::Rxreq => Kind::Session,
            _ => Kind::Request,
        };
        Some(missing(begin.vxid, kind, Reason::Unknown))
    }

    /// The node of `vxid` and the retries or restarts that take its place.
    fn branch(
        &mut self,
        vxid: Vxid,
        link: Option<Relation>,
        depth: usize,
        path: &[Vxid],
    ) -> Vec<Node> {
        let mut row = Vec::new();
        let mut waiting = VecDeque::from([(vxid, link)]);
        while let Some((vxid, link)) = waiting.pop_front() {
            if !self.seen.insert(vxid) {
                continue;
            }
            let mut node = self.node(vxid, link);
            let focus_is_below = node.kind == Kind::Session && path.first() != Some(&vxid);
            for link in self.links.get(&vxid).cloned().unwrap_or_default() {
                if focus_is_below && !path.contains(&link.vxid) {
                    self.others_on_session += 1;
                } else if matches!(link.reason, Reason::Retry | Reason::Restart) {
                    waiting.push_back((link.vxid, Some(link)));
                } else if depth >= MAX_DEPTH {
                    node.deeper += 1;
                } else {
                    node.children.extend(self.branch(link.vxid, Some(link), depth + 1, path));
                }
            }
            row.push(node);
        }
        row
    }

    fn node(&self, vxid: Vxid, link: Option<Relation>) -> Node {
        let named = link.or_else(|| self.parents.get(&vxid).copied());
        let (kind, reason) =
            named.map_or((Kind::Unknown, Reason::Unknown), |named| (named.kind, named.reason));
        let Some(&transaction) = self.by_vxid.get(&vxid) else {
            return missing(vxid, kind, reason);
        };
        let kind = kind_of(transaction, kind);
        let what = match kind {
            Kind::Session => What::Session(Session::read(transaction)),
            Kind::Backend => What::Attempt(Box::new(Attempt::read(transaction))),
            Kind::Request | Kind::Unknown | Kind::Raw => {
                What::Request(Box::new(Request::read(transaction)))
            }
        };
        Node {
            vxid,
            kind,
            reason,
            what,
            has_begin: transaction.first(Tag::Begin).is_some(),
            has_end: transaction.complete,
            attempt: None,
            deeper: 0,
            records: transaction.records().map(|record| RecordLine::new(&record)).collect(),
            children: Vec::new(),
        }
    }
}

fn missing(vxid: Vxid, kind: Kind, reason: Reason) -> Node {
    Node {
        vxid,
        kind,
        reason,
        what: What::Missing,
        has_begin: false,
        has_end: false,
        attempt: None,
        deeper: 0,
        records: Vec::new(),
        children: Vec::new(),
    }
}

/// Puts `rows` below or, where they are retries of it, behind a node that is missing.
fn adopt(mut parent: Node, rows: Vec<Node>) -> Vec<Node> {
    let follows = |node: &Node| matches!(node.reason, Reason::Retry | Reason::Restart);
    if rows.first().is_some_and(follows) {
        let mut all = vec![parent];
        all.extend(rows);
        all
    } else {
        parent.children = rows;
        vec![parent]
    }
}

/// What a transaction is: from its own `Begin`, from the `Link` to it, or from what it holds.
fn kind_of(transaction: &Transaction, named: Kind) -> Kind {
    if !matches!(transaction.kind, Kind::Unknown | Kind::Raw) {
        return transaction.kind;
    }
    if named != Kind::Unknown {
        return named;
    }
    // Requests are started by a connection only, also where the log begins in its middle.
    let session = |record: LogRecord<'_>| match record.tag {
        Some(Tag::SessOpen | Tag::SessClose) => true,
        Some(Tag::Link) => {
            Relation::parse(record.text()).is_some_and(|link| link.reason == Reason::Rxreq)
        }
        _ => false,
    };
    if transaction.records().any(session) {
        Kind::Session
    } else if transaction.records().any(|record| record.side == Side::Backend) {
        Kind::Backend
    } else {
        Kind::Request
    }
}

fn number_below(node: &mut Node) {
    number_attempts(&mut node.children);
    node.children.iter_mut().for_each(number_below);
}

/// Counts the attempts of each fetch in a row of siblings. A chain whose first attempt is missing has no
/// numbers but those that the log gives.
fn number_attempts(row: &mut [Node]) {
    let mut count = None;
    for node in row.iter_mut().filter(|node| node.kind == Kind::Backend) {
        count = match (node.reason, count) {
            (Reason::Retry, Some(before)) => Some(before + 1),
            (Reason::Retry | Reason::Unknown, _) => None,
            _ => Some(1),
        };
        let recorded = node
            .as_attempt()
            .and_then(|attempt| attempt.last())
            .and_then(|last| last.details.attempt);
        node.attempt = recorded.or(count);
        count = node.attempt;
    }
}

#[cfg(test)]
mod tests;
