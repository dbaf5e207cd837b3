//! Faults on demand.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use comms_simulator::{
    Fault, FaultRule,
    faults::{ProviderError, When},
    meta::PHONE_ID,
};
use serde_json::{Value, json};

use crate::support::{World, assert_shape};

fn text() -> Value {
    json!({"messaging_product": "whatsapp", "to": "16505551234", "text": {"body": "hi"}})
}

fn send(world: &World) -> reqwest::RequestBuilder {
    let path = format!("/v26.0/{PHONE_ID}/messages");
    world.request("POST", &path).json(&text())
}

fn rule(fault: Fault) -> FaultRule {
    FaultRule::new("meta.messages", fault)
}

#[tokio::test]
async fn any_error_of_meta_comes_with_its_status() {
    let world = World::new(|_| ());
    let cases = [(130_429, 400), (131_056, 400), (131_000, 500), (2, 503), (4, 400), (368, 403), (987_654, 400)];
    for (code, status) in cases {
        world.simulator.inject(rule(Fault::error(code)).times(1));
        world.send(text()).await.is_error(status, code);
        assert_eq!(world.send(text()).await.status, 200, "the rule is spent");
    }
    let throttled = ProviderError {
        code: 130_429,
        status: Some(429),
        subcode: Some(2_494_055),
        details: Some("Cloud API message throughput has been reached.".into()),
        retry_after: Some(7),
    };
    world.simulator.inject(rule(Fault::Error(throttled)));
    let response = send(&world).send().await.unwrap();
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "7");
    let body: Value = response.json().await.unwrap();
    let sample = json!({"error": {"message": "", "type": "", "code": 0, "error_data": {"messaging_product": "", "details": ""},
        "error_subcode": 0, "fbtrace_id": ""}});
    assert_shape(&body, &sample.to_string());
}

#[tokio::test]
async fn a_fault_of_one_account_leaves_the_others_alone() {
    let world = World::new(|_| ());
    world.simulator.inject(rule(Fault::error(130_429)).account("another number"));
    assert_eq!(world.send(text()).await.status, 200);
    world.simulator.inject(rule(Fault::error(130_429)).account(PHONE_ID));
    world.send(text()).await.is_error(400, 130_429);
}

#[tokio::test]
async fn a_huge_answer_is_the_right_one_with_nothing_behind_it() {
    let world = World::new(|_| ());
    world.simulator.inject(rule(Fault::Huge { bytes: 1_000_000 }).times(1));
    let answer = send(&world).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(answer.len(), 1_000_000);
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert!(answer["messages"][0]["id"].is_string());
}

#[tokio::test]
async fn a_fault_strikes_before_or_after_the_act() {
    let world = World::new(|_| ());
    world.simulator.inject(rule(Fault::Html { status: 502 }).times(1));
    world.simulator.inject(rule(Fault::Html { status: 502 }).after().times(1));
    for _ in 0..2 {
        let response = send(&world).send().await.unwrap();
        assert_eq!(response.status(), 502);
        assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
        assert!(response.text().await.unwrap().starts_with("<html>"));
    }
    let sends = world.ledger().sends();
    assert_eq!(sends.iter().map(|call| call.processed).collect::<Vec<_>>(), [false, true]);
    assert_eq!(sends[0].send.as_ref().unwrap().id, None);
    assert!(sends[1].send.as_ref().unwrap().id.is_some());
    assert_eq!(sends[1].fault.as_deref(), Some("html 502"));
    assert_eq!(world.ledger().totals().sent, 1);
}

#[tokio::test]
async fn a_cut_connection_gives_no_answer() {
    let world = World::new(|_| ());
    for when in [When::Before, When::After] {
        let rule = rule(Fault::Cut).times(1);
        world.simulator.inject(FaultRule { when, ..rule });
        let error = send(&world).send().await.unwrap_err();
        assert!(!error.is_timeout() && !error.is_connect(), "{error:?}");
        let last = world.ledger().sends().pop().unwrap();
        assert_eq!((last.processed, last.status), (when == When::After, None));
    }
    assert_eq!(world.send(text()).await.status, 200);
    assert_eq!(world.ledger().sends().len(), 3, "the client repeated nothing");
}

#[tokio::test]
async fn a_reset_connection_is_an_error_and_no_end() {
    let world = World::new(|_| ());
    world.simulator.inject(rule(Fault::Reset).after().times(1));
    let address = world.simulator.url().trim_start_matches("http://").to_owned();
    let body = text().to_string();
    let request = format!(
        "POST /v26.0/{PHONE_ID}/messages HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let read = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(request.as_bytes())?;
        stream.read_to_end(&mut Vec::new())
    });
    let error = read.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error:?}");
    let last = world.ledger().sends().pop().unwrap();
    assert_eq!((last.status, last.fault.as_deref()), (None, Some("reset")));
}

#[tokio::test]
async fn bodies_are_cut_emptied_and_slowed() {
    let world = World::new(|_| ());
    world.simulator.inject(rule(Fault::TruncatedJson).times(1));
    let response = send(&world).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let cut = response.text().await.unwrap();
    assert!(cut.starts_with('{') && serde_json::from_str::<Value>(&cut).is_err(), "{cut}");

    world.simulator.inject(rule(Fault::EmptyBody).times(1));
    let response = send(&world).send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.text().await.unwrap().len()), (200, 0));

    world.simulator.inject(rule(Fault::SlowBody { ms: 5, bytes: 50 }).times(1));
    let before = Instant::now();
    let body: Value = send(&world).send().await.unwrap().json().await.unwrap();
    assert!(body["messages"][0]["id"].is_string());
    assert!(before.elapsed() >= Duration::from_millis(15));

    world.simulator.inject(rule(Fault::Delay { ms: 40 }).times(1));
    let before = Instant::now();
    assert_eq!(world.send(text()).await.status, 200);
    assert!(before.elapsed() >= Duration::from_millis(40));
    assert_eq!(world.ledger().totals().sent, 4, "all of them were acted on");
}

#[tokio::test]
async fn a_fault_keeps_to_its_endpoint_and_recipient() {
    let world = World::new(|_| ());
    world.simulator.inject(rule(Fault::error(131_056)).to("34600000000"));
    assert_eq!(world.send(text()).await.status, 200);
    assert_eq!(world.get(&format!("/{PHONE_ID}")).await.status, 200);
    let mut other = text();
    other["to"] = json!("34600000000");
    world.send(other).await.is_error(400, 131_056);
    assert_eq!(world.simulator.faults()[0].struck, 1);
    world.simulator.clear_faults();
    assert!(world.simulator.faults().is_empty());
}

#[tokio::test]
async fn chance_repeats_with_the_seed() {
    async fn pattern() -> Vec<u16> {
        let world = World::new(|_| ());
        world.simulator.inject(rule(Fault::error(131_000)).probability(0.5));
        let mut statuses = Vec::new();
        for _ in 0..40 {
            statuses.push(world.send(text()).await.status);
        }
        statuses
    }
    let first = pattern().await;
    let struck = first.iter().filter(|status| **status == 500).count();
    assert!((8..=32).contains(&struck), "{struck} of 40");
    assert_eq!(first, pattern().await);
}
