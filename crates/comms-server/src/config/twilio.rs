//! Twilio: calls, SMS, and WhatsApp where it does not go through Meta.

use comms_core::{AccountId, ChannelKind, Secret, UserId};
use serde::Deserialize;

use super::{
    AccountSettings, Provider, absent,
    accounts::{check_rate, normal_sender},
};

/// The Twilio account that the variables give. What lacks a key is off. What ids and tokens look like is the provider
/// crate's to check, when the channels are built.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TwilioSettings {
    /// The account: `AC…`.
    pub account_sid: Option<String>,
    /// The account's token: signs webhooks, and calls the API where there is no key.
    pub auth_token: Option<Secret>,
    /// Still accepted for webhooks while the token is being changed.
    pub auth_token_previous: Option<Secret>,
    /// The number of calls and SMS.
    pub phone_number: Option<String>,
    /// The number that calls show; the number of the account where absent.
    pub caller_id: Option<String>,
    /// The API key that signs the browsers' tokens: `SK…`.
    pub api_key_sid: Option<String>,
    /// Its secret.
    pub api_key_secret: Option<Secret>,
    /// The TwiML app of the browsers' calls: `AP…`.
    pub twiml_app_sid: Option<String>,
    /// The number of WhatsApp, with or without `whatsapp:`.
    pub whatsapp_number: Option<String>,
    /// Another spelling of the same.
    pub whatsapp_from: Option<String>,
    /// The Messaging Service through which SMS go out: `MG…`.
    pub messaging_service_sid: Option<String>,
    /// The region that processes, for instance `ie1`.
    pub region: Option<String>,
    /// The edge through which it is reached, for instance `dublin`.
    pub edge: Option<String>,
    /// Another host than Twilio's.
    pub api_base: Option<String>,
    /// Who owns what arrives for nobody else.
    pub owner: Option<UserId>,
    /// Calls a second of the account, all its numbers together, instead of the usual one.
    pub calls_per_second: Option<f64>,
    /// SMS a second of the number or service instead of the usual one.
    pub sms_per_second: Option<f64>,
    /// WhatsApp messages a second of the number instead of the usual 80.
    pub whatsapp_per_second: Option<f64>,
}

impl TwilioSettings {
    /// The account above all numbers, where there is one.
    #[must_use]
    pub fn parent(&self) -> Option<AccountId> {
        let sid = self.account_sid.as_deref()?;
        Some(AccountId::of("twilio", sid))
    }

    /// The numbers of the variables, as accounts like the others. SMS belong to the Messaging Service where there is one: a
    /// number of its own beside it would be a second conversation with the same people, and another list of who opted out.
    #[must_use]
    pub fn accounts(&self) -> Vec<AccountSettings> {
        let sms = self.messaging_service_sid.as_ref().or(self.phone_number.as_ref());
        let whatsapp = self.whatsapp_number.as_ref().or(self.whatsapp_from.as_ref());
        let all = [
            (ChannelKind::Voice, self.phone_number.as_ref(), self.calls_per_second),
            (ChannelKind::Sms, sms, self.sms_per_second),
            (ChannelKind::WhatsApp, whatsapp, self.whatsapp_per_second),
        ];
        all.into_iter()
            .filter_map(|(channel, number, per_second)| {
                Some(AccountSettings {
                    provider: Some(Provider::Twilio),
                    owner: self.owner.clone(),
                    per_second,
                    ..AccountSettings::new(channel, normal_sender(number?))
                })
            })
            .collect()
    }

    /// The settings without which nothing is sent and no call is placed; empty where it is.
    #[must_use]
    pub fn missing_to_send(&self) -> Vec<&'static str> {
        absent(&[
            ("TWILIO_ACCOUNT_SID", self.account_sid.is_some()),
            ("TWILIO_AUTH_TOKEN", self.auth_token.is_some() || self.has_key()),
        ])
    }

    /// The settings without which no webhook is taken; empty where it is.
    #[must_use]
    pub fn missing_to_receive(&self) -> Vec<&'static str> {
        absent(&[("TWILIO_ACCOUNT_SID", self.account_sid.is_some()), ("TWILIO_AUTH_TOKEN", self.auth_token.is_some())])
    }

    /// The settings without which no browser can call; empty where it can.
    #[must_use]
    pub fn missing_for_browsers(&self) -> Vec<&'static str> {
        absent(&[
            ("TWILIO_ACCOUNT_SID", self.account_sid.is_some()),
            ("TWILIO_API_KEY_SID", self.api_key_sid.is_some()),
            ("TWILIO_API_KEY_SECRET", self.api_key_secret.is_some()),
            ("TWILIO_TWIML_APP_SID", self.twiml_app_sid.is_some()),
        ])
    }

    /// Whether anybody meant to use it.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.account_sid.is_some() || self.auth_token.is_some() || self.has_key()
    }

    fn has_key(&self) -> bool {
        self.api_key_sid.is_some() && self.api_key_secret.is_some()
    }

    pub(super) fn check(&self, problems: &mut Vec<String>) {
        for (name, rate) in [
            ("TWILIO_CALLS_PER_SECOND (twilio.calls_per_second)", self.calls_per_second),
            ("TWILIO_SMS_PER_SECOND (twilio.sms_per_second)", self.sms_per_second),
            ("TWILIO_WHATSAPP_PER_SECOND (twilio.whatsapp_per_second)", self.whatsapp_per_second),
        ] {
            check_rate(name, rate, problems);
        }
        let numbers = [
            ("TWILIO_PHONE_NUMBER (twilio.phone_number)", &self.phone_number),
            ("TWILIO_CALLER_ID (twilio.caller_id)", &self.caller_id),
            ("TWILIO_WHATSAPP_NUMBER (twilio.whatsapp_number)", &self.whatsapp_number),
            ("TWILIO_WHATSAPP_FROM (twilio.whatsapp_from)", &self.whatsapp_from),
        ];
        for (name, number) in numbers {
            if let Some(number) = number
                && !is_e164(normal_sender(number))
            {
                problems.push(format!("{name}: {number:?} is not a number such as +15005550006"));
            }
        }
        if let (Some(one), Some(other)) = (&self.whatsapp_number, &self.whatsapp_from)
            && normal_sender(one) != normal_sender(other)
        {
            problems.push("TWILIO_WHATSAPP_NUMBER, TWILIO_WHATSAPP_FROM: two numbers for one setting".to_owned());
        }
        if let Some(service) = &self.messaging_service_sid
            && !is_messaging_service(service)
        {
            problems.push(format!(
                "TWILIO_MESSAGING_SERVICE_SID (twilio.messaging_service_sid): {service:?} does not begin with MG"
            ));
        }
    }
}

/// A number with its country code and plus sign.
pub(super) fn is_e164(number: &str) -> bool {
    let digits = number.strip_prefix('+').unwrap_or_default();
    (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

/// The id of a Messaging Service.
pub(super) fn is_messaging_service(text: &str) -> bool {
    text.strip_prefix("MG").is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric()))
}
