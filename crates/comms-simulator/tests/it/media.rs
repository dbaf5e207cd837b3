//! Media and resumable uploads.

use std::time::Duration;

use bytes::Bytes;
use comms_simulator::meta::{APP_ID, Content, Customer, Inbound, MediaKind, PHONE_ID};
use reqwest::multipart::{Form, Part};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::support::{CUSTOMER, Receiver, World, answer, assert_shape};

const FOUND: &str = include_str!("samples/media_answer.json");
const PICTURE: &[u8] = b"\x89PNG picture";

#[tokio::test]
async fn a_file_is_uploaded_found_downloaded_and_deleted() {
    let world = World::new(|_| ());
    let id = world.upload().await;
    let found = world.get(&format!("/v26.0/{id}?phone_number_id={PHONE_ID}")).await.body;
    assert_shape(&found, FOUND);
    assert_eq!(found["sha256"], hex::encode(Sha256::digest(PICTURE)));
    let url = found["url"].as_str().unwrap();
    let path = url.strip_prefix(world.simulator.url()).unwrap();

    let file = world.request("GET", path).send().await.unwrap();
    assert_eq!(file.headers()["content-type"], "image/png");
    assert_eq!(file.bytes().await.unwrap(), PICTURE);
    answer(world.client.get(url)).await.is_error(401, 104);

    assert_eq!(world.delete(&format!("/v26.0/{id}")).await.body, json!({"success": true}));
    world.get(&format!("/v26.0/{id}")).await.is_error(400, 100);
    assert_eq!(world.get(path).await.status, 404);
}

#[tokio::test]
async fn a_link_lives_five_minutes_and_cannot_be_made_up() {
    let world = World::new(|_| ());
    let id = world.upload().await;
    let link = |body: serde_json::Value| {
        let url = body["url"].as_str().unwrap().to_owned();
        url.strip_prefix(world.simulator.url()).unwrap().to_owned()
    };
    let path = link(world.get(&format!("/{id}")).await.body);
    world.clock.advance(Duration::from_secs(299));
    assert_eq!(world.get(&path).await.status, 200);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.get(&path).await.status, 404);
    let fresh = link(world.get(&format!("/{id}")).await.body);
    assert_eq!(world.get(&fresh).await.status, 200);
    let forged = fresh.replace("ext=1", "ext=2");
    assert_eq!(world.get(&forged).await.status, 404);
}

#[tokio::test]
async fn an_upload_lives_thirty_days() {
    let world = World::new(|_| ());
    let id = world.upload().await;
    let image = json!({"type": "image", "image": {"id": id}});
    assert_eq!(world.send(image.clone()).await.status, 200);
    world.clock.advance(Duration::from_secs(30 * 24 * 3600));
    world.send(image).await.is_error(400, 131_053);
    world.get(&format!("/{id}")).await.is_error(400, 100);
}

#[tokio::test]
async fn type_size_and_fields_of_an_upload_are_checked() {
    let world = World::new(|_| ());
    let path = format!("/v26.0/{PHONE_ID}/media");
    let upload = |form: Form| answer(world.request("POST", &path).multipart(form));
    let file = |bytes: Vec<u8>, kind: &str| {
        let part = Part::bytes(bytes).file_name("f").mime_str(kind).unwrap();
        Form::new().text("messaging_product", "whatsapp").part("file", part)
    };
    let vague = upload(file(vec![1], "application/octet-stream")).await;
    vague.is_error(400, 100);
    let message = vague.body["error"]["message"].as_str().unwrap();
    assert!(message.starts_with("(#100) Param file must be a file with one of the following types: audio/aac"));
    assert!(message.ends_with("Received file of type 'application/octet-stream'."));
    upload(file(vec![1], "audio/opus")).await.is_error(400, 100);
    assert_eq!(upload(file(vec![1], "audio/ogg; codecs=opus")).await.status, 200);
    upload(file(vec![0; 5 * 1024 * 1024 + 1], "image/jpeg")).await.is_error(400, 131_053);
    upload(Form::new().text("messaging_product", "whatsapp")).await.is_error(400, 100);
    let part = Part::bytes(vec![1]).file_name("f").mime_str("image/png").unwrap();
    upload(Form::new().part("file", part)).await.is_error(400, 100);
}

#[tokio::test]
async fn what_a_customer_sends_can_be_downloaded_for_seven_days() {
    let mut receiver = Receiver::start();
    let world = World::with_receiver(&receiver, |_| ());
    let content = Content::Media {
        kind: MediaKind::Voice,
        data: Bytes::from_static(b"OggS voice"),
        mime_type: "audio/ogg; codecs=opus".to_owned(),
        caption: None,
        filename: None,
    };
    let inbound = Inbound::new(PHONE_ID, Customer::new(CUSTOMER), content);
    world.simulator.meta().inbound(inbound).unwrap();
    let audio = receiver.next_value().await["messages"][0]["audio"].clone();
    let url = audio["url"].as_str().unwrap();
    let path = url.strip_prefix(world.simulator.url()).unwrap();
    let file = world.request("GET", path).send().await.unwrap();
    assert_eq!(file.headers()["content-type"], "audio/ogg; codecs=opus");
    assert_eq!(file.bytes().await.unwrap(), "OggS voice");
    let id = audio["id"].as_str().unwrap();
    assert_eq!(world.get(&format!("/{id}")).await.status, 200);
    world.clock.advance(Duration::from_secs(7 * 24 * 3600));
    world.get(&format!("/{id}")).await.is_error(400, 100);
}

#[tokio::test]
async fn the_oldest_files_make_room() {
    let world = World::new(|config| config.meta.media_capacity = PICTURE.len() * 2);
    let first = world.upload().await;
    let (second, third) = (world.upload().await, world.upload().await);
    world.get(&format!("/{first}")).await.is_error(400, 100);
    assert_eq!(world.get(&format!("/{second}")).await.status, 200);
    assert_eq!(world.get(&format!("/{third}")).await.status, 200);
}

#[tokio::test]
async fn an_upload_can_be_resumed() {
    let world = World::new(|_| ());
    let path = format!("/v26.0/{APP_ID}/uploads?file_length=6&file_type=image/png&file_name=a.png");
    let session = world.post(&path, json!({})).await.body;
    let id = session["id"].as_str().unwrap().to_owned();
    let piece = |offset: &'static str, bytes: &'static str| {
        let request = world.request("POST", &format!("/v26.0/{id}"));
        answer(request.header("file_offset", offset).body(bytes))
    };
    assert_eq!(piece("0", "abc").await.body["file_offset"], 3);
    piece("0", "abc").await.is_error(400, 100);
    assert_eq!(world.get(&format!("/v26.0/{id}")).await.body["file_offset"], 3);
    let handle = piece("3", "def").await.body;
    assert!(handle["h"].as_str().unwrap().starts_with("4::"));
    world.post("/v26.0/upload:unknown", json!({})).await.is_error(400, 100);
}
