use std::time::Duration;

use comms_core::{
    Address, AddressKind, Content, Error, ErrorKind, Files, Media, MediaKind, MediaRef, Outcome, Status,
    history::{Assignment, Links, RecipientState, RepositoryError},
};
use comms_engine::{Code, Settings};
use tokio::sync::Semaphore;

use crate::{
    fake_channel::person,
    scene::{account, admin, scene, scene_with, seller, text},
};

#[tokio::test]
async fn a_message_is_committed_then_sent_then_recorded() {
    let scene = scene();
    let sent = scene.engine.send(text("hola")).await.unwrap();
    assert_eq!(sent.status, Status::Accepted);
    assert_eq!(sent.problem, None);
    let calls = scene.calls();
    let order: Vec<&str> = calls.iter().map(String::as_str).collect();
    assert_eq!(order, ["accounts", "recipient", "accept", "send", "conclude"]);
    assert_eq!(scene.store.status(sent.message), Status::Accepted);
    assert_eq!(scene.desk.inner.sent()[0].id, sent.message);
}

#[tokio::test]
async fn the_outcome_decides_the_state_and_the_reason_is_kept() {
    let cases = [
        (Outcome::Rejected, Status::Failed, "no such number"),
        (Outcome::Unknown, Status::Unknown, "no such number"),
        (Outcome::NotSent, Status::Queued, "no such number"),
    ];
    for (outcome, status, reason) in cases {
        let scene = scene();
        let error = Error::new(ErrorKind::Provider, outcome, "no such number").code("131026");
        scene.desk.inner.fail_next(error);
        let sent = scene.engine.send(text("hola")).await.unwrap();
        assert_eq!(sent.status, status);
        let problem = sent.problem.unwrap();
        assert_eq!((problem.code.as_str(), problem.message.as_str()), ("131026", reason));
        assert_eq!(scene.store.status(sent.message), status);
    }
}

#[tokio::test]
async fn an_attempt_goes_on_when_nobody_waits_for_it() {
    let scene = scene();
    scene.desk.gate.forget_permits(Semaphore::MAX_PERMITS);
    let engine = scene.engine.clone();
    let caller = tokio::spawn(async move { engine.send(text("hola")).await });
    while !scene.store.journal.lock().unwrap().iter().any(|call| call == "send") {
        tokio::task::yield_now().await;
    }
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    scene.desk.gate.add_permits(1);
    let id = *scene.store.state().messages.keys().next().unwrap();
    while scene.store.status(id) == Status::Sending {
        tokio::task::yield_now().await;
    }
    assert_eq!(scene.store.status(id), Status::Accepted);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_never_answers_leaves_the_outcome_unknown() {
    let scene = scene();
    scene.desk.gate.forget_permits(Semaphore::MAX_PERMITS);
    let sent = scene.engine.send(text("hola")).await.unwrap();
    assert_eq!(sent.status, Status::Unknown);
    assert_eq!(sent.problem.unwrap().message, "the provider did not answer in time");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_whose_claim_may_be_over_is_not_begun() {
    let scene = scene();
    scene.store.state().accept_takes = scene.engine.settings().send_timeout;
    let sent = scene.engine.send(text("hola")).await.unwrap();
    assert_eq!(sent.status, Status::Queued);
    assert_eq!(sent.problem.unwrap().message, "storing it took all of its time");
    assert_eq!(scene.desk.inner.requests(), 0);
}

#[tokio::test]
async fn a_defect_of_a_channel_leaves_the_outcome_unknown() {
    let scene = scene();
    scene.desk.set(|behaviour| behaviour.panics = true);
    let sent = scene.engine.send(text("hola")).await.unwrap();
    assert_eq!(sent.status, Status::Unknown);
    assert_eq!(scene.store.status(sent.message), Status::Unknown);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_for_a_moment_still_records_the_outcome() {
    let scene = scene();
    for _ in 0..3 {
        scene.store.fail_next("conclude", RepositoryError::Unavailable("away".into()));
    }
    let sent = scene.engine.send(text("hola")).await.unwrap();
    assert_eq!(scene.store.status(sent.message), Status::Accepted);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_a_crash_cut_off_becomes_unknown_and_is_not_sent_again() {
    let scene = scene();
    for _ in 0..5 {
        scene.store.fail_next("conclude", RepositoryError::Unavailable("away".into()));
    }
    let sent = scene.engine.send(text("hola")).await.unwrap();
    assert_eq!(scene.store.status(sent.message), Status::Sending);

    assert!(scene.engine.release_stale(false).await.unwrap().is_empty(), "the lease holds");
    scene.clock.advance(scene.engine.settings().send_lease() + Duration::from_secs(1));
    assert_eq!(scene.engine.release_stale(false).await.unwrap(), [sent.message]);
    assert_eq!(scene.store.status(sent.message), Status::Unknown);
    assert_eq!(scene.desk.inner.sent().len(), 1);
}

#[tokio::test]
async fn the_same_request_under_the_same_key_is_sent_once_and_answered_twice() {
    let scene = scene();
    let mut request = text("hola");
    request.idempotency_key = Some("k1".to_owned());
    let first = scene.engine.send(request.clone()).await.unwrap();
    // A rule that came to apply in between does not change the answer.
    scene.desk.set(|behaviour| behaviour.window = Some(Duration::from_secs(86_400)));
    let second = scene.engine.send(request.clone()).await.unwrap();
    assert_eq!((first.message, first.repeated), (second.message, false));
    assert!(second.repeated);
    assert_eq!(second.status, Status::Accepted);
    assert_eq!(scene.desk.inner.sent().len(), 1);

    request.content = Content::text("otra cosa");
    let error = scene.engine.send(request).await.unwrap_err();
    assert_eq!(error.code(), Code::Conflict);
}

#[tokio::test]
async fn two_requests_under_one_key_at_once_are_sent_once() {
    let scene = scene();
    let mut request = text("hola");
    request.idempotency_key = Some("k1".to_owned());
    let (one, other) = tokio::join!(scene.engine.send(request.clone()), scene.engine.send(request.clone()));
    assert_eq!(one.unwrap().message, other.unwrap().message);
    assert_eq!(scene.desk.inner.sent().len(), 1);
}

#[tokio::test]
async fn a_bad_value_is_refused_with_its_field_and_nothing_is_stored() {
    let scene = scene();
    let mut elsewhere = text("hola");
    elsewhere.to = Address::verbatim(AddressKind::Group, "g1");
    let own = Media {
        kind: MediaKind::Image,
        source: MediaRef::Blob("south/2023/11/other".to_owned()),
        caption: None,
        filename: None,
        mime_type: None,
        sha256: None,
    };
    let files = Files { body: None, files: vec![own.clone()] };
    let cases = [
        (text("  "), Code::EmptyText, "body"),
        (text(&"x".repeat(1_001)), Code::TextTooLong, "body"),
        (elsewhere, Code::InvalidRecipient, "to"),
        (crate::scene::content(Content::Contacts { contacts: Vec::new() }), Code::UnsupportedContent, "content"),
        (crate::scene::content(Content::Media(own.clone())), Code::UnsupportedContent, "source"),
        (crate::scene::content(Content::Files(files)), Code::UnsupportedContent, "source"),
    ];
    for (request, code, field) in cases {
        let error = scene.engine.send(request).await.unwrap_err();
        assert_eq!((error.code(), error.field()), (code, Some(field)));
    }
    assert!(scene.store.state().messages.is_empty());
    assert_eq!(scene.desk.inner.requests(), 0);
}

#[tokio::test]
async fn an_account_of_another_organisation_cannot_be_sent_from() {
    let scene = scene();
    let mut foreign = account("memory:south".into());
    foreign.organization = "south".into();
    scene.store.state().accounts.push(foreign);
    let mut request = text("hola");
    request.account = Some("memory:south".into());
    let error = scene.engine.send(request.clone()).await.unwrap_err();
    assert_eq!(error.code(), Code::UnknownAccount);

    request.account = Some("memory:desk".into());
    assert_eq!(scene.engine.send(request.clone()).await.unwrap().status, Status::Accepted);
    scene.store.state().accounts[0].active = false;
    let error = scene.engine.send(request).await.unwrap_err();
    assert_eq!(error.code(), Code::UnknownAccount);
}

#[tokio::test]
async fn without_an_account_or_a_credential_the_channel_is_not_configured() {
    let scene = scene();
    scene.store.state().accounts[0].id = "memory:revoked".into();
    let error = scene.engine.send(text("hola")).await.unwrap_err();
    assert_eq!(error.code(), Code::ChannelNotConfigured);
    scene.store.state().accounts.clear();
    let error = scene.engine.send(text("hola")).await.unwrap_err();
    assert_eq!(error.code(), Code::ChannelNotConfigured);
}

#[tokio::test]
async fn nobody_writes_about_another_sellers_lead() {
    let owner = |id: &str| Assignment::Owner(Some(id.into()));
    let cases = [
        (seller("7"), owner("7"), None),
        (seller("7"), owner("8"), Some(Code::ForeignLead)),
        (seller("7"), Assignment::Owner(None), None),
        (seller("7"), Assignment::Trusted, None),
        (seller("7"), Assignment::Missing, Some(Code::LeadNotFound)),
        (admin(), owner("8"), None),
        (admin(), Assignment::Missing, Some(Code::LeadNotFound)),
    ];
    for (scope, assignment, refused) in cases {
        let scene = scene();
        scene.store.state().assignments = vec![assignment];
        let mut request = text("hola");
        request.scope = scope;
        request.links.lead = Some("5".into());
        let code = scene.engine.send(request).await.err().map(|error| error.code());
        assert_eq!(code, refused);
    }
}

#[tokio::test]
async fn a_message_that_names_nothing_belongs_to_what_its_recipient_belongs_to() {
    let owner = |id: &str| Assignment::Owner(Some(id.into()));
    let cases = [
        (seller("7"), owner("7"), Ok(Some("5"))),
        (seller("7"), owner("8"), Err(Code::ForeignLead)),
        (admin(), owner("8"), Ok(Some("5"))),
        (seller("7"), Assignment::Missing, Ok(None)),
    ];
    for (scope, assignment, expected) in cases {
        let scene = scene();
        let links = Links { lead: Some("5".into()), ..Links::default() };
        let known = RecipientState { links, ..RecipientState::default() };
        scene.store.state().recipients.insert(person().value().to_owned(), known);
        scene.store.state().assignments = vec![assignment];
        let mut request = text("hola");
        request.scope = scope;
        let sent = scene.engine.send(request).await.map_err(|error| error.code());
        let lead = sent.map(|sent| {
            let state = scene.store.state();
            state.messages[&sent.message].detail.entry.links.lead.as_ref().map(|lead| lead.as_str().to_owned())
        });
        assert_eq!(lead, expected.map(|lead| lead.map(str::to_owned)));
    }
}

#[tokio::test]
async fn an_answer_quotes_the_message_of_the_provider() {
    let scene = scene();
    let mut request = text("hola");
    request.reply_to = Some(scene.received("m1").await);
    scene.engine.send(request.clone()).await.unwrap();
    assert_eq!(scene.desk.inner.sent()[0].reply_to.as_deref(), Some("m1"));

    request.scope.organization = "south".into();
    let error = scene.engine.send(request).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound, "another organisation's message cannot be quoted");
}

#[tokio::test]
async fn beyond_the_bound_a_send_is_refused_as_busy_and_nothing_is_stored() {
    let mut settings = Settings::default();
    settings.sends_at_once = 1;
    let scene = scene_with(settings);
    scene.desk.gate.forget_permits(Semaphore::MAX_PERMITS);
    let engine = scene.engine.clone();
    let first = tokio::spawn(async move { engine.send(text("hola")).await });
    while scene.store.state().messages.is_empty() {
        tokio::task::yield_now().await;
    }
    let error = scene.engine.send(text("hola")).await.unwrap_err();
    assert_eq!(error.code(), Code::Busy);
    assert!(error.retry_after().is_some());
    assert_eq!(scene.store.state().messages.len(), 1);
    scene.desk.gate.add_permits(1);
    first.await.unwrap().unwrap();
}
