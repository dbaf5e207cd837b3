//! What an update becomes: who, what, about which earlier message, under which key.

use comms_core::{Address, AddressKind, Content, ErrorKind, EventKind, MediaKind, MediaRef, MessageOrigin, Status};
use serde_json::{Value, json};

use crate::webhook_support::{change, events, message, message_event, only, status};

fn vector(name: &str) -> Value {
    let path = format!("{}/tests/data/webhooks/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn user(id: &str) -> Address {
    Address::verbatim(AddressKind::WhatsAppUser, id)
}

fn phone(number: &str) -> Address {
    Address::from_wa_id(number)
}

#[test]
fn a_message_belongs_to_its_number_and_carries_the_time_of_the_provider() {
    let event = message_event("text", json!({ "body": "hola" }));
    assert_eq!(event.account.as_str(), "whatsapp:106540352242922");
    assert_eq!((event.subject.as_str(), event.key.as_str()), ("wamid.1", "wamid.1"));
    assert_eq!(event.occurred_at.unwrap().unix_timestamp(), 1_749_416_383);
    assert_eq!(message(&event).content, Content::text("hola"));
    assert_eq!(message(&event).origin, MessageOrigin::Counterpart);
    assert_eq!(message(&event).extra, Value::Null);
}

#[test]
fn times_are_read_as_text_and_as_numbers_and_kept_otherwise() {
    let at = |time: Value| only(change("messages", json!({ "messages": [{ "id": "wamid.1", "timestamp": time }] })));
    for time in [json!("1749416383"), json!(1_749_416_383)] {
        assert_eq!(at(time).occurred_at.unwrap().unix_timestamp(), 1_749_416_383);
    }
    let odd = at(json!("yesterday"));
    assert_eq!(odd.occurred_at, None);
    assert_eq!(message(&odd).extra["timestamp"], "yesterday");
}

#[test]
fn people_are_found_by_any_id_and_never_by_their_place() {
    let contacts = json!([
        { "profile": { "name": "Ana" }, "wa_id": "34600000001", "user_id": "ES.1" },
        { "profile": { "name": "Luis", "username": "@luis" }, "user_id": "ES.2" },
    ]);
    let messages = json!([
        { "id": "wamid.1", "from_user_id": "ES.2", "type": "text", "text": { "body": "2" } },
        { "id": "wamid.2", "from": "34600000001", "type": "text", "text": { "body": "1" } },
        { "id": "wamid.3", "from": 34_600_000_003_u64, "type": "text", "text": { "body": "3" } },
    ]);
    let events = events(&change("messages", json!({ "contacts": contacts, "messages": messages })));
    let parties: Vec<_> = events.iter().map(|event| message(event).party.clone()).collect();
    assert_eq!(parties[0].addresses, [user("ES.2")]);
    assert_eq!(parties[0].name.as_deref(), Some("Luis"));
    assert_eq!(parties[0].username.as_deref(), Some("@luis"));
    assert_eq!(parties[1].addresses, [user("ES.1"), phone("34600000001")]);
    assert_eq!(parties[1].name.as_deref(), Some("Ana"));
    assert_eq!(parties[2].addresses, [phone("34600000003")]);
    assert_eq!(parties[2].name, None);
}

#[test]
fn media_is_referred_to_by_its_id() {
    let event = only(vector("audio_1"));
    let Content::Media(media) = &message(&event).content else { panic!("{event:?}") };
    assert_eq!(media.kind, MediaKind::Voice);
    assert_eq!(media.source, MediaRef::Id("1908647269898587".into()));
    assert_eq!(media.mime_type.as_deref(), Some("audio/ogg; codecs=opus"));
    assert_eq!(media.sha256.as_deref(), Some("wvqXMe6n7n1W0zphvLPoLj+s/NtKqmr3zZ7YzTP7xFI="));
    assert!(message(&event).extra["audio"]["url"].as_str().unwrap().contains("lookaside"));

    let event = only(vector("document_1"));
    let Content::Media(media) = &message(&event).content else { panic!("{event:?}") };
    assert_eq!(media.kind, MediaKind::Document);
    assert_eq!(media.filename.as_deref(), Some("receipt.pdf"));
    assert_eq!(media.caption.as_deref(), Some("my receipt"));
}

#[test]
fn a_reaction_without_an_emoji_takes_it_back() {
    let reaction = |content: Value| match &message(&message_event("reaction", content)).content {
        Content::Reaction(reaction) => reaction.clone(),
        other => panic!("{other:?}"),
    };
    let given = reaction(json!({ "message_id": "wamid.0", "emoji": "👍🏽" }));
    assert_eq!((given.target.as_str(), given.emoji.as_deref()), ("wamid.0", Some("👍🏽")));
    assert_eq!(reaction(json!({ "message_id": "wamid.0", "emoji": "" })).emoji, None);
    assert_eq!(reaction(json!({ "message_id": "wamid.0" })).emoji, None);
}

#[test]
fn choices_come_from_templates_buttons_and_lists() {
    for (name, id, title, description) in [
        ("button_1", "Unsubscribe", "Unsubscribe", None),
        ("interactive_2", "cancel-button", "Cancel", None),
        ("interactive_1", "priority_express", "Priority Mail Express", Some("Next Day to 2 Days")),
    ] {
        let event = only(vector(name));
        let chosen =
            Content::Choice { id: id.into(), title: title.into(), description: description.map(str::to_owned) };
        assert_eq!(message(&event).content, chosen, "{name}");
        assert!(message(&event).reply_to.as_deref().unwrap().starts_with("wamid."), "{name}");
    }
}

#[test]
fn an_edit_and_a_withdrawal_name_the_earlier_message() {
    let original = "wamid.HBgLMTQxMjU1NTA4MjkVAgASGBQzQUNCNjk5RDUwNUZGMUZEM0VBRAA=";
    let edited = only(vector("onboarding_business_app_users_15"));
    let Content::Revision { target, content: Some(content) } = &message(&edited).content else { panic!("{edited:?}") };
    assert_eq!(target, original);
    assert_eq!(content.files()[0].caption.as_deref(), Some("Updated image caption"));
    let revoked = only(vector("onboarding_business_app_users_17"));
    let withdrawn = Content::Revision { target: original.into(), content: None };
    assert_eq!(message(&revoked).content, withdrawn);
}

#[test]
fn places_and_cards_are_read() {
    let event = message_event("location", json!({ "latitude": "40.4168", "longitude": -3.7038 }));
    let Content::Location(place) = &message(&event).content else { panic!("{event:?}") };
    assert_eq!((place.latitude, place.longitude), (40.4168, -3.7038));
    let event = only(vector("contacts_1"));
    let Content::Contacts { contacts } = &message(&event).content else { panic!("{event:?}") };
    assert_eq!(contacts[0].name, "Barbara J. Johnson");
    assert_eq!(contacts[0].phones, ["+1 (415) 555-0829"]);
    assert_eq!(contacts[0].native.as_ref().unwrap()["org"]["company"], "Social Tsunami");
}

#[test]
fn what_has_no_counterpart_is_kept_whole_under_its_name() {
    let order = only(vector("order_1"));
    let flow =
        json!({ "type": "nfm_reply", "nfm_reply": { "name": "flow", "body": "Sent", "response_json": "{\"a\":1}" } });
    let permission = json!({ "type": "call_permission_reply", "call_permission_reply": { "response": "accept" } });
    for (event, kind, pointer, value) in [
        (order, "order", "/order/product_items/0/quantity", json!("2")),
        (message_event("interactive", flow), "nfm_reply", "/interactive/nfm_reply/response_json", json!("{\"a\":1}")),
        (
            message_event("interactive", permission),
            "call_permission_reply",
            "/interactive/call_permission_reply/response",
            json!("accept"),
        ),
        (only(vector("future_unknown_message_type")), "hologram", "/hologram/depth", json!(3)),
        (only(vector("unsupported_1")), "unsupported", "/unsupported/type", json!("edit")),
        (message_event("request_welcome", Value::Null), "request_welcome", "/id", json!("wamid.1")),
        (message_event("text", json!("not an object")), "text", "/text", json!("not an object")),
        (message_event("image", json!({ "caption": "no id" })), "image", "/image/caption", json!("no id")),
    ] {
        let Content::Other { kind: given, raw } = &message(&event).content else { panic!("{kind}: {event:?}") };
        assert_eq!(given, kind);
        assert_eq!(raw.pointer(pointer), Some(&value), "{kind}: {raw}");
    }
}

#[test]
fn context_referral_group_and_errors_are_beside_the_content() {
    let asked = only(vector("text_2"));
    assert_eq!(message(&asked).extra["context"]["referred_product"]["product_retailer_id"], "di9ozbzfi4");
    let from_an_ad = only(vector("text_3"));
    assert_eq!(message(&from_an_ad).extra["referral"]["source_type"], "ad");
    let in_a_group = only(vector("group_1"));
    assert!(message(&in_a_group).extra["group_id"].is_string());
    let unsupported = only(vector("unsupported_1"));
    assert_eq!(message(&unsupported).extra["errors"][0]["code"], 131_051);
    let forwarded = json!({ "id": "wamid.1", "type": "text", "text": { "body": "x" }, "context": { "frequently_forwarded": true } });
    let forwarded = only(change("messages", json!({ "messages": [forwarded] })));
    assert_eq!(message(&forwarded).reply_to, None);
    assert_eq!(message(&forwarded).extra["context"], json!({ "frequently_forwarded": true }));
}

#[test]
fn a_changed_number_is_an_identity_with_all_it_was_known_by() {
    let change_of = |system: Value, from: Value| {
        let mut element = json!({ "id": "wamid.1", "timestamp": "1750269342", "type": "system", "system": system });
        if !from.is_null() {
            element["from"] = from;
        }
        match only(change("messages", json!({ "messages": [element] }))).kind {
            EventKind::Identity(change) => change,
            other => panic!("{other:?}"),
        }
    };
    let plain =
        change_of(json!({ "type": "user_changed_number", "body": "…", "wa_id": "34600000002" }), json!("34600000001"));
    assert_eq!(plain.previous, Some(phone("34600000001")));
    assert_eq!(plain.current.addresses, [phone("34600000002")]);
    assert_eq!(plain.reason, "user_changed_number");

    let both = change_of(
        json!({ "type": "user_changed_number", "wa_id": "34600000002", "user_id": "ES.2", "previous_user_id": "ES.1" }),
        json!("34600000001"),
    );
    assert_eq!(both.previous, Some(user("ES.1")));
    assert_eq!(both.previous_aliases, [phone("34600000001")]);
    assert_eq!(both.current.addresses, [user("ES.2"), phone("34600000002")]);

    let hidden = change_of(
        json!({ "type": "user_changed_user_id", "user_id": "ES.2", "previous_user_id": "ES.1" }),
        Value::Null,
    );
    assert_eq!(hidden.previous, Some(user("ES.1")));
    assert_eq!(hidden.current.addresses, [user("ES.2")]);
    assert_eq!(hidden.raw["system"]["user_id"], "ES.2");
}

#[test]
fn other_news_of_the_system_are_messages() {
    let event = message_event("system", json!({ "type": "customer_identity_changed", "identity": "x" }));
    assert!(matches!(&message(&event).content, Content::Other { kind, .. } if kind == "system"));
}

#[test]
fn words_for_states_are_mapped_and_unknown_ones_kept() {
    for (word, state) in [
        ("accepted", Some(Status::Accepted)),
        ("sent", Some(Status::Sent)),
        ("delivered", Some(Status::Delivered)),
        ("read", Some(Status::Read)),
        ("played", Some(Status::Read)),
        ("failed", Some(Status::Failed)),
        ("deleted", None),
        ("warning", None),
        ("teleported", None),
    ] {
        let element =
            json!({ "id": "wamid.1", "status": word, "timestamp": 1_750_030_073, "recipient_id": "16505551234" });
        let event = only(change("messages", json!({ "statuses": [element] })));
        assert_eq!(status(&event).status, state, "{word}");
        assert_eq!(status(&event).provider_status, word);
        assert_eq!(event.key.as_str(), format!("wamid.1:{word}:16505551234"));
    }
}

#[test]
fn a_failure_says_why_and_our_own_id_comes_back() {
    let mut body = vector("status_3");
    body["entry"][0]["changes"][0]["value"]["statuses"][0]["biz_opaque_callback_data"] =
        json!("0199b0a0-0000-7000-8000-000000000001");
    let event = only(body);
    let problem = status(&event).problem.as_ref().unwrap();
    assert_eq!((problem.code.as_str(), problem.kind), ("131049", ErrorKind::InvalidRecipient));
    assert!(problem.message.contains("healthy ecosystem"), "{}", problem.message);
    let correlation = status(&event).correlation.as_deref();
    assert_eq!(correlation, Some("0199b0a0-0000-7000-8000-000000000001"));
}

#[test]
fn each_member_of_a_group_has_a_status_of_their_own() {
    let to = |who: Value| {
        let mut element = json!({ "id": "wamid.1", "status": "read", "timestamp": "1750030073", "recipient_id": "GROUP", "recipient_type": "group" });
        element.as_object_mut().unwrap().extend(who.as_object().unwrap().clone());
        only(change("messages", json!({ "statuses": [element] })))
    };
    let one = to(json!({ "recipient_participant_id": "34600000001" }));
    let other = to(json!({ "recipient_participant_user_id": "ES.2" }));
    assert_eq!(one.key.as_str(), "wamid.1:read:34600000001");
    assert_eq!(other.key.as_str(), "wamid.1:read:ES.2");
    assert_eq!(status(&one).recipient.addresses, [phone("34600000001")]);
    assert_eq!(status(&other).recipient.addresses, [user("ES.2")]);
    assert_eq!(status(&one).extra["group_id"], "GROUP");
    let whole = to(json!({}));
    assert_eq!(status(&whole).recipient.addresses[0].kind(), AddressKind::Group);
}

#[test]
fn a_status_names_both_ids_of_its_recipient() {
    let event = only(vector("business_scoped_user_ids_22"));
    let recipient = &status(&event).recipient;
    assert_eq!(recipient.addresses, [user("US.13491208655302741918"), phone("16505551234")]);
    assert_eq!(recipient.username.as_deref(), Some("@pablomorales"));
    assert_eq!(status(&event).extra["pricing"]["category"], "marketing");
}

#[test]
fn what_the_business_wrote_elsewhere_is_an_echo_to_the_other_party() {
    let echo = json!({ "from": "15550783881", "to": "16505551234", "to_user_id": "US.1", "id": "wamid.1", "timestamp": "1", "type": "text", "text": { "body": "desde el móvil" } });
    let event = only(change("smb_message_echoes", json!({ "message_echoes": [echo] })));
    assert_eq!(message(&event).origin, MessageOrigin::Echo);
    assert_eq!(message(&event).party.addresses, [user("US.1"), phone("16505551234")]);
}

#[test]
fn an_import_tells_who_wrote_each_message_and_with_whom() {
    let events = events(&vector("onboarding_business_app_users_19"));
    let told: Vec<_> =
        events.iter().map(|event| (message(event).origin, message(event).party.addresses[0].value())).collect();
    let expected = [
        (MessageOrigin::HistoryEcho, "+16505551234"),
        (MessageOrigin::HistoryEcho, "+16505551234"),
        (MessageOrigin::History, "+16505551234"),
        (MessageOrigin::HistoryEcho, "+12125557890"),
    ];
    assert_eq!(told, expected);
    assert_eq!(message(&events[0]).extra["history"]["progress"], 55);
    assert_eq!(message(&events[0]).extra["history_context"]["status"], "READ");
    // The media comes later under the id of its placeholder: both are kept.
    let media = only(vector("onboarding_business_app_users_20"));
    assert_eq!(media.subject, events[1].subject);
    assert_ne!(media.key, events[1].key);
    assert_eq!(message(&media).origin, MessageOrigin::History);
}

#[test]
fn preferences_are_opt_outs_and_opt_ins() {
    for (value, opted_in) in [("stop", false), ("resume", true)] {
        let mut body = vector("user_preferences_1");
        body["entry"][0]["changes"][0]["value"]["user_preferences"][0]["value"] = json!(value);
        let event = only(body);
        let EventKind::Opt(opt) = &event.kind else { panic!("{event:?}") };
        assert_eq!((opt.opted_in, opt.scope.as_str()), (opted_in, "marketing_messages"));
        assert_eq!(opt.party.addresses, [phone("16505551234")]);
        assert_eq!(event.occurred_at.unwrap().unix_timestamp(), 1_731_705_721);
    }
    let mut body = vector("user_preferences_1");
    body["entry"][0]["changes"][0]["value"]["user_preferences"][0]["value"] = json!("perhaps");
    assert!(matches!(only(body).kind, EventKind::Changed(_)));
}

#[test]
fn news_of_an_account_belong_to_the_business_account() {
    let events = events(&vector("every_field_18_changes_in_one_entry"));
    let review = events
        .iter()
        .find(|event| matches!(&event.kind, EventKind::Changed(it) if it.field == "account_review_update"));
    assert_eq!(review.unwrap().account.as_str(), "waba:WABA_ID");
    let error = only(vector("errors_1"));
    assert_eq!(error.account.as_str(), "whatsapp:106540352242922");
    assert!(matches!(&error.kind, EventKind::Changed(it) if it.field == "errors" && it.value["code"] == 130_429));
    let unknown = only(vector("future_unknown_field"));
    let EventKind::Unknown { name, raw } = &unknown.kind else { panic!("{unknown:?}") };
    assert_eq!((name.as_str(), raw), ("brand_new_field", &json!({ "anything": [1, 2, 3] })));
}

#[test]
fn the_same_news_at_another_time_are_other_news() {
    let at = |time: i64| {
        let value = json!({ "display_phone_number": "15550783881", "event": "FLAGGED", "current_limit": "TIER_10K" });
        let change = json!({ "field": "phone_number_quality_update", "value": value });
        only(json!({ "entry": [{ "id": "1", "time": time, "changes": [change] }] }))
    };
    assert_eq!(at(1_739_321_024), at(1_739_321_024));
    assert_ne!(at(1_739_321_024).key, at(1_749_321_024).key);
}

#[test]
fn unknown_members_beside_known_lists_are_kept_too() {
    let text = json!({ "id": "wamid.1", "from": "16505551234", "type": "text", "text": { "body": "x", "entities": [1] }, "mood": "good" });
    let events = events(&change("messages", json!({ "messages": [text], "brand_new_list": [{ "a": 1 }] })));
    assert_eq!(events.len(), 2);
    assert_eq!(message(&events[0]).extra, json!({ "mood": "good", "text": { "entities": [1] } }));
    assert!(matches!(&events[1].kind, EventKind::Unknown { raw, .. } if raw["brand_new_list"][0]["a"] == 1));
}
