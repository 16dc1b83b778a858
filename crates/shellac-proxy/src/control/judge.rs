//! Whether failures concentrate: the verdict on the last minute, for the log and for whoever reads shared memory.

use std::collections::{BTreeMap, HashMap};

use shellac_counters::vsc::table::{Health, Vbe};
use shellac_format::Tag;
use shellac_upstream::verdict::{Change, Dimension, Observation, Verdict, Verdicts};

use super::Control;
use super::jobs::Round;
use crate::stats::Firsts;

/// The segment with the names: class and ident.
const CLASS: &str = "Health";
const IDENT: &str = "verdict";

/// Makes the verdicts.
pub(super) struct Judge {
    verdicts: Verdicts,
    /// What is accounted for of the backends of each configuration.
    before: HashMap<u64, Vec<Firsts>>,
    /// The node that the responses of a backend have named; `None` when they have named several.
    homes: HashMap<String, Option<String>>,
    begun: u64,
    looks: u64,
}

/// What one backend had since the last look, whatever configuration it was in.
#[derive(Default)]
struct Lately {
    node: Option<String>,
    zone: Option<String>,
    /// Those whose response named no node.
    firsts: Firsts,
    /// The others, by node.
    named: BTreeMap<String, Firsts>,
}

impl Judge {
    /// Nothing was seen yet.
    pub(super) fn new() -> Judge {
        Judge {
            verdicts: Verdicts::new(),
            before: HashMap::new(),
            homes: HashMap::new(),
            begun: 0,
            looks: 0,
        }
    }

    /// Looks at what came since the last look, and says what that changes.
    pub(super) fn look(&mut self, round: &Round<'_>) {
        let lately = self.lately(round.control);
        self.find_homes(&lately);
        let observations: Vec<Observation<'_>> =
            lately.iter().flat_map(|(name, it)| observations(&self.homes, name, it)).collect();
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

    /// Takes note of which node the responses of each backend name.
    fn find_homes(&mut self, lately: &BTreeMap<String, Lately>) {
        self.homes.retain(|name, _| lately.contains_key(name));
        for (name, it) in lately {
            for node in it.named.keys() {
                let home = self.homes.entry(name.clone()).or_insert_with(|| Some(node.clone()));
                if home.as_ref().is_some_and(|home| home != node) {
                    *home = None;
                }
            }
        }
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
            let mut accounted = self.before.remove(&generation.number).unwrap_or_default();
            accounted.resize(counts.len(), Firsts::default());
            for ((at, node), firsts) in generation.named.take() {
                let (Some(endpoint), Some(sum)) =
                    (generation.endpoints.get(at), accounted.get_mut(at))
                else {
                    continue;
                };
                sum.add(firsts);
                let entry = found.entry(endpoint.name().to_owned()).or_default();
                entry.named.entry(node).or_default().add(firsts);
            }
            for ((endpoint, &(attempts, failures)), sum) in
                generation.endpoints.iter().zip(&counts).zip(&mut accounted)
            {
                // Threads publish their counts a moment after they have named a node: then that is ahead, and nothing is left.
                let rest = Firsts {
                    attempts: attempts.saturating_sub(sum.attempts),
                    failures: failures.saturating_sub(sum.failures),
                };
                sum.add(rest);
                let spec = endpoint.spec();
                let entry = found.entry(endpoint.name().to_owned()).or_default();
                entry.node.clone_from(&spec.node);
                entry.zone.clone_from(&spec.zone);
                entry.firsts.add(rest);
            }
            after.insert(generation.number, accounted);
        }
        self.before = after;
        found
    }
}

/// What was seen of a backend. Attempts without a response are those of the node that the configuration says, or of the only one
/// that its responses have ever named.
fn observations<'o>(
    homes: &'o HashMap<String, Option<String>>,
    backend: &'o str,
    it: &'o Lately,
) -> impl Iterator<Item = Observation<'o>> {
    let home = || homes.get(backend)?.as_deref();
    let rest = (it.node.as_deref().or_else(home), &it.firsts);
    let named = it.named.iter().map(|(node, firsts)| (Some(node.as_str()), firsts));
    named.chain([rest]).map(move |(node, firsts)| Observation {
        backend,
        node,
        zone: it.zone.as_deref(),
        attempts: firsts.attempts,
        failures: firsts.failures,
    })
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
