//! Clients of the event streams, over real sockets.

use std::time::Duration;

use comms_http::{ByteStream, Request, ReqwestTransport, Transport};
use futures_util::{SinkExt, StreamExt};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{self, Message, client::IntoClientRequest, protocol::CloseFrame},
};

use crate::support::TestServer;

const PATIENCE: Duration = Duration::from_secs(20);

/// A client of either kind.
pub enum Stream {
    Sse(Sse),
    Socket(Box<Socket>),
}

impl Stream {
    /// Opens the stream of this path.
    pub async fn open(server: &TestServer, path: &str, query: &str, token: &str) -> Self {
        let authorization = ("authorization", format!("Bearer {token}"));
        let path = format!("{path}?{query}");
        if path.starts_with("/ws") {
            let socket = Socket::open(server, &path, &[authorization]).await.unwrap();
            return Self::Socket(Box::new(socket));
        }
        Self::Sse(Sse::open(server, &path, &[authorization]).await.unwrap())
    }

    /// What it tells up to the moment of catching up.
    pub async fn until_ready(&mut self) -> Vec<Value> {
        let mut told = Vec::new();
        loop {
            let next = self.next().await;
            if next["tipo"] == "listo" {
                return told;
            }
            told.push(next);
        }
    }

    /// The next thing that it says.
    pub async fn next(&mut self) -> Value {
        match self {
            Self::Sse(sse) => loop {
                let data = sse.next().await.expect("the stream ends").data;
                if !data.is_null() {
                    return data;
                }
            },
            Self::Socket(socket) => socket.next().await.expect("the socket closes"),
        }
    }
}

/// A part of a stream of Server-Sent Events.
#[derive(Debug, Default)]
pub struct Part {
    pub comment: Option<String>,
    pub event: Option<String>,
    pub id: Option<String>,
    pub retry: Option<String>,
    pub data: Value,
}

/// A client of Server-Sent Events.
pub struct Sse {
    pub headers: http::HeaderMap,
    body: ByteStream,
    buffer: String,
}

impl Sse {
    /// Opens a stream; the status where it is refused.
    pub async fn open(server: &TestServer, path: &str, headers: &[(&str, String)]) -> Result<Self, StatusCode> {
        let mut request = Request::new(Method::GET, format!("{}{path}", server.base).parse().unwrap());
        request.timeout = Some(Duration::from_secs(600));
        for (name, value) in headers {
            request = request.header(name.parse().unwrap(), value).unwrap();
        }
        let response = ReqwestTransport::ring().unwrap().execute(request).await.unwrap();
        if response.status != StatusCode::OK {
            return Err(response.status);
        }
        Ok(Self { headers: response.headers, body: response.body, buffer: String::new() })
    }

    /// The next part; `None` at the end.
    pub async fn next(&mut self) -> Option<Part> {
        loop {
            if let Some((part, rest)) = self.buffer.split_once("\n\n") {
                let part = read(part);
                self.buffer = rest.to_owned();
                return Some(part);
            }
            let piece = tokio::time::timeout(PATIENCE, self.body.next()).await.expect("nothing comes")?;
            self.buffer.push_str(std::str::from_utf8(&piece.unwrap()).unwrap());
        }
    }
}

fn read(text: &str) -> Part {
    let mut part = Part::default();
    for line in text.lines() {
        let (name, value) = line.split_once(':').unwrap();
        let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
        match name {
            "" => part.comment = Some(value),
            "event" => part.event = Some(value),
            "id" => part.id = Some(value),
            "retry" => part.retry = Some(value),
            "data" => part.data = serde_json::from_str(&value).unwrap(),
            other => panic!("an unknown field: {other}"),
        }
    }
    part
}

/// A client of the WebSocket.
pub struct Socket {
    inner: WebSocketStream<TcpStream>,
    pub pings: usize,
    pub closed: Option<CloseFrame>,
}

impl Socket {
    /// Opens a socket; the status where it is refused.
    pub async fn open(server: &TestServer, path: &str, headers: &[(&str, String)]) -> Result<Self, StatusCode> {
        let host = server.base.strip_prefix("http://").unwrap();
        let mut request = format!("ws://{host}{path}").into_client_request().unwrap();
        for (name, value) in headers {
            let name: http::HeaderName = name.parse().unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        let stream = TcpStream::connect(host).await.unwrap();
        match client_async(request, stream).await {
            Ok((inner, _)) => Ok(Self { inner, pings: 0, closed: None }),
            Err(tungstenite::Error::Http(answer)) => Err(answer.status()),
            Err(other) => panic!("{other}"),
        }
    }

    /// The next text; `None` once it is closed.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.inner.next()).await.expect("nothing comes")?;
            match message {
                Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).unwrap()),
                Ok(Message::Ping(_)) => self.pings += 1,
                Ok(Message::Close(frame)) => self.closed = frame,
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    }

    /// Says something that nobody asked for.
    pub async fn say(&mut self, text: &str) {
        self.inner.send(Message::text(json!({ "dice": text }).to_string())).await.unwrap();
    }
}
