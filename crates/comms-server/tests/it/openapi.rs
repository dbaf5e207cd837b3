use std::collections::BTreeSet;

use comms_server::{
    routes::{Access, ROUTES},
    typescript::{declarations, openapi_json},
};
use serde_json::Value;

use crate::support::TestServer;

fn document() -> Value {
    serde_json::from_str(&openapi_json()).unwrap()
}

#[test]
fn the_document_and_the_table_name_the_same_routes() {
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    let described: BTreeSet<(String, String)> = paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys();
            methods.map(move |method| (method.to_uppercase(), path.clone()))
        })
        .collect();
    let mounted = ROUTES.iter().map(|row| (row.method.to_owned(), row.path.to_owned())).collect();
    assert_eq!(described, mounted);
}

#[test]
fn every_operation_has_an_id_of_its_own() {
    let document = document();
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    let ids: Vec<&str> = operations.map(|operation| operation["operationId"].as_str().unwrap()).collect();
    let distinct: BTreeSet<&&str> = ids.iter().collect();
    assert_eq!(ids.len(), distinct.len(), "{ids:?}");
}

#[test]
fn the_document_says_who_may_call() {
    let document = document();
    for row in ROUTES {
        let operation = &document["paths"][row.path][row.method.to_lowercase()];
        let schemes: BTreeSet<&str> = operation["security"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|one| one.as_object().unwrap().keys().map(String::as_str))
            .collect();
        let expected: &[&str] = match row.access {
            Access::Public | Access::Signed => &[],
            Access::Reader | Access::Sender => &["jwt", "servicio"],
            Access::Service => &["servicio"],
            Access::Seller | Access::Admin | Access::Operator => &["jwt"],
        };
        assert_eq!(schemes, expected.iter().copied().collect(), "{} {}", row.method, row.path);
        assert!(operation["summary"].is_string(), "{} {}", row.method, row.path);
    }
}

#[test]
fn the_document_is_what_was_agreed() {
    insta::assert_snapshot!("openapi", openapi_json());
}

#[test]
fn the_typescript_types_are_in_the_papers() {
    let file = include_str!("../../../../docs/comms.d.ts");
    assert_eq!(file, declarations(), "write them again: cargo run -- openapi --typescript > docs/comms.d.ts");
}

#[tokio::test(flavor = "multi_thread")]
async fn both_are_served_and_need_nothing_from_elsewhere() {
    let server = TestServer::start().await;
    assert_eq!(server.nobody().get("/openapi.json").await.json(), document());
    let page = server.nobody().get("/docs").await;
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(!page.text().contains("https://"), "the page loads something from elsewhere");
}
