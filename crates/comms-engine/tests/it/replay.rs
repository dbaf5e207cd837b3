use comms_core::{WebhookId, history::WebhookFilter};
use comms_engine::Code;

use crate::scene::{Scene, scene};

async fn receive_some(scene: &Scene, count: usize) {
    for at in 0..count {
        let webhook = scene.webhook("memory:desk", &format!("m{at}"));
        scene.engine.receive("memory", webhook).await.unwrap();
    }
}

#[tokio::test]
async fn reading_again_changes_nothing() {
    let scene = scene();
    receive_some(&scene, 3).await;
    for _ in 0..2 {
        let report = scene.engine.replay(&WebhookFilter::default()).await.unwrap();
        assert_eq!((report.webhooks, report.duplicates, report.messages), (3, 3, 0));
        assert_eq!(report.next, None);
    }
    let state = scene.store.state();
    assert_eq!((state.webhooks.len(), state.messages.len()), (3, 3));
}

#[tokio::test]
async fn a_replay_goes_on_where_the_page_ended() {
    let scene = scene();
    receive_some(&scene, 5).await;
    let mut filter = WebhookFilter { limit: 2, ..WebhookFilter::default() };
    let mut pages = Vec::new();
    loop {
        let report = scene.engine.replay(&filter).await.unwrap();
        pages.push(report.webhooks);
        filter.after = report.next;
        if filter.after.is_none() {
            break;
        }
    }
    assert_eq!(pages, [2, 2, 1]);
}

#[tokio::test]
async fn what_is_still_unreadable_is_reported_and_holds_up_nothing() {
    let scene = scene();
    let broken = scene.desk.inner.sign("{ not json");
    scene.engine.receive("memory", broken).await.unwrap();
    receive_some(&scene, 1).await;
    let id = *scene.store.state().webhooks.keys().next_back().unwrap();
    scene.store.state().webhooks.get_mut(&id).unwrap().0 = "retired".to_owned();
    let report = scene.engine.replay(&WebhookFilter::default()).await.unwrap();
    assert_eq!((report.webhooks, report.problems.len()), (2, 2));
    assert_eq!(report.problems[1].1, "no parser reads webhooks of retired");
}

#[tokio::test]
async fn one_webhook_can_be_read_again_by_its_id() {
    let scene = scene();
    receive_some(&scene, 2).await;
    let id = *scene.store.state().webhooks.keys().next().unwrap();
    let report = scene.engine.replay_one(id).await.unwrap();
    assert_eq!((report.webhooks, report.duplicates), (1, 1));
    let error = scene.engine.replay_one(WebhookId::new()).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
}
