//! The systems beside ours that are told of events, in memory.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};

use async_trait::async_trait;
use comms_core::{Error, ErrorKind, Outcome};
use comms_http::{Body, Request, Response, Transport, standard_webhooks::ID};
use http::{HeaderMap, HeaderValue, StatusCode, header::RETRY_AFTER};
use serde_json::Value;
use tokio::sync::Semaphore;

/// The other systems: each host answers as it is told, else 204.
#[derive(Debug, Default)]
pub struct Receivers(Mutex<State>);

#[derive(Debug, Default)]
pub struct State {
    pub got: Vec<Got>,
    answers: HashMap<String, VecDeque<Answer>>,
    always: HashMap<String, Answer>,
    /// Who is called now, and how many of them there were at most.
    open: HashMap<String, usize>,
    pub most: HashMap<String, usize>,
    pub hold: HashMap<String, Arc<Semaphore>>,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Got {
    pub host: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Got {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn id(&self) -> String {
        self.headers[ID].to_str().unwrap().to_owned()
    }
}

#[derive(Clone, Debug)]
pub enum Answer {
    Status(u16),
    Wait(u16, &'static str),
    Nothing,
}

impl Receivers {
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub fn next(&self, host: &str, answer: Answer) {
        self.state().answers.entry(host.to_owned()).or_default().push_back(answer);
    }

    pub fn always(&self, host: &str, answer: Answer) {
        self.state().always.insert(host.to_owned(), answer);
    }

    pub fn got(&self) -> Vec<Got> {
        self.state().got.clone()
    }
}

#[async_trait]
impl Transport for Receivers {
    async fn execute(&self, request: Request) -> comms_core::Result<Response> {
        let host = request.url.host_str().unwrap().to_owned();
        let Body::Bytes(body) = request.body else { panic!("no bytes") };
        let (answer, hold) = {
            let mut state = self.state();
            state.got.push(Got { host: host.clone(), headers: request.headers, body: body.to_vec() });
            let open = state.open.entry(host.clone()).or_default();
            *open += 1;
            let open = *open;
            let most = state.most.entry(host.clone()).or_default();
            *most = open.max(*most);
            let answer = state.answers.get_mut(&host).and_then(VecDeque::pop_front);
            let answer = answer.or_else(|| state.always.get(&host).cloned()).unwrap_or(Answer::Status(204));
            (answer, state.hold.get(&host).cloned())
        };
        if let Some(hold) = hold {
            hold.acquire().await.unwrap().forget();
        }
        *self.state().open.get_mut(&host).unwrap() -= 1;
        let (status, headers) = match answer {
            Answer::Status(status) => (status, HeaderMap::new()),
            Answer::Wait(status, wait) => {
                (status, HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(wait))]))
            }
            Answer::Nothing => return Err(Error::new(ErrorKind::Transport, Outcome::NotSent, "nobody is there")),
        };
        let long = "¡hola! ".repeat(1_000);
        Ok(Response::full(StatusCode::from_u16(status).unwrap(), headers, long))
    }
}
