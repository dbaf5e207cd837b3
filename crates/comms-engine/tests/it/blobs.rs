use comms_core::MediaRef;
use comms_engine::{BlobError, BlobStore};
use futures_util::TryStreamExt;
use uuid::Uuid;

use crate::scene::scene;

/// Stores a file of an organisation in a folder, by the only way in there is, and gives its key.
async fn stored(folder: &std::path::Path, organization: &str) -> (BlobStore, String) {
    use comms_core::history::{MediaJob, MediaOutcome};
    let scene = scene();
    let blobs = BlobStore::folder(folder).unwrap();
    let engine = comms_engine::Engine::builder(scene.store.clone(), scene.engine.channels().clone())
        .blobs(blobs.clone())
        .build();
    let job = MediaJob {
        id: Uuid::now_v7(),
        organization: organization.into(),
        account: "memory:desk".into(),
        source: MediaRef::Id("photo".to_owned()),
        mime_type: None,
        sha256: None,
        webhook: None,
        attempts: 0,
    };
    scene.store.state().media.push((job, time::OffsetDateTime::UNIX_EPOCH));
    engine.fetch_media().await.unwrap();
    let outcome = scene.store.state().media_outcomes.pop().unwrap();
    let MediaOutcome::Stored { blob_key, .. } = outcome else {
        panic!("{outcome:?}");
    };
    (blobs, blob_key)
}

#[tokio::test]
async fn a_file_in_a_folder_is_opened_with_its_length_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let (blobs, key) = stored(folder.path(), "north").await;
    let organization = "north".into();
    let blob = blobs.open(&organization, &key).await.unwrap();
    assert_eq!(blob.length, 5);
    let chunks: Vec<_> = blob.body.try_collect().await.unwrap();
    assert_eq!(chunks.concat(), b"photo");
    for _ in 0..2 {
        blobs.delete(&organization, &key).await.unwrap();
    }
    let gone = blobs.open(&organization, &key).await;
    assert!(matches!(gone, Err(BlobError::NotFound)));
}

#[tokio::test]
async fn no_name_of_an_organisation_leads_out_of_its_folder() {
    for name in ["north/../south", "..", "/", "south/2023", "%2e%2e"] {
        let folder = tempfile::tempdir().unwrap();
        let (blobs, key) = stored(folder.path(), name).await;
        let segments: Vec<&str> = key.split('/').collect();
        assert_eq!(segments.len(), 4, "organisation, year, month, file: {key}");
        assert!(!segments.contains(&".."), "{key}");
        assert!(!folder.path().join("south").exists());
        assert!(blobs.open(&name.into(), &key).await.is_ok());
    }
}

#[tokio::test]
async fn a_key_opens_nothing_for_another_organisation_nor_outside() {
    let folder = tempfile::tempdir().unwrap();
    let (blobs, key) = stored(folder.path(), "north").await;
    std::fs::write(folder.path().join("secret"), "secret").unwrap();
    let keys = [key.as_str(), "south/../secret", "../secret", "/etc/hosts", "secret", "south", ""];
    for key in keys {
        let opened = blobs.open(&"south".into(), key).await;
        assert!(matches!(opened, Err(BlobError::NotFound)), "{key}");
        let deleted = blobs.delete(&"south".into(), key).await;
        assert!(matches!(deleted, Err(BlobError::NotFound)), "{key}");
    }
}

#[test]
fn a_folder_that_cannot_be_made_says_so() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let refused = BlobStore::folder(file.path().join("below"));
    assert!(matches!(refused, Err(BlobError::Config(_))));
}
