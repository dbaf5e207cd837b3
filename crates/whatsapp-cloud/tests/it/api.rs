//! Each operation: its path, its request, its answer.

use comms_http::{Body, ErrorKind, Outcome, Request, Secret, signature};
use futures_util::TryStreamExt;
use http::Method;
use serde_json::{Value, json};
use whatsapp_cloud::{
    Message,
    api::templates::TemplateFilter,
    model::{
        phone_number::{CodeMethod, QualityRating, Registration, Settings},
        profile::{Profile, QrImage},
        sent::MessageStatus,
        template::{ComponentDefinition, NewTemplate, TemplateCategory, TemplateChange, TemplateStatus},
    },
};

use crate::support::{ACCOUNT, APP, NUMBER, Script, TOKEN, answer, builder, client, header, json_body, ok};

fn done() -> Value {
    json!({ "success": true })
}

/// Method, path below the version, and JSON body.
fn said(request: &Request) -> (Method, String, Value) {
    let path = request.url.path().strip_prefix("/v26.0/").unwrap();
    let body = match &request.body {
        Body::Empty => Value::Null,
        _ => json_body(request),
    };
    (request.method.clone(), path.to_owned(), body)
}

fn query(request: &Request, name: &str) -> Option<String> {
    let pair = request.url.query_pairs().find(|(key, _)| key == name)?;
    Some(pair.1.into_owned())
}

#[tokio::test]
async fn send_posts_the_message_with_the_token() {
    let (client, script) = client([ok(&json!({
        "messaging_product": "whatsapp",
        "contacts": [{ "input": "+34600000000", "wa_id": "34600000000" }],
        "messages": [{ "id": "wamid.1", "message_status": "held_for_quality_assessment" }],
    }))]);
    let message = Message::text("hola").to("+34600000000");
    let sent = client.messages().send(&message).await.unwrap();
    assert_eq!(sent.id(), "wamid.1");
    assert_eq!(sent.status(), Some(&MessageStatus::HeldForQualityAssessment));
    assert_eq!(sent.contacts[0].wa_id.as_deref(), Some("34600000000"));
    assert_eq!(sent.contacts[0].user_id, None);
    let request = script.only();
    assert_eq!(request.url.as_str(), format!("https://graph.facebook.com/v26.0/{NUMBER}/messages"));
    assert_eq!(header(&request, "authorization"), Some(&*format!("Bearer {TOKEN}")));
    assert_eq!(json_body(&request), serde_json::to_value(&message).unwrap());
}

#[tokio::test]
async fn an_answer_with_new_fields_and_without_a_phone_is_read() {
    let (client, _) = client([ok(&json!({
        "messaging_product": "whatsapp", "novelty": 1,
        "contacts": [{ "input": "ES.1", "user_id": "ES.1", "parent_user_id": "ES.ENT.2" }],
        "messages": [{ "id": "wamid.1", "group_id": "g", "message_status": "thinking" }],
    }))]);
    let sent = client.messages().send(&Message::text("a").to_user("ES.1")).await.unwrap();
    assert_eq!(sent.contacts[0].user_id.as_deref(), Some("ES.1"));
    assert_eq!(sent.contacts[0].extra["parent_user_id"], "ES.ENT.2");
    assert_eq!(sent.status(), Some(&MessageStatus::Other("thinking".into())));
}

#[tokio::test]
async fn read_and_typing_are_one_endpoint() {
    let (client, script) = client([ok(&done()), ok(&done())]);
    client.messages().mark_read("wamid.1").await.unwrap();
    client.messages().typing("wamid.1").await.unwrap();
    let path = format!("{NUMBER}/messages");
    let mut body = json!({ "messaging_product": "whatsapp", "status": "read", "message_id": "wamid.1" });
    let requests = script.requests();
    assert_eq!(said(&requests[0]), (Method::POST, path.clone(), body.clone()));
    body["typing_indicator"] = json!({ "type": "text" });
    assert_eq!(said(&requests[1]), (Method::POST, path, body));
}

#[tokio::test]
async fn a_success_that_is_none_is_an_error() {
    let (client, _) = client([ok(&json!({ "success": false }))]);
    let error = client.messages().mark_read("wamid.1").await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Provider, Outcome::Rejected));
}

#[tokio::test]
async fn another_number_base_version_and_proof_are_one_setting_each() {
    let script = Script::new([ok(&done())]);
    let client =
        builder(&script).base_url("http://127.0.0.1:4010/meta/").version("v25.0").appsecret_proof().build().unwrap();
    client.for_number("7").messages().mark_read("wamid.1").await.unwrap();
    let request = script.only();
    assert_eq!(request.url.path(), "/meta/v25.0/7/messages");
    let proof = signature::hmac_sha256_hex(&Secret::from("an-invented-app-secret"), TOKEN.as_bytes());
    assert_eq!(query(&request, "appsecret_proof"), Some(proof));
}

#[tokio::test]
async fn an_id_from_outside_stays_one_segment() {
    let (client, script) = client([ok(&done())]);
    client.media().delete("7/../me?x=1#y").await.unwrap();
    assert_eq!(script.only().url.path(), "/v26.0/7%2F..%2Fme%3Fx=1%23y");
    for id in ["", ".", ".."] {
        let (client, script) = crate::support::client([]);
        assert_eq!(client.media().delete(id).await.unwrap_err().field_name(), Some("id"));
        assert!(script.requests().is_empty());
    }
}

#[tokio::test]
async fn templates_come_page_by_page() {
    let template = |id: &str| {
        json!({ "id": id, "name": "cita", "language": "es", "status": "APPROVED", "category": "UTILITY",
            "components": [{ "type": "BODY", "text": "Hola" }] })
    };
    let next = "https://graph.facebook.com/v26.0/1/message_templates?after=b";
    let (client, script) = client([
        ok(
            &json!({ "data": [template("1"), template("2")], "paging": { "cursors": { "before": "a", "after": "b" }, "next": next } }),
        ),
        ok(&json!({ "data": [template("3")], "paging": { "cursors": { "before": "b", "after": "c" } } })),
    ]);
    let found: Vec<_> = client.templates().list(TemplateFilter::usable()).try_collect().await.unwrap();
    let ids: Vec<_> = found.iter().map(|template| template.id.as_str()).collect();
    assert_eq!(ids, ["1", "2", "3"]);
    assert_eq!(found[0].body(), Some("Hola"));
    let requests = script.requests();
    assert_eq!(said(&requests[0]), (Method::GET, format!("{ACCOUNT}/message_templates"), Value::Null));
    assert_eq!(query(&requests[0], "status").as_deref(), Some("APPROVED"));
    assert_eq!((query(&requests[0], "after"), query(&requests[1], "after")), (None, Some("b".into())));
}

#[tokio::test]
async fn a_list_that_leads_back_to_itself_ends() {
    let page = json!({ "data": [{ "messaging_product": "whatsapp", "wa_id": "34600000000" }],
        "paging": { "cursors": { "after": "a" }, "next": "https://graph.facebook.com/x" } });
    let (client, _) = client([ok(&page), ok(&page)]);
    let blocked: Vec<_> = client.block_users().list().try_collect().await.unwrap();
    assert_eq!(blocked.len(), 2);
}

#[tokio::test]
async fn templates_are_created_changed_and_deleted() {
    let created = json!({ "id": "7", "status": "PENDING", "category": "MARKETING" });
    let (client, script) = client([ok(&created), ok(&done()), ok(&done()), ok(&done())]);
    let templates = client.templates();
    let new = NewTemplate::new("cita", "es", TemplateCategory::Utility).component(ComponentDefinition::body("Hola"));
    let created = templates.create(&new).await.unwrap();
    assert_eq!((created.status, created.category), (TemplateStatus::Pending, TemplateCategory::Marketing));
    let change =
        TemplateChange { components: Some(vec![ComponentDefinition::body("Adiós")]), ..TemplateChange::default() };
    templates.edit("7", &change).await.unwrap();
    templates.delete("cita").await.unwrap();
    templates.delete_by_id("cita", "7").await.unwrap();
    let requests = script.requests();
    let body = json!({ "name": "cita", "language": "es", "category": "UTILITY", "components": [{ "type": "BODY", "text": "Hola" }] });
    assert_eq!(said(&requests[0]), (Method::POST, format!("{ACCOUNT}/message_templates"), body));
    assert_eq!(
        said(&requests[1]),
        (Method::POST, "7".into(), json!({ "components": [{ "type": "BODY", "text": "Adiós" }] }))
    );
    assert_eq!(requests[2].url.query(), Some("name=cita"));
    assert_eq!(requests[3].url.query(), Some("name=cita&hsm_id=7"));
    assert_eq!(requests[3].method, Method::DELETE);
}

#[tokio::test]
async fn numbers_are_read_registered_and_verified() {
    let number =
        json!({ "id": NUMBER, "display_phone_number": "+34 600 000 000", "quality_rating": "GREEN", "username": null });
    let (client, script) = client([
        ok(&number),
        ok(&done()),
        ok(&done()),
        ok(&done()),
        ok(&done()),
        ok(&json!({ "success": true, "id": "1" })),
    ]);
    let numbers = client.phone_numbers();
    assert_eq!(numbers.get().await.unwrap().quality_rating, Some(QualityRating::Green));
    numbers.register(&Registration::new("123456").region("DE")).await.unwrap();
    numbers.deregister().await.unwrap();
    numbers.set_pin(&Secret::from("123456")).await.unwrap();
    numbers.request_code(CodeMethod::Voice, "es_ES").await.unwrap();
    numbers.verify_code("123456").await.unwrap();
    let requests = script.requests();
    assert!(query(&requests[0], "fields").unwrap().contains("quality_rating,"));
    let posted: Vec<_> = requests[1..].iter().map(said).collect();
    let post = |path: &str, body: Value| (Method::POST, format!("{NUMBER}{path}"), body);
    assert_eq!(
        posted,
        [
            post(
                "/register",
                json!({ "messaging_product": "whatsapp", "pin": "123456", "data_localization_region": "DE" })
            ),
            post("/deregister", Value::Null),
            post("", json!({ "pin": "123456" })),
            post("/request_code", json!({ "code_method": "VOICE", "language": "es_ES" })),
            post("/verify_code", json!({ "code": "123456" })),
        ]
    );
    assert_eq!(numbers.register(&Registration::new("12345a")).await.unwrap_err().field_name(), Some("pin"));
    assert!(!format!("{:?}", Registration::new("123456")).contains("123456"));
}

#[tokio::test]
async fn settings_keep_what_they_do_not_know() {
    let settings = json!({ "calling": { "status": "enabled" }, "novelty": { "status": "on" } });
    let (client, script) = client([ok(&settings), ok(&done())]);
    let read: Settings = client.phone_numbers().settings().await.unwrap();
    client.phone_numbers().change_settings(&read).await.unwrap();
    assert_eq!(said(&script.requests()[1]), (Method::POST, format!("{NUMBER}/settings"), settings));
}

#[tokio::test]
async fn a_profile_is_read_in_both_documented_shapes() {
    let profile = json!({ "messaging_product": "whatsapp", "about": "Seguros", "websites": ["https://example.com"] });
    let (client, script) = client([
        ok(&json!({ "data": [profile] })),
        ok(&json!({ "data": [{ "business_profile": profile }] })),
        ok(&done()),
    ]);
    for _ in 0..2 {
        let read = client.profile().get().await.unwrap();
        assert_eq!(read.about.as_deref(), Some("Seguros"));
    }
    let change = Profile { about: Some("Vida".into()), ..Profile::default() };
    client.profile().update(&change).await.unwrap();
    let body = json!({ "messaging_product": "whatsapp", "about": "Vida" });
    assert_eq!(said(&script.requests()[2]), (Method::POST, format!("{NUMBER}/whatsapp_business_profile"), body));
}

#[tokio::test]
async fn a_profile_that_was_read_can_be_written() {
    let profile = json!({ "messaging_product": "whatsapp", "about": "Seguros" });
    let (client, script) = client([ok(&json!({ "data": [profile] })), ok(&done())]);
    let read = client.profile().get().await.unwrap();
    client.profile().update(&read).await.unwrap();
    assert_eq!(json_body(&script.requests()[1]), profile);
}

#[tokio::test]
async fn an_override_subscribes_first() {
    let app = json!({ "whatsapp_business_api_data": { "id": APP, "name": "Desk", "link": "https://example.com" } });
    let (client, script) = client([ok(&done()), ok(&done()), ok(&json!({ "data": [app] })), ok(&done())]);
    let apps = client.subscribed_apps();
    apps.override_webhook("https://example.com/hook", &Secret::from("v")).await.unwrap();
    assert_eq!(apps.list().await.unwrap()[0].whatsapp_business_api_data.id, APP);
    apps.unsubscribe().await.unwrap();
    let path = format!("{ACCOUNT}/subscribed_apps");
    let said: Vec<_> = script.requests().iter().map(said).collect();
    let body = json!({ "override_callback_uri": "https://example.com/hook", "verify_token": "v" });
    assert_eq!(
        said,
        [
            (Method::POST, path.clone(), Value::Null),
            (Method::POST, path.clone(), body),
            (Method::GET, path.clone(), Value::Null),
            (Method::DELETE, path, Value::Null),
        ]
    );
    for uri in ["http://example.com", &format!("https://example.com/{}", "a".repeat(200))] {
        let error = apps.override_webhook(uri, &Secret::from("v")).await.unwrap_err();
        assert_eq!(error.field_name(), Some("override_callback_uri"));
    }
}

#[tokio::test]
async fn a_number_may_have_a_webhook_of_its_own() {
    let (client, script) = client([ok(&done())]);
    let token = Secret::from("v");
    client.phone_numbers().override_webhook("https://example.com/hook", &token).await.unwrap();
    let body = json!({ "webhook_configuration": { "override_callback_uri": "https://example.com/hook", "verify_token": "v" } });
    assert_eq!(said(&script.only()), (Method::POST, NUMBER.into(), body));
}

#[tokio::test]
async fn people_are_blocked_one_by_one() {
    let (client, script) = client([
        ok(&json!({ "messaging_product": "whatsapp", "block_users": {
            "added_users": [{ "input": "+34600000000", "wa_id": "34600000000" }],
            "failed_users": [{ "input": "ES.1", "errors": [{ "message": "no", "code": 139100, "error_data": { "details": "d" } }] }],
        }})),
        ok(&json!({ "block_users": { "removed_users": [{ "input": "+34600000000" }] } })),
    ]);
    let blocked = client.block_users().block(&["+34600000000", "ES.1"]).await.unwrap();
    assert_eq!(blocked.added_users.len(), 1);
    assert_eq!(blocked.failed_users[0].errors[0].code, Some(139_100));
    let body =
        json!({ "messaging_product": "whatsapp", "block_users": [{ "user": "+34600000000" }, { "user": "ES.1" }] });
    assert_eq!(said(&script.requests()[0]), (Method::POST, format!("{NUMBER}/block_users"), body));
    let unblocked = client.block_users().unblock(&["+34600000000"]).await.unwrap();
    assert_eq!(unblocked.removed_users.len(), 1);
    assert_eq!(script.requests()[1].method, Method::DELETE);
    assert!(client.block_users().block(&[]).await.is_err());
}

#[tokio::test]
async fn qr_codes_are_made_and_changed() {
    let code = json!({ "code": "ANED2T5QRU7HG1", "prefilled_message": "Hola", "deep_link_url": "https://wa.me/message/ANED2T5QRU7HG1" });
    let (client, script) =
        client([ok(&code), ok(&code), ok(&json!({ "data": [code] })), ok(&done()), ok(&json!({ "data": [] }))]);
    let codes = client.qr_codes();
    let made = codes.create("Hola", Some(QrImage::Svg)).await.unwrap();
    codes.update(&made.code, "Adiós").await.unwrap();
    assert_eq!(codes.get(&made.code).await.unwrap(), made);
    codes.delete(&made.code).await.unwrap();
    assert_eq!(codes.get("gone").await.unwrap_err().kind(), ErrorKind::InvalidRequest);
    let said: Vec<_> = script.requests().iter().take(4).map(said).collect();
    let path = format!("{NUMBER}/message_qrdls");
    assert_eq!(
        said,
        [
            (Method::POST, path.clone(), json!({ "prefilled_message": "Hola", "generate_qr_image": "SVG" })),
            (Method::POST, path.clone(), json!({ "code": "ANED2T5QRU7HG1", "prefilled_message": "Adiós" })),
            (Method::GET, format!("{path}/ANED2T5QRU7HG1"), Value::Null),
            (Method::DELETE, format!("{path}/ANED2T5QRU7HG1"), Value::Null),
        ]
    );
}

#[tokio::test]
async fn a_username_is_taken_and_given_up() {
    let name = json!({ "username": "diamond", "status": "approved" });
    let (client, script) = client([ok(&name), ok(&name), ok(&done())]);
    client.username().set("diamond", true).await.unwrap();
    assert_eq!(client.username().get().await.unwrap().status.as_deref(), Some("approved"));
    client.username().delete().await.unwrap();
    let body = json!({ "username": "diamond", "transfer_action": "force_transfer" });
    assert_eq!(said(&script.requests()[0]), (Method::POST, format!("{NUMBER}/username"), body));
}

#[tokio::test]
async fn an_upload_that_breaks_off_goes_on_where_it_was() {
    let (client, script) = client([
        ok(&json!({ "id": "upload:MTph?sig=ARZ" })),
        answer(502, "<html>"),
        ok(&json!({ "id": "upload:MTph?sig=ARZ", "file_offset": "2" })),
        ok(&json!({ "h": "4::aW1h" })),
    ]);
    let handle = client.uploads().upload("a.png", "image/png", "abcde").await.unwrap();
    assert_eq!(handle, "4::aW1h");
    let requests = script.requests();
    assert_eq!(requests[0].url.path(), format!("/v26.0/{APP}/uploads"));
    assert_eq!(query(&requests[0], "file_length").as_deref(), Some("5"));
    for request in &requests[1..] {
        assert_eq!((request.url.path(), request.url.query()), ("/v26.0/upload:MTph", Some("sig=ARZ")));
        assert_eq!(header(request, "authorization"), Some(&*format!("OAuth {TOKEN}")));
    }
    let sent = |at: usize| match &requests[at].body {
        Body::Bytes(bytes) => (header(&requests[at], "file_offset"), bytes.clone()),
        other => panic!("{other:?}"),
    };
    assert_eq!(sent(1), (Some("0"), "abcde".into()));
    assert_eq!(sent(3), (Some("2"), "cde".into()));
}
