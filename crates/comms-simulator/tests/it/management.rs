//! Phone numbers, profile, blocks, QR codes, tokens.

use comms_simulator::meta::{
    ACCESS_TOKEN, APP_ID, APP_SECRET, Customer, EXPIRED_TOKEN, PHONE_ID, SECOND_PHONE_ID, WABA_ID, endpoint_table,
};
use serde_json::json;

use crate::support::{CUSTOMER, World, answer, assert_shape};

#[tokio::test]
async fn numbers_are_listed_and_found_with_the_fields_asked_for() {
    let world = World::new(|_| ());
    let list = world.get(&format!("/v26.0/{WABA_ID}/phone_numbers")).await.body;
    let ids: Vec<_> = list["data"].as_array().unwrap().iter().map(|phone| &phone["id"]).collect();
    assert_eq!(ids, [PHONE_ID, SECOND_PHONE_ID]);
    let fields = "display_phone_number,verified_name,quality_rating,name_status,code_verification_status";
    let phone = world.get(&format!("/v26.0/{PHONE_ID}?fields={fields}")).await.body;
    assert_shape(&phone, include_str!("samples/phone_answer.json"));
    assert_eq!(phone["display_phone_number"], "+1 5550783881");
    assert_eq!(world.get(&format!("/v26.0/{WABA_ID}")).await.body["id"], WABA_ID);
}

#[tokio::test]
async fn a_number_is_verified_and_registered() {
    let world = World::new(|config| config.meta.wabas[0].phones[0].registered = false);
    let path = |action: &str| format!("/v26.0/{PHONE_ID}/{action}");
    let register = async |pin: &str| {
        let body = json!({"messaging_product": "whatsapp", "pin": pin});
        world.post(&path("register"), body).await
    };
    register("123456").await.is_error(400, 133_006);
    let ask = json!({"code_method": "SMS", "language": "en_US"});
    assert_eq!(world.post(&path("request_code"), ask).await.status, 200);
    world.post(&path("request_code"), json!({"code_method": "PIGEON", "language": "en_US"})).await.is_error(400, 100);
    world.post(&path("verify_code"), json!({"code": "000000"})).await.is_error(400, 136_025);
    assert_eq!(world.post(&path("verify_code"), json!({"code": "123456"})).await.status, 200);
    register("12345").await.is_error(400, 100);
    assert_eq!(register("123456").await.body, json!({"success": true}));
    register("654321").await.is_error(400, 133_005);
    assert_eq!(world.post(&format!("/v26.0/{PHONE_ID}"), json!({"pin": "654321"})).await.status, 200);
    assert_eq!(register("654321").await.status, 200);
    assert_eq!(world.post(&path("deregister"), json!({})).await.status, 200);
    let again = world.post(&path("deregister"), json!({})).await;
    again.is_error(400, 100);
    assert_eq!(again.body["error"]["error_subcode"], 2_207_051);
}

#[tokio::test]
async fn the_profile_and_the_user_name_are_set_and_read() {
    let world = World::new(|_| ());
    let path = format!("/v26.0/{PHONE_ID}/whatsapp_business_profile");
    let profile = json!({"messaging_product": "whatsapp", "about": "Rings", "websites": ["https://shop.example"]});
    assert_eq!(world.post(&path, profile.clone()).await.status, 200);
    let found = world.get(&format!("{path}?fields=about,websites,email")).await.body;
    assert_eq!(found, json!({"data": [profile]}));
    let long = json!({"messaging_product": "whatsapp", "about": "x".repeat(140)});
    world.post(&path, long).await.is_error(400, 100);
    let three = json!({"messaging_product": "whatsapp", "websites": ["a", "b", "c"]});
    world.post(&path, three).await.is_error(400, 100);
    world.post(&path, json!({"messaging_product": "whatsapp", "colour": "red"})).await.is_error(400, 100);

    let path = format!("/v26.0/{PHONE_ID}/username");
    assert_eq!(world.get(&path).await.body, json!({}));
    assert_eq!(world.post(&path, json!({"username": "simulated.shop"})).await.status, 200);
    assert_eq!(world.get(&path).await.body["username"], "simulated.shop");
    world.post(&path, json!({"username": "NO"})).await.is_error(400, 147_001);
    assert_eq!(world.delete(&path).await.status, 200);
    assert_eq!(world.get(&path).await.body, json!({}));
}

#[tokio::test]
async fn only_who_wrote_can_be_blocked() {
    let world = World::new(|_| ());
    let path = format!("/v26.0/{PHONE_ID}/block_users");
    let user = |number: &str| json!({"messaging_product": "whatsapp", "block_users": [{"user": number}]});
    let refused = world.post(&path, user("+16505551234")).await;
    refused.is_error(400, 139_100);
    assert_eq!(refused.body["block_users"]["failed_users"][0]["errors"][0]["code"], 139_100);
    world.open_window();
    let blocked = world.post(&path, user("+16505551234")).await;
    assert_shape(&blocked.body, include_str!("samples/block_answer.json"));
    let list = world.get(&path).await.body;
    assert_shape(&list, include_str!("samples/blocked_answer.json"));
    let removed = answer(world.request("DELETE", &path).json(&user("+16505551234"))).await;
    assert_eq!(removed.body["block_users"]["removed_users"][0]["wa_id"], CUSTOMER);
    assert_eq!(world.get(&path).await.body, json!({"data": []}));

    let hidden = Customer::hidden("US.13491208655302741918");
    world.simulator.meta().open_window(PHONE_ID, &hidden);
    let blocked = world.post(&path, user("US.13491208655302741918")).await.body;
    assert_eq!(blocked["block_users"]["added_users"][0]["user_id"], "US.13491208655302741918");
}

#[tokio::test]
async fn qr_codes_are_made_changed_and_deleted() {
    let world = World::new(|_| ());
    let path = format!("/v26.0/{PHONE_ID}/message_qrdls");
    let made = world.post(&path, json!({"prefilled_message": "Hi"})).await.body;
    assert_shape(&made, include_str!("samples/qr_code_answer.json"));
    let code = made["code"].as_str().unwrap();
    let changed = json!({"code": code, "prefilled_message": "Hello", "generate_qr_image": "SVG"});
    assert!(world.post(&path, changed).await.body["qr_image_url"].is_string());
    assert_eq!(world.get(&path).await.body["data"][0]["prefilled_message"], "Hello");
    assert_eq!(world.get(&format!("{path}/{code}")).await.body["data"][0]["code"], code);
    assert_eq!(world.delete(&format!("{path}/{code}")).await.status, 200);
    world.get(&format!("{path}/{code}")).await.is_error(400, 100);
    world.post(&path, json!({"code": "NONE", "prefilled_message": "x"})).await.is_error(400, 100);
    world.post(&path, json!({"prefilled_message": "x".repeat(141)})).await.is_error(400, 100);
}

#[tokio::test]
async fn a_token_is_inspected() {
    let world = World::new(|_| ());
    let url = format!("{}/v26.0/debug_token", world.simulator.url());
    let app = format!("{APP_ID}|{APP_SECRET}");
    let debug = async |token: &str| {
        let request = world.client.get(&url).query(&[("input_token", token)]);
        answer(request.bearer_auth(&app)).await.body["data"].clone()
    };
    let valid = debug(ACCESS_TOKEN).await;
    assert_eq!((&valid["is_valid"], &valid["expires_at"], &valid["app_id"]), (&json!(true), &json!(0), &json!(APP_ID)));
    assert!(valid["scopes"].as_array().unwrap().contains(&json!("whatsapp_business_messaging")));
    let expired = debug(EXPIRED_TOKEN).await;
    assert_eq!((&expired["is_valid"], &expired["error"]["subcode"]), (&json!(false), &json!(463)));
    assert_eq!(debug("nonsense").await["error"]["code"], 190);
}

#[tokio::test]
async fn a_token_is_exchanged_for_one_of_sixty_days() {
    let world = World::new(|_| ());
    let url = format!("{}/v26.0/oauth/access_token", world.simulator.url());
    let exchange = async |token: &str, secret: &str| {
        answer(world.client.get(&url).query(&[
            ("grant_type", "fb_exchange_token"),
            ("client_id", APP_ID),
            ("client_secret", secret),
            ("fb_exchange_token", token),
        ]))
        .await
    };
    let long = exchange(ACCESS_TOKEN, APP_SECRET).await.body;
    assert_eq!((&long["token_type"], &long["expires_in"]), (&json!("bearer"), &json!(5_184_000)));
    exchange(EXPIRED_TOKEN, APP_SECRET).await.is_error(401, 190);
    exchange(ACCESS_TOKEN, "wrong").await.is_error(400, 1);

    let token = long["access_token"].as_str().unwrap();
    let phone = format!("{}/{PHONE_ID}", world.simulator.url());
    let call = || answer(world.client.get(&phone).bearer_auth(token));
    assert_eq!(call().await.status, 200);
    world.clock.advance(std::time::Duration::from_secs(5_184_000));
    call().await.is_error(401, 190);
}

#[tokio::test]
async fn the_readme_names_every_endpoint() {
    let readme = include_str!("../../README.md");
    for (name, method, path) in endpoint_table() {
        let row = format!("| `{name}` | {method} | `{path}` |");
        assert!(readme.contains(&row), "the README lacks {row}");
    }
}
