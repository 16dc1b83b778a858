//! A publication that is held up in the middle: the others are refused, clients are served all the same, and the log says what it has lost.

use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

use shellac_config::{Config, ParseOptions};
use shellac_format::{Dialect, Layout, Side, Tag, Vxid, record};
use shellac_ring::{Cursor, Next, PendingStats, Publisher, Ring, Start};
use shellac_sys::{ArrayLog, LogHead, LogHeadMut, OutOfBounds, Words, WordsMut};

use super::log::decode;
use super::origin::Origin;
use super::rig::{Client, body};
use crate::engine::EngineLog;
use crate::log::LogSink;
use crate::{Engine, EngineOptions, Inherited, Listener};

const DIALECT: Dialect = Dialect::V7_3;
/// 22 MB: after half of it others are refused, and with the 4 MB that wait then nothing is overwritten yet.
const SEGMENT_WORDS: u32 = 704 << 10;
/// How the batch begins, behind its header, at which its producer is held up.
const HELD: &[u8] = b"held up";
/// More requests than it takes to fill half the ring and the queue behind it.
const REQUESTS_MOST: usize = 5000;

/// Memory of a log in which one copy waits until it is told to go on.
#[derive(Clone)]
struct Memory {
    log: Arc<ArrayLog>,
    gate: Arc<Mutex<Receiver<()>>>,
    reached: std::sync::mpsc::Sender<()>,
}

impl Words for Memory {
    fn len_words(&self) -> usize {
        self.log.len_words()
    }
    fn get(&self, index: usize) -> Option<u32> {
        self.log.get(index)
    }
    fn read_barrier(&self) {
        self.log.read_barrier();
    }
    fn copy_out(&self, at_word: usize, out: &mut [u8]) -> Result<(), OutOfBounds> {
        self.log.copy_out(at_word, out)
    }
}

impl WordsMut for Memory {
    fn store(&self, index: usize, word: u32) {
        self.log.store(index, word);
    }
    fn store_release(&self, index: usize, word: u32) {
        self.log.store_release(index, word);
    }
    fn get_for_update(&self, index: usize) -> u32 {
        self.log.get_for_update(index)
    }
    fn compare_exchange(&self, index: usize, current: u32, new: u32) -> Result<u32, u32> {
        self.log.compare_exchange(index, current, new)
    }
    fn write_barrier(&self) {
        self.log.write_barrier();
    }
    fn copy_in(&self, at_word: usize, bytes: &[u8]) -> Result<(), OutOfBounds> {
        if bytes.windows(HELD.len()).take(32).any(|part| part == HELD) {
            // Its place is reserved, and its header is not there yet.
            let _ = self.reached.send(());
            let _ = self.gate.lock().unwrap().recv();
        }
        self.log.copy_in(at_word, bytes)
    }
}

impl LogHead for Memory {
    fn segment_words(&self) -> u32 {
        self.log.segment_words()
    }
    fn segment_n(&self) -> u32 {
        self.log.segment_n()
    }
    fn offset(&self, index: u32) -> i64 {
        self.log.offset(index)
    }
}

impl LogHeadMut for Memory {
    fn set_offset(&self, index: u32, word: i64) {
        self.log.set_offset(index, word);
    }
    fn set_segment_n(&self, segment: u32) {
        self.log.set_segment_n(segment);
    }
    fn segment_n_for_update(&self) -> u32 {
        self.log.segment_n_for_update()
    }
    fn compare_exchange_segment_n(&self, current: u32, new: u32) -> Result<u32, u32> {
        self.log.compare_exchange_segment_n(current, new)
    }
    fn publish_marker(&self) {
        self.log.publish_marker();
    }
}

/// A publisher whose numbers can be seen from outside.
struct Watched(Publisher<Memory>, Arc<Mutex<PendingStats>>);

impl LogSink for Watched {
    fn publish(&mut self, batch: &[u8]) {
        self.0.publish(batch);
        *self.1.lock().unwrap() = self.0.stats();
    }
    fn sweep(&mut self) {
        self.0.sweep();
        *self.1.lock().unwrap() = self.0.stats();
    }
    fn pending(&self) -> PendingStats {
        self.0.stats()
    }
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a test is a program: nobody hands it the time")]
fn a_publication_that_is_held_up_costs_records_and_no_answer() {
    let (go, gate) = channel();
    let (reached, at_gate) = channel();
    let array = Arc::new(ArrayLog::new(8, SEGMENT_WORDS));
    let gate = Arc::new(Mutex::new(gate));
    let memory = Memory { log: Arc::clone(&array), gate, reached };
    let (ring, producers) = Ring::create(memory, DIALECT.layout(), 3).unwrap();
    let pending = Arc::new(Mutex::new(PendingStats::default()));
    let mut producers = producers.into_iter();
    let mut held = producers.next().unwrap();
    let sinks = producers.map(|producer| {
        let publisher = Publisher::new(producer, DIALECT);
        Box::new(Watched(publisher, Arc::clone(&pending))) as Box<dyn LogSink>
    });
    let mut sinks: Vec<_> = sinks.collect();
    // Only what the serving thread has to say is looked at.
    sinks[0] = Box::new(super::log::Journal::default());
    let log = EngineLog::of_sinks(DIALECT, sinks).unwrap();

    let holder = std::thread::spawn(move || {
        let mut batch = Vec::new();
        let number = Tag::Notice.number(DIALECT).unwrap();
        let layout = DIALECT.layout();
        record::encode_text(&mut batch, layout, number, Vxid(0), Side::None, HELD, 64);
        held.publish(&batch).unwrap();
    });
    at_gate.recv().unwrap();

    let origin = Origin::start(|_, mut connection| connection.serve());
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let text = format!(
        "[[listen]]\nname = \"main\"\naddress = \"{address}\"\n[[backend]]\nname = \"b0\"\naddress = \"{}\"\n",
        origin.address
    );
    let config = Config::parse_with(&text, "test", ParseOptions { allow_small: true }).unwrap();
    let listener =
        Listener { name: "main".to_owned(), address: address.into(), sockets: vec![socket.into()] };
    let options = EngineOptions {
        instance: "test".to_owned(),
        xid_base: 1000,
        inherited: Inherited::default(),
    };
    let engine = Engine::start(Arc::new(config), vec![listener], log, options).unwrap();

    let filling: String =
        (0..25).map(|at| format!("X-Fill-{at}: {}\r\n", "x".repeat(1000))).collect();
    let mut client = Client::connect(address);
    let mut served = 0;
    while pending.lock().unwrap().dropped_records == 0 {
        assert!(served < REQUESTS_MOST, "{:?}", pending.lock().unwrap());
        client.send(format!("GET /{served} HTTP/1.1\r\nHost: a\r\n{filling}\r\n"));
        let answer = client.until("answer");
        assert!(answer.starts_with("HTTP/1.1 200 ") && body(&answer) == "answer", "{answer}");
        served += 1;
    }
    assert!(ring.stats().refused > 0);
    assert!(pending.lock().unwrap().waiting_batches > 0);
    // Behind the hole nothing is read.
    let mut cursor = Cursor::open(Arc::clone(&array), Layout::Words3, Start::Head).unwrap();
    let mut batch = Vec::new();
    assert_eq!(cursor.next(&mut batch), Ok(Next::Nothing));

    go.send(()).unwrap();
    holder.join().unwrap();
    let start = std::time::Instant::now();
    while pending.lock().unwrap().waiting_batches > 0 {
        assert!(start.elapsed() < super::log::PATIENCE, "{:?}", pending.lock().unwrap());
        std::thread::yield_now();
    }
    let stats = *pending.lock().unwrap();
    drop(client);
    engine.join();
    let mut bytes = Vec::new();
    let end = loop {
        match cursor.next(&mut batch) {
            Ok(Next::Batch) => bytes.extend_from_slice(&batch),
            end => break end,
        }
    };
    assert_eq!(end, Ok(Next::Nothing), "all of it is there");
    let lines = decode(&bytes, DIALECT);
    let notices: Vec<&str> = lines
        .iter()
        .filter(|line| line.tag == Tag::Notice && line.text.contains("the log was full"))
        .map(|line| line.text.as_str())
        .collect();
    let said = format!("{} records were dropped", stats.dropped_records);
    assert!(notices.len() == 1 && notices[0].contains(&said), "{notices:?} {stats:?}");
    // What was lost is details: each request has its beginning, its URL or not, and its end.
    let count = |tag, begins: &str| {
        lines.iter().filter(|line| line.tag == tag && line.text.starts_with(begins)).count()
    };
    assert_eq!(count(Tag::Begin, "req "), served);
    assert_eq!(count(Tag::Begin, "bereq "), served);
    assert_eq!(count(Tag::Begin, "sess "), 1);
    assert_eq!(count(Tag::End, ""), 2 * served + 1);
}
