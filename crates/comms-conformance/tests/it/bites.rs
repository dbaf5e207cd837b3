//! Proves of each case that it can fail.

use std::{collections::BTreeSet, fmt::Debug};

use comms_conformance::Case;

/// Runs each case against the flaw that it is there for. A case without a flaw and a flaw without a case fail too.
pub(crate) async fn every_case_bites<H, F, S>(cases: &[Case<H>], flaws: &[(&str, F)], subject: impl Fn(F) -> S)
where
    H: ?Sized + Sync + 'static,
    F: Copy + Debug,
    S: AsRef<H>,
{
    let promised: BTreeSet<&str> = cases.iter().map(Case::name).collect();
    let flawed: BTreeSet<&str> = flaws.iter().map(|(case, _)| *case).collect();
    assert_eq!(flawed, promised, "each case needs a flaw that it catches");
    let mut toothless = Vec::new();
    for (name, flaw) in flaws {
        let case = cases.iter().find(|case| case.name() == *name).unwrap();
        if case.run(subject(*flaw).as_ref()).await.is_ok() {
            toothless.push((*name, *flaw));
        }
    }
    assert!(toothless.is_empty(), "not caught: {toothless:#?}");
}
