//! What an agent is told of its thread, so that who keeps a session open knows whether it missed anything.

use comms_core::AgentChat;
use comms_engine::SendRequest;

use super::*;
use crate::scene::{admin, user};

impl Office {
    /// A person of ours writes, without the agent.
    async fn writes(&self, body: &str) {
        let request = SendRequest::new(admin(), user(), ChannelKind::WebChat, person(), Content::text(body));
        self.engine.send(request).await.unwrap();
        self.clock.advance(Duration::from_secs(1));
    }

    /// The person asks, and is answered.
    async fn is_asked(&self, provider_id: &str, body: &str) -> AgentChat {
        self.hears(provider_id, body).await;
        self.later(2).await;
        self.agent.asked().pop().unwrap().chat.unwrap()
    }
}

#[tokio::test]
async fn each_burst_says_which_it_is_and_what_went_out_before() {
    let office = office().await;
    office.opened().await;
    let first = office.is_asked("m1", "hola").await;
    assert_eq!((first.burst, first.answered, first.since), (1, None, None), "the first message is no answer");
    let long = "palabra ".repeat(180);
    office.agent.replies(Ok(AgentReply { texts: vec![long.clone(), "Fin.".to_owned()], ..AgentReply::default() }));
    let second = office.is_asked("m2", "¿y?").await;
    assert_eq!((second.burst, second.answered.as_deref(), second.since), (2, Some("eco: hola"), None));
    let third = office.is_asked("m3", "gracias").await;
    let letters = |text: &str| text.split_whitespace().collect::<String>();
    assert_eq!(letters(third.answered.as_deref().unwrap()), letters(&format!("{long}Fin.")), "divided, and whole");
    assert_eq!((third.burst, third.since), (3, None));
    assert_eq!((first.facts, second.facts), (second.facts, third.facts), "the chat itself is no fact");
}

#[tokio::test]
async fn what_others_said_meanwhile_is_told() {
    let office = office().await;
    let id = office.opened().await;
    office.is_asked("m1", "hola").await;
    let north = "north".into();
    office.engine.escalate_continuation(&north, id, &user(), "supervisor").await.unwrap();
    office.clock.advance(Duration::from_secs(1));
    office.writes("soy Luis, son 10 €").await;
    office.hears("m2", "gracias Luis").await;
    office.later(60).await;
    office.engine.resume_continuation(&north, id).await.unwrap();
    office.clock.advance(Duration::from_secs(1));
    let chat = office.is_asked("m3", "¿y el envío?").await;
    assert_eq!((chat.burst, chat.answered.as_deref()), (2, Some("eco: hola")));
    let since = chat.since.unwrap();
    assert_eq!(since.id, "since_2");
    let lines: Vec<&str> = since.text.lines().skip(1).collect();
    assert_eq!(lines, ["[team] soy Luis, son 10 €", "[customer] gracias Luis"]);
}

#[tokio::test]
async fn a_burst_that_is_asked_again_is_the_same_burst() {
    let office = office().await;
    office.opened().await;
    office.is_asked("m1", "hola").await;
    office.agent.replies(Err(trouble(ErrorKind::Provider, Outcome::NotSent)));
    let failed = office.is_asked("m2", "¿y?").await;
    office.later(60).await;
    let asked = office.agent.asked();
    assert_eq!((asked.len(), asked[2].chat.as_ref()), (3, Some(&failed)));
}

#[tokio::test]
async fn an_answer_that_nobody_was_sent_is_told_as_none() {
    let office = office().await;
    office.opened().await;
    office.agent.replies(Ok(AgentReply::default()));
    office.is_asked("m1", "ok").await;
    let second = office.is_asked("m2", "¿hola?").await;
    assert_eq!((second.burst, second.answered, second.since), (2, None, None));
}

#[tokio::test]
async fn what_is_learnt_of_the_call_later_is_another_fact() {
    let office = office().await;
    office.opened().await;
    let first = office.is_asked("m1", "hola").await;
    let mut again = call("conv_1");
    again.metadata.insert("order".to_owned(), 7.into());
    office.engine.hand_off(again).await.unwrap();
    office.clock.advance(Duration::from_secs(1));
    let second = office.is_asked("m2", "¿y?").await;
    assert_ne!(first.facts, second.facts);
}

#[tokio::test]
async fn what_is_kept_open_is_let_go_at_the_end() {
    let office = office().await;
    let workers = office.engine.start().await;
    assert!(!office.agent.closed.load(Ordering::SeqCst));
    workers.stop().await;
    assert!(office.agent.closed.load(Ordering::SeqCst));
}
