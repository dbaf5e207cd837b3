//! Pages of histories of several lengths, at their beginning and deep in them. The databases are kept: making a long one takes minutes.

use anyhow::Result;

use super::{
    Bench, Plan,
    figures::{Bound::AtMost, Figure, Target},
};
use crate::postgres::{Durability, Postgres};

pub(super) const PLAN: Plan = Plan {
    name: "pages",
    targets: &[
        Target { figure: "pages.*.history.*.p99_ms", bound: AtMost(10.0) },
        Target { figure: "pages.*.*.*.p99_ms", bound: AtMost(10.0) },
        Target { figure: "pages.*.history.deepest_beside_first", bound: AtMost(1.5) },
    ],
};

/// One history after the other, in a cluster that stays.
pub(super) fn measure(bench: &Bench<'_>) -> Result<Vec<Figure>> {
    let database = Postgres::keep(&bench.folder.join("postgres"), Durability::Honest)?;
    let mut figures = Vec::new();
    for rows in &bench.options.rows {
        let rows = rows.to_string();
        bench.watch("server", "pages", &database, &["--rows", &rows], |line| figures.extend(Figure::read(line)))?;
        figures.extend(depth(&figures, &rows));
    }
    Ok(figures)
}

/// The median of the deepest page as a multiple of the first one's.
fn depth(figures: &[Figure], rows: &str) -> Option<Figure> {
    let start = format!("pages.{rows}.history.");
    let mut medians =
        figures.iter().filter(|figure| figure.name.starts_with(&start) && figure.name.ends_with(".p50_ms"));
    let (first, deepest) = (medians.next()?, medians.next_back()?);
    Some(Figure::new(format!("{start}deepest_beside_first"), deepest.value / first.value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_page_is_compared_with_the_first_of_its_history() {
        let figures = [
            Figure::new("pages.10.history.1.p50_ms", 2.0),
            Figure::new("pages.10.history.1.p99_ms", 9.0),
            Figure::new("pages.10.history.100.p50_ms", 3.0),
            Figure::new("pages.10.history-seller.100.p50_ms", 8.0),
            Figure::new("pages.20.history.100.p50_ms", 7.0),
        ];
        let ratio = depth(&figures, "10").unwrap();
        assert_eq!(ratio, Figure::new("pages.10.history.deepest_beside_first", 1.5));
        assert_eq!(depth(&figures, "30"), None);
    }
}
