//! `usuario_id` is required, and so are leads and users that exist: what lacks them waits, alone.

use comms_core::{
    UserId,
    history::{HistoryFilter, Links},
};

use futures_util::future::join_all;

use crate::contract_world::{Place, lead, of_lead, phone, says, webhook, words};

#[tokio::test]
async fn without_an_owner_the_message_is_kept_and_the_row_waits_for_one() {
    for place in Place::everywhere().await {
        let desk = place.open().await;
        desk.owned_by(None).await;
        let stored = webhook(vec![says(phone("+34600000009"), "hola")]);
        let id = stored.id;
        desk.store.ingest(stored).await.unwrap();

        assert!(desk.store.webhook(id).await.is_ok(), "the raw webhook is there");
        assert_eq!(desk.saying("hola").await.id, None);
        assert_eq!(desk.waiting().await, 1);
        assert!(place.rows(&["id"]).await.is_empty());
        assert_eq!(desk.store.fill_waiting().await.unwrap(), 0, "there is still no owner");

        desk.owned_by(Some("2")).await;
        assert_eq!(desk.store.fill_waiting().await.unwrap(), 1);
        assert_eq!(desk.waiting().await, 0);
        assert_eq!(place.rows(&["usuario_id", "contenido", "estado"]).await, ["2|hola|recibido"]);
        let entry = desk.saying("hola").await;
        assert_eq!(entry.user, Some(UserId::new("2")));
        assert_eq!(entry.id, Some(1));
        assert_eq!(desk.store.fill_waiting().await.unwrap(), 0);
        assert_eq!(desk.store.take_in().await.unwrap(), 0, "the row is ours");
    }
}

#[tokio::test]
async fn a_user_who_does_not_exist_blocks_nobody_and_is_filled_in_when_they_do() {
    let Some(place) = Place::prisma().await else {
        return;
    };
    let desk = place.open().await;
    desk.owned_by(Some("404")).await;
    // More than a round of them, all older than the neighbour.
    let strangers: Vec<_> = (0..600).map(|n| says(phone("+34600000009"), &format!("n{n}"))).collect();
    desk.ingest(strangers).await;
    assert_eq!(desk.waiting().await, 600);
    desk.sends("+34600000000", "vecino", lead("1")).await;
    desk.owned_by(Some("1")).await;
    desk.hears("+34600000008", "otro").await;
    assert_eq!(place.rows(&["contenido"]).await, ["vecino", "otro"]);

    // One who waits behind them does not wait for them.
    desk.owned_by(None).await;
    desk.hears("+34600000007", "último").await;
    desk.owned_by(Some("1")).await;
    assert_eq!(desk.store.fill_waiting().await.unwrap(), 1);
    assert_eq!(place.rows(&["contenido"]).await[2..], ["último"]);

    place.run("INSERT INTO usuarios (id, nombre) VALUES (404, 'Nueva')").await;
    let mut filled = 0;
    while desk.waiting().await > 0 {
        let more = desk.store.fill_waiting().await.unwrap();
        assert!(more > 0, "{filled} are filled in, and no more");
        filled += more;
    }
    assert_eq!(filled, 600);
    let theirs = "SELECT count(*)::text FROM comunicaciones WHERE usuario_id = 404";
    assert_eq!(place.texts(theirs).await, ["600"]);
}

/// One webhook with a lead that is gone, between others: each of the others has its row at once.
#[tokio::test]
async fn a_lead_deleted_behind_our_back_costs_the_link_alone() {
    let Some(place) = Place::prisma().await else {
        return;
    };
    let desk = place.open().await;
    let links = Links { client: Some("1".into()), ..lead("2") };
    desk.sends("+34600000001", "oferta", links).await;
    // No directory is configured: what was learnt is trusted, and the foreign key refuses it.
    place.run("DELETE FROM leaks WHERE id = 2").await;
    let calls = ["a", "respuesta", "b", "c"].map(|body| {
        let from = if body == "respuesta" { "+34600000001" } else { "+34600000000" };
        desk.store.ingest(webhook(vec![says(phone(from), body)]))
    });
    for done in join_all(calls).await {
        assert_eq!(done.unwrap().messages, 1);
    }
    assert_eq!(desk.waiting().await, 1);
    let with_rows = desk.history().await.iter().filter(|e| e.id.is_some()).count();
    assert_eq!(with_rows, 4);

    assert_eq!(desk.store.fill_waiting().await.unwrap(), 1);
    let row = "SELECT COALESCE(lead_id::text, '-') || '|' || cliente_id::text FROM comunicaciones WHERE contenido = 'respuesta'";
    assert_eq!(place.texts(row).await, ["-|1"], "the client is not lost with the lead");
    let entry = desk.saying("respuesta").await;
    assert_eq!((entry.links.lead, entry.links.client), (None, Some("1".into())));

    // The dead lead is forgotten: the next answer has its row at once.
    let next = desk.hears("+34600000001", "más").await;
    assert!(next.id.is_some());
    assert_eq!(next.links.client, Some("1".into()));
    assert_eq!(desk.waiting().await, 0);
}

#[tokio::test]
async fn all_links_dead_and_a_user_who_is_missing_are_told_apart() {
    let Some(place) = Place::prisma().await else {
        return;
    };
    let desk = place.open().await;
    let links = Links { client: Some("1".into()), contract: Some("5".into()), ..lead("2") };
    desk.sends("+34600000001", "oferta", links).await;
    place.run("DELETE FROM leaks; DELETE FROM clientes; DELETE FROM comunicaciones; DELETE FROM usuarios").await;
    desk.hears("+34600000001", "respuesta").await;
    assert_eq!(desk.store.fill_waiting().await.unwrap(), 0);
    assert_eq!(desk.waiting().await, 1);
    place.run("INSERT INTO usuarios (id, nombre) VALUES (1, 'Ada')").await;
    assert_eq!(desk.store.fill_waiting().await.unwrap(), 1);
    assert_eq!(place.rows(&["lead_id", "cliente_id", "contrato_id", "usuario_id"]).await, ["-|-|5|1"]);
}

#[tokio::test]
async fn a_send_for_a_lead_that_does_not_exist_is_refused_before_it_is_sent() {
    let Some(place) = Place::prisma().await else {
        return;
    };
    let desk = place.open().await;
    let refused = desk.sends_as("1", "+34600000000", "nadie", lead("404")).await;
    assert!(matches!(refused, Err(comms_core::history::RepositoryError::Conflict(_))), "{refused:?}");
    assert!(desk.history().await.is_empty());
}

/// Two processes fill in the same messages: each row once.
#[tokio::test]
async fn two_processes_fill_in_each_row_once() {
    let Some(place) = Place::prisma().await else {
        return;
    };
    let (one, two) = (place.open().await, place.open().await);
    one.owned_by(None).await;
    let events = (0..60).map(|n| says(phone("+34600000009"), &format!("n{n}")));
    one.ingest(events.collect()).await;
    one.owned_by(Some("1")).await;
    let (first, second) = tokio::join!(one.store.fill_waiting(), two.store.fill_waiting());
    assert_eq!(first.unwrap() + second.unwrap(), 60);
    assert_eq!(place.rows(&["id"]).await.len(), 60);
    assert_eq!(two.find(HistoryFilter::default()).await.len(), 60);
    assert_eq!(two.waiting().await, 0);
}

/// What one process learnt from a send, the other knows when the answer reaches it.
#[tokio::test]
async fn two_processes_share_what_they_learn() {
    let Some(place) = Place::prisma().await else {
        return;
    };
    let (one, two) = (place.open().await, place.open().await);
    one.sends("+34600000009", "hola", lead("2")).await;
    let answer = two.hears("+34600000009", "respuesta").await;
    assert_eq!(answer.links, lead("2"));
    assert_eq!(words(&one.find(of_lead("2")).await), ["respuesta", "hola"]);
}

/// The provider repeats itself to whichever process answers first.
#[tokio::test]
async fn two_processes_store_one_webhook_once() {
    let Some(place) = Place::prisma().await else {
        return;
    };
    let (one, two) = (place.open().await, place.open().await);
    let copies = (0..30).flat_map(|n| [&one, &two].map(|desk| (desk, format!("n{}", n / 3))));
    let stored = copies.map(|(desk, body)| async move {
        let copy = webhook(vec![says(phone("+34600000009"), &body)]);
        desk.store.ingest(copy).await.unwrap().messages
    });
    let stored: u32 = join_all(stored).await.into_iter().sum();
    assert_eq!(stored, 10);
    assert_eq!(place.rows(&["id"]).await.len(), 10);
    assert_eq!(one.history().await.len(), 10);
    assert_eq!(two.store.take_in().await.unwrap(), 0, "no row is taken for another program's");
}

/// One process was told of the owner; the other believes its accounts for a while, and loses nothing by it.
#[tokio::test]
async fn an_owner_set_in_one_process_reaches_what_the_other_stores() {
    let Some(place) = Place::prisma().await else {
        return;
    };
    let (one, two) = (place.open().await, place.open().await);
    two.owned_by(None).await;
    one.owned_by(Some("3")).await;
    two.hears("+34600000009", "hola").await;
    assert_eq!(one.waiting().await, 1);
    assert_eq!(one.store.fill_waiting().await.unwrap(), 1);
    assert_eq!(place.rows(&["usuario_id", "contenido"]).await, ["3|hola"]);
}
