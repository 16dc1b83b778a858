//! A verdict from counters to shared memory and the log, without waiting for minutes.

use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use shellac_config::{Config, ParseOptions};
use shellac_counters::vsc::Counters;
use shellac_counters::vsc::table::Vbe;
use shellac_format::Dialect;
use shellac_vsm::{AttachOptions, Attachment, ChildSet, MgtSet, PublishOptions};

use super::super::jobs::Round;
use super::{Control, Judge, Lately, observations};
use crate::clock::Clock;
use crate::log::{Grammar, Log, LogSink, Xids};
use crate::stats::{Counting, Firsts};

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl LogSink for Sink {
    fn publish(&mut self, batch: &[u8]) {
        self.0.lock().unwrap().extend_from_slice(batch);
    }

    fn sweep(&mut self) {}
}

/// Four backends on two nodes, and a reader.
struct Scene {
    control: Control,
    log: Rc<Log>,
    sink: Sink,
    judge: Judge,
    attachment: Attachment,
    _mgt: MgtSet,
}

impl Scene {
    fn new(dir: &Path) -> Scene {
        let backend = |at: usize| {
            format!(
                "[[backend]]\nname = \"b{at}\"\naddress = \"127.0.0.1:{}\"\nnode = \"n{}\"\n",
                at + 1,
                at / 2
            )
        };
        let backends: String = (0..8).map(backend).collect();
        let text =
            format!("[log]\nsize = \"1M\"\n[[listen]]\naddress = \"127.0.0.1:1\"\n{backends}");
        let options = ParseOptions { allow_small: true };
        let config = Arc::new(Config::parse_with(&text, "test", options).unwrap());
        let mut mgt = MgtSet::create(dir, &PublishOptions::own(1)).unwrap();
        mgt.add_identity("test", "7.3-8.0", "0").unwrap();
        mgt.publish().unwrap();
        let child = ChildSet::create(dir, &PublishOptions::own(1)).unwrap();
        let (control, _) =
            Control::new("boot", config, Vec::new(), 1, Counting::publish(child).unwrap());
        let sink = Sink::default();
        let xids = Xids::new(Dialect::V7_3.layout(), 1000, 0, 1);
        let grammar = Grammar::new(Dialect::V7_3, 1024);
        let stall = Duration::from_secs(1);
        let log = Log::new(grammar, Clock::start(), stall, xids, Box::new(sink.clone()));
        let attachment = Attachment::open(dir, AttachOptions::default()).unwrap();
        Scene { control, log: Rc::new(log), sink, judge: Judge::new(), attachment, _mgt: mgt }
    }

    /// Five seconds in which each backend had 50 first attempts, of which so many failed.
    fn pass(&mut self, failed: [u64; 8]) {
        for (at, failed) in failed.into_iter().enumerate() {
            let active = self.control.active();
            active.counters.published().add(at, Vbe::First, 50);
            active.counters.published().add(at, Vbe::FirstFailed, failed);
        }
        self.judge.look(&Round { control: &self.control, log: &self.log });
    }

    fn counter(&mut self, name: &str) -> u64 {
        self.attachment.refresh();
        let all = Counters::read(&self.attachment);
        all.iter().find(|counter| counter.name == name).unwrap_or_else(|| panic!("{name}")).value
    }

    fn verdict(&mut self) -> Option<String> {
        self.attachment.refresh();
        self.attachment.read_text("Health", "verdict").unwrap()
    }

    fn notices(&self) -> usize {
        let bytes = self.sink.0.lock().unwrap();
        bytes.windows(8).filter(|window| window == b"health: ").count()
    }

    fn logged(&self, text: &str) -> bool {
        let bytes = self.sink.0.lock().unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    }
}

#[test]
fn a_bad_node_is_named_in_shared_memory_and_in_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let mut scene = Scene::new(dir.path());
    for _ in 0..12 {
        scene.pass([1, 1, 1, 1, 1, 1, 1, 1]);
    }
    assert_eq!((scene.counter("HEALTH.concentrated"), scene.counter("HEALTH.windows")), (0, 12));
    assert_eq!((scene.counter("HEALTH.attempts"), scene.counter("HEALTH.failures")), (4800, 96));
    assert_eq!((scene.verdict(), scene.notices()), (None, 0));

    for _ in 0..12 {
        scene.pass([0, 0, 20, 25, 0, 0, 0, 0]);
    }
    assert_eq!((scene.counter("HEALTH.concentrated"), scene.counter("HEALTH.values")), (2, 1));
    // Both of its backends first, as less of the minute shows that, and then the node; nothing is told twice.
    let told = scene.notices();
    assert!((1..=2).contains(&told) && scene.counter("HEALTH.verdicts") == told as u64, "{told}");
    assert!(scene.counter("HEALTH.share_percent") > 90 && scene.counter("HEALTH.since_unix") > 0);
    let verdict = scene.verdict().expect("it is published");
    assert!(verdict.starts_with("dimension=node\nsince="), "{verdict}");
    assert!(verdict.ends_with("\nvalue=n1\n"), "{verdict}");
    assert!(scene.logged("health: failures concentrate on node n1: "));

    for _ in 0..16 {
        scene.pass([0; 8]);
    }
    assert_eq!((scene.counter("HEALTH.concentrated"), scene.counter("HEALTH.since_unix")), (0, 0));
    assert_eq!((scene.verdict(), scene.notices()), (None, told + 1));
    assert!(scene.logged("failures concentrated on node n1"));
}

#[test]
fn another_configuration_goes_on_with_what_is_known() {
    let dir = tempfile::tempdir().unwrap();
    let mut scene = Scene::new(dir.path());
    for _ in 0..11 {
        scene.pass([30, 0, 0, 0, 0, 0, 0, 0]);
    }
    let config = Arc::clone(&scene.control.active().config);
    scene.control.load("next", config).unwrap();
    scene.control.activate("next").unwrap();
    scene.pass([30, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(scene.counter("HEALTH.attempts"), 12 * 400, "backends of one name are one backend");
    assert_eq!(scene.counter("HEALTH.concentrated"), 1);
    assert!(scene.verdict().is_some_and(|text| text.ends_with("\nvalue=b0\n")));
}

#[test]
fn a_node_that_responses_name_is_told_behind_all_backends() {
    let dir = tempfile::tempdir().unwrap();
    let mut scene = Scene::new(dir.path());
    for _ in 0..12 {
        let active = scene.control.active();
        for backend in 0..8 {
            for (node, failures) in [("x", 0), ("y", 6)] {
                active.named.count(0, backend, node, Firsts { attempts: 10, failures });
            }
        }
        // Among all 50 of each backend; the other 30 say nothing.
        scene.pass([6; 8]);
    }
    assert_eq!((scene.counter("HEALTH.attempts"), scene.counter("HEALTH.failures")), (4800, 576));
    let verdict = scene.verdict().expect("it is published");
    assert!(verdict.starts_with("dimension=node\n"), "{verdict}");
    assert!(verdict.contains("\nattempts=960\nfailures=576\n"), "{verdict}");
    assert!(verdict.ends_with("\nvalue=y\n"), "{verdict}");
}

#[test]
fn what_was_named_before_it_was_counted_is_counted_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut scene = Scene::new(dir.path());
    let active = scene.control.active();
    // A thread publishes its counts a moment after it has named a node.
    active.named.count(0, 0, "x", Firsts { attempts: 70, failures: 0 });
    scene.pass([0; 8]);
    assert_eq!(scene.counter("HEALTH.attempts"), 7 * 50 + 70);
    scene.pass([0; 8]);
    assert_eq!(scene.counter("HEALTH.attempts"), 8 * 100);
}

#[test]
fn without_a_response_it_is_the_only_node_that_a_backend_has_named() {
    let firsts = |attempts| Firsts { attempts, failures: 1 };
    let seen = |home: Option<&str>, node: Option<&str>| {
        let named = [("x".to_owned(), firsts(3))].into();
        let it = Lately { node: node.map(str::to_owned), zone: None, firsts: firsts(5), named };
        let homes = [("b".to_owned(), home.map(str::to_owned))].into();
        let all = observations(&homes, "b", &it);
        all.map(|it| (it.node.map(str::to_owned), it.attempts)).collect::<Vec<_>>()
    };
    let x = || Some("x".to_owned());
    assert_eq!(seen(Some("x"), None), [(x(), 3), (x(), 5)]);
    assert_eq!(seen(None, None), [(x(), 3), (None, 5)]);
    assert_eq!(seen(Some("x"), Some("n")), [(x(), 3), (Some("n".to_owned()), 5)]);
}
