//! Any bytes as an index: the parser does not care how they come, what it understands can be written
//! again, and an attachment over such a directory neither fails nor leaves it.
#![no_main]

use std::cell::RefCell;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use shellac_vsm::index::{IndexParser, Line};
use shellac_vsm::{AttachOptions, Attachment, SetKind};
use tempfile::TempDir;

/// A working directory whose worker's index is written anew for every input.
struct Place {
    dir: TempDir,
    attachment: Attachment,
}

impl Place {
    fn new() -> Place {
        // In memory where there is such a place: every input is a file.
        let dir = tempfile::tempdir_in("/dev/shm")
            .or_else(|_| tempfile::tempdir())
            .expect("a temporary directory");
        for set in [SetKind::Mgt, SetKind::Child] {
            std::fs::create_dir(dir.path().join(set.dir_name())).expect("it is empty");
        }
        std::fs::write(index(dir.path(), SetKind::Mgt), "# 1 2\n+ a 0 8 Arg -i\n")
            .expect("it can be written");
        std::fs::write(dir.path().join("_.vsm_child/f"), [0; 64]).expect("it can be written");
        let options = AttachOptions { check_pid: false };
        let attachment = Attachment::open(dir.path(), options).expect("a manager is there");
        Place { dir, attachment }
    }
}

fn index(workdir: &Path, set: SetKind) -> std::path::PathBuf {
    workdir.join(set.dir_name()).join("_.index")
}

thread_local! {
    static PLACE: RefCell<Place> = RefCell::new(Place::new());
}

fuzz_target!(|data: &[u8]| {
    let whole = IndexParser::default().push(data);
    let mut parser = IndexParser::default();
    let step = usize::from(data.first().copied().unwrap_or(0) % 7) + 1;
    let pieces: Vec<_> = data.chunks(step).flat_map(|piece| parser.push(piece)).collect();
    assert_eq!(whole, pieces);
    for line in whole.into_iter().flatten() {
        if let Line::Add(entry) = &line {
            assert!(!entry.file.contains('/') && entry.file != "..");
            let again = IndexParser::default().push(format!("+ {entry}\n").as_bytes());
            assert_eq!(again, [Ok(line)]);
        }
    }
    PLACE.with_borrow_mut(|place| {
        let path = index(place.dir.path(), SetKind::Child);
        std::fs::write(&path, data).expect("it can be written");
        place.attachment.refresh();
        for segment in place.attachment.segments() {
            let inside = place.attachment.path(segment);
            assert!(inside.parent().is_some_and(|parent| parent.starts_with(place.dir.path())));
            // Only `f` exists, with 64 bytes: whatever the index says of it, no more than those are mapped.
            if let Ok(mapping) = place.attachment.map(segment) {
                assert!(mapping.len_bytes() <= 64 || segment.set == SetKind::Mgt);
            }
        }
        assert!(place.attachment.problems().len() <= 100);
    });
});
