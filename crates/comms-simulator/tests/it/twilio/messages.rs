//! Messages sent over the API.

use comms_simulator::twilio::{
    CONTENT_SID, Contact, Delivery, NUMBER, PENDING_CONTENT_SID, SERVICE_SID, TEST_ACCOUNT_SID, TEST_AUTH_TOKEN,
};

use super::support::{Cloud, PERSON, Site, has_fields, is_error};
use crate::support::answer;

/// The fields of a request.
type Form<'a> = &'a [(&'a str, &'a str)];

const FIELDS: &str = "account_sid api_version body date_created date_sent date_updated direction error_code \
    error_message from messaging_service_sid num_media num_segments price price_unit sid status subresource_uris to uri";

#[tokio::test]
async fn a_message_is_queued_sent_and_delivered() {
    let site = Site::quiet();
    let cloud = Cloud::new(|_| ());
    let callback = site.url("/status?message=m-1");
    let form = [("To", PERSON), ("From", NUMBER), ("Body", "¿Qué tal? €"), ("StatusCallback", &callback)];
    let created = cloud.post("Messages.json", &form).await;
    assert_eq!((created.status, created.body["status"].as_str()), (201, Some("queued")));
    has_fields(&created.body, FIELDS);
    assert_eq!(created.body["num_segments"], "1");
    let sid = created.body["sid"].as_str().unwrap();
    cloud.settle().await;
    assert_eq!(site.fields_at("/status", "MessageStatus"), ["sent", "delivered"]);
    for hit in site.hits() {
        assert!(hit.is_signed_by("simulated-auth-token") && !hit.is_signed_by("another"));
        assert_eq!((hit.get("MessageSid"), hit.get("SmsSid"), hit.get("From")), (sid, sid, NUMBER));
        assert!(!hit.token.is_empty() && hit.url.ends_with("?message=m-1"));
    }
    let fetched = cloud.get(&format!("Messages/{sid}.json")).await.body;
    has_fields(&fetched, FIELDS);
    assert_eq!((fetched["status"].as_str(), fetched["price"].as_str()), (Some("delivered"), Some("-0.00750")));
    assert_eq!(fetched["date_sent"], "Thu, 28 May 2026 20:26:40 +0000");
    let sends = cloud.ledger().sends();
    let sent = sends[0].send.as_ref().unwrap();
    assert_eq!((sent.id.as_deref(), sent.callback_data.as_deref()), (Some(sid), Some("m-1")));
    assert_eq!(sends[0].body.as_ref().unwrap()["Body"], "¿Qué tal? €");
    assert!(cloud.ledger().acknowledged(sid));
    cloud.is_clean();
}

#[tokio::test]
async fn a_service_chooses_the_sender_later() {
    let site = Site::quiet();
    let cloud = Cloud::new(|_| ());
    let callback = site.url("/status");
    let form = [("To", PERSON), ("MessagingServiceSid", SERVICE_SID), ("Body", "x"), ("StatusCallback", &callback)];
    let created = cloud.post("Messages.json", &form).await.body;
    assert_eq!((created["status"].as_str(), created["from"].as_str()), (Some("accepted"), None));
    cloud.settle().await;
    assert_eq!(site.fields_at("/status", "MessageStatus"), ["queued", "sent", "delivered"]);
    assert_eq!(site.fields_at("/status", "MessagingServiceSid"), [SERVICE_SID; 3]);
    let sid = created["sid"].as_str().unwrap();
    assert_eq!(cloud.get(&format!("Messages/{sid}.json")).await.body["from"], NUMBER);
}

#[tokio::test]
async fn what_cannot_arrive_ends_with_its_error() {
    let site = Site::quiet();
    let cloud = Cloud::new(|config| {
        let far = Contact::new(PERSON).reached(Delivery::Undelivered, None);
        config.twilio.set_contact(far);
        config.twilio.set_contact(Contact::new("+34600000010").reached(Delivery::Failed, Some(30_007)));
    });
    let callback = site.url("/status");
    for (to, status, code) in [(PERSON, "undelivered", 30_003), ("+34600000010", "failed", 30_007)] {
        let form = [("To", to), ("From", NUMBER), ("Body", "x"), ("StatusCallback", &*callback)];
        let sid = cloud.create("Messages.json", &form).await;
        cloud.settle().await;
        let last = site.hits().pop().unwrap();
        assert_eq!((last.get("MessageStatus"), last.get("ErrorCode")), (status, code.to_string().as_str()));
        assert_eq!(cloud.twilio().message_status(&sid), Some((status.to_owned(), Some(code))));
        assert!(cloud.get(&format!("Messages/{sid}.json")).await.body["error_message"].is_string());
    }
}

#[tokio::test]
async fn whatsapp_has_a_window_and_templates_go_through_it() {
    let site = Site::quiet();
    let cloud = Cloud::new(|_| ());
    let (to, from, callback) = (format!("whatsapp:{PERSON}"), format!("whatsapp:{NUMBER}"), site.url("/status"));
    let base = [("To", to.as_str()), ("From", &from), ("StatusCallback", &callback)];
    let send = async |more: &[(&str, &str)]| {
        let form: Vec<(&str, &str)> = base.iter().chain(more).copied().collect();
        let sid = cloud.create("Messages.json", &form).await;
        cloud.settle().await;
        cloud.twilio().message_status(&sid).unwrap()
    };
    assert_eq!(send(&[("Body", "hola")]).await, ("undelivered".to_owned(), Some(63_016)));
    let variables = r#"{"1":"Eva","2":"B-7"}"#;
    let template = [("ContentSid", CONTENT_SID), ("ContentVariables", variables)];
    assert_eq!(send(&template).await, ("read".to_owned(), None));
    assert_eq!(cloud.twilio().received_by(&to)[1], "Hola Eva, tu pedido B-7 está en camino.");
    assert_eq!(send(&[("ContentSid", PENDING_CONTENT_SID)]).await.1, Some(63_016));
    cloud.twilio().open_window(NUMBER, PERSON);
    assert_eq!(send(&[("Body", "hola")]).await, ("read".to_owned(), None));
    let read = site.hits().pop().unwrap();
    assert_eq!((read.get("EventType"), read.get("ChannelPrefix")), ("READ", "whatsapp"));
    assert_eq!(read.get("ChannelToAddress"), "+3460000XXXX");
    cloud.clock.advance(std::time::Duration::from_secs(24 * 3_600 + 1));
    assert_eq!(send(&[("Body", "hola")]).await.1, Some(63_016));
}

#[tokio::test]
async fn a_scheduled_message_waits_and_can_be_cancelled() {
    let cloud = Cloud::new(|_| ());
    let form = |at: &'static str| {
        [("To", PERSON), ("MessagingServiceSid", SERVICE_SID), ("Body", "x"), ("ScheduleType", "fixed"), ("SendAt", at)]
    };
    let soon = form("2026-05-28T21:00:00Z");
    let (kept, dropped) = (cloud.create("Messages.json", &soon).await, cloud.create("Messages.json", &soon).await);
    assert_eq!(cloud.twilio().message_status(&kept).unwrap().0, "scheduled");
    let cancelled = cloud.post(&format!("Messages/{dropped}.json"), &[("Status", "canceled")]).await;
    assert_eq!((cancelled.status, cancelled.body["status"].as_str()), (200, Some("canceled")));
    assert!(cloud.twilio().release(&kept) && !cloud.twilio().release(&dropped));
    cloud.settle().await;
    assert_eq!(cloud.twilio().message_status(&kept).unwrap().0, "delivered");
    is_error(&cloud.post("Messages.json", &form("2026-05-28T20:30:00Z")).await, 400, 35_114);
    is_error(&cloud.post("Messages.json", &form("2026-08-28T20:30:00Z")).await, 400, 35_114);
    is_error(&cloud.post(&format!("Messages/{kept}.json"), &[("Status", "canceled")]).await, 400, 30_409);
}

#[tokio::test]
async fn what_is_wrong_is_refused_with_twilios_code() {
    let cloud = Cloud::new(|_| ());
    let long = "x".repeat(1_601);
    let cases: [(Form<'_>, u16, i64); 18] = [
        (&[("From", NUMBER), ("Body", "x")], 400, 21_604),
        (&[("To", PERSON), ("Body", "x")], 400, 21_603),
        (&[("To", PERSON), ("From", NUMBER)], 400, 21_602),
        (&[("To", "600000009"), ("From", NUMBER), ("Body", "x")], 400, 21_211),
        (&[("To", PERSON), ("From", "+15550100099"), ("Body", "x")], 400, 21_606),
        (&[("To", PERSON), ("From", NUMBER), ("Body", &long)], 400, 21_617),
        (&[("To", PERSON), ("From", NUMBER), ("MediaUrl", "ring.png")], 400, 21_620),
        (&[("To", PERSON), ("From", NUMBER), ("ContentSid", "HX1")], 400, 21_655),
        (&[("To", PERSON), ("From", NUMBER), ("ContentSid", CONTENT_SID), ("ContentVariables", "{1}")], 400, 21_656),
        (&[("To", PERSON), ("MessagingServiceSid", "MG1"), ("Body", "x")], 400, 21_701),
        (&[("To", PERSON), ("From", NUMBER), ("Body", "x"), ("ScheduleType", "fixed")], 400, 35_118),
        (&[("To", "whatsapp:+34600000009"), ("From", NUMBER), ("Body", "x")], 400, 21_910),
        (&[("To", "whatsapp:+34600000009"), ("From", "whatsapp:+34600000001"), ("Body", "x")], 400, 63_007),
        (&[("To", "+15005550002"), ("From", NUMBER), ("Body", "x")], 400, 21_612),
        (&[("To", "+15005550003"), ("From", NUMBER), ("Body", "x")], 400, 21_408),
        (&[("To", "+15005550004"), ("From", NUMBER), ("Body", "x")], 400, 21_610),
        (&[("To", "+15005550009"), ("From", NUMBER), ("Body", "x")], 400, 21_614),
        (&[("To", PERSON), ("From", "+15005550008"), ("Body", "x")], 429, 21_611),
    ];
    for (form, status, code) in cases {
        is_error(&cloud.post("Messages.json", form).await, status, code);
    }
    assert_eq!(cloud.ledger().totals().sent, 0);
}

#[tokio::test]
async fn test_credentials_take_magic_numbers_and_tell_nobody() {
    let site = Site::quiet();
    let cloud = Cloud::new(|_| ());
    let send = |from: &'static str| {
        let url = format!("{}/2010-04-01/Accounts/{TEST_ACCOUNT_SID}/Messages.json", cloud.simulator.url());
        let form = [("To", PERSON), ("From", from), ("Body", "x"), ("StatusCallback", &*site.url("/status"))]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let request = cloud.client.post(url).basic_auth(TEST_ACCOUNT_SID, Some(TEST_AUTH_TOKEN));
        answer(request.form(&form))
    };
    assert_eq!(send("+15005550006").await.body["status"], "queued");
    is_error(&send("+15005550001").await, 400, 21_212);
    is_error(&send("+15005550007").await, 400, 21_606);
    is_error(&send("+15005550008").await, 429, 21_611);
    cloud.settle().await;
    assert!(site.hits().is_empty());
}

#[tokio::test]
async fn statuses_come_shuffled_and_twice_where_told() {
    let site = Site::quiet();
    let cloud = Cloud::new(|config| {
        config.twilio.messages.shuffle = true;
        config.twilio.messages.copies = 2;
    });
    cloud.twilio().open_window(NUMBER, PERSON);
    let (to, from, callback) = (format!("whatsapp:{PERSON}"), format!("whatsapp:{NUMBER}"), site.url("/status"));
    let mut orders = std::collections::BTreeSet::new();
    for _ in 0..8 {
        let before = site.hits().len();
        let form = [("To", to.as_str()), ("From", &from), ("Body", "x"), ("StatusCallback", &callback)];
        cloud.create("Messages.json", &form).await;
        cloud.settle().await;
        let order = site.fields_at("/status", "MessageStatus").split_off(before);
        let mut sorted = order.clone();
        sorted.sort();
        assert_eq!(sorted, ["delivered", "delivered", "read", "read", "sent", "sent"]);
        orders.insert(order);
    }
    assert!(orders.len() > 1, "always in the same order: {orders:?}");
}

#[tokio::test]
async fn words_are_taken_out_and_messages_deleted() {
    let cloud = Cloud::new(|_| ());
    let sid = cloud.create("Messages.json", &[("To", PERSON), ("From", NUMBER), ("Body", "secret")]).await;
    cloud.settle().await;
    let path = format!("Messages/{sid}.json");
    assert_eq!(cloud.post(&path, &[("Body", "")]).await.body["body"], "");
    is_error(&cloud.post(&path, &[("Body", "other")]).await, 400, 20_001);
    let feedback = cloud.post(&format!("Messages/{sid}/Feedback.json"), &[("Outcome", "confirmed")]).await;
    assert_eq!((feedback.status, feedback.body["message_sid"].as_str()), (201, Some(sid.as_str())));
    assert_eq!(cloud.delete(&path).await.status, 204);
    is_error(&cloud.get(&path).await, 404, 20_404);
}
