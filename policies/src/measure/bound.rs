//! How high a rate may be that showed so few hits.

/// Bisection steps: each halves the interval, 60 are below the last bit that matters.
const STEPS: u32 = 60;
const ALPHA: f64 = 0.05;

/// The one-sided 95 % upper bound of a rate with `hits` in `exposed` cases (Clopper and Pearson, 1934). With no
/// hits it is close to 3/n; with nothing exposed it is 1: nothing is known.
pub fn upper_bound(hits: u64, exposed: u64) -> f64 {
    if exposed == 0 || hits >= exposed {
        return 1.0;
    }
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    for _ in 0..STEPS {
        let middle = f64::midpoint(low, high);
        if at_most(hits, exposed, middle) > ALPHA {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// Probability of at most `hits` in `exposed` at rate `p`.
#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn at_most(hits: u64, exposed: u64, p: f64) -> f64 {
    if p <= 0.0 {
        return 1.0;
    }
    if p >= 1.0 {
        return 0.0;
    }
    let n = exposed as f64;
    let mut log_term = n * (-p).ln_1p();
    let mut sum = log_term.exp();
    for k in 1..=hits {
        let k = k as f64;
        log_term += ((n - k + 1.0) / k).ln() + p.ln() - (-p).ln_1p();
        sum += log_term.exp();
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_hits_is_the_rule_of_three() {
        let bound = upper_bound(0, 10_000);
        assert!((bound - 3.0 / 10_000.0).abs() < 1e-6, "{bound}");
    }

    #[test]
    fn known_values_of_the_exact_bound() {
        // Hahn and Meeker, Statistical Intervals: 1 of 20 → 0.2161; 0 of 20 → 0.1391.
        assert!((upper_bound(1, 20) - 0.2161).abs() < 5e-4);
        assert!((upper_bound(0, 20) - 0.1391).abs() < 5e-4);
        assert!((upper_bound(20, 20) - 1.0).abs() < f64::EPSILON);
        assert!((upper_bound(0, 0) - 1.0).abs() < f64::EPSILON);
    }
}
