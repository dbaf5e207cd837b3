//! A replay decides nothing: it finds what was decided.

use comms_core::{
    AccountId, DECISION_HEADER, Decision, Status,
    history::{Assignment, WebhookFilter},
};

use super::{FIRST, Lines, OWN, line, lines, lines_with, refusal};

impl Lines {
    async fn replayed(&self) -> (u64, u64) {
        let answers = self.exchange.answered.lock().unwrap().len();
        let report = self.engine.replay(&WebhookFilter::default()).await.unwrap();
        assert_eq!(self.exchange.answered.lock().unwrap().len(), answers, "a replay tells nobody anything");
        (report.messages, report.duplicates)
    }
}

#[tokio::test]
async fn a_replay_finds_the_record_whatever_the_rules_say_by_then() {
    let lines = lines();
    lines.store.state().assignments = vec![Assignment::Trusted];
    lines.browser_calls("7", "+34600000000", &[("lead_id", "ñandú 5")]).await;
    let before = lines.record();
    // By now the user has another line, and nobody may call anybody.
    lines.store.state().accounts.retain(|account| account.id.external_id() != OWN);
    lines.store.state().accounts.push(line(OWN, "8", None));
    lines.store.state().accounts.insert(0, line("+12025550100", "7", None));
    assert_eq!(lines.replayed().await, (0, 1));
    assert_eq!(lines.record(), before);

    lines.store.state().forget();
    assert_eq!(lines.replayed().await, (1, 0));
    let again = lines.record();
    assert_eq!(again.links.lead, Some("ñandú 5".into()));
    assert_eq!((again.account, again.user, again.links), (before.account, before.user, before.links));
}

#[tokio::test]
async fn a_refused_call_stays_refused() {
    let lines = lines_with(|settings| settings.voice.daily_cap = 0);
    lines.dials("+34600000000").await;
    assert_eq!(lines.replayed().await, (0, 1));
    lines.store.state().forget();
    assert_eq!(lines.replayed().await, (1, 0));
    let record = lines.record();
    assert_eq!((record.status, refusal(&record)), (Status::CallFailed, Some("limite_diario_llamadas")));
    assert_eq!(record.user, Some("7".into()));
}

#[tokio::test]
async fn a_call_that_came_before_its_line_was_registered_is_one_record_afterwards() {
    let lines = lines();
    let registered = std::mem::take(&mut lines.store.state().accounts);
    assert!(matches!(lines.dials("+34600000000").await, Decision::Say { .. }));
    assert_eq!(lines.store.state().quarantine.len(), 1);
    let first = registered.into_iter().find(|account| account.id.external_id() == FIRST).unwrap();
    lines.engine.assign_account(first).await.unwrap();
    let record = lines.record();
    assert_eq!((record.status, refusal(&record)), (Status::CallFailed, Some("canal_no_configurado")));
    for _ in 0..2 {
        assert_eq!(lines.replayed().await, (0, 1));
    }
}

#[tokio::test]
async fn a_webhook_without_its_decision_is_decided_again_for_the_record_alone() {
    let lines = lines();
    lines.dials("+34600000000").await;
    for (_, _, request) in lines.store.state().webhooks.values_mut() {
        request.headers.remove(DECISION_HEADER);
    }
    assert_eq!(lines.replayed().await, (0, 1));
    assert_eq!(lines.record().account, Some(AccountId::of("memory", OWN)));
}
