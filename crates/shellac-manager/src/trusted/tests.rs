use std::os::unix::fs::{PermissionsExt, chown, symlink};

use super::*;

const NOBODY: u32 = 65534;

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn every_directory_on_the_way_counts_and_those_behind_links_too() {
    if !rustix::process::geteuid().is_root() {
        // Whoever runs this can change what is there.
        let root = tempfile::tempdir().unwrap();
        let said = way(&root.path().join("a")).unwrap_err();
        assert!(said.contains("others can change"), "{said}");
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let root = root.path().canonicalize().unwrap();
    let [good, bad] = ["good", "bad"].map(|name| root.join(name));
    for directory in [&good, &bad] {
        std::fs::create_dir_all(directory.join("deep")).unwrap();
        std::fs::write(directory.join("deep/file"), "").unwrap();
        mode(directory, 0o755);
    }
    assert_eq!(way(&good.join("deep/file")), Ok(good.join("deep/file")));
    assert_eq!(way(&good.join("new/dir")), Ok(good.join("new/dir")), "whoever makes it owns it");
    assert_eq!(way(&good.join("deep/../deep/./file")), Ok(good.join("deep/file")));

    // Links that root has made: to the place itself, and to one on the way to which there is another link.
    symlink(good.join("deep"), root.join("link")).unwrap();
    symlink("link/file", root.join("again")).unwrap();
    assert_eq!(way(&root.join("again")), Ok(good.join("deep/file")));
    symlink(bad.join("deep/file"), good.join("through")).unwrap();
    assert_eq!(way(&good.join("through")), Ok(bad.join("deep/file")));
    symlink(good.join("deep/file"), bad.join("back")).unwrap();
    symlink(bad.join("back"), good.join("hop")).unwrap();
    assert_eq!(way(&good.join("hop")), Ok(good.join("deep/file")));

    // The parent of where they lead is somebody else's: by its owner, and by its rights.
    for (owner, rights) in [(NOBODY, 0o755), (0, 0o777), (0, 0o775)] {
        chown(&bad, Some(owner), Some(0)).unwrap();
        mode(&bad, rights);
        for from in ["through", "hop"].map(|name| good.join(name)) {
            let said = way(&from).unwrap_err();
            let place = format!(
                "others can change {}, to which a link in {}",
                bad.display(),
                from.display()
            );
            assert!(said.starts_with(&place), "{said}");
        }
        let said = way(&bad.join("deep/file")).unwrap_err();
        assert!(
            said.starts_with(&format!("others can change {}: chown root", bad.display())),
            "{said}"
        );
    }
    // In a sticky directory it depends on whose it is.
    mode(&bad, 0o1777);
    assert_eq!(way(&good.join("hop")), Ok(good.join("deep/file")));
    std::os::unix::fs::lchown(bad.join("back"), Some(NOBODY), None).unwrap();
    let said = way(&good.join("hop")).unwrap_err();
    assert!(said.contains(&format!("others can change {}", bad.join("back").display())), "{said}");

    symlink("round", root.join("round")).unwrap();
    assert!(way(&root.join("round")).unwrap_err().contains("too many links"));
}
