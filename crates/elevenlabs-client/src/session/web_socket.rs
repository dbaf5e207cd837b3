//! WebSockets over the network.
//!
//! TLS is the same as for requests: rustls with ring, and the platform's trust store; `tokio-tungstenite` brings none of its own. A proxy is not
//! asked for.

use std::{fmt, io};

use async_trait::async_trait;
use comms_http::{Error, ErrorKind, Failure, Outcome, Result};
use futures_util::{SinkExt, StreamExt};
use http::HeaderMap;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        self, Message,
        client::IntoClientRequest,
        protocol::{CloseFrame, WebSocketConfig, frame::coding::CloseCode},
    },
};
use url::Url;

use super::{
    ending::{Close, OPERATION},
    socket::{Connector, Handshake, Incoming, Socket},
};
use crate::{PROVIDER, error, limits};

/// What a connection is read and written with.
trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// Opens WebSockets over the network. Clones share what they know of TLS.
#[derive(Clone, Debug, Default)]
pub struct WebSockets {
    #[cfg(feature = "rustls-ring")]
    tls: std::sync::Arc<std::sync::OnceLock<tls::Tls>>,
}

impl WebSockets {
    /// WebSockets over TCP, and with feature `rustls-ring` over TLS.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    async fn open(&self, call: Handshake) -> Result<Box<dyn Socket>> {
        let wire = self.wire(&call.url).await?;
        let mut request = call.url.as_str().into_client_request().map_err(refused)?;
        for (name, value) in &call.headers {
            request.headers_mut().insert(name.clone(), value.clone());
        }
        let opened = client_async_with_config(request, wire, Some(sizes())).await;
        let (stream, _) = opened.map_err(refused)?;
        Ok(Box::new(NetworkSocket { stream, closed: None }))
    }

    async fn wire(&self, url: &Url) -> Result<Box<dyn Wire>> {
        let host = url.host_str().ok_or_else(|| unreachable("the address names no host"))?;
        let port = url.port_or_known_default().ok_or_else(|| unreachable("the address names no port"))?;
        // An address of IPv6 stands in brackets in a URL only.
        let name = host.trim_start_matches('[').trim_end_matches(']');
        let stream = TcpStream::connect((name, port)).await.map_err(no_connection)?;
        // Frames are small, and each is waited for.
        stream.set_nodelay(true).map_err(no_connection)?;
        match url.scheme() {
            "ws" => Ok(Box::new(stream)),
            _ => self.encrypted(name, stream).await,
        }
    }

    #[cfg(feature = "rustls-ring")]
    async fn encrypted(&self, name: &str, stream: TcpStream) -> Result<Box<dyn Wire>> {
        let settings = self.tls.get_or_init(tls::settings).clone().map_err(|message| config(&message))?;
        let name = rustls::pki_types::ServerName::try_from(name.to_owned())
            .map_err(|_| config("the address of the WebSocket is no name of a server"))?;
        let connector = tokio_rustls::TlsConnector::from(settings);
        Ok(Box::new(connector.connect(name, stream).await.map_err(no_connection)?))
    }

    #[cfg(not(feature = "rustls-ring"))]
    async fn encrypted(&self, _: &str, _: TcpStream) -> Result<Box<dyn Wire>> {
        Err(config("no TLS: pass a connector to the builder, or switch on the feature rustls-ring"))
    }
}

#[cfg(feature = "rustls-ring")]
mod tls {
    use std::sync::Arc;

    use rustls::{ClientConfig, crypto::ring};
    use rustls_platform_verifier::BuilderVerifierExt;

    /// Made once: to read the platform's trust store takes a while.
    pub(super) type Tls = Result<Arc<ClientConfig>, String>;

    pub(super) fn settings() -> Tls {
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
        let verified = builder.with_platform_verifier().map_err(|error| error.to_string())?;
        Ok(Arc::new(verified.with_no_client_auth()))
    }
}

#[async_trait]
impl Connector for WebSockets {
    async fn connect(&self, call: Handshake) -> Result<Box<dyn Socket>> {
        let opened = timeout(limits::CONNECT_WITHIN, self.open(call)).await;
        opened.unwrap_or_else(|_| Err(unreachable("no WebSocket in time")))
    }
}

/// An idle session needs little memory; the library's own buffers are for mass data.
fn sizes() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(limits::SOCKET_BUFFER)
        .write_buffer_size(0)
        .max_message_size(Some(limits::FRAME_BYTES))
        .max_frame_size(Some(limits::FRAME_BYTES))
}

struct NetworkSocket {
    stream: WebSocketStream<Box<dyn Wire>>,
    closed: Option<Close>,
}

impl fmt::Debug for NetworkSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NetworkSocket").field("closed", &self.closed).finish_non_exhaustive()
    }
}

#[async_trait]
impl Socket for NetworkSocket {
    async fn send(&mut self, text: String) -> Result<()> {
        let sent = timeout(limits::SEND_WITHIN, self.stream.send(Message::text(text))).await;
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(super::ending::broken_off().source(error)),
            Err(_) => Err(super::ending::broken_off()),
        }
    }

    async fn next(&mut self) -> Incoming {
        loop {
            if let Some(closed) = &self.closed {
                return Incoming::Closed(closed.clone());
            }
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => return Incoming::Text(text.as_str().to_owned()),
                Some(Ok(Message::Close(frame))) => self.closed = Some(close_of(frame)),
                // Pings of the protocol are answered by the library; bytes are nothing that is documented.
                Some(Ok(_)) => {}
                Some(Err(_)) | None => self.closed = Some(Close::broken()),
            }
        }
    }

    async fn close(&mut self) {
        let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
        let closing = async {
            // Where the other side is gone, there is nobody to close with.
            if self.closed.is_none() && self.stream.close(Some(frame)).await.is_ok() {
                while let Some(Ok(_)) = self.stream.next().await {}
            }
        };
        let _ = timeout(limits::CLOSE_WITHIN, closing).await;
    }
}

fn close_of(frame: Option<CloseFrame>) -> Close {
    match frame {
        Some(frame) => Close::new(frame.code.into(), frame.reason.as_str()),
        None => Close::new(Close::NO_CODE, ""),
    }
}

/// An answer that is no WebSocket is an answer of the API like any other.
fn refused(cause: tungstenite::Error) -> Error {
    let error = match cause {
        tungstenite::Error::Http(answer) => {
            let (head, body) = answer.into_parts();
            let (headers, body): (HeaderMap, _) = (head.headers, body.unwrap_or_default());
            let error = error::classify(&Failure { status: head.status, headers: &headers, body: &body });
            // Nothing of the person's message was said yet, whatever went wrong.
            let nothing_said = error.outcome() == Outcome::Unknown;
            let error = if nothing_said { error.with_outcome(Outcome::NotSent) } else { error };
            error.http_status(head.status.as_u16())
        }
        tungstenite::Error::Io(cause) => return no_connection(cause),
        tungstenite::Error::Url(_) | tungstenite::Error::HttpFormat(_) => {
            return config("the address of the WebSocket cannot be used");
        }
        other => Error::new(ErrorKind::Transport, Outcome::NotSent, "the WebSocket was not opened").source(other),
    };
    error.provider(PROVIDER).operation(OPERATION)
}

fn no_connection(cause: io::Error) -> Error {
    unreachable("no connection to ElevenLabs").source(cause)
}

fn unreachable(message: &str) -> Error {
    Error::new(ErrorKind::Transport, Outcome::NotSent, message).provider(PROVIDER).operation(OPERATION)
}

fn config(message: &str) -> Error {
    Error::config(message).provider(PROVIDER).operation(OPERATION)
}
