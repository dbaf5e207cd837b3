//! The double of Google over real HTTP, asked as Google is asked.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE};
use comms_http::ManualClock;
use comms_simulator::{
    Config, Fault, FaultRule, Simulator,
    faults::ProviderError,
    google::{
        ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET, Correspondent, Decision, Google, Letter, MAILBOX, REFRESH_TOKEN,
        SECOND_ACCESS_TOKEN, SECOND_MAILBOX, TOPIC,
    },
};
use serde_json::{Value, json};

use crate::support::{Answer, LIMIT, answer};

const NOW: i64 = 1_780_000_000;
const ASKED: &str = "https://www.googleapis.com/auth/gmail.modify openid email";

struct Mail {
    simulator: Simulator,
    clock: ManualClock,
    client: reqwest::Client,
}

impl Mail {
    fn new(change: impl FnOnce(&mut Config)) -> Self {
        let clock = ManualClock::at_unix(NOW);
        let mut config = Config { seed: Some(7), ..Config::default() };
        change(&mut config);
        let simulator = Simulator::start_with_clock(config, Arc::new(clock.clone())).unwrap();
        let client =
            reqwest::Client::builder().timeout(LIMIT).redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { simulator, clock, client }
    }

    fn google(&self) -> &Google {
        self.simulator.google()
    }

    fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.simulator.url());
        self.client.request(method.parse().unwrap(), url)
    }

    fn api(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.request(method, &format!("/gmail/v1/users/me/{path}")).bearer_auth(ACCESS_TOKEN)
    }

    async fn get(&self, path: &str) -> Value {
        let answer = answer(self.api("GET", path)).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        answer(self.api("POST", path).json(&body)).await
    }

    async fn token(&self, form: &[(&str, &str)]) -> Answer {
        let form: Vec<_> = form.iter().chain(&[("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)]).collect();
        answer(self.request("POST", "/token").form(&form)).await
    }

    fn consent_page(&self, more: &[(&str, &str)]) -> String {
        let mut url = url::Url::parse(&format!("{}/o/oauth2/v2/auth", self.simulator.url())).unwrap();
        let usual = [
            ("client_id", CLIENT_ID),
            ("redirect_uri", "https://example.org/back?x=1"),
            ("response_type", "code"),
            ("scope", ASKED),
            ("state", "s-1"),
            ("access_type", "offline"),
            ("prompt", "consent"),
        ];
        url.query_pairs_mut()
            .extend_pairs(usual.iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name)));
        url.query_pairs_mut().extend_pairs(more);
        url.to_string()
    }
}

fn parameter(location: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(location).unwrap();
    url.query_pairs().find(|(given, _)| given == name).map(|(_, value)| value.into_owned())
}

fn raw(text: &str) -> Value {
    json!({"raw": URL_SAFE.encode(text.replace('\n', "\r\n"))})
}

fn reason(answer: &Answer) -> (u16, String) {
    (answer.status, answer.body["error"]["errors"][0]["reason"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_consent_becomes_a_code_and_the_code_works_once() {
    let mail = Mail::new(|_| ());
    let challenge =
        [("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), ("code_challenge_method", "S256")];
    let page = mail.consent_page(&challenge);
    let html = mail.client.get(&page).send().await.unwrap().text().await.unwrap();
    assert!(html.contains("Simulated app wants access") && html.contains("gmail.modify"), "{html}");
    let location = mail.google().consent(&page, &Decision::approve(MAILBOX)).unwrap();
    assert!(location.starts_with("https://example.org/back?x=1&state=s-1&code=4"), "{location}");
    let code = parameter(&location, "code").unwrap();
    let exchange = |verifier| {
        [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", "https://example.org/back?x=1"),
            ("code_verifier", verifier),
        ]
    };
    let refused = mail.token(&exchange("another")).await;
    assert_eq!((refused.status, refused.body["error"].as_str()), (400, Some("invalid_grant")));
    let given = mail.token(&exchange("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")).await;
    assert_eq!(given.status, 200, "{}", given.body);
    assert_eq!(given.body["expires_in"], 3_599);
    assert!(given.body["refresh_token"].is_string() && given.body["id_token"].is_string());
    assert_eq!(mail.token(&exchange("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")).await.status, 400, "once");

    let token = given.body["access_token"].as_str().unwrap();
    let info = answer(mail.request("GET", "/oauth2/v3/userinfo").bearer_auth(token)).await.body;
    assert_eq!(info["email"], MAILBOX);
    let about = answer(mail.request("GET", &format!("/tokeninfo?access_token={token}"))).await.body;
    assert_eq!((about["aud"].as_str(), about["expires_in"].as_str()), (Some(CLIENT_ID), Some("3599")));
    mail.clock.advance(std::time::Duration::from_secs(3_600));
    let late = answer(mail.request("GET", "/gmail/v1/users/me/profile").bearer_auth(token)).await;
    assert_eq!(reason(&late), (401, "authError".to_owned()));
}

#[tokio::test]
async fn the_form_of_the_page_approves_denies_and_unticks() {
    let mail = Mail::new(|_| ());
    let asked = [
        ("client_id", CLIENT_ID),
        ("redirect_uri", "https://example.org/back"),
        ("response_type", "code"),
        ("state", "s"),
        ("scope", "https://www.googleapis.com/auth/gmail.modify https://www.googleapis.com/auth/gmail.send openid"),
    ];
    let decide = async |more: &[(&str, &str)]| {
        let form: Vec<_> = asked.iter().chain(more).collect();
        let response = mail.request("POST", "/o/oauth2/v2/auth").form(&form).send().await.unwrap();
        assert_eq!(response.status(), 302);
        response.headers()["location"].to_str().unwrap().to_owned()
    };
    let denied = decide(&[("decision", "deny")]).await;
    assert_eq!(parameter(&denied, "error").as_deref(), Some("access_denied"));
    let some = decide(&[
        ("decision", "approve"),
        ("ticked", "https://www.googleapis.com/auth/gmail.send"),
        ("account", SECOND_MAILBOX),
    ])
    .await;
    assert_eq!(parameter(&some, "scope").as_deref(), Some("https://www.googleapis.com/auth/gmail.send openid"));
    for (name, wrong) in
        [("client_id", "x"), ("redirect_uri", "no address"), ("scope", "made.up"), ("response_type", "token")]
    {
        let page = mail.client.get(mail.consent_page(&[(name, wrong)])).send().await.unwrap();
        assert_eq!(page.status(), 400, "{name}");
    }
}

#[tokio::test]
async fn a_grant_ends_by_revocation_and_by_a_new_password() {
    let mail = Mail::new(|_| ());
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", REFRESH_TOKEN)];
    let given = mail.token(&refresh).await;
    let token = given.body["access_token"].as_str().unwrap().to_owned();
    assert!(given.body.get("refresh_token").is_none());
    let revoked = answer(mail.request("POST", "/revoke").form(&[("token", &token)])).await;
    assert_eq!((revoked.status, &revoked.body), (200, &json!({})));
    assert_eq!(mail.token(&refresh).await.body["error"], "invalid_grant");
    assert_eq!(answer(mail.request("GET", "/gmail/v1/users/me/profile").bearer_auth(token)).await.status, 401);
    let again = answer(mail.request("POST", "/revoke").form(&[("token", REFRESH_TOKEN)])).await;
    assert_eq!((again.status, again.body["error"].as_str()), (400, Some("invalid_token")));

    mail.simulator.reset();
    assert_eq!(mail.token(&refresh).await.status, 200, "as at the start");
    mail.google().change_password(MAILBOX);
    assert_eq!(mail.token(&refresh).await.body["error"], "invalid_grant");
}

#[tokio::test]
async fn what_is_sent_arrives_in_threads_without_hidden_recipients() {
    let mail = Mail::new(|_| ());
    let sent = mail.post("messages/send", raw(&format!(
        "From: {MAILBOX}\nTo: {SECOND_MAILBOX}\nBcc: hidden@example.org\nSubject: Piso\nMessage-ID: <one@example.com>\n\nHola"
    ))).await;
    assert_eq!(sent.body["labelIds"], json!(["SENT"]), "{}", sent.body);
    let received = mail.google().stored(SECOND_MAILBOX).unwrap();
    assert_eq!((received.len(), received[0].message_id.as_deref()), (1, Some("one@example.com")));
    let bytes = mail.google().raw(SECOND_MAILBOX, &received[0].id).unwrap();
    assert!(!String::from_utf8_lossy(&bytes).contains("hidden@"));
    let accepted = mail.google().accepted();
    assert_eq!(accepted[0].recipients, [SECOND_MAILBOX, "hidden@example.org"]);
    assert_eq!(
        mail.simulator.ledger().sends()[0].send.as_ref().unwrap().callback_data.as_deref(),
        Some("one@example.com")
    );

    let reply = mail.request("POST", "/gmail/v1/users/me/messages/send").bearer_auth(SECOND_ACCESS_TOKEN);
    let mut body = raw(&format!(
        "To: {MAILBOX}\nSubject: Re: Piso\nIn-Reply-To: <one@example.com>\nReferences: <one@example.com>\n\nSí"
    ));
    body["threadId"] = json!(received[0].thread_id);
    let reply = answer(reply.json(&body)).await;
    assert_eq!(reply.body["threadId"], received[0].thread_id.as_str());
    let thread = mail.get(&format!("threads/{}", sent.body["threadId"].as_str().unwrap())).await;
    assert_eq!(thread["messages"].as_array().unwrap().len(), 2);
    assert_eq!(thread["messages"][1]["payload"]["headers"][0]["name"], "Message-ID");

    for (text, says) in [("Subject: x\n\ny", "Recipient address required"), ("To: nobody\n\ny", "Invalid To header")] {
        let refused = mail.post("messages/send", raw(text)).await;
        assert_eq!((refused.status, refused.body["error"]["message"].as_str()), (400, Some(says)));
    }
    assert_eq!(mail.post("messages/send", json!({"payload": {}})).await.status, 400);
}

#[tokio::test]
async fn uploads_come_simple_multipart_and_in_pieces() {
    let mail = Mail::new(|_| ());
    let message = format!("To: {SECOND_MAILBOX}\r\nSubject: x\r\n\r\n{}", "y".repeat(1_000));
    let to = |kind: &str| {
        mail.request("POST", &format!("/upload/gmail/v1/users/me/messages/send?uploadType={kind}"))
            .bearer_auth(ACCESS_TOKEN)
    };
    let simple = to("media").header("Content-Type", "message/rfc822").body(message.clone());
    assert_eq!(answer(simple).await.status, 200);
    let wrong = to("media").header("Content-Type", "application/octet-stream").body(message.clone());
    assert_eq!(answer(wrong).await.status, 400);
    let related = format!(
        "--B\r\nContent-Type: application/json\r\n\r\n{{}}\r\n--B\r\nContent-Type: message/rfc822\r\n\r\n{message}\r\n--B--"
    );
    let related = to("multipart").header("Content-Type", "multipart/related; boundary=B").body(related);
    assert_eq!(answer(related).await.status, 200);

    let begun = to("resumable").json(&json!({})).send().await.unwrap();
    let session = begun.headers()["location"].to_str().unwrap().to_owned();
    let put = |from: usize, until: usize| {
        let range = format!("bytes {from}-{}/{}", until - 1, message.len());
        mail.client
            .put(&session)
            .bearer_auth(ACCESS_TOKEN)
            .header("Content-Range", range)
            .body(message[from..until].to_owned())
    };
    let first = put(0, 500).send().await.unwrap();
    assert_eq!((first.status().as_u16(), first.headers()["range"].to_str().unwrap()), (308, "bytes=0-499"));
    assert_eq!(put(700, 900).send().await.unwrap().headers()["range"], "bytes=0-499", "a gap is not taken");
    let last = answer(put(400, message.len())).await;
    assert_eq!(last.status, 200, "{}", last.body);
    assert_eq!(mail.google().stored(SECOND_MAILBOX).unwrap().len(), 3);
    assert_eq!(mail.simulator.ledger().totals().sent, 3);
}

#[tokio::test]
async fn the_history_tells_of_every_change_until_it_is_forgotten() {
    let mail = Mail::new(|_| ());
    let start = mail.google().history_id(MAILBOX).unwrap();
    let id =
        mail.google().write(Letter::new("eva@example.org", MAILBOX, "Hola", "¿Sigue libre?").named("Eva")).unwrap();
    mail.post(&format!("messages/{id}/modify"), json!({"removeLabelIds": ["UNREAD"]})).await;
    mail.post(&format!("messages/{id}/trash"), json!({})).await;
    let all = mail.get(&format!("history?startHistoryId={start}")).await;
    let kinds: Vec<&str> = all["history"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|row| row.as_object().unwrap().keys())
        .map(String::as_str)
        .filter(|key| !["id", "messages"].contains(key))
        .collect();
    assert_eq!(kinds, ["messagesAdded", "labelsRemoved", "labelsAdded", "labelsRemoved"]);
    let added = mail.get(&format!("history?startHistoryId={start}&historyTypes=messageAdded&maxResults=1")).await;
    assert_eq!(added["history"].as_array().unwrap().len(), 1);
    assert!(added.get("nextPageToken").is_none());
    let paged = mail.get(&format!("history?startHistoryId={start}&maxResults=3")).await;
    assert!(paged["nextPageToken"].is_string());
    let last = all["historyId"].as_str().unwrap();
    assert!(mail.get(&format!("history?startHistoryId={last}")).await.get("history").is_none());
    mail.google().expire_history(MAILBOX).unwrap();
    let gone = answer(mail.api("GET", &format!("history?startHistoryId={start}"))).await;
    assert_eq!(reason(&gone), (404, "notFound".to_owned()));
    assert_eq!(mail.get(&format!("history?startHistoryId={last}")).await["historyId"], last);
}

#[tokio::test]
async fn messages_are_searched_shown_and_answered() {
    let mail = Mail::new(|config| {
        let eva = Correspondent {
            address: "eva@example.org".into(),
            answer: Some("Perfecto".into()),
            ..Correspondent::default()
        };
        let lost = Correspondent { address: "lost@example.org".into(), bounces: true, ..Correspondent::default() };
        config.google.people = vec![eva, lost];
    });
    let letter = Letter::new("eva@example.org", MAILBOX, "Año nuevo", "Hola <b>").html("<p>Hola</p>").file(
        "año.pdf",
        "application/pdf",
        b"%PDF",
    );
    let id = mail.google().write(letter).unwrap();
    for (query, found) in
        [("subject:año", 1), ("from:eva has:attachment is:unread", 1), ("from:bruno", 0), ("in:sent", 0)]
    {
        let list = mail.get(&format!("messages?q={query}")).await;
        assert_eq!(list["resultSizeEstimate"], found, "{query}");
    }
    let full = mail.get(&format!("messages/{id}")).await;
    assert_eq!(full["snippet"], "Hola &lt;b&gt;");
    let file = &full["payload"]["parts"][1];
    assert_eq!((file["filename"].as_str(), file["partId"].as_str()), (Some("año.pdf"), Some("1")));
    let path = format!("messages/{id}/attachments/{}", file["body"]["attachmentId"].as_str().unwrap());
    assert_eq!(mail.get(&path).await["data"], URL_SAFE.encode(b"%PDF"));
    mail.clock.advance(std::time::Duration::from_secs(4_000));
    assert_eq!(answer(mail.api("GET", &path)).await.status, 400, "the id has ended");
    let few =
        mail.get(&format!("messages/{id}?format=metadata&metadataHeaders=Subject&fields=id,payload/headers")).await;
    assert_eq!(few, json!({"id": id, "payload": {"headers": [{"name": "Subject", "value": "Año nuevo"}]}}));

    let answered = |text: &'static str| {
        move |google: &Google| google.stored(MAILBOX).unwrap().iter().any(|one| one.text.contains(text))
    };
    mail.post(
        "messages/send",
        raw("To: eva@example.org, lost@example.org\nSubject: Visita\nMessage-ID: <v@x>\n\n¿Mañana?"),
    )
    .await;
    assert!(mail.google().wait_until(LIMIT, answered("Perfecto")).await);
    assert!(mail.google().wait_until(LIMIT, answered("Address not found")).await);
    let threads = mail.get("threads?q=subject:visita").await;
    let thread = mail.get(&format!("threads/{}?format=minimal", threads["threads"][0]["id"].as_str().unwrap())).await;
    assert_eq!(thread["messages"].as_array().unwrap().len(), 2, "the answer is in the thread of the question");
}

#[tokio::test]
async fn many_calls_go_in_one_and_each_has_its_own_outcome() {
    let mail = Mail::new(|_| ());
    let id = mail.google().write(Letter::new("eva@example.org", MAILBOX, "x", "y")).unwrap();
    let limited = ProviderError { code: 429, ..ProviderError::default() };
    mail.simulator.inject(FaultRule::new("google.profile", Fault::Error(limited)).times(1));
    let part = |n: usize, call: &str| {
        format!("--b\r\nContent-Type: application/http\r\nContent-ID: <{n}>\r\n\r\n{call}\r\n\r\n")
    };
    let body = [
        part(1, &format!("GET /gmail/v1/users/me/messages/{id}?format=minimal")),
        part(2, &format!("POST /gmail/v1/users/me/messages/{id}/modify\r\nContent-Type: application/json\r\n\r\n{{\"addLabelIds\":[\"STARRED\"]}}")),
        part(3, "GET /gmail/v1/users/me/messages/none"),
        part(4, "GET /gmail/v1/users/me/profile"),
        "--b--".to_owned(),
    ].concat();
    let batch = mail
        .request("POST", "/batch/gmail/v1")
        .bearer_auth(ACCESS_TOKEN)
        .header("Content-Type", "multipart/mixed; boundary=b")
        .body(body);
    let text = batch.send().await.unwrap().text().await.unwrap();
    for expected in [
        "<response-1>",
        "<response-3>",
        "HTTP/1.1 200 OK",
        "HTTP/1.1 404 Not Found",
        "HTTP/1.1 429",
        "STARRED",
        "Retry after 2026-",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[tokio::test]
async fn quotas_scopes_and_faults_refuse_in_googles_words() {
    let mail = Mail::new(|config| {
        config.google.quota.units_per_minute = 100;
        config.google.tokens[1].scopes = vec!["https://www.googleapis.com/auth/gmail.metadata".into()];
    });
    let mut seen = Vec::new();
    for _ in 0..24 {
        let answer = answer(mail.api("GET", "messages")).await;
        seen.push(answer.status);
    }
    assert_eq!(seen.iter().filter(|status| **status == 200).count(), 20);
    assert!(seen.contains(&429) && seen.contains(&403), "{seen:?}");
    mail.clock.advance(std::time::Duration::from_secs(60));
    mail.get("messages").await;

    let second =
        |path: &str| mail.request("GET", &format!("/gmail/v1/users/me/{path}")).bearer_auth(SECOND_ACCESS_TOKEN);
    assert_eq!(reason(&answer(second("messages?q=x")).await).0, 403);
    assert_eq!(answer(second("messages")).await.status, 200);
    assert_eq!(reason(&answer(second("settings/sendAs")).await), (403, "insufficientPermissions".to_owned()));
    let other = mail.request("GET", &format!("/gmail/v1/users/{SECOND_MAILBOX}/profile")).bearer_auth(ACCESS_TOKEN);
    assert_eq!(reason(&answer(other).await), (403, "delegationDenied".to_owned()));

    let wait = ProviderError { code: 429, retry_after: Some(90), ..ProviderError::default() };
    mail.simulator.inject(FaultRule::new("google.profile", Fault::Error(wait)).times(1));
    let response = mail.api("GET", "profile").send().await.unwrap();
    assert_eq!(response.headers()["date"], "Thu, 28 May 2026 20:27:40 GMT");
    assert!(response.text().await.unwrap().contains("Retry after 2026-05-28T20:29:10.000Z"));
    let ended = ProviderError { details: Some("invalid_grant".into()), ..ProviderError::default() };
    mail.simulator.inject(FaultRule::new("google.oauth.token", Fault::Error(ended)).times(1));
    let refused = mail.token(&[("grant_type", "refresh_token"), ("refresh_token", REFRESH_TOKEN)]).await;
    assert_eq!((refused.status, refused.body["error"].as_str()), (400, Some("invalid_grant")));
    mail.api("GET", "profile?colour=red").send().await.unwrap();
    assert!(mail.simulator.ledger().violations()[0].what.contains("colour"));
}

#[tokio::test]
async fn the_controls_write_consent_and_expire() {
    let mail = Mail::new(|_| ());
    let control = async |path: &str, body: Value| {
        answer(mail.request("POST", &format!("/_simulator/google/{path}")).json(&body)).await
    };
    let written =
        control("write", json!({"from": "eva@example.org", "to": MAILBOX, "subject": "Hola", "text": "x"})).await;
    assert!(written.body["id"].is_string(), "{}", written.body);
    assert_eq!(control("write", json!({"from": "eva@example.org", "to": "nobody@example.com"})).await.status, 400);
    let back = control("consent", json!({"url": mail.consent_page(&[]), "account": SECOND_MAILBOX})).await;
    assert!(back.body["location"].as_str().unwrap().contains("code="));
    assert_eq!(control(&format!("mailboxes/{MAILBOX}/notify"), json!({})).await.status, 409, "nothing watches");
    mail.post("watch", json!({"topicName": TOPIC})).await;
    assert_eq!(control(&format!("mailboxes/{MAILBOX}/notify"), json!({})).await.status, 200);
    control(&format!("mailboxes/{MAILBOX}/expire-tokens"), json!({})).await;
    assert_eq!(answer(mail.api("GET", "profile")).await.status, 401);
    let held = answer(mail.request("GET", &format!("/_simulator/google/mailboxes/{MAILBOX}"))).await.body;
    assert_eq!(held["messages"][0]["subject"], "Hola");
}
