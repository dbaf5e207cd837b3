//! Requests as ElevenLabs takes them, and what is made of its answers: conversations, agents, webhooks.

use comms_http::{DownloadLimits, ErrorKind, ExposeSecret, Outcome, pages};
use elevenlabs_client::{
    api::ConversationFilter,
    model::conversation::{ConversationStatus, Direction},
};
use futures_util::{StreamExt, TryStreamExt};
use serde_json::json;

use crate::support::{answer, client, data, header, ok, posted, stored};

const CONVERSATION: &str = "conv_0000test0000conv0000000001";

#[tokio::test]
async fn a_conversation_is_one_request_with_the_key() {
    let (client, script) = client([stored("get_conversation_done")]);
    let call = client.conversations().get(CONVERSATION).await.unwrap();
    assert_eq!((call.conversation_id.as_str(), call.status), (CONVERSATION, ConversationStatus::Done));
    let request = script.only();
    assert_eq!(request.url.as_str(), format!("https://api.elevenlabs.io/v1/convai/conversations/{CONVERSATION}"));
    assert_eq!(header(&request, "xi-api-key"), Some("sk_an-invented-key"));
}

#[tokio::test]
async fn conversations_are_read_page_by_page() {
    let (client, script) = client([stored("list_conversations_page1"), stored("list_conversations_page2")]);
    let filter = ConversationFilter::default().agent("agent_01").after(1_767_225_600).spoken().oldest_first();
    let all: Vec<_> = pages(|cursor| {
        let (conversations, filter) = (client.conversations(), &filter);
        async move { conversations.page(filter, cursor.as_deref()).await }
    })
    .try_collect()
    .await
    .unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(
        (all[0].direction.clone(), all[0].status.clone()),
        (Some(Direction::Outbound), ConversationStatus::Done)
    );
    let first = "https://api.elevenlabs.io/v1/convai/conversations?page_size=100&summary_mode=exclude&agent_id=agent_01\
                 &call_start_after_unix=1767225600&text_only=false&sort_direction=asc";
    assert_eq!(script.urls(), [first.to_owned(), first.replace("&agent_id", "&cursor=cur_2&agent_id")]);
}

#[tokio::test]
async fn every_filter_has_its_parameter() {
    let (client, script) = client([ok(&json!({"conversations": [], "has_more": false, "next_cursor": "x"}))]);
    let mut filter = ConversationFilter::default().user("cliente 42").before(9).variable("client_id", "42");
    filter.conversation_initiation_source = Some("twilio".to_owned());
    filter.exclude_statuses = vec![ConversationStatus::InProgress, ConversationStatus::Processing];
    filter.with_summaries = true;
    filter.page_size = Some(1_000);
    let page = client.conversations().page(&filter, None).await.unwrap();
    // A cursor without more behind it is the end.
    assert_eq!((page.items.len(), page.next), (0, None));
    let asked = script.only().url;
    let asked: Vec<_> = asked.query_pairs().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(
        asked,
        [
            "page_size=100",
            "summary_mode=include",
            "user_id=cliente 42",
            "call_start_before_unix=9",
            "conversation_initiation_source=twilio",
            "dynamic_variable_params=client_id:eq:42",
            "exclude_statuses=in-progress",
            "exclude_statuses=processing",
        ]
    );
}

#[tokio::test]
async fn an_element_that_cannot_be_read_hides_no_other() {
    let (client, _) =
        client([ok(&json!({"conversations": [7, {"conversation_id": "c1"}, {"status": "done"}], "has_more": true}))]);
    let page = client.conversations().page(&ConversationFilter::default(), None).await.unwrap();
    assert_eq!((page.items.len(), page.items[0].conversation_id.as_str(), page.next), (1, "c1", None));
}

#[tokio::test]
async fn a_summary_names_how_many_words_are_wanted() {
    let (client, script) = client([stored("get_conversation_summary"), stored("get_conversation_summary_omitted")]);
    let whole = client.conversations().summary(CONVERSATION, Some(20)).await.unwrap();
    assert_eq!(whole.messages[0].message, "Hola, soy Ana. ¿Hablo con Marta Ruiz?");
    assert!(client.conversations().summary(CONVERSATION, None).await.unwrap().messages_omitted);
    let path = format!("https://api.elevenlabs.io/v1/convai/conversations/{CONVERSATION}/summary");
    assert_eq!(script.urls(), [format!("{path}?max_messages=20"), path]);
}

#[tokio::test]
async fn a_recording_is_streamed_and_never_a_page() {
    let (client, script) = client([
        answer(200, "ID3…").header("content-type", "audio/mpeg"),
        answer(200, "<html>").header("content-type", "text/html"),
        answer(200, "ID3…").header("content-type", "audio/mpeg"),
        answer(404, data("errors/404_not_found.json").to_vec()),
    ]);
    let conversations = client.conversations();
    let limits = DownloadLimits::longest(100).only("audio/*");
    let file = conversations.audio(CONVERSATION, &limits).await.unwrap();
    assert_eq!(file.content_type.as_deref(), Some("audio/mpeg"));
    let bytes: Vec<u8> = file.body.map(|piece| piece.unwrap().to_vec()).concat().await;
    assert_eq!(bytes, "ID3…".as_bytes());
    assert!(conversations.audio(CONVERSATION, &limits).await.is_err());
    let error = conversations.audio(CONVERSATION, &DownloadLimits::longest(1)).await.unwrap();
    assert!(error.body.collect::<Vec<_>>().await[0].is_err());
    let error = conversations.audio(CONVERSATION, &limits).await.unwrap_err();
    assert_eq!((error.operation_name(), error.status()), (Some("conversations.audio"), Some(404)));
    assert!(script.urls()[0].ends_with("/audio"));
}

#[tokio::test]
async fn what_begins_a_conversation_is_a_secret() {
    let (client, script) = client([stored("get_signed_url"), stored("conversation_token")]);
    let url = client.conversations().signed_url("agent_01").await.unwrap();
    assert!(url.expose_secret().starts_with("wss://") && !format!("{url:?}").contains("cvtkn"));
    let token = client.conversations().token("agent_01").await.unwrap();
    assert_eq!(token.token.expose_secret(), "eyJ.test.token");
    assert!(!format!("{token:?}").contains("eyJ"));
    assert_eq!(
        script.urls(),
        ["get-signed-url", "token"]
            .map(|what| format!("https://api.elevenlabs.io/v1/convai/conversation/{what}?agent_id=agent_01"))
    );
}

#[tokio::test]
async fn a_conversation_is_deleted() {
    let (client, script) = client([ok(&json!({}))]);
    client.conversations().delete(CONVERSATION).await.unwrap();
    assert_eq!(script.only().method, "DELETE");
}

#[tokio::test]
async fn agents_are_listed() {
    let agent = json!({"agent_id": "agent_01", "name": "Ana", "tags": ["ventas"], "created_at_unix_secs": 1,
        "access_info": {"is_creator": true}});
    let (client, script) = client([ok(&json!({"agents": [agent], "next_cursor": "n", "has_more": true}))]);
    let page = client.agents().page(Some("an"), Some("c")).await.unwrap();
    assert_eq!((page.items[0].name.as_deref(), page.next.as_deref()), (Some("Ana"), Some("n")));
    assert_eq!(
        script.urls(),
        ["https://api.elevenlabs.io/v1/convai/agents?page_size=100&search=an&cursor=c".to_owned()]
    );
}

#[tokio::test]
async fn an_agent_says_what_may_be_overridden() {
    let overrides = json!({"conversation_config_override": {"agent": {"first_message": true, "language": "maybe"}, "conversation": {"text_only": false}}});
    let agent =
        json!({"agent_id": "agent_01", "name": "Ana", "platform_settings": {"overrides": overrides}, "workflow": {}});
    let (client, script) = client([ok(&agent), ok(&json!({"agent_id": "agent_01", "platform_settings": null}))]);
    let agent = client.agents().get("agent_01").await.unwrap();
    let may = agent.may_override();
    assert_eq!(
        (may.conversation.text_only, may.agent.first_message, may.agent.language),
        (Some(false), Some(true), None)
    );
    assert_eq!(client.agents().get("agent_01").await.unwrap().may_override().conversation.text_only, None);
    assert_eq!(script.urls()[0], "https://api.elevenlabs.io/v1/convai/agents/agent_01");
}

#[tokio::test]
async fn a_webhooks_secret_is_shown_once_and_not_printed() {
    let (client, script) = client([stored("create_webhook_response")]);
    let made = client.webhooks().create("llamadas", "https://example.org/webhook/elevenlabs").await.unwrap();
    assert_eq!(made.webhook_secret.as_ref().unwrap().expose_secret(), "wsec_TEST_not_a_real_secret");
    assert!(!format!("{made:?}").contains("not_a_real_secret"));
    assert_eq!(
        posted(&script.only())["settings"],
        json!({"auth_type": "hmac", "name": "llamadas", "webhook_url": "https://example.org/webhook/elevenlabs"})
    );
    let error = client.webhooks().create("llamadas", "http://example.org").await.unwrap_err();
    assert_eq!(error.field_name(), Some("webhook_url"));
}

#[tokio::test]
async fn what_reads_is_repeated_and_the_wait_is_honoured() {
    let busy = || answer(429, data("errors/429_system_busy.json").to_vec()).header("retry-after-ms", "1500");
    let (client, script) =
        client([answer(502, data("errors/502_html.txt").to_vec()), busy(), ok(&json!({"conversation_id": "c1"}))]);
    let before = client.clock().now();
    client.conversations().get("c1").await.unwrap();
    assert_eq!(script.requests().len(), 3);
    assert!((client.clock().now() - before).as_seconds_f64() >= 1.5);
}

#[tokio::test]
async fn an_error_names_its_call_and_its_code() {
    let (client, script) = client([answer(404, data("errors/404_not_found.json").to_vec())]);
    let error = client.conversations().summary("conv_gone", None).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::InvalidRequest, Outcome::Rejected));
    assert_eq!(
        error.to_string(),
        "elevenlabs conversations.summary: Conversation not found (HTTP 404, code conversation_not_found)"
    );
    assert_eq!(script.requests().len(), 1);
}

#[tokio::test]
async fn an_id_from_outside_stays_one_segment() {
    let (client, script) = client([answer(404, "{}")]);
    assert!(client.conversations().get("..").await.is_err());
    assert!(client.batch_calls().get("").await.is_err());
    client.conversations().get("../agents?x=y").await.unwrap_err();
    assert_eq!(script.only().url.path(), "/v1/convai/conversations/..%2Fagents%3Fx=y");
}
