//! The table of endpoints, and the way from a call to one of them.

use crate::double::Call;

use super::{
    Answered, Meta, account, auth, auth::Access, blocks, error::GraphError, media, messages, phones, profile, qr_codes,
    subscriptions, templates, tokens, uploads,
};

/// One endpoint of the Graph API.
pub(crate) struct Endpoint {
    /// The name, for faults and the ledger.
    pub name: &'static str,
    method: &'static str,
    /// `{phone}` stands for the id of a phone number, and so on.
    path: &'static str,
    access: Access,
    handler: Handler,
}

type Handler = fn(&Meta, &Call, &[&str]) -> Answered;

/// An endpoint that has the form of a call.
pub(crate) struct Found<'a> {
    pub endpoint: &'static Endpoint,
    segments: Vec<&'a str>,
    /// Whether the first id is that of a thing there is.
    known: bool,
}

const fn endpoint(
    name: &'static str,
    method: &'static str,
    path: &'static str,
    access: Access,
    handler: Handler,
) -> Endpoint {
    Endpoint { name, method, path, access, handler }
}

#[rustfmt::skip]
const ENDPOINTS: &[Endpoint] = &[
    endpoint("meta.messages", "POST", "/{phone}/messages", Access::Messaging, messages::send),
    endpoint("meta.media.upload", "POST", "/{phone}/media", Access::Messaging, media::upload),
    endpoint("meta.media.download", "GET", "/whatsapp_business/attachments", Access::Messaging, media::download),
    endpoint("meta.media.find", "GET", "/{media}", Access::Messaging, media::find),
    endpoint("meta.media.delete", "DELETE", "/{media}", Access::Messaging, media::delete),
    endpoint("meta.uploads.create", "POST", "/{app}/uploads", Access::Management, uploads::create),
    endpoint("meta.uploads.send", "POST", "/{upload}", Access::Management, uploads::send),
    endpoint("meta.uploads.find", "GET", "/{upload}", Access::Management, uploads::find),
    endpoint("meta.templates.list", "GET", "/{waba}/message_templates", Access::Management, templates::list),
    endpoint("meta.templates.create", "POST", "/{waba}/message_templates", Access::Management, templates::create),
    endpoint("meta.templates.delete", "DELETE", "/{waba}/message_templates", Access::Management, templates::delete),
    endpoint("meta.templates.find", "GET", "/{template}", Access::Management, templates::find),
    endpoint("meta.templates.edit", "POST", "/{template}", Access::Management, templates::edit),
    endpoint("meta.phones.list", "GET", "/{waba}/phone_numbers", Access::Management, phones::list),
    endpoint("meta.phones.find", "GET", "/{phone}", Access::Management, phones::find),
    endpoint("meta.phones.edit", "POST", "/{phone}", Access::Management, phones::edit),
    endpoint("meta.phones.register", "POST", "/{phone}/register", Access::Management, phones::register),
    endpoint("meta.phones.deregister", "POST", "/{phone}/deregister", Access::Management, phones::deregister),
    endpoint("meta.phones.request_code", "POST", "/{phone}/request_code", Access::Management, phones::request_code),
    endpoint("meta.phones.verify_code", "POST", "/{phone}/verify_code", Access::Management, phones::verify_code),
    endpoint("meta.profile.find", "GET", "/{phone}/whatsapp_business_profile", Access::Messaging, profile::find),
    endpoint("meta.profile.edit", "POST", "/{phone}/whatsapp_business_profile", Access::Messaging, profile::edit),
    endpoint("meta.username.find", "GET", "/{phone}/username", Access::Management, profile::find_username),
    endpoint("meta.username.set", "POST", "/{phone}/username", Access::Management, profile::set_username),
    endpoint("meta.username.delete", "DELETE", "/{phone}/username", Access::Management, profile::delete_username),
    endpoint("meta.block_users.list", "GET", "/{phone}/block_users", Access::Messaging, blocks::list),
    endpoint("meta.block_users.add", "POST", "/{phone}/block_users", Access::Messaging, blocks::add),
    endpoint("meta.block_users.remove", "DELETE", "/{phone}/block_users", Access::Messaging, blocks::remove),
    endpoint("meta.qr_codes.list", "GET", "/{phone}/message_qrdls", Access::Management, qr_codes::list),
    endpoint("meta.qr_codes.save", "POST", "/{phone}/message_qrdls", Access::Management, qr_codes::save),
    endpoint("meta.qr_codes.find", "GET", "/{phone}/message_qrdls/{code}", Access::Management, qr_codes::find),
    endpoint("meta.qr_codes.delete", "DELETE", "/{phone}/message_qrdls/{code}", Access::Management, qr_codes::delete),
    endpoint("meta.subscribed_apps.list", "GET", "/{waba}/subscribed_apps", Access::Management, subscriptions::list),
    endpoint("meta.subscribed_apps.add", "POST", "/{waba}/subscribed_apps", Access::Management, subscriptions::add),
    endpoint("meta.subscribed_apps.remove", "DELETE", "/{waba}/subscribed_apps", Access::Management, subscriptions::remove),
    endpoint("meta.subscriptions.list", "GET", "/{app}/subscriptions", Access::App, subscriptions::list_app),
    endpoint("meta.subscriptions.add", "POST", "/{app}/subscriptions", Access::App, subscriptions::add_app),
    endpoint("meta.subscriptions.remove", "DELETE", "/{app}/subscriptions", Access::App, subscriptions::remove_app),
    endpoint("meta.waba.find", "GET", "/{waba}", Access::Management, account::find),
    endpoint("meta.debug_token", "GET", "/debug_token", Access::Any, tokens::debug),
    endpoint("meta.oauth", "GET", "/oauth/access_token", Access::Public, tokens::exchange),
    endpoint("meta.oauth", "POST", "/oauth/access_token", Access::Public, tokens::exchange),
];

/// Name, method and path of every endpoint.
#[must_use]
pub fn endpoint_table() -> Vec<(&'static str, &'static str, &'static str)> {
    let rows = ENDPOINTS.iter();
    rows.map(|row| (row.name, row.method, row.path)).collect()
}

/// The endpoint that a call means: of those with its form, the one whose thing there is.
pub(crate) fn find<'a>(meta: &Meta, call: &'a Call) -> Option<Found<'a>> {
    let segments = path_segments(&call.path);
    let mut unknown = None;
    for endpoint in ENDPOINTS {
        if endpoint.method != call.method || !has_form(endpoint.path, &segments) {
            continue;
        }
        let kind = endpoint.path.trim_start_matches('/').split('/').next();
        let known = is_known(meta, kind.unwrap_or_default(), segments.first().unwrap_or(&""));
        if known {
            return Some(Found { endpoint, segments, known });
        }
        unknown = unknown.or(Some(endpoint));
    }
    unknown.map(|endpoint| Found { endpoint, segments, known: false })
}

/// Serves a call as Meta does: the token first, then the thing, then the request.
pub(crate) fn serve(meta: &Meta, call: &Call) -> Answered {
    let Some(found) = find(meta, call) else {
        return Err(GraphError::unknown_path(&call.method));
    };
    auth::check(meta, call, found.endpoint.access)?;
    if !found.known {
        let id = found.segments.first().unwrap_or(&"");
        return Err(GraphError::no_object(&call.method, id));
    }
    (found.endpoint.handler)(meta, call, &found.segments)
}

/// The segments of a path without its version.
///
/// Every `vNN.0` is accepted: Meta serves a version that has expired as the next one that it still has.
pub(crate) fn path_segments(path: &str) -> Vec<&str> {
    let mut segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    if segments.first().is_some_and(|first| is_version(first)) {
        segments.remove(0);
    }
    segments
}

fn is_version(segment: &str) -> bool {
    segment.strip_prefix('v').and_then(|rest| rest.split_once('.')).is_some_and(|(major, minor)| {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits(major) && digits(minor)
    })
}

fn has_form(path: &str, segments: &[&str]) -> bool {
    let pattern: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    pattern.len() == segments.len()
        && pattern.iter().zip(segments).all(|(pattern, segment)| pattern.starts_with('{') || pattern == segment)
}

fn is_known(meta: &Meta, kind: &str, id: &str) -> bool {
    let settings = meta.settings();
    match kind {
        "{phone}" => settings.meta.phone(id).is_some(),
        "{waba}" => settings.meta.waba(id).is_some(),
        "{app}" => settings.meta.app.id == id,
        "{upload}" => id.starts_with("upload:"),
        "{media}" => meta.state(|state| state.media.contains(id)),
        "{template}" => templates::exists(meta, id),
        _ => true,
    }
}
