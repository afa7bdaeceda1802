//! What the routes tell the recorder of the crate `metrics`, if one was there when they were made.
//!
//! The handles of a route are made at its first request, and kept: a request costs a few atomic operations, and no word
//! of it becomes a label.

use std::sync::OnceLock;
use std::time::Instant;

use axum::http::StatusCode;
use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram,
    gauge, histogram,
};

const REQUESTS: &str = "durward_http_requests_total";
const DURATION: &str = "durward_http_request_duration_seconds";
const IN_FLIGHT: &str = "durward_http_requests_in_flight";

/// In the place of a route, or of a method, that is not in the table.
pub(crate) const OTHER: &str = "_OTHER";

/// The status codes that are told by their number.
const STATUSES: [u16; 28] = [
    200, 201, 202, 204, 302, 303, 304, 400, 401, 403, 404, 405, 406, 409, 410, 411, 412, 413, 415,
    421, 422, 428, 429, 431, 500, 501, 503, 504,
];

/// What is counted of one route.
#[derive(Debug)]
pub(crate) struct RouteMetrics {
    route: &'static str,
    method: &'static str,
    in_flight: Gauge,
    /// From the first request on: most routes of most deployments are seldom used.
    series: OnceLock<Box<Series>>,
}

#[derive(Debug)]
struct Series {
    duration: Histogram,
    answered: [OnceLock<Counter>; STATUSES.len()],
    /// Any other status.
    other: OnceLock<Counter>,
    /// No answer: the caller hung up, or the server gave the request up.
    cancelled: OnceLock<Counter>,
}

impl RouteMetrics {
    /// Those of a route of the table, or of what is none: `route` is empty then.
    pub(crate) fn of(route: &'static str, method: &'static str) -> Self {
        let route = if route.is_empty() { OTHER } else { route };
        Self { route, method, in_flight: gauge!(IN_FLIGHT), series: OnceLock::new() }
    }

    /// A request begins. It ends with what this answers.
    pub(crate) fn begin(&self) -> InFlight<'_> {
        self.in_flight.increment(1.0);
        InFlight { metrics: self, begun: Instant::now(), status: None }
    }

    fn series(&self) -> &Series {
        self.series.get_or_init(|| {
            Box::new(Series {
                duration: histogram!(DURATION, "route" => self.route, "method" => self.method),
                answered: [const { OnceLock::new() }; STATUSES.len()],
                other: OnceLock::new(),
                cancelled: OnceLock::new(),
            })
        })
    }

    fn count(&self, status: Option<StatusCode>) {
        let Series { duration: _, answered, other, cancelled } = self.series();
        let counter = |status: String| counter!(REQUESTS, "route" => self.route, "method" => self.method, "status" => status);
        let known = status.map(|status| STATUSES.binary_search(&status.as_u16()));
        let counter = match known {
            Some(Ok(place)) => answered[place].get_or_init(|| counter(STATUSES[place].to_string())),
            Some(Err(_)) => other.get_or_init(|| counter("other".to_owned())),
            None => cancelled.get_or_init(|| counter("cancelled".to_owned())),
        };
        counter.increment(1);
    }
}

/// A request that is being served; it is counted when this is dropped.
#[derive(Debug)]
pub(crate) struct InFlight<'a> {
    metrics: &'a RouteMetrics,
    begun: Instant,
    status: Option<StatusCode>,
}

impl InFlight<'_> {
    /// It was answered.
    pub(crate) fn end(mut self, status: StatusCode) {
        self.status = Some(status);
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.metrics.in_flight.decrement(1.0);
        self.metrics.series().duration.record(self.begun.elapsed());
        self.metrics.count(self.status);
    }
}

/// Tells the recorder what these are.
pub(crate) fn describe() {
    describe_counter!(
        REQUESTS,
        Unit::Count,
        "Requests of the interface, by the template of their route, method and status."
    );
    describe_histogram!(
        DURATION,
        Unit::Seconds,
        "How long requests of the interface took, from their head to their answer."
    );
    describe_gauge!(IN_FLIGHT, Unit::Count, "Requests of the interface that are being served.");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_codes_are_in_order() {
        assert!(STATUSES.is_sorted());
    }
}
