//! The table of endpoints, and the way from a call to one of them.

use crate::double::Call;

use super::{
    Answered, Request, Twilio, accounts, auth, auth::Access, calls, contents, error::TwilioError, media, messages,
    numbers, params::Params, recordings, services,
};

/// One endpoint of the REST API.
pub(crate) struct Endpoint {
    /// The name, for faults and the ledger.
    pub name: &'static str,
    method: &'static str,
    /// `{ac}` stands for an account, `{sid}` for any other id.
    path: &'static str,
    access: Access,
    /// The parameters that Twilio knows here, separated by blanks; it ignores others.
    parameters: &'static str,
    handler: Handler,
}

type Handler = fn(&Twilio, &Request<'_>) -> Answered;

/// An endpoint that has the form of a call, and what the variable parts are.
pub(crate) struct Found<'a> {
    pub endpoint: &'static Endpoint,
    account: Option<&'a str>,
    ids: Vec<&'a str>,
}

const PAGE: &str = "PageSize Page PageToken";

macro_rules! endpoints {
    ($($name:literal $method:literal $path:literal $access:ident $parameters:expr => $handler:path,)*) => {
        &[$(Endpoint {
            name: $name, method: $method, path: $path, access: Access::$access, parameters: $parameters, handler: $handler,
        },)*]
    };
}

#[rustfmt::skip]
const ENDPOINTS: &[Endpoint] = endpoints![
    "twilio.messages.create" "POST" "/2010-04-01/Accounts/{ac}/Messages.json" Key messages::PARAMETERS => messages::create,
    "twilio.messages.list" "GET" "/2010-04-01/Accounts/{ac}/Messages.json" Key "To From DateSent DateSent< DateSent>" => messages::list,
    "twilio.messages.fetch" "GET" "/2010-04-01/Accounts/{ac}/Messages/{sid}.json" Key "" => messages::fetch,
    "twilio.messages.update" "POST" "/2010-04-01/Accounts/{ac}/Messages/{sid}.json" Key "Body Status" => messages::update,
    "twilio.messages.delete" "DELETE" "/2010-04-01/Accounts/{ac}/Messages/{sid}.json" Key "" => messages::delete,
    "twilio.messages.feedback" "POST" "/2010-04-01/Accounts/{ac}/Messages/{sid}/Feedback.json" Key "Outcome" => messages::feedback,
    "twilio.media.list" "GET" "/2010-04-01/Accounts/{ac}/Messages/{sid}/Media.json" Key "DateCreated DateCreated< DateCreated>" => media::list,
    "twilio.media.fetch" "GET" "/2010-04-01/Accounts/{ac}/Messages/{sid}/Media/{sid}.json" Key "" => media::fetch,
    "twilio.media.delete" "DELETE" "/2010-04-01/Accounts/{ac}/Messages/{sid}/Media/{sid}.json" Key "" => media::delete,
    "twilio.media.delete" "DELETE" "/2010-04-01/Accounts/{ac}/Messages/{sid}/Media/{sid}" Key "" => media::delete,
    "twilio.media.download" "GET" "/2010-04-01/Accounts/{ac}/Messages/{sid}/Media/{sid}" Media "" => media::redirect,
    "twilio.cdn" "GET" "/twilio-media/{sid}" Public "Expires Signature" => media::download,
    "twilio.calls.create" "POST" "/2010-04-01/Accounts/{ac}/Calls.json" Key calls::PARAMETERS => calls::create,
    "twilio.calls.list" "GET" "/2010-04-01/Accounts/{ac}/Calls.json" Key calls::FILTERS => calls::list,
    "twilio.calls.fetch" "GET" "/2010-04-01/Accounts/{ac}/Calls/{sid}.json" Key "" => calls::fetch,
    "twilio.calls.update" "POST" "/2010-04-01/Accounts/{ac}/Calls/{sid}.json" Key calls::CHANGES => calls::update,
    "twilio.calls.delete" "DELETE" "/2010-04-01/Accounts/{ac}/Calls/{sid}.json" Key "" => calls::delete,
    "twilio.calls.recordings.list" "GET" "/2010-04-01/Accounts/{ac}/Calls/{sid}/Recordings.json" Key "DateCreated DateCreated< DateCreated>" => recordings::list_of_call,
    "twilio.calls.recordings.create" "POST" "/2010-04-01/Accounts/{ac}/Calls/{sid}/Recordings.json" Key recordings::PARAMETERS => recordings::create,
    "twilio.calls.recordings.fetch" "GET" "/2010-04-01/Accounts/{ac}/Calls/{sid}/Recordings/{sid}.json" Key "" => recordings::fetch_of_call,
    "twilio.calls.recordings.update" "POST" "/2010-04-01/Accounts/{ac}/Calls/{sid}/Recordings/{sid}.json" Key "Status PauseBehavior" => recordings::update,
    "twilio.calls.recordings.delete" "DELETE" "/2010-04-01/Accounts/{ac}/Calls/{sid}/Recordings/{sid}.json" Key "" => recordings::delete_of_call,
    "twilio.recordings.list" "GET" "/2010-04-01/Accounts/{ac}/Recordings.json" Key "DateCreated DateCreated< DateCreated> CallSid ConferenceSid IncludeSoftDeleted" => recordings::list,
    "twilio.recordings.fetch" "GET" "/2010-04-01/Accounts/{ac}/Recordings/{sid}.json" Key "IncludeSoftDeleted" => recordings::fetch,
    "twilio.recordings.delete" "DELETE" "/2010-04-01/Accounts/{ac}/Recordings/{sid}.json" Key "" => recordings::delete,
    "twilio.recordings.download" "GET" "/2010-04-01/Accounts/{ac}/Recordings/{sid}.mp3" Media "RequestedChannels Download" => recordings::mp3,
    "twilio.recordings.download" "GET" "/2010-04-01/Accounts/{ac}/Recordings/{sid}.wav" Media "RequestedChannels Download" => recordings::wav,
    "twilio.recordings.download" "GET" "/2010-04-01/Accounts/{ac}/Recordings/{sid}" Media "RequestedChannels Download" => recordings::wav,
    "twilio.numbers.list" "GET" "/2010-04-01/Accounts/{ac}/IncomingPhoneNumbers.json" Key "Beta FriendlyName PhoneNumber Origin" => numbers::list,
    "twilio.numbers.fetch" "GET" "/2010-04-01/Accounts/{ac}/IncomingPhoneNumbers/{sid}.json" Key "" => numbers::fetch,
    "twilio.numbers.update" "POST" "/2010-04-01/Accounts/{ac}/IncomingPhoneNumbers/{sid}.json" Key numbers::CHANGES => numbers::update,
    "twilio.applications.list" "GET" "/2010-04-01/Accounts/{ac}/Applications.json" Key "FriendlyName" => accounts::applications,
    "twilio.applications.fetch" "GET" "/2010-04-01/Accounts/{ac}/Applications/{sid}.json" Key "" => accounts::application,
    "twilio.accounts.list" "GET" "/2010-04-01/Accounts.json" Token "FriendlyName Status" => accounts::list,
    "twilio.accounts.fetch" "GET" "/2010-04-01/Accounts/{ac}.json" Token "" => accounts::fetch,
    "twilio.services.list" "GET" "/v1/Services" Key "" => services::list,
    "twilio.services.fetch" "GET" "/v1/Services/{sid}" Key "" => services::fetch,
    "twilio.services.numbers" "GET" "/v1/Services/{sid}/PhoneNumbers" Key "" => services::numbers,
    "twilio.contents.list" "GET" "/v1/Content" Key "" => contents::list,
    "twilio.contents.list_with_approvals" "GET" "/v1/ContentAndApprovals" Key "" => contents::list_with_approvals,
    "twilio.contents.create" "POST" "/v1/Content" Key "" => contents::create,
    "twilio.contents.fetch" "GET" "/v1/Content/{sid}" Key "" => contents::fetch,
    "twilio.contents.delete" "DELETE" "/v1/Content/{sid}" Key "" => contents::delete,
    "twilio.contents.approvals" "GET" "/v1/Content/{sid}/ApprovalRequests" Key "" => contents::approvals,
    "twilio.contents.approve" "POST" "/v1/Content/{sid}/ApprovalRequests/whatsapp" Key "" => contents::ask_approval,
];

/// Name, method and path of every endpoint.
#[must_use]
pub fn endpoint_table() -> Vec<(&'static str, &'static str, &'static str)> {
    let rows = ENDPOINTS.iter();
    rows.map(|row| (row.name, row.method, row.path)).collect()
}

/// The endpoint that a call means.
pub(crate) fn find(call: &Call) -> Option<Found<'_>> {
    let mut rows = ENDPOINTS.iter().filter(|row| row.method == call.method);
    rows.find_map(|row| fits(row, &call.path))
}

/// Serves a call as Twilio does: the path, the credentials, then the request.
pub(crate) fn serve(twilio: &Twilio, call: &Call) -> Answered {
    let settings = twilio.settings();
    let Some(found) = find(call) else {
        let elsewhere = ENDPOINTS.iter().any(|row| fits(row, &call.path).is_some());
        let method = || TwilioError::new(20004).message(format!("Method {} not allowed", call.method));
        return Err(if elsewhere { method() } else { TwilioError::not_found(&call.path) });
    };
    let account = auth::account(&settings.twilio, call, found.account, found.endpoint.access)?;
    let params = Params::of(call);
    let place = found.endpoint.name;
    for (name, _) in params.iter() {
        let mut known = found.endpoint.parameters.split(' ').chain(PAGE.split(' '));
        if !known.any(|parameter| parameter == name) {
            twilio.violation(place, format!("the parameter {name:?} is unknown and ignored"));
        }
    }
    if call.method == "POST" && !call.body.is_empty() && call.path.starts_with("/2010") && call.fields().is_empty() {
        twilio.violation(place, format!("the body is {:?} and not a form: it is ignored", call.media_type()));
    }
    let ids = found.ids.into_iter().map(str::to_owned).collect();
    (found.endpoint.handler)(twilio, &Request { call, account, ids, params })
}

fn fits<'a>(endpoint: &'static Endpoint, path: &'a str) -> Option<Found<'a>> {
    let pattern = endpoint.path.split('/');
    let mut segments = path.split('/');
    let (mut account, mut ids) = (None, Vec::new());
    for part in pattern {
        let segment = segments.next()?;
        let Some(suffix) = part.strip_prefix("{ac}").or_else(|| part.strip_prefix("{sid}")) else {
            if part == segment {
                continue;
            }
            return None;
        };
        let id = segment
            .strip_suffix(suffix)
            .filter(|id| !id.is_empty() && (*id == "Twilio.CURRENT" || !id.contains('.')))?;
        if part.starts_with("{ac}") {
            account = Some(id);
        } else {
            ids.push(id);
        }
    }
    segments.next().is_none().then_some(Found { endpoint, account, ids })
}
