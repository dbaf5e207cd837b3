//! What happens, as it happens, over real sockets.

use std::{sync::Arc, time::Duration};

use comms_core::{ManualClock, Secret};
use comms_server::auth::{Caller, Role, Tickets};
use futures_util::StreamExt;
use serde_json::{Value, json};
use time::macros::datetime;

use crate::{
    streams::{Socket, Sse, Stream},
    support::{Client, SEND, TestServer},
};

const TICKET: &str = "/api/comunicaciones/eventos/ticket";
const BOTH: [&str; 2] = ["/api/eventos", "/ws"];

fn cursors(events: &[Value]) -> Vec<i64> {
    events.iter().map(|event| event["cursor"].as_i64().unwrap()).collect()
}

async fn ticket(client: &Client<'_>) -> String {
    let answer = client.post(TICKET, &json!({})).await;
    assert_eq!(answer.status, 201);
    answer.data()["ticket"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_gets_exactly_what_they_missed() {
    let server = TestServer::start().await;
    let token = server.token("1", Role::Admin, None);
    for path in BOTH {
        let mut stream = Stream::open(&server, path, "cursor=0", &token).await;
        let mut told = stream.until_ready().await;
        server.customer_writes(&format!("en vivo {path}")).await;
        told.push(stream.next().await);
        let live = told.last().unwrap();
        assert_eq!(live["fila"]["contenido"], format!("en vivo {path}"));
        drop(stream);
        for number in 0..3 {
            server.customer_writes(&format!("{number} {path}")).await;
        }
        let last = cursors(&told).pop().unwrap();
        let mut again = Stream::open(&server, path, &format!("cursor={last}"), &token).await;
        told.extend(again.until_ready().await);
        let mut whole = Stream::open(&server, path, "cursor=0", &token).await;
        let whole = whole.until_ready().await;
        assert_eq!(cursors(&told), cursors(&whole), "{path}");
        assert_eq!(whole.last().unwrap()["fila"]["contenido"], format!("2 {path}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_names_the_last_event_in_a_header() {
    let server = TestServer::start().await;
    for text in ["uno", "dos", "tres"] {
        server.customer_writes(text).await;
    }
    let authorization = ("authorization", format!("Bearer {}", server.token("1", Role::Admin, None)));
    let path = "/api/eventos?cursor=0&tipo=mensaje";
    let mut first = Sse::open(&server, path, std::slice::from_ref(&authorization)).await.unwrap();
    assert_eq!(first.headers["content-type"], "text/event-stream; charset=utf-8");
    assert_eq!(first.headers["cache-control"], "no-cache, no-transform");
    assert_eq!(first.headers["x-accel-buffering"], "no");
    assert_eq!(first.next().await.unwrap().retry.as_deref(), Some("3000"));
    let one = first.next().await.unwrap();
    assert_eq!(one.id.unwrap(), one.data["cursor"].to_string());
    assert_eq!(one.event, None, "events come by onmessage");
    // The address that the browser repeats is old.
    let last = ("last-event-id", one.data["cursor"].to_string());
    let mut again = Sse::open(&server, path, &[authorization, last]).await.unwrap();
    again.next().await.unwrap();
    let mut rest = Vec::new();
    loop {
        let part = again.next().await.unwrap();
        if part.event.as_deref() == Some("listo") {
            break;
        }
        rest.push(part.data["fila"]["contenido"].clone());
    }
    assert_eq!(rest, ["dos", "tres"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_enough_to_bring_a_list_up_to_date() {
    let server = TestServer::start().await;
    server.customer_writes("hola").await;
    let token = server.token("7", Role::Seller, None);
    let mut stream = Stream::open(&server, "/ws", "canal=WhatsApp,voip", &token).await;
    assert!(stream.until_ready().await.is_empty(), "from now on");
    let body = json!({"telefono": "+34600000000", "mensaje": "buenas"});
    let sent = server.seller().post(SEND, &body).await.data();
    let event = stream.next().await;
    assert_eq!(
        (&event["tipo"], &event["canal"], &event["direccion"]),
        (&json!("mensaje"), &json!("whatsapp"), &json!("saliente"))
    );
    assert_eq!(event["mensaje_id"], sent["mensaje_id"]);
    assert_eq!(event["fila"]["contenido"], "buenas");
    assert!(event["conversacion_id"].is_string());
    // Until the provider has told of its arrival.
    loop {
        let event = stream.next().await;
        assert_eq!((&event["tipo"], &event["mensaje_id"]), (&json!("estado"), &sent["mensaje_id"]));
        assert_eq!(event["fila"]["estado"], event["estado"]);
        if event["estado_informado"] == "enviado" {
            break;
        }
    }
    let history = server.seller().get(crate::support::HISTORY).await.data();
    let row = history.as_array().unwrap().iter().find(|row| row["mensaje_id"] == sent["mensaje_id"]).unwrap();
    assert_eq!(row["id"], event["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_tells_what_was_asked_for() {
    let server = TestServer::start_with_leads().await;
    let of_lead = server.customer_writes("de 42").await;
    let token = server.token("1", Role::Admin, None);
    let conversation = of_lead["conversacion_id"].as_str().unwrap();
    for (query, expected) in [
        ("lead_id=42", 1),
        ("lead_id=43", 0),
        ("canal=whatsapp", 1),
        ("canal=voip,sms", 0),
        ("tipo=mensaje,estado", 1),
        ("tipo=grabacion", 0),
        (&format!("conversacion_id={conversation}"), 1),
    ] {
        let mut stream = Stream::open(&server, "/api/eventos", &format!("cursor=0&{query}"), &token).await;
        assert_eq!(stream.until_ready().await.len(), expected, "{query}");
    }
    // Lead 42 is seller 7's; the account is theirs too.
    for (seller, expected) in [("7", &["mensaje", "contacto"][..]), ("8", &[])] {
        let token = server.token(seller, Role::Seller, None);
        let mut stream = Stream::open(&server, "/ws", "cursor=0", &token).await;
        let told = stream.until_ready().await;
        let kinds: Vec<&str> = told.iter().map(|event| event["tipo"].as_str().unwrap()).collect();
        assert_eq!(kinds, expected, "seller {seller}");
    }
    for query in ["canal=paloma", "tipo=nada", "cursor=x", "cursor=-1", "conversacion_id=1", "otra=1"] {
        let answer = server.admin().get(&format!("/api/eventos?{query}")).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "validacion"), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_opens_streams_and_nothing_else() {
    let server = TestServer::start().await;
    server.customer_writes("hola").await;
    let token = server.token("7", Role::Seller, None);
    let ticket = ticket(&server.client(&token)).await;
    // Within its minute a browser may come back with it.
    for _ in 0..2 {
        Sse::open(&server, &format!("/api/eventos?ticket={ticket}"), &[]).await.unwrap();
        let mut socket = Socket::open(&server, &format!("/ws?cursor=0&ticket={ticket}"), &[]).await.unwrap();
        assert_eq!(socket.next().await.unwrap()["fila"]["contenido"], "hola");
    }
    for wrong in ["no.ticket.at.all", &token] {
        let refused = Sse::open(&server, &format!("/api/eventos?ticket={wrong}"), &[]).await.err();
        assert_eq!(refused.unwrap(), 401);
        let refused = Socket::open(&server, &format!("/ws?ticket={wrong}"), &[]).await.err();
        assert_eq!(refused.unwrap(), 401);
    }
    assert_eq!(server.client(&ticket).get(crate::support::HISTORY).await.status, 401);
    assert_eq!(server.nobody().get(&format!("/api/comunicaciones/historial?ticket={ticket}")).await.status, 401);
    let service = server.nobody().with("x-service-token", "wrong").post(TICKET, &json!({})).await;
    assert_eq!(service.status, 401);
}

#[test]
fn a_ticket_lasts_a_minute() {
    let clock = Arc::new(ManualClock::new(datetime!(2026-11-22 10:00 UTC)));
    let secret = Secret::from("an invented secret for tests");
    let tickets = Tickets::new(&secret, Arc::clone(&clock) as _);
    let caller = Caller { user: "7".into(), role: Role::Seller, organization: "norte".into() };
    let until = datetime!(2026-11-22 12:00 UTC);
    let (ticket, expires) = tickets.issue(&caller, until).unwrap();
    assert_eq!(expires, datetime!(2026-11-22 10:01 UTC));
    clock.advance(Duration::from_secs(59));
    let bearer = tickets.verify(&ticket).unwrap();
    assert_eq!(
        (bearer.user, bearer.seller, bearer.organization, bearer.until),
        ("7".into(), true, "norte".into(), until)
    );
    assert!(Tickets::new(&Secret::from("another invented secret"), Arc::clone(&clock) as _).verify(&ticket).is_err());
    clock.advance(Duration::from_secs(2));
    assert!(tickets.verify(&ticket).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_the_permission_that_opened_it() {
    let server = TestServer::start().await;
    let state = &server.running.state;
    let caller = Caller { user: "7".into(), role: Role::Seller, organization: "principal".into() };
    let until = state.clock.now() + time::Duration::seconds(2);
    let (ticket, _) = state.tickets.issue(&caller, until).unwrap();
    let mut socket = Socket::open(&server, &format!("/ws?ticket={ticket}"), &[]).await.unwrap();
    assert_eq!(socket.next().await.unwrap()["tipo"], "listo");
    let end = socket.next().await.unwrap();
    assert_eq!((&end["tipo"], &end["motivo"]), (&json!("fin"), &json!("caducado")));
    assert!(socket.next().await.is_none());
    assert_eq!(u16::from(socket.closed.unwrap().code), 4001);
    assert!(state.clock.now().unix_timestamp() >= until.unix_timestamp(), "not before its time");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_known_origins_open_a_websocket() {
    let server = TestServer::start_with(|settings| {
        settings.http.cors_origins = vec!["https://app.example.com".to_owned()];
    })
    .await;
    let authorization = ("authorization", format!("Bearer {}", server.token("1", Role::Admin, None)));
    for (origin, allowed) in [
        ("https://app.example.com", true),
        (server.base.as_str(), true),
        ("https://evil.example.com", false),
        ("http://127.0.0.1", false),
        ("null", false),
    ] {
        let headers = [authorization.clone(), ("origin", origin.to_owned())];
        let opened = Socket::open(&server, "/ws", &headers).await;
        assert_eq!(opened.as_ref().err().map(|status| status.as_u16()), (!allowed).then_some(403), "{origin}");
    }
    let no_socket = server.admin().get("/ws").await;
    assert_eq!((no_socket.status.as_u16(), no_socket.code().as_str()), (400, "validacion"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_stream_gives_signs_of_life() {
    let server = TestServer::start_with(|settings| {
        settings.realtime.heartbeat_seconds = 1.try_into().unwrap();
    })
    .await;
    server.customer_writes("de 7").await;
    // Seller 8 hears of nothing, and moves on all the same.
    let token = server.token("8", Role::Seller, None);
    let end = server.running.state.repository.log_end().await.unwrap();
    let mut sse =
        Sse::open(&server, "/api/eventos?cursor=0", &[("authorization", format!("Bearer {token}"))]).await.unwrap();
    let beat = loop {
        let part = sse.next().await.unwrap();
        if part.comment.is_some() {
            break part;
        }
    };
    assert_eq!((beat.comment.as_deref(), beat.id), (Some("latido"), Some(end.to_string())));
    assert!(beat.data.is_null(), "a page is not told");
    let mut socket = Socket::open(&server, "/ws", &[("authorization", format!("Bearer {token}"))]).await.unwrap();
    socket.say("hola").await;
    let mut beats = 0;
    while beats < 3 {
        let frame = socket.next().await.unwrap();
        if frame["tipo"] == "latido" {
            assert_eq!(frame["cursor"], end);
            beats += 1;
        }
    }
    assert!(socket.pings >= 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_tells_everybody_to_come_back() {
    let server = TestServer::start().await;
    let token = server.token("1", Role::Admin, None);
    let mut streams = Vec::new();
    for path in BOTH {
        let mut stream = Stream::open(&server, path, "", &token).await;
        stream.until_ready().await;
        streams.push(stream);
    }
    tokio::time::timeout(Duration::from_secs(20), server.ask_to_stop()).await.expect("streams hold the stop up");
    for stream in &mut streams {
        let end = stream.next().await;
        assert_eq!((&end["tipo"], &end["motivo"]), (&json!("fin"), &json!("parada")));
        assert!((1_000..=5_000).contains(&end["reintentar_ms"].as_u64().unwrap()));
        match stream {
            Stream::Sse(sse) => assert!(sse.next().await.is_none()),
            Stream::Socket(socket) => {
                assert!(socket.next().await.is_none());
                assert_eq!(u16::from(socket.closed.clone().unwrap().code), 1012);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_has_more_streams_than_they_may() {
    let server = TestServer::start_with(|settings| {
        settings.realtime.connections_per_user = 2.try_into().unwrap();
        settings.realtime.connections = 3.try_into().unwrap();
    })
    .await;
    let open = async |user: &str| {
        let authorization = ("authorization", format!("Bearer {}", server.token(user, Role::Seller, None)));
        Socket::open(&server, "/ws", &[authorization]).await.map_err(|status| status.as_u16())
    };
    let (first, second) = (open("7").await.unwrap(), open("7").await.unwrap());
    assert_eq!(open("7").await.err(), Some(429));
    let refused = server.seller().get("/api/eventos").await;
    assert_eq!(refused.code(), "demasiadas_conexiones");
    let other = open("8").await.unwrap();
    assert_eq!(open("9").await.err(), Some(429), "three of all");
    drop((first, second, other));
    // Their places are free as soon as the server has noticed.
    let freed = async {
        while open("9").await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), freed).await.expect("places are not given back");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_in_rust_goes_on_where_it_was() {
    let server = TestServer::start().await;
    server.customer_writes("uno").await;
    let subscribe = |after| {
        let token = Secret::from(server.token("1", Role::Admin, None));
        let events = comms_client::Events::subscribe(server.base.parse().unwrap(), token).after(after);
        let transport = Arc::new(comms_http::ReqwestTransport::ring().unwrap());
        events.query("tipo", "mensaje").transport(transport).stream().unwrap()
    };
    let mut events = subscribe(Some(0));
    let mut heard = Vec::new();
    for text in ["uno", "dos"] {
        if text == "dos" {
            server.customer_writes(text).await;
        }
        let event = tokio::time::timeout(Duration::from_secs(20), events.next()).await.unwrap().unwrap().unwrap();
        assert_eq!(event.fields["fila"]["contenido"], text);
        heard.push(event.cursor);
    }
    drop(events);
    let mut again = subscribe(Some(heard[0]));
    let event = tokio::time::timeout(Duration::from_secs(20), again.next()).await.unwrap().unwrap().unwrap();
    assert_eq!(event.cursor, heard[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_listens_is_counted() {
    let server = TestServer::start().await;
    let token = server.token("1", Role::Admin, None);
    let mut stream = Stream::open(&server, "/api/eventos", "", &token).await;
    stream.until_ready().await;
    server.customer_writes("hola").await;
    stream.next().await;
    let metrics = server.nobody().get("/metrics").await.text();
    for name in ["comms_event_streams{transport=\"sse\"}", "comms_realtime_listeners", "comms_realtime_lag_seconds"] {
        assert!(metrics.contains(name), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_do_with_a_conversation_is_told_to_whom_it_concerns() {
    let server = TestServer::start_with_leads().await;
    let first = server.customer_writes("hola").await;
    let conversation = first["conversacion_id"].as_str().unwrap().to_owned();
    let path = format!("/api/comunicaciones/conversaciones/{conversation}");
    let contact = server.admin().get(&path).await.data()["contacto_id"].as_str().unwrap().to_owned();
    let open = async |user| Stream::open(&server, "/ws", "", &server.token(user, Role::Seller, None)).await;
    let (mut own, mut stranger) = (open("7").await, open("9").await);
    own.until_ready().await;
    stranger.until_ready().await;
    let admin = server.admin();
    for (path, body) in [
        (format!("{path}/asignar"), json!({"usuario_id": 9})),
        (format!("{path}/estado"), json!({"estado": "pendiente"})),
        (format!("{path}/notas"), json!({"texto": "llamar el lunes"})),
        (format!("{path}/leida"), json!({})),
    ] {
        let answer = admin.post(&path, &body).await;
        assert!(answer.status.is_success(), "{path} {}", answer.text());
    }
    let renamed = admin.post(&format!("/api/comunicaciones/contactos/{contact}"), &json!({"nombre": "Ana"})).await;
    assert!(renamed.status.is_success(), "{}", renamed.text());
    server.customer_writes("otra").await;
    for stream in [&mut own, &mut stranger] {
        let mut changes = Vec::new();
        loop {
            let event = stream.next().await;
            if event["tipo"] == "mensaje" {
                break;
            }
            let about = if event["tipo"] == "contacto" { &event["contacto_id"] } else { &event["conversacion_id"] };
            assert!([&conversation, &contact].contains(&&about.as_str().unwrap().to_owned()), "{event}");
            changes.push(event["cambio"].as_str().unwrap().to_owned());
        }
        assert_eq!(changes, ["asignada", "estado", "nota", "leida", "nombrado"]);
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_nothing_loses_its_place() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let server = TestServer::start_with(|settings| {
        settings.realtime.heartbeat_seconds = 1.try_into().unwrap();
        settings.realtime.connections_per_user = 1.try_into().unwrap();
        settings.realtime.queue = 60_000.try_into().unwrap();
    })
    .await;
    let token = server.token("1", Role::Admin, None);
    let host = server.base.strip_prefix("http://").unwrap();
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut hung = socket.connect(host.parse().unwrap()).await.unwrap();
    let request = format!("GET /api/eventos HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\r\n");
    hung.write_all(request.as_bytes()).await.unwrap();
    assert_eq!(hung.read_u8().await.unwrap(), b'H', "it listens, and takes nothing any more");
    let long = "x".repeat(100_000);
    let flood = async {
        for number in 0_u32.. {
            let body =
                crate::support::text_webhook("34600000000", &format!("wamid.{number}"), &format!("{number} {long}"));
            assert_eq!(server.webhook(&body).await.status, 200);
            let again = server.client(&token).get("/api/eventos").await;
            if again.status == 200 {
                return number;
            }
        }
        unreachable!()
    };
    let events = tokio::time::timeout(Duration::from_secs(60), flood).await.expect("its place is never free");
    assert!(events > 0);
}
