//! What a token permits.

use serde_json::{Map, Value, json};

/// Calls.
///
/// *See [Twilio docs/Voice SDK](https://www.twilio.com/docs/voice/sdks/javascript)*
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct VoiceGrant(pub(super) Map<String, Value>);

impl VoiceGrant {
    /// Permits nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the user can be called.
    pub fn incoming(mut self, allowed: bool) -> Self {
        self.0.remove("incoming");
        if allowed { self.with("incoming", json!({ "allow": true })) } else { self }
    }

    /// The TwiML application (`AP…`) that answers when the user calls.
    pub fn outgoing(self, application_sid: &str) -> Self {
        self.with("outgoing", json!({ "application_sid": application_sid }))
    }

    /// As [`outgoing`](Self::outgoing), with parameters that the application gets with every call.
    pub fn outgoing_with<K, V>(self, application_sid: &str, params: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: Into<String>,
        V: Into<Value>,
    {
        let params: Map<_, _> = params.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        self.with("outgoing", json!({ "application_sid": application_sid, "params": params }))
    }

    /// What wakes an app for an incoming call (`CR…`).
    pub fn push_credential(self, sid: &str) -> Self {
        self.with("push_credential_sid", sid)
    }

    /// Tells the devices of one user apart.
    pub fn endpoint_id(self, id: &str) -> Self {
        self.with("endpoint_id", id)
    }

    fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }
}

/// Conversations.
///
/// *See [Twilio docs/Access tokens for Conversations](https://www.twilio.com/docs/conversations/create-tokens)*
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct ChatGrant(pub(super) Map<String, Value>);

impl ChatGrant {
    /// Those of one service (`IS…`).
    pub fn new(service_sid: &str) -> Self {
        Self(Map::new()).with("service_sid", service_sid)
    }

    /// Tells the devices of one user apart.
    pub fn endpoint_id(self, id: &str) -> Self {
        self.with("endpoint_id", id)
    }

    /// The role that the user has in the service (`RL…`).
    pub fn deployment_role(self, sid: &str) -> Self {
        self.with("deployment_role_sid", sid)
    }

    /// What wakes an app for a new message (`CR…`).
    pub fn push_credential(self, sid: &str) -> Self {
        self.with("push_credential_sid", sid)
    }

    fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }
}
