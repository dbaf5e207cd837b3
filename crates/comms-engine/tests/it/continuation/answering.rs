//! Bursts of messages are answered, each once, by an agent that knows of the past.

use comms_core::{Location, Media, MediaKind, MediaRef, history::ContinuationState};
use futures_util::future::join_all;

use super::*;

pub(super) async fn three_quick_messages_have_one_answer_with_all_that_was_said(office: Office) {
    office.opened().await;
    office.hears("m1", "Hola").await;
    office.later(1).await;
    office.hears("m2", "¿a qué hora").await;
    office.later(1).await;
    office.hears("m3", "llega?").await;
    assert!(office.agent.asked().is_empty(), "nobody is asked while they still write");
    office.agent.says("El jueves entre las 9 y las 12.");
    office.later(2).await;
    assert_eq!(office.sent()[1..], ["El jueves entre las 9 y las 12."]);
    let asked = office.agent.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].message, "Hola\n¿a qué hora\nllega?");
    let told: Vec<&str> = asked[0].contexts.iter().map(|piece| piece.text.as_str()).collect();
    assert!(told[0].contains("Ana eligió el jueves.") && told[0].contains("[customer] El jueves."), "{told:?}");
    assert!(told[1].contains("[agent] Hola Ana, gracias por la llamada."), "{told:?}");
    assert!(!told[1].contains("llega?"), "what is asked is no past");
    let variables = &asked[0].variables;
    assert_eq!((&variables["client_name"], &variables["group_name"]), (&"Ana".into(), &"Campaña Octubre".into()));
    assert_eq!(variables["prior_conversation_id"], "conv_1");
}

#[tokio::test]
async fn who_never_stops_writing_is_answered_all_the_same() {
    let office = office().await;
    office.opened().await;
    for number in 0..6 {
        office.hears(&format!("m{number}"), &format!("y otra cosa: {number}")).await;
        office.later(1).await;
    }
    assert_eq!(office.agent.asked().len(), 1, "patience ends");
    office.later(10).await;
    let heard: usize = office.agent.asked().iter().map(|turn| turn.message.lines().count()).sum();
    assert_eq!(heard, 6, "each message is heard once");
}

#[tokio::test]
async fn the_past_of_the_chat_is_told_from_both_sides() {
    let office = office().await;
    office.opened().await;
    for number in 0..2 {
        office.hears(&format!("m{number}"), &format!("pregunta {number}")).await;
        office.later(2).await;
    }
    let last = office.agent.asked().pop().unwrap();
    let chat = &last.contexts.iter().find(|piece| piece.id == "chat").unwrap().text;
    let lines: Vec<&str> = chat.lines().collect();
    assert_eq!(
        lines[1..],
        ["[agent] Hola Ana, gracias por la llamada.", "[customer] pregunta 0", "[agent] eco: pregunta 0"]
    );
}

#[tokio::test]
async fn the_past_fits_its_budget_and_the_newest_is_kept() {
    let office = office_with(|settings| settings.continuation.context_tokens = 100).await;
    office.opened().await;
    for number in 0..12 {
        office.hears(&format!("m{number}"), &format!("pregunta {number} {}", "bla ".repeat(10))).await;
        office.later(60).await;
    }
    let last = office.agent.asked().pop().unwrap();
    let characters: usize = last.contexts.iter().map(|piece| piece.text.chars().count()).sum();
    assert!(characters <= 300, "{characters} characters for 100 tokens");
    let chat = &last.contexts.iter().find(|piece| piece.id == "chat").unwrap().text;
    assert!(chat.contains("pregunta 10") && !chat.contains("pregunta 1 "), "{chat}");
}

pub(super) async fn two_processes_give_one_answer(office: Office) {
    office.opened().await;
    let others: Vec<Engine> = (0..8).map(|_| office.beside()).collect();
    office.hears("m1", "Hola").await;
    office.clock.advance(Duration::from_secs(2));
    let rounds = others.into_iter().map(|engine| tokio::spawn(async move { engine.continue_due().await.unwrap() }));
    let steps: usize = join_all(rounds).await.into_iter().map(std::result::Result::unwrap).sum();
    assert_eq!((steps, office.agent.asked().len(), office.sent().len()), (1, 1, 2));
}

#[tokio::test]
async fn a_repeated_webhook_is_no_further_question() {
    let office = office().await;
    office.opened().await;
    office.hears("m1", "Hola").await;
    office.later(2).await;
    office.hears("m1", "Hola").await;
    office.later(10).await;
    assert_eq!(office.sent().len(), 2);
}

#[tokio::test]
async fn what_is_no_text_is_told_in_words() {
    let office = office().await;
    office.opened().await;
    let photo = Media {
        kind: MediaKind::Image,
        source: MediaRef::Id("p1".to_owned()),
        caption: Some("mi puerta".to_owned()),
        filename: None,
        mime_type: None,
        sha256: None,
    };
    let audio = Media { kind: MediaKind::Audio, caption: None, ..photo.clone() };
    office.hears_this("m1", Content::Media(photo)).await;
    office.hears_this("m2", Content::Media(audio)).await;
    let place = Location { latitude: 4.6, longitude: -74.1, name: Some("Casa".to_owned()), address: None };
    office.hears_this("m3", Content::Location(place)).await;
    office.later(2).await;
    assert_eq!(office.agent.asked()[0].message, "[image] mi puerta\n[audio]\n[location] Casa");
}

#[tokio::test]
async fn an_agent_that_says_nothing_says_nothing() {
    let office = office().await;
    let id = office.opened().await;
    office.agent.replies(Ok(AgentReply { texts: vec!["  ".to_owned()], ..AgentReply::default() }));
    office.hears("m1", "ok").await;
    office.later(2).await;
    assert_eq!(office.sent().len(), 1);
    assert_eq!(office.one(id).await.state, ContinuationState::Active);
    office.hears("m2", "¿hola?").await;
    office.later(2).await;
    assert_eq!(office.sent()[1..], ["eco: ¿hola?"]);
}

#[tokio::test]
async fn several_texts_are_one_message_and_a_long_one_is_divided() {
    let office = office().await;
    office.opened().await;
    let texts = vec!["Uno.".to_owned(), "Dos.".to_owned()];
    office.agent.replies(Ok(AgentReply { texts, ..AgentReply::default() }));
    office.hears("m1", "hola").await;
    office.later(2).await;
    assert_eq!(office.sent()[1..], ["Uno.\n\nDos."]);
    office.agent.says(&"palabra ".repeat(180));
    office.hears("m2", "¿y?").await;
    office.later(2).await;
    let sent = office.sent();
    assert_eq!(sent.len(), 4, "1,440 characters where a message has 1,000");
    assert!(sent[2..].iter().all(|text| text.chars().count() <= 1_000));
    assert_eq!(sent[2..].iter().map(|text| text.split_whitespace().count()).sum::<usize>(), 180);
    office.hears("m3", "gracias").await;
    office.later(2).await;
    assert_eq!(office.sent().len(), 5, "pieces of an answer are not taken for a person's");
}

#[tokio::test]
async fn what_was_written_before_the_call_is_not_answered() {
    let office = office().await;
    office.hears("m0", "¿me llaman?").await;
    office.clock.advance(Duration::from_secs(600));
    office.opened().await;
    office.later(60).await;
    assert_eq!(office.sent().len(), 1);
    assert!(office.agent.asked().is_empty());
}

#[tokio::test]
async fn a_reaction_alone_is_not_answered() {
    let office = office().await;
    office.opened().await;
    let thumb = comms_core::Reaction { target: "x".to_owned(), emoji: Some("👍".to_owned()) };
    office.hears_this("m1", Content::Reaction(thumb)).await;
    office.later(2).await;
    assert!(office.agent.asked().is_empty());
}

#[tokio::test]
async fn an_answer_that_comes_too_late_for_the_window_is_a_persons() {
    let office = office_with(|settings| settings.continuation.answer_within = Duration::from_secs(48 * 3_600)).await;
    office.desk.set(|desk| desk.window = Some(Duration::from_secs(24 * 3_600)));
    let id = office.opened().await;
    office.hears("m1", "hola").await;
    let silence = trouble(ErrorKind::RateLimited, Outcome::NotSent).retry_after(Duration::from_secs(25 * 3_600));
    office.agent.replies(Err(silence));
    office.later(2).await;
    office.later(25 * 3_600).await;
    let one = office.one(id).await;
    assert_eq!((one.state, one.reason.as_deref()), (ContinuationState::Escalated, Some("window_closed")));
    assert_eq!(office.sent().len(), 1);
}

#[tokio::test]
async fn a_newer_call_of_the_agent_goes_on_in_place_of_the_older() {
    let office = office().await;
    let old = office.opened().await;
    office.clock.advance(Duration::from_secs(60));
    let new = office.engine.hand_off_within(call("conv_2"), Duration::from_secs(8)).await.unwrap().continuation;
    let old = office.one(old).await;
    assert_eq!((old.state, old.reason.as_deref()), (ContinuationState::Closed, Some("superseded")));
    office.hears("m1", "hola").await;
    office.later(2).await;
    let asked = office.agent.asked();
    assert_eq!((asked.len(), asked[0].thread.clone()), (1, new.id.to_string()));
}

#[tokio::test]
async fn a_call_that_begins_is_told_what_was_written() {
    let office = office().await;
    office.opened().await;
    office.hears("m1", "¿y el precio?").await;
    office.later(2).await;
    let north = "north".into();
    let told = office.engine.context_for_call(&north, "+34 600 00 00 00", Some(AGENT)).await.unwrap();
    let chat = told["chat_history"].as_str().unwrap();
    assert!(chat.ends_with("[customer] ¿y el precio?\n[agent] eco: ¿y el precio?"), "{chat}");
    assert_eq!((&told["client_name"], &told["conversation_status"]), (&"Ana".into(), &"active".into()));
    assert!(!told.contains_key("group_name"), "nothing but what is known by name");
    let stranger = office.engine.context_for_call(&north, "+34600000009", None).await.unwrap();
    assert!(stranger.is_empty());
    let elsewhere = office.engine.context_for_call(&"south".into(), PHONE, None).await.unwrap();
    assert!(elsewhere.is_empty(), "another organisation is told nothing");
}

#[tokio::test]
async fn the_chat_and_its_figures_are_shown() {
    let office = office().await;
    let day = comms_core::Clock::now(&office.clock);
    office.opened().await;
    office.hears("m1", "¿y el precio?").await;
    office.later(3).await;
    let chat = office.engine.chat_with(&"north".into(), PHONE).await.unwrap().unwrap();
    let said: Vec<_> = chat.messages.iter().filter_map(|entry| entry.text.as_deref()).collect();
    assert_eq!(said, ["Hola Ana, gracias por la llamada.", "¿y el precio?", "eco: ¿y el precio?"]);
    assert_eq!(office.engine.chat_with(&"south".into(), PHONE).await.unwrap(), None);
    let figures = office.engine.continuation_figures(&"north".into(), day).await.unwrap();
    assert_eq!((figures.active_conversations, figures.total_conversations_today), (1, 1));
    assert_eq!((figures.messages_sent_today, figures.messages_received_today), (2, 1));
    assert_eq!((figures.response_rate, figures.avg_response_time_seconds), (100.0, 3.0));
    assert_eq!((figures.queue.waiting, figures.queue.completed, figures.queue.failed), (0, 2, 0));
}

#[tokio::test]
async fn the_workers_answer_by_themselves() {
    let office = office_with(|settings| settings.continuation.debounce = Duration::ZERO).await;
    let workers = office.engine.start().await;
    office.call_ends().await;
    until(|| office.sent().len() == 1).await;
    office.hears("m1", "hola").await;
    until(|| office.sent().len() == 2).await;
    workers.stop().await;
    assert_eq!(office.sent()[1], "eco: hola");
}

/// Waits for what another task does; not longer than ten seconds.
async fn until(is_so: impl Fn() -> bool) {
    for _ in 0..1_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it does not come about");
}
