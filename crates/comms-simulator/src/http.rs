//! The common HTTP side: reads a call, lets faults strike, notes it, answers.

use std::{any::Any, collections::BTreeMap, io, net::TcpListener, time::Duration};

use actix_multipart::Multipart;
use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::{Extensions, Server},
    http::StatusCode,
    web,
};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use socket2::{SockRef, Socket};

use crate::{
    control,
    double::{Answer, Call, Double, FormPart},
    elevenlabs,
    faults::{Fault, When},
    ledger::{Received, Sent},
    server::Shared,
};

/// Larger than Meta's largest upload (100 MB), so that the double's own limit answers.
const MAX_BODY: usize = 110 * 1024 * 1024;
/// Bodies above it are not kept in the ledger.
const MAX_KEPT_BODY: usize = 64 * 1024;

/// Starts to listen.
pub(crate) fn serve(listener: TcpListener, shared: Shared) -> io::Result<Server> {
    let shared = web::Data::new(shared);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(shared.clone())
            .app_data(web::PayloadConfig::new(MAX_BODY))
            .service(web::scope("/_simulator").configure(control::routes))
            .route("/", web::get().to(control::info))
            .route(elevenlabs::SOCKET_PATH, web::get().to(elevenlabs::socket))
            .default_service(web::to(provider))
    })
    .on_connect(keep_socket)
    .workers(2)
    .shutdown_timeout(0)
    .disable_signals()
    .listen(listener)?
    .run();
    Ok(server)
}

/// A second handle on the connection, to be able to close it without an answer.
struct Connection(Option<Socket>);

fn keep_socket(stream: &dyn Any, extensions: &mut Extensions) {
    if let Some(stream) = stream.downcast_ref::<actix_web::rt::net::TcpStream>() {
        extensions.insert(Connection(SockRef::from(stream).try_clone().ok()));
    }
}

async fn provider(request: HttpRequest, body: Bytes, shared: web::Data<Shared>) -> actix_web::Result<HttpResponse> {
    let call = read(&request, body, &shared).await?;
    let Some(double) = shared.double(&call.path) else {
        return Ok(HttpResponse::NotFound().finish());
    };
    let endpoint = double.endpoint(&call);
    let send = double.send_of(&call);
    let parties = send.as_ref().map(|send| (send.account.as_str(), send.to.as_str()));
    let struck = shared.core.faults.strike(endpoint.unwrap_or_default(), parties);
    let (answer, processed) = act(&shared, &call, struck.clone()).await?;
    let cut = matches!(struck, Some((Fault::Cut | Fault::Reset, _)));
    shared.core.ledger.record_call(Received {
        seq: 0,
        at: call.now,
        endpoint: endpoint.map(str::to_owned),
        method: call.method.clone(),
        path: call.path.clone(),
        body: (call.body.len() <= MAX_KEPT_BODY).then(|| call.document()).flatten(),
        processed: processed.is_some(),
        status: (!cut).then_some(answer.status),
        fault: struck.as_ref().map(|(fault, _)| fault.label()),
        send: send.map(|send| Sent {
            account: send.account,
            to: send.to,
            id: processed.as_ref().and_then(|answer| double.sent_id(answer)),
            callback_data: send.callback_data,
        }),
    });
    Ok(write(&request, answer, struck.map(|(fault, _)| fault)).await)
}

/// What is answered, and the provider's own answer where it acted.
async fn act(
    shared: &web::Data<Shared>,
    call: &Call,
    struck: Option<(Fault, When)>,
) -> actix_web::Result<(Answer, Option<Answer>)> {
    // A double may wait (it asks a callback to prove itself), so it runs beside the workers.
    let (shared, call) = (shared.clone(), call.clone());
    let done = web::block(move || {
        let double = shared.double(&call.path)?;
        let acted = match struck {
            Some((_, When::Before)) => None,
            _ => Some(double.handle(&call)),
        };
        let processed = acted.clone().filter(|answer| answer.status < 400);
        let in_place = struck.and_then(|(fault, _)| instead(double, &fault));
        let answer = in_place.or(acted).unwrap_or_else(|| Answer::bytes("text/plain", Bytes::new()));
        Some((answer, processed))
    });
    done.await?.ok_or_else(|| actix_web::error::ErrorNotFound("no double has this path"))
}

/// The answer that a fault puts in the place of the right one.
fn instead(double: &dyn Double, fault: &Fault) -> Option<Answer> {
    let with_status = |status: u16, content_type: &str, body: String| Answer {
        status,
        ..Answer::bytes(content_type, Bytes::from(body))
    };
    match fault {
        Fault::Error(error) => Some(double.error(error)),
        Fault::Status { status, body, content_type } => {
            Some(with_status(*status, content_type.as_deref().unwrap_or("text/plain"), body.clone()))
        }
        Fault::Html { status } => Some(with_status(
            *status,
            "text/html; charset=utf-8",
            format!(
                "<html><head><title>{status}</title></head><body><h1>Sorry, something went wrong.</h1></body></html>"
            ),
        )),
        _ => None,
    }
}

async fn write(request: &HttpRequest, answer: Answer, fault: Option<Fault>) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    response.content_type(answer.content_type);
    for (name, value) in answer.headers {
        response.insert_header((name, value));
    }
    let body = answer.body;
    match fault {
        Some(Fault::Cut) => {
            cut(request);
            response.finish()
        }
        Some(Fault::Reset) => {
            reset(request);
            // A body that fails makes the server drop the connection, and what lingers for no time is reset by that.
            response.streaming(stream::once(async { Err::<Bytes, _>(io::Error::other("reset")) }))
        }
        Some(Fault::EmptyBody) => response.finish(),
        Some(Fault::Huge { bytes }) => {
            let mut long = body.to_vec();
            long.resize(bytes.max(body.len()), b' ');
            response.body(long)
        }
        Some(Fault::TruncatedJson) => response.body(body.slice(..body.len() / 2)),
        Some(Fault::Delay { ms }) => {
            actix_web::rt::time::sleep(Duration::from_millis(ms)).await;
            response.body(body)
        }
        Some(Fault::SlowBody { ms, bytes }) => {
            let pieces: Vec<Bytes> = body.chunks(bytes.max(1)).map(Bytes::copy_from_slice).collect();
            response.streaming(stream::iter(pieces).then(move |piece| async move {
                actix_web::rt::time::sleep(Duration::from_millis(ms)).await;
                Ok::<_, io::Error>(piece)
            }))
        }
        _ => response.body(body),
    }
}

/// Closes the connection under the server's feet: what it writes afterwards reaches nobody.
pub(crate) fn cut(request: &HttpRequest) {
    let socket = request.conn_data::<Connection>().and_then(|connection| connection.0.as_ref());
    if let Some(Err(error)) = socket.map(|socket| socket.shutdown(std::net::Shutdown::Both)) {
        tracing::debug!(%error, "the connection was closed by the other side before the cut");
    }
}

/// A handle on the connection, for who closes it later.
pub(crate) fn socket(request: &HttpRequest) -> Option<Socket> {
    request.conn_data::<Connection>()?.0.as_ref()?.try_clone().ok()
}

/// Makes the end of the connection a reset.
fn reset(request: &HttpRequest) {
    let socket = request.conn_data::<Connection>().and_then(|connection| connection.0.as_ref());
    if let Some(Err(error)) = socket.map(|socket| socket.set_linger(Some(Duration::ZERO))) {
        tracing::debug!(%error, "the connection was closed by the other side before the reset");
    }
}

async fn read(request: &HttpRequest, body: Bytes, shared: &Shared) -> actix_web::Result<Call> {
    let headers: BTreeMap<String, String> = request
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    let is_form = headers.get("content-type").is_some_and(|value| value.starts_with("multipart/form-data"));
    let form = if is_form { parts(request, body.clone()).await? } else { Vec::new() };
    let pairs: Vec<(String, String)> =
        url::form_urlencoded::parse(request.query_string().as_bytes()).into_owned().collect();
    Ok(Call {
        method: request.method().to_string(),
        path: request.path().to_owned(),
        query: pairs.iter().cloned().collect(),
        pairs,
        headers,
        body,
        form,
        now: shared.core.now(),
    })
}

async fn parts(request: &HttpRequest, body: Bytes) -> actix_web::Result<Vec<FormPart>> {
    let whole = stream::once(async move { Ok(body) });
    let mut form = Multipart::new(request.headers(), whole);
    let mut parts = Vec::new();
    while let Some(mut field) = form.try_next().await? {
        let mut data = Vec::new();
        while let Some(piece) = field.try_next().await? {
            data.extend_from_slice(&piece);
        }
        let disposition = field.content_disposition();
        parts.push(FormPart {
            name: field.name().unwrap_or_default().to_owned(),
            filename: disposition.and_then(|value| value.get_filename()).map(str::to_owned),
            content_type: field.content_type().map(ToString::to_string),
            data: Bytes::from(data),
        });
    }
    Ok(parts)
}
