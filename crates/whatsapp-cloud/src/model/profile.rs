//! The public profile of a business, its username, its QR codes.

use serde::{Deserialize, Serialize};

use super::{Extra, open_enum, scalar::Scalar};

/// The public profile of a business.
///
/// *See [WhatsApp docs/Business profiles](https://developers.facebook.com/documentation/business-messaging/whatsapp/business-profiles)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// A line about it: at most 139 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Its address: at most 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What it does: at most 512 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Its pages: at most two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub websites: Option<Vec<String>>,
    /// Its trade, for instance `RETAIL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vertical: Option<String>,
    /// Its picture (read).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile_picture_url: Option<String>,
    /// The handle of an [uploaded](crate::api::Uploads::upload) picture (written).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile_picture_handle: Option<String>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The username of a business and its state.
///
/// *See [WhatsApp docs/Business usernames](https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Username {
    /// The username.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Its state, for instance `approved` or `reserved`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A QR code and short link that open a chat with a prepared message.
///
/// *See [WhatsApp docs/QR codes](https://developers.facebook.com/documentation/business-messaging/whatsapp/business-profiles/qr-codes)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct QrCode {
    /// By it the QR code is read, changed and deleted.
    pub code: String,
    /// What is prepared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefilled_message: Option<String>,
    /// The short link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deep_link_url: Option<String>,
    /// Where the image is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qr_image_url: Option<String>,
    /// When it was made, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creation_time: Option<Scalar>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

open_enum! {
    /// How the image of a QR code is drawn.
    pub enum QrImage {
        /// As lines.
        Svg = "SVG",
        /// As dots.
        Png = "PNG",
    }
}
