//! Webhooks: verified, read and committed before they are acknowledged.

use std::{fmt, sync::Arc, time::Instant};

use comms_core::{
    AccountId, Batch, DECISION_HEADER, EventKind, Inbound, Reply, WebhookId, WebhookRequest,
    history::{Ingested, NewWebhook},
};

use crate::{
    Engine, ReceiveError,
    long::{LONG, Room},
    metrics,
};

/// Headers that may hold a credential and that no parser needs, and the one that is ours to write: they are not stored.
const NOT_KEPT: [&str; 4] = ["authorization", "cookie", "proxy-authorization", DECISION_HEADER];

/// What became of a webhook, and what its provider is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// What was stored.
    pub ingested: Ingested,
    /// The answer, with status 200: an acknowledgement, or what is to become of a call.
    pub reply: Reply,
}

/// A webhook that proves who sent it. Nothing of it is stored yet: [`Engine::take`] does that.
pub struct Proved {
    provider: String,
    parser: Arc<dyn Inbound>,
    request: WebhookRequest,
    batch: Batch,
    room: Option<Room>,
    started: Instant,
}

impl Proved {
    /// The account at the provider whose key proves it, where the provider has several.
    #[must_use]
    pub fn speaker(&self) -> Option<&AccountId> {
        self.batch.speaker.as_ref()
    }
}

impl fmt::Debug for Proved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = &mut f.debug_struct("Proved");
        shown.field("provider", &self.provider).field("events", &self.batch.events.len()).finish_non_exhaustive()
    }
}

impl Engine {
    /// Takes a webhook in. When this returns, everything that it says is committed: give the reply, and not before.
    ///
    /// Verifying and reading do no I/O and take some microseconds; what is long, a mail with its files, is read on a thread of its own, and
    /// [few at once](crate::Settings::long_bytes). A call that asks what is to become of it costs some look-ups,
    /// for a [bounded time](crate::VoiceSettings::decide_timeout); its record is committed before the provider hears of the
    /// decision. Concurrent webhooks are written together by the
    /// repository. A webhook that proves its sender is always taken: what it says that is not understood, or concerns an
    /// account that nobody registered, is kept for a [replay](Engine::replay).
    ///
    /// # Errors
    /// [`ReceiveError`]: an unknown provider, a sender that is not proved, no room for it, or a store that cannot store it now.
    pub async fn receive(&self, provider: &str, request: WebhookRequest) -> Result<Received, ReceiveError> {
        self.take(self.prove(provider, request).await?).await
    }

    /// The first half of [`receive`](Self::receive): the proof of who sent it, and what it says. Nothing is stored yet, so that
    /// a limit may count what is proved and nothing else.
    ///
    /// # Errors
    /// [`ReceiveError`]: an unknown provider, a sender that is not proved, or no room for it.
    pub async fn prove(&self, provider: &str, request: WebhookRequest) -> Result<Proved, ReceiveError> {
        let parser = Arc::clone(self.parser(provider).ok_or(ReceiveError::UnknownProvider)?);
        let started = Instant::now();
        let provider = provider.to_owned();
        match self.read_webhook(&parser, request).await {
            Ok((request, batch, room)) => Ok(Proved { provider, parser, request, batch, room, started }),
            Err(error) => {
                metrics::webhook(&provider, Err(&error), started.elapsed());
                Err(error)
            }
        }
    }

    async fn read_webhook(
        &self,
        parser: &Arc<dyn Inbound>,
        request: WebhookRequest,
    ) -> Result<(WebhookRequest, Batch, Option<Room>), ReceiveError> {
        if request.body.len() < LONG {
            let batch = parser.receive(&request).map_err(ReceiveError::InvalidSignature)?;
            return Ok((request, batch, None));
        }
        let room = self.long().admit(request.body.len()).await.ok_or(ReceiveError::Busy)?;
        let parser = Arc::clone(parser);
        // The room goes along: whoever asked may go away, and it is read to its end all the same.
        let read = tokio::task::spawn_blocking(move || (parser.receive(&request), request, room));
        let (batch, request, room) = read.await.map_err(|_| ReceiveError::BrokeOff)?;
        Ok((request, batch.map_err(ReceiveError::InvalidSignature)?, Some(room)))
    }

    /// The second half of [`receive`](Self::receive).
    ///
    /// # Errors
    /// [`ReceiveError::NotStored`] where the store cannot store it now.
    pub async fn take(&self, proved: Proved) -> Result<Received, ReceiveError> {
        let Proved { provider, parser, request, batch, room, started } = proved;
        let result = self.answer_webhook(&provider, parser.as_ref(), request, batch).await;
        drop(room);
        metrics::webhook(&provider, result.as_ref(), started.elapsed());
        result
    }

    /// Decides where something is asked, stores, and only then answers.
    async fn answer_webhook(
        &self,
        provider: &str,
        parser: &dyn Inbound,
        mut request: WebhookRequest,
        mut batch: Batch,
    ) -> Result<Received, ReceiveError> {
        for name in NOT_KEPT {
            request.headers.remove(name);
        }
        let Some(question) = batch.question.clone() else {
            let ingested = self.store(provider, request, batch).await?;
            return Ok(Received { ingested, reply: parser.acknowledge() });
        };
        let decided = self.decide(question.clone()).await.map_err(ReceiveError::NotStored)?;
        let request = decided.annotate(&question, request, &mut batch);
        let ingested = self.store(provider, request, batch).await?;
        Ok(Received { ingested, reply: parser.respond(&decided.question, &decided.decision) })
    }

    async fn store(&self, provider: &str, request: WebhookRequest, batch: Batch) -> Result<Ingested, ReceiveError> {
        let account_changed = batch.events.iter().any(|event| matches!(event.kind, EventKind::Changed(_)));
        let webhook = NewWebhook {
            id: WebhookId::new(),
            provider: provider.to_owned(),
            request: Some(request),
            received_at: self.now(),
            batch,
        };
        let ingested = self.repository().ingest(webhook).await.map_err(ReceiveError::NotStored)?;
        comms_core::failpoint!(WebhookStored);
        if account_changed {
            // A template may have been approved, paused or changed.
            self.template_cache().clear();
        }
        Ok(ingested)
    }
}
