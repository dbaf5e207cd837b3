//! Files and rows go together, whatever breaks off between them.

use std::{collections::HashMap, path::Path, sync::Arc, time::Duration};

use comms_core::{
    Channel as _, Content, EventKind, InboundMessage, ManualClock, Media, MediaKind, MediaRef, Party,
    history::{AttachmentState, DatabaseSettings, HistoryFilter, Organization, Repository, open},
};
use comms_engine::{BlobStore, Engine, Settings};
use tempfile::TempDir;

use crate::{
    fake_channel::{Desk, Directory, Served, person},
    scene::{account, admin, text_event, user},
};

struct Archive {
    engine: Engine,
    store: Arc<dyn Repository>,
    clock: ManualClock,
    folder: TempDir,
}

/// One photo of one person, fetched.
async fn archive(age: Option<Duration>) -> Archive {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::at_unix(1_700_000_000);
    let settings = DatabaseSettings::sqlite(folder.path().join("history.db"));
    let store = open(settings, Arc::new(clock.clone())).await.unwrap();
    store.migrate().await.unwrap();
    let organization = Organization { id: "north".into(), name: "North".to_owned() };
    store.put_organization(&organization).await.unwrap();
    let desk = Arc::new(Desk::new("desk", Arc::default()));
    store.put_account(&account(desk.account().clone())).await.unwrap();
    let mut settings = Settings::default();
    settings.retention.files = age;
    let channels = HashMap::from([(desk.account().clone(), Arc::clone(&desk))]);
    let engine = Engine::builder(Arc::clone(&store), Arc::new(Directory(channels)))
        .inbound("memory", Arc::new(comms_core::InMemoryChannel::new("desk")))
        .blobs(BlobStore::folder(folder.path().join("media")).unwrap())
        .clock(Arc::new(clock.clone()))
        .settings(settings)
        .build();
    desk.set(|behaviour| behaviour.files.push_back(Ok(Served::whole(b"photo"))));
    let photo = Media {
        kind: MediaKind::Image,
        source: MediaRef::Id("photo".to_owned()),
        caption: None,
        filename: None,
        mime_type: None,
        sha256: None,
    };
    let mut event = text_event("memory:desk", "m1");
    event.kind = EventKind::Message(Box::new(InboundMessage::new(Party::of(person()), Content::Media(photo))));
    let webhook = desk.inner.webhook(&[event]).unwrap();
    engine.receive("memory", webhook).await.unwrap();
    assert_eq!(engine.fetch_media().await.unwrap(), 1);
    Archive { engine, store, clock, folder }
}

impl Archive {
    fn files(&self) -> usize {
        count(&self.folder.path().join("media"))
    }

    async fn message(&self) -> comms_core::history::HistoryEntry {
        let filter = HistoryFilter { limit: 1, ..HistoryFilter::default() };
        self.store.history(&admin(), &filter).await.unwrap().entries.pop().unwrap()
    }
}

fn count(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).map(|entries| entries.flatten().collect::<Vec<_>>()).unwrap_or_default();
    entries.iter().map(|entry| if entry.path().is_dir() { count(&entry.path()) } else { 1 }).sum()
}

#[tokio::test]
async fn a_file_goes_when_it_is_old() {
    let archive = archive(Some(Duration::from_secs(3_600))).await;
    assert_eq!(archive.files(), 1);
    assert!(!archive.engine.retain().await.unwrap());
    assert_eq!(archive.files(), 1, "it is young");
    archive.clock.advance(Duration::from_secs(3_601));
    archive.engine.retain().await.unwrap();
    assert_eq!(archive.files(), 0);
    let file = archive.message().await.attachments.pop().unwrap();
    assert_eq!((file.state, file.blob_key), (AttachmentState::Failed, None));
    archive.engine.retain().await.unwrap();
}

#[tokio::test]
async fn nothing_goes_where_no_age_is_set() {
    let archive = archive(None).await;
    archive.clock.advance(Duration::from_secs(10 * 365 * 86_400));
    assert!(!archive.engine.retain().await.unwrap());
    assert_eq!(archive.files(), 1);
}

#[tokio::test]
async fn an_erasure_goes_on_where_it_was_broken_off() {
    let archive = archive(None).await;
    let known = archive.store.recipient(&"memory:desk".into(), &person()).await.unwrap();
    let contact = known.contact.unwrap();
    let erasure = archive.engine.erase(&admin(), contact, &user(), None).await.unwrap();
    // A process that died between the file and its row: the file is gone, the row is not.
    std::fs::remove_dir_all(archive.folder.path().join("media").join("north")).unwrap();
    assert!(!archive.engine.go_on_erasing().await.unwrap());
    let done = archive.store.erasures(&"north".into(), None).await.unwrap().pop().unwrap();
    assert_eq!((done.id, done.done_at.is_some(), done.counts.files), (erasure.id, true, 1));
    assert_eq!(archive.files(), 0);
    let left = archive.message().await;
    assert!(left.attachments.is_empty() && left.conversation.is_none());
    assert!(!archive.engine.go_on_erasing().await.unwrap(), "nothing is left to do");
}
