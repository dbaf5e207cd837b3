//! A browser calls.

use std::time::Duration;

use comms_core::{
    AccountId, Decision, Links, Status,
    history::{Assignment, RecipientState},
};
use comms_engine::Code;

use super::{ABOVE, FIRST, OWN, SHOWN, browser, line, lines, lines_with, phone, refusal};

#[tokio::test]
async fn a_browser_is_put_through_and_the_call_is_its_users() {
    let lines = lines();
    let decision = lines.dials("+34 600 00 00 00").await;
    let (to, caller_id) = (phone("+34600000000"), phone(SHOWN));
    assert_eq!(decision, Decision::Dial { to, caller_id, ring_seconds: 25, record: false });
    let record = lines.record();
    assert_eq!(record.account, Some(AccountId::of("memory", OWN)));
    assert_eq!(record.user, Some("7".into()));
    assert_eq!(record.counterpart, "+34600000000");
    assert_eq!((record.status, record.problem), (Status::CallInitiated, None));
    assert_eq!(lines.answered().0.account, AccountId::of("memory", OWN), "the next webhooks are to name the line");
}

#[tokio::test]
async fn who_has_no_line_calls_from_the_first() {
    let lines = lines();
    let decision = lines.browser_calls("8", "+34600000000", &[]).await;
    assert!(matches!(&decision, Decision::Dial { caller_id, .. } if *caller_id == phone(FIRST)), "{decision:?}");
    assert_eq!(lines.record().user, Some("8".into()));
}

#[tokio::test]
async fn a_number_without_country_code_is_one_of_the_lines_country_or_of_the_one_set() {
    for (region, to) in [(None, "600 000 000"), (Some("MX"), "55 1234 5678")] {
        let lines = lines_with(|settings| {
            settings.voice.region = region.map(str::to_owned);
            settings.voice.countries = vec!["ES".to_owned(), "mx".to_owned()];
        });
        let decision = lines.dials(to).await;
        assert!(matches!(decision, Decision::Dial { .. }), "{to}: {decision:?}");
    }
}

#[tokio::test]
async fn a_colleague_is_called_by_their_browser_and_nobody_elsewhere_is() {
    let lines = lines();
    let decision = lines.dials("client:8").await;
    assert!(matches!(&decision, Decision::Dial { to, .. } if *to == browser("8")), "{decision:?}");
    for stranger in ["client:south__8", "client:", "client:___", "8"] {
        let lines = super::lines();
        assert!(matches!(lines.dials(stranger).await, Decision::Say { .. }), "{stranger}");
        assert_eq!(refusal(&lines.record()), Some("destinatario_invalido"), "{stranger}");
    }
}

#[tokio::test]
async fn a_refused_call_is_not_placed_and_stays_in_the_history_with_its_reason() {
    let cases = [
        ("", Code::InvalidRecipient),
        ("ana", Code::InvalidRecipient),
        ("sip:ana@example.com", Code::InvalidRecipient),
        ("+34", Code::InvalidRecipient),
        ("112", Code::InvalidRecipient),
        ("+3411811", Code::ForbiddenDestination),
        ("+12025550123", Code::ForbiddenDestination),
        ("+870773000000", Code::ForbiddenDestination),
        ("+34803123456", Code::CostlyDestination),
        ("+34905123456", Code::ForbiddenDestination),
    ];
    for (to, code) in cases {
        let lines = lines();
        let decision = lines.dials(to).await;
        assert!(
            matches!(&decision, Decision::Say { text, language } if !text.is_empty() && language == "es-ES"),
            "{to}"
        );
        let record = lines.record();
        assert_eq!((record.status, refusal(&record)), (Status::CallFailed, Some(code.as_str())), "{to}");
        assert_eq!(record.user, Some("7".into()), "{to}");
    }
}

#[tokio::test]
async fn an_identity_that_we_never_gave_is_refused_and_kept() {
    let lines = lines();
    assert_eq!(lines.browser_calls("ana-maria", "+34600000000", &[]).await, Decision::Reject);
    let record = lines.record();
    assert_eq!((record.status, refusal(&record)), (Status::CallFailed, Some("identidad_desconocida")));
    assert_eq!(record.user, None);
}

#[tokio::test]
async fn an_organisation_without_a_line_cannot_call_through_anothers() {
    let lines = lines();
    let mut foreign = line("+34930000000", "8", None);
    foreign.organization = "south".into();
    foreign.parent = Some("memory:AC2".into());
    lines.store.state().accounts.push(foreign);
    assert!(matches!(lines.browser_calls("south__8", "+34600000000", &[]).await, Decision::Say { .. }));
    assert_eq!(refusal(&lines.record()), Some("canal_no_configurado"), "{ABOVE} is not above it");
    assert_eq!(lines.record().user, None, "nobody of another organisation becomes the author");
}

#[tokio::test]
async fn what_a_browser_names_is_linked_after_the_same_check_as_in_a_send() {
    let owner = |id: &str| Assignment::Owner(Some(id.into()));
    let cases = [
        (owner("7"), None),
        (Assignment::Trusted, None),
        (owner("8"), Some("lead_ajeno")),
        (Assignment::Missing, Some("lead_no_encontrado")),
    ];
    for (assignment, code) in cases {
        let lines = lines();
        lines.store.state().assignments = vec![assignment];
        let decision = lines.browser_calls("7", "+34600000000", &[("lead_id", " 5 "), ("cliente_id", "")]).await;
        assert_eq!(matches!(decision, Decision::Dial { .. }), code.is_none());
        let record = lines.record();
        assert_eq!(refusal(&record), code);
        let linked = Links { lead: code.is_none().then(|| "5".into()), ..Links::default() };
        assert_eq!(record.links, linked, "nothing is linked that may not be");
    }
}

#[tokio::test]
async fn a_call_that_names_nothing_belongs_to_what_the_other_party_belongs_to() {
    let owner = |id: &str| Assignment::Owner(Some(id.into()));
    for (assigned, code) in [("7", None), ("8", Some("lead_ajeno"))] {
        let lines = lines();
        let links = Links { lead: Some("5".into()), ..Links::default() };
        let known = RecipientState { links: links.clone(), ..RecipientState::default() };
        lines.store.state().recipients.insert("+34600000000".to_owned(), known);
        lines.store.state().assignments = vec![owner(assigned)];
        lines.dials("+34600000000").await;
        let record = lines.record();
        assert_eq!(refusal(&record), code);
        assert_eq!(record.links == links, code.is_none());
    }
}

#[tokio::test]
async fn an_endless_id_is_no_lead() {
    let lines = lines();
    lines.store.state().assignments = vec![Assignment::Trusted];
    let endless = "5".repeat(200_000);
    lines.browser_calls("7", "+34600000000", &[("lead_id", &endless)]).await;
    assert_eq!(refusal(&lines.record()), Some("lead_no_encontrado"));
}

#[tokio::test]
async fn who_does_not_want_messages_may_be_called_and_who_wants_nothing_may_not() {
    for (scope, code) in [("messages", None), ("marketing_messages", None), ("all", Some("destinatario_de_baja"))] {
        let lines = lines();
        let known = RecipientState { opted_out: vec![scope.to_owned()], ..RecipientState::default() };
        lines.store.state().recipients.insert("+34600000000".to_owned(), known);
        lines.dials("+34600000000").await;
        assert_eq!(refusal(&lines.record()), code, "{scope}");
    }
}

#[tokio::test]
async fn beyond_the_daily_cap_nobody_is_dialled_until_a_day_has_passed() {
    let lines = lines_with(|settings| settings.voice.daily_cap = 2);
    let mut decisions = Vec::new();
    let call = async |call: &str| {
        let (question, events) = super::browser_call(call, "7", "+34600000000", &[]);
        matches!(lines.ask(question, events).await, Decision::Dial { .. })
    };
    for id in ["CA1", "CA2", "CA3", "CA4"] {
        decisions.push(call(id).await);
    }
    lines.later(Duration::from_secs(24 * 60 * 60 + 1));
    decisions.push(call("CA5").await);
    assert_eq!(decisions, [true, true, false, false, true]);
    let state = lines.store.state();
    let refused = state.messages.values().filter_map(|row| row.detail.entry.problem.as_ref());
    assert!(refused.map(|problem| problem.code.as_str()).eq(["limite_diario_llamadas"; 2]));
}

#[tokio::test]
async fn a_line_that_is_no_phone_number_has_nothing_to_show() {
    let lines = lines_with(|settings| settings.voice.countries = vec!["ES".to_owned()]);
    lines.store.state().accounts = vec![line("ana", "7", None)];
    lines.dials("+34600000000").await;
    assert_eq!(refusal(&lines.record()), Some("numero_origen_no_permitido"));
}
