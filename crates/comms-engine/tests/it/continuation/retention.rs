//! What was said goes when it is old.

use comms_core::history::ContinuationState;

use super::*;

const DAY: Duration = Duration::from_secs(24 * 3_600);

#[tokio::test]
async fn what_was_said_in_a_call_goes_when_it_is_old_and_the_call_stays() {
    let office = office_with(|settings| settings.retention.calls = Some(DAY * 30)).await;
    let id = office.opened().await;
    office.engine.close_continuation(&"north".into(), id, "api").await.unwrap();
    office.clock.advance(DAY * 29);
    assert!(!office.engine.retain().await.unwrap());
    assert!(office.one(id).await.summary.is_some());
    office.clock.advance(DAY * 2);
    office.engine.retain().await.unwrap();
    let one = office.one(id).await;
    assert_eq!((one.summary, one.transcript.len(), one.metadata.len()), (None, 0, 0));
    assert_eq!((one.state, one.phone.as_deref()), (ContinuationState::Closed, Some(PHONE)));
    let again = office.engine.hand_off_within(call("conv_1"), Duration::from_secs(1)).await.unwrap();
    assert_eq!((again.repeated, again.message.is_some()), (true, true), "which message it was is still known");
    assert_eq!(office.sent().len(), 1);
}
