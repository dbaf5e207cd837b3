//! Clients of the server's WebSocket that only listen, and when each of them heard of what.

use std::{
    collections::HashMap,
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use comms_server::auth::Role;
use futures_util::StreamExt as _;
use tokio::{net::TcpStream, sync::mpsc};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest as _},
};

use crate::{
    load::Connection,
    server,
    traffic::{self, Traffic},
};

/// What a client hears: the number of a webhook, and when.
type Heard = (u64, Instant);

/// How long after the last webhook an event may still come.
const PATIENCE: Duration = Duration::from_secs(60);

/// Listening clients, each of a user of its own.
pub struct Sockets {
    count: usize,
    heard: mpsc::UnboundedReceiver<Heard>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Sockets {
    /// Connects so many, and waits until each has caught up. They see everything that happens.
    pub async fn open(port: u16, count: usize) -> Self {
        let (sender, heard) = mpsc::unbounded_channel();
        let mut tasks = Vec::with_capacity(count);
        for user in 0..count {
            let socket = connect(port, &format!("{}", user + 1)).await;
            tasks.push(tokio::spawn(listen(socket, sender.clone())));
        }
        Self { count, heard, tasks }
    }

    /// Sends webhooks of these numbers at a fixed rate to the server of `port`. Returns how long after it was sent each client
    /// heard of each, shortest first.
    pub async fn follow(&mut self, port: u16, numbers: std::ops::Range<u64>, gap: Duration) -> Vec<Duration> {
        let mut connection = Connection::open(port).await;
        let mut sent = HashMap::new();
        let started = Instant::now();
        let expected = (numbers.end - numbers.start) as usize * self.count;
        for (at, number) in numbers.enumerate() {
            let request = Traffic::Messages.requests(number..number + 1).remove(0);
            tokio::time::sleep_until((started + gap * at as u32).into()).await;
            sent.insert(number, Instant::now());
            connection.exchange(&request).await;
        }
        let mut latencies = Vec::with_capacity(expected);
        while latencies.len() < expected {
            let heard = tokio::time::timeout(PATIENCE, self.heard.recv()).await;
            let (number, at) = heard.ok().flatten().expect("a client missed an event");
            latencies.extend(sent.get(&number).map(|sent| at - *sent));
        }
        latencies.sort_unstable();
        latencies
    }
}

impl Drop for Sockets {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

async fn connect(port: u16, user: &str) -> WebSocketStream<TcpStream> {
    let mut request = format!("ws://127.0.0.1:{port}/ws").into_client_request().unwrap();
    let token = server::token(user, Role::Admin);
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    let (mut socket, _) = client_async(request, stream).await.unwrap();
    // What comes before is the past.
    while !text(&mut socket).await.is_some_and(|text| text.contains(r#""listo""#)) {}
    socket
}

async fn listen(mut socket: WebSocketStream<TcpStream>, heard: mpsc::UnboundedSender<Heard>) {
    while let Some(text) = text(&mut socket).await {
        let at = Instant::now();
        if let Some(number) = traffic::number_in(&text)
            && heard.send((number, at)).is_err()
        {
            return;
        }
    }
}

/// The next text.
async fn text(socket: &mut WebSocketStream<TcpStream>) -> Option<String> {
    loop {
        match socket.next().await?.ok()? {
            Message::Text(text) => return Some(text.to_string()),
            Message::Close(_) => return None,
            _ => {}
        }
    }
}
