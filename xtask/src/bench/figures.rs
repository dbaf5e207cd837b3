//! Figures beside what is wanted of them: as a table for people, as a document for programs.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::json;

use super::machine::Machine;

/// What came out: its name has parts with points between them, the last one of which tells the unit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Figure {
    pub name: String,
    pub value: f64,
}

/// What is wanted of figures.
pub(super) struct Target {
    /// Their name; a part `*` stands for any.
    pub figure: &'static str,
    pub bound: Bound,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

/// A figure with its target, where there is one.
#[derive(Debug)]
pub(super) struct Judged {
    figure: Figure,
    bound: Option<Bound>,
}

impl Figure {
    pub(super) fn new(name: impl Into<String>, value: f64) -> Self {
        Self { name: name.into(), value }
    }

    /// A line `figure NAME VALUE`; all other lines are for people.
    pub(super) fn read(line: &str) -> Option<Self> {
        let mut words = line.strip_prefix("figure ")?.split(' ');
        Some(Self { name: words.next()?.to_owned(), value: words.next()?.parse().ok()? })
    }

    fn unit(&self) -> &'static str {
        const UNITS: [(&str, &str); 6] = [
            ("_ms", "ms"),
            ("_mb", "MB"),
            ("per_second", "/s"),
            ("_percent", "%"),
            ("kb_per_client", "KiB"),
            ("cpu_us_per_frame", "µs"),
        ];
        UNITS.iter().find(|(end, _)| self.name.ends_with(end)).map_or("", |(_, unit)| unit)
    }
}

impl Target {
    fn concerns(&self, name: &str) -> bool {
        let (wanted, parts) = (self.figure.split('.'), name.split('.'));
        wanted.clone().count() == parts.clone().count()
            && wanted.zip(parts).all(|(one, part)| one == "*" || one == part)
    }
}

impl Bound {
    fn holds(self, value: f64) -> bool {
        match self {
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
        }
    }

    fn shown(self) -> String {
        match self {
            Self::AtMost(most) => format!("≤ {most}"),
            Self::AtLeast(least) => format!("≥ {least}"),
        }
    }
}

impl Judged {
    fn verdict(&self) -> &'static str {
        match self.bound.map(|bound| bound.holds(self.figure.value)) {
            Some(true) => "met",
            Some(false) => "missed",
            None => "",
        }
    }
}

/// Each figure with the first target that concerns it.
pub(super) fn judge(figures: Vec<Figure>, targets: &[Target]) -> Vec<Judged> {
    let bound =
        |figure: &Figure| targets.iter().find(|target| target.concerns(&figure.name)).map(|target| target.bound);
    figures.into_iter().map(|figure| Judged { bound: bound(&figure), figure }).collect()
}

/// A row for each.
pub(super) fn table(judged: &[Judged]) -> String {
    let mut table = String::new();
    for one in judged {
        let value = match one.figure.value {
            whole if whole.abs() >= 100.0 => format!("{whole:.0}"),
            small if small.abs() < 1.0 => format!("{small:.3}"),
            other => format!("{other:.2}"),
        };
        let bound = one.bound.map(Bound::shown).unwrap_or_default();
        let (name, unit, verdict) = (&one.figure.name, one.figure.unit(), one.verdict());
        // Writing into a string cannot fail.
        let _ = writeln!(table, "{}", format!("{name:<52} {value:>10} {unit:<4} {bound:<10} {verdict}").trim_end());
    }
    table
}

/// Writes them beside the machine that they belong to.
pub(super) fn keep(folder: &Path, name: &str, judged: &[Judged], before: &Machine, after: &Machine) -> Result<()> {
    let figures: Vec<_> = judged
        .iter()
        .map(|one| {
            json!({
                "name": one.figure.name,
                "value": one.figure.value,
                "unit": one.figure.unit(),
                "target": one.bound.map(Bound::shown),
                "met": one.bound.map(|bound| bound.holds(one.figure.value)),
            })
        })
        .collect();
    let document = json!({"measurement": name, "before": before, "after": after, "figures": figures});
    let file = folder.join(name).with_extension("json");
    fs::write(&file, format!("{document:#}\n")).with_context(|| format!("{} cannot be written", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_concerns_the_figures_of_its_name() {
        let target = Target { figure: "pages.*.history.*.p99_ms", bound: Bound::AtMost(10.0) };
        assert!(target.concerns("pages.1000000.history.100.p99_ms"));
        assert!(!target.concerns("pages.1000000.history.100.p50_ms"));
        assert!(!target.concerns("pages.1000000.history.p99_ms"));
        assert!(!target.concerns("pages.1000000.contacts.100.p99_ms"));
    }

    #[test]
    fn figures_are_judged_and_others_are_only_told() {
        let lines =
            ["figure a.rate.per_second 499.9", "figure a.latency_ms 3", "engine what callers", "figure a.count 7"];
        let figures: Vec<Figure> = lines.into_iter().filter_map(Figure::read).collect();
        assert_eq!(figures.len(), 3);
        let targets = [
            Target { figure: "a.*.per_second", bound: Bound::AtLeast(500.0) },
            Target { figure: "a.latency_ms", bound: Bound::AtMost(3.0) },
        ];
        let judged = judge(figures, &targets);
        assert_eq!(judged.iter().map(Judged::verdict).collect::<Vec<_>>(), ["missed", "met", ""]);
        let table = table(&judged);
        assert!(table.contains("500 /s   ≥ 500"), "{table}");
        assert_eq!(table.lines().count(), 3);
    }
}
