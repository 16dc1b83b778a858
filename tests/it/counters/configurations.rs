//! Sets that come, are hidden and go while stock tools look.

use std::process::Command;

use shellac_counters::vsc::table::{Kind, Main, Mgt, Vbe};
use shellac_counters::vsc::write::publish;
use shellac_vsm::{ChildSet, MgtSet, PublishOptions};

use super::published;
use crate::support::tmux::Terminal;
use crate::support::varnish;

/// Names that varnishstat prints, without their values.
fn names(workdir: &std::path::Path) -> Vec<String> {
    let output = Command::new("varnishstat").arg("-n").arg(workdir).arg("-1").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[test]
fn varnishstat_follows_a_hundred_reloads() {
    if !varnish::is_here() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let workdir = root.path();
    let options = PublishOptions::own(1);
    let mut mgt = MgtSet::create(workdir, &options).unwrap();
    mgt.add_identity("test", "7.3-8.0", "0").unwrap();
    publish::<Mgt>(&mut mgt, &["MGT".to_owned()], true).unwrap();
    let mut child = ChildSet::create(workdir, &options).unwrap();
    publish::<Main>(&mut child, &["MAIN".to_owned()], true).unwrap();
    let command = format!("varnishstat -n {} -f 'VBE.*.req'", workdir.display());
    let screen = Terminal::start(80, 24, &command);
    let mut open = Vec::new();
    for round in 0..100_u64 {
        let set = |at: usize| format!("VBE.reload_{round}.b{at}");
        let sets: Vec<String> = (0..20).map(set).collect();
        let (counters, file) = publish::<Vbe>(&mut child, &sets, round % 3 > 0).unwrap();
        counters.add(19, Vbe::Req, round);
        open.push((counters, file));
        if let [.., (before, _), _] = &open[..] {
            before.show(round % 2 == 0);
        }
        if open.len() > 3 {
            let (counters, file) = open.remove(0);
            file.remove(&mut child, &counters).unwrap();
        }
        if round % 25 == 24 {
            let ours = published(workdir);
            let theirs = names(workdir);
            assert_eq!(ours.len(), theirs.len());
            assert!(theirs.iter().all(|name| ours.contains_key(name)));
            assert_eq!(
                theirs.len() % Vbe::ROWS.len(),
                (Mgt::ROWS.len() + Main::ROWS.len()) % Vbe::ROWS.len()
            );
        }
    }
    let (last, _) = &open[open.len() - 1];
    last.show(true);
    last.add(19, Vbe::Req, 4711);
    if let Some(screen) = screen {
        // It has not given up over any of them.
        screen.wait_for("the last one", |screen| {
            screen
                .lines()
                .any(|line| line.starts_with("VBE.reload_99.b19.req") && line.contains(" 4810 "))
        });
    }
}

#[test]
fn varnishstat_waits_for_what_comes_late() {
    if !varnish::is_here() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let options = PublishOptions::own(1);
    let mut mgt = MgtSet::create(root.path(), &options).unwrap();
    mgt.add_identity("test", "7.3-8.0", "0").unwrap();
    publish::<Mgt>(&mut mgt, &["MGT".to_owned()], true).unwrap();
    assert_eq!(names(root.path()).len(), Mgt::ROWS.len(), "without a worker");
    let mut child = ChildSet::create(root.path(), &options).unwrap();
    child.publish().unwrap();
    assert_eq!(names(root.path()).len(), Mgt::ROWS.len(), "with one that has none yet");
    let (main, _) = publish::<Main>(&mut child, &["MAIN".to_owned()], true).unwrap();
    main.set(0, Main::Uptime, 10);
    assert_eq!(names(root.path()).len(), Mgt::ROWS.len() + Main::ROWS.len());
    drop(child);
    assert_eq!(names(root.path()).len(), Mgt::ROWS.len(), "and after it");
}
