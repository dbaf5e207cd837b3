//! The papers name what there is: every route, every variable and key, every code.

use comms_engine::metrics;
use comms_server::{config::VARIABLES, errors::Code, observe::METRICS, routes::ROUTES};

use crate::support::TestServer;

const API: &str = include_str!("../../../../docs/api.md");
const CONFIGURATION: &str = include_str!("../../../../docs/configuration.md");
const OPERATIONS: &str = include_str!("../../../../docs/operations.md");
const ERRORS: &str = include_str!("../../../../docs/from-the-express-module.md");

/// What the cells of every table say, white space aside.
fn rows(paper: &str) -> Vec<Vec<&str>> {
    let lines = paper.lines().filter(|line| line.starts_with('|'));
    lines.map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// `/a/{b,c}/d` stands for `/a/b/d` and `/a/c/d`.
fn spelled_out(path: &str) -> Vec<String> {
    match path.split_once('{').and_then(|(head, rest)| Some((head, rest.split_once('}')?))) {
        Some((head, (list, tail))) if list.contains(',') => {
            list.split(',').map(|one| format!("{head}{one}{tail}")).collect()
        }
        _ => vec![path.to_owned()],
    }
}

#[test]
fn every_route_is_described_once() {
    let mut described: Vec<String> = Vec::new();
    for row in rows(API) {
        let Some((method, path)) = row[0].trim_matches('`').split_once(' ') else { continue };
        if path.starts_with('/') {
            described.extend(spelled_out(path).into_iter().map(|path| format!("{method} {path}")));
        }
    }
    let mut expected: Vec<String> = ROUTES.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    described.sort();
    expected.sort();
    assert_eq!(described, expected, "docs/api.md, the table of routes");
}

#[test]
fn every_variable_is_described_with_its_key() {
    let rows = rows(CONFIGURATION);
    for variable in VARIABLES {
        let name = format!("`{}`", variable.name);
        match variable.key {
            Some(key) => {
                let row = rows.iter().find(|row| row[0] == name).unwrap();
                let example = row[2].trim_matches('`');
                assert_eq!(
                    (row[1].trim_matches('`'), example, row[3]),
                    (key, variable.example, variable.about),
                    "{name}"
                );
            }
            None => assert!(CONFIGURATION.contains(&name), "docs/configuration.md lacks {name}"),
        }
    }
}

#[test]
fn every_code_is_in_the_table_of_errors() {
    let rows = rows(ERRORS);
    for code in Code::all() {
        let (status, word, sentence) = code.row();
        let row = [status.as_str(), &format!("`{word}`"), sentence];
        assert!(rows.iter().any(|one| *one == row), "docs/from-the-express-module.md lacks {row:?}");
    }
}

/// The metrics of the table.
fn described_metrics() -> Vec<&'static str> {
    let names = rows(OPERATIONS).into_iter().map(|row| row[0].trim_matches('`'));
    names.filter(|name| name.starts_with("comms_") || name.starts_with("http_")).collect()
}

#[test]
fn every_metric_is_described_once() {
    let mut described = described_metrics();
    let mut expected: Vec<&str> = metrics::ALL.into_iter().chain(METRICS).collect();
    described.sort_unstable();
    expected.sort_unstable();
    assert_eq!(described, expected, "docs/operations.md, the table of metrics");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_measures_is_described() {
    let server = TestServer::start().await;
    server.customer_writes("hola").await;
    let described = described_metrics();
    let told = server
        .until_on("/metrics", |answer| {
            let text = answer.text();
            let all = ["comms_webhook_seconds_bucket", "comms_waiting_oldest_seconds", "comms_database_connections"];
            all.iter().all(|name| text.contains(name)).then_some(text)
        })
        .await;
    for family in told.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()) {
        assert!(described.contains(&family), "docs/operations.md lacks {family}");
    }
    assert!(!told.contains("34600000000") && !told.contains("hola"), "an address or a text is a label");
}
