//! Numbers, accounts, apps, services, templates, recordings as resources.

use comms_simulator::twilio::{
    APPLICATION_SID, CONTENT_SID, InboundMessage, NUMBER, NUMBER_SID, PENDING_CONTENT_SID, SERVICE_SID,
};
use serde_json::json;

use super::support::{Cloud, PERSON, Site, has_fields, is_error};
use crate::support::answer;

#[tokio::test]
async fn numbers_are_shown_and_pointed_elsewhere() {
    let cloud = Cloud::new(|_| ());
    let list = cloud.get("IncomingPhoneNumbers.json?PhoneNumber=%2B15005550006").await.body;
    let [number] = list["incoming_phone_numbers"].as_array().unwrap().as_slice() else { panic!("{list}") };
    assert_eq!((number["sid"].as_str(), number["phone_number"].as_str()), (Some(NUMBER_SID), Some(NUMBER)));
    has_fields(
        number,
        "account_sid address_sid address_requirements api_version beta capabilities date_created date_updated \
         friendly_name identity_sid phone_number origin sid sms_application_sid sms_fallback_method sms_fallback_url \
         sms_method sms_url status_callback status_callback_method trunk_sid uri voice_receive_mode \
         voice_application_sid voice_caller_id_lookup voice_fallback_method voice_fallback_url voice_method voice_url \
         emergency_status emergency_address_sid emergency_address_status bundle_sid status type",
    );
    let site = Site::quiet();
    let path = format!("IncomingPhoneNumbers/{NUMBER_SID}.json");
    let changed = cloud.post(&path, &[("SmsUrl", &site.url("/sms")), ("FriendlyName", "Shop")]).await;
    assert_eq!((changed.status, changed.body["friendly_name"].as_str()), (200, Some("Shop")));
    cloud.twilio().inbound_message(InboundMessage::sms(PERSON, NUMBER, "hola")).unwrap();
    cloud.settle().await;
    assert_eq!(site.at("/sms").len(), 1);
    is_error(&cloud.post(&path, &[("VoiceUrl", "nowhere")]).await, 400, 21_402);
}

#[tokio::test]
async fn accounts_and_apps_are_shown() {
    let cloud = Cloud::new(|_| ());
    let accounts = cloud.get("/2010-04-01/Accounts.json").await.body;
    assert_eq!(accounts["accounts"].as_array().unwrap().len(), 2, "{accounts}");
    has_fields(
        &accounts["accounts"][0],
        "auth_token date_created date_updated friendly_name owner_account_sid sid status subresource_uris type uri",
    );
    let app = cloud.get(&format!("Applications/{APPLICATION_SID}.json")).await.body;
    assert_eq!(app["sid"], APPLICATION_SID);
    assert_eq!(cloud.get("Applications.json").await.body["applications"][0], app);
}

#[tokio::test]
async fn services_and_templates_live_beside() {
    let cloud = Cloud::new(|_| ());
    let services = cloud.get("/v1/Services").await.body;
    assert_eq!((&services["meta"]["key"], &services["services"][0]["sid"]), (&json!("services"), &json!(SERVICE_SID)));
    let pool = cloud.get(&format!("/v1/Services/{SERVICE_SID}/PhoneNumbers")).await.body;
    assert_eq!(pool["phone_numbers"][0]["phone_number"], NUMBER);
    let first = cloud.get("/v1/Content?PageSize=1").await.body;
    assert_eq!(first["contents"][0]["sid"], CONTENT_SID);
    let next = first["meta"]["next_page_url"].as_str().unwrap();
    let next = next.strip_prefix(cloud.simulator.url()).unwrap();
    let second = cloud.get(next).await.body;
    assert_eq!(
        (&second["contents"][0]["sid"], &second["meta"]["next_page_url"]),
        (&json!(PENDING_CONTENT_SID), &json!(null))
    );
}

#[tokio::test]
async fn a_template_is_made_approved_and_deleted() {
    let cloud = Cloud::new(|_| ());
    let draft = json!({"friendly_name": "n", "language": "es", "variables": {"1": "a"}, "types": {"twilio/text": {"body": "b"}}});
    let made = answer(cloud.request("POST", "/v1/Content").json(&draft)).await;
    assert_eq!(made.status, 201);
    let path = format!("/v1/Content/{}", made.body["sid"].as_str().unwrap());
    let ask = json!({"name": "n", "category": "UTILITY"});
    let asked = answer(cloud.request("POST", &format!("{path}/ApprovalRequests/whatsapp")).json(&ask)).await;
    assert_eq!((asked.status, asked.body["status"].as_str()), (201, Some("received")));
    assert!(cloud.twilio().review_content(made.body["sid"].as_str().unwrap(), "approved"));
    let approval = cloud.get(&format!("{path}/ApprovalRequests")).await.body;
    assert_eq!(approval["whatsapp"]["status"], "approved");
    assert_eq!(cloud.delete(&path).await.status, 204);
    is_error(&cloud.get(&path).await, 404, 20_404);
    cloud.is_clean();
}

#[tokio::test]
async fn recordings_are_listed_and_deleted() {
    let cloud = Cloud::new(|_| ());
    let words = "<Response><Record action=\"https://shop.example/left\" maxLength=\"5\"/></Response>";
    let sid = cloud.create("Calls.json", &[("To", PERSON), ("From", NUMBER), ("Twiml", words)]).await;
    cloud.settle().await;
    let list = cloud.get(&format!("Recordings.json?CallSid={sid}")).await.body;
    let recording = &list["recordings"][0];
    has_fields(
        recording,
        "account_sid api_version call_sid conference_sid date_created date_updated start_time duration sid price \
         price_unit status channels source error_code uri encryption_details subresource_uris media_url",
    );
    assert_eq!((recording["duration"].as_str(), recording["source"].as_str()), (Some("5"), Some("RecordVerb")));
    let id = recording["sid"].as_str().unwrap();
    let of_call = cloud.get(&format!("Calls/{sid}/Recordings/{id}.json")).await.body;
    assert_eq!((of_call["sid"].as_str(), of_call["track"].as_str()), (Some(id), Some("both")));
    assert_eq!(cloud.get(&format!("Calls/{sid}/Recordings.json")).await.body["recordings"][0], of_call);
    assert_eq!(cloud.delete(&format!("Recordings/{id}.json")).await.status, 204);
    is_error(&cloud.get(&format!("Recordings/{id}.json")).await, 404, 20_404);
    let kept = cloud.get(&format!("Recordings/{id}.json?IncludeSoftDeleted=true")).await.body;
    assert_eq!(kept["status"], "deleted");
}
