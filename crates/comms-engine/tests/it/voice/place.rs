//! Calls that a request places, and ending them.

use comms_core::{
    Address, Call, Channel, ChannelKind, Content, Error, ErrorKind, Outcome, Status, history::RecipientState,
};
use comms_engine::{Code, SendRequest};

use super::{FIRST, Lines, OWN, SHOWN, browser, lines, lines_with, phone};
use crate::scene::{admin, seller, user};

/// A call of user 7.
pub fn call(to: &str) -> SendRequest {
    call_to(phone(to), Call::default())
}

fn call_to(to: Address, call: Call) -> SendRequest {
    SendRequest::new(admin(), user(), ChannelKind::Voice, to, Content::Call(call))
}

fn showing(number: &str) -> SendRequest {
    call_to(phone("+34600000000"), Call { from: Some(phone(number)), ..Call::default() })
}

impl Lines {
    /// The number that the call of this row shows.
    fn shown(&self) -> Option<Address> {
        match self.record().content {
            Some(Content::Call(call)) => call.from,
            _ => None,
        }
    }
}

#[tokio::test]
async fn a_call_shows_the_callers_own_number_where_it_names_none() {
    for (account, shown) in [(None, SHOWN), (Some(OWN), SHOWN), (Some(FIRST), FIRST)] {
        let lines = lines();
        let mut request = call("+34600000000");
        request.account = account.map(|number| lines.phone(number).account().clone());
        let sent = lines.engine.send(request).await.unwrap();
        assert_eq!(sent.status, Status::CallInitiated);
        assert_eq!(lines.shown(), Some(phone(shown)));
    }
}

#[tokio::test]
async fn the_number_that_is_shown_decides_the_line_and_must_be_the_organisations() {
    for (number, line) in [(SHOWN, OWN), (OWN, OWN), (FIRST, FIRST)] {
        let lines = lines();
        lines.engine.send(showing(number)).await.unwrap();
        assert_eq!(lines.record().account, Some(lines.phone(line).account().clone()), "{number}");
        assert_eq!(lines.shown(), Some(phone(number)));
    }
    let lines = lines();
    let mut named = showing("+34600000009");
    named.account = Some(lines.phone(FIRST).account().clone());
    let browsers = call_to(phone("+34600000000"), Call { from: Some(browser("7")), ..Call::default() });
    for request in [showing("+34600000009"), named, browsers] {
        let error = lines.engine.send(request).await.unwrap_err();
        assert_eq!((error.code(), error.field()), (Code::ForbiddenCallerId, Some("from")));
    }
    lines.nothing_happened();
}

impl Lines {
    fn nothing_happened(&self) {
        assert!(self.store.state().messages.is_empty());
        assert!(self.phones.values().all(|phone| phone.inner.requests() == 0));
    }
}

#[tokio::test]
async fn what_the_policy_excludes_is_neither_stored_nor_called() {
    let cases = [
        ("+12025550123", Code::ForbiddenDestination),
        ("+34803123456", Code::CostlyDestination),
        ("+870773000000", Code::ForbiddenDestination),
    ];
    let lines = lines();
    for (to, code) in cases {
        let error = lines.engine.send(call(to)).await.unwrap_err();
        assert_eq!((error.code(), error.field()), (code, Some("to")), "{to}");
    }
    let stranger = lines.engine.send(call_to(browser("south__8"), Call::default())).await.unwrap_err();
    assert_eq!(stranger.code(), Code::InvalidRecipient);
    lines.nothing_happened();
}

#[tokio::test]
async fn the_daily_cap_counts_calls_of_either_kind() {
    let lines = lines_with(|settings| settings.voice.daily_cap = 2);
    lines.dials("+34600000000").await;
    lines.engine.send(call("+34600000000")).await.unwrap();
    let error = lines.engine.send(call("+34600000000")).await.unwrap_err();
    assert_eq!(error.code(), Code::DailyCallLimit);
    let mut other = call("+34600000000");
    other.user = "8".into();
    lines.engine.send(other).await.unwrap();
}

#[tokio::test]
async fn who_does_not_want_messages_may_be_called() {
    let lines = lines();
    let known = RecipientState { opted_out: vec!["messages".to_owned()], ..RecipientState::default() };
    lines.store.state().recipients.insert("+34600000000".to_owned(), known);
    lines.engine.send(call("+34600000000")).await.unwrap();
}

#[tokio::test]
async fn a_call_that_could_not_be_placed_is_a_failed_call_and_can_be_placed_again() {
    let cases = [
        (Outcome::Rejected, Status::CallFailed),
        (Outcome::NotSent, Status::CallFailed),
        (Outcome::Unknown, Status::Unknown),
    ];
    for (outcome, status) in cases {
        let lines = lines();
        let failure = Error::new(ErrorKind::Provider, outcome, "no").code("21215");
        lines.phone(OWN).inner.fail_next(failure);
        let sent = lines.engine.send(call("+34600000000")).await.unwrap();
        assert_eq!(sent.status, status);
        assert_eq!(lines.store.status(sent.message), status);
        if status == Status::CallFailed {
            let again = lines.engine.retry(&admin(), &user(), sent.message, false).await.unwrap();
            assert_eq!(again.status, Status::CallInitiated);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_not_placed_in_time_is_not_placed_later() {
    let lines = lines();
    lines.store.state().accept_takes = lines.engine.settings().voice.expires;
    let sent = lines.engine.send(call("+34600000000")).await.unwrap();
    assert_eq!(sent.status, Status::CallFailed);
    assert!(sent.problem.unwrap().message.starts_with("not sent"));
    lines.phones.values().for_each(|phone| assert_eq!(phone.inner.requests(), 0));
}

#[tokio::test]
async fn a_call_is_hung_up_while_it_lasts_by_who_may_see_it() {
    let lines = lines();
    let sent = lines.engine.send(call("+34600000000")).await.unwrap();
    let mut elsewhere = seller("7");
    elsewhere.organization = "south".into();
    let error = lines.engine.hang_up(&elsewhere, sent.message).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);

    lines.engine.hang_up(&seller("7"), sent.message).await.unwrap();
    let id = lines.record().provider_id.unwrap();
    assert_eq!(*lines.phone(OWN).hung_up.lock().unwrap(), [id.as_str()]);

    for ended in [Status::CallEnded, Status::CallFailed, Status::CallCompleted] {
        lines.store.state().messages.get_mut(&sent.message).unwrap().detail.entry.status = ended;
        lines.engine.hang_up(&admin(), sent.message).await.unwrap();
    }
    assert_eq!(*lines.phone(OWN).hung_up.lock().unwrap(), [id.as_str()], "what has ended is left alone");
}

#[tokio::test]
async fn what_is_no_call_that_the_provider_knows_cannot_be_hung_up() {
    let lines = lines();
    let sent = lines.engine.send(call("+34600000000")).await.unwrap();
    lines.store.state().messages.get_mut(&sent.message).unwrap().detail.entry.provider_id = None;
    let error = lines.engine.hang_up(&admin(), sent.message).await.unwrap_err();
    assert_eq!(error.code(), Code::NoCall);

    let scene = crate::scene::scene();
    let text = scene.received("m1").await;
    let error = scene.engine.hang_up(&admin(), text).await.unwrap_err();
    assert_eq!(error.code(), Code::NoCall);
}
