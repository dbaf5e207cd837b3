//! What belongs to the workspace: its webhooks, its own WhatsApp numbers.

use serde_json::json;

use super::{Answered, Elevenlabs, config::WEBHOOK_SECRET, endpoints::Request, error::ElevenlabsError};
use crate::double::Answer;

/// `POST /v1/workspace/webhooks`: the secret is shown once.
pub(super) fn create_webhook(elevenlabs: &Elevenlabs, request: &Request<'_>) -> Answered {
    let body = request.call.json().unwrap_or_default();
    let settings = body.get("settings").unwrap_or(&body);
    let url = settings["webhook_url"].as_str().filter(|url| url.starts_with("http"));
    let url = url.ok_or_else(|| ElevenlabsError::field("settings", "A webhook_url is required"))?;
    elevenlabs.core().change_config(|config| {
        config.elevenlabs.set_webhook_url(url);
        config.elevenlabs.webhook_secret.get_or_insert_with(|| WEBHOOK_SECRET.to_owned());
    });
    let secret = elevenlabs.settings().elevenlabs.webhook_secret.clone();
    Ok(Answer::json(200, &json!({"webhook_id": elevenlabs.fresh_id("wh"), "webhook_secret": secret})))
}

/// `GET /v1/convai/whatsapp-accounts`.
pub(super) fn whatsapp_accounts(_: &Elevenlabs, _: &Request<'_>) -> Answered {
    Ok(Answer::json(200, &json!({"items": []})))
}

/// `POST /v1/convai/whatsapp/outbound-message`: taken, and that is all that is heard of it.
pub(super) fn whatsapp_message(elevenlabs: &Elevenlabs, request: &Request<'_>) -> Answered {
    let body = request.call.json().unwrap_or_default();
    for name in ["whatsapp_phone_number_id", "whatsapp_user_id", "template_name", "template_language_code", "agent_id"]
    {
        if body[name].as_str().is_none_or(str::is_empty) {
            return Err(ElevenlabsError::field(name, "Field required"));
        }
    }
    Ok(Answer::json(200, &json!({"conversation_id": elevenlabs.fresh_id("conv")})))
}
