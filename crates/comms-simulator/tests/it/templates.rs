//! Template messages and the management of templates.

use comms_simulator::meta::WABA_ID;
use serde_json::{Value, json};

use crate::support::{Receiver, World, assert_shape};

const SEND_ANSWER: &str = include_str!("samples/send_template_answer.json");
const CREATED_ANSWER: &str = include_str!("samples/template_created_answer.json");
const STATUS_WEBHOOK: &str = include_str!("samples/webhook_template_status.json");

fn template(name: &str, language: &str, components: Value) -> Value {
    json!({"type": "template", "template": {
        "name": name, "language": {"code": language}, "components": components}})
}

fn body(parameters: Value) -> Value {
    json!([{"type": "body", "parameters": parameters}])
}

fn words(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

#[tokio::test]
async fn a_template_is_accepted_outside_of_the_window() {
    let world = World::new(|_| ());
    let answer = world.send(template("hello_world", "en_US", json!([]))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_shape(&answer.body, SEND_ANSWER);
    let parameters = json!([words("Ana"), words("A-1001")]);
    let answer = world.send(template("order_update", "en_US", body(parameters))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test]
async fn what_does_not_fit_the_template_is_refused() {
    let world = World::new(|_| ());
    let unknown = world.send(template("order_update", "fr", json!([]))).await;
    unknown.is_error(404, 132_001);
    assert_eq!(unknown.details(), "template name (order_update) does not exist in fr");
    world.send(template("spring_sale", "en_US", json!([]))).await.is_error(404, 132_001);
    let few = world.send(template("order_update", "en_US", body(json!([words("Ana")])))).await;
    few.is_error(400, 132_000);
    assert_eq!(
        few.details(),
        "body: number of localizable_params (1) does not match the expected number of params (2)"
    );
    let many = body(json!([words("too many")]));
    world.send(template("hello_world", "en_US", many)).await.is_error(400, 132_000);
    let lines = body(json!([words("two\nlines"), words("A")]));
    world.send(template("order_update", "en_US", lines)).await.is_error(400, 100);
}

#[tokio::test]
async fn named_parameters_need_their_names() {
    let world = World::new(|_| ());
    let named = |name: &str| json!({"type": "text", "parameter_name": name, "text": "x"});
    let right = body(json!([named("producto"), named("nombre")]));
    assert_eq!(world.send(template("seguimiento", "es", right)).await.status, 200);
    let nameless = world.send(template("seguimiento", "es", body(json!([words("x"), words("y")])))).await;
    nameless.is_error(400, 100);
    assert_eq!(nameless.details(), "Parameter name is missing or empty");
    let other = body(json!([named("nombre"), named("color")]));
    world.send(template("seguimiento", "es", other)).await.is_error(400, 132_000);
}

#[tokio::test]
async fn a_header_image_and_a_link_button_need_their_parameters() {
    let world = World::new(|_| ());
    let media = world.upload().await;
    let header = json!({"type": "header", "parameters": [{"type": "image", "image": {"id": media}}]});
    let text = json!({"type": "body", "parameters": [words("Ana")]});
    let button = json!({"type": "button", "sub_type": "url", "index": "0", "parameters": [words("ring")]});
    let all = world.send(template("catalogue", "en_US", json!([header, text, button]))).await;
    assert_eq!(all.status, 200, "{}", all.body);
    let no_header = world.send(template("catalogue", "en_US", json!([text, button]))).await;
    no_header.is_error(400, 132_012);
    let no_button = world.send(template("catalogue", "en_US", json!([header, text]))).await;
    no_button.is_error(400, 131_008);
}

#[tokio::test]
async fn templates_are_listed_filtered_and_paged() {
    let world = World::new(|_| ());
    let path = format!("/v26.0/{WABA_ID}/message_templates");
    let all = world.get(&path).await.body;
    assert_eq!(all["data"].as_array().unwrap().len(), 5);
    let pending = world.get(&format!("{path}?status=PENDING")).await.body;
    assert_eq!(pending["data"][0]["name"], "spring_sale");

    let mut names = Vec::new();
    let mut page = world.get(&format!("{path}?limit=2")).await.body;
    loop {
        let rows = page["data"].as_array().unwrap();
        names.extend(rows.iter().map(|row| row["name"].clone()));
        let Some(next) = page["paging"]["next"].as_str() else {
            break;
        };
        let next = next.strip_prefix(world.simulator.url()).unwrap();
        page = world.get(next).await.body;
    }
    let first: Vec<_> = all["data"].as_array().unwrap().iter().map(|row| row["name"].clone()).collect();
    assert_eq!(names, first);
}

#[tokio::test]
async fn a_template_is_created_reviewed_used_edited_and_deleted() {
    let mut receiver = Receiver::start();
    let world = World::with_receiver(&receiver, |_| ());
    let path = format!("/v26.0/{WABA_ID}/message_templates");
    let wanted = json!({"name": "thanks", "language": "es", "category": "UTILITY",
        "components": [{"type": "BODY", "text": "Gracias"}]});
    let created = world.post(&path, wanted.clone()).await;
    assert_shape(&created.body, CREATED_ANSWER);
    let again = world.post(&path, wanted).await;
    again.is_error(400, 100);
    assert_eq!(again.body["error"]["error_subcode"], 2_388_024);
    assert!(again.body["error"]["error_user_msg"].is_string());

    world.send(template("thanks", "es", json!([]))).await.is_error(404, 132_001);
    let id = created.body["id"].as_str().unwrap();
    world.simulator.meta().review_template(id, "APPROVED").unwrap();
    assert_shape(&receiver.next().await.body, STATUS_WEBHOOK);
    assert_eq!(world.send(template("thanks", "es", json!([]))).await.status, 200);

    let edit = json!({"components": [{"type": "BODY", "text": "Muchas gracias"}]});
    assert_eq!(world.post(&format!("/v26.0/{id}"), edit).await.status, 200);
    assert_eq!(world.get(&format!("/v26.0/{id}")).await.body["status"], "PENDING");
    assert_eq!(world.delete(&format!("{path}?name=thanks")).await.status, 200);
    world.delete(&format!("{path}?name=thanks")).await.is_error(400, 100);
    world.get(&format!("/v26.0/{id}")).await.is_error(400, 100);
}

#[tokio::test]
async fn a_template_must_be_well_formed() {
    let world = World::new(|_| ());
    let path = format!("/v26.0/{WABA_ID}/message_templates");
    let part = json!({"type": "BODY", "text": "Hi"});
    let cases = [
        json!({"name": "Bad Name", "language": "es", "category": "UTILITY", "components": [part]}),
        json!({"name": "ok", "language": "es", "category": "SPAM", "components": [part]}),
        json!({"name": "ok", "language": "es", "category": "UTILITY"}),
        json!({"name": "ok", "language": "es", "category": "UTILITY", "components": [{"type": "FOOTER", "text": "x"}]}),
        json!({"name": "ok", "language": "es", "category": "UTILITY", "components": [{"type": "BODY", "text": "Hi {{1}}"}]}),
    ];
    for body in cases {
        world.post(&path, body).await.is_error(400, 100);
    }
}

#[tokio::test]
async fn a_paused_template_says_so() {
    let world = World::new(|_| ());
    let meta = world.simulator.meta();
    meta.review_template("1192339204654487", "PAUSED").unwrap();
    world.send(template("hello_world", "en_US", json!([]))).await.is_error(400, 132_015);
    meta.review_template("1192339204654487", "DISABLED").unwrap();
    world.send(template("hello_world", "en_US", json!([]))).await.is_error(400, 132_016);
    assert!(meta.review_template("1", "APPROVED").is_err());
}
