//! Accounts and their TwiML apps.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::double::Answer;

use super::{
    Answered, Request, Twilio,
    config::{Account, Application},
    dates, paging,
};

/// The resources that an account names, and the ends of their addresses.
const RESOURCES: [(&str, &str); 8] = [
    ("addresses", "Addresses"),
    ("applications", "Applications"),
    ("calls", "Calls"),
    ("incoming_phone_numbers", "IncomingPhoneNumbers"),
    ("keys", "Keys"),
    ("messages", "Messages"),
    ("recordings", "Recordings"),
    ("signing_keys", "SigningKeys"),
];

fn view(account: &Account, now: OffsetDateTime) -> Value {
    let date = dates::rfc2822(now);
    let base = format!("/2010-04-01/Accounts/{}", account.sid);
    let parts: Map<String, Value> =
        RESOURCES.iter().map(|(name, end)| ((*name).to_owned(), json!(format!("{base}/{end}.json")))).collect();
    json!({
        "auth_token": account.auth_token,
        "date_created": date,
        "date_updated": date,
        "friendly_name": account.friendly_name,
        "owner_account_sid": account.owner_sid.as_ref().unwrap_or(&account.sid),
        "sid": account.sid,
        "status": "active",
        "subresource_uris": parts,
        "type": "Full",
        "uri": format!("{base}.json"),
    })
}

pub(crate) fn fetch(_: &Twilio, request: &Request<'_>) -> Answered {
    Ok(Answer::json(200, &view(&request.account, request.call.now)))
}

pub(crate) fn list(twilio: &Twilio, request: &Request<'_>) -> Answered {
    let settings = twilio.settings();
    let own = &request.account.sid;
    let is_ours = |account: &&Account| account.sid == *own || account.owner_sid.as_ref() == Some(own);
    let name = request.params.get("FriendlyName");
    let rows = settings
        .twilio
        .accounts
        .iter()
        .filter(is_ours)
        .filter(|account| name.is_none_or(|name| name == account.friendly_name))
        .map(|account| view(account, request.call.now))
        .collect();
    paging::page(request, "accounts", rows)
}

pub(crate) fn applications(_: &Twilio, request: &Request<'_>) -> Answered {
    let name = request.params.get("FriendlyName");
    let apps = request.account.applications.iter();
    let rows = apps
        .filter(|app| name.is_none_or(|name| name == app.friendly_name))
        .map(|app| view_application(&request.account.sid, app, request.call.now))
        .collect();
    paging::page(request, "applications", rows)
}

pub(crate) fn application(_: &Twilio, request: &Request<'_>) -> Answered {
    let app = request.account.application(request.id(0)).ok_or_else(|| request.not_found())?;
    Ok(Answer::json(200, &view_application(&request.account.sid, app, request.call.now)))
}

fn view_application(account_sid: &str, app: &Application, now: OffsetDateTime) -> Value {
    let date = dates::rfc2822(now);
    let method = |value: &Option<String>| value.clone().unwrap_or_else(|| "POST".to_owned());
    json!({
        "account_sid": account_sid,
        "api_version": "2010-04-01",
        "date_created": date,
        "date_updated": date,
        "friendly_name": app.friendly_name,
        "message_status_callback": app.message_status_callback,
        "public_application_connect_enabled": false,
        "sid": app.sid,
        "sms_fallback_method": method(&app.sms.fallback_method),
        "sms_fallback_url": app.sms.fallback_url,
        "sms_method": method(&app.sms.method),
        "sms_status_callback": app.message_status_callback,
        "sms_url": app.sms.url,
        "status_callback": app.status_callback,
        "status_callback_method": method(&app.status_callback_method),
        "uri": format!("/2010-04-01/Accounts/{account_sid}/Applications/{}.json", app.sid),
        "voice_caller_id_lookup": false,
        "voice_fallback_method": method(&app.voice.fallback_method),
        "voice_fallback_url": app.voice.fallback_url,
        "voice_method": method(&app.voice.method),
        "voice_url": app.voice.url,
    })
}
