//! The stream over a network in memory.
#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use comms_client::Events;
use comms_http::{Error, ErrorKind, Outcome, Request, Response, Result, Transport};
use futures_util::{StreamExt, stream};
use http::{HeaderMap, StatusCode};

/// A server's log of 60 events, over a connection that is cut after as many bytes as it is told, again and again.
#[derive(Debug, Default)]
struct Server {
    cuts: Mutex<VecDeque<usize>>,
    answers: Mutex<VecDeque<StatusCode>>,
    asked: Mutex<Vec<(String, Option<String>)>>,
    /// Repeats the last event that the client has seen, as no server should.
    repeats: bool,
}

const LAST: i64 = 60;

#[async_trait]
impl Transport for Server {
    async fn execute(&self, request: Request) -> Result<Response> {
        let last = request.headers.get("last-event-id").map(|value| value.to_str().unwrap().to_owned());
        self.asked.lock().unwrap().push((request.url.to_string(), last.clone()));
        match self.answers.lock().unwrap().pop_front() {
            Some(StatusCode::IM_A_TEAPOT) => {
                return Err(Error::new(ErrorKind::Transport, Outcome::NotSent, "no connection"));
            }
            Some(status) => return Ok(Response::full(status, HeaderMap::new(), "")),
            None => {}
        }
        let after: i64 = last.map_or(0, |last| last.parse().unwrap());
        let from = if self.repeats { after } else { after + 1 };
        let mut text = "retry: 3000\n\n".to_owned();
        for cursor in from.max(1)..=LAST {
            text.push_str(&format!("id: {cursor}\ndata: {{\"cursor\":{cursor},\"tipo\":\"mensaje\",\"n\":1}}\n\n"));
        }
        let cut = self.cuts.lock().unwrap().pop_front().unwrap_or(text.len()).min(text.len());
        let pieces: Vec<_> = text.as_bytes()[..cut].chunks(7).map(Bytes::copy_from_slice).map(Ok).collect();
        let body = Box::pin(stream::iter(pieces).chain(stream::pending()));
        Ok(Response { status: StatusCode::OK, headers: HeaderMap::new(), body })
    }
}

fn events(server: &Arc<Server>) -> Events {
    let transport: Arc<dyn Transport> = Arc::clone(server) as _;
    Events::subscribe("https://example.com/under/".parse().unwrap(), "invented".into()).transport(transport)
}

async fn all(server: &Arc<Server>) -> Vec<i64> {
    let stream = events(server).stream().unwrap();
    stream.take(60).map(|event| event.unwrap().cursor).collect().await
}

#[tokio::test(start_paused = true)]
async fn whatever_is_cut_nothing_is_missed_and_nothing_comes_twice() {
    for seed in 0..200_usize {
        let cuts = (0..40).map(|at| (seed * 31 + at * 97) % 400).collect();
        let server = Arc::new(Server { cuts: Mutex::new(cuts), repeats: seed % 2 == 0, ..Server::default() });
        let expected: Vec<i64> = (1..=LAST).collect();
        assert_eq!(all(&server).await, expected, "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_repetition_mends_is_repeated() {
    let answers = [503, 429, 418, 502].map(|status| StatusCode::from_u16(status).unwrap());
    let server = Arc::new(Server { answers: Mutex::new(answers.into()), ..Server::default() });
    assert_eq!(all(&server).await.len(), 60);
    assert_eq!(server.asked.lock().unwrap().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_ends_the_stream() {
    for (status, kind) in [(401, ErrorKind::Unauthenticated), (400, ErrorKind::InvalidRequest)] {
        let answers = [StatusCode::from_u16(status).unwrap()];
        let server = Arc::new(Server { answers: Mutex::new(answers.into()), ..Server::default() });
        let mut stream = events(&server).stream().unwrap();
        assert_eq!(stream.next().await.unwrap().unwrap_err().kind(), kind);
        assert!(stream.next().await.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn the_request_says_where_and_what() {
    let server = Arc::new(Server::default());
    let subscription = events(&server).after(Some(58)).query("canal", "voip,sms").silence(Duration::from_secs(3));
    assert!(!format!("{subscription:?}").contains("invented"));
    let mut stream = subscription.stream().unwrap();
    let event = stream.next().await.unwrap().unwrap();
    assert_eq!((event.cursor, event.kind.as_str(), &event.fields["n"]), (59, "mensaje", &1.into()));
    let asked = server.asked.lock().unwrap().clone();
    assert_eq!(asked, [("https://example.com/under/api/eventos?canal=voip%2Csms".to_owned(), Some("58".to_owned()))]);
}
