//! What runs beside the requests. No worker ends on an error: it is logged once, and the worker backs off and goes on.

use std::{future::Future, panic::AssertUnwindSafe, pin::Pin, time::Duration};

use comms_core::MessageId;
use futures_util::FutureExt;
use tokio::{sync::watch, task::JoinSet};

use crate::{Engine, EngineError, metrics};

/// The running workers of an [`Engine`]. Dropping them cuts them off; [`stop`](Self::stop) lets them finish.
#[derive(Debug)]
#[must_use = "dropping them stops them"]
pub struct Workers {
    engine: Engine,
    tasks: JoinSet<()>,
}

/// A worker: its name, its rhythm, and one round of it, which says whether there is more to do at once.
struct Worker {
    name: &'static str,
    every: Duration,
    /// Whether news in the event log are a reason to look before the time, and how long it then waits for more of them.
    hint: Option<Duration>,
    round: fn(Engine) -> Round,
}

type Round = Pin<Box<dyn Future<Output = Result<bool, EngineError>> + Send>>;

/// The worker that tells those who listen.
const REALTIME: &str = "realtime";
/// The worker that does what is due for calls that go on by chat.
const CONTINUATIONS: &str = "continuations";
/// The worker that reads mailboxes.
const SOURCES: &str = "sources";
/// The longest that a failing worker waits before it tries again.
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);
/// The shortest time between a hint and the look that it causes.
const HINT_PAUSE: Duration = Duration::from_millis(500);
/// The same for those who listen: a person does not notice it, and a flood of hints is some looks only.
const TELL_PAUSE: Duration = Duration::from_millis(5);
/// The same for messages that agents answer: they wait for their neighbours anyway.
const AGENT_PAUSE: Duration = Duration::from_millis(50);
/// The same for outgoing webhooks.
const HOOK_PAUSE: Duration = Duration::from_millis(100);

impl Engine {
    /// Starts the workers. Attempts that a crash cut off are settled before this returns, as far as the store answers.
    ///
    /// Call it once; a second set would do the same work at the same time, which the store allows and nobody needs.
    pub async fn start(&self) -> Workers {
        if let Err(error) = self.release_stale(self.settings().sole_process).await {
            tracing::error!(%error, "cut-off attempts could not be looked for: the timer will");
        }
        self.tell_paces().await;
        let mut tasks = JoinSet::new();
        for worker in self.workers() {
            self.board().started(worker.name);
            tasks.spawn(run(self.clone(), worker));
        }
        Workers { engine: self.clone(), tasks }
    }

    /// Turns attempts whose claim ended (or all, where `everything`) into `Unknown`, to be looked for; those that may arrive twice
    /// are queued again.
    /// One round of the worker of that name.
    ///
    /// # Errors
    /// [`EngineError::Store`].
    pub async fn release_stale(&self, everything: bool) -> Result<Vec<MessageId>, EngineError> {
        let cut_off = self.repository().release_stale(self.now(), everything).await?;
        if !cut_off.is_empty() {
            comms_core::failpoint!(StaleReleased);
            metrics::cut_off(cut_off.len());
            tracing::warn!(messages = cut_off.len(), "attempts were cut off: their outcome is unknown");
        }
        Ok(cut_off)
    }

    /// The cut-off attempts, and how much waits.
    async fn settle_stale(&self) -> Result<(), EngineError> {
        self.release_stale(false).await?;
        let (stats, waiting) = (self.repository().stats().await?, self.repository().waiting().await?);
        metrics::depth(&stats, self.now());
        metrics::waiting(&stats, &waiting, self.repository().pool(), self.now());
        self.repository().prune_pairs().await?;
        self.stopped_accounts().await?;
        Ok(())
    }

    /// Takes in rows that another program wrote, and fills in those that waited for an owner. Returns how many. One round of
    /// the worker of that name.
    ///
    /// # Errors
    /// [`EngineError::Store`].
    pub async fn intake(&self) -> Result<u64, EngineError> {
        let repository = self.repository();
        let taken = repository.take_in().await?;
        Ok(taken + repository.fill_waiting().await?)
    }

    /// Those that delete.
    fn keepers(&self) -> Vec<Worker> {
        let settings = self.settings();
        let mut workers = vec![Worker {
            name: "erasure",
            every: settings.erasure_every,
            hint: None,
            round: |engine| Box::pin(async move { engine.go_on_erasing().await }),
        }];
        if settings.retention.is_set() {
            workers.push(Worker {
                name: "retention",
                every: settings.retention_every,
                hint: None,
                round: |engine| {
                    Box::pin(async move {
                        let ours = engine.turn("retention", engine.settings().retention_every).await?;
                        if ours { engine.retain().await } else { Ok(false) }
                    })
                },
            });
        }
        workers
    }

    /// Opens conversations again whose time to come back has come. Returns how many. One round of the worker `wake`.
    ///
    /// # Errors
    /// [`EngineError::Store`].
    pub async fn wake(&self) -> Result<u64, EngineError> {
        Ok(self.repository().wake(None, self.now()).await?)
    }

    /// The rounds that one process at a time makes.
    fn workers_in_turn(&self) -> Vec<Worker> {
        let settings = self.settings();
        vec![
            Worker {
                name: "intake",
                every: settings.intake_every,
                hint: None,
                round: |engine| {
                    Box::pin(async move {
                        if engine.turn("intake", engine.settings().intake_every).await? {
                            engine.intake().await?;
                        }
                        Ok(false)
                    })
                },
            },
            Worker {
                name: "quarantine",
                every: settings.quarantine_every,
                hint: None,
                round: |engine| {
                    Box::pin(async move {
                        if engine.turn("quarantine", engine.settings().quarantine_every).await? {
                            engine.release_quarantine().await?;
                        }
                        Ok(false)
                    })
                },
            },
            Worker {
                name: "wake",
                every: settings.wake_every,
                hint: None,
                round: |engine| {
                    Box::pin(async move {
                        if engine.turn("wake", engine.settings().wake_every).await? {
                            engine.wake().await?;
                        }
                        Ok(false)
                    })
                },
            },
        ]
    }

    fn workers(&self) -> Vec<Worker> {
        let settings = self.settings();
        let mut workers = vec![
            Worker {
                name: "stale",
                every: settings.stale_every,
                hint: None,
                round: |engine| Box::pin(async move { engine.settle_stale().await.map(|()| false) }),
            },
            Worker {
                name: "outbox",
                every: settings.outbox_every,
                hint: Some(HINT_PAUSE),
                round: |engine| Box::pin(async move { engine.send_round().await }),
            },
            Worker {
                name: "unknown",
                every: settings.unknown_every,
                hint: None,
                round: |engine| Box::pin(async move { engine.look_for_unknown().await.map(|looks| looks > 0) }),
            },
            Worker {
                name: REALTIME,
                every: settings.realtime_every,
                hint: Some(TELL_PAUSE),
                round: |engine| Box::pin(async move { engine.fan_out().await }),
            },
        ];
        workers.extend(self.keepers());
        workers.extend(self.source_workers());
        workers.extend(self.workers_in_turn());
        if self.blobs().is_some() {
            workers.push(Worker {
                name: "media",
                every: settings.media_every,
                hint: Some(HINT_PAUSE),
                round: |engine| {
                    Box::pin(async move {
                        let tried = engine.fetch_media().await?;
                        Ok(tried >= usize::from(engine.settings().media_at_once))
                    })
                },
            });
        }
        if self.hooks().is_some() {
            workers.extend(self.hook_workers());
        }
        if self.agents().is_some() {
            workers.extend(self.agent_workers());
        }
        workers
    }

    /// Those who ask instead of being told.
    fn source_workers(&self) -> [Worker; 2] {
        let settings = &self.settings().sources;
        let read = Worker {
            name: SOURCES,
            every: settings.every,
            hint: None,
            round: |engine| Box::pin(async move { engine.begin_sources().await.map(|_| false) }),
        };
        let discover = Worker {
            name: "sources-discovery",
            every: settings.discover_every,
            hint: None,
            round: |engine| {
                Box::pin(async move {
                    if engine.turn("sources-discovery", engine.settings().sources.discover_every).await? {
                        engine.discover_sources().await?;
                    }
                    Ok(false)
                })
            },
        };
        [read, discover]
    }

    /// Those who go on with calls.
    fn agent_workers(&self) -> [Worker; 3] {
        let settings = &self.settings().continuation;
        let steps = Worker {
            name: CONTINUATIONS,
            every: settings.every,
            hint: Some(AGENT_PAUSE),
            round: |engine| Box::pin(async move { engine.continuation_round().await }),
        };
        let poll = Worker {
            name: "continuations-poll",
            every: settings.poll_every,
            hint: None,
            round: |engine| {
                Box::pin(async move {
                    if engine.turn("continuations-poll", engine.settings().continuation.poll_every).await? {
                        engine.poll_calls().await?;
                    }
                    Ok(false)
                })
            },
        };
        let upkeep = Worker {
            name: "continuations-upkeep",
            every: settings.upkeep_every,
            hint: None,
            round: |engine| {
                Box::pin(async move {
                    if engine.turn("continuations-upkeep", engine.settings().continuation.upkeep_every).await? {
                        engine.keep_continuations().await?;
                    }
                    Ok(false)
                })
            },
        };
        [steps, poll, upkeep]
    }

    fn hook_workers(&self) -> [Worker; 2] {
        let settings = &self.settings().hooks;
        let tell = Worker {
            name: "webhooks",
            every: settings.every,
            hint: Some(HOOK_PAUSE),
            round: |engine| Box::pin(async move { engine.begin_hooks().await.map(|(more, _)| more) }),
        };
        let upkeep = Worker {
            name: "webhooks-upkeep",
            every: settings.upkeep_every,
            hint: None,
            round: |engine| Box::pin(async move { engine.keep_hooks().await.map(|()| false) }),
        };
        [tell, upkeep]
    }
}

impl Workers {
    /// Lets every worker finish its round and every attempt to send be recorded; takes no new ones. What was claimed and not
    /// begun is given back, and so are the turns of this process.
    ///
    /// Bounded by the time-outs of the settings; a caller in a greater hurry puts a time-out around it: what is cut off by
    /// that is settled at the next start.
    pub async fn stop(mut self) {
        self.engine.begin_stop();
        self.engine.stop_realtime();
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a worker broke");
            }
        }
        // Who reads a mailbox gives it back.
        let readers = self.engine.readers().acquire_many(self.engine.settings().sources.at_once.into());
        let _readers = readers.await;
        self.engine.lanes().stop().await;
        if let Some(agents) = self.engine.agents() {
            agents.stop().await;
        }
        self.engine.give_turns_back().await;
        let queue = self.engine.outbox();
        let all = queue.acquire_many(self.engine.settings().outbox_at_once.into());
        let _queue = all.await;
        // Every permit in hand means that no attempt is under way; closed, none begins.
        let sends = self.engine.sends();
        let all = sends.acquire_many(self.engine.settings().sends_at_once);
        let _permits = all.await;
        sends.close();
    }
}

async fn run(engine: Engine, worker: Worker) {
    let name = worker.name;
    let _alive = Alive(engine.clone(), name);
    let mut hint = engine.repository().events_hint();
    let mut failures = 0_u32;
    while !over(&engine, name) {
        let round = AssertUnwindSafe((worker.round)(engine.clone())).catch_unwind();
        let error = match round.await {
            Ok(Ok(true)) => {
                note_success(&engine, name);
                failures = 0;
                continue;
            }
            Ok(Ok(false)) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some("a defect: the round broke off".to_owned()),
        };
        let wait = match error {
            None => {
                note_success(&engine, name);
                failures = 0;
                worker.every
            }
            Some(error) => {
                note_failure(&engine, name, error);
                failures = failures.saturating_add(1);
                backoff(worker.every, failures)
            }
        };
        let hinted = worker.hint.filter(|_| failures == 0);
        // Who stays until the hub closes is told of that, and not of the stop again and again.
        let stays = name == REALTIME && engine.is_stopping();
        tokio::select! {
            () = engine.stopping(), if !stays => {}
            () = tokio::time::sleep(wait) => {}
            () = news(&mut hint, hinted.unwrap_or_default()), if hinted.is_some() => {}
            () = engine.hub().begun(), if name == REALTIME => {}
            () = engine.pacer().rung(), if name == "outbox" => {}
            () = engine.bell().notified(), if name == SOURCES => {}
            () = agent_bell(&engine), if name == CONTINUATIONS => {}
        }
    }
}

/// Rings where something is due for a continuation; never where there are none.
async fn agent_bell(engine: &Engine) {
    match engine.agents() {
        Some(agents) => agents.bell().notified().await,
        None => std::future::pending().await,
    }
}

/// Whether a worker has had its last round: whoever listens is told of what happens until they are sent away.
fn over(engine: &Engine, name: &str) -> bool {
    engine.is_stopping() && (name != REALTIME || engine.hub().is_closed())
}

/// Waits until the store tells of news, and a moment longer, so that a flood of them is one reason to look. A store that
/// tells nothing any more is waited for without end: the timer is there.
async fn news(hint: &mut watch::Receiver<i64>, pause: Duration) {
    if hint.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(pause).await;
}

fn backoff(every: Duration, failures: u32) -> Duration {
    let doubled = every.saturating_mul(1 << failures.min(6).saturating_sub(1));
    doubled.min(LONGEST_BACKOFF.max(every))
}

fn note_success(engine: &Engine, name: &'static str) {
    metrics::worker_success(name, engine.now());
    if engine.board().succeeded(name, engine.now()) {
        tracing::info!(worker = name, "the worker works again");
    }
}

fn note_failure(engine: &Engine, name: &'static str, error: String) {
    metrics::worker_failure(name);
    if engine.board().failed(name, engine.now(), error.clone()) {
        tracing::error!(worker = name, error, "the worker fails; it goes on trying");
    }
}

/// Tells the board when the worker ends, however it does.
struct Alive(Engine, &'static str);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.board().ended(self.1);
    }
}
