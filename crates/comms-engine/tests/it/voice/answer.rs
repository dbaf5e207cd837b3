//! Somebody calls us, or answers our call.

use comms_core::{
    AccountId, Address, AddressKind, Asked, Decision, Links, MessageId, Party, Status, history::RecipientState,
};
use proptest::prelude::*;

use super::{FIRST, Lines, browser, incoming_call, lines, lines_with, phone, question, told};

const CALLER: &str = "+34600000000";

impl Lines {
    /// The caller is known to be of this user.
    fn caller_is_of(&self, owner: Option<&str>) {
        let links = Links { lead: Some("5".into()), ..Links::default() };
        let known = RecipientState { owner: owner.map(Into::into), links, ..RecipientState::default() };
        self.store.state().recipients.insert(CALLER.to_owned(), known);
    }

    async fn step(&self, step: u8) -> Decision {
        let (question, events) = incoming_call("CA1", FIRST, &Party::of(phone(CALLER)), step);
        self.ask(question, events).await
    }

    async fn connected(&self, message: Option<MessageId>, answered_by: Option<&str>) -> Decision {
        let asked = Asked::Connect { message, answered_by: answered_by.map(str::to_owned) };
        self.ask(question(AccountId::of("memory", FIRST), "CA9", asked), Vec::new()).await
    }
}

fn rung(decision: &Decision) -> &[Address] {
    match decision {
        Decision::Ring { clients, .. } => clients,
        _ => &[],
    }
}

#[tokio::test]
async fn a_call_rings_at_the_leads_owner_then_at_the_lines_owner_then_takes_a_message() {
    let lines = lines();
    lines.caller_is_of(Some("7"));
    let first = lines.step(0).await;
    let expected = Decision::Ring {
        clients: vec![browser("7")],
        caller_id: None,
        ring_seconds: 25,
        parameters: told(&[("llamada", "CA1"), ("lead_id", "5")]),
        next_step: 1,
        record: false,
    };
    assert_eq!(first, expected);
    assert_eq!(rung(&lines.step(1).await), [browser("1")]);
    assert!(matches!(lines.step(2).await, Decision::Voicemail { max_seconds: 120, .. }));
    let record = lines.record();
    assert_eq!(record.status, Status::CallInitiated);
    assert_eq!(record.account, Some(AccountId::of("memory", FIRST)));
}

#[tokio::test]
async fn nobody_is_rung_twice() {
    let lines = lines();
    lines.caller_is_of(Some("1"));
    assert_eq!(rung(&lines.step(0).await), [browser("1")]);
    assert!(matches!(lines.step(1).await, Decision::Voicemail { .. }));
}

#[tokio::test]
async fn who_hides_their_number_reaches_the_lines_owner() {
    let lines = lines();
    lines.caller_is_of(Some("7"));
    let hidden = Party { addresses: Vec::new(), ..Party::default() };
    let (question, events) = incoming_call("CA1", FIRST, &hidden, 0);
    assert_eq!(rung(&lines.ask(question, events).await), [browser("1")]);
}

#[tokio::test]
async fn without_voicemail_the_caller_is_told_and_without_anybody_at_once() {
    let lines = lines_with(|settings| settings.voice.voicemail = None);
    lines.store.state().accounts[0].owner = None;
    assert!(matches!(lines.step(0).await, Decision::Say { .. }));
}

#[tokio::test]
async fn a_call_to_a_number_that_nobody_registered_is_refused_and_waits_in_quarantine() {
    let lines = lines();
    for (step, decision) in [(0, Decision::Reject), (1, Decision::HangUp)] {
        let (question, events) = incoming_call("CA1", "+34999", &Party::of(phone(CALLER)), step);
        assert_eq!(lines.ask(question, events).await, decision);
    }
    lines.store.state().accounts[0].active = false;
    assert_eq!(lines.step(0).await, Decision::Reject);
    let state = lines.store.state();
    assert_eq!(state.quarantine.len(), 1);
    assert_eq!(state.webhooks.len(), 3, "all that was signed is kept");
}

#[tokio::test]
async fn the_browser_of_another_organisation_rings_under_its_own_name() {
    let lines = lines();
    lines.store.state().accounts[0].organization = "south".into();
    assert_eq!(rung(&lines.step(0).await), [browser("south__1")]);
}

#[tokio::test]
async fn a_step_that_is_over_ends_the_call() {
    let lines = lines();
    let over = question(AccountId::of("memory", FIRST), "CA1", Asked::Done);
    assert_eq!(lines.ask(over, Vec::new()).await, Decision::HangUp);
}

#[tokio::test]
async fn a_call_that_we_placed_rings_at_the_user_who_placed_it() {
    let lines = lines();
    let sent = lines.engine.send(super::place::call("+34600000000")).await.unwrap();
    for answered_by in [None, Some("human"), Some("unknown")] {
        let Decision::Ring { clients, caller_id, next_step, parameters, .. } =
            lines.connected(Some(sent.message), answered_by).await
        else {
            panic!("nobody was rung");
        };
        assert_eq!((clients, caller_id), (vec![browser("7")], Some(phone("+34600000000"))));
        assert_eq!(parameters, told(&[("llamada", "CA9")]));
        assert!(matches!(lines.step(next_step).await, Decision::Say { .. }), "no voicemail for whom we called");
    }
}

#[tokio::test]
async fn machines_strangers_and_rows_without_user_are_not_connected() {
    let lines = lines();
    let sent = lines.engine.send(super::place::call("+34600000000")).await.unwrap();
    for machine in ["machine_start", "machine_end_beep", "fax"] {
        assert_eq!(lines.connected(Some(sent.message), Some(machine)).await, Decision::HangUp, "{machine}");
    }
    assert_eq!(lines.connected(None, None).await, Decision::HangUp);
    assert_eq!(lines.connected(Some(MessageId::new()), None).await, Decision::HangUp);
    lines.store.state().messages.get_mut(&sent.message).unwrap().detail.entry.user = None;
    assert!(matches!(lines.connected(Some(sent.message), None).await, Decision::Say { .. }));

    let lines = lines_with(|settings| settings.voice.connect_machines = true);
    let sent = lines.engine.send(super::place::call("+34600000000")).await.unwrap();
    assert_eq!(rung(&lines.connected(Some(sent.message), Some("machine_start")).await), [browser("7")]);
}

proptest! {
    /// Whoever owns what, and however that changes while it rings: a call that nobody answers ends.
    #[test]
    fn every_row_of_unanswered_steps_ends(
        owners in prop::collection::vec((prop::option::of("[17é]"), prop::option::of("[17]")), 260),
        voicemail: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let lines = lines_with(|settings| if !voicemail { settings.voice.voicemail = None });
        let mut step = 0;
        let mut rings = 0;
        for (known, line) in owners {
            lines.caller_is_of(known.as_deref());
            lines.store.state().accounts[0].owner = line.map(Into::into);
            match runtime.block_on(lines.step(step)) {
                Decision::Ring { clients, next_step, .. } => {
                    prop_assert!(next_step > step);
                    prop_assert!(clients.len() == 1 && clients[0].kind() == AddressKind::VoiceClient);
                    step = next_step;
                    rings += 1;
                }
                Decision::Voicemail { .. } => { prop_assert!(voicemail); break }
                Decision::Say { .. } => { prop_assert!(!voicemail); break }
                other => prop_assert!(false, "{:?}", other),
            }
        }
        prop_assert!(rings <= 2, "{} rings", rings);
    }
}
