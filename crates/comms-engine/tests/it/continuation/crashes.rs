//! Processes that end in the middle, or come back when another has taken over.

use comms_core::{
    MessageId, Outbound, Status,
    history::{
        AgentAnswer, AgentPart, ContinuationClaim, ContinuationConclusion, ContinuationJob, ContinuationState,
        ContinuationStep, Links, NewOutbound, Queueing,
    },
};

use super::*;
use crate::scene::{admin, user};

impl Office {
    /// What a process claims that ends afterwards.
    async fn claimed(&self) -> ContinuationJob {
        let claim = ContinuationClaim {
            now: comms_core::Clock::now(&self.clock),
            lease: time::Duration::minutes(3),
            limit: 1,
            debounce: time::Duration::ZERO,
            patience: time::Duration::ZERO,
            only: None,
        };
        self.store.claim_continuations(&claim).await.unwrap().0.remove(0)
    }

    async fn steps(&self, job: &ContinuationJob, step: ContinuationStep) {
        let now = comms_core::Clock::now(&self.clock);
        let conclusion = ContinuationConclusion { id: job.continuation.id, token: job.token, step, now };
        assert!(self.store.conclude_continuation(conclusion).await.unwrap());
    }

    /// Accepts a message under this id, as a process does that ends before it sends.
    async fn accepts(&self, id: MessageId, text: &str) {
        let now = comms_core::Clock::now(&self.clock);
        let message = Outbound { id, ..Outbound::new(person(), Content::text(text)) };
        let new = NewOutbound {
            organization: "north".into(),
            account: self.desk.account().clone(),
            channel: ChannelKind::WebChat,
            user: user(),
            links: Links::default(),
            message,
            idempotency_key: None,
            request_hash: "x".to_owned(),
            retry_of: None,
            now,
            lease: time::Duration::minutes(1),
            queue: Queueing::default(),
        };
        self.store.accept(new).await.unwrap();
    }

    async fn finishes(&self, engine: &Engine) {
        while engine.continue_due().await.unwrap() > 0 {}
    }
}

#[tokio::test]
async fn a_claim_of_a_process_that_ended_is_another_ones() {
    let office = office().await;
    office.call_ends().await;
    office.claimed().await;
    assert_eq!(office.engine.continue_due().await.unwrap(), 0);
    let successor = office.successor();
    office.finishes(&successor).await;
    assert_eq!(office.sent().len(), 1);
}

#[tokio::test]
async fn a_first_message_that_was_decided_and_not_accepted_goes_out_once() {
    let office = office().await;
    let id = office.call_ends().await.continuation.id;
    let job = office.claimed().await;
    let decided = ContinuationStep::Decided {
        account: office.desk.account().clone(),
        message: MessageId::new(),
        content: Content::text("Hola Ana"),
    };
    office.steps(&job, decided).await;
    let successor = office.successor();
    office.finishes(&successor).await;
    assert_eq!(office.sent().len(), 1);
    assert_eq!(office.one(id).await.state, ContinuationState::Active);
}

pub(super) async fn a_first_message_that_was_accepted_is_not_sent_again(office: Office) {
    let id = office.call_ends().await.continuation.id;
    let job = office.claimed().await;
    let message = MessageId::new();
    let content = Content::text("Hola Ana");
    let account = office.desk.account().clone();
    office.steps(&job, ContinuationStep::Decided { account, message, content }).await;
    office.accepts(message, "Hola Ana").await;
    let successor = office.successor();
    office.finishes(&successor).await;
    assert!(office.sent().is_empty(), "whether the first process sent it is not known: the outbox finds out");
    let one = office.one(id).await;
    assert_eq!((one.state, one.opening_message), (ContinuationState::Active, Some(message)));
}

pub(super) async fn a_burst_whose_answer_was_kept_is_not_asked_again(office: Office) {
    office.opened().await;
    office.hears("m1", "hola").await;
    office.clock.advance(Duration::from_secs(2));
    let job = office.claimed().await;
    let part = AgentPart { message: MessageId::new(), text: "ya lo había dicho".to_owned() };
    office.steps(&job, ContinuationStep::Answered(AgentAnswer { parts: vec![part], ..AgentAnswer::default() })).await;
    office.hears("m2", "¿hola?").await;
    let successor = office.successor();
    office.finishes(&successor).await;
    assert_eq!(office.sent()[1..], ["ya lo había dicho", "eco: ¿hola?"]);
    assert_eq!(office.agent.asked().len(), 1, "only the burst after it");
}

#[tokio::test]
async fn a_burst_whose_answer_was_accepted_is_over() {
    let office = office().await;
    let id = office.opened().await;
    office.hears("m1", "hola").await;
    office.clock.advance(Duration::from_secs(2));
    let job = office.claimed().await;
    let part = AgentPart { message: MessageId::new(), text: "buenas".to_owned() };
    let message = part.message;
    office.steps(&job, ContinuationStep::Answered(AgentAnswer { parts: vec![part], ..AgentAnswer::default() })).await;
    office.accepts(message, "buenas").await;
    let successor = office.successor();
    office.finishes(&successor).await;
    assert_eq!(office.sent().len(), 1, "whether it was sent is for the outbox to find out");
    let one = office.one(id).await;
    assert_eq!((one.state, one.turns), (ContinuationState::Active, 1));
    let status = office.store.message(&admin(), message).await.unwrap().entry.status;
    assert!(matches!(status, Status::Sending | Status::Unknown), "{status:?}");
}

pub(super) async fn a_process_that_comes_back_late_says_nothing(office: Office) {
    office.opened().await;
    office.hears("m1", "hola").await;
    office.clock.advance(Duration::from_secs(2));
    office.agent.gate.forget_permits(Semaphore::MAX_PERMITS);
    office.agent.says("la primera");
    office.agent.says("la segunda");
    let engine = office.engine.clone();
    let slow = tokio::spawn(async move { engine.continue_due().await });
    while office.agent.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    let successor = office.successor();
    let fast = tokio::spawn(async move { successor.continue_due().await });
    while office.agent.asked().len() < 2 {
        tokio::task::yield_now().await;
    }
    office.agent.gate.add_permits(2);
    slow.await.unwrap().unwrap();
    fast.await.unwrap().unwrap();
    office.works().await;
    assert_eq!(office.agent.asked().len(), 2, "both asked");
    assert_eq!(office.sent().len(), 2, "and one was heard: {:?}", office.sent());
}

#[tokio::test]
async fn a_process_that_stops_gives_back_what_it_asked() {
    let office = office().await;
    office.opened().await;
    office.hears("m1", "hola").await;
    office.clock.advance(Duration::from_secs(2));
    office.agent.gate.forget_permits(Semaphore::MAX_PERMITS);
    let engine = office.engine.clone();
    let step = tokio::spawn(async move { engine.continue_due().await });
    while office.agent.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    office.engine.begin_stop();
    step.await.unwrap().unwrap();
    office.agent.gate.add_permits(1);
    let other = office.beside();
    office.finishes(&other).await;
    assert_eq!(office.sent()[1..], ["eco: hola"], "at once, and not when the claim ends");
}

#[tokio::test]
async fn what_was_handed_off_is_there_after_the_process_is_gone() {
    let mut office = office().await;
    office.call_ends().await;
    office.store.close().await;
    drop((office.engine, office.store));
    let database = DatabaseSettings::sqlite(office.folder.path().join("history.db"));
    office.store = open(database, Arc::new(office.clock.clone())).await.unwrap();
    office.engine = process(&office.store, &office.desk, &office.agent, &office.clock, &office.settings);
    office.works().await;
    assert_eq!(office.sent(), ["Hola Ana, gracias por la llamada."]);
}
