//! Rows that Prisma writes and changes beside us are part of the history.

use comms_core::{
    ChannelKind, Direction, Status, UserId,
    history::{HistoryFilter, HistoryPage, Scope, vocabulary},
};
use futures_util::future::join_all;
use time::{Duration, macros::datetime};
use tokio_postgres::NoTls;

use crate::contract_world::{Place, lead, of_lead, organization, phone, says, status, words};

/// A message that the Express module sent, one that it received, and a call in words that we do not have.
const WRITTEN: &str = "
    INSERT INTO comunicaciones (lead_id, usuario_id, canal, direccion, destinatario, contenido, estado, sid_externo, fecha_creacion)
        VALUES (1, 2, 'whatsapp', 'saliente', '+34600000000', 'primero', 'entregado', 'SM1', '2025-03-01 10:00:00');
    INSERT INTO comunicaciones (cliente_id, contrato_id, usuario_id, canal, direccion, destinatario, contenido, estado, fecha_creacion)
        VALUES (1, 77, 3, 'email', 'entrante', 'ana@example.com', 'Segundo, Ñandú', 'recibido', '2025-03-02 10:00:00');
    INSERT INTO comunicaciones (usuario_id, canal, direccion, destinatario, estado, duracion_seg, fecha_creacion)
        VALUES (1, 'fax', 'saliente', '91 000 00 00', 'archivado', 12, '2025-03-03 10:00:00');";

/// The same on SQLite, whose times are microseconds.
fn written(place: &Place) -> String {
    match place {
        Place::Postgres(_) => WRITTEN.to_owned(),
        Place::Sqlite(_) => (1..=3).fold(WRITTEN.to_owned(), |sql, day| {
            let at = datetime!(2025-03-01 10:00 UTC) + Duration::days(day - 1);
            let micros = at.unix_timestamp() * 1_000_000;
            sql.replace(&format!("'2025-03-0{day} 10:00:00'"), &micros.to_string())
        }),
    }
}

#[tokio::test]
async fn rows_of_another_program_appear_at_once_with_their_own_words() {
    for place in Place::everywhere().await {
        let desk = place.open().await;
        assert!(desk.history().await.is_empty());
        place.run(&written(&place)).await;

        let all = desk.history().await;
        let [fax, email, first] = all.as_slice() else {
            panic!("{all:?}");
        };
        assert_eq!((first.id, first.account.as_ref()), (Some(1), None));
        assert_eq!(first.links.lead.as_ref().unwrap().as_str(), "1");
        assert_eq!(first.user, Some(UserId::new("2")));
        assert_eq!(first.channel, ChannelKind::WhatsApp.as_str());
        assert_eq!(first.status, Status::Delivered);
        assert_eq!(first.foreign_status, None);
        assert_eq!(first.provider_id.as_deref(), Some("SM1"));
        assert_eq!(first.created_at, datetime!(2025-03-01 10:00 UTC));
        assert_eq!(email.direction, Direction::Inbound);
        assert_eq!(email.links.client.as_ref().unwrap().as_str(), "1");
        assert_eq!(email.links.contract.as_ref().unwrap().as_str(), "77");
        assert_eq!(fax.channel, "fax");
        assert_eq!(fax.foreign_status.as_deref(), Some("archivado"));
        assert_eq!(fax.duration_seconds, Some(12));
        assert_eq!(desk.store.message_by_row(&everything(), 3).await.unwrap(), fax.message);
    }
}

#[tokio::test]
async fn they_are_found_by_every_key() {
    for place in Place::everywhere().await {
        let desk = place.open().await;
        place.run(&written(&place)).await;
        let any = HistoryFilter::default;
        let cases = [
            (of_lead("1"), 1),
            (of_lead("2"), 0),
            (HistoryFilter { client: Some("1".into()), ..any() }, 2),
            (HistoryFilter { contract: Some("77".into()), ..any() }, 2),
            (HistoryFilter { user: Some("1".into()), ..any() }, 3),
            (HistoryFilter { channel: Some(ChannelKind::Email), ..any() }, 2),
            (HistoryFilter { direction: Some(Direction::Inbound), ..any() }, 2),
            (HistoryFilter { statuses: vocabulary::statuses("entregado"), ..any() }, 1),
            (HistoryFilter { until: Some(datetime!(2025-03-02 0:00 UTC)), ..any() }, 1),
            (HistoryFilter { from: Some(datetime!(2025-03-03 0:00 UTC)), ..any() }, 3),
            (HistoryFilter { text: Some("nandu".to_owned()), ..any() }, 2),
        ];
        for (filter, row) in cases {
            let found: Vec<i32> = desk.find(filter.clone()).await.iter().filter_map(|e| e.id).collect();
            let expected: Vec<i32> = (row > 0).then_some(row).into_iter().collect();
            assert_eq!(found, expected, "{filter:?}");
        }
        // What is shown as "archivado" is not found as anything else.
        for word in ["enviado", "recibido"] {
            let filter = HistoryFilter { statuses: vocabulary::statuses(word), ..any() };
            assert!(desk.find(filter).await.iter().all(|e| e.id != Some(3)), "{word}");
        }
        assert_eq!(words(&desk.find_as(Some("2"), any()).await), ["primero"]);
    }
}

#[tokio::test]
async fn taking_them_in_again_or_by_two_at_once_takes_them_in_once() {
    let Some(place) = Place::prisma().await else {
        return;
    };
    place
        .run(
            "INSERT INTO comunicaciones (usuario_id, canal, direccion, destinatario, contenido) \
              SELECT 1, 'sms', 'saliente', '+34600000000', 'n' || n FROM generate_series(1, 1200) n",
        )
        .await;
    let desks = join_all((0..4).map(|_| place.open())).await;
    let counts = join_all(desks.iter().map(|desk| desk.store.take_in())).await;
    assert!(counts.iter().all(|count| *count.as_ref().unwrap() == 0), "{counts:?}");
    let stored = "SELECT count(*)::text || ' ' || count(DISTINCT comunicacion_id)::text FROM comms.messages";
    assert_eq!(place.texts(stored).await, ["1200 1200"]);

    // With a page asked for by everybody while Prisma goes on.
    place
        .run(
            "INSERT INTO comunicaciones (usuario_id, canal, direccion, destinatario) \
              SELECT 1, 'sms', 'saliente', '+34600000000' FROM generate_series(1, 700) n",
        )
        .await;
    join_all(desks.iter().map(|desk| desk.history())).await;
    assert_eq!(place.texts(stored).await, ["1900 1900"]);
}

/// Prisma's transaction took its number before ours and was committed after: a mark that had passed it would lose it.
#[tokio::test]
async fn a_row_that_is_committed_late_under_a_lower_number_is_not_lost() {
    let Some(place) = Place::prisma().await else {
        return;
    };
    let Place::Postgres(address) = &place else {
        return;
    };
    let desk = place.open().await;
    let late = |words: &'static str| async move {
        let (client, connection) = tokio_postgres::connect(address, NoTls).await.unwrap();
        let driver = tokio::spawn(connection);
        let insert = format!(
            "BEGIN; INSERT INTO comunicaciones (lead_id, usuario_id, canal, direccion, destinatario, contenido) \
             VALUES (1, 1, 'sms', 'saliente', '+34600000000', '{words}')"
        );
        client.batch_execute(&insert).await.unwrap();
        (client, driver)
    };
    // One is committed soon, the other after any time for which the mark waits.
    let (soon, soon_driver) = late("pronto").await;
    let (last, last_driver) = late("tarde").await;
    desk.sends("+34600000001", "después", lead("1")).await;
    for _ in 0..3 {
        desk.store.take_in().await.unwrap();
        desk.clock.advance(std::time::Duration::from_secs(20));
    }
    assert_eq!(words(&desk.find(of_lead("1")).await), ["después"]);

    soon.batch_execute("COMMIT").await.unwrap();
    desk.store.take_in().await.unwrap();
    assert_eq!(desk.find(of_lead("1")).await.len(), 2);

    for _ in 0..3 {
        desk.clock.advance(std::time::Duration::from_secs(60));
        desk.store.take_in().await.unwrap();
    }
    last.batch_execute("COMMIT").await.unwrap();
    assert_eq!(desk.store.take_in().await.unwrap(), 1);
    let found = desk.find(of_lead("1")).await;
    assert_eq!(found.len(), 3, "{:?}", words(&found));
    assert_eq!(desk.store.take_in().await.unwrap(), 0);
    drop((soon, last));
    let _ = tokio::join!(soon_driver, last_driver);
}

#[tokio::test]
async fn what_prisma_changes_in_its_rows_is_shown_at_once_and_found_after_a_look() {
    for place in Place::everywhere().await {
        let desk = place.open().await;
        place.run(&written(&place)).await;
        assert_eq!(desk.find(of_lead("1")).await.len(), 1);

        place
            .run(
                "UPDATE comunicaciones SET lead_id = 2, usuario_id = 3, estado = 'leido', sid_externo = 'SM9', \
                  contenido = 'corregido', destinatario = '+34600000009' WHERE id = 1",
            )
            .await;
        let shown = desk.saying("corregido").await;
        assert_eq!(shown.links, lead("2"));
        assert_eq!(shown.user, Some(UserId::new("3")));
        assert_eq!(shown.foreign_status.as_deref(), Some("leido"));
        assert_eq!(shown.provider_id.as_deref(), Some("SM9"));
        assert_eq!(shown.counterpart, "+34600000009");

        assert_eq!(desk.store.take_in().await.unwrap(), 0, "nothing is new");
        let read = HistoryFilter { statuses: vec![Status::Read], ..of_lead("2") };
        let found = desk.find(HistoryFilter { text: Some("corre".to_owned()), ..read }).await;
        assert_eq!(words(&found), ["corregido"]);
        assert_eq!(found[0].foreign_status, None);
        assert!(desk.find(of_lead("1")).await.is_empty());
        assert_eq!(desk.find_as(Some("3"), of_lead("2")).await.len(), 1);
        assert!(desk.find_as(Some("2"), HistoryFilter::default()).await.is_empty());
    }
}

#[tokio::test]
async fn what_prisma_changes_in_our_rows_is_shown_at_once_and_found_after_a_look() {
    for place in Place::everywhere().await {
        let desk = place.open().await;
        desk.sends("+34600000000", "nuestro", lead("1")).await;
        desk.sends("+34600000000", "texto", lead("lead-abc")).await;
        place.run("UPDATE comunicaciones SET lead_id = 2, estado = 'archivado' WHERE contenido = 'nuestro'").await;
        let shown = desk.saying("nuestro").await;
        assert_eq!(shown.links, lead("2"));
        assert_eq!(shown.foreign_status.as_deref(), Some("archivado"));

        desk.store.take_in().await.unwrap();
        assert_eq!(words(&desk.find(of_lead("2")).await), ["nuestro"]);
        assert!(desk.find(of_lead("1")).await.is_empty());
        let sent = HistoryFilter { statuses: vocabulary::statuses("enviado"), ..HistoryFilter::default() };
        assert_eq!(words(&desk.find(sent).await), ["texto"]);
        // An id that Prisma's column cannot hold is not taken for one that Prisma removed.
        assert_eq!(words(&desk.find(of_lead("lead-abc")).await), ["texto"]);

        // The provider's word comes after, and stands.
        desk.ingest(vec![status("nuestro", Status::Delivered)]).await;
        let shown = desk.saying("nuestro").await;
        assert_eq!((shown.status, shown.foreign_status), (Status::Delivered, None));
        desk.store.take_in().await.unwrap();
        let delivered = HistoryFilter { statuses: vec![Status::Delivered], ..HistoryFilter::default() };
        assert_eq!(words(&desk.find(delivered).await), ["nuestro"]);
    }
}

/// The old webhook of the Express module may still answer for a while: it writes states by `sid_externo`.
#[tokio::test]
async fn a_state_that_prisma_writes_moves_ours_forward_and_never_back() {
    for place in Place::everywhere().await {
        let desk = place.open().await;
        desk.sends("+34600000000", "uno", lead("1")).await;
        desk.ingest(vec![says(phone("+34600000000"), "dos")]).await;
        let state =
            |word: &str, body: &str| format!("UPDATE comunicaciones SET estado = '{word}' WHERE contenido = '{body}'");
        place.run(&state("leido", "uno")).await;
        place.run(&state("leido", "dos")).await;
        desk.store.take_in().await.unwrap();
        for body in ["uno", "dos"] {
            let entry = desk.saying(body).await;
            assert_eq!((entry.status, entry.foreign_status), (Status::Read, None), "{body}");
        }

        place.run(&state("enviado", "uno")).await;
        desk.store.take_in().await.unwrap();
        let entry = desk.saying("uno").await;
        assert_eq!(entry.status, Status::Read);
        assert_eq!(entry.foreign_status.as_deref(), Some("enviado"));
    }
}

#[tokio::test]
async fn a_lead_that_prisma_deletes_leaves_its_messages_without_it() {
    let Some(place) = Place::prisma().await else {
        return;
    };
    let desk = place.open().await;
    desk.sends("+34600000000", "nuestro", lead("1")).await;
    place.run(WRITTEN).await;
    assert_eq!(desk.find(of_lead("1")).await.len(), 2);
    place.run("DELETE FROM leaks WHERE id = 1").await;
    assert_eq!(desk.saying("nuestro").await.links, lead_none());
    desk.store.take_in().await.unwrap();
    assert!(desk.find(of_lead("1")).await.is_empty());
    assert_eq!(desk.history().await.len(), 4, "the messages stay");
}

#[tokio::test]
async fn a_row_that_prisma_deletes_is_gone_and_a_message_of_ours_stays() {
    for place in Place::everywhere().await {
        let desk = place.open().await;
        place.run(&written(&place)).await;
        desk.sends("+34600000000", "nuestro", lead("1")).await;
        assert_eq!(desk.history().await.len(), 4);
        place.run("DELETE FROM comunicaciones").await;
        assert_eq!(words(&desk.history().await), ["nuestro"]);
        assert!(desk.store.message_by_row(&everything(), 1).await.is_err());
    }
}

/// A merge of two leads changes rows of any age: they are reached a part at a time.
#[tokio::test]
async fn a_change_of_old_rows_is_found_within_a_few_looks() {
    let Some(place) = Place::prisma().await else {
        return;
    };
    place
        .run(
            "INSERT INTO comunicaciones (lead_id, usuario_id, canal, direccion, destinatario, fecha_creacion) \
              SELECT 1, 1, 'sms', 'saliente', '+34600000000', timestamp '2025-01-01' + n * interval '1 minute' \
              FROM generate_series(1, 12000) n",
        )
        .await;
    let desk = place.open().await;
    place.run("UPDATE comunicaciones SET lead_id = 2 WHERE id IN (1, 6000, 11999)").await;
    desk.store.take_in().await.unwrap();
    let found: Vec<Option<i32>> = desk.find(of_lead("2")).await.iter().map(|e| e.id).collect();
    assert_eq!(found, [Some(11_999), Some(1)], "the newest rows at every look, and the first part of all");
    desk.store.take_in().await.unwrap();
    assert_eq!(desk.find(of_lead("2")).await.len(), 3);
}

/// A new process does not look again at what others took in.
#[tokio::test]
async fn the_mark_of_what_was_taken_in_outlives_the_process() {
    let Some(place) = Place::prisma().await else {
        return;
    };
    let desk = place.open().await;
    place.run(WRITTEN).await;
    desk.store.take_in().await.unwrap();
    desk.clock.advance(std::time::Duration::from_secs(40));
    desk.store.take_in().await.unwrap();
    let mark = "SELECT value::text FROM comms.marks WHERE name = 'comunicaciones.taken_in'";
    assert_eq!(place.texts(mark).await, ["3"]);
    let other = place.open().await;
    place.run(WRITTEN).await;
    assert_eq!(other.history().await.len(), 6);
}

#[tokio::test]
async fn pages_go_through_both_kinds_of_rows_in_the_order_of_their_times() {
    for place in Place::everywhere().await {
        let desk = place.open().await;
        for n in 0..5 {
            desk.sends("+34600000000", &format!("n{n}"), lead("1")).await;
        }
        place.run(&written(&place)).await;
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let filter = HistoryFilter { limit: 3, after, ..HistoryFilter::default() };
            let HistoryPage { entries, next } = desk.store.history(&everything(), &filter).await.unwrap();
            seen.extend(entries.iter().filter_map(|e| e.id));
            after = next;
            if next.is_none() {
                break;
            }
        }
        assert_eq!(seen, [5, 4, 3, 2, 1, 8, 7, 6]);
    }
}

fn everything() -> Scope {
    Scope { organization: organization(), seller: None }
}

fn lead_none() -> comms_core::history::Links {
    comms_core::history::Links::default()
}

#[tokio::test]
async fn what_another_program_does_is_told_once() {
    for place in Place::everywhere().await {
        let desk = place.open().await;
        place.run(&written(&place)).await;
        let rows = desk.history().await;
        let told = async |after: i64| {
            let log = desk.store.events(None, after, 100).await.unwrap();
            let kinds = log.iter().map(|event| (event.kind.clone(), event.message)).collect::<Vec<_>>();
            (log.last().map_or(after, |event| event.cursor), kinds)
        };
        let (cursor, kinds) = told(0).await;
        let expected: Vec<_> = rows.iter().rev().map(|row| ("message".to_owned(), Some(row.message))).collect();
        assert_eq!(kinds, expected);
        for _ in 0..2 {
            desk.store.take_in().await.unwrap();
            assert_eq!(told(cursor).await, (cursor, Vec::new()), "nothing happened");
        }
        place.run("UPDATE comunicaciones SET estado = 'leido' WHERE id = 1").await;
        desk.store.take_in().await.unwrap();
        let (changed, kinds) = told(cursor).await;
        assert_eq!(kinds, [("edited".to_owned(), Some(rows[2].message))]);
        desk.store.take_in().await.unwrap();
        assert_eq!(told(changed).await, (changed, Vec::new()), "it was told");
    }
}
