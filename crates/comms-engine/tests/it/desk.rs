use comms_core::{Content, ConversationId, history::Assignment};
use comms_engine::{Code, ReplyRequest};

use crate::{
    fake_channel::person,
    scene::{admin, scene, seller, user},
};

#[tokio::test]
async fn an_answer_goes_from_the_account_that_was_written_to_to_who_wrote() {
    let scene = scene();
    let request = || ReplyRequest::new(admin(), user(), ConversationId::new(), Content::text("buenas"));
    let nobody = scene.engine.reply(request()).await.unwrap_err();
    assert_eq!(nobody.code(), Code::NotFound);
    let message = scene.received("m1").await;
    let mut answer = request();
    (answer.reply_to, answer.idempotency_key) = (Some(message), Some("once".to_owned()));
    let send = scene.engine.reply(answer).await.unwrap();
    let account = send.account.clone().unwrap();
    assert_eq!((account.as_str(), &send.to, send.reply_to), ("memory:desk", &person(), Some(message)));
    assert_eq!(send.idempotency_key.as_deref(), Some("once"));
    // What is answered is sent by all rules of a send.
    let sent = scene.engine.send(send.clone()).await.unwrap();
    assert_eq!(scene.engine.send(send).await.unwrap().message, sent.message);
}

#[tokio::test]
async fn a_conversation_is_read_by_its_last_message() {
    let scene = scene();
    let empty = scene.engine.mark_conversation_read(&admin(), &user(), ConversationId::new()).await.unwrap();
    assert!(!empty.changed);
    scene.received("m1").await;
    let read = scene.engine.mark_conversation_read(&admin(), &user(), ConversationId::new()).await.unwrap();
    assert!(read.changed);
}

#[tokio::test]
async fn a_contact_is_linked_to_what_exists_and_is_no_other_sellers() {
    let scene = scene();
    let links = comms_core::Links { lead: Some("7".into()), ..Default::default() };
    let contact = comms_core::ContactId::new();
    for (scope, assignment, code) in [
        (admin(), Assignment::Missing, Some(Code::LeadNotFound)),
        (seller("7"), Assignment::Owner(Some("8".into())), Some(Code::ForeignLead)),
        (seller("7"), Assignment::Owner(Some("7".into())), None),
        (admin(), Assignment::Owner(Some("8".into())), None),
    ] {
        scene.store.state().assignments = vec![assignment];
        let linked = scene.engine.link_contact(&scope, &user(), contact, &links).await;
        assert_eq!(linked.err().map(|error| error.code()), code);
        let owned = scene.calls().iter().any(|call| call == "link_contact(owned)");
        assert_eq!(owned, code.is_none());
    }
}
