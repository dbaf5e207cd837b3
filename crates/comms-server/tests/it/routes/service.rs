use std::time::Duration;

use serde_json::json;

use crate::support::{SEND, TestServer, masked};

#[tokio::test(flavor = "multi_thread")]
async fn health_tells_of_every_dependency() {
    let server = TestServer::start().await;
    let answer = server.nobody().get("/health").await;
    assert_eq!(answer.status, 200);
    // The workers write too, in the same queue.
    let told =
        server.until_on("/health", |answer| (answer.json()["counts"]["queued"] == 0).then(|| answer.json())).await;
    insta::assert_json_snapshot!(masked(told, &["uptime", "version", "workers"]), @r#"
    {
      "counts": {
        "media_pending": 0,
        "outbox_oldest_due_seconds": null,
        "outbox_queued": 0,
        "outbox_scheduled": 0,
        "outbox_unknown": 0,
        "quarantined": 0,
        "queued": 0,
        "sending": 0,
        "waiting_for_owner": 0
      },
      "dependencies": {
        "database": "ok",
        "elevenlabs": "not_configured",
        "gmail": "not_configured",
        "redis": "not_configured",
        "sendgrid": "receive_only",
        "twilio": "ok",
        "whatsapp": "ok"
      },
      "mailboxes": {
        "active": 0,
        "ended": 0,
        "failing": 0,
        "still": []
      },
      "service": "comms-server",
      "status": "ok",
      "stopped_accounts": [],
      "uptime": "…",
      "version": "…",
      "webhooks": {
        "disabled": 0,
        "failing": 0,
        "oldest_seconds": null,
        "pending": 0
      },
      "workers": "…"
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn health_tells_of_every_worker() {
    let server = TestServer::start().await;
    let health = server.nobody().get("/health").await.json();
    let workers = health["workers"].as_array().unwrap();
    let names: Vec<_> = workers.iter().map(|worker| worker["name"].as_str().unwrap()).collect();
    let all = [
        "erasure",
        "intake",
        "media",
        "outbox",
        "quarantine",
        "realtime",
        "sources",
        "sources-discovery",
        "stale",
        "unknown",
        "wake",
        "webhooks",
        "webhooks-upkeep",
    ];
    assert_eq!(names, all);
    assert!(workers.iter().all(|worker| worker["alive"] == true && worker["failing_since"].is_null()), "{health}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_store_is_closed_health_is_red_and_webhooks_are_503() {
    let server = TestServer::start().await;
    server.running.state.repository.close().await;
    assert_eq!(server.nobody().get("/health").await.status, 503);
    let answer = server.webhook(b"{}").await;
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(!answer.header("retry-after").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_may_have_a_token() {
    let server = TestServer::start_with(|settings| {
        settings.http.metrics_token = Some("an invented token".into());
    })
    .await;
    assert_eq!(server.nobody().get("/metrics").await.status, 401);
    server.seller().get("/api/comunicaciones/historial/77").await;
    let answer = server.client("an invented token").get("/metrics").await;
    assert_eq!(answer.status, 200);
    let line = "route=\"/api/comunicaciones/historial/{leadId}\"";
    assert!(answer.text().contains(line), "{}", answer.text());
    assert!(answer.text().contains("http_request_duration_seconds_bucket"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_root_says_what_this_is() {
    let server = TestServer::start().await;
    let answer = server.nobody().get("/").await;
    insta::assert_json_snapshot!(masked(answer.json(), &["version"]), @r#"
    {
      "data": {
        "canales": [
          "whatsapp",
          "sms",
          "voz"
        ],
        "docs": "/docs",
        "openapi": "/openapi.json",
        "service": "comms-server",
        "version": "…"
      },
      "success": true
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_accepted_request_is_cut_by_a_stop() {
    use comms_simulator::{Fault, FaultRule};
    let server = TestServer::start().await;
    server.customer_writes("hola").await;
    server.simulator.inject(FaultRule::new("meta.messages", Fault::Delay { ms: 500 }).times(1));
    let seller = server.seller();
    let body = json!({"telefono": "+34600000000", "mensaje": "hola"});
    let ledger = server.simulator.ledger();
    let sending = seller.post(SEND, &body);
    let stopping = async {
        // Meta has the request, and takes its time.
        let arrived = ledger.wait_until(Duration::from_secs(10), |ledger| {
            server.simulator.faults().iter().any(|one| one.struck > 0) || !ledger.sends().is_empty()
        });
        assert!(arrived.await);
        server.ask_to_stop().await;
    };
    let (answer, ()) = tokio::join!(sending, stopping);
    assert_eq!(answer.status, 200, "{}", answer.text());
}
