use std::collections::BTreeSet;

use comms_simulator::{
    WebhookPolicy,
    meta::{Customer, PHONE_ID},
};

use crate::support::{HISTORY, TestServer};

#[tokio::test(flavor = "multi_thread")]
async fn copies_in_any_order_are_one_message_each() {
    let server = TestServer::start().await;
    server.simulator.configure(|config| {
        config.webhooks = WebhookPolicy {
            copies: 3,
            shuffle: true,
            linger_ms: 20,
            batch: 3,
            ..WebhookPolicy::default()
        };
    });
    for number in 0..10 {
        let customer = Customer::new(format!("3460000000{number}"));
        server
            .simulator
            .meta()
            .inbound_text(PHONE_ID, &customer, format!("mensaje {number}"))
            .unwrap();
    }
    let ledger = server.simulator.ledger();
    let settled = ledger.wait_until(std::time::Duration::from_secs(20), |ledger| {
        let hooks = ledger.webhooks();
        let told: BTreeSet<_> = hooks
            .iter()
            .flat_map(|hook| &hook.subjects)
            .map(|subject| &subject.id)
            .collect();
        let deliveries: usize = hooks.iter().map(|hook| hook.subjects.len()).sum();
        told.len() == 10 && deliveries == 30 && hooks.iter().all(|hook| hook.acked_at.is_some())
    });
    assert!(settled.await);
    let rows = server.admin().get(HISTORY).await.data();
    assert_eq!(rows.as_array().unwrap().len(), 10);
}
