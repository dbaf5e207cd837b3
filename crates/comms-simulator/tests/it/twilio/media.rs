//! Files of messages.

use comms_simulator::twilio::{AUTH_TOKEN, InboundMessage, NUMBER};

use super::support::{Cloud, PERSON, Site, has_fields, is_error};

const PICTURE: &[u8] = b"\x89PNG picture";

/// A cloud, the message with two files, and the address of the first.
async fn with_files(protected: bool) -> (Cloud, String, String) {
    let site = Site::quiet();
    let cloud = Cloud::beside(&site, |config| config.twilio.accounts[0].media_auth = protected);
    let inbound = InboundMessage::sms(PERSON, NUMBER, "two").file("image/png", PICTURE).file("image/jpeg", b"JPG");
    let sid = cloud.twilio().inbound_message(inbound).unwrap();
    cloud.settle().await;
    let hit = site.hits().pop().unwrap();
    assert_eq!((hit.get("NumMedia"), hit.get("MediaContentType1")), ("2", "image/jpeg"));
    assert!(sid.starts_with("MM") && hit.get("MediaUrl1").contains(&sid));
    let url = hit.get("MediaUrl0").to_owned();
    (cloud, sid, url)
}

#[tokio::test]
async fn a_file_is_fetched_by_one_redirect() {
    let (cloud, _, url) = with_files(false).await;
    let redirect = cloud.client.get(&url).send().await.unwrap();
    assert_eq!(redirect.status(), 302);
    let target = redirect.headers()["location"].to_str().unwrap().to_owned();
    let file = cloud.client.get(&target).send().await.unwrap();
    assert_eq!(file.headers()["content-type"], "image/png");
    assert_eq!(file.bytes().await.unwrap(), PICTURE);
    cloud.is_clean();
    let with_credentials = cloud.client.get(&target).basic_auth("AC1", Some(AUTH_TOKEN)).send().await.unwrap();
    assert_eq!(with_credentials.status(), 200);
    assert_eq!(cloud.ledger().violations()[0].place, "twilio.cdn");
    let forged = cloud.client.get(target.replace("Signature=", "Signature=0")).send().await.unwrap();
    assert_eq!(forged.status(), 403);
    cloud.clock.advance(std::time::Duration::from_secs(5 * 3_600));
    assert_eq!(cloud.client.get(&target).send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn a_protected_file_asks_for_credentials() {
    let (cloud, ..) = with_files(false).await;
    drop(cloud);
    let (cloud, _, url) = with_files(true).await;
    assert_eq!(cloud.client.get(&url).send().await.unwrap().status(), 401);
    let path = url.strip_prefix(cloud.simulator.url()).unwrap();
    assert_eq!(cloud.request("GET", path).send().await.unwrap().status(), 302);
}

#[tokio::test]
async fn files_are_listed_and_deleted() {
    let (cloud, sid, url) = with_files(false).await;
    let list = cloud.get(&format!("Messages/{sid}/Media.json")).await.body;
    let files = list["media_list"].as_array().unwrap();
    assert_eq!(files.len(), 2);
    has_fields(&files[0], "account_sid content_type date_created date_updated parent_sid sid uri");
    let path = format!("Messages/{sid}/Media/{}.json", files[0]["sid"].as_str().unwrap());
    assert_eq!(cloud.get(&path).await.body, files[0]);
    assert_eq!(cloud.delete(&path).await.status, 204);
    is_error(&cloud.get(&path).await, 404, 20_404);
    assert_eq!(cloud.client.get(&url).send().await.unwrap().status(), 404);
}
