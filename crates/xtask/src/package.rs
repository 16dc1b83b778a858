//! The Debian package: what the program writes about itself goes beside it first, then cargo-deb takes both.

use std::fs::File;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

use crate::{cargo_command, finish, finish_quietly, pgo};

/// Under the folder of the release build, where the manifest of `tools` looks for it.
const FOLDER: &str = "package";
/// Completions: the shell, the program, and the name of the file that the shell looks for.
const COMPLETIONS: [(&str, &str, &str); 6] = [
    ("bash", "shellac", "shellac.bash"),
    ("bash", "shellacd", "shellacd.bash"),
    ("zsh", "shellac", "_shellac"),
    ("zsh", "shellacd", "_shellacd"),
    ("fish", "shellac", "shellac.fish"),
    ("fish", "shellacd", "shellacd.fish"),
];

/// Builds the program, has it write its pages, and makes the package.
pub(crate) fn run() -> anyhow::Result<()> {
    look_for_cargo_deb()?;
    let built = pgo::build()?;
    let programs = built.programs();
    generate(&programs.join("shellac"), &programs.join(FOLDER))?;
    let mut command = cargo_command();
    // Built again it would be another program than the one that was trained and whose pages these are.
    command.args(["deb", "-p", "shellac", "--no-build", "--target", &built.host]);
    command.env("CARGO_TARGET_DIR", &built.folder);
    finish(command)
}

/// Writes manual pages and completions of `program` into `folder`, which is made anew, and its other name.
pub(crate) fn generate(program: &Path, folder: &Path) -> anyhow::Result<()> {
    // What a tool that is gone has left would be packaged.
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot empty {}", folder.display()));
        }
        _ => {}
    }
    let [man, completions] = ["man1", "completions"].map(|name| folder.join(name));
    for folder in [&man, &completions] {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
    }
    // Both names are one program, and cargo-deb takes links that lead somewhere as they are.
    let program =
        &program.canonicalize().with_context(|| format!("no program {}", program.display()))?;
    for (to, name) in [(program.as_path(), "shellac"), (Path::new("shellac"), "shellacd")] {
        symlink(to, folder.join(name)).with_context(|| format!("cannot link {name}"))?;
    }
    let mut pages = Command::new(program);
    finish_quietly(pages.arg("man").arg(&man))?;
    // cargo-deb compresses no file that it takes from the folder of a build.
    let pages = std::fs::read_dir(&man).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let pages = pages.with_context(|| format!("cannot read {}", man.display()))?;
    let mut gzip = Command::new("gzip");
    gzip.arg("-9n").args(pages.iter().map(|page| page.path()));
    finish(gzip)?;
    for (shell, of, name) in COMPLETIONS {
        let path = completions.join(name);
        let file =
            File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        let mut command = Command::new(program);
        command.args(["completions", shell, of]).stdout(file);
        finish(command)?;
    }
    Ok(())
}

fn look_for_cargo_deb() -> anyhow::Result<()> {
    let mut command = cargo_command();
    let there = command.args(["deb", "--version"]).output();
    if !there.is_ok_and(|output| output.status.success()) {
        bail!("cargo-deb is not installed: `cargo install cargo-deb --locked`");
    }
    Ok(())
}
