//! Webhooks: verified, read and committed before they are acknowledged.

use std::time::Instant;

use comms_core::{
    Batch, Decision, EventKind, Reply, WebhookId, WebhookRequest,
    history::{Ingested, NewWebhook},
};

use crate::{Engine, ReceiveError, metrics};

/// Headers that may hold a credential and that no parser needs: they are not stored.
const NOT_KEPT: [&str; 3] = ["authorization", "cookie", "proxy-authorization"];

/// What became of a webhook, and what its provider is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// What was stored.
    pub ingested: Ingested,
    /// The answer, with status 200: an acknowledgement, or what is to become of a call.
    pub reply: Reply,
}

impl Engine {
    /// Takes a webhook in. When this returns, everything that it says is committed: give the reply, and not before.
    ///
    /// Verifying and reading do no I/O and take some microseconds. Concurrent webhooks are written together by the
    /// repository. A webhook that proves its sender is always taken: what it says that is not understood, or concerns an
    /// account that nobody registered, is kept for a [replay](Engine::replay).
    ///
    /// # Errors
    /// [`ReceiveError`]: an unknown provider, a sender that is not proved, or a store that cannot store it now.
    pub async fn receive(&self, provider: &str, request: WebhookRequest) -> Result<Received, ReceiveError> {
        let parser = self.parser(provider).ok_or(ReceiveError::UnknownProvider)?;
        let started = Instant::now();
        let mut question = None;
        let result = match parser.receive(&request) {
            Ok(batch) => {
                question = batch.question.clone();
                self.store(provider, request, batch).await
            }
            Err(error) => Err(ReceiveError::InvalidSignature(error)),
        };
        metrics::webhook(provider, &result, started.elapsed());
        let ingested = result?;
        let reply = match question {
            Some(question) => parser.respond(&question, &Decision::Reject),
            None => parser.acknowledge(),
        };
        Ok(Received { ingested, reply })
    }

    async fn store(&self, provider: &str, mut request: WebhookRequest, batch: Batch) -> Result<Ingested, ReceiveError> {
        for name in NOT_KEPT {
            request.headers.remove(name);
        }
        let account_changed = batch.events.iter().any(|event| matches!(event.kind, EventKind::Changed(_)));
        let webhook = NewWebhook {
            id: WebhookId::new(),
            provider: provider.to_owned(),
            request: Some(request),
            received_at: self.now(),
            batch,
        };
        let ingested = self.repository().ingest(webhook).await.map_err(ReceiveError::NotStored)?;
        if account_changed {
            // A template may have been approved, paused or changed.
            self.template_cache().clear();
        }
        Ok(ingested)
    }
}
