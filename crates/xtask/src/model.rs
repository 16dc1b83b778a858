//! `cargo xtask model`: the ring's protocol under loom and shuttle and the scoreboard's under loom, whole and with each of
//! their steps broken.
//!
//! A checker that finds nothing proves little, so [`MUTANTS`] says which scenario must fail for which broken
//! step. A pair whose scenario passes fails the job, as does a scenario that fails with nothing broken. Every
//! broken step is found by now; `relbump` and `nofence` only by scenarios that were made for them.
//!
//! The scenarios are in `src/tests/model/` of `shellac-ring` and `shellac-counters`. They are built once per crate and
//! checker, in a target folder of their own, and choose what to break from the environment.

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(180);
const PATIENCE_LONG: Duration = Duration::from_secs(3600);
/// Runs at the same time.
const JOBS: usize = 2;

/// What explores the schedules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Checker {
    /// Weak memory, with the protocol as it is.
    Loom,
    /// Weak memory, with loads before an update as read-modify-writes, which shows more schedules.
    LoomRmw,
    /// Sequentially consistent memory, random schedules and PCT.
    Shuttle,
    /// Weak memory, for the scoreboard instead of the ring.
    LoomLive,
}

impl Checker {
    const ALL: [Checker; 4] =
        [Checker::Loom, Checker::LoomRmw, Checker::Shuttle, Checker::LoomLive];

    /// The crate whose protocol it explores.
    const fn package(self) -> &'static str {
        match self {
            Checker::LoomLive => "shellac-counters",
            Checker::Loom | Checker::LoomRmw | Checker::Shuttle => "shellac-ring",
        }
    }

    /// The value of `cfg(shellac_model)` of its build, which is the name of its module too.
    const fn build(self) -> &'static str {
        match self {
            Checker::Loom | Checker::LoomRmw | Checker::LoomLive => "loom",
            Checker::Shuttle => "shuttle",
        }
    }
}

impl fmt::Display for Checker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Checker::Loom => "loom",
            Checker::LoomRmw => "loom rmw",
            Checker::Shuttle => "shuttle",
            Checker::LoomLive => "live",
        })
    }
}

/// A broken step, and what must find it.
struct Mutant {
    name: &'static str,
    step: &'static str,
    found_by: &'static [(Checker, &'static str)],
}

use Checker::{Loom, LoomLive, LoomRmw, Shuttle};

const MIDDLE: &str = "two_producers_in_the_middle";
const MIDDLE_READER: &str = "two_producers_in_the_middle_and_a_reader";
const EXACTLY: &str = "two_producers_fill_a_segment_exactly";
const OLD_WRITER: &str = "a_lap_after_which_the_old_writer_is_idle";
const LAP: &str = "more_than_a_lap";
const ONE_CROSSES: &str = "a_reader_comes_while_one_producer_crosses";
const TWO_CROSS: &str = "a_reader_comes_while_two_producers_cross";
const LAPS_OF_THREE: &str = "laps_of_three_producers_and_two_readers";
const LAPS_OF_FOUR: &str = "laps_of_four_producers_and_a_reader";
const WRAP_FILLER: &str = "two_producers_wrap_with_a_filler";
const COMES_AND_GOES: &str = "a_reader_copies_while_a_request_comes_and_goes";
const CHANGES: &str = "a_reader_copies_while_a_request_changes";

/// The table of broken steps and checkers.
const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "nononce",
        step: "no nonce in headers in the middle of a segment",
        found_by: &[(Loom, MIDDLE), (LoomRmw, MIDDLE_READER), (Shuttle, MIDDLE)],
    },
    Mutant {
        name: "lateread",
        step: "the word at the end is read after the reservation",
        found_by: &[(LoomRmw, MIDDLE), (Shuttle, MIDDLE)],
    },
    Mutant {
        name: "nomark",
        step: "the word at the end is not marked",
        found_by: &[(Loom, MIDDLE), (LoomRmw, EXACTLY), (Shuttle, LAPS_OF_FOUR)],
    },
    Mutant {
        name: "noseg",
        step: "the first word of the next segment is not marked",
        found_by: &[
            (Loom, LAP),
            (LoomRmw, TWO_CROSS),
            (Shuttle, WRAP_FILLER),
            (Shuttle, TWO_CROSS),
        ],
    },
    Mutant {
        name: "noguard",
        step: "a producer that is far behind does not stop the others",
        found_by: &[(Loom, OLD_WRITER), (LoomRmw, OLD_WRITER), (Shuttle, LAPS_OF_THREE)],
    },
    Mutant {
        name: "latecross",
        step: "the next segment is prepared after the reservation",
        found_by: &[(Loom, OLD_WRITER), (LoomRmw, OLD_WRITER), (Shuttle, LAPS_OF_FOUR)],
    },
    Mutant {
        name: "reltail",
        step: "the reservation is relaxed",
        found_by: &[(Loom, OLD_WRITER), (Loom, LAP), (LoomRmw, OLD_WRITER)],
    },
    Mutant {
        name: "relslot",
        step: "the end of a reservation is relaxed",
        found_by: &[(Loom, OLD_WRITER), (LoomRmw, OLD_WRITER)],
    },
    Mutant {
        name: "relhdr",
        step: "the header is stored relaxed",
        found_by: &[(Loom, ONE_CROSSES), (LoomRmw, MIDDLE_READER), (LoomRmw, EXACTLY)],
    },
    Mutant {
        name: "relbump",
        step: "the segment number is advanced relaxed",
        found_by: &[(Loom, ONE_CROSSES), (LoomRmw, ONE_CROSSES)],
    },
    Mutant {
        name: "nofence",
        step: "no fence between the reservation and the first store",
        found_by: &[
            (Loom, "a_reader_at_the_limit_is_overwritten"),
            (LoomRmw, "a_reader_at_the_limit_is_overwritten"),
        ],
    },
    Mutant {
        name: "livefence",
        step: "no fence between a slot's odd sequence and what is stored in it",
        found_by: &[(LoomLive, COMES_AND_GOES), (LoomLive, CHANGES)],
    },
    Mutant {
        name: "liveend",
        step: "a slot's even sequence is stored relaxed",
        found_by: &[(LoomLive, COMES_AND_GOES), (LoomLive, CHANGES)],
    },
];

/// The test programs, one per build.
struct Programs {
    loom: PathBuf,
    shuttle: PathBuf,
    live: PathBuf,
}

impl Programs {
    fn of(&self, checker: Checker) -> &Path {
        match checker {
            Checker::Loom | Checker::LoomRmw => &self.loom,
            Checker::Shuttle => &self.shuttle,
            Checker::LoomLive => &self.live,
        }
    }
}

/// One scenario with at most one broken step.
#[derive(Clone, Debug)]
struct Run {
    checker: Checker,
    scenario: String,
    mutant: Option<&'static str>,
}

/// How a run went.
struct Outcome {
    run: Run,
    /// `None`: neither passed nor failed.
    passed: Option<bool>,
    took: Duration,
    /// The last lines of what it said.
    said: String,
}

impl Outcome {
    fn is_as_it_should_be(&self) -> bool {
        self.passed == Some(self.run.mutant.is_none())
    }
}

/// Runs all scenarios and all pairs of the table.
///
/// `long` explores each scenario for up to ten minutes instead of a few seconds, without a mutant.
///
/// # Errors
///
/// If the tests cannot be built, a scenario fails with nothing broken, or a pair of the table does not fail.
pub(crate) fn run(long: bool) -> anyhow::Result<()> {
    let started = now();
    let target = workspace().join("target/model");
    let programs = Programs {
        loom: build(&target, Checker::Loom)?,
        live: build(&target, Checker::LoomLive)?,
        shuttle: build(&target, Checker::Shuttle)?,
    };
    println!("model: built in {} s", started.elapsed().as_secs());

    let mut runs = Vec::new();
    for checker in Checker::ALL {
        for scenario in scenarios(programs.of(checker), checker)? {
            runs.push(Run { checker, scenario, mutant: None });
        }
    }
    for mutant in MUTANTS {
        for &(checker, scenario) in mutant.found_by {
            let known = runs.iter().any(|run| run.checker == checker && run.scenario == scenario);
            ensure!(known, "the table names {scenario}, which {checker} does not have");
            let mutant = Some(mutant.name);
            runs.push(Run { checker, scenario: scenario.to_owned(), mutant });
        }
    }
    let outcomes = run_all(&programs, &target, runs, long)?;
    report(&outcomes);
    println!("model: {} runs in {} s", outcomes.len(), started.elapsed().as_secs());
    let bad: Vec<&Outcome> =
        outcomes.iter().filter(|outcome| !outcome.is_as_it_should_be()).collect();
    for outcome in &bad {
        let Run { checker, scenario, mutant } = &outcome.run;
        match (mutant, outcome.passed) {
            (Some(mutant), Some(true)) => {
                println!("\n{mutant} survived {scenario} under {checker}");
            }
            _ => println!("\n{scenario} under {checker} ({mutant:?}):\n{}", outcome.said),
        }
    }
    ensure!(bad.is_empty(), "{} runs of the model are not as they should be", bad.len());
    Ok(())
}

#[allow(clippy::disallowed_methods, reason = "a program: nobody hands it the time")]
fn now() -> Instant {
    Instant::now()
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Builds a crate's tests for one checker and returns the program.
fn build(target: &Path, checker: Checker) -> anyhow::Result<PathBuf> {
    let (package, build) = (checker.package(), checker.build());
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(workspace())
        .args(["test", "--package", package, "--lib", "--release", "--no-run"])
        .arg("--message-format=json-render-diagnostics")
        .arg("--target-dir")
        .arg(target)
        .env("CARGO_ENCODED_RUSTFLAGS", format!("--cfg\u{1f}shellac_model=\"{build}\""))
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    ensure!(output.status.success(), "the model for {checker} does not build");
    let text = String::from_utf8_lossy(&output.stdout);
    // One program is built, and its path has no characters that JSON escapes.
    let program = text
        .lines()
        .filter_map(|line| line.split_once("\"executable\":\"")?.1.split_once('"'))
        .map(|(path, _)| PathBuf::from(path))
        .next_back();
    program.with_context(|| format!("cargo does not say where the model for {checker} is"))
}

/// Names of the scenarios of a checker.
fn scenarios(program: &Path, checker: Checker) -> anyhow::Result<Vec<String>> {
    let output = Command::new(program).args(["--list", "--format", "terse"]).output()?;
    let prefix = module(checker);
    let text = String::from_utf8_lossy(&output.stdout);
    let names: Vec<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix(&prefix)?.strip_suffix(": test"))
        .map(str::to_owned)
        .collect();
    ensure!(!names.is_empty(), "{} has no scenarios", program.display());
    Ok(names)
}

fn module(checker: Checker) -> String {
    format!("tests::model::{}::", checker.build())
}

/// Runs everything, a few at a time, and returns the outcomes in the order of `runs`.
fn run_all(
    programs: &Programs,
    target: &Path,
    runs: Vec<Run>,
    long: bool,
) -> anyhow::Result<Vec<Outcome>> {
    let next = Mutex::new(runs.into_iter().enumerate());
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        let workers: Vec<_> = (0..JOBS)
            .map(|_| {
                scope.spawn(|| -> anyhow::Result<()> {
                    loop {
                        let taken = next.lock().expect("no worker panics").next();
                        let Some((index, run)) = taken else { return Ok(()) };
                        let log = target.join(format!("run-{index}.txt"));
                        let outcome = run_one(programs.of(run.checker), run, &log, long)?;
                        done.lock().expect("no worker panics").push((index, outcome));
                    }
                })
            })
            .collect();
        for worker in workers {
            match worker.join() {
                Ok(result) => result?,
                Err(_) => bail!("a worker of the model job has panicked"),
            }
        }
        Ok(())
    })?;
    let mut outcomes = done.into_inner().expect("no worker panics");
    outcomes.sort_by_key(|(index, _)| *index);
    Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
}

/// Runs one scenario in a process of its own, whose output goes to `log`.
fn run_one(program: &Path, run: Run, log: &Path, long: bool) -> anyhow::Result<Outcome> {
    let is_long = long && run.mutant.is_none();
    let (seconds, schedules) = match (is_long, run.mutant) {
        (true, _) => ("600", "50000"),
        (false, None) => ("8", "2000"),
        // Schedules are random and end with the first that fails: enough of them that none is missed by chance.
        (false, Some(_)) => ("60", "20000"),
    };
    let started = now();
    let file = File::create(log).with_context(|| format!("cannot create {}", log.display()))?;
    let mut child = Command::new(program)
        .arg("--exact")
        .arg(module(run.checker) + &run.scenario)
        .env("SHELLAC_MUTANT", run.mutant.unwrap_or_default())
        .env("SHELLAC_MODEL_FORM", if run.checker == LoomRmw { "rmw" } else { "plain" })
        .env("SHELLAC_MODEL_SECONDS", seconds)
        .env("SHELLAC_MODEL_SCHEDULES", schedules)
        .env("RUST_BACKTRACE", "0")
        .stdout(file.try_clone()?)
        .stderr(file)
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))?;
    let patience = if is_long { PATIENCE_LONG } else { PATIENCE };
    while child.try_wait()?.is_none() {
        if started.elapsed() > patience {
            child.kill()?;
            child.wait()?;
            break;
        }
        thread::sleep(Duration::from_millis(10));
    }
    let took = started.elapsed();
    let text = String::from_utf8_lossy(&std::fs::read(log)?).into_owned();
    let passed = if text.contains("test result: ok. 1 passed") {
        Some(true)
    } else if text.contains("test result: FAILED. 0 passed; 1 failed") {
        Some(false)
    } else {
        None
    };
    let lines: Vec<&str> = text.lines().collect();
    let said = lines[lines.len().saturating_sub(20)..].join("\n");
    Ok(Outcome { run, passed, took, said })
}

/// The table with what was found.
fn report(outcomes: &[Outcome]) {
    let whole: Vec<&Outcome> =
        outcomes.iter().filter(|outcome| outcome.run.mutant.is_none()).collect();
    println!("\nnothing broken:");
    for outcome in whole {
        let Run { checker, scenario, .. } = &outcome.run;
        let verdict = if outcome.is_as_it_should_be() { "passes" } else { "FAILS" };
        println!("  {verdict}  {checker:8}  {:5.1} s  {scenario}", outcome.took.as_secs_f64());
    }
    for mutant in MUTANTS {
        println!("\n{}: {}", mutant.name, mutant.step);
        for outcome in outcomes.iter().filter(|outcome| outcome.run.mutant == Some(mutant.name)) {
            let Run { checker, scenario, .. } = &outcome.run;
            let verdict = if outcome.is_as_it_should_be() { "found" } else { "NOT FOUND" };
            println!("  {verdict}  {checker:8}  {:5.1} s  {scenario}", outcome.took.as_secs_f64());
        }
    }
}
