//! A connection of which nothing is read ahead before it is encrypted.
//!
//! Whoever sits between us and the server can add words in clear to the reply to `STARTTLS`. Read ahead, they would be taken for what the
//! server says once it is encrypted: replies to questions that were not asked yet, and a message that was never handed over would count as
//! taken. Left on the wire they are no TLS, and the handshake fails.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// A connection that is read byte by byte until it is [released](Reins).
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    held: Arc<AtomicBool>,
}

/// What releases a [`Wire`], which by then belongs to somebody else.
#[derive(Debug)]
pub(crate) struct Reins(Arc<AtomicBool>);

impl Wire {
    pub(crate) async fn connect(host: &str, port: u16) -> io::Result<(Self, Reins)> {
        let stream = TcpStream::connect((host, port)).await?;
        let held = Arc::new(AtomicBool::new(true));
        Ok((Self { stream, held: Arc::clone(&held) }, Reins(held)))
    }
}

impl Reins {
    /// From now on as much is read at once as there is.
    pub(crate) fn release(self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.held.load(Ordering::Relaxed) || buffer.remaining() == 0 {
            return Pin::new(&mut self.stream).poll_read(cx, buffer);
        }
        let mut byte = [0];
        let mut one = ReadBuf::new(&mut byte);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut one))?;
        buffer.put_slice(one.filled());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}
