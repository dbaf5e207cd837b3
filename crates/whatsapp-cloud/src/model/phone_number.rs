//! Business phone numbers: what Meta keeps of them, registration, settings.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Extra, message::Product, open_enum};

/// A business phone number. Which fields are there depends on what was asked for.
///
/// *See [WhatsApp docs/Business phone numbers](https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/phone-numbers)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PhoneNumber {
    /// Meta's id of the number, which addresses take; not the number itself.
    pub id: String,
    /// The number as a person reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_phone_number: Option<String>,
    /// The display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_name: Option<String>,
    /// The username of the business.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Whether it can send, as in `CONNECTED` or `BANNED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// What recipients think of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality_rating: Option<QualityRating>,
    /// The state of the display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_status: Option<String>,
    /// Whether its owner was verified by a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_verification_status: Option<String>,
    /// How many people it may write to first in a day (v24 and later).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whatsapp_business_manager_messaging_limit: Option<String>,
    /// How fast it may send: an object with `level`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throughput: Option<Value>,
    /// Whether messages can be sent, and what is in the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_status: Option<Value>,
    /// Where its webhooks go: an object with `phone_number`, `whatsapp_business_account`, `application`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_configuration: Option<Value>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

open_enum! {
    /// What recipients think of a number.
    pub enum QualityRating {
        /// Good.
        Green = "GREEN",
        /// Middling.
        Yellow = "YELLOW",
        /// Bad.
        Red = "RED",
        /// Not known yet.
        Unknown = "UNKNOWN",
    }
}

open_enum! {
    /// How a verification code is told.
    pub enum CodeMethod {
        /// By text message.
        Sms = "SMS",
        /// By a call.
        Voice = "VOICE",
    }
}

/// The body of a registration. `Debug` hides PIN and backup.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Registration {
    messaging_product: Product,
    /// The PIN of two-step verification: six digits. Where the number has none yet, this becomes it.
    pub pin: String,
    /// The country in which messages are stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_localization_region: Option<String>,
    /// A backup from the on-premises API: an object with `data` and `password`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<Value>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Registration {
    /// A registration with this PIN.
    pub fn new(pin: impl Into<String>) -> Self {
        Self {
            messaging_product: Product::WhatsApp,
            pin: pin.into(),
            data_localization_region: None,
            backup: None,
            extra: Extra::new(),
        }
    }

    /// Stores messages in this country (ISO code of two letters).
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.data_localization_region = Some(region.into());
        self
    }
}

impl std::fmt::Debug for Registration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registration")
            .field("data_localization_region", &self.data_localization_region)
            .finish_non_exhaustive()
    }
}

/// The settings of a number. What is absent stays as it is.
///
/// *See [WhatsApp docs/Phone number settings](https://developers.facebook.com/documentation/business-messaging/whatsapp/reference/whatsapp-business-phone-number/settings-api)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Calls: an object with `status`, `call_icon_visibility`, `sip` …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calling: Option<Value>,
    /// Encrypted payloads: an object with `status`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload_encryption: Option<Value>,
    /// Where messages are stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_configuration: Option<Value>,
    /// Whether a changed identity key stops messages: an object with `enabled`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_identity_change: Option<Value>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}
