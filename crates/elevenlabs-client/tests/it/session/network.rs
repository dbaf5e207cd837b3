//! The same over a network: what a WebSocket is opened with, how it is refused, how it breaks.

use std::{net::SocketAddr, time::Duration};

use comms_conformance::script::Script;
use comms_http::ErrorKind;
use elevenlabs_client::{
    Client, Config, Outcome,
    session::{Opening, Timing},
};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async,
    tungstenite::{
        Message,
        handshake::server::{Request, Response},
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use super::dialogue::{metadata, part, response};

fn client(address: SocketAddr) -> Client {
    let config = Config::new("sk_an-invented-key");
    Client::builder(config).base_url(format!("http://{address}")).transport(Script::new([])).build().unwrap()
}

/// Listens, and has `serve` speak with whoever comes.
async fn listen<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// Opens a WebSocket as ElevenLabs does, and waits for the message.
async fn asked(stream: TcpStream) -> WebSocketStream<TcpStream> {
    #[expect(clippy::result_large_err, reason = "the library's own type")]
    let check = |request: &Request, answer: Response| {
        assert_eq!(request.uri().to_string(), "/v1/convai/conversation?agent_id=agent_test");
        assert_eq!(request.headers()["xi-api-key"], "sk_an-invented-key");
        Ok(answer)
    };
    let mut socket = accept_hdr_async(stream, check).await.unwrap();
    loop {
        let Some(Ok(Message::Text(text))) = socket.next().await else { panic!("no message came") };
        let frame: Value = serde_json::from_str(&text).unwrap();
        match frame["type"].as_str().unwrap() {
            "conversation_initiation_client_data" => say(&mut socket, metadata()).await,
            "user_message" => return socket,
            _ => {}
        }
    }
}

async fn say(socket: &mut WebSocketStream<TcpStream>, frame: Value) {
    socket.send(Message::text(frame.to_string())).await.unwrap();
}

fn quick() -> Timing {
    let mut timing = Timing::default();
    timing.quiet = Duration::from_millis(50);
    timing.settle = Duration::from_millis(10);
    timing
}

async fn answer(address: SocketAddr) -> comms_http::Result<Vec<String>> {
    let sessions = client(address).text_sessions().timing(quick());
    sessions.answer(&Opening::agent("agent_test"), &[("chat", "nothing yet")], "Hola").await.map(|answer| answer.texts)
}

#[tokio::test]
async fn a_message_is_answered_and_the_socket_closed_in_order() {
    let (closed, mut was_closed) = tokio::sync::mpsc::channel(1);
    let address = listen(move |stream| {
        let closed = closed.clone();
        async move {
            let mut socket = asked(stream).await;
            say(&mut socket, response("El jueves.", 3)).await;
            let code = match socket.next().await {
                Some(Ok(Message::Close(Some(frame)))) => Some(frame.code),
                _ => None,
            };
            closed.send(code).await.unwrap();
        }
    })
    .await;
    assert_eq!(answer(address).await.unwrap(), ["El jueves."]);
    assert_eq!(was_closed.recv().await.unwrap(), Some(CloseCode::Normal));
}

#[tokio::test]
async fn the_reason_of_a_close_arrives() {
    let address = listen(async |stream| {
        let mut socket = asked(stream).await;
        let reason = "Override for field 'text_only' is not allowed by config.".into();
        let frame = CloseFrame { code: CloseCode::Policy, reason };
        socket.close(Some(frame)).await.unwrap();
    })
    .await;
    assert_eq!(answer(address).await.unwrap_err().provider_code(), Some("override_error"));
}

#[tokio::test]
async fn a_connection_that_breaks_hands_nothing_on() {
    let address = listen(async |stream| {
        let mut socket = asked(stream).await;
        say(&mut socket, part("start", "", 3)).await;
        say(&mut socket, part("delta", "El jue", 3)).await;
    })
    .await;
    let error = answer(address).await.unwrap_err();
    assert_eq!((error.provider_code(), error.kind()), (Some("broken_off"), ErrorKind::Transport));
}

#[tokio::test]
async fn a_frame_beyond_every_measure_ends_the_session() {
    let address = listen(async |stream| {
        let mut socket = asked(stream).await;
        let long = "a".repeat(elevenlabs_client::limits::FRAME_BYTES + 1);
        // The other side may be gone before all of it is written.
        let _ = socket.send(Message::text(response(&long, 3).to_string())).await;
    })
    .await;
    assert_eq!(answer(address).await.unwrap_err().provider_code(), Some("broken_off"));
}

/// Answers the handshake with something that is no WebSocket.
async fn refusing(status: &'static str, body: String) -> SocketAddr {
    listen(move |mut stream| {
        let body = body.clone();
        async move {
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).await;
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nretry-after: 7\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    })
    .await
}

#[tokio::test]
async fn a_handshake_that_is_refused_is_read_like_any_answer() {
    let detail = |code: &str| json!({"detail": {"type": "x", "code": code, "message": "no"}}).to_string();
    let table = [
        ("401 Unauthorized", detail("invalid_api_key"), ErrorKind::Unauthenticated, Some("invalid_api_key")),
        ("404 Not Found", detail("agent_not_found"), ErrorKind::InvalidRequest, Some("agent_not_found")),
        (
            "429 Too Many Requests",
            detail("concurrent_limit_exceeded"),
            ErrorKind::RateLimited,
            Some("concurrent_limit_exceeded"),
        ),
        ("502 Bad Gateway", "<html><title>502</title></html>".to_owned(), ErrorKind::Provider, None),
    ];
    for (status, body, kind, code) in table {
        let error = answer(refusing(status, body).await).await.unwrap_err();
        assert_eq!((error.kind(), error.provider_code()), (kind, code), "{status}: {error}");
        assert_eq!(error.status().map(|status| status.to_string()).as_deref(), status.get(..3), "{error}");
        // Nothing was said: what is not refused for good may be asked again.
        assert_ne!(error.outcome(), Outcome::Unknown, "{status}");
        if kind == ErrorKind::RateLimited {
            assert_eq!(error.wait(), Some(Duration::from_secs(7)));
        }
    }
}

#[tokio::test]
async fn nobody_there_is_an_error_that_may_be_repeated() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = answer(address).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Transport, Outcome::NotSent));
    // TLS is spoken where `wss` is asked for, and this is none.
    let address = refusing("200 OK", String::new()).await;
    let mut config = Config::new("sk_an-invented-key");
    config.ws_base = Some(format!("wss://localhost:{}", address.port()));
    let client = Client::builder(config).transport(Script::new([])).build().unwrap();
    let error = client.text_sessions().answer(&Opening::agent("agent_test"), &[], "Hola").await.unwrap_err();
    let expected = if cfg!(feature = "rustls-ring") { ErrorKind::Transport } else { ErrorKind::Config };
    assert_eq!(error.kind(), expected, "{error}");
}
