//! The operations over real HTTP, against a double of Meta that shares no code with this crate.

use comms_http::{ErrorKind, Secret};
use comms_simulator::{
    Simulator,
    meta::{ACCESS_TOKEN, APP_ID, APP_SECRET, EXPIRED_TOKEN, PHONE_ID, WABA_ID, WindowPolicy},
};
use futures_util::TryStreamExt;
use whatsapp_cloud::{
    Client, Config, Message,
    api::{media::DownloadLimits, templates::TemplateFilter},
    model::{
        interactive::{Interactive, Row, Section},
        location::Location,
        media::Media,
        phone_number::Registration,
        profile::{Profile, QrImage},
        template::{ComponentDefinition, NewTemplate, TemplateCategory},
        template_message::TemplateMessage,
    },
};

const TO: &str = "+34600000000";

fn start() -> (Simulator, Client) {
    let mut settings = comms_simulator::Config::default();
    settings.meta.window = WindowPolicy::Open;
    let simulator = Simulator::start(settings).unwrap();
    let client = client(&simulator, ACCESS_TOKEN);
    (simulator, client)
}

fn client(simulator: &Simulator, token: &str) -> Client {
    let mut config = Config::new(token, PHONE_ID);
    config.business_account_id = Some(WABA_ID.to_owned());
    config.app_id = Some(APP_ID.to_owned());
    config.app_secret = Some(APP_SECRET.into());
    config.api_base = simulator.url().to_owned();
    Client::new(config).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_every_kind_are_taken() {
    let (simulator, client) = start();
    let media = client.media().upload("a.png", "image/png", "\u{89}PNG").await.unwrap().id;
    let list = Interactive::list("b", "Ver").section(Section::rows("s", vec![Row::new("1", "a")]));
    let first = client.messages().send(&Message::text("hola").to(TO)).await.unwrap();
    let wamid = first.id().to_owned();
    let messages = [
        Message::text("sí").reply_to(&wamid),
        Message::image(Media::id(media).caption("c")),
        Message::document(Media::link("https://example.com/a.pdf").filename("a.pdf")),
        Message::location(Location::new(40.4, -3.7)),
        Message::reaction(&wamid, "👍"),
        Message::interactive(Interactive::buttons("b").button("1", "Sí")),
        Message::interactive(list),
        Message::interactive(Interactive::url("b", "Abrir", "https://example.com")),
        Message::interactive(Interactive::location_request("b")),
        Message::template(TemplateMessage::new("hello_world", "en_US")),
    ];
    for message in messages {
        let sent = client.messages().send(&message.clone().to(TO)).await;
        let sent = sent.unwrap_or_else(|error| panic!("{error}: {message:?}"));
        assert!(sent.id().starts_with("wamid."));
    }
    assert_eq!(simulator.ledger().sends().len(), 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn media_goes_there_and_back() {
    let (_simulator, client) = start();
    let limits = DownloadLimits::default();
    let created = client.media().upload("a.txt", "text/plain", "hola").await.unwrap();
    let download = client.media().download(&created.id, &limits).await.unwrap();
    assert_eq!(download.content_type.as_deref(), Some("text/plain"));
    let pieces: Vec<_> = download.body.try_collect().await.unwrap();
    assert_eq!(pieces.concat(), b"hola");
    client.media().delete(&created.id).await.unwrap();
    assert!(client.media().info(&created.id).await.is_err());

    let handle = client.uploads().upload("a.png", "image/png", "png").await.unwrap();
    assert!(!handle.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_live_and_die() {
    let (_simulator, client) = start();
    let templates = client.templates();
    let body = ComponentDefinition::body("Hola {{1}}").body_example(["Ana"]);
    let new = NewTemplate::new("cita", "es", TemplateCategory::Utility).component(body);
    let created = templates.create(&new).await.unwrap();
    let filter = TemplateFilter { limit: Some(2), ..TemplateFilter::default() };
    let all: Vec<_> = templates.list(filter).try_collect().await.unwrap();
    assert!(all.len() > 2, "more than one page");
    let mut ids: Vec<_> = all.iter().map(|template| &template.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all.len());
    let read = templates.get(&created.id).await.unwrap();
    assert_eq!(read.variables()[0].example.as_deref(), Some("Ana"));
    templates.delete_by_id("cita", &created.id).await.unwrap();
    assert!(templates.get(&created.id).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_number_and_its_surroundings_are_managed() {
    let (_simulator, client) = start();
    let numbers: Vec<_> = client.phone_numbers().list().try_collect().await.unwrap();
    assert!(numbers.iter().any(|number| number.id == PHONE_ID));
    assert_eq!(client.phone_numbers().get().await.unwrap().id, PHONE_ID);
    client.phone_numbers().register(&Registration::new("123456")).await.unwrap();

    let about = Profile { about: Some("Seguros".into()), ..Profile::default() };
    client.profile().update(&about).await.unwrap();
    assert_eq!(client.profile().get().await.unwrap().about.as_deref(), Some("Seguros"));

    client.username().set("diamond_desk", false).await.unwrap();
    assert_eq!(client.username().get().await.unwrap().username.as_deref(), Some("diamond_desk"));
    client.username().delete().await.unwrap();

    client.subscribed_apps().subscribe().await.unwrap();
    assert_eq!(client.subscribed_apps().list().await.unwrap().len(), 1);
    client.subscribed_apps().unsubscribe().await.unwrap();

    let code = client.qr_codes().create("Hola", Some(QrImage::Png)).await.unwrap();
    client.qr_codes().update(&code.code, "Adiós").await.unwrap();
    let read = client.qr_codes().get(&code.code).await.unwrap();
    assert_eq!(read.prefilled_message.as_deref(), Some("Adiós"));
    client.qr_codes().delete(&code.code).await.unwrap();
    let left: Vec<_> = client.qr_codes().list().try_collect().await.unwrap();
    assert!(left.iter().all(|other| other.code != code.code));
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_inspected_exchanged_and_refused() {
    let (simulator, client) = start();
    let tokens = client.tokens().unwrap();
    let info = tokens.inspect(&Secret::from(ACCESS_TOKEN)).await.unwrap();
    assert!(info.is_valid && info.may("whatsapp_business_messaging"));
    let new = tokens.exchange(&Secret::from(ACCESS_TOKEN), false).await.unwrap();
    assert!(new.expires_in.is_some());
    assert!(!tokens.inspect(&Secret::from(EXPIRED_TOKEN)).await.unwrap().is_valid);

    let expired = self::client(&simulator, EXPIRED_TOKEN);
    let error = expired.messages().send(&Message::text("a").to(TO)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert_eq!(error.provider_code(), Some("190"));
    assert!(!format!("{error:?}").contains(EXPIRED_TOKEN));
}
