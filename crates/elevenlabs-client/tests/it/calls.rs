//! Requests as ElevenLabs takes them: calls, batches, WhatsApp. None of them is made twice.

use comms_http::{ErrorKind, Outcome, pages};
use elevenlabs_client::{
    ClientData,
    model::{
        batch::{BatchStatus, NewBatch, NewRecipient},
        call::{OutboundCall, RegisterCall},
        conversation::Direction,
        whatsapp::WhatsAppMessage,
    },
};
use futures_util::TryStreamExt;
use serde_json::json;

use crate::support::{answer, client, data, json, ok, posted, stored, without_nulls};

const AGENT: &str = "agent_0000test0000agent0000000001";

fn marta() -> ClientData {
    ClientData::new().user("cust_42").variable("client_name", "Marta Ruiz")
}

#[tokio::test]
async fn a_call_is_placed_as_recorded() {
    let (client, script) = client([stored("twilio_outbound_call_response")]);
    let call = OutboundCall::new(AGENT, "phnum_test", "+15550001111").data(marta());
    let placed = client.twilio().call(&call).await.unwrap();
    assert_eq!(placed.conversation_id.as_deref(), Some("conv_0000test0000conv0000000001"));
    assert_eq!(placed.call_sid.as_deref(), Some("CA00000000000000000000000000000000"));
    let request = script.only();
    assert_eq!(request.url.path(), "/v1/convai/twilio/outbound-call");
    assert_eq!(posted(&request), json("rest/twilio_outbound_call_request.json"));
}

#[tokio::test]
async fn a_call_that_is_not_placed_is_an_error() {
    let (client, _) = client([ok(&json!({"success": false, "message": "The number cannot call"}))]);
    let call = OutboundCall::new(AGENT, "phnum_test", "+15550001111").ringing_timeout(30);
    let error = client.twilio().call(&call).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Provider, Outcome::Rejected));
    assert_eq!(error.message(), "The number cannot call");
}

#[tokio::test]
async fn what_calls_people_is_not_repeated() {
    let call = OutboundCall::new(AGENT, "phnum_test", "+15550001111");
    let (first, script) = client([answer(502, data("errors/502_html.txt").to_vec())]);
    assert_eq!(first.twilio().call(&call).await.unwrap_err().outcome(), Outcome::Unknown);
    assert_eq!(script.requests().len(), 1);

    let batch = NewBatch::new("Deliveries", AGENT, "phnum_test").recipient(NewRecipient::phone("+15550001111"));
    let (second, script) = client([answer(500, ""), answer(503, "")]);
    assert!(second.batch_calls().submit(&batch).await.is_err());
    assert!(second.batch_calls().retry("btcal_test1").await.is_err());
    assert_eq!(script.requests().len(), 2);

    // What was certainly not done is.
    let (third, script) =
        client([answer(429, data("errors/429_rate_limit.json").to_vec()), stored("twilio_outbound_call_response")]);
    third.twilio().call(&call).await.unwrap();
    assert_eq!(script.requests().len(), 2);
}

#[tokio::test]
async fn what_would_be_refused_makes_no_request() {
    let (client, script) = client([]);
    let calls = [
        ("agent_id", OutboundCall::new(" ", "phnum_test", "+15550001111")),
        ("agent_phone_number_id", OutboundCall::new(AGENT, "", "+15550001111")),
        ("to_number", OutboundCall::new(AGENT, "phnum_test", "")),
        ("dynamic_variables.a", OutboundCall::new(AGENT, "p", "+1").data(ClientData::new().variable("a", json!([])))),
    ];
    for (field, call) in calls {
        let error = client.twilio().call(&call).await.unwrap_err();
        assert_eq!((error.field_name(), error.operation_name()), (Some(field), Some("twilio.outbound-call")));
    }
    let batches = [
        ("call_name", NewBatch::new("", AGENT, "p").recipient(NewRecipient::phone("+1"))),
        ("recipients", NewBatch::new("a", AGENT, "p")),
        (
            "recipients.1.phone_number",
            NewBatch::new("a", AGENT, "p").recipient(NewRecipient::phone("+1")).recipient(NewRecipient::default()),
        ),
    ];
    for (field, batch) in batches {
        assert_eq!(client.batch_calls().submit(&batch).await.unwrap_err().field_name(), Some(field));
    }
    let message = WhatsAppMessage::new(AGENT, "100000000000001", "15550001111", "", "es");
    assert_eq!(client.whatsapp().send(&message).await.unwrap_err().field_name(), Some("template_name"));
    assert!(script.requests().is_empty());
}

#[tokio::test]
async fn a_call_of_ones_own_is_handed_over_as_twiml() {
    let twiml = "<?xml version=\"1.0\"?><Response><Connect/></Response>";
    let (client, script) = client([answer(200, twiml), ok(&json!(twiml)), answer(200, vec![0xff])]);
    let mut call = RegisterCall::new(AGENT, "+15550001111", "+15550002222");
    call.direction = Some(Direction::Inbound);
    assert_eq!(client.twilio().register(&call).await.unwrap(), twiml);
    assert_eq!(client.twilio().register(&call).await.unwrap(), twiml);
    assert_eq!(client.twilio().register(&call).await.unwrap_err().kind(), ErrorKind::Decode);
    assert_eq!(posted(&script.requests()[0])["direction"], "inbound");
}

#[tokio::test]
async fn a_batch_is_submitted_as_recorded() {
    let (client, script) = client([stored("batch_submit_response")]);
    let batch = NewBatch::new("Deliveries", AGENT, "phnum_test")
        .timezone("America/Bogota")
        .recipient(NewRecipient::phone("+15550001111").id("rcpt_test1").data(marta().variable("order_id", "4521")))
        .recipient(NewRecipient::phone("+15550003333"));
    let made = client.batch_calls().submit(&batch).await.unwrap();
    assert_eq!((made.id.as_str(), made.status, made.recipients.len()), ("btcal_test1", BatchStatus::Pending, 0));
    let request = script.only();
    assert_eq!(request.url.path(), "/v1/convai/batch-calling/submit");
    assert_eq!(posted(&request), without_nulls(&json("rest/batch_submit_request.json")));
}

#[tokio::test]
async fn batches_are_listed_looked_at_stopped_and_made_again() {
    let mut first = json("rest/batch_list.json");
    first["has_more"] = json!(true);
    first["next_doc"] = json!("doc_2");
    let (client, script) = client([
        ok(&first),
        stored("batch_list"),
        stored("batch_get_completed"),
        stored("batch_submit_response"),
        stored("batch_submit_response"),
        ok(&json!({})),
    ]);
    let batches = client.batch_calls();
    let all: Vec<_> = pages(|cursor| async move { batches.page(cursor.as_deref()).await }).try_collect().await.unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(batches.get("btcal_test1").await.unwrap().recipients.len(), 3);
    batches.cancel("btcal_test1").await.unwrap();
    batches.retry("btcal_test1").await.unwrap();
    batches.delete("btcal_test1").await.unwrap();
    let asked: Vec<_> = script
        .requests()
        .iter()
        .map(|request| format!("{} {}", request.method, &request.url[url::Position::BeforePath..]))
        .collect();
    assert_eq!(
        asked,
        [
            "GET /v1/convai/batch-calling/workspace?limit=100",
            "GET /v1/convai/batch-calling/workspace?limit=100&last_doc=doc_2",
            "GET /v1/convai/batch-calling/btcal_test1",
            "POST /v1/convai/batch-calling/btcal_test1/cancel",
            "POST /v1/convai/batch-calling/btcal_test1/retry",
            "DELETE /v1/convai/batch-calling/btcal_test1",
        ]
    );
}

#[tokio::test]
async fn elevenlabs_own_whatsapp_is_asked_as_recorded() {
    let (client, script) = client([stored("whatsapp_outbound_message_response"), stored("whatsapp_accounts")]);
    let summary = json("rest/get_conversation_summary.json")["transcript_summary"].clone();
    let data = ClientData::new()
        .user("cust_42")
        .variable("call_summary", summary)
        .variable("prior_conversation_id", "conv_0000test0000conv0000000001");
    let message = WhatsAppMessage::new(AGENT, "100000000000001", "15550001111", "call_follow_up", "es");
    let begun = client.whatsapp().send(&message.body(["Marta"]).data(data)).await.unwrap();
    assert_eq!(begun, "conv_0000test0000conv0000000002");
    assert_eq!(posted(&script.requests()[0]), json("rest/whatsapp_outbound_message_request.json"));
    let accounts = client.whatsapp().accounts().await.unwrap();
    assert_eq!((accounts[0].assigned_agent_id.as_deref(), accounts[0].is_token_expired), (Some(AGENT), false));
}
