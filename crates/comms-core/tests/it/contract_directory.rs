//! Whose is a message? The tables of the business are asked, and never written.

use std::time::Duration;

use comms_core::{
    Address, AddressKind, Party, UserId,
    history::{
        Assignment, DatabaseSettings, DirectorySettings, DirectoryTable, HistoryEntry, HistoryFilter, Links,
        RepositoryError,
    },
};
use tokio_postgres::NoTls;

use crate::contract_world::{Desk, Place, account, lead, of_lead, party_says, phone, says, webhook, words};

fn table(name: &str) -> DirectoryTable {
    DirectoryTable {
        table: name.to_owned(),
        id: "id".to_owned(),
        phone: Some("telefono".to_owned()),
        email: Some("email".to_owned()),
        owner: Some("vendedor_id".to_owned()),
    }
}

fn directory() -> DirectorySettings {
    DirectorySettings { leads: Some(table("leaks")), clients: Some(table("clientes")), ..DirectorySettings::default() }
}

/// Puts a mistake into the settings.
type Spoil = fn(&mut DirectorySettings);

async fn open(place: &Place) -> Desk {
    place.open_with(|settings| settings.directory = directory()).await
}

async fn write_lead(place: &Place, id: u32, telefono: &str, vendedor: Option<u32>) {
    let vendedor = vendedor.map_or("NULL".to_owned(), |id| id.to_string());
    place.run(&format!("INSERT INTO leaks (id, telefono, vendedor_id) VALUES ({id}, '{telefono}', {vendedor})")).await;
}

fn whose(entry: &HistoryEntry) -> (Option<&str>, Option<&str>, Option<&str>) {
    (
        entry.links.lead.as_ref().map(|id| id.as_str()),
        entry.links.client.as_ref().map(|id| id.as_str()),
        entry.user.as_ref().map(UserId::as_str),
    )
}

#[tokio::test]
async fn a_wrong_name_is_refused_with_what_is_missing() {
    for place in Place::everywhere().await {
        place.open().await.store.close().await;
        let cases: [(Spoil, &str); 4] = [
            (|d| d.leads.as_mut().unwrap().phone = Some("movil".to_owned()), "leaks.movil"),
            (|d| d.clients.as_mut().unwrap().table = "clients".to_owned(), "clients.telefono"),
            (|d| d.contracts = Some(table("contratos")), "contratos.vendedor_id"),
            (|d| d.leads.as_mut().unwrap().id = "id\" OR 1=1 --".to_owned(), "not a plain name"),
        ];
        for (spoil, named) in cases {
            let refused = place
                .try_open_with(|settings| {
                    settings.directory = directory();
                    spoil(&mut settings.directory);
                })
                .await
                .err();
            let Some(RepositoryError::Config(told)) = refused else {
                panic!("{named}: {refused:?}");
            };
            assert!(told.contains(named) && told.contains("[directory]"), "{told}");
        }
        let refused = place.try_open_with(|settings| settings.directory.region = Some("Spain".to_owned())).await.err();
        assert!(matches!(&refused, Some(RepositoryError::Config(told)) if told.contains("Spain")), "{refused:?}");
    }
}

#[tokio::test]
async fn a_number_is_found_however_it_was_written_down() {
    for place in Place::everywhere().await {
        let desk = open(&place).await;
        for (at, written) in ["+34 600-000-010", "0034600000011", "(34) 600 000 012", "34.600.000.013", "+34600000014 "]
            .iter()
            .enumerate()
        {
            let id = u32::try_from(at).unwrap() + 10;
            write_lead(&place, id, written, Some(2)).await;
            let entry = desk.hears(&format!("+346000000{id}"), written).await;
            let id = id.to_string();
            assert_eq!(whose(&entry), (Some(id.as_str()), None, Some("2")), "{written}");
        }
        assert_eq!(place.rows(&["lead_id", "usuario_id"]).await[..2], ["10|2", "11|2"]);
    }
}

#[tokio::test]
async fn a_national_number_is_found_in_its_region_and_is_no_other_countrys() {
    for place in Place::everywhere().await {
        write_lead(&place, 20, "600 000 020", Some(2)).await;
        write_lead(&place, 21, "603 123 456", Some(2)).await;
        let blind = open(&place).await;
        let entry = blind.hears("+34600000020", "sin región").await;
        assert_eq!(whose(&entry), (None, None, Some("1")));
        blind.store.close().await;
        drop(blind);

        let desk = place
            .open_with(|settings| {
                settings.directory = directory();
                settings.directory.region = Some("ES".to_owned());
            })
            .await;
        let entry = desk.hears("+34600000020", "con región").await;
        assert_eq!(whose(&entry), (Some("20"), None, Some("2")));
        for (other, body) in [("+351600000020", "Portugal"), ("+600000020", "nadie"), ("+603123456", "Malasia")] {
            let entry = desk.hears(other, body).await;
            assert_eq!(whose(&entry), (None, None, Some("1")), "{body}");
        }
        let entry = desk.hears("+34603123456", "España").await;
        assert_eq!(whose(&entry), (Some("21"), None, Some("2")));
    }
}

#[tokio::test]
async fn two_leads_with_one_number_are_for_a_person_to_decide() {
    for place in Place::everywhere().await {
        let desk = open(&place).await;
        write_lead(&place, 30, "+34 600 000 030", Some(2)).await;
        write_lead(&place, 31, "0034600000030", Some(3)).await;
        let entry = desk.hears("+34600000030", "hola").await;
        assert_eq!(whose(&entry), (None, None, Some("1")));
        assert_eq!(place.rows(&["lead_id", "usuario_id"]).await, ["-|1"]);
        let listed =
            place.texts(&format!("SELECT CAST(candidates AS text) AS text FROM {}", ours(&place, "contacts"))).await;
        let [candidates] = listed.as_slice() else {
            panic!("{listed:?}");
        };
        let mut candidates: Vec<serde_json::Value> = serde_json::from_str(candidates).unwrap();
        candidates.sort_by_key(|c| c["id"].to_string());
        assert_eq!(
            serde_json::json!(candidates),
            serde_json::json!([{"kind": "lead", "id": "30"}, {"kind": "lead", "id": "31"}])
        );

        // Somebody decides, in the table of the business: the next message is that lead's, and nothing is left to decide.
        place.run("DELETE FROM leaks WHERE id = 31").await;
        let entry = desk.hears("+34600000030", "otra vez").await;
        assert_eq!(whose(&entry), (Some("30"), None, Some("2")));
        let left = format!("SELECT 'one' AS text FROM {} WHERE candidates IS NOT NULL", ours(&place, "contacts"));
        assert!(place.texts(&left).await.is_empty());
    }
}

#[tokio::test]
async fn a_person_without_lead_has_one_as_soon_as_the_business_knows_them() {
    for place in Place::everywhere().await {
        let desk = open(&place).await;
        let entry = desk.hears("+34600000040", "primero").await;
        assert_eq!(whose(&entry), (None, None, Some("1")));
        write_lead(&place, 40, "+34600000040", Some(3)).await;
        for body in ["segundo", "tercero"] {
            let entry = desk.hears("+34600000040", body).await;
            assert_eq!(whose(&entry), (Some("40"), None, Some("3")), "{body}");
        }
    }
}

#[tokio::test]
async fn what_was_learnt_from_a_send_comes_before_the_directory() {
    for place in Place::everywhere().await {
        let desk = open(&place).await;
        write_lead(&place, 50, "+34600000050", Some(3)).await;
        let party = |body: &str| {
            let mut party = Party::of(Address::verbatim(AddressKind::WhatsAppUser, "ES.50"));
            party.addresses.push(phone("+34600000050"));
            party_says(party, body)
        };
        desk.ingest(vec![party("antes")]).await;
        assert_eq!(whose(&desk.saying("antes").await), (Some("50"), None, Some("3")));

        // The seller writes about another lead: the answer is that one's, under whichever address it comes.
        desk.sends("+34600000050", "oferta", lead("1")).await;
        desk.ingest(vec![party("respuesta")]).await;
        assert_eq!(whose(&desk.saying("respuesta").await), (Some("1"), None, Some("2")));
    }
}

#[tokio::test]
async fn a_recipient_belongs_to_what_was_learnt_else_to_their_one_entry() {
    for place in Place::everywhere().await {
        let desk = open(&place).await;
        write_lead(&place, 56, "+34600000056", Some(3)).await;
        for id in [57, 58] {
            write_lead(&place, id, "+34600000057", Some(3)).await;
        }
        let lead_of = async |number: &str| {
            let links = desk.store.recipient(&account(), &phone(number)).await.unwrap().links;
            links.lead.map(|lead| lead.as_str().to_owned())
        };
        assert_eq!(lead_of("+34600000056").await.as_deref(), Some("56"), "nobody wrote to them yet");
        assert_eq!(lead_of("+34600000057").await, None, "two entries: for a person to decide");
        assert_eq!(lead_of("+34600000059").await, None);
        desk.sends("+34600000056", "oferta", lead("1")).await;
        assert_eq!(lead_of("+34600000056").await.as_deref(), Some("1"));
    }
}

#[tokio::test]
async fn a_lead_deleted_meanwhile_is_left_out() {
    for place in Place::everywhere().await {
        let desk = open(&place).await;
        desk.sends("+34600000060", "oferta", lead("2")).await;
        place.run("DELETE FROM leaks WHERE id = 2").await;
        let entry = desk.hears("+34600000060", "respuesta").await;
        assert_eq!(entry.links.lead, None);
        assert!(entry.id.is_some(), "the row is there at once");
        assert_eq!(desk.waiting().await, 0);

        // They come back as another lead.
        write_lead(&place, 61, "+34600000060", Some(3)).await;
        let entry = desk.hears("+34600000060", "aquí otra vez").await;
        assert_eq!(whose(&entry), (Some("61"), None, Some("3")));
    }
}

#[tokio::test]
async fn clients_and_addresses_of_mail_are_found_too() {
    for place in Place::everywhere().await {
        let desk = open(&place).await;
        let entry = desk.hears("+34600000002", "cliente").await;
        assert_eq!(whose(&entry), (None, Some("1"), Some("3")));

        let mail = |value: &str| Address::verbatim(AddressKind::Email, value);
        desk.ingest(vec![says(mail("Ana@EXAMPLE.com"), "correo")]).await;
        assert_eq!(whose(&desk.saying("correo").await), (Some("1"), None, Some("2")));

        // Lead and client under one number: both, and the lead's seller answers.
        write_lead(&place, 70, "+34600000002", Some(2)).await;
        place.run("INSERT INTO clientes (id, telefono, vendedor_id) VALUES (71, '+34600000071', 3)").await;
        write_lead(&place, 71, "+34600000071", Some(2)).await;
        let entry = desk.hears("+34600000071", "ambos").await;
        assert_eq!(whose(&entry), (Some("71"), Some("71"), Some("2")));
        let entry = desk.hears("+34600000071", "ambos otra vez").await;
        assert_eq!(whose(&entry), (Some("71"), Some("71"), Some("2")));

        // By number and by mail it is one lead, not two candidates.
        let mut party = Party::of(phone("+34600000000"));
        party.addresses.push(mail("ana@example.com"));
        desk.ingest(vec![party_says(party, "los dos")]).await;
        assert_eq!(whose(&desk.saying("los dos").await), (Some("1"), None, Some("2")));
    }
}

#[tokio::test]
async fn a_lead_of_nobody_falls_to_the_owner_of_the_account() {
    for place in Place::everywhere().await {
        let desk = open(&place).await;
        let entry = desk.hears("+34600000001", "sin vendedor").await;
        assert_eq!(whose(&entry), (Some("2"), None, Some("1")));
    }
}

/// Who rings when somebody calls: asked before there is a message of theirs.
#[tokio::test]
async fn whose_a_caller_is_is_known_before_anybody_met_them() {
    for place in Place::everywhere().await {
        let desk = open(&place).await;
        let ask = async |number: &str| {
            let found = desk.store.recipient(&account(), &phone(number)).await.unwrap();
            let of = |id: Option<String>| id.unwrap_or_else(|| "-".to_owned());
            let links = (found.links.lead.map(|id| id.to_string()), found.links.client.map(|id| id.to_string()));
            [of(links.0), of(links.1), of(found.owner.map(|id| id.to_string()))].join("|")
        };
        assert_eq!(ask("+34600000000").await, "1|-|2", "a lead's seller");
        assert_eq!(ask("+34600000001").await, "2|-|-", "a lead of nobody");
        assert_eq!(ask("+34600000002").await, "-|1|3", "a client's seller");
        assert_eq!(ask("+34600000009").await, "-|-|-", "a stranger");

        // The directory's word on the lead counts more than who wrote to them last, and is asked each time.
        desk.sends_as("1", "+34600000000", "al lead 1", lead("1")).await.unwrap();
        assert_eq!(ask("+34600000000").await, "1|-|2");
        place.run("UPDATE leaks SET vendedor_id = 3 WHERE id = 1").await;
        assert_eq!(ask("+34600000000").await, "1|-|3");
        // A lead of nobody is theirs who wrote last; one that is gone is no lead.
        desk.sends_as("3", "+34600000001", "al lead 2", lead("2")).await.unwrap();
        assert_eq!(ask("+34600000001").await, "2|-|3");
        place.run("DELETE FROM comunicaciones; DELETE FROM leaks WHERE id = 2").await;
        assert_eq!(ask("+34600000001").await, "-|-|3");
    }
}

#[tokio::test]
async fn a_directory_that_does_not_answer_leaves_what_was_learnt() {
    for place in Place::everywhere().await {
        let desk = open(&place).await;
        desk.sends_as("3", "+34600000000", "al lead 1", lead("1")).await.unwrap();
        place.run("ALTER TABLE leaks RENAME TO gone").await;
        let found = desk.store.recipient(&account(), &phone("+34600000000")).await.unwrap();
        assert_eq!((found.links, found.owner), (lead("1"), Some("3".into())));
    }
}

#[tokio::test]
async fn assignments_say_who_is_known_and_whose_they_are() {
    for place in Place::everywhere().await {
        let desk = open(&place).await;
        let ask = |lead: &str, client: &str| Links {
            lead: Some(lead.into()),
            client: Some(client.into()),
            contract: Some("5".into()),
        };
        let found = desk.store.assignments(&ask("1", "404")).await.unwrap();
        assert_eq!(found, [Assignment::Owner(Some("2".into())), Assignment::Missing, Assignment::Trusted]);
        let found = desk.store.assignments(&lead("2")).await.unwrap();
        assert_eq!(found, [Assignment::Owner(None)]);
        // A text where the key is a number is one that is not there, and no error.
        let found = desk.store.assignments(&lead("lead-abc' OR '1'='1")).await.unwrap();
        assert_eq!(found, [Assignment::Missing]);
    }
}

#[tokio::test]
async fn a_seller_sees_what_is_assigned_to_them_now() {
    for place in Place::everywhere().await {
        let desk = open(&place).await;
        desk.sends("+34600000000", "al lead 1", lead("1")).await;
        desk.sends("+34600000001", "al lead 2", lead("2")).await;
        place
            .run(
                "INSERT INTO comunicaciones (lead_id, usuario_id, canal, direccion, destinatario, contenido) \
                  VALUES (1, 3, 'sms', 'saliente', '+34600000000', 'de Prisma')",
            )
            .await;
        let sees = async |seller| {
            let found = desk.find_as(Some(seller), HistoryFilter::default()).await;
            let mut found: Vec<String> = words(&found).into_iter().map(str::to_owned).collect();
            found.sort_unstable();
            found
        };
        assert_eq!(sees("2").await, ["al lead 1", "de Prisma"]);
        assert_eq!(sees("3").await, ["de Prisma"]);
        assert!(sees("2' OR '1'='1").await.is_empty());

        assert_eq!(told(&desk).await, ["al lead 1: 1 2", "al lead 2: 1", "de Prisma: 2 3"]);

        place.run("UPDATE leaks SET vendedor_id = 3 WHERE id = 1").await;
        place.run("UPDATE leaks SET vendedor_id = 2 WHERE id = 2").await;
        assert_eq!(sees("3").await, ["al lead 1", "de Prisma"]);
        assert_eq!(sees("2").await, ["al lead 2"]);
        assert_eq!(told(&desk).await, ["al lead 1: 1 3", "al lead 2: 1 2", "de Prisma: 3"]);
    }
}

/// The messages that the feed tells of, each with the sellers who are told.
async fn told(desk: &Desk) -> Vec<String> {
    let feed = desk.store.feed(None, 0, 100).await.unwrap();
    let messages = feed.into_iter().filter(|one| one.event.kind == "message");
    let words = messages.map(|one| {
        let sellers: Vec<&str> = one.sellers.iter().map(UserId::as_str).collect();
        format!("{}: {}", one.message.unwrap().text.unwrap(), sellers.join(" "))
    });
    words.collect()
}

/// Prisma migrates its tables while webhooks arrive.
#[tokio::test]
async fn a_directory_that_is_locked_or_gone_takes_no_message_with_it() {
    let Some(place) = Place::prisma().await else {
        return;
    };
    let Place::Postgres(address) = &place else {
        return;
    };
    let desk = open(&place).await;
    desk.hears("+34600000000", "antes").await;

    let (client, connection) = tokio_postgres::connect(address, NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    client.batch_execute("BEGIN; LOCK TABLE leaks IN ACCESS EXCLUSIVE MODE").await.unwrap();
    // Somebody who is known to be a lead, whose row refers to the locked table, and a stranger.
    let known = webhook(vec![says(phone("+34600000000"), "conocida")]);
    let stranger = webhook(vec![says(phone("+34600000080"), "extraño")]);
    let stored = async { tokio::join!(desk.store.ingest(known), desk.store.ingest(stranger)) };
    // Before the provider gives up on us.
    let (known, stranger) = tokio::time::timeout(Duration::from_secs(15), stored).await.unwrap();
    assert_eq!((known.unwrap().messages, stranger.unwrap().messages), (1, 1));
    client.batch_execute("COMMIT").await.unwrap();
    drop(client);
    let _ = driver.await;

    desk.store.fill_waiting().await.unwrap();
    assert_eq!(desk.waiting().await, 0);
    assert_eq!(whose(&desk.saying("conocida").await), (Some("1"), None, Some("2")));
    assert_eq!(words(&desk.find(of_lead("1")).await), ["conocida", "antes"]);

    place.run("ALTER TABLE leaks RENAME TO leads").await;
    let entry = desk.hears("+34600000081", "sin directorio").await;
    assert_eq!(whose(&entry), (None, None, Some("1")));
    // The foreign key follows the renamed table.
    let entry = desk.hears("+34600000000", "conocida otra vez").await;
    assert_eq!(whose(&entry), (Some("1"), None, Some("2")));
}

#[tokio::test]
async fn without_a_directory_the_callers_ids_are_trusted() {
    for place in Place::everywhere().await {
        let desk = place.open().await;
        let found = desk.store.assignments(&lead("404")).await.unwrap();
        assert_eq!(found, [Assignment::Trusted]);
        let entry = desk.hears("+34600000000", "hola").await;
        assert_eq!(whose(&entry), (None, None, Some("1")), "leaks is there, but nobody named it");
    }
}

/// The directory is only read.
#[tokio::test]
async fn nothing_is_written_to_the_directory() {
    let Some(place) = Place::prisma().await else {
        return;
    };
    let desk = open(&place).await;
    desk.hears("+34600000000", "hola").await;
    desk.sends("+34600000002", "buenas", lead("1")).await;
    let writes = "SELECT (n_tup_upd + n_tup_del)::text || ' ' || n_tup_ins::text AS text FROM pg_stat_user_tables \
                  WHERE relname IN ('leaks', 'clientes', 'usuarios') ORDER BY relname";
    desk.store.close().await;
    let found = place.texts(writes).await;
    assert!(found.iter().all(|line| line.starts_with("0 ")), "{found:?}");
}

fn ours(place: &Place, table: &str) -> String {
    match place {
        Place::Postgres(_) => format!("comms.{table}"),
        Place::Sqlite(_) => format!("comms_{table}"),
    }
}

/// Settings of a directory are part of those of the database.
#[test]
fn a_database_has_no_directory_unless_it_is_given_one() {
    assert_eq!(DatabaseSettings::sqlite("x.db").directory, DirectorySettings::default());
}
