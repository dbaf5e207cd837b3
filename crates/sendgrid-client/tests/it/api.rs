//! Requests as SendGrid takes them, and what is made of its answers.

use comms_http::{ErrorKind, Outcome, pages};
use futures_util::TryStreamExt;
use sendgrid_client::{
    Mail,
    api::batches::Stop,
    model::{group::Group, settings::ParseSetting, suppression::SuppressionList, template::Version},
};
use serde_json::json;

use crate::support::{answer, client, header, ok, posted, taken};

fn mail() -> Mail {
    Mail::new("ventas@example.org").to("ana@example.com").subject("Presupuesto").text("Hola")
}

#[tokio::test]
async fn a_mail_is_one_request_with_the_key() {
    let (client, script) = client([taken()]);
    let sent = client.mail().send(&mail()).await.unwrap();
    assert_eq!((sent.message_id.as_str(), sent.sandbox), ("Ua9z9lSTSaqYBWJe_Xfc-Q", false));
    let request = script.only();
    assert_eq!(request.url.as_str(), "https://api.sendgrid.com/v3/mail/send");
    assert_eq!(header(&request, "authorization"), Some("Bearer SG.an-invented-key"));
    assert_eq!(
        posted(&request),
        json!({
            "personalizations": [{"to": [{"email": "ana@example.com"}]}],
            "from": {"email": "ventas@example.org"},
            "subject": "Presupuesto",
            "content": [{"type": "text/plain", "value": "Hola"}],
        })
    );
}

#[tokio::test]
async fn what_was_taken_without_an_id_is_not_sent_again() {
    let (client, script) = client([answer(202, "")]);
    let error = client.mail().send(&mail()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Unknown));
    assert_eq!(script.requests().len(), 1);
}

#[tokio::test]
async fn a_mail_for_the_sandbox_needs_no_id() {
    let (client, script) = client([answer(200, "")]);
    assert!(client.mail().send(&mail().sandbox()).await.unwrap().sandbox);
    assert_eq!(posted(&script.only())["mail_settings"], json!({"sandbox_mode": {"enable": true}}));
}

#[tokio::test]
async fn a_server_error_is_not_repeated_and_a_throttle_is() {
    let (first, script) = client([answer(500, "{}")]);
    assert_eq!(first.mail().send(&mail()).await.unwrap_err().outcome(), Outcome::Unknown);
    assert_eq!(script.requests().len(), 1);

    let (second, script) =
        client([answer(429, r#"{"errors":[{"message":"too many requests","field":null}]}"#), taken()]);
    second.mail().send(&mail()).await.unwrap();
    assert_eq!(script.requests().len(), 2);
}

#[tokio::test]
async fn what_would_be_refused_makes_no_request() {
    let (client, script) = client([]);
    let error = client.mail().send(&Mail::new("ventas@example.org").subject("a").text("b")).await.unwrap_err();
    assert_eq!(error.field_name(), Some("personalizations"));
    assert!(script.requests().is_empty());
}

#[tokio::test]
async fn a_subuser_is_named() {
    let (client, script) = client([taken()]);
    client.on_behalf_of("sucursal").mail().send(&mail()).await.unwrap();
    assert_eq!(header(&script.only(), "on-behalf-of"), Some("sucursal"));
}

#[tokio::test]
async fn a_batch_is_made_stopped_and_stopped_otherwise() {
    let already = r#"{"errors":[{"field":"batch_id","message":"a status for this batch id already exists"}]}"#;
    let (client, script) = client([
        ok(&json!({"batch_id": "b1"})),
        answer(201, r#"{"batch_id":"b1","status":"pause"}"#),
        answer(400, already),
        answer(204, ""),
        ok(&json!([{"batch_id": "b1", "status": "cancel"}])),
        answer(204, ""),
        answer(404, r#"{"errors":[{"message":"invalid batch id"}]}"#),
    ]);
    let batches = client.batches();
    let id = batches.create().await.unwrap();
    batches.stop(&id, Stop::Pause).await.unwrap();
    batches.stop(&id, Stop::Cancel).await.unwrap();
    assert_eq!(batches.stopped().await.unwrap()[0].status, Stop::Cancel);
    batches.resume(&id).await.unwrap();
    assert!(!batches.exists("b2").await.unwrap());
    let requests = script.requests();
    assert_eq!(posted(&requests[1]), json!({"batch_id": "b1", "status": "pause"}));
    assert_eq!((requests[3].method.as_str(), posted(&requests[3])), ("PATCH", json!({"status": "cancel"})));
    assert!(requests[3].url.path().ends_with("/v3/user/scheduled_sends/b1"));
}

#[tokio::test]
async fn suppressions_are_read_page_by_page() {
    let page: Vec<_> = (0..500).map(|at| json!({"email": format!("a{at}@example.com"), "created": at})).collect();
    let (client, script) = client([ok(&json!(page)), ok(&json!([{"email": "z@example.com", "reason": "550 5.1.1"}]))]);
    let suppressions = client.suppressions();
    let all: Vec<_> = pages(|cursor| {
        let suppressions = &suppressions;
        async move { suppressions.page(SuppressionList::Bounces, cursor.as_deref()).await }
    })
    .try_collect()
    .await
    .unwrap();
    assert_eq!((all.len(), all[500].email.as_str()), (501, "z@example.com"));
    assert_eq!(
        script.urls(),
        ["0", "500"].map(|at| format!("https://api.sendgrid.com/v3/suppression/bounces?limit=500&offset={at}"))
    );
}

#[tokio::test]
async fn an_address_is_looked_up_added_and_taken_off() {
    let (client, script) = client([
        ok(&json!([{"email": "ana@example.com", "created": 1, "status": "5.1.1"}])),
        ok(&json!({})),
        ok(&json!({"recipient_email": "luis@example.com"})),
        answer(201, "{}"),
        answer(204, ""),
        answer(204, ""),
    ]);
    let all = client.suppressions();
    assert_eq!(all.get(SuppressionList::Bounces, "ana@example.com").await.unwrap()[0].status.as_deref(), Some("5.1.1"));
    assert!(all.get(SuppressionList::Unsubscribes, "ana@example.com").await.unwrap().is_empty());
    let held = all.get(SuppressionList::Unsubscribes, "luis@example.com").await.unwrap();
    assert_eq!(held[0].recipient(), "luis@example.com");
    all.unsubscribe(&["ana@example.com"]).await.unwrap();
    all.remove(SuppressionList::SpamReports, "ana@example.com").await.unwrap();
    all.remove(SuppressionList::Unsubscribes, "ana@example.com").await.unwrap();
    let paths: Vec<_> = script.requests().iter().map(|request| request.url.path().to_owned()).collect();
    assert_eq!(paths[4], "/v3/suppression/spam_reports/ana@example.com");
    assert_eq!(paths[5], "/v3/asm/suppressions/global/ana@example.com");
}

#[tokio::test]
async fn templates_and_groups_are_kept() {
    let template = json!({"id": "d-1", "name": "pedido", "generation": "dynamic",
        "versions": [{"id": "v1", "template_id": "d-1", "active": 1, "name": "uno", "subject": "Hola {{nombre}}"}]});
    let next = "https://api.sendgrid.com/v3/templates?page_size=200&page_token=abc";
    let (client, script) = client([
        ok(&json!({"result": [template.clone()], "_metadata": {"next": next}})),
        ok(&template),
        answer(201, template["versions"][0].to_string()),
        answer(201, r#"{"id":7,"name":"ofertas","description":"Ofertas","is_default":false}"#),
        answer(201, "{}"),
        answer(204, ""),
    ]);
    let page = client.templates().page(None).await.unwrap();
    assert_eq!((page.items[0].active().unwrap().id.as_str(), page.next.as_deref()), ("v1", Some("abc")));
    assert_eq!(client.templates().get("d-1").await.unwrap().versions.len(), 1);
    let version = Version { name: "uno".to_owned(), subject: "Hola {{nombre}}".to_owned(), ..Version::default() };
    client.templates().add_version("d-1", &version).await.unwrap();
    assert!(client.templates().add_version("d-1", &Version::default()).await.is_err());
    let group = Group { name: "ofertas".to_owned(), description: "Ofertas".to_owned(), ..Group::default() };
    assert_eq!(client.groups().create(&group).await.unwrap().id, Some(7));
    client.groups().unsubscribe(7, &["ana@example.com"]).await.unwrap();
    client.groups().resubscribe(7, "ana@example.com").await.unwrap();
    assert!(script.urls()[5].ends_with("/v3/asm/groups/7/suppressions/ana@example.com"));
}

#[tokio::test]
async fn keys_of_webhooks_are_asked_for() {
    let key = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE";
    let (client, _) = client([
        ok(&json!({"id": "e1", "public_key": key})),
        answer(201, json!({"policy": {"id": "p1", "name": "entrada", "signature": {"public_key": key}}}).to_string()),
        answer(201, r#"{"hostname":"entrada.example.org","url":"https://example.org/x","send_raw":true}"#),
    ]);
    assert_eq!(client.webhooks().event_key("e1").await.unwrap().public_key, key);
    let policy = client.webhooks().create_policy("entrada").await.unwrap();
    assert_eq!(policy.signature.unwrap().public_key, key);
    let setting = ParseSetting { security_policy: Some(policy.id), ..ParseSetting::default() };
    assert!(client.webhooks().create_parse_setting(&setting).await.unwrap().send_raw);
}

#[tokio::test]
async fn an_id_from_outside_stays_one_segment() {
    let (client, script) = client([answer(404, "{}")]);
    assert!(client.templates().get("..").await.is_err());
    client.templates().get("../user/profile?x=y").await.unwrap_err();
    assert_eq!(script.only().url.path(), "/v3/templates/..%2Fuser%2Fprofile%3Fx=y");
}
