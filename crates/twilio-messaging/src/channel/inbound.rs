//! Webhooks, verified and read.

use std::collections::BTreeSet;

use comms_core::{AccountId, Batch, Inbound, Reply, StoredWebhook};
use comms_http::{Result, WebhookRequest};

use super::{accounts, events};
use crate::{
    Sender,
    webhook::{EMPTY_RESPONSE, Verifier},
};

/// The webhooks of messages: SMS, MMS and WhatsApp, of all senders of an account and of those of its subaccounts that the verifier
/// knows.
///
/// Each message is an event of `twilio-sms:<number>` or `twilio-whatsapp:<number>`, unless the address that Twilio called says
/// `account=…`: that is what [`TwilioMessagingChannel`](crate::TwilioMessagingChannel) asks statuses for. Who writes one of
/// Twilio's opt-out words, and nothing else, or whom Twilio says to have opted out (`OptOutType`), is an event of its own beside
/// the message. Bare words of other languages are words like any other: Advanced Opt-Out makes them known.
#[derive(Clone, Debug)]
pub struct TwilioMessagingInbound {
    verifier: Verifier,
    known: BTreeSet<AccountId>,
}

impl TwilioMessagingInbound {
    /// Reads what `verifier` accepts.
    #[must_use]
    pub fn new(verifier: Verifier) -> Self {
        Self { verifier, known: BTreeSet::new() }
    }

    /// Says which senders are registered. It is needed for Messaging Services alone: a message to a number of a service belongs to the
    /// service (`twilio-sms:MG…`) where that is registered and the number is not.
    #[must_use]
    pub fn senders(mut self, senders: impl IntoIterator<Item = Sender>) -> Self {
        self.known.extend(senders.into_iter().map(|sender| accounts::of_sender(&sender)));
        self
    }

    /// What judges the signatures, for whoever answers a webhook of Twilio outside of the toolkit.
    #[must_use]
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }
}

impl Inbound for TwilioMessagingInbound {
    fn receive(&self, request: &WebhookRequest) -> Result<Batch> {
        self.verifier.verify(request)?;
        Ok(events::batch(request, &self.known))
    }

    fn reparse(&self, stored: &StoredWebhook) -> Batch {
        events::batch(stored.request(), &self.known)
    }

    /// TwiML that says nothing to the writer: Twilio takes any other text for an answer to be sent.
    fn acknowledge(&self) -> Reply {
        Reply::xml(EMPTY_RESPONSE)
    }
}
