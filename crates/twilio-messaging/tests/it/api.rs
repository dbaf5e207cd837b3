//! The operations, over a transport that answers from a script.

use comms_http::{ErrorKind, Outcome, RetryPolicy};
use futures_util::{StreamExt, TryStreamExt};
use http::Method;
use serde_json::json;
use time::{OffsetDateTime, macros::datetime};
use twilio_core::Form;
use twilio_messaging::{
    NewMessage,
    api::{media::DownloadLimits, messages::MessageFilter},
    model::{
        content::{ApprovalStatus, NewContent},
        message::{FeedbackOutcome, MessageStatus},
        new_message::{AddressRetention, ContentRetention, RiskCheck, TrafficType},
    },
};

use crate::support::{ACCOUNT, NOW, NUMBER, SERVICE, TO, answer, builder, client, config, ok, posted, values};

const SID: &str = "SM00000000000000000000000000000001";
const MEDIA: &str = "ME00000000000000000000000000000001";
const CONTENT: &str = "HX00000000000000000000000000000001";

fn created() -> crate::support::Answer {
    answer(201, json!({ "sid": SID, "status": "queued", "from": null }).to_string())
}

#[tokio::test]
async fn a_text_goes_out_from_the_configured_sender() {
    let (client, script) = client([created()]);
    let sent = client.messages().create(&NewMessage::text("¿Qué tal? & más").to(TO)).await.unwrap();
    assert_eq!((sent.sid.as_deref(), sent.status), (Some(SID), Some(MessageStatus::Queued)));
    assert_eq!(sent.from, None);
    let request = script.only();
    assert_eq!(request.method, Method::POST);
    assert_eq!(request.url.as_str(), format!("https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages.json"));
    let pairs = [("To", TO), ("From", NUMBER), ("Body", "¿Qué tal? & más")];
    assert_eq!(posted(&request), pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

/// Every parameter, in the order in which they are posted.
const EVERY: [(&str, &str); 28] = [
    ("To", TO),
    ("From", NUMBER),
    ("MessagingServiceSid", SERVICE),
    ("FallbackFrom", "2021"),
    ("Body", "hola"),
    ("MediaUrl", "https://example.com/1.png"),
    ("MediaUrl", "https://example.com/2.png"),
    ("ContentSid", CONTENT),
    ("ContentVariables", r#"{"1":"Ana \"la\" 👍"}"#),
    ("PersistentAction", "geo:1,2"),
    ("PersistentAction", "mailto:x"),
    ("ScheduleType", "fixed"),
    ("SendAt", "2025-10-09T09:53:20Z"),
    ("ValidityPeriod", "600"),
    ("StatusCallback", "https://example.org/sms"),
    ("ApplicationSid", "AP1"),
    ("ProvideFeedback", "true"),
    ("Attempt", "2"),
    ("ForceDelivery", "false"),
    ("ContentRetention", "discard"),
    ("AddressRetention", "obfuscate"),
    ("SmartEncoded", "true"),
    ("TrafficType", "free"),
    ("ShortenUrls", "true"),
    ("SendAsMms", "true"),
    ("RiskCheck", "disable"),
    ("MaxPrice", "0.05"),
    ("Tags", r#"{"a":"b"}"#),
];

#[tokio::test]
async fn every_parameter_has_twilios_name() {
    let (client, script) = client([created()]);
    let message = NewMessage::text("hola")
        .to(TO)
        .from(NUMBER)
        .messaging_service_sid(SERVICE)
        .fallback_from("2021")
        .media("https://example.com/1.png")
        .media("https://example.com/2.png")
        .action("geo:1,2")
        .action("mailto:x")
        .send_at(OffsetDateTime::from_unix_timestamp(NOW + 3_600).unwrap())
        .validity_period(600)
        .status_callback("https://example.org/sms")
        .application_sid("AP1")
        .provide_feedback(true)
        .attempt(2)
        .force_delivery(false)
        .content_retention(ContentRetention::Discard)
        .address_retention(AddressRetention::Obfuscate)
        .smart_encoded(true)
        .traffic_type(TrafficType::Free)
        .shorten_urls(true)
        .send_as_mms(true)
        .risk_check(RiskCheck::Disable)
        .max_price("0.05")
        .param("Tags", r#"{"a":"b"}"#);
    let message = message.content_sid(CONTENT).variable("1", "Ana \"la\" 👍");
    client.messages().create(&message).await.unwrap();
    assert_eq!(posted(&script.only()), EVERY.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[tokio::test]
async fn the_sender_follows_the_recipients_channel() {
    let (client, script) = client([created(), created()]);
    client.messages().create(&NewMessage::text("hola").to(TO)).await.unwrap();
    client.messages().create(&NewMessage::text("hola").to("whatsapp:ES.1349120865530274")).await.unwrap();
    let requests = script.requests();
    assert_eq!(values(&requests[0], "From"), [NUMBER]);
    assert_eq!(values(&requests[1], "From"), ["whatsapp:+15005550006"]);
    assert_eq!(values(&requests[1], "To"), ["whatsapp:ES.1349120865530274"]);

    let mut with_service = config();
    with_service.messaging_service_sid = Some(SERVICE.into());
    with_service.status_callback = Some("https://example.org/sms".into());
    let (builder, script) = builder(with_service, [created()]);
    builder.build().unwrap().messages().create(&NewMessage::text("hola").to(TO)).await.unwrap();
    let request = script.only();
    assert_eq!(values(&request, "MessagingServiceSid"), [SERVICE]);
    assert!(values(&request, "From").is_empty());
    assert_eq!(values(&request, "StatusCallback"), ["https://example.org/sms"]);
}

#[tokio::test]
async fn what_is_refused_here_makes_no_request() {
    let (client, script) = client([]);
    let soon = OffsetDateTime::from_unix_timestamp(NOW + 60).unwrap();
    let messages = [
        NewMessage::text("x".repeat(1_601)).to(TO),
        NewMessage::text("hola"),
        NewMessage::text("hola").to(TO).messaging_service_sid(SERVICE).send_at(soon),
    ];
    for message in messages {
        let error = client.messages().create(&message).await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::Rejected);
        assert_eq!(error.operation_name(), Some("messages.create"));
    }
    assert!(script.requests().is_empty());
}

#[tokio::test]
async fn a_send_is_repeated_only_where_twilio_did_not_act() {
    let throttled = || answer(429, r#"{"code":20429,"message":"Too Many Requests","status":429}"#);
    let (client, script) = client([throttled(), created()]);
    client.messages().create(&NewMessage::text("hola").to(TO)).await.unwrap();
    assert_eq!(script.requests().len(), 2);

    let broken = answer(500, r#"{"code":20500,"message":"Internal Server Error","status":500}"#);
    let (builder, script) = builder(config(), [broken]);
    let client = builder.retry(RetryPolicy::default()).build().unwrap();
    let error = client.messages().create(&NewMessage::text("hola").to(TO)).await.unwrap_err();
    assert_eq!((error.outcome(), error.provider_code()), (Outcome::Unknown, Some("20500")));
    assert_eq!(script.requests().len(), 1);
}

#[tokio::test]
async fn an_answer_without_an_id_may_have_been_a_send() {
    let (client, _) = client([answer(201, "{}")]);
    let error = client.messages().create(&NewMessage::text("hola").to(TO)).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Unknown));
}

#[tokio::test]
async fn one_message_is_looked_up_cancelled_redacted_and_deleted() {
    let message = || ok(&json!({ "sid": SID, "status": "canceled" }));
    let feedback = ok(&json!({ "message_sid": SID, "outcome": "confirmed" }));
    let (client, script) = client([message(), message(), message(), answer(204, ""), feedback]);
    client.messages().fetch(SID).await.unwrap();
    client.messages().cancel(SID).await.unwrap();
    client.messages().redact(SID).await.unwrap();
    client.messages().delete(SID).await.unwrap();
    let said = client.messages().feedback(SID, &FeedbackOutcome::Confirmed).await.unwrap();
    assert_eq!(said.outcome, Some(FeedbackOutcome::Confirmed));
    let requests = script.requests();
    let path = format!("/2010-04-01/Accounts/{ACCOUNT}/Messages/{SID}.json");
    assert!(requests[..4].iter().all(|request| request.url.path() == path));
    let methods: Vec<_> = requests.iter().map(|request| request.method.as_str()).collect();
    assert_eq!(methods, ["GET", "POST", "POST", "DELETE", "POST"]);
    assert_eq!(posted(&requests[1]), [("Status".to_owned(), "canceled".to_owned())]);
    assert_eq!(posted(&requests[2]), [("Body".to_owned(), String::new())]);
    assert!(requests[4].url.path().ends_with(&format!("/Messages/{SID}/Feedback.json")));
}

#[tokio::test]
async fn a_list_is_followed_to_its_end_with_its_filters() {
    let next = format!("/2010-04-01/Accounts/{ACCOUNT}/Messages.json?DateSent%3E=x&Page=1&PageToken=PASM1");
    let pages = [
        ok(&json!({ "messages": [{ "sid": "SM1" }, { "sid": "SM2" }], "next_page_uri": next })),
        ok(&json!({ "messages": [{ "sid": "SM3" }], "next_page_uri": null })),
    ];
    let (client, script) = client(pages);
    let filter = MessageFilter::new()
        .to("whatsapp:+34600000000")
        .from(NUMBER)
        .sent_on(datetime!(2026-01-02 0:00 UTC).date())
        .sent_after(datetime!(2026-01-02 03:04:05.6 UTC))
        .sent_before(datetime!(2026-02-02 03:04:05 +1))
        .page_size(5_000);
    let all: Vec<_> = client.messages().list(&filter).unwrap().try_collect().await.unwrap();
    let sids: Vec<_> = all.iter().filter_map(|message| message.sid.as_deref()).collect();
    assert_eq!(sids, ["SM1", "SM2", "SM3"]);
    let requests = script.requests();
    assert_eq!(
        requests[0].url.query(),
        Some(
            "To=whatsapp%3A%2B34600000000&From=%2B15005550006&DateSent=2026-01-02T00%3A00%3A00Z&DateSent%3E=2026-01-02T03%3A04%3A05Z\
             &DateSent%3C=2026-02-02T02%3A04%3A05Z&PageSize=1000"
        )
    );
    assert!(requests[1].url.as_str().ends_with(&next));
}

#[tokio::test]
async fn files_are_listed_opened_within_limits_and_deleted() {
    let list = ok(&json!({ "media_list": [{ "sid": MEDIA, "content_type": "image/png" }], "next_page_uri": null }));
    let file = |body: &str| answer(200, body).header("content-type", "image/png");
    let one = ok(&json!({ "sid": MEDIA }));
    let (client, script) = client([list, one, file("bytes"), file("bytes"), file("bytes"), answer(204, "")]);
    let media = client.media();
    let all: Vec<_> = media.list(SID).unwrap().try_collect().await.unwrap();
    assert_eq!(all[0].content_type.as_deref(), Some("image/png"));
    media.fetch(SID, MEDIA).await.unwrap();
    let download = media.download(SID, MEDIA, &DownloadLimits::default()).await.unwrap();
    let bytes: Vec<_> = download.body.try_collect().await.unwrap();
    assert_eq!(bytes.concat(), b"bytes");
    let short = media.download(SID, MEDIA, &DownloadLimits::longest(3)).await.unwrap();
    let pieces: Vec<_> = short.body.collect().await;
    assert_eq!(pieces.last().unwrap().as_ref().unwrap_err().kind(), ErrorKind::InvalidRequest);
    let only = DownloadLimits::default().only("video/*").only("application/pdf");
    assert_eq!(media.download(SID, MEDIA, &only).await.unwrap_err().field_name(), Some("content_type"));
    media.delete(SID, MEDIA).await.unwrap();
    let requests = script.requests();
    let path = format!("/2010-04-01/Accounts/{ACCOUNT}/Messages/{SID}/Media/{MEDIA}");
    assert_eq!(requests[2].url.path(), path);
    assert_eq!(requests[5].url.path(), format!("{path}.json"));
}

#[tokio::test]
async fn an_id_from_outside_cannot_address_anything_else() {
    let (client, script) = client([]);
    for id in ["", ".", ".."] {
        assert_eq!(client.messages().fetch(id).await.unwrap_err().kind(), ErrorKind::InvalidRequest);
        assert_eq!(client.media().fetch(SID, id).await.unwrap_err().kind(), ErrorKind::InvalidRequest);
        assert_eq!(client.contents().fetch(id).await.unwrap_err().kind(), ErrorKind::InvalidRequest);
    }
    assert!(script.requests().is_empty());
}

#[tokio::test]
async fn templates_are_made_submitted_and_listed_at_their_own_host() {
    let content = json!({ "sid": CONTENT, "approval_requests": { "status": "approved" } });
    let listed = ok(&json!({ "contents": [content], "meta": { "key": "contents", "next_page_url": null } }));
    let approval = || ok(&json!({ "status": "pending" }));
    let approvals = ok(&json!({ "sid": CONTENT, "whatsapp": { "status": "approved" } }));
    let (client, script) = client([ok(&content), approval(), approvals, listed, answer(204, "")]);
    let contents = client.contents();
    let new = NewContent::new("es").named("cita").variable("1", "Ana").form("twilio/text", json!({ "body": "{{1}}" }));
    assert!(contents.create(&new).await.unwrap().is_approved());
    let submitted = contents.submit(CONTENT, "cita", "UTILITY").await.unwrap();
    assert_eq!(submitted.status, Some(ApprovalStatus::Pending));
    assert!(contents.approvals(CONTENT).await.unwrap().whatsapp.is_some());
    let all: Vec<_> = contents.list_with_approvals().unwrap().try_collect().await.unwrap();
    assert_eq!(all.len(), 1);
    contents.delete(CONTENT).await.unwrap();
    let requests = script.requests();
    assert!(requests.iter().all(|request| request.url.host_str() == Some("content.twilio.com")));
    assert_eq!(requests[1].url.path(), format!("/v1/Content/{CONTENT}/ApprovalRequests/whatsapp"));
    assert_eq!(requests[3].url.path(), "/v1/ContentAndApprovals");
}

#[tokio::test]
async fn services_have_a_host_of_their_own() {
    let service = || ok(&json!({ "sid": SERVICE }));
    let numbers = ok(&json!({ "phone_numbers": [{ "phone_number": NUMBER }], "meta": { "key": "phone_numbers" } }));
    let (client, script) = client([service(), service(), numbers, answer(204, "")]);
    let services = client.services();
    services.create("Ventas", Form::new().set("StatusCallback", "https://example.org/sms")).await.unwrap();
    services.fetch(SERVICE).await.unwrap();
    let all: Vec<_> = services.numbers(SERVICE).unwrap().try_collect().await.unwrap();
    assert_eq!(all[0].phone_number.as_ref().and_then(|number| number.phone()), Some(NUMBER));
    services.delete(SERVICE).await.unwrap();
    let requests = script.requests();
    assert!(requests.iter().all(|request| request.url.host_str() == Some("messaging.twilio.com")));
    assert_eq!(values(&requests[0], "FriendlyName"), ["Ventas"]);
    assert_eq!(requests[2].url.path(), format!("/v1/Services/{SERVICE}/PhoneNumbers"));
}
