use comms_engine::Code;

use crate::scene::{Scene, account, scene};

async fn quarantined(scene: &Scene, count: usize) {
    for at in 0..count {
        let webhook = scene.webhook("memory:new", &format!("m{at}"));
        let ingested = scene.engine.receive("memory", webhook).await.unwrap().ingested;
        assert_eq!((ingested.messages, ingested.quarantined), (0, 1));
    }
}

#[tokio::test]
async fn webhooks_of_an_unknown_account_wait_until_it_is_assigned() {
    let scene = scene();
    quarantined(&scene, 3).await;
    assert!(scene.store.state().messages.is_empty());

    let new = account("memory:new".into());
    let assigned = scene.engine.assign_account(new.clone()).await.unwrap();
    assert_eq!((assigned.replay.webhooks, assigned.replay.messages), (3, 3));
    assert_eq!(assigned.filled, 2, "what waited for an owner is filled in");
    assert_eq!(scene.store.state().messages.len(), 3);
    assert!(scene.store.state().quarantine.is_empty());

    let again = scene.engine.assign_account(new).await.unwrap();
    assert_eq!(again.replay.webhooks, 0);
}

#[tokio::test]
async fn more_webhooks_than_a_page_holds_are_all_read() {
    let scene = scene();
    quarantined(&scene, 501).await;
    let new = account("memory:new".into());
    let assigned = scene.engine.assign_account(new).await.unwrap();
    assert_eq!(assigned.replay.messages, 501);
}

#[tokio::test]
async fn events_of_the_account_above_are_released_with_it() {
    let scene = scene();
    let webhook = scene.webhook("memory:above", "m1");
    scene.engine.receive("memory", webhook).await.unwrap();
    let mut new = account("memory:new".into());
    new.parent = Some("memory:above".into());
    let assigned = scene.engine.assign_account(new).await.unwrap();
    assert_eq!(assigned.replay.webhooks, 1);
}

#[tokio::test]
async fn an_account_of_another_organisation_is_not_taken_over() {
    let scene = scene();
    let mut stolen = account("memory:desk".into());
    stolen.organization = "south".into();
    let error = scene.engine.assign_account(stolen).await.unwrap_err();
    assert_eq!(error.code(), Code::Conflict);
}

#[tokio::test]
async fn what_arrived_while_the_account_was_being_registered_is_found_by_the_sweep() {
    let scene = scene();
    quarantined(&scene, 1).await;
    assert_eq!(scene.engine.release_quarantine().await.unwrap().webhooks, 0);
    // Registered by another process, which saw no webhook yet.
    let new = account("memory:new".into());
    scene.store.state().accounts.push(new);
    assert_eq!(scene.engine.release_quarantine().await.unwrap().messages, 1);
    assert_eq!(scene.store.state().messages.len(), 1);
}
