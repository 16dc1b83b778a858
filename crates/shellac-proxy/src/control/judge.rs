//! Whether failures concentrate: the verdict on the last minute, for the log and for whoever reads shared memory.

use std::collections::{BTreeMap, HashMap};

use shellac_counters::vsc::table::{Health, Vbe};
use shellac_format::Tag;
use shellac_upstream::verdict::{Change, Dimension, Observation, Verdict, Verdicts};

use super::Control;
use super::jobs::Round;

/// The segment with the names: class and ident.
const CLASS: &str = "Health";
const IDENT: &str = "verdict";

/// Makes the verdicts.
pub(super) struct Judge {
    verdicts: Verdicts,
    /// What was counted of the backends of each configuration, at the last look.
    before: HashMap<u64, Vec<(u64, u64)>>,
    begun: u64,
    looks: u64,
}

/// What one backend had since the last look, whatever configuration it was in.
#[derive(Default)]
struct Lately {
    node: Option<String>,
    zone: Option<String>,
    attempts: u64,
    failures: u64,
}

impl Judge {
    /// Nothing was seen yet.
    pub(super) fn new() -> Judge {
        Judge { verdicts: Verdicts::new(), before: HashMap::new(), begun: 0, looks: 0 }
    }

    /// Looks at what came since the last look, and says what that changes.
    pub(super) fn look(&mut self, round: &Round<'_>) {
        let lately = self.lately(round.control);
        let observations: Vec<Observation<'_>> = lately
            .iter()
            .map(|(name, it)| Observation {
                backend: name,
                node: it.node.as_deref(),
                zone: it.zone.as_deref(),
                attempts: it.attempts,
                failures: it.failures,
            })
            .collect();
        let now = round.log.steady(round.log.coarse());
        self.looks += 1;
        let (text, notice) = match self.verdicts.observe(now, &observations) {
            Change::None => return self.publish(round),
            Change::Begins(verdict) => {
                self.begun += 1;
                (Some(lines(&verdict)), sentence(&verdict))
            }
            Change::Ends(verdict) => {
                let lasted = now.saturating_sub(verdict.since).as_secs();
                (
                    None,
                    format!("over after {lasted} s: failures concentrated on {}", named(&verdict)),
                )
            }
        };
        let written = round.control.counting().set_text(CLASS, IDENT, text.as_deref());
        if let Err(error) = written {
            self.say(round, &format!("the verdict cannot be published: {error}"));
        }
        self.say(round, &notice);
        self.publish(round);
    }

    fn say(&self, round: &Round<'_>, text: &str) {
        round.log.loose(Tag::Notice, |record| {
            record.bytes(b"health: ").bytes(text.as_bytes());
        });
    }

    fn publish(&self, round: &Round<'_>) {
        let health = round.control.counting().health();
        let totals = self.verdicts.totals();
        let verdict = self.verdicts.current();
        let kind = verdict.map_or(0, |it| match it.dimension {
            Dimension::Backend => 1,
            Dimension::Node => 2,
            Dimension::Zone => 3,
        });
        let percent = |verdict: &Verdict| {
            let all = verdict.these.plus(verdict.rest).failures.max(1);
            verdict.these.failures.saturating_mul(100) / all
        };
        for (row, value) in [
            (Health::Concentrated, kind),
            (Health::Since, verdict.map_or(0, |it| it.since.as_secs())),
            (Health::Values, verdict.map_or(0, |it| it.count as u64)),
            (Health::Share, verdict.map_or(0, percent)),
            (Health::Attempts, totals.attempts),
            (Health::Failures, totals.failures),
            (Health::Verdicts, self.begun),
            (Health::Windows, self.looks),
        ] {
            health.set(0, row, value);
        }
    }

    /// First attempts since the last look, by backend. A configuration's first look tells where it begins.
    fn lately(&mut self, control: &Control) -> BTreeMap<String, Lately> {
        let mut found: BTreeMap<String, Lately> = BTreeMap::new();
        let mut after = HashMap::new();
        let mut generations = control.generations();
        // What the latest configuration says of a backend's place holds.
        generations.sort_by_key(|generation| generation.number);
        for generation in generations {
            let counters = generation.counters.published();
            let counts: Vec<(u64, u64)> = (0..generation.endpoints.len())
                .map(|at| (counters.get(at, Vbe::First), counters.get(at, Vbe::FirstFailed)))
                .collect();
            let before = self.before.get(&generation.number);
            for (at, (endpoint, &(attempts, failures))) in
                generation.endpoints.iter().zip(&counts).enumerate()
            {
                let (first, failed) =
                    before.and_then(|counts| counts.get(at)).copied().unwrap_or_default();
                let config = generation.backend(at);
                let entry = found.entry(endpoint.name().to_owned()).or_default();
                entry.node.clone_from(&config.node);
                entry.zone.clone_from(&config.zone);
                entry.attempts += attempts.saturating_sub(first);
                entry.failures += failures.saturating_sub(failed);
            }
            after.insert(generation.number, counts);
        }
        self.before = after;
        found
    }
}

/// `node n0`, `backends b1, b2 and 3 more`
fn named(verdict: &Verdict) -> String {
    let plural = if verdict.count > 1 { "s" } else { "" };
    let more = verdict.count.saturating_sub(verdict.values.len());
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{plural} {}{rest}", verdict.dimension.word(), verdict.values.join(", "))
}

fn sentence(verdict: &Verdict) -> String {
    let all = verdict.these.plus(verdict.rest).failures;
    format!(
        "failures concentrate on {}: {:.0} % of {all} in the last minute; {:.1} % of its attempts fail, {:.1} % of all others",
        named(verdict),
        verdict.share * 100.0,
        verdict.these.rate() * 100.0,
        verdict.rest.rate() * 100.0
    )
}

/// The verdict for programs: `key=value` on lines; names have no line ends in them.
fn lines(verdict: &Verdict) -> String {
    let mut text = format!(
        "dimension={}\nsince={}\ncount={}\nattempts={}\nfailures={}\nrest_attempts={}\nrest_failures={}\nln_p={:.1}\n",
        verdict.dimension.word(),
        verdict.since.as_secs(),
        verdict.count,
        verdict.these.attempts,
        verdict.these.failures,
        verdict.rest.attempts,
        verdict.rest.failures,
        verdict.ln_p,
    );
    for value in &verdict.values {
        text.push_str("value=");
        text.extend(value.chars().filter(|c| !c.is_control()));
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests;
