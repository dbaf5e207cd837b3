//! The numbers of an account.

use serde_json::{Value, json};

use crate::double::Answer;

use super::{Answered, Request, Twilio, config::Number, dates, error::TwilioError, paging};

/// What can be changed about a number.
pub(crate) const CHANGES: &str = "AccountSid ApiVersion FriendlyName SmsApplicationSid SmsFallbackMethod SmsFallbackUrl \
    SmsMethod SmsUrl StatusCallback StatusCallbackMethod VoiceApplicationSid VoiceCallerIdLookup VoiceFallbackMethod \
    VoiceFallbackUrl VoiceMethod VoiceUrl EmergencyStatus EmergencyAddressSid TrunkSid VoiceReceiveMode IdentitySid \
    AddressSid BundleSid";

fn view(account_sid: &str, number: &Number, now: time::OffsetDateTime) -> Value {
    let date = dates::rfc2822(now);
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let method = |value: &Option<String>| value.clone().unwrap_or_else(|| "POST".to_owned());
    json!({
        "account_sid": account_sid,
        "address_requirements": "none",
        "address_sid": null,
        "api_version": "2010-04-01",
        "beta": false,
        "bundle_sid": null,
        "capabilities": {
            "voice": number.voice_enabled, "sms": number.sms_enabled, "mms": number.sms_enabled, "fax": false,
        },
        "date_created": date,
        "date_updated": date,
        "emergency_address_sid": null,
        "emergency_address_status": "unregistered",
        "emergency_status": "Inactive",
        "friendly_name": number.friendly_name,
        "identity_sid": null,
        "origin": "twilio",
        "phone_number": number.number,
        "sid": number.sid,
        "sms_application_sid": "",
        "sms_fallback_method": method(&number.sms.fallback_method),
        "sms_fallback_url": text(&number.sms.fallback_url),
        "sms_method": method(&number.sms.method),
        "sms_url": text(&number.sms.url),
        "status": "in-use",
        "status_callback": text(&number.status_callback),
        "status_callback_method": method(&number.status_callback_method),
        "trunk_sid": null,
        "type": "local",
        "uri": format!("/2010-04-01/Accounts/{account_sid}/IncomingPhoneNumbers/{}.json", number.sid),
        "voice_application_sid": text(&number.voice_application_sid),
        "voice_caller_id_lookup": false,
        "voice_fallback_method": method(&number.voice.fallback_method),
        "voice_fallback_url": text(&number.voice.fallback_url),
        "voice_method": method(&number.voice.method),
        "voice_receive_mode": "voice",
        "voice_url": text(&number.voice.url),
    })
}

pub(crate) fn list(_: &Twilio, request: &Request<'_>) -> Answered {
    let wanted = |name: &str, value: &str| request.params.get(name).is_none_or(|given| value.contains(given));
    let numbers = request.account.numbers.iter();
    let rows = numbers
        .filter(|number| wanted("PhoneNumber", &number.number) && wanted("FriendlyName", &number.friendly_name))
        .map(|number| view(&request.account.sid, number, request.call.now))
        .collect();
    paging::page(request, "incoming_phone_numbers", rows)
}

pub(crate) fn fetch(_: &Twilio, request: &Request<'_>) -> Answered {
    let number = request.account.numbers.iter().find(|number| number.sid == request.id(0));
    let number = number.ok_or_else(|| request.not_found())?;
    Ok(Answer::json(200, &view(&request.account.sid, number, request.call.now)))
}

/// Changes where webhooks go, and the name.
pub(crate) fn update(twilio: &Twilio, request: &Request<'_>) -> Answered {
    let params = &request.params;
    let known = request.account.numbers.iter().find(|number| number.sid == request.id(0));
    let mut number = known.cloned().ok_or_else(|| request.not_found())?;
    let set = |target: &mut Option<String>, name: &str| {
        if let Some(value) = params.raw(name) {
            *target = Some(value.to_owned()).filter(|value| !value.is_empty());
        }
    };
    for name in ["VoiceUrl", "VoiceFallbackUrl", "SmsUrl", "SmsFallbackUrl", "StatusCallback"] {
        if params.get(name).is_some_and(|value| url::Url::parse(value).is_err()) {
            return Err(TwilioError::new(21402).message(format!("{name} is not a valid URL")));
        }
    }
    set(&mut number.voice.url, "VoiceUrl");
    set(&mut number.voice.method, "VoiceMethod");
    set(&mut number.voice.fallback_url, "VoiceFallbackUrl");
    set(&mut number.voice.fallback_method, "VoiceFallbackMethod");
    set(&mut number.sms.url, "SmsUrl");
    set(&mut number.sms.method, "SmsMethod");
    set(&mut number.sms.fallback_url, "SmsFallbackUrl");
    set(&mut number.sms.fallback_method, "SmsFallbackMethod");
    set(&mut number.status_callback, "StatusCallback");
    set(&mut number.status_callback_method, "StatusCallbackMethod");
    set(&mut number.voice_application_sid, "VoiceApplicationSid");
    if let Some(name) = params.owned("FriendlyName") {
        number.friendly_name = name;
    }
    let account_sid = request.account.sid.clone();
    let answer = view(&account_sid, &number, request.call.now);
    twilio.core().change_config(|config| {
        let account = config.twilio.accounts.iter_mut().find(|account| account.sid == account_sid);
        let numbers = account.map(|account| account.numbers.iter_mut());
        if let Some(held) = numbers.into_iter().flatten().find(|held| held.sid == number.sid) {
            *held = number;
        }
    });
    Ok(Answer::json(200, &answer))
}
