//! Connections whose other end is gone without a word.

use std::{any::Any, time::Duration};

use actix_web::rt::net::TcpStream;
use socket2::SockRef;

/// Drops a connection whose other end takes nothing of what is sent for this long. Left to itself TCP tries for a quarter of an
/// hour, and a stream of events whose client has vanished holds its place for as long.
///
/// A client that is only silent is not meant: it takes what it is sent. Where the system cannot do it, TCP decides.
pub(crate) fn give_up_after(connection: &dyn Any, patience: Duration) {
    let Some(stream) = connection.downcast_ref::<TcpStream>() else {
        return;
    };
    #[cfg(target_os = "linux")]
    if let Err(error) = SockRef::from(stream).set_tcp_user_timeout(Some(patience)) {
        tracing::debug!(%error, "a connection is left to the patience of TCP");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (SockRef::from(stream), patience);
}
