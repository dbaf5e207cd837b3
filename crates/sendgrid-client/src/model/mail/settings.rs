//! How a mail is handled on its way.

use comms_http::Result;
use serde::{Deserialize, Serialize};

use super::checks::refused;

/// On or off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switch {
    /// On.
    #[serde(default)]
    pub enable: bool,
}

/// From what people unsubscribe.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asm {
    /// The group that this mail belongs to.
    pub group_id: i64,
    /// The groups that its page of preferences shows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups_to_display: Vec<i64>,
}

/// Sandbox, footer, and which lists are passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MailSettings {
    /// Passes over every list. Not together with the three below.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bypass_list_management: Option<Switch>,
    /// Passes over who reported spam.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bypass_spam_management: Option<Switch>,
    /// Passes over what did not arrive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bypass_bounce_management: Option<Switch>,
    /// Passes over who unsubscribed from everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bypass_unsubscribe_management: Option<Switch>,
    /// What stands below every mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub footer: Option<Footer>,
    /// Checked and not sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sandbox_mode: Option<Switch>,
}

impl MailSettings {
    pub(super) fn check(&self) -> Result<()> {
        let single =
            [&self.bypass_spam_management, &self.bypass_bounce_management, &self.bypass_unsubscribe_management];
        if self.bypass_list_management.is_some() && single.into_iter().any(Option::is_some) {
            return Err(refused("mail_settings", "bypass_list_management goes with no other bypass"));
        }
        Ok(())
    }
}

/// What stands below a mail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Footer {
    /// On.
    pub enable: bool,
    /// As text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// As HTML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
}

/// What is told of the recipients.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrackingSettings {
    /// Who follows a link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub click_tracking: Option<ClickTracking>,
    /// Who opens it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_tracking: Option<OpenTracking>,
    /// A link to unsubscribe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscription_tracking: Option<SubscriptionTracking>,
    /// Parameters of Google Analytics on links.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ganalytics: Option<GoogleAnalytics>,
}

/// Who follows a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClickTracking {
    /// On.
    pub enable: bool,
    /// In the text, too.
    pub enable_text: bool,
}

/// Who opens a mail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OpenTracking {
    /// On.
    pub enable: bool,
    /// Where the image stands; at the end where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub substitution_tag: Option<String>,
}

/// A link to unsubscribe.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SubscriptionTracking {
    /// On.
    pub enable: bool,
    /// As text, with `<% %>` for the link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// As HTML, with `<% %>` for the link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// What stands for the link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub substitution_tag: Option<String>,
}

/// Parameters of Google Analytics on links.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GoogleAnalytics {
    /// On.
    pub enable: bool,
    /// Where the visit comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub utm_source: Option<String>,
    /// By what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub utm_medium: Option<String>,
    /// Key words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub utm_term: Option<String>,
    /// Which link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub utm_content: Option<String>,
    /// For which campaign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub utm_campaign: Option<String>,
}
