//! The simplest of all classifiers: a limit, on one side of which an answer is taken for the one kind and on the
//! other side for the other.

/// How well a limit on the time can tell two kinds of answers apart: the area under its curve, from 0.5 for not
/// at all to 1 for always. Whether the one or the other kind is slower does not matter.
pub(super) fn auc(first: &[u64], second: &[u64]) -> f64 {
    let mut times: Vec<(u64, bool)> = first.iter().map(|time| (*time, true)).collect();
    times.extend(second.iter().map(|time| (*time, false)));
    times.sort_unstable();
    // Equal times share the mean of their ranks: a limit cannot part them.
    let (mut ranks, mut before) = (0.0, 0);
    for equal in times.chunk_by(|one, other| one.0 == other.0) {
        let mean = count(before) + f64::midpoint(1.0, count(equal.len()));
        ranks += mean * count(equal.iter().filter(|(_, of_first)| *of_first).count());
        before += equal.len();
    }
    let (n, m) = (count(first.len()), count(second.len()));
    if n == 0.0 || m == 0.0 {
        return 0.5;
    }
    let area = (ranks - n * (n + 1.0) / 2.0) / (n * m);
    area.max(1.0 - area)
}

#[expect(clippy::cast_precision_loss, reason = "counts of answers are far from 2^52")]
fn count(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::LIMIT;
    use crate::random::Random;

    /// Times as a server has them: most near each other, and a few late ones.
    fn times(random: &mut Random, count: usize, plus: usize) -> Vec<u64> {
        let mut one = || {
            let late = if random.percent(5) { 900 } else { 0 };
            (1_000 + plus + late + random.below(100) + random.below(100)) as u64
        };
        (0..count).map(|_| one()).collect()
    }

    #[test]
    fn what_never_meets_is_told_apart_whichever_is_slower() {
        assert!((auc(&[1, 2, 3], &[4, 5, 6]) - 1.0).abs() < 1e-9);
        assert!((auc(&[4, 5, 6], &[1, 2, 3]) - 1.0).abs() < 1e-9);
        assert!((auc(&[1, 4], &[2, 3]) - 0.5).abs() < 1e-9);
        assert!((auc(&[1, 3], &[2, 4]) - 0.75).abs() < 1e-9);
        assert!((auc(&[7, 7], &[7, 7, 7]) - 0.5).abs() < 1e-9);
        assert!((auc(&[], &[1]) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn a_planted_difference_is_found_and_none_is_not() {
        // R-EN-02: the judge must be able to fail.
        let mut random = Random::seeded(7);
        let (first, same) = (times(&mut random, 1_000, 0), times(&mut random, 1_000, 0));
        assert!(auc(&first, &same) <= LIMIT, "{}", auc(&first, &same));
        // A tenth of how far the times are apart anyway.
        let slower = times(&mut random, 1_000, 20);
        assert!(auc(&first, &slower) > LIMIT, "{}", auc(&first, &slower));
    }
}
