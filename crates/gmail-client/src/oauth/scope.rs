//! The scopes that the Gmail API knows, and which of them contain which.
//!
//! Google reviews an app by the scopes that it asks for: [`SEND`] is *sensitive*, those that read are *restricted* and demand a
//! yearly assessment where mail passes through a server.
//!
//! *See [Gmail docs/Scopes](https://developers.google.com/workspace/gmail/api/auth/scopes)*

/// Everything, deletion for good included.
pub const FULL: &str = "https://mail.google.com/";
/// Read, write, send; no deletion for good.
pub const MODIFY: &str = "https://www.googleapis.com/auth/gmail.modify";
/// Read.
pub const READONLY: &str = "https://www.googleapis.com/auth/gmail.readonly";
/// Read labels and headers, no bodies; searches are refused.
pub const METADATA: &str = "https://www.googleapis.com/auth/gmail.metadata";
/// Write drafts and send.
pub const COMPOSE: &str = "https://www.googleapis.com/auth/gmail.compose";
/// Send, and nothing else: not even the profile can be read.
pub const SEND: &str = "https://www.googleapis.com/auth/gmail.send";
/// Import and insert.
pub const INSERT: &str = "https://www.googleapis.com/auth/gmail.insert";
/// Labels.
pub const LABELS: &str = "https://www.googleapis.com/auth/gmail.labels";
/// Basic settings, the signature among them.
pub const SETTINGS_BASIC: &str = "https://www.googleapis.com/auth/gmail.settings.basic";
/// Settings that share the mailbox: by service accounts alone.
pub const SETTINGS_SHARING: &str = "https://www.googleapis.com/auth/gmail.settings.sharing";
/// Who the owner is: an id token comes with the access token. Needs [`EMAIL`] for the address.
pub const OPENID: &str = "openid";
/// The address of the owner.
pub const EMAIL: &str = "https://www.googleapis.com/auth/userinfo.email";

/// The scopes that contain this one.
pub(crate) fn wider(scope: &str) -> &'static [&'static str] {
    match scope {
        MODIFY | SETTINGS_BASIC => &[FULL],
        READONLY | COMPOSE | INSERT | LABELS => &[MODIFY, FULL],
        METADATA => &[READONLY, MODIFY, FULL],
        SEND => &[COMPOSE, MODIFY, FULL],
        // Google answers with the long name for the short one.
        "email" => &[EMAIL],
        _ => &[],
    }
}
