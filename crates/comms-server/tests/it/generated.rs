//! Made from the route table: who may call what.

use comms_server::{
    auth::Role,
    routes::{Access, ROUTES, Row},
};
use http::Method;
use uuid::Uuid;

use crate::support::{Answer, Client, TestServer};

/// Calls a route with parameters that nothing has.
async fn call(client: &Client<'_>, row: &Row) -> Answer {
    let path = row.path.replace("{id}", &Uuid::nil().to_string()).replace("{leadId}", "1");
    let path = path.replace("{entrega}", &Uuid::nil().to_string()).replace("{phoneNumber}", "+34600000009");
    let method: Method = row.method.parse().unwrap();
    let client = client.clone().with("content-type", "application/json");
    let body = (method != Method::GET).then_some(&b"{}"[..]);
    client.send(method, &path, body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_let_in_without_a_token() {
    let pushes = |settings: &mut comms_server::config::Settings| {
        settings.gmail.push_account = Some("gmail-push@example.iam.gserviceaccount.com".to_owned());
        settings.elevenlabs.webhook_secret = Some("an-invented-webhook-secret".into());
        settings.elevenlabs.initiation_secret = Some("an-invented-initiation-secret".into());
    };
    let server = TestServer::start_with(pushes).await;
    let wrong = server.client("not.a.token");
    for row in ROUTES {
        let answer = call(&server.nobody(), row).await;
        if matches!(row.access, Access::Public) {
            assert_ne!(answer.status, 401, "{} {}", row.method, row.path);
            continue;
        }
        assert_eq!(answer.status, 401, "{} {}", row.method, row.path);
        assert_eq!(call(&wrong, row).await.status, 401, "{} {}", row.method, row.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_administrators_administer() {
    let server = TestServer::start().await;
    let (seller, admin) = (server.seller(), server.admin());
    for row in ROUTES {
        let expected = matches!(row.access, Access::Admin | Access::Operator);
        let refused = call(&seller, row).await.status == 403;
        let public = matches!(row.access, Access::Public | Access::Signed);
        assert!(public || refused == expected, "{} {}", row.method, row.path);
        assert!(public || call(&admin, row).await.status != 403, "{} {}", row.method, row.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_token_opens_what_it_may() {
    let server = TestServer::start_with(|settings| {
        settings.auth.microservice_token = Some("an-invented-service-token".into());
    })
    .await;
    let service = server.nobody().with("x-service-token", "an-invented-service-token");
    let stranger = server.nobody().with("x-service-token", "another-service-token");
    for row in ROUTES {
        if matches!(row.access, Access::Public | Access::Signed) {
            continue;
        }
        let let_in = call(&service, row).await.status != 401;
        let may = matches!(row.access, Access::Reader | Access::Sender | Access::Service);
        assert_eq!(let_in, may, "{} {}", row.method, row.path);
        assert_eq!(call(&stranger, row).await.status, 401, "{} {}", row.method, row.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn among_several_organisations_each_has_its_operator() {
    let server = TestServer::start_with(|settings| {
        settings.auth.role_operator = Some("operador".to_owned());
        settings.organization.id = "norte".into();
    })
    .await;
    let sur = comms_core::history::Organization { id: "sur".into(), name: "Sur".to_owned() };
    server.running.state.repository.put_organization(&sur).await.unwrap();
    let admin = server.client(&server.token("1", Role::Admin, Some("norte")));
    let operator = server.client(&server.token("0", Role::Operator, Some("norte")));
    for row in ROUTES.iter().filter(|row| row.access == Access::Operator) {
        assert_eq!(call(&admin, row).await.status, 403, "{} {}", row.method, row.path);
        assert_ne!(call(&operator, row).await.status, 403, "{} {}", row.method, row.path);
    }
    let unnamed = server.client(&server.token("1", Role::Admin, None));
    let unknown = server.client(&server.token("1", Role::Admin, Some("este")));
    for (client, code) in [(unnamed, "organizacion_requerida"), (unknown, "organizacion_desconocida")] {
        let answer = client.get("/api/comunicaciones/historial").await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, code));
    }
}
