//! The fields of the webhook about a message of a person.

use serde_json::json;

use super::{InboundMessage, Twilio, config::Account, hooks::pair, ids, messages::segments};

impl Twilio {
    pub(crate) fn inbound_fields(
        &self,
        inbound: &InboundMessage,
        account: &Account,
        sid: &str,
        sender: &str,
        media: &[String],
    ) -> Vec<(String, String)> {
        let mut fields = vec![
            pair("MessageSid", sid),
            pair("SmsSid", sid),
            pair("SmsMessageSid", sid),
            pair("AccountSid", &account.sid),
            pair("From", sender),
            pair("To", &inbound.to),
            pair("Body", &inbound.body),
            pair("NumMedia", media.len().to_string()),
            pair("NumSegments", segments(&inbound.body).to_string()),
            pair("SmsStatus", "received"),
            pair("ApiVersion", "2010-04-01"),
        ];
        for (index, (file, stored)) in inbound.files.iter().zip(media).enumerate() {
            fields.push(pair(&format!("MediaUrl{index}"), self.media_url(&account.sid, sid, stored)));
            fields.push(pair(&format!("MediaContentType{index}"), &file.content_type));
        }
        if inbound.is_whatsapp() {
            fields.extend(self.whatsapp_fields(inbound));
        } else {
            fields.extend(places(&[("From", sender), ("To", &inbound.to)]));
        }
        fields
    }

    fn whatsapp_fields(&self, inbound: &InboundMessage) -> Vec<(String, String)> {
        let settings = self.settings();
        let number = inbound.from.trim_start_matches("whatsapp:");
        let contact = settings.twilio.contact(number);
        let name = inbound.profile_name.clone().or(contact.profile_name).unwrap_or_else(|| "Test User".to_owned());
        let mut context = json!({"ProfileName": name});
        let mut fields = vec![
            pair("ProfileName", &name),
            pair("MessageType", kind(inbound)),
            pair("ExternalUserId", format!("whatsapp:{}", self.user_id(inbound))),
            pair("ReferralNumMedia", "0"),
        ];
        if !inbound.hidden {
            let digits = number.trim_start_matches('+');
            fields.push(pair("WaId", digits));
            context["WaId"] = json!(digits);
        }
        if let Some(place) = &inbound.location {
            fields.push(pair("Latitude", place.latitude.to_string()));
            fields.push(pair("Longitude", place.longitude.to_string()));
            fields.extend(place.address.as_ref().map(|address| pair("Address", address)));
            fields.extend(place.label.as_ref().map(|label| pair("Label", label)));
        }
        if let Some(button) = &inbound.button {
            fields.push(pair("ButtonText", &button.text));
            fields.push(pair("ButtonPayload", &button.payload));
            context["ButtonText"] = json!(button.text);
        }
        if let Some(original) = &inbound.reply_to {
            fields.push(pair("OriginalRepliedMessageSid", original));
            fields.push(pair("OriginalRepliedMessageSender", &inbound.to));
        }
        let metadata = json!({"type": "whatsapp", "data": {"context": context}});
        fields.push(pair("ChannelMetadata", metadata.to_string()));
        fields
    }
}

/// `FromCity`, `FromState` … of several addresses; blank abroad, as Twilio has them.
pub(crate) fn places(addresses: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    for (prefix, address) in addresses {
        if !address.starts_with('+') {
            continue;
        }
        let country = ids::country(address);
        let [city, state, zip] = if country == "US" { ["SAN FRANCISCO", "CA", "94103"] } else { ["", "", ""] };
        fields.push(pair(&format!("{prefix}City"), city));
        fields.push(pair(&format!("{prefix}State"), state));
        fields.push(pair(&format!("{prefix}Zip"), zip));
        fields.push(pair(&format!("{prefix}Country"), country));
    }
    fields
}

/// `MessageType` of a message on WhatsApp.
fn kind(inbound: &InboundMessage) -> &'static str {
    if inbound.button.is_some() {
        return "button";
    }
    if inbound.location.is_some() {
        return "location";
    }
    let Some(file) = inbound.files.first() else {
        return "text";
    };
    match file.content_type.split('/').next().unwrap_or_default() {
        "image" if file.content_type == "image/webp" => "sticker",
        "image" => "image",
        "video" => "video",
        "audio" => "audio",
        _ if file.content_type == "text/vcard" => "contacts",
        _ => "document",
    }
}
