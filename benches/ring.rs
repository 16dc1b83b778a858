//! Publishing into the ring against a plain copy of the same bytes and against a ring behind a mutex; reading back.
//!
//! All variants take turns, round by round, in the same kind of mapping of 80 MB, and each round's time is divided
//! by that of its own plain copy, so that what the machine does beside falls on all of them. Printed are medians.
//!
//! * *memcpy* is the C library's, into private memory of the same size;
//! * *copy* is this project's block copy into the mapping, each thread in its own part;
//! * *mutex* is the layout of varnishd's own writer: the reservation under a lock, the copy outside of it.
//!
//! `cargo bench -p shellac --bench ring [-- ROUNDS [MILLISECONDS]]`

use std::hint::black_box;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use shellac_format::layout::{BATCH_WORD, END_MARK, WRAP_MARK};
use shellac_format::{Layout, Side, Vxid, record};
use shellac_ring::{Cursor, Next, Producer, Ring, Start};
use shellac_sys::{
    CreateOptions, LogHead, LogHeadMut, LogView, LogViewMut, MappedFile, MappedFileMut, Words,
    WordsMut,
};

const RING_BYTES: usize = 80 << 20;
const LAYOUT: Layout = Layout::Words3;
/// Publications between two looks at the flag that ends a round.
const BURST: u64 = 64;

#[allow(clippy::disallowed_methods, reason = "a bench: nobody hands it the time")]
fn now() -> Instant {
    Instant::now()
}

fn main() {
    // `cargo bench` adds `--bench`; numbers are ours.
    let mut numbers = std::env::args().skip(1).filter_map(|text| text.parse::<u64>().ok());
    let rounds = usize::try_from(numbers.next().unwrap_or(15)).unwrap_or(15);
    let millis = numbers.next().unwrap_or(100);
    let shm = Path::new("/dev/shm");
    let dir = if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() };
    let dir = dir.expect("a temporary directory");

    println!("publish: ns per batch over all threads, and in units of that round's own copy");
    println!(
        "{:>6} {:>7}  {:>10} {:>10} {:>10} {:>10}   {:>7} {:>7} {:>7}",
        "batch", "threads", "memcpy", "copy", "ring", "mutex", "memcpy", "ring", "mutex"
    );
    for bytes in [400, 4096] {
        for threads in [1, 2, 4] {
            publish(dir.path(), bytes, threads, rounds, Duration::from_millis(millis));
        }
    }
    println!("\nread back: ns per batch, one reader");
    println!("{:>6}  {:>10} {:>10}   {:>7}", "batch", "copy", "cursor", "cursor");
    for bytes in [400, 4096] {
        read_back(dir.path(), bytes, rounds);
    }
}

/// Whole records of one transaction, together `bytes` long.
fn body(bytes: usize) -> Vec<u8> {
    let mut body = Vec::new();
    while body.len() + 120 <= bytes {
        record::encode_text(&mut body, LAYOUT, 70, Vxid(77), Side::Client, &[b'x'; 40], 255);
    }
    let left = bytes - body.len() - LAYOUT.head_bytes();
    record::encode(&mut body, LAYOUT, 70, Vxid(77), Side::Client, &vec![b'y'; left]);
    assert_eq!(body.len(), bytes);
    body
}

fn file(dir: &Path, name: &str) -> MappedFileMut {
    let path = dir.join(name);
    let file = MappedFileMut::create(&path, RING_BYTES, &CreateOptions::default());
    std::fs::remove_file(&path).expect("remove the file, which stays mapped");
    file.expect("room for the rings in memory")
}

fn log(dir: &Path, name: &str) -> LogViewMut {
    LogViewMut::create(file(dir, name), LAYOUT.segment_marker()).expect("a log of 80 MB")
}

/// Runs `work` on every item at once for `time`; ns per publication over all threads.
fn round<T: Send>(items: &mut [T], time: Duration, work: impl Fn(&mut T) + Sync) -> f64 {
    let stop = AtomicBool::new(false);
    let start = Barrier::new(items.len() + 1);
    thread::scope(|scope| {
        let handles: Vec<_> = items
            .iter_mut()
            .map(|item| {
                let (stop, start, work) = (&stop, &start, &work);
                scope.spawn(move || {
                    start.wait();
                    let mut done = 0;
                    while !stop.load(Ordering::Relaxed) {
                        (0..BURST).for_each(|_| work(item));
                        done += BURST;
                    }
                    done
                })
            })
            .collect();
        start.wait();
        let started = now();
        thread::sleep(time);
        stop.store(true, Ordering::Relaxed);
        let done: u64 = handles.into_iter().map(|handle| handle.join().expect("no panic")).sum();
        started.elapsed().as_secs_f64() * 1e9 / done as f64
    })
}

fn publish(dir: &Path, bytes: usize, threads: usize, rounds: usize, time: Duration) {
    let body = body(bytes);
    let step = bytes + LAYOUT.head_bytes();

    let mut private = vec![1u8; RING_BYTES];
    let mut parts: Vec<(&mut [u8], usize)> =
        private.chunks_exact_mut(RING_BYTES / threads).map(|part| (part, 0)).collect();

    let mapping = file(dir, "copy");
    let part_bytes = RING_BYTES / threads;
    let mut places: Vec<(usize, usize)> =
        (0..threads).map(|thread| (thread * part_bytes, 0)).collect();

    let (_ring, mut producers) = Ring::create(log(dir, "ring"), LAYOUT, threads).expect("a ring");

    let mutex_ring = MutexRing::create(log(dir, "mutex"));
    let mut sharers: Vec<()> = vec![(); threads];

    let mut times: [Vec<f64>; 4] = Default::default();
    // The first round warms up.
    for index in 0..=rounds {
        let found = [
            round(&mut parts, time, |(part, at)| {
                if *at + step > part.len() {
                    *at = 0;
                }
                part[*at..*at + bytes].copy_from_slice(black_box(&body));
                *at += step;
            }),
            round(&mut places, time, |(start, at)| {
                if *at + step > part_bytes {
                    *at = 0;
                }
                mapping.write_bytes(*start + *at, black_box(&body)).expect("inside");
                *at += step;
            }),
            round(&mut producers, time, |producer: &mut Producer| {
                while producer.publish(black_box(&body)).is_err() {
                    thread::yield_now();
                }
            }),
            round(&mut sharers, time, |()| mutex_ring.publish(black_box(&body))),
        ];
        if index > 0 {
            times.iter_mut().zip(found).for_each(|(times, time)| times.push(time));
        }
    }
    let ratio = |variant: usize| {
        median(times[variant].iter().zip(&times[1]).map(|(time, copy)| time / copy).collect())
    };
    println!(
        "{bytes:>6} {threads:>7}  {:>10.1} {:>10.1} {:>10.1} {:>10.1}   {:>7.2} {:>7.2} {:>7.2}",
        median(times[0].clone()),
        median(times[1].clone()),
        median(times[2].clone()),
        median(times[3].clone()),
        ratio(0),
        ratio(2),
        ratio(3),
    );
}

fn read_back(dir: &Path, bytes: usize, rounds: usize) {
    let body = body(bytes);
    let path = dir.join("read");
    let file = MappedFileMut::create(&path, RING_BYTES, &CreateOptions::default()).expect("a file");
    let view = LogViewMut::create(file, LAYOUT.segment_marker()).expect("a log");
    let (ring, mut producers) = Ring::create(view, LAYOUT, 1).expect("a ring");
    ring.publish_marker();
    // One lap and a bit: everything that a reader from the head sees is full.
    while ring.written_bytes() < RING_BYTES as u64 * 5 / 4 {
        producers[0].publish(&body).expect("nobody else writes");
    }
    let mapped = MappedFile::open(&path, 0, RING_BYTES).expect("the file");
    // One mapping for all rounds: the first one pays for its pages.
    let words = LogView::open(mapped).expect("a log");
    let (mut copies, mut cursors) = (Vec::new(), Vec::new());
    for _ in 0..=rounds {
        let mut cursor = Cursor::open(&words, LAYOUT, Start::Head).expect("a cursor");
        let mut out = Vec::new();
        let mut batches = 0;
        let from = cursor.position().at_word;
        let started = now();
        while cursor.next(&mut out).expect("a sound ring") == Next::Batch {
            black_box(&out);
            batches += 1;
        }
        cursors.push(started.elapsed().as_secs_f64() * 1e9 / f64::from(batches));
        // The cursor has left nothing in it.
        out.resize(bytes, 0);
        let step = (bytes + LAYOUT.head_bytes()) / 4;
        let started = now();
        let mut at = from;
        for _ in 0..batches {
            if at + step > words.len_words() {
                at = 0;
            }
            words.copy_out(at, &mut out[..]).expect("inside");
            black_box(&out);
            at += step;
        }
        copies.push(started.elapsed().as_secs_f64() * 1e9 / f64::from(batches));
    }
    std::fs::remove_file(&path).expect("remove the file");
    let ratio =
        median(cursors.iter().zip(&copies).skip(1).map(|(cursor, copy)| cursor / copy).collect());
    println!("{bytes:>6}  {:>10.1} {:>10.1}   {ratio:>7.2}", median(copies), median(cursors));
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A writer as varnishd has it, over the same layout: it reserves under a lock and copies outside.
struct MutexRing {
    log: LogViewMut,
    state: Mutex<State>,
}

#[derive(Clone, Copy)]
struct State {
    at: usize,
    segment: u32,
}

impl MutexRing {
    fn create(log: LogViewMut) -> MutexRing {
        let segment = 0u32.wrapping_sub(8);
        log.store(0, END_MARK);
        log.set_segment_n(segment);
        (0..8).for_each(|index| log.set_offset(index, if index == 0 { 0 } else { -1 }));
        MutexRing { log, state: Mutex::new(State { at: 0, segment }) }
    }

    fn publish(&self, body: &[u8]) {
        let log = &self.log;
        let words = LAYOUT.head_words() + body.len() / 4;
        let segment_words = log.segment_words() as usize;
        let (at, segment) = {
            let mut state = self.state.lock().expect("no panic under the lock");
            if state.at + words >= log.len_words() {
                state.segment = state.segment.wrapping_add(8 - state.segment % 8);
                log.store(0, END_MARK);
                log.write_barrier();
                log.store(state.at, WRAP_MARK);
                state.at = 0;
            }
            let at = state.at;
            state.at += words;
            log.store(state.at, END_MARK);
            while state.at / segment_words > (state.segment % 8) as usize {
                state.segment = state.segment.wrapping_add(1);
                log.set_offset(state.segment % 8, i64::try_from(state.at).expect("a word index"));
            }
            (at, state.segment)
        };
        let mut current = log.segment_n();
        while segment.wrapping_sub(current).cast_signed() > 0 {
            match log.compare_exchange_segment_n(current, segment) {
                Ok(_) => break,
                Err(found) => current = found,
            }
        }
        log.store(at + 1, u32::try_from(body.len()).expect("a batch is small"));
        log.store(at + 2, 0);
        log.copy_in(at + LAYOUT.head_words(), body).expect("inside");
        log.store_release(at, BATCH_WORD);
    }
}
