//! A database of a scenario, by plain SQL.

use std::path::PathBuf;

use anyhow::Result;

use super::scenario::Context;
use crate::shell;

/// A database, for whoever works beside the servers.
#[derive(Clone, Debug)]
pub(super) struct Sql {
    program: PathBuf,
    address: String,
}

impl Sql {
    pub(super) fn on(context: &Context<'_>, address: &str) -> Result<Self> {
        Ok(Self { program: context.shared.program("soak_database")?.to_owned(), address: address.to_owned() })
    }

    pub(super) fn execute(&self, statements: &str) -> Result<()> {
        self.run("execute", statements).map(drop)
    }

    /// The first column of a query, row by row.
    pub(super) fn texts(&self, query: &str) -> Result<Vec<String>> {
        Ok(self.run("texts", query)?.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect())
    }

    fn run(&self, word: &str, sql: &str) -> Result<String> {
        shell::output(shell::command(&self.program, &std::env::temp_dir()).args([word, &self.address, sql]))
    }
}
