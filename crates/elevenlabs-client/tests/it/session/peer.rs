//! A peer that plays a script, without a network.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use comms_conformance::script::Script;
use comms_http::Result;
use elevenlabs_client::{
    Client, ClientData, Config,
    session::{Close, Connector, Handshake, Incoming, Opening, Socket, frames::ClientFrame},
};
use serde_json::Value;
use tokio::time::{Instant, sleep_until};

/// One line of a script.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// The peer waits until the client has said something of this type.
    Hears(Value),
    Says(String),
    Sleeps(Duration),
    Closes(Close),
    /// The peer waits until the client closes.
    IsLeft,
}

#[derive(Clone, Debug)]
pub struct Scenario {
    pub name: String,
    pub lines: Vec<Line>,
}

impl Scenario {
    pub fn new(name: &str, lines: impl IntoIterator<Item = Line>) -> Self {
        Self { name: name.to_owned(), lines: lines.into_iter().collect() }
    }

    /// All of them, in order of their names.
    pub fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/ws_scenarios");
        let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        files.iter().map(|file| Self::read(file)).collect()
    }

    pub fn named(beginning: &str) -> Self {
        Self::all().into_iter().find(|scenario| scenario.name.starts_with(beginning)).unwrap()
    }

    fn read(file: &Path) -> Self {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(file).unwrap();
        let lines = text.lines().filter_map(|line| Self::line(&serde_json::from_str(line).unwrap())).collect();
        Self { name, lines }
    }

    fn line(line: &Value) -> Option<Line> {
        if let Some(millis) = line["sleep_ms"].as_u64() {
            return Some(Line::Sleeps(Duration::from_millis(millis)));
        }
        match (line["close"].as_str(), line["dir"].as_str()) {
            (Some("server"), _) => {
                let code = u16::try_from(line["code"].as_u64().unwrap()).unwrap();
                Some(Line::Closes(Close::new(code, line["reason"].as_str().unwrap())))
            }
            (Some(_), _) => Some(Line::IsLeft),
            (None, Some("c2s")) => Some(Line::Hears(line["frame"].clone())),
            (None, Some("s2c")) => {
                Some(Line::Says(line["raw"].as_str().map_or_else(|| line["frame"].to_string(), str::to_owned)))
            }
            _ => None,
        }
    }

    fn heard(&self, name: &str) -> Option<&Value> {
        self.lines.iter().find_map(|line| match line {
            Line::Hears(frame) if frame["type"] == name => Some(frame),
            _ => None,
        })
    }

    /// What the client of the script begins with.
    pub fn opening(&self) -> Opening {
        let frame = self.heard("conversation_initiation_client_data").unwrap().clone();
        let data: ClientData = match serde_json::from_value(frame).unwrap() {
            ClientFrame::ConversationInitiationClientData(data) => *data,
            other => panic!("{other:?}"),
        };
        Opening::agent("agent_test").data(data)
    }

    /// What it tells, and what it asks.
    pub fn contexts(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let context = self.heard("contextual_update");
        context.map(|frame| (text(&frame["context_id"]), text(&frame["text"]))).into_iter().collect()
    }

    pub fn message(&self) -> String {
        let asked = self.heard("user_message").and_then(|frame| frame["text"].as_str());
        asked.unwrap_or("Hola").to_owned()
    }
}

/// Plays a script for each connection, and the last one for all further ones.
#[derive(Clone, Debug)]
pub struct Peer(Arc<Mutex<Played>>);

#[derive(Debug)]
struct Played {
    scenarios: Vec<Scenario>,
    handshakes: Vec<Handshake>,
    /// What was said in each session.
    heard: Vec<Vec<Value>>,
    /// How many sessions the client closed in order.
    left: usize,
}

impl Peer {
    pub fn new(scenarios: impl IntoIterator<Item = Scenario>) -> Self {
        let scenarios = scenarios.into_iter().collect();
        Self(Arc::new(Mutex::new(Played { scenarios, handshakes: Vec::new(), heard: Vec::new(), left: 0 })))
    }

    pub fn client(&self) -> Client {
        let config = Config::new("sk_an-invented-key");
        let builder = Client::builder(config).transport(Script::new([])).connector(Arc::new(self.clone()));
        builder.build().unwrap()
    }

    pub fn sessions(&self) -> usize {
        self.0.lock().unwrap().heard.len()
    }

    pub fn left(&self) -> usize {
        self.0.lock().unwrap().left
    }

    pub fn heard(&self, session: usize) -> Vec<Value> {
        self.0.lock().unwrap().heard[session].clone()
    }

    pub fn handshakes(&self) -> Vec<Handshake> {
        self.0.lock().unwrap().handshakes.clone()
    }
}

#[async_trait]
impl Connector for Peer {
    async fn connect(&self, call: Handshake) -> Result<Box<dyn Socket>> {
        let mut played = self.0.lock().unwrap();
        let session = played.heard.len();
        let scenario = played.scenarios[session.min(played.scenarios.len() - 1)].clone();
        played.heard.push(Vec::new());
        played.handshakes.push(call);
        Ok(Box::new(Scripted { peer: self.clone(), session, lines: scenario.lines, at: 0, read: 0, until: None }))
    }
}

#[derive(Debug)]
struct Scripted {
    peer: Peer,
    session: usize,
    lines: Vec<Line>,
    at: usize,
    /// How much of what the client said the script has passed.
    read: usize,
    until: Option<Instant>,
}

impl Scripted {
    /// Whether the client has said something of this type by now.
    fn has_heard(&mut self, kind: &Value) -> bool {
        let heard = self.peer.heard(self.session);
        let found = heard[self.read..].iter().position(|frame| &frame["type"] == kind);
        self.read += found.map_or(0, |at| at + 1);
        found.is_some()
    }
}

#[async_trait]
impl Socket for Scripted {
    async fn send(&mut self, text: String) -> Result<()> {
        let frame = serde_json::from_str(&text).unwrap();
        self.peer.0.lock().unwrap().heard[self.session].push(frame);
        Ok(())
    }

    async fn next(&mut self) -> Incoming {
        loop {
            match self.lines.get(self.at).cloned() {
                Some(Line::Says(text)) => {
                    self.at += 1;
                    return Incoming::Text(text);
                }
                Some(Line::Hears(frame)) if self.has_heard(&frame["type"]) => self.at += 1,
                Some(Line::Sleeps(wait)) => {
                    let until = *self.until.get_or_insert_with(|| Instant::now() + wait);
                    sleep_until(until).await;
                    self.until = None;
                    self.at += 1;
                }
                Some(Line::Closes(close)) => return Incoming::Closed(close),
                // A client that says something asks again afterwards.
                Some(Line::Hears(_) | Line::IsLeft) | None => std::future::pending().await,
            }
        }
    }

    async fn close(&mut self) {
        self.peer.0.lock().unwrap().left += 1;
    }
}
