//! What all suites share: cases, verdicts, the report.

use std::{fmt, time::Duration};

use futures_util::future::BoxFuture;

/// How long one case may take; one that hangs is a violation, not a stuck build.
const LONGEST_CASE: Duration = Duration::from_secs(120);

/// What a case found.
pub type Verdict = Result<(), Violation>;

/// A promise that was not kept, in words. Every error converts into one.
///
/// It is not an [`Error`](std::error::Error) itself, as only that permits the conversion.
pub struct Violation(String);

impl Violation {
    /// A violation that says this.
    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

impl<E: std::error::Error> From<E> for Violation {
    fn from(error: E) -> Self {
        Self(format!("an unexpected error: {error}"))
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One promise, and the check of it against the subjects of a harness `H`.
pub struct Case<H: ?Sized + 'static> {
    name: &'static str,
    check: Check<H>,
}

type Check<H> = for<'a> fn(&'a H) -> BoxFuture<'a, Verdict>;

impl<H: ?Sized + Sync> Case<H> {
    pub(crate) const fn new(name: &'static str, check: Check<H>) -> Self {
        Self { name, check }
    }

    /// The promise, as the name of the function that checks it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Checks it.
    ///
    /// # Errors
    /// The violation that was found; also where the check did not end in two minutes.
    pub async fn run(&self, harness: &H) -> Verdict {
        let check = (self.check)(harness);
        tokio::time::timeout(LONGEST_CASE, check)
            .await
            .unwrap_or_else(|_| Err(Violation::new(format!("no end after {LONGEST_CASE:?}"))))
    }
}

/// Runs every case.
pub(crate) async fn run_all<H: ?Sized + Sync>(cases: &[Case<H>], harness: &H) -> Result<(), Report> {
    let mut broken = Vec::new();
    for case in cases {
        if let Err(violation) = case.run(harness).await {
            broken.push((case.name, violation));
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(Report(broken)) }
}

/// The promises that a subject does not keep. `Debug` prints one on each line, for `unwrap` in a test.
pub struct Report(Vec<(&'static str, Violation)>);

impl Report {
    /// The names of the cases that failed.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|(name, _)| *name)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} promises are not kept:", self.0.len())?;
        for (name, violation) in &self.0 {
            write!(f, "\n  {name}: {violation}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Report {}

/// A list of cases out of async functions that take `&H`.
macro_rules! cases {
    ($($group:ident :: { $($name:ident),+ $(,)? }),+ $(,)?) => {
        &[$($($crate::Case::new(stringify!($name), |harness| Box::pin($group::$name(harness)))),+),+]
    };
}

/// Returns a [`Violation`] unless the condition holds.
macro_rules! ensure {
    ($holds:expr, $($why:tt)+) => {
        if !$holds {
            return Err($crate::Violation::new(format!($($why)+)));
        }
    };
}

/// Returns a [`Violation`] that shows both values unless they are equal.
macro_rules! ensure_eq {
    ($found:expr, $wanted:expr, $($why:tt)+) => {
        match (&$found, &$wanted) {
            (found, wanted) => ensure!(
                found == wanted,
                "{}: found {found:?} instead of {wanted:?}",
                format_args!($($why)+)
            ),
        }
    };
}

pub(crate) use {cases, ensure, ensure_eq};
