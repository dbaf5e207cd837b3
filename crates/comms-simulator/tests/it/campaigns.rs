//! Campaigns of webhooks with an exact account.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use comms_simulator::{
    Refused,
    meta::{CampaignPlan, PHONE_ID},
};
use serde_json::Value;

use crate::support::{Arrived, Receiver, World};

/// Every element of a webhook: its id, and its status for a status.
fn elements(body: &Value) -> Vec<(String, Option<String>)> {
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let mut found = Vec::new();
    for entry in list(body, "entry") {
        for change in list(&entry, "changes") {
            let value = &change["value"];
            for element in [list(value, "messages"), list(value, "statuses")].concat() {
                let text = |name: &str| element[name].as_str().map(str::to_owned);
                found.push((text("id").unwrap(), text("status")));
            }
        }
    }
    found
}

#[tokio::test]
async fn the_account_of_a_campaign_is_what_the_receiver_acknowledged() {
    // The receiver refuses every third POST, as one that is restarted does.
    let acknowledged = std::sync::Arc::new(Mutex::new(BTreeMap::<_, u32>::new()));
    let calls = Mutex::new(0_u32);
    let kept = acknowledged.clone();
    let receiver = Receiver::answering(move |arrived: &Arrived| {
        let mut calls = calls.lock().unwrap();
        *calls += 1;
        if (*calls).is_multiple_of(3) {
            return 503;
        }
        for element in elements(&arrived.body) {
            *kept.lock().unwrap().entry(element).or_default() += 1;
        }
        200
    });
    let world = World::with_receiver(&receiver, |_| ());
    let plan = CampaignPlan {
        messages: 200,
        statuses: 90,
        copies: 2,
        shuffle: true,
        batch: 4,
        concurrency: 8,
        retry_ms: vec![1],
        ..CampaignPlan::default()
    };
    let report = world.simulator.meta().run_campaign(plan).await.unwrap();
    assert!(report.done);
    assert_eq!((report.posts_acknowledged, report.posts_failed), (145, 0));
    assert_eq!(report.unacknowledged, []);
    let told: BTreeSet<_> = report.acknowledged.into_iter().map(|subject| (subject.id, subject.status)).collect();
    let received = acknowledged.lock().unwrap().clone();
    assert_eq!(told.len(), 290, "every element is distinct");
    assert_eq!(told, received.keys().cloned().collect());
    assert_eq!(received.values().sum::<u32>(), 580, "each one twice");
}

#[tokio::test]
async fn what_is_not_acknowledged_by_the_deadline_is_told() {
    let receiver = Receiver::answering(|arrived| {
        let value = &arrived.body["entry"][0]["changes"][0]["value"];
        let text = value["messages"][0]["text"]["body"].as_str().unwrap();
        if text.ends_with('7') { 500 } else { 200 }
    });
    let world = World::with_receiver(&receiver, |_| ());
    let plan = CampaignPlan { messages: 20, deadline_ms: 2_000, retry_ms: vec![20], ..CampaignPlan::default() };
    let report = world.simulator.meta().run_campaign(plan).await.unwrap();
    assert_eq!(report.acknowledged.len(), 18);
    assert_eq!(report.unacknowledged.len(), 2);
    assert_eq!(report.posts_failed, 2);
}

#[tokio::test]
async fn a_name_gives_the_same_ids_again() {
    let receiver = Receiver::start();
    let world = World::with_receiver(&receiver, |_| ());
    let run = async |name: &str| {
        let plan = CampaignPlan { messages: 5, name: name.into(), ..CampaignPlan::default() };
        let report = world.simulator.meta().run_campaign(plan).await.unwrap();
        BTreeSet::from_iter(report.acknowledged.into_iter().map(|subject| subject.id))
    };
    let (one, again, other) = (run("one").await, run("one").await, run("other").await);
    assert_eq!(one, again);
    assert!(one.is_disjoint(&other));
}

#[tokio::test]
async fn a_senseless_plan_is_refused() {
    let world = World::new(|_| ());
    let meta = world.simulator.meta();
    let refused = async |plan| meta.run_campaign(plan).await.unwrap_err();
    let usual = CampaignPlan::default;
    assert_eq!(refused(usual()).await, Refused::NoCallback);
    assert!(matches!(refused(CampaignPlan { messages: 0, ..usual() }).await, Refused::Invalid(_)));
    assert!(matches!(refused(CampaignPlan { customers: 0, ..usual() }).await, Refused::Invalid(_)));
    let crowd = CampaignPlan { copies: 11, ..usual() };
    assert!(matches!(refused(crowd).await, Refused::Invalid(_)));
    let unknown = CampaignPlan { phone_number_id: "404".into(), ..usual() };
    assert_eq!(refused(unknown).await, Refused::UnknownPhone("404".into()));
    assert_eq!(usual().phone_number_id, PHONE_ID);
}
