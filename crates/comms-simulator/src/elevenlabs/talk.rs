//! One session, as the server leads it.

use std::time::Duration;

use actix_ws::{CloseCode, CloseReason, Message, MessageStream, Session};
use futures_util::StreamExt;
use serde_json::{Value, json};
use socket2::Socket;
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use super::{
    Elevenlabs,
    config::{Agent, Role},
    script::{Behaviour, Closer, Direction, Line, Manner, TextSession},
    socket::PATH,
};

/// The longest frame that is taken.
const LONGEST_FRAME: usize = 1024 * 1024;
/// How long the first frame of a client is waited for.
const FIRST_FRAME: Duration = Duration::from_secs(10);
/// The code of a connection that breaks without a word.
const BROKEN: u16 = 1006;

/// One session, as the server leads it.
pub(super) struct Talk {
    elevenlabs: Elevenlabs,
    agent: Agent,
    manner: Manner,
    session: Option<Session>,
    messages: MessageStream,
    wire: Option<Socket>,
    /// Its place in the record.
    seq: u64,
    conversation: Option<String>,
    events: i64,
    /// The ping that was not answered yet.
    ping: Option<i64>,
    cuts: watch::Receiver<u64>,
}

/// What was heard.
enum Heard {
    Frame(Value),
    Nothing,
    /// The client is gone, with this code.
    Gone(u16),
}

/// The end of a session, with its code.
struct End(u16);

type Led = Result<(), End>;

impl Talk {
    pub(super) fn new(
        elevenlabs: Elevenlabs,
        agent: Agent,
        session: Session,
        messages: MessageStream,
        wire: Option<Socket>,
    ) -> Self {
        let record = TextSession {
            at: Some(elevenlabs.core().now()),
            agent_id: agent.agent_id.clone(),
            ..TextSession::default()
        };
        let (seq, manner, cuts) = elevenlabs.state(|state| {
            let texting = &mut state.texting;
            (texting.begin(record), texting.manner(&agent.agent_id), texting.cuts())
        });
        Self {
            elevenlabs,
            agent,
            manner,
            session: Some(session),
            messages: messages.max_frame_size(LONGEST_FRAME),
            wire,
            seq,
            conversation: None,
            events: 0,
            ping: None,
            cuts,
        }
    }

    pub(super) async fn lead(mut self) {
        let behaviour = self.elevenlabs.state(|state| state.texting.take(&self.agent.agent_id));
        let End(code) = match self.go(behaviour).await {
            Ok(()) => self.close(1000, "").await,
            Err(end) => end,
        };
        if let Some(event) = self.ping.filter(|_| code == 1000) {
            self.elevenlabs.violation(PATH, format!("the ping {event} was not answered"));
        }
        self.elevenlabs.state(|state| state.texting.note(self.seq, |session| session.closed = Some(code)));
        if let Some(id) = &self.conversation {
            self.elevenlabs.close_text(id, if code == 1000 { "Client disconnected" } else { "Connection lost" });
        }
    }

    async fn go(&mut self, behaviour: Behaviour) -> Led {
        let data = self.first_frame().await?;
        match behaviour {
            Behaviour::Dumb => self.listen_on().await,
            Behaviour::Refuse { code, error_type, reason } => {
                Err(self.refuse(code, error_type.as_deref(), &reason).await)
            }
            Behaviour::Script { lines } => self.play(&data, &lines).await,
            behaviour => {
                if behaviour != Behaviour::Deaf {
                    self.check(&data).await?;
                }
                self.open(&data).await?;
                self.converse(&data, &behaviour).await
            }
        }
    }

    /// The data that the client begins with.
    async fn first_frame(&mut self) -> Result<Value, End> {
        match self.hear(Some(Instant::now() + FIRST_FRAME)).await {
            Heard::Frame(frame) if frame["type"] == "conversation_initiation_client_data" => {
                let data = frame.clone();
                self.record(|session| session.client_data = data);
                Ok(frame)
            }
            Heard::Gone(code) => Err(End(code)),
            Heard::Frame(_) | Heard::Nothing => {
                self.elevenlabs.violation(PATH, "the first frame is no conversation_initiation_client_data");
                Err(self.refuse(1008, Some("invalid_message"), "The first message is not the initiation data").await)
            }
        }
    }

    /// What the agent's settings permit, and what its prompt needs.
    async fn check(&mut self, data: &Value) -> Led {
        let overrides = &data["conversation_config_override"];
        if !self.agent.overrides && !overrides.is_null() {
            let field = if overrides["conversation"]["text_only"].is_null() { "first_message" } else { "text_only" };
            let reason = format!("Override for field '{field}' is not allowed by config.");
            return Err(self.refuse(1008, Some("override_error"), &reason).await);
        }
        let given = &data["dynamic_variables"];
        let missing: Vec<_> = self.manner.variables.iter().filter(|name| given[name.as_str()].is_null()).collect();
        if !missing.is_empty() {
            let reason = format!("Missing required dynamic variables: {missing:?}");
            return Err(self.refuse(1008, Some("missing_dynamic_variable"), &reason).await);
        }
        Ok(())
    }

    /// Makes the conversation, and tells its id.
    async fn open(&mut self, data: &Value) -> Led {
        let Ok(id) = self.elevenlabs.open_text(&self.agent, data) else {
            return Err(self.close(1013, "Too many concurrent requests").await);
        };
        self.record(|session| session.conversation_id = Some(id.clone()));
        self.conversation = Some(id.clone());
        self.say(json!({
            "type": "conversation_initiation_metadata",
            "conversation_initiation_metadata_event": {
                "conversation_id": id,
                "agent_output_audio_format": "pcm_16000",
                "user_input_audio_format": "pcm_16000",
            },
        }))
        .await
    }

    async fn converse(&mut self, data: &Value, behaviour: &Behaviour) -> Led {
        let overridden = data.pointer("/conversation_config_override/agent/first_message").and_then(Value::as_str);
        let is_deaf = *behaviour == Behaviour::Deaf;
        let greeting = overridden.filter(|_| !is_deaf).map_or_else(|| self.agent.first_message.clone(), str::to_owned);
        if !greeting.is_empty() {
            self.speak(&greeting, true).await?;
        }
        loop {
            let idle = Instant::now() + Duration::from_millis(self.manner.idle_ms);
            match self.hear(Some(idle)).await {
                Heard::Frame(frame) if frame["type"] == "user_message" => {
                    let text = frame["text"].as_str().unwrap_or_default().to_owned();
                    self.respond(&text, data, behaviour).await?;
                }
                Heard::Frame(_) => {}
                Heard::Nothing => {
                    return Err(self.refuse(1002, Some("transport_receive_timeout"), "No user input received").await);
                }
                Heard::Gone(code) => return Err(End(code)),
            }
        }
    }

    async fn respond(&mut self, text: &str, data: &Value, behaviour: &Behaviour) -> Led {
        self.ping().await?;
        if *behaviour == Behaviour::Silent {
            return self.listen_on().await;
        }
        self.pass(Duration::from_millis(self.manner.delay_ms)).await?;
        if *behaviour == Behaviour::Deaf {
            let event = self.events;
            self.say(json!({"type": "audio", "audio_event": {"audio_base_64": "AAAA", "event_id": event}})).await?;
        }
        let answer = self.answer(text, data);
        if *behaviour == Behaviour::Cut {
            let half: String = answer.chars().take(answer.chars().count() / 2).collect();
            self.piece("start", "").await?;
            self.piece("delta", &half).await?;
            return Err(self.close(BROKEN, "").await);
        }
        let said = text.to_lowercase();
        let says = |word: &Option<String>| word.as_ref().is_some_and(|word| said.contains(&word.to_lowercase()));
        if says(&self.manner.escalate_on) {
            self.escalate(text).await?;
            return self.speak("Le paso con una persona.", false).await;
        }
        self.speak(&answer, false).await?;
        if says(&self.manner.end_on) {
            self.say(json!({"type": "agent_tool_response", "agent_tool_response": {
                "tool_name": "end_call", "tool_call_id": "tool_end", "tool_type": "system",
                "is_error": false, "is_called": true, "event_id": self.events,
            }}))
            .await?;
            return Err(self.close(1000, "end_call").await);
        }
        Ok(())
    }

    /// An echo that tells what the agent knows: the variables by name, the pieces of the past by id.
    fn answer(&self, text: &str, data: &Value) -> String {
        if let Some(answer) = &self.manner.answer {
            return answer.clone();
        }
        let mut known: Vec<String> = Vec::new();
        self.record(|session| known.extend(session.contexts.iter().map(|(id, _)| id.clone())));
        known.extend(data["dynamic_variables"].as_object().into_iter().flatten().map(|(name, _)| name.clone()));
        known.dedup();
        match known.as_slice() {
            [] => format!("Recibido: «{text}»."),
            known => format!("Recibido: «{text}». Sé de: {}.", known.join(", ")),
        }
    }

    /// Asks the client for a person, and waits for its word.
    async fn escalate(&mut self, reason: &str) -> Led {
        let call = json!({
            "tool_name": self.manner.escalation_tool, "tool_call_id": format!("tool_{}", self.events),
            "parameters": {"reason": reason}, "event_id": self.events,
        });
        self.say(json!({"type": "client_tool_call", "client_tool_call": call})).await?;
        self.wait_for("client_tool_result").await
    }

    /// Says something, in pieces and as a whole.
    async fn speak(&mut self, text: &str, is_greeting: bool) -> Led {
        self.events += 1;
        if self.manner.pieces || !self.manner.whole {
            self.piece("start", "").await?;
            let middle = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
            let (one, two) = text.split_at(middle);
            self.piece("delta", one).await?;
            self.piece("delta", two).await?;
            self.piece("stop", "").await?;
        }
        if self.manner.whole || is_greeting {
            let event = json!({"agent_response": text, "event_id": self.events});
            self.say(json!({"type": "agent_response", "agent_response_event": event})).await?;
        }
        if let Some(id) = &self.conversation {
            self.elevenlabs.say(id, Role::Agent, text);
        }
        if !is_greeting {
            self.record(|session| session.answers.push(text.to_owned()));
        }
        Ok(())
    }

    async fn piece(&mut self, kind: &str, text: &str) -> Led {
        let part = json!({"text": text, "type": kind, "event_id": self.events});
        self.say(json!({"type": "agent_chat_response_part", "text_response_part": part})).await
    }

    async fn ping(&mut self) -> Led {
        self.events += 1;
        self.ping = Some(self.events);
        self.say(json!({"type": "ping", "ping_event": {"event_id": self.events, "ping_ms": null}})).await
    }

    /// Plays a script, line by line.
    async fn play(&mut self, data: &Value, lines: &[Line]) -> Led {
        for line in lines {
            match line {
                Line::Note { .. } => {}
                Line::Sleep { sleep_ms } => self.pass(Duration::from_millis(*sleep_ms)).await?,
                Line::Frame { dir: Direction::ToClient, frame }
                    if frame["type"] == "conversation_initiation_metadata" =>
                {
                    self.open(data).await?;
                }
                Line::Frame { dir: Direction::ToClient, frame } => {
                    if let Some(text) = frame.pointer("/agent_response_event/agent_response").and_then(Value::as_str) {
                        self.record(|session| session.answers.push(text.to_owned()));
                    }
                    self.say(frame.clone()).await?;
                }
                Line::Frame { dir: Direction::FromClient, frame } => {
                    let kind = frame["type"].as_str().unwrap_or_default();
                    // It was heard already.
                    if kind != "conversation_initiation_client_data" {
                        self.wait_for(kind).await?;
                    }
                }
                Line::Raw { raw, .. } => self.send(raw.clone()).await?,
                Line::Close { close: Closer::Client, .. } => self.listen_on().await?,
                Line::Close { close: Closer::Server, code, reason } => return Err(self.close(*code, reason).await),
            }
        }
        self.listen_on().await
    }

    /// Hears until a frame of this type has come.
    async fn wait_for(&mut self, kind: &str) -> Led {
        loop {
            match self.hear(None).await {
                Heard::Frame(frame) if frame["type"] == kind => return Ok(()),
                Heard::Gone(code) => return Err(End(code)),
                Heard::Frame(_) | Heard::Nothing => {}
            }
        }
    }

    /// Hears for so long, and says nothing.
    async fn pass(&mut self, wait: Duration) -> Led {
        let end = Instant::now() + wait;
        loop {
            match self.hear(Some(end)).await {
                Heard::Nothing => return Ok(()),
                Heard::Frame(_) => {}
                Heard::Gone(code) => return Err(End(code)),
            }
        }
    }

    /// Hears until the client goes.
    async fn listen_on(&mut self) -> Led {
        loop {
            if let Heard::Gone(code) = self.hear(None).await {
                return Err(End(code));
            }
        }
    }

    /// The next frame, noted in the record.
    async fn hear(&mut self, until: Option<Instant>) -> Heard {
        loop {
            let message = tokio::select! {
                Ok(()) = self.cuts.changed() => {
                    self.close(BROKEN, "").await;
                    return Heard::Gone(BROKEN);
                }
                () = moment(until) => return Heard::Nothing,
                message = self.messages.next() => message,
            };
            match message {
                Some(Ok(Message::Text(text))) => match serde_json::from_str(&text) {
                    Ok(frame) => {
                        self.heard(&frame);
                        return Heard::Frame(frame);
                    }
                    Err(_) => self.elevenlabs.violation(PATH, "a frame is not JSON"),
                },
                Some(Ok(Message::Ping(bytes))) => {
                    if let Some(session) = &mut self.session {
                        // A client that is gone is noticed by the next frame.
                        let _ = session.pong(&bytes).await;
                    }
                }
                Some(Ok(Message::Close(reason))) => {
                    let code = reason.map_or(1005, |reason| reason.code.into());
                    self.close(1000, "").await;
                    return Heard::Gone(code);
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Heard::Gone(BROKEN),
            }
        }
    }

    fn heard(&mut self, frame: &Value) {
        let text = frame["text"].as_str().unwrap_or_default();
        match frame["type"].as_str().unwrap_or_default() {
            "contextual_update" => {
                let id = frame["context_id"].as_str().unwrap_or_default();
                self.record(|session| {
                    // Of several with one id the last counts.
                    session.contexts.retain(|(known, _)| id.is_empty() || known != id);
                    session.contexts.push((id.to_owned(), text.to_owned()));
                });
            }
            "user_message" => {
                self.record(|session| session.messages.push(text.to_owned()));
                if let Some(id) = &self.conversation {
                    self.elevenlabs.say(id, Role::User, text);
                }
            }
            "client_tool_result" => {
                if !frame["result"].is_string() {
                    self.elevenlabs.violation(PATH, "the result of a tool is no text");
                }
                self.record(|session| session.tool_results.push(frame.clone()));
            }
            "user_activity" => self.record(|session| session.activities += 1),
            "pong" => self.ping = self.ping.filter(|event| frame["event_id"] != *event),
            _ => {}
        }
    }

    /// An error and its close.
    async fn refuse(&mut self, code: u16, error_type: Option<&str>, reason: &str) -> End {
        if let Some(error_type) = error_type {
            let event = json!({"code": code, "error_type": error_type, "message": reason, "reason": reason});
            // Where the client is gone, the close finds that out as well.
            let _ = self.say(json!({"type": "error", "error_event": event})).await;
        }
        self.close(code, reason).await
    }

    async fn say(&mut self, frame: Value) -> Led {
        self.send(frame.to_string()).await
    }

    async fn send(&mut self, text: String) -> Led {
        match &mut self.session {
            Some(session) => session.text(text).await.map_err(|_| End(BROKEN)),
            None => Err(End(BROKEN)),
        }
    }

    async fn close(&mut self, code: u16, reason: &str) -> End {
        let session = self.session.take();
        if code == BROKEN {
            if let Some(Err(error)) = self.wire.as_ref().map(|wire| wire.shutdown(std::net::Shutdown::Both)) {
                tracing::debug!(%error, "the connection was closed by the other side before the cut");
            }
        } else if let Some(session) = session {
            let description = (!reason.is_empty()).then(|| reason.to_owned());
            // The other side may have closed before.
            let _ = session.close(Some(CloseReason { code: CloseCode::from(code), description })).await;
        }
        End(code)
    }

    fn record(&self, change: impl FnOnce(&mut TextSession)) {
        self.elevenlabs.state(|state| state.texting.note(self.seq, change));
    }
}

/// Waits for a moment; for ever where there is none.
async fn moment(until: Option<Instant>) {
    match until {
        Some(until) => sleep_until(until).await,
        None => std::future::pending().await,
    }
}
