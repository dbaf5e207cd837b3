use comms_core::{AccountId, MessageId, WebhookId};

#[test]
fn an_account_is_its_provider_and_the_providers_id() {
    let account = AccountId::of("twilio", "whatsapp:+15550783881");
    assert_eq!(account.as_str(), "twilio:whatsapp:+15550783881");
    assert_eq!(account.provider(), "twilio");
    assert_eq!(account.external_id(), "whatsapp:+15550783881");
    let bare = AccountId::from("desk");
    assert_eq!((bare.provider(), bare.external_id()), ("", "desk"));
}

#[test]
fn later_ids_sort_after_earlier_ones_and_survive_their_text() {
    let ids: Vec<MessageId> = (0..1_000).map(|_| MessageId::new()).collect();
    assert!(ids.is_sorted_by(|a, b| a < b));
    for id in ids {
        assert_eq!(id.to_string().parse::<MessageId>().unwrap(), id);
    }
    assert!("not an id".parse::<WebhookId>().is_err());
}
