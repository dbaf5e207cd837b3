//! Webhooks, verified and read; questions, answered.

use comms_core::{Batch, Decision, Inbound, Question, Reply, StoredWebhook};
use comms_http::{Result, WebhookRequest};
use twilio_core::{Params, webhook::body_of};

use super::{events, respond};
use crate::{
    config, twiml,
    webhook::{self, Verifier},
};

/// The webhooks of calls: of all numbers, browsers and sub-accounts whose tokens the verifier has.
///
/// A call is one record, that of its parent leg: the legs of a `<Dial>`, its recordings and its action say what became of it. An
/// event's account is what our callback address carries, else the number of ours that the webhook names (`twilio-voice:+…`), else
/// the account above all numbers (`twilio:AC…`).
#[derive(Clone, Debug)]
pub struct TwilioVoiceInbound {
    verifier: Verifier,
    callback_url: String,
}

impl TwilioVoiceInbound {
    /// Reads what `verifier` accepts. Answers make Twilio call back `callback_url`, our own address as the world sees it.
    ///
    /// # Errors
    /// `Config` where that is no address that Twilio can call.
    pub fn new(verifier: Verifier, callback_url: impl Into<String>) -> Result<Self> {
        let callback_url = callback_url.into();
        config::check_address(&callback_url)?;
        Ok(Self { verifier, callback_url })
    }

    /// What judges the signatures, for whoever answers a webhook of Twilio outside of the toolkit.
    #[must_use]
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }
}

impl Inbound for TwilioVoiceInbound {
    fn receive(&self, request: &WebhookRequest) -> Result<Batch> {
        let verified = self.verifier.verify(request)?;
        Ok(events::batch(webhook::parse(&verified), verified.params(), request))
    }

    fn reparse(&self, stored: &StoredWebhook) -> Batch {
        let request = stored.request();
        let params = Params::of_request(request);
        events::batch(webhook::read(&params, body_of(request)), &params, request)
    }

    fn acknowledge(&self) -> Reply {
        Reply::xml(twiml::EMPTY)
    }

    fn respond(&self, question: &Question, decision: &Decision) -> Reply {
        respond::reply(&self.callback_url, question, decision)
    }
}
