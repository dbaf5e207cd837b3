//! Many mailboxes at once: each is read with a token of its own, and what is in one is nobody else's. `cargo xtask bench --only mailboxes` does
//! it with a thousand, and looks at memory and connections.

use comms_server::auth::Role;
use comms_simulator::google::{CLIENT_ID, GivenGrant, Letter, Mailbox};
use serde_json::{Value, json};

use super::correo;
use crate::support::{HISTORY, TestServer};

const MAILBOXES: usize = 50;

fn address(number: usize) -> String {
    format!("vendedor{number}@example.com")
}

/// Fifty sellers, each with a mailbox, whose owners permitted it.
async fn connected() -> TestServer {
    let server = correo::server_with(|settings| {
        settings.http.rate_limit_per_minute = 1_000_000.try_into().unwrap();
        settings.gmail.strangers = true;
    })
    .await;
    server.simulator.configure(|config| {
        let google = &mut config.google;
        for number in 0..MAILBOXES {
            let account = address(number);
            google.mailboxes.push(Mailbox { address: account.clone(), ..Mailbox::default() });
            google.grants.push(GivenGrant {
                refresh_token: format!("1//{account}"),
                client_id: CLIENT_ID.to_owned(),
                account,
                scopes: vec!["https://www.googleapis.com/auth/gmail.modify".to_owned()],
            });
        }
    });
    for number in 0..MAILBOXES {
        let account = address(number);
        let letter = Letter::new("ana@example.net", &account, "Consulta", &format!("para {number}"));
        server.simulator.google().write(letter).unwrap();
        correo::connect(&server, "principal", &(100 + number).to_string(), &account, &format!("1//{account}")).await;
    }
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_mailboxes_are_read_each_for_its_own_seller() {
    let server = connected().await;
    let all = format!("{HISTORY}?canal=email&limit=200");
    let rows = |answer: &crate::support::Answer| answer.data().as_array().unwrap().clone();
    server.until_on(&all, |answer| (rows(answer).len() == MAILBOXES).then_some(())).await;
    let refreshed = server.simulator.ledger().received();
    let refreshed = refreshed.iter().filter(|call| call.endpoint.as_deref() == Some("google.oauth.token")).count();
    assert_eq!(refreshed, MAILBOXES, "each mailbox has a token of its own, made once");
    for number in [0, 7, MAILBOXES - 1] {
        let token = server.token(&(100 + number).to_string(), Role::Seller, None);
        let own = rows(&server.client(&token).get(&all).await);
        let said: Vec<&Value> = own.iter().map(|row| &row["contenido"]).collect();
        assert_eq!(said, [&json!(format!("para {number}"))], "{number}");
    }
    // One that is revoked stands still by itself.
    server.simulator.google().revoke(&address(3));
    for number in 0..MAILBOXES {
        if number != 3 {
            let letter = Letter::new("ana@example.net", &address(number), "Otra", &format!("otra para {number}"));
            server.simulator.google().write(letter).unwrap();
        }
        let account = comms_core::AccountId::of("gmail", &address(number));
        server.running.state.engine.poke(&account).await.unwrap();
    }
    server.until_on(&all, |answer| (rows(answer).len() == 2 * MAILBOXES - 1).then_some(())).await;
    let health = server.nobody().get("/health").await;
    assert_eq!(health.status, 200, "{}", health.text());
}
