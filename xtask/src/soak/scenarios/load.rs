//! The load: a campaign of the simulator, steered over HTTP.

use std::{fmt, time::Duration};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{service::Service, shell, soak::ledger::Ledger};

/// How many POSTs are under way at once.
const CONCURRENCY: u32 = 24;
/// When the simulator gives up what is not acknowledged.
const DEADLINE: Duration = Duration::from_secs(60);
/// How long one call of its controls may take, in seconds.
const ANSWER: u64 = 30;

/// What is sent, in the simulator's words.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Plan {
    pub(super) name: String,
    pub(super) messages: u32,
    pub(super) statuses: u32,
    pub(super) copies: u32,
    pub(super) batch: u32,
    pub(super) shuffle: bool,
    concurrency: u32,
    retry_ms: Vec<u32>,
    timeout_ms: u64,
    deadline_ms: u64,
}

/// What came of it so far.
#[derive(Debug, Deserialize)]
pub(super) struct Report {
    pub(super) done: bool,
    pub(super) posts_acknowledged: u32,
    acknowledged: Vec<Element>,
    unacknowledged: Vec<Element>,
}

/// A message or a status.
#[derive(Debug, Deserialize)]
pub(super) struct Element {
    kind: String,
    id: String,
    status: Option<String>,
}

/// A load under way.
pub(super) struct Load {
    address: String,
    posts: u32,
}

impl Plan {
    /// As many messages as statuses, `elements` in all.
    pub(super) fn new(name: String, elements: u32, copies: u32, batch: u32) -> Self {
        Self {
            name,
            messages: elements / 2,
            statuses: elements - elements / 2,
            copies,
            batch,
            shuffle: true,
            concurrency: CONCURRENCY,
            retry_ms: vec![20, 50, 100],
            timeout_ms: 5_000,
            deadline_ms: DEADLINE.as_secs() * 1_000,
        }
    }

    fn posts(&self) -> u32 {
        ((self.messages + self.statuses) * self.copies).div_ceil(self.batch)
    }
}

impl Report {
    /// Writes down what was acknowledged and what was not.
    pub(super) fn enter(&self, ledger: &mut Ledger) {
        self.acknowledged.iter().for_each(|one| ledger.acknowledge(one.to_string()));
        self.unacknowledged.iter().for_each(|one| ledger.attempt(one.to_string()));
    }
}

impl Load {
    /// Asks the simulator to begin.
    pub(super) fn start(simulator: &Service, plan: &Plan) -> Result<Self> {
        #[derive(Deserialize)]
        struct Started {
            id: u64,
        }
        let campaigns = format!("{}/_simulator/campaign", simulator.url());
        let request = minreq::post(format!("{campaigns}?wait=false"))
            .with_header("Content-Type", "application/json")
            .with_body(serde_json::to_vec(plan)?);
        let started: Started = answer(request)?;
        Ok(Self { address: format!("{campaigns}/{}", started.id), posts: plan.posts() })
    }

    pub(super) fn report(&self) -> Result<Report> {
        answer(minreq::get(&self.address))
    }

    /// Waits until so many hundredths are acknowledged, or all is over.
    pub(super) fn wait_for(&self, percent: u32) -> Result<Report> {
        let enough = self.posts * percent / 100;
        self.wait_until("the load's progress", |report| report.posts_acknowledged >= enough)
    }

    /// Waits until more is acknowledged than then.
    pub(super) fn wait_for_more(&self, than: &Report) -> Result<Report> {
        self.wait_until("an acknowledgement after the kill", |report| {
            report.posts_acknowledged > than.posts_acknowledged
        })
    }

    /// Waits for the end.
    pub(super) fn finish(&self) -> Result<Report> {
        self.wait_until("the load's end", |_| false)
    }

    fn wait_until(&self, what: &str, enough: impl Fn(&Report) -> bool) -> Result<Report> {
        let mut last = self.report()?;
        shell::wait_until(what, DEADLINE + Duration::from_secs(10), || {
            if last.done || enough(&last) {
                return Ok(true);
            }
            last = self.report()?;
            Ok(last.done || enough(&last))
        })?;
        Ok(last)
    }
}

/// As the database's lines are written.
impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.id)?;
        match &self.status {
            Some(status) => write!(f, " {status}"),
            None => Ok(()),
        }
    }
}

fn answer<T: DeserializeOwned>(request: minreq::Request) -> Result<T> {
    let response = request.with_timeout(ANSWER).send().context("the simulator does not answer")?;
    ensure!(
        (200..300).contains(&response.status_code),
        "the simulator answers {}: {}",
        response.status_code,
        response.as_str().unwrap_or_default()
    );
    serde_json::from_slice(response.as_bytes()).context("the simulator's answer")
}
