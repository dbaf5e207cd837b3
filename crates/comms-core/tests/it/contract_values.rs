//! Values that the shared table cannot hold: ours are whole, its are what fits.

use comms_core::{
    Status,
    history::{HistoryFilter, Links},
};

use crate::contract_world::{Place, lead, of_lead, phone, says, status, words};

#[tokio::test]
async fn overlong_values_are_whole_in_ours_and_shortened_in_the_table() {
    for place in Place::everywhere().await {
        let desk = place.open().await;
        // Characters of more than one byte: the columns count characters.
        let (address, body) = ("ñ".repeat(400), "é".repeat(300));
        let heard = desk.hears(&address, &body).await;
        assert_eq!(heard.counterpart, address);
        assert_eq!(heard.provider_id.unwrap(), format!("wamid.{body}"));
        let sent = "a".repeat(200);
        desk.sends(&address, &sent, lead("1")).await;
        assert_eq!(desk.saying(&sent).await.provider_id.unwrap(), format!("wamid.{sent}"));

        let rows = place.rows(&["destinatario", "sid_externo", "contenido"]).await;
        let short = |text: &str, limit| text.chars().take(limit).collect::<String>();
        let row = |body: &str| format!("{}|{}|{body}", short(&address, 255), short(&format!("wamid.{body}"), 100));
        assert_eq!(rows, [row(&body), row(&sent)]);

        // A status by the whole id finds the message.
        desk.ingest(vec![status(&sent, Status::Read)]).await;
        assert_eq!(desk.saying(&sent).await.status, Status::Read);
        desk.store.take_in().await.unwrap();
        assert_eq!(desk.saying(&sent).await.counterpart, address, "a look shortens nothing");
    }
}

/// A word of Prisma's fills its column to the last character.
#[tokio::test]
async fn a_word_of_fifty_characters_is_shown_whole() {
    for place in Place::everywhere().await {
        let desk = place.open().await;
        let word = "e".repeat(50);
        place
            .run(&format!(
                "INSERT INTO comunicaciones (usuario_id, canal, direccion, destinatario, contenido, estado) \
                 VALUES (1, 'sms', 'saliente', '+34600000000', 'x', '{word}')"
            ))
            .await;
        assert_eq!(desk.saying("x").await.foreign_status, Some(word));
    }
}

#[tokio::test]
async fn destinatario_is_the_other_party_whichever_way_the_message_went() {
    for place in Place::everywhere().await {
        let desk = place.open().await;
        desk.hears("+34600000000", "hola").await;
        desk.sends("+34600000000", "buenas", Links::default()).await;
        assert_eq!(
            place.rows(&["direccion", "destinatario", "canal", "estado", "usuario_id"]).await,
            ["entrante|+34600000000|whatsapp|recibido|1", "saliente|+34600000000|whatsapp|enviado|1"]
        );
    }
}

#[tokio::test]
async fn times_are_utc_to_the_millisecond_in_the_table_and_exact_in_ours() {
    let Some(place) = Place::prisma().await else {
        return;
    };
    let desk = place.open().await;
    let entry = desk.hears("+34600000000", "hola").await;
    let shared =
        place.texts("SELECT round(extract(epoch FROM fecha_creacion) * 1000)::bigint::text FROM comunicaciones").await;
    let millis = entry.created_at.unix_timestamp_nanos() / 1_000_000;
    assert_eq!(shared, [millis.to_string()]);
}

#[tokio::test]
async fn ids_of_text_work_from_end_to_end() {
    for place in Place::everywhere().await {
        let desk = place.open().await;
        let links = Links {
            lead: Some("lead-abc".into()),
            client: Some("cust-7".into()),
            contract: Some("99999999999".into()),
        };
        desk.sends("+34600000000", "de texto", links.clone()).await;
        let answer = desk.hears("+34600000000", "respuesta").await;
        assert_eq!(answer.links, links, "the answer belongs to what the message belonged to");

        assert_eq!(words(&desk.find(of_lead("lead-abc")).await), ["respuesta", "de texto"]);
        let by_client = HistoryFilter { client: Some("cust-7".into()), ..HistoryFilter::default() };
        assert_eq!(desk.find(by_client).await.len(), 2);
        assert_eq!(place.rows(&["lead_id", "cliente_id", "contrato_id"]).await, ["-|-|-", "-|-|-"]);
        desk.store.take_in().await.unwrap();
        assert_eq!(desk.saying("de texto").await.links, links);
        assert_eq!(desk.find(of_lead("lead-abc")).await.len(), 2);
    }
}

/// S2 and S3 know their users by text, for whom `comunicaciones` has no place: nothing waits for one.
#[tokio::test]
async fn users_of_text_have_a_history_and_no_rows() {
    for place in Place::everywhere().await {
        let desk = place.open().await;
        desk.owned_by(None).await;
        desk.hears("+34600000000", "antes").await;
        assert_eq!(desk.waiting().await, 1);
        desk.owned_by(Some("user-xyz")).await;
        desk.hears("+34600000000", "después").await;
        desk.sends_as("user-xyz", "+34600000000", "enviado", lead("lead-abc")).await.unwrap();
        assert_eq!(desk.store.fill_waiting().await.unwrap(), 0);

        assert_eq!(desk.waiting().await, 0);
        assert!(place.rows(&["id"]).await.is_empty());
        let own = desk.find_as(Some("user-xyz"), HistoryFilter::default()).await;
        assert_eq!(words(&own), ["enviado", "después", "antes"]);
    }
}

/// A number with a sign or zeros before it is a text that only looks like one.
#[tokio::test]
async fn an_id_that_is_almost_a_number_stays_as_it_is() {
    for place in Place::everywhere().await {
        let desk = place.open().await;
        desk.sends("+34600000000", "cero", lead("001")).await;
        desk.store.take_in().await.unwrap();
        assert_eq!(words(&desk.find(of_lead("001")).await), ["cero"]);
        assert_eq!(desk.saying("cero").await.links, lead("001"));
        assert!(desk.find(of_lead("1")).await.is_empty());
        assert_eq!(place.rows(&["lead_id"]).await, ["-"]);
    }
}

#[tokio::test]
async fn nul_is_stored_as_a_replacement_character() {
    for place in Place::everywhere().await {
        let desk = place.open().await;
        desk.ingest(vec![says(phone("+34\u{0}600000000"), "a\u{0}b")]).await;
        assert_eq!(desk.saying("a\u{fffd}b").await.counterpart, "+34\u{fffd}600000000");
        assert_eq!(place.rows(&["contenido"]).await, ["a\u{fffd}b"]);
    }
}
