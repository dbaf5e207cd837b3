//! Webhooks, verified and read.

use comms_core::{Batch, Inbound, StoredWebhook};
use comms_http::{Result, WebhookRequest};

use super::events;
use crate::webhook::{Notifications, Verifier};

/// The webhooks of an app: of all its business accounts and all their numbers.
///
/// Each update becomes one event, whose account says whose it is: `whatsapp:<phone number id>`, or `waba:<business account id>`
/// where it concerns no single number.
#[derive(Clone, Debug)]
pub struct WhatsAppInbound {
    verifier: Verifier,
}

impl WhatsAppInbound {
    /// Reads what `verifier` accepts.
    #[must_use]
    pub fn new(verifier: Verifier) -> Self {
        Self { verifier }
    }

    /// The verifier, which also answers the check of the address.
    #[must_use]
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }
}

impl Inbound for WhatsAppInbound {
    fn receive(&self, request: &WebhookRequest) -> Result<Batch> {
        Ok(events::batch(self.verifier.verify(request)?.parse()))
    }

    fn reparse(&self, stored: &StoredWebhook) -> Batch {
        events::batch(Notifications::read(&stored.request().body))
    }
}
