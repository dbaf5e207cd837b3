//! Calls that ended, for those of whom no webhook told: over a workspace in memory, in which time passes.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use comms_core::{CallProgress, Cursor, TextAgent};
use comms_http::{ManualClock, Request, Response, Result, RetryPolicy, Transport};
use elevenlabs_client::{Client, Config, ElevenLabsAgent};
use http::{HeaderMap, StatusCode};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::NOW;

/// A call of the workspace: when it begins, when it is over, when it was looked through; in seconds after [`NOW`].
#[derive(Clone, Debug)]
struct Call {
    begins: i64,
    ends: i64,
    done: i64,
    in_writing: bool,
    agent: &'static str,
}

impl Call {
    fn new(begins: i64, ends: i64, done: i64) -> Self {
        Self { begins, ends, done, in_writing: false, agent: "agent_01" }
    }

    fn status(&self, now: i64) -> &'static str {
        match now {
            now if now >= self.done => "done",
            now if now >= self.ends => "processing",
            _ => "in-progress",
        }
    }
}

/// ElevenLabs, as far as it is asked.
#[derive(Debug)]
struct Workspace {
    clock: ManualClock,
    calls: Mutex<BTreeMap<String, Call>>,
    page: usize,
    asked: Mutex<Vec<String>>,
    /// Conversations that cannot be asked for, and with which status.
    broken: Mutex<BTreeMap<String, u16>>,
}

impl Workspace {
    fn new(page: usize) -> Arc<Self> {
        Arc::new(Self {
            clock: ManualClock::at_unix(NOW),
            calls: Mutex::default(),
            page,
            asked: Mutex::default(),
            broken: Mutex::default(),
        })
    }

    fn agent(self: &Arc<Self>) -> ElevenLabsAgent {
        let builder = Client::builder(Config::new("sk_an-invented-key")).transport(self.clone());
        ElevenLabsAgent::new(builder.clock(Arc::new(self.clock.clone())).retry(RetryPolicy::never()).build().unwrap())
    }

    fn add(&self, id: &str, call: Call) {
        self.calls.lock().unwrap().insert(id.to_owned(), call);
    }

    fn now(&self) -> i64 {
        use comms_http::Clock;
        self.clock.now().unix_timestamp() - NOW
    }

    fn asked(&self) -> usize {
        std::mem::take(&mut *self.asked.lock().unwrap()).len()
    }

    fn list(&self, request: &Request) -> Value {
        let query: BTreeMap<String, String> = request.url.query_pairs().into_owned().collect();
        let since = query["call_start_after_unix"].parse::<i64>().unwrap() - NOW;
        assert_eq!((query["text_only"].as_str(), query["sort_direction"].as_str()), ("false", "asc"));
        let from: usize = query.get("cursor").map_or(0, |cursor| cursor.parse().unwrap());
        let calls = self.calls.lock().unwrap();
        let shown = |call: &Call| {
            call.begins > since
                && call.begins <= self.now()
                && !call.in_writing
                && query.get("agent_id").is_none_or(|agent| agent == call.agent)
        };
        let mut listed: Vec<_> = calls.iter().filter(|(_, call)| shown(call)).collect();
        listed.sort_by_key(|(id, call)| (call.begins, (*id).clone()));
        let more = listed.len() > from + self.page;
        let items: Vec<Value> = listed
            .into_iter()
            .skip(from)
            .take(self.page)
            .map(|(id, call)| {
                json!({"conversation_id": id, "agent_id": call.agent, "status": call.status(self.now()),
                "start_time_unix_secs": NOW + call.begins})
            })
            .collect();
        json!({"conversations": items, "has_more": more, "next_cursor": more.then(|| (from + self.page).to_string())})
    }

    fn get(&self, id: &str) -> (u16, Value) {
        if let Some(status) = self.broken.lock().unwrap().get(id) {
            return (*status, json!({}));
        }
        let calls = self.calls.lock().unwrap();
        let call = &calls[id];
        let conversation = json!({
            "conversation_id": id,
            "agent_id": call.agent,
            "status": call.status(self.now()),
            "metadata": {"start_time_unix_secs": NOW + call.begins, "call_duration_secs": call.ends - call.begins,
                "text_only": call.in_writing, "phone_call": {"external_number": "+15550001111", "call_result": "answered"}},
            "analysis": {"transcript_summary": "They talked."},
            "transcript": [{"role": "user", "message": "Hola"}],
        });
        (200, conversation)
    }
}

#[async_trait]
impl Transport for Workspace {
    async fn execute(&self, request: Request) -> Result<Response> {
        let path = request.url.path().to_owned();
        self.asked.lock().unwrap().push(path.clone());
        tokio::task::yield_now().await;
        let (status, body) = match path.strip_prefix("/v1/convai/conversations/") {
            Some(id) => self.get(id),
            None => (200, self.list(&request)),
        };
        Ok(Response::full(StatusCode::from_u16(status).unwrap(), HeaderMap::new(), body.to_string()))
    }
}

/// Asks until the cursor stays where it is; gives what was told.
async fn poll(agent: &ElevenLabsAgent, cursor: &mut Option<Cursor>) -> Vec<String> {
    let mut told = Vec::new();
    for _ in 0..200 {
        let (calls, next) = agent.ended(cursor.clone()).await.unwrap();
        assert!(calls.iter().all(|call| call.progress == CallProgress::Done && !call.text_only));
        told.extend(calls.into_iter().map(|call| call.conversation));
        if cursor.replace(next.clone()) == Some(next) {
            return told;
        }
    }
    panic!("the cursor never stands still");
}

#[tokio::test]
async fn a_call_is_told_of_once_it_was_looked_through() {
    let workspace = Workspace::new(100);
    let (agent, mut cursor) = (workspace.agent(), None);
    workspace.add("before", Call::new(-200, -100, -50));
    workspace.add("running", Call::new(-60, 40, 50));
    assert!(poll(&agent, &mut cursor).await.is_empty(), "what has ended before the beginning is nobody's");
    workspace.add("later", Call::new(10, 45, 100));
    workspace.clock.advance(Duration::from_secs(60));
    assert_eq!(poll(&agent, &mut cursor).await, ["running"]);
    assert!(poll(&agent, &mut cursor).await.is_empty());
    workspace.clock.advance(Duration::from_secs(60));
    assert_eq!(poll(&agent, &mut cursor).await, ["later"]);
    workspace.clock.advance(Duration::from_secs(3_600));
    workspace.asked();
    assert!(poll(&agent, &mut cursor).await.is_empty());
    assert_eq!(workspace.asked(), 1, "where nothing is new there is one request");
}

#[tokio::test]
async fn what_is_in_writing_is_left_out() {
    let workspace = Workspace::new(100);
    let (agent, mut cursor) = (workspace.agent(), None);
    poll(&agent, &mut cursor).await;
    workspace.add("written", Call { in_writing: true, ..Call::new(1, 2, 3) });
    workspace.add("spoken", Call::new(1, 2, 3));
    workspace.clock.advance(Duration::from_secs(60));
    assert_eq!(poll(&agent, &mut cursor).await, ["spoken"]);
}

#[tokio::test]
async fn only_the_agents_that_were_named_are_told_of() {
    let workspace = Workspace::new(100);
    let one = workspace.agent().only(["agent_01"]);
    let two = workspace.agent().only(["agent_01", "agent_03"]);
    let (mut first, mut second) = (None, None);
    poll(&one, &mut first).await;
    poll(&two, &mut second).await;
    for agent in ["agent_01", "agent_02", "agent_03"] {
        workspace.add(agent, Call { agent, ..Call::new(1, 2, 3) });
    }
    workspace.clock.advance(Duration::from_secs(60));
    assert_eq!(poll(&one, &mut first).await, ["agent_01"]);
    assert_eq!(poll(&two, &mut second).await, ["agent_01", "agent_03"]);
}

#[tokio::test]
async fn many_pages_are_read_in_rounds_that_end() {
    let workspace = Workspace::new(10);
    let (agent, mut cursor) = (workspace.agent(), None);
    poll(&agent, &mut cursor).await;
    for number in 0..137 {
        workspace.add(&format!("conv_{number:03}"), Call::new(number / 20, 20, 30));
    }
    workspace.clock.advance(Duration::from_secs(60));
    let (calls, _) = agent.ended(cursor.clone()).await.unwrap();
    assert_eq!(calls.len(), 40, "a round is bounded");
    let told = poll(&agent, &mut cursor).await;
    assert_eq!(told.len(), 137);
}

#[tokio::test]
async fn one_that_cannot_be_asked_for_holds_no_other_up() {
    let workspace = Workspace::new(100);
    let (agent, mut cursor) = (workspace.agent(), None);
    poll(&agent, &mut cursor).await;
    for id in ["broken", "gone", "well"] {
        workspace.add(id, Call::new(1, 2, 3));
    }
    workspace.broken.lock().unwrap().extend([("broken".to_owned(), 500), ("gone".to_owned(), 404)]);
    workspace.clock.advance(Duration::from_secs(60));
    let (calls, next) = agent.ended(cursor).await.unwrap();
    assert_eq!(calls[0].conversation, "well");
    let error = agent.ended(Some(next.clone())).await.unwrap_err();
    assert_eq!((error.status(), error.is_retryable()), (Some(500), true));
    workspace.broken.lock().unwrap().clear();
    assert_eq!(agent.ended(Some(next)).await.unwrap().0[0].conversation, "broken");
}

#[tokio::test]
async fn what_one_conversation_alone_suffers_from_is_no_failure_of_the_round() {
    let workspace = Workspace::new(100);
    let (agent, mut cursor) = (workspace.agent(), None);
    poll(&agent, &mut cursor).await;
    for (id, status) in [("refused", 422), ("unreadable", 200), ("failing", 500)] {
        workspace.add(id, Call::new(1, 2, 3));
        workspace.broken.lock().unwrap().insert(id.to_owned(), status);
    }
    workspace.clock.advance(Duration::from_secs(60));
    let (calls, next) = agent.ended(cursor).await.unwrap();
    assert!(calls.is_empty());
    // What may be everybody's trouble is told.
    assert_eq!(agent.ended(Some(next.clone())).await.unwrap_err().status(), Some(500));
    // After a day nobody asks for them any more, whatever it was.
    workspace.clock.advance(Duration::from_secs(25 * 60 * 60));
    let mut cursor = Some(next);
    assert!(poll(&agent, &mut cursor).await.is_empty());
    assert!(!cursor.unwrap().0.contains("\"due\""));
}

#[tokio::test]
async fn what_never_ends_is_given_up_after_a_day() {
    let workspace = Workspace::new(100);
    let (agent, mut cursor) = (workspace.agent(), None);
    poll(&agent, &mut cursor).await;
    workspace.add("endless", Call::new(1, i64::MAX, i64::MAX));
    for _ in 0..3 {
        workspace.clock.advance(Duration::from_secs(12 * 60 * 60 + 60));
        assert!(poll(&agent, &mut cursor).await.is_empty());
    }
    assert!(!cursor.clone().unwrap().0.contains("\"due\""), "{cursor:?}");
}

#[tokio::test]
async fn a_cursor_that_says_nothing_is_a_beginning() {
    let workspace = Workspace::new(100);
    workspace.add("before", Call::new(-20, -10, -5));
    let (calls, next) = workspace.agent().ended(Some(Cursor("nonsense".to_owned()))).await.unwrap();
    assert!(calls.is_empty() && next.0.contains(&NOW.to_string()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Calls begin and end at any time, and are listed in pages of any length: each is told of, none before it has ended, and a repetition is
    /// the exception.
    #[test]
    fn each_call_that_ends_is_told_of(
        calls in proptest::collection::vec((1_i64..2_000, 0_i64..600, 0_i64..120), 1..40),
        steps in proptest::collection::vec(1_u64..200, 5..20),
        page in 1_usize..8,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let workspace = Workspace::new(page);
            let (agent, mut cursor) = (workspace.agent(), None);
            poll(&agent, &mut cursor).await;
            for (number, (begins, lasts, looked)) in calls.iter().enumerate() {
                workspace.add(&format!("conv_{number}"), Call::new(*begins, begins + lasts, begins + lasts + looked));
            }
            let mut told = Vec::new();
            for step in steps.into_iter().chain([3_000, 60]) {
                workspace.clock.advance(Duration::from_secs(step));
                told.extend(poll(&agent, &mut cursor).await);
            }
            told.sort();
            let number = told.len();
            told.dedup();
            assert_eq!((told.len(), number), (calls.len(), calls.len()));
        });
    }
}
