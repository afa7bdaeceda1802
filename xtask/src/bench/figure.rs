use std::fmt::Write as _;

use serde_json::{Value, json};

/// One measured number, beside the limit that was measured in the same run.
#[derive(Clone, Debug)]
pub(super) struct Figure {
    /// The goal's number in the list of goals, such as `P2`.
    pub(super) id: &'static str,
    /// What was measured.
    pub(super) what: String,
    /// On which engine; empty where none is involved.
    pub(super) engine: String,
    pub(super) measured: f64,
    pub(super) unit: &'static str,
    /// What it is measured against, in the same unit.
    pub(super) limit: Option<f64>,
    pub(super) goal: Goal,
}

/// What is aimed at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Goal {
    /// At least this share of the limit.
    RatioAtLeast(f64),
    /// At most this many times the limit.
    RatioAtMost(f64),
    /// At most this many of the unit.
    AtMost(f64),
    /// It is told as it is.
    None,
}

/// Whether the goal is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Ok,
    Short,
    NoGoal,
}

impl Figure {
    /// Measured over limit.
    pub(super) fn ratio(&self) -> Option<f64> {
        self.limit.filter(|limit| *limit > 0.0).map(|limit| self.measured / limit)
    }

    /// Whether the goal is reached; without the limit that it needs, it is not.
    pub(super) fn verdict(&self) -> Verdict {
        let reached = match self.goal {
            Goal::None => return Verdict::NoGoal,
            Goal::RatioAtLeast(goal) => self.ratio().is_some_and(|ratio| ratio >= goal),
            Goal::RatioAtMost(goal) => self.ratio().is_some_and(|ratio| ratio <= goal),
            Goal::AtMost(goal) => self.measured <= goal,
        };
        if reached { Verdict::Ok } else { Verdict::Short }
    }

    fn cells(&self) -> [String; 8] {
        let limit = self.limit.map_or_else(String::new, |limit| number(limit, self.unit));
        let ratio = self.ratio().map_or_else(String::new, |ratio| format!("{ratio:.2}"));
        let goal = match self.goal {
            Goal::None => String::new(),
            Goal::RatioAtLeast(goal) => format!(">= {goal}"),
            Goal::RatioAtMost(goal) => format!("<= {goal}"),
            Goal::AtMost(goal) => format!("<= {goal} {}", self.unit),
        };
        [
            self.id.to_owned(),
            self.engine.clone(),
            self.what.clone(),
            number(self.measured, self.unit),
            limit,
            ratio,
            goal,
            self.verdict().word().to_owned(),
        ]
    }

    /// The figure for programs.
    pub(super) fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "what": self.what,
            "engine": self.engine,
            "measured": self.measured,
            "unit": self.unit,
            "limit": self.limit,
            "ratio": self.ratio(),
            "verdict": self.verdict().word(),
        })
    }
}

impl Verdict {
    /// As the table and the file have it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Short => "short",
            Self::NoGoal => "-",
        }
    }
}

/// All figures, one per line, in columns.
pub(super) fn table(figures: &[Figure]) -> String {
    let head = ["id", "engine", "figure", "measured", "limit", "ratio", "goal", "verdict"];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(figures.iter().map(Figure::cells));
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: [usize; 8] = std::array::from_fn(|column| width(column).unwrap_or(0));
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
            // Numbers stand under each other.
            let _never_fails = match column {
                3..=5 => write!(line, "{cell:>width$}  "),
                _ => write!(line, "{cell:<width$}  "),
            };
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn number(value: f64, unit: &str) -> String {
    if value >= 100.0 { format!("{value:.0} {unit}") } else { format!("{value:.2} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(measured: f64, limit: Option<f64>, goal: Goal) -> Figure {
        let (what, engine) = (String::from("checks"), String::from("SQLite"));
        Figure { id: "P2", what, engine, measured, unit: "/s", limit, goal }
    }

    #[test]
    fn goals_are_reached_at_their_boundary() {
        for (measured, limit, goal, verdict) in [
            (80.0, Some(100.0), Goal::RatioAtLeast(0.8), Verdict::Ok),
            (79.9, Some(100.0), Goal::RatioAtLeast(0.8), Verdict::Short),
            (80.0, None, Goal::RatioAtLeast(0.8), Verdict::Short),
            (80.0, Some(0.0), Goal::RatioAtLeast(0.8), Verdict::Short),
            (200.0, Some(100.0), Goal::RatioAtMost(2.0), Verdict::Ok),
            (201.0, Some(100.0), Goal::RatioAtMost(2.0), Verdict::Short),
            (30.0, None, Goal::AtMost(30.0), Verdict::Ok),
            (30.1, None, Goal::AtMost(30.0), Verdict::Short),
            (1.0, None, Goal::None, Verdict::NoGoal),
        ] {
            assert_eq!(figure(measured, limit, goal).verdict(), verdict, "{measured} {goal:?}");
        }
    }

    #[test]
    fn the_table_shows_each_figure_beside_its_limit() {
        let shown = table(&[figure(45_678.9, Some(50_000.0), Goal::RatioAtLeast(0.8))]);
        let expected = "\
id  engine  figure  measured     limit  ratio  goal    verdict
P2  SQLite  checks  45679 /s  50000 /s   0.91  >= 0.8  ok
";
        assert_eq!(shown, expected);
        let json = figure(1.0, Some(2.0), Goal::None).to_json();
        assert_eq!((json["ratio"].as_f64(), json["verdict"].as_str()), (Some(0.5), Some("-")));
    }
}
