//! The WebSocket on which an agent and a person write to each other.

use std::{collections::BTreeMap, time::Duration};

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, rt, web};

use super::{Elevenlabs, config::Agent, error::ElevenlabsError, talk::Talk};
use crate::{
    double::{Answer, Double},
    faults::{Fault, ProviderError},
    http,
    ledger::Received,
    server::Shared,
};

/// The endpoint's name, for faults and the ledger.
pub(crate) const ENDPOINT: &str = "elevenlabs.session";
/// The address of the WebSocket.
pub(crate) const PATH: &str = "/v1/convai/conversation";

/// `GET /v1/convai/conversation`.
pub(crate) async fn serve(
    request: HttpRequest,
    body: web::Payload,
    shared: web::Data<Shared>,
) -> actix_web::Result<HttpResponse> {
    let elevenlabs = shared.elevenlabs.clone();
    let query: BTreeMap<String, String> =
        url::form_urlencoded::parse(request.query_string().as_bytes()).into_owned().collect();
    let key = request.headers().get("xi-api-key").and_then(|value| value.to_str().ok());
    let struck = shared.core.faults.strike(ENDPOINT, None).map(|(fault, _)| fault);
    let admitted = match struck.as_ref().and_then(|fault| refusal(&elevenlabs, fault)) {
        Some(answer) => Err(answer),
        None => admit(&elevenlabs, &query, key).map_err(|error| error.answer()),
    };
    let broken = matches!(struck, Some(Fault::Cut | Fault::Reset));
    let status = admitted.as_ref().map_or_else(|answer| answer.status, |_| 101);
    note(&shared, &request, struck.as_ref(), (!broken).then_some(status));
    if broken {
        http::cut(&request);
        return Ok(HttpResponse::Ok().finish());
    }
    if let Some(Fault::Delay { ms }) = struck {
        rt::time::sleep(Duration::from_millis(ms)).await;
    }
    let agent = match admitted {
        Ok(agent) => agent,
        Err(answer) => return Ok(refused(answer)),
    };
    let (response, session, messages) = actix_ws::handle(&request, body)?;
    let talk = Talk::new(elevenlabs, agent, session, messages, http::socket(&request));
    rt::spawn(talk.lead());
    Ok(response)
}

/// What a fault answers instead of opening the WebSocket.
fn refusal(elevenlabs: &Elevenlabs, fault: &Fault) -> Option<Answer> {
    match fault {
        Fault::Error(error) => Some(elevenlabs.error(error)),
        Fault::Status { status, .. } | Fault::Html { status } => {
            Some(elevenlabs.error(&ProviderError { status: Some(*status), ..ProviderError::default() }))
        }
        _ => None,
    }
}

fn admit(
    elevenlabs: &Elevenlabs,
    query: &BTreeMap<String, String>,
    key: Option<&str>,
) -> Result<Agent, ElevenlabsError> {
    let agent = elevenlabs.admit(query, key)?;
    let most = elevenlabs.settings().elevenlabs.concurrency;
    let open = elevenlabs.state(|state| state.sessions);
    if most.is_some_and(|most| open >= most) {
        return Err(ElevenlabsError::concurrency());
    }
    Ok(agent)
}

fn refused(answer: Answer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    response.content_type(answer.content_type);
    for (name, value) in answer.headers {
        response.insert_header((name, value));
    }
    response.body(answer.body)
}

fn note(shared: &Shared, request: &HttpRequest, fault: Option<&Fault>, status: Option<u16>) {
    shared.core.ledger.record_call(Received {
        seq: 0,
        at: shared.core.now(),
        endpoint: Some(ENDPOINT.to_owned()),
        method: request.method().to_string(),
        path: request.path().to_owned(),
        body: None,
        processed: status == Some(101),
        status,
        fault: fault.map(Fault::label),
        send: None,
    });
}
