//! A message that somebody wrote to us.

use comms_http::open_enum;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Address;

/// An SMS, MMS, RCS or WhatsApp message to one of our senders, in Twilio's own names.
///
/// What Twilio left blank is absent. Numbers stay text as they came, with a method that reads them, so that an odd one loses
/// nothing; what this version does not know is in `extra`.
///
/// *See [Twilio docs/Webhook request](https://www.twilio.com/docs/messaging/guides/webhook-request)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct InboundMessage {
    /// The message, `SM…` or `MM…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_sid: Option<String>,
    /// The same under an older name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sms_sid: Option<String>,
    /// The same under an older name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sms_message_sid: Option<String>,
    /// The account that it came to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_sid: Option<String>,
    /// The Messaging Service that the number belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messaging_service_sid: Option<String>,
    /// Who wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Address>,
    /// To which sender of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Address>,
    /// The text, or the caption of the media.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// How many files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_media: Option<String>,
    /// How many segments it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_segments: Option<String>,
    /// `received`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sms_status: Option<String>,
    /// `2010-04-01`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// What an opt-out keyword did. Only where the Messaging Service has Advanced Opt-Out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opt_out_type: Option<OptOutType>,
    /// What add-ons found, as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub add_ons: Option<String>,
    /// Where the writer's number is registered.
    #[serde(flatten)]
    pub from_place: FromPlace,
    /// Where our number is registered.
    #[serde(flatten)]
    pub to_place: ToPlace,
    /// What only channels such as WhatsApp say.
    #[serde(flatten)]
    pub whatsapp: WhatsApp,
    /// The advertisement that led to the message.
    #[serde(flatten)]
    pub referral: Referral,
    /// Parameters that this version does not know, those of the media included: see [`media`](Self::media).
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

open_enum! {
    /// What an opt-out keyword did.
    ///
    /// *See [Twilio docs/Advanced Opt-Out](https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out)*
    pub enum OptOutType {
        /// They do not want to be written to.
        Stop = "STOP",
        /// They do again.
        Start = "START",
        /// They asked what this is.
        Help = "HELP",
    }
}

/// Where the writer's number is registered; only for numbers of some countries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct FromPlace {
    /// The town.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_city: Option<String>,
    /// The state or province.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_state: Option<String>,
    /// The postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_zip: Option<String>,
    /// The country's two letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_country: Option<String>,
}

/// Where our number is registered; only for numbers of some countries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ToPlace {
    /// The town.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_city: Option<String>,
    /// The state or province.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_state: Option<String>,
    /// The postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_zip: Option<String>,
    /// The country's two letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_country: Option<String>,
}

open_enum! {
    /// What kind of message came by WhatsApp.
    pub enum MessageType {
        /// Text.
        Text = "text",
        /// A still image.
        Image = "image",
        /// Film.
        Video = "video",
        /// Sound.
        Audio = "audio",
        /// A file.
        Document = "document",
        /// A sticker.
        Sticker = "sticker",
        /// A place.
        Location = "location",
        /// Contact cards, as a file.
        Contacts = "contacts",
        /// A button of a template was pressed.
        Button = "button",
        /// A button or row of an interactive message was chosen.
        Interactive = "interactive",
    }
}

/// What only channels such as WhatsApp say of a message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct WhatsApp {
    /// The name that the writer shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_name: Option<String>,
    /// The writer's number without plus sign; absent where they hide it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wa_id: Option<String>,
    /// The writer's business-scoped user id, with the prefix `whatsapp:`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_user_id: Option<Address>,
    /// The handle that the writer chose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// What kind of message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_type: Option<MessageType>,
    /// `true` where it was forwarded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forwarded: Option<String>,
    /// `true` where it was forwarded many times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequently_forwarded: Option<String>,
    /// What the pressed button says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub button_text: Option<String>,
    /// What the pressed button carries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub button_payload: Option<String>,
    /// The id of the chosen row of a list. The name is not documented by Twilio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list_id: Option<String>,
    /// What the chosen row says. The name is not documented by Twilio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list_title: Option<String>,
    /// Degrees north.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latitude: Option<String>,
    /// Degrees east.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longitude: Option<String>,
    /// The address of the place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The name of the place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The message that it answers, where that is not older than seven days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original_replied_message_sid: Option<String>,
    /// Who wrote the message that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original_replied_message_sender: Option<Address>,
    /// What the channel says beside it, as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_metadata: Option<String>,
}

/// The advertisement or post that led to a WhatsApp message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct Referral {
    /// The words of the advertisement or post.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral_body: Option<String>,
    /// Its headline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral_headline: Option<String>,
    /// Meta's id of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral_source_id: Option<String>,
    /// `ad` or `post`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral_source_type: Option<String>,
    /// Where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral_source_url: Option<String>,
    /// The id of its picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral_media_id: Option<String>,
    /// The media type of its picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral_media_content_type: Option<String>,
    /// Where its picture is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral_media_url: Option<String>,
    /// How many files it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral_num_media: Option<String>,
    /// The id of the click.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral_ctwa_clid: Option<String>,
}

/// A file of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InboundMedia<'a> {
    /// Where it is: an address of Twilio's API. It may want our credentials.
    pub url: &'a str,
    /// The media type.
    pub content_type: Option<&'a str>,
}

impl InboundMessage {
    /// The message's id, under whichever of its names it came; empty where it came without.
    #[must_use]
    pub fn sid(&self) -> &str {
        [&self.message_sid, &self.sms_message_sid, &self.sms_sid]
            .into_iter()
            .find_map(|sid| sid.as_deref())
            .unwrap_or_default()
    }

    /// The files, in their order.
    #[must_use]
    pub fn media(&self) -> Vec<InboundMedia<'_>> {
        let mut media: Vec<(u32, InboundMedia<'_>)> = self
            .extra
            .iter()
            .filter_map(|(name, url)| {
                let number = name.strip_prefix(MEDIA_URL)?;
                let content_type = self.extra.get(&format!("{MEDIA_CONTENT_TYPE}{number}"));
                let media = InboundMedia { url: url.as_str()?, content_type: content_type.and_then(Value::as_str) };
                Some((number.parse().ok()?, media))
            })
            .collect();
        media.sort_by_key(|(number, _)| *number);
        media.into_iter().map(|(_, media)| media).collect()
    }

    /// How many segments it took, where Twilio says it.
    #[must_use]
    pub fn segments(&self) -> Option<u32> {
        self.num_segments.as_deref()?.parse().ok()
    }

    /// Degrees north and east, where it is a place.
    #[must_use]
    pub fn coordinates(&self) -> Option<(f64, f64)> {
        let degrees = |text: &Option<String>| text.as_deref()?.trim().parse::<f64>().ok().filter(|it| it.is_finite());
        Some((degrees(&self.whatsapp.latitude)?, degrees(&self.whatsapp.longitude)?))
    }

    /// What the message does to the writer's consent: what Twilio says it did, else what its bare keyword does by default.
    ///
    /// Twilio answers the keyword itself: do not answer it again.
    #[must_use]
    pub fn opt_out(&self) -> Option<OptOutType> {
        self.opt_out_type.clone().or_else(|| keyword(self.body.as_deref()?))
    }
}

pub(crate) const MEDIA_URL: &str = "MediaUrl";
pub(crate) const MEDIA_CONTENT_TYPE: &str = "MediaContentType";

/// What a text does that is nothing but one of Twilio's default keywords, whatever its case: `STOP`, `STOPALL`, `UNSUBSCRIBE`,
/// `CANCEL`, `END`, `QUIT`, `REVOKE`, `OPTOUT` · `START`, `UNSTOP`, `YES` · `HELP`, `INFO`.
///
/// These are English alone. Keywords of other languages are set up in Advanced Opt-Out, which then says `OptOutType`.
///
/// *See [Twilio docs/Default opt-out keywords](https://help.twilio.com/articles/223134027)*
#[must_use]
pub fn keyword(text: &str) -> Option<OptOutType> {
    match text.trim().to_ascii_uppercase().as_str() {
        "STOP" | "STOPALL" | "UNSUBSCRIBE" | "CANCEL" | "END" | "QUIT" | "REVOKE" | "OPTOUT" => Some(OptOutType::Stop),
        "START" | "UNSTOP" | "YES" => Some(OptOutType::Start),
        "HELP" | "INFO" => Some(OptOutType::Help),
        _ => None,
    }
}
