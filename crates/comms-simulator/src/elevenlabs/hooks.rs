//! What ElevenLabs tells of calls.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{Elevenlabs, conversations::AUDIO, view};
use crate::{
    Refused,
    courier::Delivery,
    ledger::Subject,
    signing::{Payload, Signer, Webhook},
};

/// The waits before the further attempts of a webhook, where it has any.
const RETRY_MS: [u64; 4] = [30_000, 120_000, 480_000, 1_800_000];

impl Elevenlabs {
    /// Tells of a conversation that has ended: its transcription, and its audio where that is wanted.
    pub(super) async fn tell_ended(&self, id: &str) {
        let settings = self.settings();
        let Some(mut data) = self.state(|state| state.conversation(id).map(view::conversation)) else { return };
        let is_call = !data["metadata"]["phone_call"].is_null();
        if settings.elevenlabs.exclude_transcript
            && let Some(fields) = data.as_object_mut()
        {
            fields.remove("transcript");
        }
        let about = json!({"agent_id": data["agent_id"], "conversation_id": id, "full_audio": STANDARD.encode(AUDIO)});
        self.tell("post_call_transcription", id, data).await;
        if settings.elevenlabs.webhook_audio && is_call {
            self.tell("post_call_audio", id, about).await;
        }
    }

    /// Tells of a call that never became a conversation.
    pub(super) async fn tell_failure(&self, id: &str, reason: &str) {
        let now = self.core().now();
        let data = self.change(id, |one| {
            let line = one.phone.clone().unwrap_or_default();
            json!({
                "agent_id": one.agent_id,
                "conversation_id": one.id,
                "failure_reason": reason,
                "metadata": {"type": "twilio", "body": {
                    "CallSid": line.call_sid,
                    "CallStatus": if reason == "unknown" { "failed" } else { reason },
                    "From": line.agent_number,
                    "To": line.external_number,
                    "Direction": "outbound-api",
                    "AccountSid": "AC00000000000000000000000000000000",
                    "Timestamp": now.format(&time::format_description::well_known::Rfc2822).unwrap_or_default(),
                    "CallbackSource": "call-progress-events",
                    "SequenceNumber": "0",
                    "CallDuration": "0",
                }},
            })
        });
        if let Some(data) = data {
            self.tell("call_initiation_failure", id, data).await;
        }
    }

    async fn tell(&self, kind: &str, id: &str, data: Value) {
        let body = json!({"type": kind, "event_timestamp": self.core().now().unix_timestamp(), "data": data});
        let subject = Subject { kind: kind.to_owned(), id: id.to_owned(), status: None };
        let Ok(delivery) = self.delivery(&body, subject) else { return };
        let settings = self.settings();
        let mut policy = settings.webhooks.clone();
        // Only transcriptions are ever posted again, and only where that was asked for.
        if settings.elevenlabs.webhook_retries && kind == "post_call_transcription" {
            if policy.retry_ms.is_empty() {
                policy.retry_ms = RETRY_MS.to_vec();
            }
            policy.max_attempts = policy.max_attempts.min(1 + u32::try_from(RETRY_MS.len()).unwrap_or_default());
        } else {
            policy.max_attempts = 1;
        }
        for _ in 0..policy.copies.max(1) {
            self.core().courier.deliver(&delivery, &policy, None).await;
        }
    }

    /// Posts this body, whatever it says, signed as all are.
    ///
    /// # Errors
    /// [`Refused::NoCallback`] where there is nowhere to post it to.
    pub fn emit(&self, body: &Value) -> Result<(), Refused> {
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let subject = Subject { kind: text("/type"), id: text("/data/conversation_id"), status: None };
        let delivery = self.delivery(body, subject)?;
        let policy = self.settings().webhooks.clone();
        let elevenlabs = self.clone();
        self.spawn(async move {
            elevenlabs.core().courier.deliver(&delivery, &policy, None).await;
        });
        Ok(())
    }

    fn delivery(&self, body: &Value, subject: Subject) -> Result<Delivery, Refused> {
        let settings = self.settings();
        let url = settings.elevenlabs.webhook_url.clone().ok_or(Refused::NoCallback)?;
        let time = self.core().now().unix_timestamp();
        let signer = match &settings.elevenlabs.webhook_secret {
            Some(secret) => Signer::Elevenlabs { secret: secret.clone().into(), time },
            None => Signer::None,
        };
        let payload = Payload::Json(Bytes::from(body.to_string()));
        Ok(Delivery { webhook: Webhook { url, payload }, signer, subjects: vec![subject] })
    }
}
