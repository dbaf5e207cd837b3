//! A page that is read in parts, each of which follows an index of its own.
//!
//! What a seller sees is theirs for one of several reasons. All of them in one condition leave the database only to look at
//! everything, newest first, until a page is full, which is long for who has little.

/// The parts as one page, newest first, each row once. A key is a time and an id.
pub(super) fn page<R, K: Ord>(mut rows: Vec<R>, key: impl Fn(&R) -> K, limit: i64) -> Vec<R> {
    rows.sort_unstable_by_key(|row| std::cmp::Reverse(key(row)));
    rows.dedup_by_key(|row| key(row));
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_one_page() {
        let rows = vec![(3, 'a'), (1, 'b'), (2, 'd'), (2, 'c'), (3, 'a'), (1, 'b')];
        assert_eq!(page(rows.clone(), |row| *row, 3), [(3, 'a'), (2, 'd'), (2, 'c')]);
        assert_eq!(page(rows, |row| *row, 10).len(), 4);
    }
}
