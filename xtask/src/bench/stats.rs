use std::time::Duration;

/// The middle one; of an even number the mean of the two in the middle. `None` of nothing.
pub(super) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    Some(f64::midpoint(sorted[middle - 1], upper))
}

/// How long requests took.
#[derive(Clone, Debug, Default)]
pub(super) struct Latencies {
    micros: Vec<u32>,
    sorted: bool,
}

impl Latencies {
    /// Adds one.
    pub(super) fn push(&mut self, time: Duration) {
        self.micros.push(u32::try_from(time.as_micros()).unwrap_or(u32::MAX));
        self.sorted = false;
    }

    /// Adds those of another.
    pub(super) fn append(&mut self, mut other: Self) {
        self.micros.append(&mut other.micros);
        self.sorted = false;
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.micros.len()
    }

    /// The least time that this many of a hundred did not exceed (nearest rank), in milliseconds.
    pub(super) fn percentile(&mut self, percent: f64) -> Option<f64> {
        if !self.sorted {
            self.micros.sort_unstable();
            self.sorted = true;
        }
        let rank = rank(percent, self.micros.len());
        self.micros.get(rank.checked_sub(1)?).map(|micros| f64::from(*micros) / 1_000.0)
    }
}

/// The nearest rank, counted from 1; 0 of nothing.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "counts of requests are far from 2^52, and no percentage is negative"
)]
fn rank(percent: f64, count: usize) -> usize {
    let rank = (percent.clamp(0.0, 100.0) / 100.0 * count as f64).ceil() as usize;
    rank.clamp(usize::from(count > 0), count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0]), Some(3.0));
        assert_eq!(median(&[9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 9.0, 2.0]), Some(3.0));
    }

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.percentile(99.0), None);
        for millis in (1..=200).rev() {
            latencies.push(Duration::from_millis(millis));
        }
        for (percent, expected) in
            [(0.0, 1.0), (0.5, 1.0), (50.0, 100.0), (99.0, 198.0), (99.9, 200.0), (100.0, 200.0)]
        {
            assert_eq!(latencies.percentile(percent), Some(expected), "{percent}");
        }
        let mut more = Latencies::default();
        more.push(Duration::from_secs(1));
        latencies.append(more);
        assert_eq!(latencies.len(), 201);
        assert_eq!(latencies.percentile(100.0), Some(1_000.0));
    }
}
