//! The table of endpoints, and the way from a call to one of them.

use serde_json::Value;

use super::{
    Answered, Google, api,
    api::{drafts, history, labels, messages, profile, send, settings, threads, upload},
    auth,
    error::GoogleError,
    fields, oauth, quota,
    scopes::{self, Any},
};
use crate::double::{Answer, Call};

/// One endpoint of the Gmail API.
pub(crate) struct Endpoint {
    /// The name, for faults and the ledger.
    pub name: &'static str,
    pub method: &'static str,
    /// Below `/gmail/v1/users/{u}`; `{id}` stands for any id.
    pub path: &'static str,
    scopes: Any,
    /// Units for projects from before May 2026, and since.
    pub units: (u32, u32),
    /// The parameters that Google knows here, separated by blanks.
    parameters: &'static str,
    /// Whether a message can be uploaded to it, and up to which size.
    pub upload: Option<usize>,
    handler: Handler,
}

type Handler = fn(&Google, &api::Request<'_>) -> Answered;

/// An endpoint that has the form of a call, and what the variable parts are.
pub(crate) struct Found {
    pub endpoint: &'static Endpoint,
    pub user: String,
    pub ids: Vec<String>,
}

/// What every endpoint knows.
const COMMON: &str = "fields alt prettyPrint quotaUser key $.xgafv access_token oauth_token callback uploadType upload_id upload_protocol";
const SEND: usize = 36_700_160;
const IMPORT: usize = 157_286_400;

macro_rules! endpoints {
    ($($name:literal $method:literal $path:literal $scopes:ident ($before:literal $since:literal) $parameters:literal $upload:expr => $handler:path,)*) => {
        &[$(Endpoint {
            name: $name, method: $method, path: $path, scopes: scopes::$scopes, units: ($before, $since),
            parameters: $parameters, upload: $upload, handler: $handler,
        },)*]
    };
}

#[rustfmt::skip]
const ENDPOINTS: &[Endpoint] = endpoints![
    "google.profile" "GET" "profile" TO_SEE_PROFILE (1 1) "" None => profile::get,
    "google.watch" "POST" "watch" TO_LIST (100 100) "" None => profile::watch,
    "google.stop" "POST" "stop" TO_LIST (50 50) "" None => profile::stop,
    "google.history.list" "GET" "history" TO_LIST (2 2) "startHistoryId historyTypes labelId maxResults pageToken" None => history::list,
    "google.messages.list" "GET" "messages" TO_LIST (5 5) "q labelIds includeSpamTrash maxResults pageToken" None => messages::list,
    "google.messages.insert" "POST" "messages" TO_INSERT (25 25) "internalDateSource deleted" Some(IMPORT) => send::insert,
    "google.messages.send" "POST" "messages/send" TO_SEND (100 100) "" Some(SEND) => send::send,
    "google.messages.import" "POST" "messages/import" TO_INSERT (25 25) "internalDateSource neverMarkSpam processForCalendar deleted" Some(IMPORT) => send::import,
    "google.messages.batchModify" "POST" "messages/batchModify" TO_MODIFY (50 50) "" None => messages::batch_modify,
    "google.messages.batchDelete" "POST" "messages/batchDelete" TO_DELETE (50 50) "" None => messages::batch_delete,
    "google.messages.get" "GET" "messages/{id}" TO_LIST (5 20) "format metadataHeaders" None => messages::get,
    "google.messages.delete" "DELETE" "messages/{id}" TO_DELETE (10 10) "" None => messages::delete,
    "google.messages.modify" "POST" "messages/{id}/modify" TO_MODIFY (5 5) "" None => messages::modify,
    "google.messages.trash" "POST" "messages/{id}/trash" TO_MODIFY (5 5) "" None => messages::trash,
    "google.messages.untrash" "POST" "messages/{id}/untrash" TO_MODIFY (5 5) "" None => messages::untrash,
    "google.attachments.get" "GET" "messages/{id}/attachments/{id}" TO_READ (5 5) "" None => messages::attachment,
    "google.threads.list" "GET" "threads" TO_LIST (10 10) "q labelIds includeSpamTrash maxResults pageToken" None => threads::list,
    "google.threads.get" "GET" "threads/{id}" TO_LIST (10 40) "format metadataHeaders" None => threads::get,
    "google.threads.modify" "POST" "threads/{id}/modify" TO_MODIFY (10 10) "" None => threads::modify,
    "google.threads.trash" "POST" "threads/{id}/trash" TO_MODIFY (10 10) "" None => threads::trash,
    "google.threads.untrash" "POST" "threads/{id}/untrash" TO_MODIFY (10 10) "" None => threads::untrash,
    "google.threads.delete" "DELETE" "threads/{id}" TO_DELETE (20 20) "" None => threads::delete,
    "google.labels.list" "GET" "labels" TO_READ_LABELS (1 1) "" None => labels::list,
    "google.labels.create" "POST" "labels" TO_LABEL (5 5) "" None => labels::create,
    "google.labels.get" "GET" "labels/{id}" TO_READ_LABELS (1 1) "" None => labels::get,
    "google.labels.update" "PUT" "labels/{id}" TO_LABEL (5 5) "" None => labels::change,
    "google.labels.patch" "PATCH" "labels/{id}" TO_LABEL (5 5) "" None => labels::change,
    "google.labels.delete" "DELETE" "labels/{id}" TO_LABEL (5 5) "" None => labels::delete,
    "google.drafts.list" "GET" "drafts" TO_READ_DRAFTS (5 5) "q includeSpamTrash maxResults pageToken" None => drafts::list,
    "google.drafts.create" "POST" "drafts" TO_DRAFT (10 10) "" Some(SEND) => drafts::create,
    "google.drafts.send" "POST" "drafts/send" TO_DRAFT (100 100) "" Some(SEND) => drafts::send,
    "google.drafts.get" "GET" "drafts/{id}" TO_READ_DRAFTS (5 5) "format" None => drafts::get,
    "google.drafts.update" "PUT" "drafts/{id}" TO_DRAFT (15 15) "" Some(SEND) => drafts::update,
    "google.drafts.delete" "DELETE" "drafts/{id}" TO_DRAFT (10 10) "" None => drafts::delete,
    "google.sendAs.list" "GET" "settings/sendAs" TO_READ_SETTINGS (1 1) "" None => settings::list,
    "google.sendAs.get" "GET" "settings/sendAs/{id}" TO_READ_SETTINGS (1 1) "" None => settings::get,
    "google.sendAs.patch" "PATCH" "settings/sendAs/{id}" TO_CHANGE_SETTINGS (100 100) "" None => settings::change,
    "google.sendAs.update" "PUT" "settings/sendAs/{id}" TO_CHANGE_SETTINGS (100 100) "" None => settings::change,
];

/// What lies beside the API: name, method, path.
#[rustfmt::skip]
pub(crate) const BESIDE: &[(&str, &str, &str)] = &[
    ("google.oauth.consent", "GET", "/o/oauth2/v2/auth"),
    ("google.oauth.consent", "GET", "/o/oauth2/auth"),
    ("google.oauth.decide", "POST", "/o/oauth2/v2/auth"),
    ("google.oauth.token", "POST", "/token"),
    ("google.oauth.revoke", "POST", "/revoke"),
    ("google.oauth.revoke", "GET", "/revoke"),
    ("google.oauth.tokeninfo", "GET", "/tokeninfo"),
    ("google.oauth.tokeninfo", "POST", "/tokeninfo"),
    ("google.oauth.tokeninfo", "GET", "/oauth2/v3/tokeninfo"),
    ("google.oauth.userinfo", "GET", "/oauth2/v3/userinfo"),
    ("google.oauth.userinfo", "GET", "/v1/userinfo"),
    ("google.oauth.certs", "GET", "/oauth2/v3/certs"),
    ("google.oauth.discovery", "GET", "/.well-known/openid-configuration"),
    ("google.batch", "POST", "/batch"),
    ("google.batch", "POST", "/batch/gmail/v1"),
];

const API: &str = "/gmail/v1/users/";
const UPLOADS: [&str; 2] = ["/upload", "/resumable/upload"];

/// Name, method and path of every endpoint.
#[must_use]
pub fn endpoint_table() -> Vec<(&'static str, &'static str, &'static str)> {
    let api = ENDPOINTS.iter().map(|row| (row.name, row.method, row.path));
    api.chain(BESIDE.iter().copied()).collect()
}

/// Whether a path is Google's.
pub(crate) fn owns(path: &str) -> bool {
    without_upload(path).0.starts_with("/gmail/") || BESIDE.iter().any(|(.., known)| *known == path)
}

/// The name of the endpoint that would serve a call.
pub(crate) fn name(call: &Call) -> Option<&'static str> {
    let beside = BESIDE.iter().find(|(_, method, path)| *method == call.method && *path == call.path);
    beside.map(|(name, ..)| *name).or_else(|| find(call).map(|found| found.endpoint.name))
}

/// The endpoint of the API that a call means. The pieces of a resumable upload are put to it.
pub(crate) fn find(call: &Call) -> Option<Found> {
    let (path, uploads) = without_upload(&call.path);
    let resumed = uploads && call.method == "PUT" && call.query.contains_key("upload_id");
    let (user, below) = path.strip_prefix(API)?.split_once('/')?;
    let row = ENDPOINTS.iter().filter(|row| row.method == call.method || resumed && row.upload.is_some());
    let (endpoint, ids) =
        row.filter(|row| !uploads || row.upload.is_some()).find_map(|row| Some((row, fits(row.path, below)?)))?;
    Some(Found { endpoint, user: decoded(user), ids })
}

/// Serves a call.
pub(crate) fn serve(google: &Google, call: &Call) -> Answered {
    if let Some(name) = BESIDE.iter().find(|(_, method, path)| *method == call.method && *path == call.path) {
        return beside(google, call, name.0);
    }
    let Some(found) = find(call) else {
        return Err(GoogleError::api(404, "notFound", "Not Found"));
    };
    let endpoint = found.endpoint;
    let principal = auth::principal(google, call, endpoint.scopes)?;
    let account = auth::mailbox(google, &principal, &found.user)?;
    quota::spend(google, &account, endpoint)?;
    check_parameters(google, call, endpoint);
    let (body, uploaded) = match upload::content(google, call, endpoint)? {
        upload::Content::Whole(body, uploaded) => (body, uploaded),
        upload::Content::Answer(answer) => return Ok(answer),
    };
    let request = api::Request { call, account, scopes: principal.scopes, ids: found.ids, body, uploaded };
    let answer = (endpoint.handler)(google, &request)?;
    masked(call, answer)
}

fn beside(google: &Google, call: &Call, name: &str) -> Answered {
    match name {
        "google.oauth.consent" => oauth::consent::page(google, call),
        "google.oauth.decide" => oauth::consent::decide(google, call),
        "google.oauth.token" => oauth::token::issue(google, call),
        "google.oauth.revoke" => oauth::token::revoke(google, call),
        "google.oauth.tokeninfo" => oauth::info::tokeninfo(google, call),
        "google.oauth.userinfo" => oauth::info::userinfo(google, call),
        "google.oauth.certs" => Ok(oauth::info::certs()),
        "google.oauth.discovery" => Ok(oauth::info::discovery(google)),
        _ => api::batch::run(google, call),
    }
}

fn check_parameters(google: &Google, call: &Call, endpoint: &Endpoint) {
    for (name, _) in &call.pairs {
        let mut known = endpoint.parameters.split(' ').chain(COMMON.split(' '));
        if !known.any(|known| known == name) {
            google.violation(endpoint.name, format!("the parameter {name:?} is unknown and ignored"));
        }
    }
}

/// Only the wanted fields.
fn masked(call: &Call, answer: Answer) -> Answered {
    let Some(mask) = call.query.get("fields") else { return Ok(answer) };
    let Ok(value) = serde_json::from_slice::<Value>(&answer.body) else { return Ok(answer) };
    let selected = fields::select(mask, &value)
        .ok_or_else(|| GoogleError::api(400, "invalidParameter", format!("Invalid field selection {mask}")))?;
    Ok(Answer { body: selected.to_string().into(), ..answer })
}

fn without_upload(path: &str) -> (&str, bool) {
    let found = UPLOADS.iter().find_map(|prefix| path.strip_prefix(prefix));
    found.filter(|rest| rest.starts_with("/gmail/")).map_or((path, false), |rest| (rest, true))
}

fn fits(pattern: &str, path: &str) -> Option<Vec<String>> {
    let mut segments = path.split('/');
    let mut ids = Vec::new();
    for part in pattern.split('/') {
        let segment = segments.next()?;
        if part == "{id}" {
            ids.push(Some(decoded(segment)).filter(|id| !id.is_empty())?);
        } else if part != segment {
            return None;
        }
    }
    segments.next().is_none().then_some(ids)
}

fn decoded(segment: &str) -> String {
    let pair = format!("x={}", segment.replace('+', "%2B"));
    url::form_urlencoded::parse(pair.as_bytes()).next().map_or_else(String::new, |(_, value)| value.into_owned())
}
