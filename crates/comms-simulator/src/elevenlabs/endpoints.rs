//! The table of endpoints, and the way from a call to one of them.

use comms_http::signature::constant_time_eq;

use crate::double::{Call, ids_of};

use super::{Answered, Elevenlabs, agents, batches, calls, conversations, error::ElevenlabsError, workspace};

/// One endpoint of the API.
pub(crate) struct Endpoint {
    /// The name, for faults and the ledger.
    pub name: &'static str,
    method: &'static str,
    /// `{}` stands for any id.
    path: &'static str,
    handler: fn(&Elevenlabs, &Request<'_>) -> Answered,
}

/// A call whose key is good.
pub(crate) struct Request<'a> {
    pub call: &'a Call,
    ids: Vec<&'a str>,
}

impl Request<'_> {
    pub(crate) fn id(&self) -> &str {
        self.ids.first().copied().unwrap_or_default()
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.call.query.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

macro_rules! endpoints {
    ($($name:literal $method:literal $path:literal => $handler:path,)*) => {
        &[$(Endpoint { name: $name, method: $method, path: $path, handler: $handler },)*]
    };
}

// A path without a variable part stands before the one that would take it for an id.
#[rustfmt::skip]
const ENDPOINTS: &[Endpoint] = endpoints![
    "elevenlabs.conversations.list" "GET" "/v1/convai/conversations" => conversations::list,
    "elevenlabs.conversations.get" "GET" "/v1/convai/conversations/{}" => conversations::get,
    "elevenlabs.conversations.delete" "DELETE" "/v1/convai/conversations/{}" => conversations::delete,
    "elevenlabs.conversations.summary" "GET" "/v1/convai/conversations/{}/summary" => conversations::summary,
    "elevenlabs.conversations.audio" "GET" "/v1/convai/conversations/{}/audio" => conversations::audio,
    "elevenlabs.conversations.feedback" "POST" "/v1/convai/conversations/{}/feedback" => conversations::feedback,
    "elevenlabs.signed_url" "GET" "/v1/convai/conversation/get-signed-url" => agents::signed_url,
    "elevenlabs.signed_url" "GET" "/v1/convai/conversation/get_signed_url" => agents::signed_url,
    "elevenlabs.agents.list" "GET" "/v1/convai/agents" => agents::list,
    "elevenlabs.agents.get" "GET" "/v1/convai/agents/{}" => agents::get,
    "elevenlabs.calls.create" "POST" "/v1/convai/twilio/outbound-call" => calls::create,
    "elevenlabs.batches.submit" "POST" "/v1/convai/batch-calling/submit" => batches::submit,
    "elevenlabs.batches.list" "GET" "/v1/convai/batch-calling/workspace" => batches::list,
    "elevenlabs.batches.get" "GET" "/v1/convai/batch-calling/{}" => batches::get,
    "elevenlabs.batches.delete" "DELETE" "/v1/convai/batch-calling/{}" => batches::delete,
    "elevenlabs.batches.cancel" "POST" "/v1/convai/batch-calling/{}/cancel" => batches::cancel,
    "elevenlabs.batches.retry" "POST" "/v1/convai/batch-calling/{}/retry" => batches::retry,
    "elevenlabs.whatsapp.message" "POST" "/v1/convai/whatsapp/outbound-message" => workspace::whatsapp_message,
    "elevenlabs.whatsapp.accounts" "GET" "/v1/convai/whatsapp-accounts" => workspace::whatsapp_accounts,
    "elevenlabs.webhooks.create" "POST" "/v1/workspace/webhooks" => workspace::create_webhook,
];

/// Name, method and path of every endpoint.
#[must_use]
pub fn endpoint_table() -> Vec<(&'static str, &'static str, &'static str)> {
    let socket = (super::socket::ENDPOINT, "GET", super::socket::PATH);
    ENDPOINTS.iter().map(|row| (row.name, row.method, row.path)).chain([socket]).collect()
}

/// The endpoint that a call means, with the variable parts of its path.
pub(crate) fn find(call: &Call) -> Option<(&'static Endpoint, Vec<&str>)> {
    let mut rows = ENDPOINTS.iter().filter(|row| row.method == call.method);
    rows.find_map(|row| Some((row, ids_of(row.path, &call.path)?)))
}

/// Serves a call: the key, the path, then the request.
pub(crate) fn serve(elevenlabs: &Elevenlabs, call: &Call) -> Answered {
    check_key(elevenlabs, call.headers.get("xi-api-key").map(String::as_str))?;
    let Some((endpoint, ids)) = find(call) else {
        // What FastAPI says of a path or method that it does not have.
        return Err(ElevenlabsError::new(404, "not_found", "Not Found"));
    };
    (endpoint.handler)(elevenlabs, &Request { call, ids })
}

/// Whether a key is one of the workspace's.
pub(super) fn check_key(elevenlabs: &Elevenlabs, given: Option<&str>) -> Result<(), ElevenlabsError> {
    let Some(given) = given else {
        let message = "Neither authorization header nor xi-api-key received, please provide one.";
        return Err(ElevenlabsError::new(401, "needs_authorization", message));
    };
    let settings = elevenlabs.settings();
    if settings.elevenlabs.api_keys.iter().any(|key| constant_time_eq(key, given)) {
        return Ok(());
    }
    Err(ElevenlabsError::new(401, "invalid_api_key", "Invalid API key"))
}
