//! Messaging services.

use serde_json::{Map, Value, json};

use crate::double::Answer;

use super::{Answered, Request, Twilio, config::MessagingService, dates, ids, paging};

/// The parts of a service, and the ends of their addresses.
const PARTS: [(&str, &str); 9] = [
    ("phone_numbers", "PhoneNumbers"),
    ("short_codes", "ShortCodes"),
    ("alpha_senders", "AlphaSenders"),
    ("messages", "Messages"),
    ("us_app_to_person", "Compliance/Usa2p"),
    ("us_app_to_person_usecases", "Compliance/Usa2p/Usecases"),
    ("channel_senders", "ChannelSenders"),
    ("destination_alpha_senders", "DestinationAlphaSenders"),
    ("external_campaign", "PreregisteredUsa2p"),
];

fn view(twilio: &Twilio, request: &Request<'_>, service: &MessagingService) -> Value {
    let date = dates::iso(request.call.now);
    let url = format!("{}/v1/Services/{}", twilio.core().public_url(), service.sid);
    let links: Map<String, Value> =
        PARTS.iter().map(|(name, end)| ((*name).to_owned(), json!(format!("{url}/{end}")))).collect();
    let method = |value: &Option<String>| value.clone().unwrap_or_else(|| "POST".to_owned());
    json!({
        "account_sid": request.account.sid,
        "sid": service.sid,
        "date_created": date,
        "date_updated": date,
        "friendly_name": service.friendly_name,
        "inbound_request_url": service.inbound.url,
        "inbound_method": method(&service.inbound.method),
        "fallback_url": service.inbound.fallback_url,
        "fallback_method": method(&service.inbound.fallback_method),
        "status_callback": service.status_callback,
        "sticky_sender": true,
        "mms_converter": true,
        "smart_encoding": false,
        "fallback_to_long_code": true,
        "area_code_geomatch": true,
        "validity_period": 36000,
        "scan_message_content": "inherit",
        "synchronous_validation": true,
        "usecase": "undeclared",
        "us_app_to_person_registered": false,
        "use_inbound_webhook_on_number": service.use_inbound_webhook_on_number,
        "links": links,
        "url": url,
    })
}

pub(crate) fn list(twilio: &Twilio, request: &Request<'_>) -> Answered {
    let rows = request.account.services.iter().map(|service| view(twilio, request, service)).collect();
    paging::page_v1(twilio, request, "services", rows)
}

pub(crate) fn fetch(twilio: &Twilio, request: &Request<'_>) -> Answered {
    let service = request.account.service(request.id(0)).ok_or_else(|| request.not_found())?;
    Ok(Answer::json(200, &view(twilio, request, service)))
}

/// The numbers of the pool.
pub(crate) fn numbers(twilio: &Twilio, request: &Request<'_>) -> Answered {
    let service = request.account.service(request.id(0)).ok_or_else(|| request.not_found())?;
    let date = dates::iso(request.call.now);
    let base = format!("{}/v1/Services/{}/PhoneNumbers", twilio.core().public_url(), service.sid);
    let numbers = service.senders.iter().filter_map(|sender| request.account.number(sender));
    let rows = numbers
        .map(|number| {
            json!({
                "account_sid": request.account.sid,
                "service_sid": service.sid,
                "sid": number.sid,
                "date_created": date,
                "date_updated": date,
                "phone_number": number.number,
                "country_code": ids::country(&number.number),
                "capabilities": ["Voice", "SMS", "MMS"],
                "url": format!("{base}/{}", number.sid),
            })
        })
        .collect();
    paging::page_v1(twilio, request, "phone_numbers", rows)
}
