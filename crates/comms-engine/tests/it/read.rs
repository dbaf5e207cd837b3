use comms_core::{Error, ErrorKind, Outcome};
use comms_engine::{Code, ReadReceipt};

use crate::scene::{Scene, admin, scene, user};

fn told(scene: &Scene) -> usize {
    scene.calls().iter().filter(|call| *call == "mark_read").count()
}

#[tokio::test]
async fn a_message_is_marked_as_read_and_the_other_party_told_once() {
    let scene = scene();
    let message = scene.received("m1").await;
    let first = scene.engine.mark_read(&admin(), &user(), message).await.unwrap();
    assert_eq!((first.changed, first.receipt), (true, ReadReceipt::Sent));
    let second = scene.engine.mark_read(&admin(), &user(), message).await.unwrap();
    assert_eq!((second.changed, second.receipt), (false, ReadReceipt::NotNeeded));
    assert_eq!(told(&scene), 1);
}

#[tokio::test]
async fn it_is_read_all_the_same_where_the_provider_is_away_or_cannot() {
    let away = Error::new(ErrorKind::Transport, Outcome::NotSent, "away");
    for (error, failed) in [(away, true), (Error::unsupported("no receipts"), false)] {
        let scene = scene();
        let message = scene.received("m1").await;
        scene.desk.set(|behaviour| behaviour.read = Some(error));
        let marked = scene.engine.mark_read(&admin(), &user(), message).await.unwrap();
        assert!(marked.changed);
        assert_eq!(matches!(marked.receipt, ReadReceipt::Failed(_)), failed);
    }
}

#[tokio::test]
async fn a_message_of_another_organisation_is_not_there() {
    let scene = scene();
    let message = scene.received("m1").await;
    let mut elsewhere = admin();
    elsewhere.organization = "south".into();
    let error = scene.engine.mark_read(&elsewhere, &user(), message).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    assert_eq!(told(&scene), 0);
}
