//! The same mailboxes against the simulator's Google: its consent page, its tokens, its Gmail.

use std::sync::Arc;

use comms_core::{AccountId, Secret};
use comms_http::ReqwestTransport;
use comms_server::registry::MailboxTokens;
use comms_simulator::google::{CLIENT_ID, CLIENT_SECRET, Decision, MAILBOX};
use gmail_client::{Client, Config};
use serde_json::{Value, json};

use crate::support::TestServer;

const OAUTH: &str = "/api/comunicaciones/email/oauth";
const MODIFY: &str = "https://www.googleapis.com/auth/gmail.modify";

async fn started() -> TestServer {
    let server = TestServer::start_with(|settings| {
        settings.google.api_base = settings.whatsapp.api_base.clone();
        settings.google.client_id = Some(CLIENT_ID.to_owned());
        settings.google.client_secret = Some(Secret::from(CLIENT_SECRET));
        settings.http.frontend_url = Some("https://app.example.com/correo".parse().unwrap());
        settings.encryption.key = Some(Secret::from("5".repeat(64)));
    })
    .await;
    // Nobody has given anything before: it would be a part of what is given now.
    server.simulator.configure(|config| config.google.grants.clear());
    server
}

/// What becomes of a consent, as the front end is told.
async fn consent(server: &TestServer, decision: &Decision) -> String {
    let begun = server.seller().get(&format!("{OAUTH}/iniciar")).await.data();
    let back = server.simulator.google().consent(begun["url"].as_str().unwrap(), decision).unwrap();
    let callback = back.strip_prefix(&server.base).unwrap();
    let answer = server.nobody().get(callback).await;
    assert_eq!(answer.status, 303);
    answer.header("location").strip_prefix("https://app.example.com/correo?").unwrap().to_owned()
}

/// A client of the mailbox that takes its tokens from the credentials.
fn gmail(server: &TestServer) -> Client {
    let state = &server.running.state;
    let account = AccountId::of("gmail", MAILBOX);
    let tokens = MailboxTokens::new(state.credentials.clone(), state.settings.organization.id.clone(), account);
    let mut config = Config::new(CLIENT_ID, CLIENT_SECRET);
    config.api_base = server.simulator.url().to_owned();
    let transport = Arc::new(ReqwestTransport::ring().unwrap());
    Client::builder(config).transport(transport).token_provider(Arc::new(tokens)).build().unwrap()
}

async fn mailbox(server: &TestServer) -> Value {
    server.seller().get(OAUTH).await.data()[0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_opens_the_mailbox_until_it_is_taken_back() {
    let server = started().await;
    assert_eq!(consent(&server, &Decision::deny()).await, "gmail=error&code=acceso_denegado");
    let unticked = Decision::approve(MAILBOX).without(MODIFY);
    assert_eq!(consent(&server, &unticked).await, "gmail=error&code=permisos_insuficientes");
    assert_eq!(consent(&server, &Decision::approve(MAILBOX)).await, "gmail=ok");
    let gmail = gmail(&server);
    assert_eq!(gmail.mailbox().profile().await.unwrap().email_address, MAILBOX);
    // Google withdraws the access token before its end: another one is made, and the call succeeds.
    server.simulator.google().expire_tokens(MAILBOX);
    assert_eq!(gmail.mailbox().profile().await.unwrap().email_address, MAILBOX);
    assert_eq!(mailbox(&server).await["estado"], "activo");
    // The owner takes the permission back in the Google account.
    server.simulator.google().revoke(MAILBOX);
    let state = &server.running.state;
    let fresh = comms_server::startup::credentials(
        &state.settings,
        &state.registry,
        state.repository.clone(),
        state.clock.clone(),
    );
    let (organization, account) = (&state.settings.organization.id, AccountId::of("gmail", MAILBOX));
    let token = fresh.token(organization, &account).await.unwrap();
    assert!(fresh.discard(organization, &account, &token));
    assert_eq!(fresh.token(organization, &account).await.unwrap_err().provider_code(), Some("invalid_grant"));
    let row = mailbox(&server).await;
    assert_eq!((&row["estado"], &row["codigo"]), (&json!("revocado"), &json!("invalid_grant")));
    assert_eq!(consent(&server, &Decision::approve(MAILBOX)).await, "gmail=ok");
    assert_eq!(mailbox(&server).await["estado"], "activo");
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_tokens_that_google_changes_are_kept() {
    let server = started().await;
    server.simulator.configure(|config| config.google.oauth.rotate = true);
    assert_eq!(consent(&server, &Decision::approve(MAILBOX)).await, "gmail=ok");
    let state = &server.running.state;
    let (organization, account) = (&state.settings.organization.id, AccountId::of("gmail", MAILBOX));
    for _ in 0..3 {
        // Each in a process of its own: what the one before was given has to be in the store.
        let process = comms_server::startup::credentials(
            &state.settings,
            &state.registry,
            state.repository.clone(),
            state.clock.clone(),
        );
        let token = process.token(organization, &account).await.unwrap();
        assert!(process.discard(organization, &account, &token));
        process.token(organization, &account).await.unwrap();
    }
    assert_eq!(mailbox(&server).await["estado"], "activo");
}
