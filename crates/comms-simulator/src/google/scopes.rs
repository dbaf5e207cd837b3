//! The scopes of the Gmail API.

pub(crate) const FULL: &str = "https://mail.google.com/";
pub(crate) const MODIFY: &str = "https://www.googleapis.com/auth/gmail.modify";
pub(crate) const READONLY: &str = "https://www.googleapis.com/auth/gmail.readonly";
pub(crate) const METADATA: &str = "https://www.googleapis.com/auth/gmail.metadata";
pub(crate) const COMPOSE: &str = "https://www.googleapis.com/auth/gmail.compose";
pub(crate) const SEND: &str = "https://www.googleapis.com/auth/gmail.send";
pub(crate) const INSERT: &str = "https://www.googleapis.com/auth/gmail.insert";
pub(crate) const LABELS: &str = "https://www.googleapis.com/auth/gmail.labels";
pub(crate) const SETTINGS_BASIC: &str = "https://www.googleapis.com/auth/gmail.settings.basic";
pub(crate) const SETTINGS_SHARING: &str = "https://www.googleapis.com/auth/gmail.settings.sharing";
pub(crate) const CALENDAR: &str = "https://www.googleapis.com/auth/calendar";
pub(crate) const OPENID: &str = "openid";
pub(crate) const EMAIL: &str = "https://www.googleapis.com/auth/userinfo.email";
pub(crate) const PROFILE: &str = "https://www.googleapis.com/auth/userinfo.profile";

/// Every scope that a client may ask for here.
const KNOWN: [&str; 14] = [
    FULL,
    MODIFY,
    READONLY,
    METADATA,
    COMPOSE,
    SEND,
    INSERT,
    LABELS,
    SETTINGS_BASIC,
    SETTINGS_SHARING,
    CALENDAR,
    OPENID,
    EMAIL,
    PROFILE,
];

/// What an endpoint asks for: one of these is enough.
pub(crate) type Any = &'static [&'static str];

pub(crate) const TO_READ: Any = &[FULL, MODIFY, READONLY];
pub(crate) const TO_LIST: Any = &[FULL, MODIFY, READONLY, METADATA];
pub(crate) const TO_MODIFY: Any = &[FULL, MODIFY];
pub(crate) const TO_DELETE: Any = &[FULL];
pub(crate) const TO_SEND: Any = &[FULL, COMPOSE, MODIFY, SEND];
pub(crate) const TO_INSERT: Any = &[FULL, INSERT, MODIFY];
pub(crate) const TO_DRAFT: Any = &[FULL, COMPOSE, MODIFY];
pub(crate) const TO_READ_DRAFTS: Any = &[FULL, COMPOSE, MODIFY, READONLY];
pub(crate) const TO_LABEL: Any = &[FULL, LABELS, MODIFY];
pub(crate) const TO_READ_LABELS: Any = &[FULL, LABELS, METADATA, MODIFY, READONLY];
pub(crate) const TO_SEE_PROFILE: Any = &[FULL, COMPOSE, METADATA, MODIFY, READONLY];
pub(crate) const TO_READ_SETTINGS: Any = &[FULL, MODIFY, READONLY, SETTINGS_BASIC];
pub(crate) const TO_CHANGE_SETTINGS: Any = &[SETTINGS_BASIC, SETTINGS_SHARING];

/// The long name of a scope that is known; Google answers with it for the short one.
pub(crate) fn named(scope: &str) -> Option<&'static str> {
    match scope {
        "email" => Some(EMAIL),
        "profile" => Some(PROFILE),
        _ => KNOWN.into_iter().find(|known| *known == scope),
    }
}

/// Whether a scope is one of Gmail's: a change of the password ends grants with them.
pub(crate) fn is_of_mail(scope: &str) -> bool {
    scope == FULL || scope.contains("/auth/gmail.")
}
