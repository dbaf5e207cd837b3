//! Any sequence of outcomes: nothing is sent twice that may have arrived, and everything ends.

use std::time::Duration;

use comms_core::{Error, ErrorKind, Found, Outcome, Status, history::DeliveryMode};
use proptest::prelude::*;

use crate::{outbox::queue, scene::text};

/// What an attempt meets: an outcome of failure, or success.
fn outcomes() -> impl Strategy<Value = Vec<Option<Outcome>>> {
    let outcome = prop_oneof![
        3 => Just(Some(Outcome::NotSent)),
        1 => Just(Some(Outcome::Unknown)),
        1 => Just(Some(Outcome::Rejected)),
        1 => Just(None),
    ];
    proptest::collection::vec(outcome, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_message_ends_and_none_is_sent_again_after_an_unknown_outcome(
        outcomes in outcomes(),
        twice in any::<bool>(),
        steps in proptest::collection::vec(1_u64..900, 30),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let queue = queue().await;
            queue.desk.set(|behaviour| behaviour.found = Some(Found::CannotTell));
            let mode = if twice { DeliveryMode::AtLeastOnce } else { DeliveryMode::AtMostOnce };
            let mut request = text("hola");
            request.mode = mode;
            let mut script = outcomes.iter();
            let mut meet = |queue: &crate::outbox::Queue| {
                if let Some(Some(outcome)) = script.next() {
                    queue.desk.inner.fail_next(Error::new(ErrorKind::Provider, *outcome, "busy"));
                }
            };
            meet(&queue);
            let message = queue.send(request).await;
            for step in steps {
                let requests = queue.desk.inner.requests();
                let before = queue.status(message).await;
                if before == Status::Queued {
                    meet(&queue);
                }
                let attempts = queue.after(Duration::from_secs(step)).await;
                queue.engine.look_for_unknown().await.unwrap();
                prop_assert!(attempts <= 1);
                if mode == DeliveryMode::AtMostOnce && before != Status::Queued {
                    prop_assert_eq!(queue.desk.inner.requests(), requests, "sent again from {:?}", before);
                }
            }
            queue.after(Duration::from_secs(3_600)).await;
            queue.clock.advance(Duration::from_secs(25 * 3_600));
            queue.engine.look_for_unknown().await.unwrap();
            let end = queue.status(message).await;
            prop_assert!(
                matches!(end, Status::Accepted | Status::Failed | Status::Expired | Status::Unknown),
                "ends as {:?}", end
            );
            let stats = queue.store.stats().await.unwrap();
            prop_assert_eq!((stats.outbox_queued, stats.sending, stats.outbox_unknown), (0, 0, 0));
            // The double keeps what it took, the unknown included.
            prop_assert!(twice || queue.desk.inner.sent().len() <= 1);
            Ok(())
        })?;
    }
}
