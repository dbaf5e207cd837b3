//! Programs that use several crates of the toolkit at once: see the examples beside this file.

/// The code of the workspace's first page is compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct FirstPage;
