//! Mailboxes: consent, its attacks, what a seller is shown, disconnecting.

use comms_core::{AccountId, OrganizationId};
use comms_server::auth::Role;
use http::Method;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use url::Url;

use crate::{
    google_double::{CALENDAR, GoogleDouble, MODIFY},
    support::{Answer, Client, TestServer},
};

const OAUTH: &str = "/api/comunicaciones/email/oauth";
const BEGIN: &str = "/api/comunicaciones/email/oauth/iniciar";
const CALLBACK: &str = "/api/comunicaciones/email/oauth/callback";
const ALL: &str = "/api/comunicaciones/admin/buzones";
const FRONT: &str = "https://app.example.com/correo?vista=1&gmail=";

async fn started() -> (TestServer, GoogleDouble) {
    let google = GoogleDouble::start();
    let server = TestServer::start_with(|settings| google.configure(settings)).await;
    (server, google)
}

/// The consent page that a seller is sent to.
async fn page(seller: &Client<'_>) -> String {
    let begun = seller.get(BEGIN).await.data();
    assert_eq!(begun["conectado"], false);
    begun["url"].as_str().unwrap().to_owned()
}

/// Where a browser without any token of ours is sent on to.
async fn returns(server: &TestServer, callback: &str) -> String {
    let answer = server.nobody().get(callback).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.header("location").to_owned()
}

async fn connected(server: &TestServer, google: &GoogleDouble, seller: &Client<'_>, email: &str) {
    let callback = google.consents(&page(seller).await, email, &format!("openid email {MODIFY} {CALENDAR}"));
    assert_eq!(returns(server, &callback).await, format!("{FRONT}ok"));
}

fn failed(code: &str) -> String {
    format!("{FRONT}error&code={code}")
}

fn own(answer: &Answer) -> Vec<Value> {
    answer.data().as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seller_connects_a_mailbox_and_sees_how_it_is() {
    let (server, google) = started().await;
    let seller = server.seller();
    let hinted = seller.get(&format!("{BEGIN}?buzon=ana%40example.com")).await.data();
    let hinted: Url = hinted["url"].as_str().unwrap().parse().unwrap();
    assert!(hinted.query_pairs().any(|(name, value)| name == "login_hint" && value == "ana@example.com"), "{hinted}");
    connected(&server, &google, &seller, "Ana@Example.com").await;
    let rows = own(&seller.get(OAUTH).await);
    assert_eq!(rows.len(), 1);
    let row = &rows[0];
    assert_eq!(
        (&row["buzon"], &row["estado"], &row["usuario_id"]),
        (&json!("ana@example.com"), &json!("activo"), &json!("7"))
    );
    assert_eq!((&row["motivo"], &row["reconectar"]), (&Value::Null, &json!(false)));
    assert_eq!(row["cuenta"], "gmail:ana@example.com");
    assert!(
        row["permisos"].as_array().unwrap().contains(&json!(CALENDAR)),
        "what was given before is kept in mind: {row}"
    );
    let other = server.client(&server.token("8", Role::Seller, None));
    assert!(own(&other.get(OAUTH).await).is_empty(), "another seller's");
    assert_eq!(own(&server.admin().get(ALL).await).len(), 1);
    assert_eq!(seller.get(ALL).await.status, 403);
    let accounts = server.running.state.repository.accounts(None).await.unwrap();
    let account = accounts.iter().find(|account| account.id == AccountId::of("gmail", "ana@example.com")).unwrap();
    assert_eq!(account.owner.as_ref().unwrap().as_str(), "7");
    // Nothing that an answer or the database shows is a secret.
    let shown = format!("{}{}", seller.get(OAUTH).await.text(), server.nobody().get("/health").await.text());
    assert!(!shown.contains("refresh of") && !shown.contains("access-first"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_that_was_denied_or_cut_down_connects_nothing() {
    let (server, google) = started().await;
    let seller = server.seller();
    let state = |page: &str| {
        let page: Url = page.parse().unwrap();
        page.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned()
    };
    let denied = format!("{CALLBACK}?error=access_denied&state={}", state(&page(&seller).await));
    assert_eq!(returns(&server, &denied).await, failed("acceso_denegado"));
    assert_eq!(returns(&server, &denied).await, failed("estado_invalido"), "a denial uses its state too");
    let odd = format!("{CALLBACK}?error=admin_policy_enforced&state={}", state(&page(&seller).await));
    assert_eq!(returns(&server, &odd).await, failed("google_rechaza"));
    let unticked = google.consents(&page(&seller).await, "ana@example.com", &format!("openid email {CALENDAR}"));
    assert_eq!(returns(&server, &unticked).await, failed("permisos_insuficientes"));
    let hourly = google.consents(&page(&seller).await, "ana@example.com", MODIFY);
    google.gives_for_an_hour();
    assert_eq!(returns(&server, &hourly).await, failed("sin_acceso_permanente"));
    assert!(own(&seller.get(OAUTH).await).is_empty());
    assert!(google.revoked().is_empty(), "the seller's Calendar would end with it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_and_a_code_work_once_and_only_together() {
    let (server, google) = started().await;
    let (ana, luis) = (server.seller(), server.client(&server.token("8", Role::Seller, None)));
    let callback = google.consents(&page(&ana).await, "ana@example.com", MODIFY);
    assert_eq!(returns(&server, &callback).await, format!("{FRONT}ok"));
    assert_eq!(returns(&server, &callback).await, failed("estado_invalido"), "replayed as it was");
    let code = callback.split_once("code=").unwrap().1;
    let fresh: Url = page(&luis).await.parse().unwrap();
    let state = fresh.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let stolen = format!("{CALLBACK}?state={state}&code={code}");
    assert_eq!(returns(&server, &stolen).await, failed("codigo_invalido"), "a used code under another's state");
    // Luis's own code with a state that Ana began: the verifier is Ana's, so that the code is worth nothing.
    let (of_ana, of_luis) = (page(&ana).await, page(&luis).await);
    let of_ana: Url = of_ana.parse().unwrap();
    let state = of_ana.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let code = google.consents(&of_luis, "luis@example.com", MODIFY);
    let mixed = format!("{CALLBACK}?state={state}&code={}", code.split_once("code=").unwrap().1);
    assert_eq!(returns(&server, &mixed).await, failed("codigo_invalido"));
    assert!(own(&luis.get(OAUTH).await).is_empty());
    let rows = own(&ana.get(OAUTH).await);
    assert_eq!(rows.len(), 1, "{rows:?}");
    for odd in
        ["", "?state=", "?code=x", "?state=nobody&code=x", "?state=%00&code=%00", "?state[]=a&state=b", "?%ff=%ff"]
    {
        assert_eq!(returns(&server, &format!("{CALLBACK}{odd}")).await, failed("estado_invalido"), "{odd}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_whose_time_is_over_is_worth_nothing() {
    let (server, google) = started().await;
    let seller = server.seller();
    let callback = google.consents(&page(&seller).await, "ana@example.com", MODIFY);
    // The database is put ten minutes on.
    let database =
        rusqlite::Connection::open(server.running.state.settings.database.data_dir.join("comms.sqlite")).unwrap();
    let over = (OffsetDateTime::now_utc() - Duration::seconds(1)).unix_timestamp() * 1_000_000;
    assert_eq!(database.execute("UPDATE comms_oauth_states SET expires_at = ?1", [over]).unwrap(), 1);
    assert_eq!(returns(&server, &callback).await, failed("estado_invalido"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_sent_anywhere_but_to_the_front_end() {
    let (server, google) = started().await;
    let seller = server.seller();
    let ours: Url = FRONT.parse().unwrap();
    let evil = "redirect=https%3A%2F%2Fevil.example.net&FRONTEND_URL=https%3A%2F%2Fevil.example.net&gmail=ok&next=%2F%2Fevil.example.net";
    let callback = google.consents(&page(&seller).await, "ana@example.com", MODIFY);
    let odd = [
        format!("{callback}&{evil}"),
        format!("{CALLBACK}?{evil}"),
        format!("{CALLBACK}?state=a%0d%0aLocation:%20https://evil.example.net&error=%0d%0aSet-Cookie:a"),
        format!("{CALLBACK}?error=https%3A%2F%2Fevil.example.net"),
    ];
    for callback in odd {
        let client =
            server.nobody().with("x-forwarded-host", "evil.example.net").with("origin", "https://evil.example.net");
        let answer = client.get(&callback).await;
        let place: Url = answer.header("location").parse().unwrap();
        assert_eq!((place.origin(), place.path()), (ours.origin(), ours.path()), "{place}");
        assert!(!place.as_str().contains("evil"), "{place}");
        assert!(answer.headers.get("set-cookie").is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_is_one_sellers() {
    let (server, google) = started().await;
    let (ana, luis) = (server.seller(), server.client(&server.token("8", Role::Seller, None)));
    connected(&server, &google, &ana, "ventas@example.com").await;
    let callback = google.consents(&page(&luis).await, "ventas@example.com", MODIFY);
    assert_eq!(returns(&server, &callback).await, failed("buzon_ocupado"));
    assert_eq!(luis.send(Method::DELETE, OAUTH, None).await.status, 404, "another seller's mailbox");
    assert_eq!(own(&ana.get(OAUTH).await).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_is_disconnected_here_and_where_asked_at_google() {
    let (server, google) = started().await;
    let seller = server.seller();
    connected(&server, &google, &seller, "ana@example.com").await;
    let done = seller.send(Method::DELETE, OAUTH, None).await.data();
    assert_eq!((&done["desconectados"], &done["revocado"]), (&json!(["ana@example.com"]), &json!(false)));
    assert!(google.revoked().is_empty());
    assert_eq!(seller.send(Method::DELETE, OAUTH, None).await.status, 404);

    connected(&server, &google, &seller, "ana@example.com").await;
    google.revocation_answers(500);
    let refused = seller.send(Method::DELETE, &format!("{OAUTH}?revocar=true"), None).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (502, "error_del_proveedor"));
    assert_eq!(own(&seller.get(OAUTH).await).len(), 1, "what was not taken back is not forgotten");
    google.revocation_answers(200);
    assert_eq!(seller.send(Method::DELETE, &format!("{OAUTH}?buzon=otro%40example.com"), None).await.status, 404);
    let done = seller.send(Method::DELETE, &format!("{OAUTH}?revocar=true&buzon=Ana%40example.com"), None).await.data();
    assert_eq!(done["revocado"], true);
    assert!(done["aviso"].as_str().unwrap().contains("Calendar"), "{done}");
    assert_eq!(google.revoked().last().unwrap(), "refresh of ana@example.com");
    assert!(own(&seller.get(OAUTH).await).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_that_ended_is_shown_with_its_reason() {
    let (server, google) = started().await;
    let seller = server.seller();
    connected(&server, &google, &seller, "ana@example.com").await;
    let healthy = server.nobody().get("/health").await.json();
    assert_eq!((&healthy["mailboxes"]["active"], &healthy["dependencies"]["gmail"]), (&json!(1), &json!("ok")));
    google.ends_permissions();
    let (organization, account) = (organization(&server), AccountId::of("gmail", "ana@example.com"));
    let credentials = &server.running.state.credentials;
    let first = credentials.token(&organization, &account).await.unwrap();
    expire(&server);
    // Another process, which holds nothing yet.
    let fresh = comms_server::startup::credentials(
        &server.running.state.settings,
        &server.running.state.registry,
        server.running.state.repository.clone(),
        server.running.state.clock.clone(),
    );
    let error = fresh.token(&organization, &account).await.unwrap_err();
    assert_eq!(error.provider_code(), Some("invalid_grant"));
    assert_eq!(google.refreshed(), 1);
    drop(first);
    let row = &own(&seller.get(OAUTH).await)[0];
    assert_eq!(
        (&row["estado"], &row["codigo"], &row["reconectar"]),
        (&json!("revocado"), &json!("invalid_grant"), &json!(true))
    );
    assert!(row["motivo"].as_str().unwrap().contains("conecte el buzón otra vez"), "{row}");
    let health = server.nobody().get("/health").await;
    assert_eq!((&health.json()["mailboxes"]["ended"], &health.json()["status"]), (&json!(1), &json!("ok")));
    assert!(!health.text().contains("ana@example.com"), "anybody may read it");
    // Connected again, all is well.
    connected(&server, &google, &seller, "ana@example.com").await;
    assert_eq!(own(&seller.get(OAUTH).await)[0]["estado"], "activo");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_other_back_end_has_is_used_without_a_consent() {
    let google = GoogleDouble::start();
    let server = TestServer::start_with(|settings| google.configure_back_end(settings)).await;
    let (ana, luis) = (server.seller(), server.client(&server.token("8", Role::Seller, None)));
    google.back_end_has("7", "ana@example.com");
    let begun = ana.get(BEGIN).await.data();
    assert_eq!((&begun["conectado"], &begun["url"]), (&json!(true), &json!(format!("{FRONT}ok"))));
    assert_eq!(own(&ana.get(OAUTH).await)[0]["estado"], "activo");
    // Whoever is not connected there is asked for a consent here.
    page(&luis).await;
    let asked = google.asked_back_end();
    expire(&server);
    let (organization, account) = (organization(&server), AccountId::of("gmail", "ana@example.com"));
    // As another process does: this one may have held a token since it read the mailbox.
    let state = &server.running.state;
    let (repository, clock) = (state.repository.clone(), state.clock.clone());
    let elsewhere = comms_server::startup::credentials(&state.settings, &state.registry, repository, clock);
    elsewhere.token(&organization, &account).await.unwrap();
    assert_eq!((google.asked_back_end(), google.refreshed()), (asked + 1, 0));
    let done = ana.send(Method::DELETE, &format!("{OAUTH}?revocar=true"), None).await.data();
    assert_eq!(done["revocado"], false);
    assert!(google.revoked().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_configured_says_what_is_missing() {
    let server = TestServer::start().await;
    let answer = server.seller().get(BEGIN).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (503, "canal_no_configurado"));
    let missing = answer.json()["details"]["faltan"].clone();
    assert_eq!(missing, json!(["GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET", "FRONTEND_URL"]));
    assert_eq!(server.nobody().get(CALLBACK).await.status, 503);
    assert_eq!(server.nobody().get(BEGIN).await.status, 401);
    let google = GoogleDouble::start();
    let server = TestServer::start_with(|settings| {
        google.configure(settings);
        settings.encryption.key = None;
    })
    .await;
    assert_eq!(server.seller().get(BEGIN).await.code(), "cifrado_no_configurado");
}

fn organization(server: &TestServer) -> OrganizationId {
    server.running.state.settings.organization.id.clone()
}

/// Every access token that is stored is at its end.
fn expire(server: &TestServer) {
    let file = server.running.state.settings.database.data_dir.join("comms.sqlite");
    let database = rusqlite::Connection::open(file).unwrap();
    let now = OffsetDateTime::now_utc().unix_timestamp() * 1_000_000;
    // A change that this process notices: what it holds is of another version.
    database.execute("UPDATE comms_credentials SET access_until = ?1, version = version + 1", [now]).unwrap();
}
