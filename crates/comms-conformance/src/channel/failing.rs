//! Sends that fail: the error says what became of the message, and no repetition doubles it.

use std::{error::Error as _, fmt::Write as _};

use comms_core::{Error, ErrorKind, ExposeSecret, Outcome};

use super::{ChannelHarness, Fault, RETRY_AFTER, THROTTLED, excluded, strike};
use crate::{
    Verdict,
    suite::{ensure, ensure_eq},
};

pub(super) async fn a_refused_connection_sent_nothing(harness: &dyn ChannelHarness) -> Verdict {
    let struck = strike(harness, Fault::Refused).await?;
    ensure_eq!(struck.ledger.sent.len(), 0, "messages at the provider");
    ensure_eq!(struck.error.kind(), ErrorKind::Transport, "the kind");
    ensure_eq!(struck.error.outcome(), Outcome::NotSent, "the outcome");
    Ok(())
}

pub(super) async fn a_throttled_send_says_when_to_try_again(harness: &dyn ChannelHarness) -> Verdict {
    let struck = strike(harness, THROTTLED).await?;
    ensure_eq!(struck.ledger.sent.len(), 0, "messages at the provider");
    ensure_eq!(struck.error.kind(), ErrorKind::RateLimited, "the kind");
    ensure_eq!(struck.error.outcome(), Outcome::NotSent, "the outcome");
    ensure_eq!(struck.error.wait(), Some(RETRY_AFTER), "the wait");
    Ok(())
}

pub(super) async fn a_connection_cut_before_the_provider_acted_is_not_a_refusal(
    harness: &dyn ChannelHarness,
) -> Verdict {
    let struck = strike(harness, Fault::CutBeforeActing).await?;
    ensure_eq!(struck.ledger.sent.len(), 0, "messages at the provider");
    // Unknown, or NotSent where the channel can prove that no byte was written.
    ensure!(struck.error.outcome() != Outcome::Rejected, "a cut connection is taken for a refusal");
    Ok(())
}

pub(super) async fn an_answer_lost_after_the_provider_acted_is_unknown_and_not_repeated(
    harness: &dyn ChannelHarness,
) -> Verdict {
    unknown_and_not_repeated(harness, Fault::CutAfterActing).await
}

pub(super) async fn a_server_error_after_the_provider_acted_is_unknown_and_not_repeated(
    harness: &dyn ChannelHarness,
) -> Verdict {
    unknown_and_not_repeated(harness, Fault::ErrorAfterActing).await
}

pub(super) async fn a_page_of_a_proxy_is_unknown_and_not_repeated(harness: &dyn ChannelHarness) -> Verdict {
    unknown_and_not_repeated(harness, Fault::HtmlAfterActing).await
}

pub(super) async fn an_answer_that_breaks_off_is_unknown_and_not_repeated(harness: &dyn ChannelHarness) -> Verdict {
    unknown_and_not_repeated(harness, Fault::TruncatedAfterActing).await
}

pub(super) async fn an_answer_that_comes_too_late_is_unknown_and_not_repeated(harness: &dyn ChannelHarness) -> Verdict {
    unknown_and_not_repeated(harness, Fault::SlowAfterActing).await
}

async fn unknown_and_not_repeated(harness: &dyn ChannelHarness, fault: Fault) -> Verdict {
    let struck = strike(harness, fault).await?;
    ensure_eq!(struck.ledger.sent.len(), 1, "messages at the provider");
    ensure_eq!(struck.error.outcome(), Outcome::Unknown, "the outcome");
    Ok(())
}

pub(super) async fn a_failure_leaves_the_channel_usable(harness: &dyn ChannelHarness) -> Verdict {
    for fault in Fault::ALL {
        let struck = strike(harness, fault).await?;
        let next = super::renewed(struck.message);
        let receipt = struck.bench.channel.send(&next).await?;
        let stored = struck.bench.wire.ledger().await.sent.pop();
        ensure_eq!(
            Some(receipt.provider_id),
            stored.map(|s| s.provider_id),
            "the id of the message sent after {fault:?}"
        );
    }
    Ok(())
}

pub(super) async fn no_error_reveals_a_secret(harness: &dyn ChannelHarness) -> Verdict {
    let bench = harness.open().await;
    let mut said = vec![("the channel".to_owned(), format!("{:?}", bench.channel))];
    for fault in Fault::ALL {
        let struck = strike(harness, fault).await?;
        said.push((format!("the error of {fault:?}"), everything_said(&struck.error)));
    }
    for (why, message) in excluded::messages(harness).await? {
        if let Err(error) = bench.channel.send(&message).await {
            said.push((format!("the refusal of {why}"), everything_said(&error)));
        }
    }
    for (at, secret) in harness.secrets().iter().enumerate() {
        let secret = secret.expose_secret();
        ensure!(!secret.is_empty(), "secret {at} of the harness is empty");
        for (what, text) in &said {
            // The text itself is not shown: it is what must not be printed.
            ensure!(!text.contains(secret), "{what} reveals secret {at}");
        }
    }
    Ok(())
}

/// `Display` and `Debug` of an error and of all that it was caused by.
fn everything_said(error: &Error) -> String {
    let mut said = format!("{error}\n{error:?}");
    let mut cause = error.source();
    while let Some(error) = cause {
        // Writing into a string does not fail.
        let _ = write!(said, "\n{error}\n{error:?}");
        cause = error.source();
    }
    said
}
