//! The table of endpoints, and the way from a call to one of them.

use comms_http::signature::constant_time_eq;

use crate::double::{Call, ids_of};

use super::{Answered, Sendgrid, error::SendgridError, lists, mail, resources};

/// One endpoint of the API.
pub(crate) struct Endpoint {
    /// The name, for faults and the ledger.
    pub name: &'static str,
    method: &'static str,
    /// `{}` stands for any id.
    path: &'static str,
    handler: fn(&Sendgrid, &Request<'_>) -> Answered,
}

/// A call whose key is good.
pub(crate) struct Request<'a> {
    pub call: &'a Call,
    ids: Vec<&'a str>,
}

impl Request<'_> {
    pub(crate) fn id(&self, place: usize) -> &str {
        self.ids.get(place).copied().unwrap_or_default()
    }
}

macro_rules! endpoints {
    ($($name:literal $method:literal $path:literal => $handler:path,)*) => {
        &[$(Endpoint { name: $name, method: $method, path: $path, handler: $handler },)*]
    };
}

#[rustfmt::skip]
const ENDPOINTS: &[Endpoint] = endpoints![
    "sendgrid.mail.send" "POST" "/v3/mail/send" => mail::send,
    "sendgrid.batch.create" "POST" "/v3/mail/batch" => mail::create_batch,
    "sendgrid.batch.get" "GET" "/v3/mail/batch/{}" => mail::get_batch,
    "sendgrid.scheduled.list" "GET" "/v3/user/scheduled_sends" => mail::stopped,
    "sendgrid.scheduled.create" "POST" "/v3/user/scheduled_sends" => mail::stop,
    "sendgrid.scheduled.update" "PATCH" "/v3/user/scheduled_sends/{}" => mail::change_stop,
    "sendgrid.scheduled.delete" "DELETE" "/v3/user/scheduled_sends/{}" => mail::resume,
    "sendgrid.suppression.list" "GET" "/v3/suppression/{}" => lists::list,
    "sendgrid.suppression.get" "GET" "/v3/suppression/{}/{}" => lists::get,
    "sendgrid.suppression.delete" "DELETE" "/v3/suppression/{}/{}" => lists::remove,
    "sendgrid.global.create" "POST" "/v3/asm/suppressions/global" => lists::unsubscribe,
    "sendgrid.global.get" "GET" "/v3/asm/suppressions/global/{}" => lists::is_unsubscribed,
    "sendgrid.global.delete" "DELETE" "/v3/asm/suppressions/global/{}" => lists::resubscribe,
    "sendgrid.groups.list" "GET" "/v3/asm/groups" => lists::groups,
    "sendgrid.groups.create" "POST" "/v3/asm/groups" => lists::create_group,
    "sendgrid.groups.delete" "DELETE" "/v3/asm/groups/{}" => lists::delete_group,
    "sendgrid.groups.members" "GET" "/v3/asm/groups/{}/suppressions" => lists::members,
    "sendgrid.groups.add" "POST" "/v3/asm/groups/{}/suppressions" => lists::leave,
    "sendgrid.groups.remove" "DELETE" "/v3/asm/groups/{}/suppressions/{}" => lists::join,
    "sendgrid.templates.list" "GET" "/v3/templates" => resources::templates,
    "sendgrid.templates.create" "POST" "/v3/templates" => resources::create_template,
    "sendgrid.templates.get" "GET" "/v3/templates/{}" => resources::template,
    "sendgrid.templates.update" "PATCH" "/v3/templates/{}" => resources::rename_template,
    "sendgrid.templates.delete" "DELETE" "/v3/templates/{}" => resources::delete_template,
    "sendgrid.versions.create" "POST" "/v3/templates/{}/versions" => resources::create_version,
    "sendgrid.versions.update" "PATCH" "/v3/templates/{}/versions/{}" => resources::change_version,
    "sendgrid.versions.delete" "DELETE" "/v3/templates/{}/versions/{}" => resources::delete_version,
    "sendgrid.versions.activate" "POST" "/v3/templates/{}/versions/{}/activate" => resources::activate_version,
    "sendgrid.webhooks.key" "GET" "/v3/user/webhooks/event/settings/signed/{}" => resources::event_key,
    "sendgrid.webhooks.parse" "GET" "/v3/user/webhooks/parse/settings" => resources::parse_settings,
    "sendgrid.webhooks.policies" "GET" "/v3/user/webhooks/security/policies" => resources::policies,
];

/// Name, method and path of every endpoint.
#[must_use]
pub fn endpoint_table() -> Vec<(&'static str, &'static str, &'static str)> {
    ENDPOINTS.iter().map(|row| (row.name, row.method, row.path)).collect()
}

/// The endpoint that a call means, with the variable parts of its path.
pub(crate) fn find(call: &Call) -> Option<(&'static Endpoint, Vec<&str>)> {
    let mut rows = ENDPOINTS.iter().filter(|row| row.method == call.method);
    rows.find_map(|row| Some((row, ids_of(row.path, &call.path)?)))
}

/// Serves a call: the key, the path, then the request.
pub(crate) fn serve(sendgrid: &Sendgrid, call: &Call) -> Answered {
    check_key(sendgrid, call)?;
    let Some((endpoint, ids)) = find(call) else {
        let elsewhere = ENDPOINTS.iter().any(|row| ids_of(row.path, &call.path).is_some());
        return Err(if elsewhere { SendgridError::new(405, "method not allowed") } else { SendgridError::not_found() });
    };
    (endpoint.handler)(sendgrid, &Request { call, ids })
}

fn check_key(sendgrid: &Sendgrid, call: &Call) -> Result<(), SendgridError> {
    let given = call.headers.get("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let Some(given) = given else {
        return Err(SendgridError::new(401, "Permission denied, wrong credentials"));
    };
    let settings = sendgrid.settings();
    if settings.sendgrid.api_keys.iter().any(|key| constant_time_eq(key, given)) {
        return Ok(());
    }
    Err(SendgridError::new(401, "The provided authorization grant is invalid, expired, or revoked"))
}
