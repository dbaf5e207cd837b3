//! What a token permits. What is blank is left out of it, as Twilio's own libraries do.

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
        if allowed {
            self.0.insert("incoming".to_owned(), json!({ "allow": true }));
        }
        self
    }

    /// The TwiML application (`AP…`) that answers when the user calls.
    pub fn outgoing(self, application_sid: &str) -> Self {
        self.with_application(application_sid, json!({ "application_sid": application_sid }))
    }

    /// As [`outgoing`](Self::outgoing), with parameters that the application gets with every call.
    pub fn outgoing_with<K, V>(self, application_sid: &str, params: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: Into<String>,
        V: Into<Value>,
    {
        let params: Map<_, _> = params.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        self.with_application(application_sid, json!({ "application_sid": application_sid, "params": params }))
    }

    fn with_application(mut self, sid: &str, outgoing: Value) -> Self {
        self.0.remove("outgoing");
        if !sid.is_empty() {
            self.0.insert("outgoing".to_owned(), outgoing);
        }
        self
    }

    /// What wakes an app for an incoming call (`CR…`).
    pub fn push_credential(self, sid: &str) -> Self {
        self.with("push_credential_sid", sid)
    }

    /// Tells the devices of one user apart.
    pub fn endpoint_id(self, id: &str) -> Self {
        self.with("endpoint_id", id)
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        put(&mut self.0, name, value);
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

    fn with(mut self, name: &str, value: &str) -> Self {
        put(&mut self.0, name, value);
        self
    }
}

/// Sets a text that is not blank; a blank one takes away what was there.
pub(super) fn put(grant: &mut Map<String, Value>, name: &str, value: &str) {
    grant.remove(name);
    if !value.is_empty() {
        grant.insert(name.to_owned(), value.into());
    }
}
