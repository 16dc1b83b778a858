//! Exact tails of distributions, in logarithms so that 1e-300 is not 0 too early.

use std::sync::OnceLock;

/// Numbers whose factorial is looked up; above them Stirling's series is exact to the last bit.
const TABLE: usize = 256;

/// `ln(n!)`.
pub fn ln_factorial(n: u64) -> f64 {
    static LOW: OnceLock<[f64; TABLE]> = OnceLock::new();
    let low = LOW.get_or_init(|| {
        let mut table = [0.0; TABLE];
        for n in 1..TABLE {
            table[n] = table[n - 1] + (n as f64).ln();
        }
        table
    });
    if let Some(&exact) = usize::try_from(n).ok().and_then(|n| low.get(n)) {
        return exact;
    }
    let n = n as f64;
    let series = 1.0 / (12.0 * n) - 1.0 / (360.0 * n.powi(3)) + 1.0 / (1260.0 * n.powi(5));
    n * n.ln() - n + 0.5 * (std::f64::consts::TAU * n).ln() + series
}

/// `ln` of "`n` over `k`"; minus infinity when there is no such choice.
pub fn ln_choose(n: u64, k: u64) -> f64 {
    if k > n {
        return f64::NEG_INFINITY;
    }
    ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k)
}

/// `ln P[X >= at_least]` for the number of marked ones among `drawn` of `all`, of which `marked` are.
///
/// This is the tail of Fisher's exact test. More marked or drawn ones than there are count as all.
pub fn ln_hypergeometric(all: u64, marked: u64, drawn: u64, at_least: u64) -> f64 {
    let (marked, drawn) = (marked.min(all), drawn.min(all));
    let least = (marked + drawn).saturating_sub(all);
    let most = marked.min(drawn);
    if at_least > most {
        return f64::NEG_INFINITY;
    }
    if at_least <= least {
        return 0.0;
    }
    let ln_all = ln_choose(all, drawn);
    let first = ln_choose(marked, at_least) + ln_choose(all - marked, drawn - at_least) - ln_all;
    // At least `least` are marked, so the last factor is at least 1.
    let ratio = |k: u64| {
        let up = (marked - k) as f64 * (drawn - k) as f64;
        up / ((k + 1) as f64 * (all + k + 1 - marked - drawn) as f64)
    };
    with_tail(first, at_least..most, ratio)
}

/// `ln P[X >= at_least]` for the number of hits in `trials` with this `chance` each.
pub fn ln_binomial(trials: u64, chance: f64, at_least: u64) -> f64 {
    if at_least == 0 || chance >= 1.0 {
        return 0.0;
    }
    if at_least > trials || chance <= 0.0 {
        return f64::NEG_INFINITY;
    }
    let first = ln_choose(trials, at_least)
        + at_least as f64 * chance.ln()
        + (trials - at_least) as f64 * (-chance).ln_1p();
    let odds = chance / (1.0 - chance);
    let ratio = |k: u64| (trials - k) as f64 / (k + 1) as f64 * odds;
    with_tail(first, at_least..trials, ratio)
}

/// `ln` of a sum whose first term has the logarithm `first`, and whose terms have these ratios.
fn with_tail(first: f64, steps: std::ops::Range<u64>, ratio: impl Fn(u64) -> f64) -> f64 {
    let certain = (-first).exp();
    let (mut sum, mut term) = (1.0, 1.0);
    for k in steps {
        term *= ratio(k);
        sum += term;
        if term < sum * 1e-17 || sum >= certain {
            break;
        }
    }
    (first + sum.ln()).min(0.0)
}

/// Wilson's interval around the share `hits / trials`, `z` standard deviations wide to either side.
///
/// Without trials it is everything: 0 to 1.
pub fn wilson(hits: u64, trials: u64, z: f64) -> (f64, f64) {
    if trials == 0 {
        return (0.0, 1.0);
    }
    let n = trials as f64;
    let share = hits as f64 / n;
    let z2 = z * z;
    let middle = share + z2 / (2.0 * n);
    let half = z * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).max(0.0).sqrt();
    let scale = 1.0 + z2 / n;
    (((middle - half) / scale).max(0.0), ((middle + half) / scale).min(1.0))
}

#[cfg(test)]
mod tests;
