//! Where webhooks go, and what they are signed with.

use serde::{Deserialize, Serialize};

/// The key that the webhooks of one setting are signed with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SigningKey {
    /// The setting's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The public key, as [`Verifier`](crate::webhook::Verifier) takes it; empty where nothing is signed.
    pub public_key: String,
}

/// Where the mail of a domain goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ParseSetting {
    /// The domain, whose MX is SendGrid's.
    pub hostname: String,
    /// Where its mail is posted to.
    pub url: String,
    /// Whether it is looked at for spam.
    pub spam_check: bool,
    /// Whether it comes as it was transmitted: better, since nothing is lost.
    pub send_raw: bool,
    /// The policy that says how it is signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_policy: Option<String>,
}

/// How inbound mail is proved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SecurityPolicy {
    /// Its id, for [`ParseSetting::security_policy`].
    pub id: String,
    /// What people call the policy.
    pub name: String,
    /// The signature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<PolicySignature>,
}

/// The signature of a [`SecurityPolicy`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PolicySignature {
    /// The public key, as [`Verifier`](crate::webhook::Verifier) takes it.
    pub public_key: String,
}
