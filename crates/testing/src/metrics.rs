use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};

/// What accounts, or an app, told the recorder of the crate `metrics`.
///
/// ```
/// use durward_testing::{TestAccounts, TestMetrics};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let metrics = TestMetrics::new();
/// let _recorded = metrics.record();
/// let it = TestAccounts::new();
/// it.sign_up("ada@example.com").await;
///
/// let proven = r#"durward_authentication_attempts_total{method="email",outcome="success"}"#;
/// assert_eq!(metrics.value(proven), 1);
/// # });
/// ```
#[derive(Clone, Debug, Default)]
pub struct TestMetrics(Memory);

impl TestMetrics {
    /// Nothing was told yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Records what this thread makes, until what this answers is dropped; what was made meanwhile tells on.
    #[must_use = "nothing is recorded once this is dropped"]
    pub fn record(&self) -> impl Drop + '_ {
        metrics::set_default_local_recorder(&self.0)
    }

    /// The value of a series, which is written with its labels in the order of their names: `name`, or
    /// `name{one="a",two="b"}`. It is rounded; of a histogram it is the number of its samples, and zero of what was never made.
    pub fn value(&self, series: &str) -> u64 {
        self.0.held().get(series).map_or(0, |value| value.rounded())
    }

    /// The series that are not zero, with their values.
    pub fn values(&self) -> BTreeMap<String, u64> {
        let all = self.0.held();
        let values = all.iter().map(|(series, value)| (series.clone(), value.rounded()));
        values.filter(|(_, value)| *value != 0).collect()
    }

    /// The names of all that was made, used or not.
    pub fn names(&self) -> Vec<String> {
        let all = self.0.held();
        let name = |series: &String| series.split('{').next().unwrap_or_default().to_owned();
        let mut names: Vec<String> = all.keys().map(name).collect();
        names.dedup();
        names
    }
}

#[derive(Clone, Debug, Default)]
struct Memory(Arc<Mutex<BTreeMap<String, Arc<Value>>>>);

#[derive(Debug, Default)]
struct Value(Mutex<f64>);

impl Memory {
    fn held(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Value>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, key: &Key) -> Arc<Value> {
        let mut labels: Vec<_> = key.labels().map(|label| (label.key(), label.value())).collect();
        labels.sort_unstable();
        let mut series = key.name().to_owned();
        for (place, (name, value)) in labels.iter().enumerate() {
            let before = if place == 0 { '{' } else { ',' };
            write!(series, "{before}{name}={value:?}").expect("a text takes more text");
        }
        if !labels.is_empty() {
            series.push('}');
        }
        Arc::clone(self.held().entry(series).or_default())
    }
}

impl Value {
    fn held(&self) -> MutexGuard<'_, f64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what is counted is small, and no less than nothing"
    )]
    fn rounded(&self) -> u64 {
        self.held().round() as u64
    }
}

impl Recorder for Memory {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.of(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.of(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.of(key))
    }
}

#[expect(clippy::cast_precision_loss, reason = "no test counts that far")]
impl CounterFn for Value {
    fn increment(&self, value: u64) {
        *self.held() += value as f64;
    }

    fn absolute(&self, value: u64) {
        *self.held() = value as f64;
    }
}

impl GaugeFn for Value {
    fn increment(&self, value: f64) {
        *self.held() += value;
    }

    fn decrement(&self, value: f64) {
        *self.held() -= value;
    }

    fn set(&self, value: f64) {
        *self.held() = value;
    }
}

impl HistogramFn for Value {
    fn record(&self, _: f64) {
        *self.held() += 1.0;
    }
}
