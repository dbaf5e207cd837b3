//! Our numbers, and whose they are.

use comms_core::{AccountId, ChannelKind, OrganizationId, Rate, Secret, UserId};
use serde::Deserialize;

use super::{
    sendgrid::is_sender,
    twilio::{is_e164, is_messaging_service},
};

/// The organisation of everything that names none.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrganizationSettings {
    /// As the tokens of its users name it.
    pub id: OrganizationId,
    /// Its name; the id where absent.
    pub name: Option<String>,
}

impl Default for OrganizationSettings {
    fn default() -> Self {
        Self { id: OrganizationId::from("principal"), name: None }
    }
}

/// Whose service carries an account's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Meta's WhatsApp Cloud API.
    Meta,
    /// Twilio.
    Twilio,
    /// Twilio SendGrid.
    Sendgrid,
}

/// One of our numbers: `[[accounts]]` of the configuration file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountSettings {
    /// Its channel.
    pub channel: ChannelKind,
    /// The number: for WhatsApp at Meta the phone number id, at Twilio the number itself (`+15005550006`), for SMS also a
    /// Messaging Service (`MG…`), a short code or an alphanumeric sender; for e-mail the address or domain of the sender.
    pub number: String,
    /// Whose service carries it; found out by channel and number where absent.
    pub provider: Option<Provider>,
    /// The provider's id of the account above it: for WhatsApp the Business account.
    pub business_account: Option<String>,
    /// What people call it.
    pub name: Option<String>,
    /// Its organisation; the first where absent.
    pub organization: Option<OrganizationId>,
    /// Who owns what nobody else does.
    pub owner: Option<UserId>,
    /// The number that calls show.
    pub caller_id: Option<String>,
    /// Messages or calls a second instead of the channel's rate: upgraded numbers have more. Of calls it is the rate of all numbers of
    /// the Twilio account.
    pub per_second: Option<f64>,
    /// Its own token at Meta; the common one where absent.
    pub access_token: Option<Secret>,
    /// Its Twilio account or sub-account; the common one where absent.
    pub account_sid: Option<String>,
    /// The token of [`account_sid`](Self::account_sid).
    pub auth_token: Option<Secret>,
}

impl AccountSettings {
    /// An account with nothing but its number.
    #[must_use]
    pub fn new(channel: ChannelKind, number: impl Into<String>) -> Self {
        Self {
            channel,
            number: number.into(),
            provider: None,
            business_account: None,
            name: None,
            organization: None,
            owner: None,
            caller_id: None,
            per_second: None,
            access_token: None,
            account_sid: None,
            auth_token: None,
        }
    }

    /// Whose service carries it: where it does not say, calls, SMS and WhatsApp numbers are Twilio's, and an id of digits is
    /// Meta's.
    #[must_use]
    pub fn carrier(&self) -> Provider {
        let number = self.number.starts_with('+') || self.number.starts_with(WHATSAPP_PREFIX);
        self.provider.unwrap_or(match self.channel {
            ChannelKind::WhatsApp if !number => Provider::Meta,
            ChannelKind::Email => Provider::Sendgrid,
            _ => Provider::Twilio,
        })
    }

    /// The id under which the history keeps it.
    #[must_use]
    pub fn id(&self) -> AccountId {
        match (self.carrier(), self.channel) {
            (Provider::Meta, _) => AccountId::of("whatsapp", &self.number),
            (Provider::Sendgrid, _) => AccountId::of("sendgrid", &self.number.to_lowercase()),
            (Provider::Twilio, channel) => {
                AccountId::of(&format!("twilio-{}", channel.as_str()), normal_sender(&self.number))
            }
        }
    }

    pub(super) fn check(&self, at: usize, problems: &mut Vec<String>) {
        check_rate(&format!("accounts[{at}].per_second"), self.per_second, problems);
        let number = &self.number;
        let wrong = |reason: &str| format!("accounts[{at}].number: {number:?} {reason}");
        match (self.carrier(), self.channel) {
            (Provider::Meta, ChannelKind::WhatsApp) => {
                if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
                    problems.push(wrong("is not a phone number id (digits)"));
                }
            }
            (Provider::Twilio, ChannelKind::Voice | ChannelKind::WhatsApp) => {
                if !is_e164(normal_sender(number)) {
                    problems.push(wrong("is not a number such as +15005550006"));
                }
            }
            (Provider::Twilio, ChannelKind::Sms) => {
                if !is_sms_sender(number) {
                    problems.push(wrong("is neither a number, nor MG…, a short code or an alphanumeric sender"));
                }
            }
            (Provider::Sendgrid, ChannelKind::Email) => {
                if !is_sender(number) {
                    problems.push(wrong("is neither an address such as ventas@example.org nor a domain"));
                }
            }
            (_, channel) => {
                let channel = channel.as_str();
                problems.push(format!("accounts[{at}].channel: this version has no channel {channel:?} there"));
            }
        }
        if let Some(caller) = &self.caller_id
            && self.carrier() == Provider::Twilio
            && !is_e164(caller)
        {
            problems.push(format!("accounts[{at}].caller_id: {caller:?} is not a number such as +15005550006"));
        }
        if self.account_sid.is_some() != self.auth_token.is_some() {
            problems.push(format!("accounts[{at}]: account_sid and auth_token belong together"));
        }
    }
}

/// Whether an account can be sent on so fast.
pub(super) fn check_rate(name: &str, per_second: Option<f64>, problems: &mut Vec<String>) {
    if per_second.is_some_and(|count| Rate::of_second(count).is_none()) {
        problems.push(format!("{name}: from 0.001 to 10000"));
    }
}

const WHATSAPP_PREFIX: &str = "whatsapp:";

/// A Twilio sender as accounts name it: without `whatsapp:`.
pub(super) fn normal_sender(number: &str) -> &str {
    number.strip_prefix(WHATSAPP_PREFIX).unwrap_or(number)
}

/// What SMS come from: a number, a Messaging Service, a short code, or up to eleven letters, digits and spaces.
fn is_sms_sender(sender: &str) -> bool {
    let short_code = (3..=8).contains(&sender.len()) && sender.bytes().all(|b| b.is_ascii_digit());
    let named = (1..=11).contains(&sender.len())
        && sender.bytes().any(|b| b.is_ascii_alphabetic())
        && sender.bytes().all(|b| b.is_ascii_alphanumeric() || b == b' ');
    is_e164(sender) || is_messaging_service(sender) || short_code || named
}
