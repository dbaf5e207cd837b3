//! What is written from a mailbox: answers in their thread, safe HTML, files, one mail for one message.

use comms_core::{
    Content, Correspondent, Email, Error, ErrorKind, FileReader, Files, InlineFile, Media, MediaKind, MediaRef,
    Outcome, Status,
    history::{AttachmentState, ConversationFilter},
};
use comms_engine::{Code, ReplyRequest};
use futures_util::TryStreamExt;

use super::*;

async fn conversation(office: &Office) -> comms_core::history::Conversation {
    let filter = ConversationFilter { limit: 10, ..ConversationFilter::default() };
    let page = office.store.conversations(&admin(), None, &filter).await.unwrap();
    page.entries.into_iter().find(|one| one.subject.as_deref() == Some("Presupuesto")).unwrap()
}

/// Ana asks for something, in the second mail of a thread.
async fn asked(office: &Office) -> comms_core::history::Conversation {
    let question = Email {
        subject: "Re: Presupuesto".to_owned(),
        text: Some("¿Y el precio?".to_owned()),
        message_id: Some("2@example.org".to_owned()),
        in_reply_to: Some("1@example.com".to_owned()),
        references: vec!["1@example.com".to_owned()],
        thread: Some("18c".to_owned()),
        ..Email::default()
    };
    office.receive(mail("gm1", ana(), question)).await;
    conversation(office).await
}

async fn answer(office: &Office, content: Content) -> comms_engine::Sent {
    let talk = conversation(office).await;
    let request = office.engine.reply(ReplyRequest::new(admin(), user(), talk.id, content)).await.unwrap();
    office.engine.send(request).await.unwrap()
}

#[tokio::test]
async fn an_answer_in_a_conversation_is_one_of_its_thread() {
    let office = office().await;
    let talk = asked(&office).await;
    let sent = answer(&office, Content::text("Cien euros.")).await;
    assert_eq!(sent.status, Status::Accepted);
    let out = office.sent().remove(0);
    assert_eq!((out.subject.as_str(), out.text.as_deref()), ("Re: Presupuesto", Some("Cien euros.")));
    assert_eq!(out.in_reply_to.as_deref(), Some("2@example.org"));
    assert_eq!(out.references, ["1@example.com", "2@example.org"]);
    assert_eq!(out.thread.as_deref(), Some("18c"));
    assert_eq!(out.message_id, Some(Email::id_of(sent.message, "example.com")));
    assert_eq!(office.channel.sent()[0].to, ana());
    assert_eq!(office.channel.sent()[0].reply_to.as_deref(), Some("gm1"));
    // And what she says to that is in the same conversation, by our id alone.
    let further = Email {
        subject: "Re: Presupuesto".to_owned(),
        text: Some("Trato hecho.".to_owned()),
        in_reply_to: out.message_id.clone(),
        ..Email::default()
    };
    // Of two messages of one moment either may be the last.
    office.pass(Duration::from_secs(1));
    office.receive(mail("gm2", ana(), further)).await;
    let page = office.store.conversation_messages(&admin(), talk.id, None, 10).await.unwrap();
    assert_eq!(page.entries.len(), 3);
    assert_eq!(conversation(&office).await.last_message.unwrap().text.as_deref(), Some("Trato hecho."));
}

#[tokio::test]
async fn an_answer_goes_where_its_writer_asked_for_it() {
    let office = office().await;
    let form = Email {
        subject: "Presupuesto".to_owned(),
        reply_to: vec![Correspondent::new("clienta@example.net")],
        ..Email::default()
    };
    office.receive(mail("gm1", ana(), form)).await;
    answer(&office, Content::text("Gracias.")).await;
    assert_eq!(office.channel.sent()[0].to, Address::email("clienta@example.net").unwrap());
}

#[tokio::test]
async fn what_is_no_mail_becomes_one_and_a_subject_of_its_own_stands() {
    let office = office().await;
    let file = Media {
        kind: MediaKind::Document,
        source: MediaRef::Url("https://example.com/a.pdf".to_owned()),
        caption: Some("el plano".to_owned()),
        filename: None,
        mime_type: None,
        sha256: None,
    };
    office.engine.send(office.to_ana(Content::Media(file.clone()))).await.unwrap();
    let both = Files { body: Some("los dos".to_owned()), files: vec![file.clone(), file] };
    office.engine.send(office.to_ana(Content::Files(both))).await.unwrap();
    asked(&office).await;
    let own = Email { subject: "Otra cosa".to_owned(), text: Some("hola".to_owned()), ..Email::default() };
    answer(&office, own.into()).await;
    let out = office.sent();
    assert_eq!((out[0].text.as_deref(), out[0].files.len()), (Some("el plano"), 1));
    assert_eq!((out[1].text.as_deref(), out[1].files.len()), (Some("los dos"), 2));
    assert_eq!((out[2].subject.as_str(), out[2].in_reply_to.as_deref()), ("Otra cosa", Some("2@example.org")));
    let empty = office.engine.send(office.to_ana(Content::text(" "))).await.unwrap_err();
    assert_eq!(empty.code(), Code::EmptyText);
    let place = comms_core::Location { latitude: 1.0, longitude: 2.0, name: None, address: None };
    let refused = office.engine.send(office.to_ana(Content::Location(place))).await.unwrap_err();
    assert_eq!(refused.code(), Code::UnsupportedContent);
}

#[tokio::test]
async fn html_is_made_safe_and_has_a_text_beside_it() {
    let office = office().await;
    let html = r#"<p onclick="steal()">Hola, <b>Ana</b><script>steal()</script><img src="cid:logo"><img src="https://example.com/l.png"></p>"#;
    let (north, name) = ("north".into(), Some("l.png".into()));
    let kept = office.engine.keep_file(&north, name, Some("image/png".into()), "png".into());
    let mail = Email {
        html: Some(html.to_owned()),
        inline: vec![InlineFile { content_id: "logo".to_owned(), file: 0 }],
        message_id: Some("chosen@elsewhere.example".to_owned()),
        ..Email::default()
    };
    let mut request = office.to_ana(mail);
    request.files = vec![kept.await.unwrap()];
    let sent = office.engine.send(request).await.unwrap();
    let out = office.sent().remove(0);
    let safe = out.html.unwrap();
    assert!(!safe.contains("script") && !safe.contains("onclick"), "{safe}");
    assert!(safe.contains(r#"src="cid:logo""#) && safe.contains("https://example.com/l.png"), "{safe}");
    assert_eq!(out.text.as_deref(), Some("Hola, Ana"));
    assert_eq!(out.message_id, Some(Email::id_of(sent.message, "example.com")), "nobody chooses the id");
}

#[tokio::test]
async fn files_of_our_own_store_go_with_a_mail_and_are_kept_with_it() {
    let office = office().await;
    let name = Some("plano.pdf".to_owned());
    let kept =
        office.engine.keep_file(&"north".into(), name, Some("application/pdf".into()), "bytes".into()).await.unwrap();
    assert_eq!(kept.size(), 5);
    let mut request = office.to_ana(Content::text("el plano"));
    request.files = vec![kept];
    request.idempotency_key = Some("k".to_owned());
    let sent = office.engine.send(request.clone()).await.unwrap();
    let out = office.sent().remove(0);
    let MediaRef::Blob(key) = &out.files[0].source else { panic!("{:?}", out.files) };
    let reader: &dyn FileReader = &office.blobs;
    let chunks: Vec<bytes::Bytes> = reader.open(key).await.unwrap().body.try_collect().await.unwrap();
    assert_eq!(chunks.concat(), b"bytes");
    let entry = office.store.message(&admin(), sent.message).await.unwrap().entry;
    assert_eq!(
        (entry.attachments[0].state, entry.attachments[0].filename.as_deref()),
        (AttachmentState::Stored, Some("plano.pdf"))
    );

    // A copy of it goes on to somebody else, as a file of its own.
    let copy = office.engine.keep_copy(&admin(), entry.attachments[0].id).await.unwrap();
    assert_ne!(copy.media().source, out.files[0].source);
    // Repeated, the request took nothing along: its copy is gone, and the first file is not.
    let again = office.engine.keep_file(&"north".into(), Some("plano.pdf".into()), None, "bytes".into()).await.unwrap();
    let MediaRef::Blob(second) = again.media().source.clone() else { panic!() };
    request.files = vec![again];
    assert!(office.engine.send(request).await.unwrap().repeated);
    assert!(reader.open(&second).await.is_err());
    assert!(reader.open(key).await.is_ok());
}

#[tokio::test]
async fn nobody_names_a_file_of_our_store_by_its_key() {
    let office = office().await;
    let kept = office.engine.keep_file(&"north".into(), None, None, "secreto".into()).await.unwrap();
    let mail = Email { files: vec![kept.media().clone()], ..Email::default() };
    let refused = office.engine.send(office.to_ana(mail)).await.unwrap_err();
    assert_eq!(refused.field(), Some("source"));
    assert_eq!(office.channel.requests(), 0);
}

#[tokio::test]
async fn a_mail_whose_answer_was_lost_is_looked_for_and_not_sent_twice() {
    let office = office().await;
    office.channel.fail_next(Error::new(ErrorKind::Transport, Outcome::Unknown, "no answer"));
    let sent = office.engine.send(office.to_ana(Content::text("hola"))).await.unwrap();
    assert_eq!(sent.status, Status::Unknown);
    for _ in 0..4 {
        office.pass(Duration::from_secs(60));
        office.engine.look_for_unknown().await.unwrap();
    }
    let found = office.store.message(&admin(), sent.message).await.unwrap().entry;
    assert_eq!((found.status, office.channel.sent().len()), (Status::Accepted, 1));
}

#[tokio::test]
async fn a_mail_that_is_tried_again_has_an_id_of_its_own() {
    let office = office().await;
    office.channel.fail_next(Error::new(ErrorKind::InvalidRequest, Outcome::Rejected, "no"));
    let failed = office.engine.send(office.to_ana(Content::text("hola"))).await.unwrap();
    assert_eq!(failed.status, Status::Failed);
    let again = office.engine.retry(&admin(), &user(), failed.message, false).await.unwrap();
    assert_eq!(office.sent()[0].message_id, Some(Email::id_of(again.message, "example.com")));
    let talks: std::collections::HashSet<_> =
        office.history().await.into_iter().map(|entry| entry.conversation).collect();
    assert_eq!(talks.len(), 2, "the first attempt and the second are one conversation, beside the greeting");
}

#[tokio::test]
async fn who_opted_out_is_not_written_to_however_the_address_is_written() {
    let office = office().await;
    let mut event = mail("x", ana(), Email::default());
    let party = Party::of(Address::email("ANA@example.org").unwrap());
    let raw = serde_json::Value::Null;
    event.kind = EventKind::Opt(comms_core::OptChange { party, opted_in: false, scope: "messages".to_owned(), raw });
    office.receive(event).await;
    let refused = office.engine.send(office.to_ana(Content::text("hola"))).await.unwrap_err();
    assert_eq!(refused.code(), Code::OptedOut);
    // The window of other channels does not hold here: nobody wrote for a year.
    let luis = SendRequest::new(
        admin(),
        user(),
        ChannelKind::Email,
        Address::email("luis@example.org").unwrap(),
        Content::text("hola"),
    );
    office.pass(Duration::from_secs(366 * 24 * 3600));
    assert_eq!(office.engine.send(luis).await.unwrap().status, Status::Accepted);
}
