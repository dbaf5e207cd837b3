use comms_core::ChannelKind;
use comms_server::config::AccountSettings;
use comms_simulator::meta::{Customer, SECOND_PHONE_ID};
use http::Method;
use serde_json::json;

use crate::support::{HISTORY, TestServer, masked};

#[tokio::test(flavor = "multi_thread")]
async fn the_accounts_of_the_configuration_are_listed() {
    let server = TestServer::start().await;
    let path = "/api/comunicaciones/admin/cuentas";
    let mut listed = server.admin().get(path).await.json();
    let rows = listed["data"].as_array_mut().unwrap().iter_mut();
    let paces: Vec<_> = rows.filter_map(|row| row.as_object_mut().unwrap().remove("ritmo")).collect();
    let rates: Vec<_> = paces.iter().map(|pace| pace["por_segundo"].as_f64()).collect();
    assert_eq!(rates, [Some(1.0), Some(1.0), Some(80.0), Some(80.0)]);
    assert!(paces.iter().all(|pace| pace["estado"] == "activa" && pace["propio"] == false), "{paces:?}");
    insta::assert_json_snapshot!(listed, @r#"
    {
      "data": [
        {
          "activa": true,
          "caller_id": null,
          "canal": "sms",
          "cuenta_superior": "twilio:AC00000000000000000000000000000001",
          "id": "twilio-sms:+15005550006",
          "nombre": null,
          "organizacion_id": "principal",
          "propietario_id": 7
        },
        {
          "activa": true,
          "caller_id": null,
          "canal": "voz",
          "cuenta_superior": "twilio:AC00000000000000000000000000000001",
          "id": "twilio-voice:+15005550006",
          "nombre": null,
          "organizacion_id": "principal",
          "propietario_id": 7
        },
        {
          "activa": true,
          "caller_id": null,
          "canal": "whatsapp",
          "cuenta_superior": "twilio:AC00000000000000000000000000000001",
          "id": "twilio-whatsapp:+15005550006",
          "nombre": null,
          "organizacion_id": "principal",
          "propietario_id": 7
        },
        {
          "activa": true,
          "caller_id": null,
          "canal": "whatsapp",
          "cuenta_superior": "waba:102290129340398",
          "id": "whatsapp:106540352242922",
          "nombre": null,
          "organizacion_id": "principal",
          "propietario_id": 7
        }
      ],
      "siguiente": null,
      "success": true
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_of_the_configuration_is_changed() {
    let server = TestServer::start().await;
    let path = "/api/comunicaciones/admin/cuentas";
    let id = "whatsapp:106540352242922";
    let changed = server.admin().put(&format!("{path}/{id}"), &json!({"nombre": "Tienda"})).await.data();
    assert_eq!((&changed["cuenta"]["nombre"], &changed["cuenta"]["propietario_id"]), (&json!("Tienda"), &json!(7)));
    for (id, body) in [("whatsapp", json!({})), (id, json!({"canal": "fax"})), (id, json!({"dueño": 1}))] {
        let refused = server.admin().put(&format!("{path}/{id}"), &body).await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (400, "validacion"), "{id} {body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_of_an_unknown_account_waits_until_it_is_assigned() {
    let server = TestServer::start().await;
    server.simulator.meta().inbound_text(SECOND_PHONE_ID, &Customer::new("34600000000"), "¿hay alguien?").unwrap();
    let path = "/api/comunicaciones/admin/cuarentena";
    let waiting = server.until_on(path, |answer| answer.data().as_array()?.first().cloned()).await;
    assert_eq!(waiting["webhooks"], 1);
    assert_eq!(server.admin().get(HISTORY).await.data(), json!([]));
    assert_eq!(server.nobody().get("/health").await.json()["counts"]["quarantined"], 1);

    let account = waiting["cuenta"].as_str().unwrap();
    let body = json!({"nombre": "Segunda", "propietario_id": 9});
    let assigned = server.admin().post(&format!("{path}/{account}/asignar"), &body).await;
    assert_eq!(assigned.status, 200, "{}", assigned.text());
    insta::assert_json_snapshot!(assigned.json(), @r#"
    {
      "data": {
        "cuenta": {
          "activa": true,
          "caller_id": null,
          "canal": "whatsapp",
          "cuenta_superior": null,
          "id": "whatsapp:106540352242923",
          "nombre": "Segunda",
          "organizacion_id": "principal",
          "propietario_id": 9,
          "ritmo": null
        },
        "filas_completadas": 0,
        "mensajes": 1,
        "webhooks_procesados": 1
      },
      "success": true
    }
    "#);
    let row = server.admin().get(HISTORY).await.data()[0].clone();
    assert_eq!((&row["contenido"], &row["usuario_id"]), (&json!("¿hay alguien?"), &json!(9)));
    assert_eq!(server.admin().get(path).await.data(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_numbers_of_the_environment_have_its_rates() {
    let server = TestServer::start_with(|settings| {
        settings.whatsapp.per_second = Some(250.0);
        settings.twilio.sms_per_second = Some(10.0);
        settings.twilio.calls_per_second = Some(5.0);
        settings.accounts.push(AccountSettings::new(ChannelKind::Voice, "+15005550009"));
    })
    .await;
    let listed = server.admin().get("/api/comunicaciones/admin/cuentas").await.data();
    let rate = |id: &str| {
        let row = listed.as_array().unwrap().iter().find(|row| row["id"] == id).unwrap();
        (row["ritmo"]["por_segundo"].as_f64(), row["ritmo"]["propio"] == true)
    };
    assert_eq!(rate("whatsapp:106540352242922"), (Some(250.0), true));
    assert_eq!(rate("twilio-sms:+15005550006"), (Some(10.0), true));
    assert_eq!(rate("twilio-voice:+15005550006"), (Some(5.0), true));
    assert_eq!(rate("twilio-voice:+15005550009"), (Some(5.0), true), "its calls are those of the same Twilio account");
    let whatsapp =
        listed.as_array().unwrap().iter().find(|row| row["id"].as_str().unwrap().starts_with("twilio-whatsapp"));
    assert_eq!(whatsapp.map(|row| row["ritmo"]["por_segundo"].clone()), Some(json!(80.0)), "the channel's own");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_token_is_shown_once_works_and_ends() {
    let server = TestServer::start().await;
    let path = "/api/comunicaciones/admin/tokens";
    let made = server.admin().post(path, &json!({"nombre": "IA de llamadas"})).await;
    assert_eq!(made.status, 201);
    let token = made.data()["token"].as_str().unwrap().to_owned();
    let listed = server.admin().get(path).await;
    assert!(!listed.text().contains(&token));
    insta::assert_json_snapshot!(masked(listed.json(), &["id", "creado"]), @r#"
    {
      "data": [
        {
          "creado": "…",
          "id": "…",
          "nombre": "IA de llamadas",
          "revocado": null
        }
      ],
      "siguiente": null,
      "success": true
    }
    "#);

    let service = server.nobody().with("x-service-token", &token);
    assert_eq!(service.get(HISTORY).await.status, 200);
    let id = made.data()["id"].as_str().unwrap().to_owned();
    let revoked = server.admin().send(Method::DELETE, &format!("{path}/{id}"), None).await;
    assert_eq!(revoked.status, 204);
    assert_eq!(service.get(HISTORY).await.status, 401);
    let unknown =
        server.admin().send(Method::DELETE, &format!("{path}/01920000-0000-7000-8000-000000000000"), None).await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn organisations_are_added_and_renamed() {
    let server = TestServer::start().await;
    let path = "/api/comunicaciones/admin/organizaciones";
    let renamed = server.admin().put(&format!("{path}/principal"), &json!({"nombre": "DiamondSistem"})).await;
    assert_eq!(renamed.data(), json!({"id": "principal", "nombre": "DiamondSistem"}));
    assert_eq!(server.admin().get(path).await.data(), json!([{"id": "principal", "nombre": "DiamondSistem"}]));
    assert_eq!(server.admin().put(&format!("{path}/sur"), &json!({})).await.status, 400);
}
