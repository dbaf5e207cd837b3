//! Every call that `sendgrid-client` can make for mails and webhooks, each with every field that it takes: once through the API as far as the
//! crate knows it.
//!
//! It is made for a judge that knows SendGrid's own description of its API (`cargo xtask e2e sendgrid`): ids and keys are invented, so
//! that SendGrid itself would not take them.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use comms_http::{ReqwestTransport, RetryPolicy};
use sendgrid_client::{
    Client, Config, Mail,
    model::{
        mail::{
            Asm, Attachment, ClickTracking, Footer, GoogleAnalytics, MailSettings, OpenTracking, Personalization,
            SubscriptionTracking, Switch, TrackingSettings,
        },
        person::Person,
        settings::ParseSetting,
    },
};
use serde_json::json;
use time::OffsetDateTime;

const ID: &str = "00000000-0000-4000-8000-000000000001";
const ON: Switch = Switch { enable: true };

#[tokio::main]
async fn main() -> Result<()> {
    let mut config = Config::new("SG.an-invented-key");
    config.api_base = std::env::var("SENDGRID_API_BASE")
        .context("SENDGRID_API_BASE is not set: this is for a judge, not for SendGrid")?;
    let client =
        Client::builder(config).transport(Arc::new(ReqwestTransport::ring()?)).retry(RetryPolicy::never()).build()?;
    mails(&client).await.context("mails")?;
    mails(&client.on_behalf_of("filial")).await.context("mails of a subuser")?;
    webhooks(&client).await.context("webhooks")?;
    println!("every call was made");
    Ok(())
}

async fn mails(client: &Client) -> Result<()> {
    let batch = client.batches().create().await.context("a batch")?;
    client.batches().exists(&batch).await.context("whether there is a batch")?;
    let plain = Mail::new("ventas@example.org").to("ana@example.com").subject("Hola").text("¿Qué tal?");
    for (what, mail) in [
        ("a plain mail", plain.clone()),
        ("a mail for the sandbox", plain.clone().sandbox()),
        ("a mail with everything", whole(&batch)),
        ("a mail past all lists", Mail { mail_settings: Some(past_all_lists()), ..plain.clone() }),
        ("a mail with several to answer to", plain.reply_to("luis@example.org").reply_to("eva@example.org")),
        ("a template", template()),
    ] {
        client.mail().send(&mail).await.context(what)?;
    }
    Ok(())
}

fn whole(batch: &str) -> Mail {
    let mut own = Personalization::to(Person::new("luis@example.com").named("Luis Ñ"));
    own.from = Some(Person::new("eva@example.org"));
    own.subject = Some("Para Luis".to_owned());
    own.headers.insert("X-Campaign".to_owned(), "otoño".to_owned());
    own.substitutions.insert("-nombre-".to_owned(), "Luis".to_owned());
    own.custom_args.insert("comms_message_id".to_owned(), ID.to_owned());
    own.send_at = Some(OffsetDateTime::now_utc().unix_timestamp() + 3600);
    let mut mail = Mail::new(Person::new("ventas@example.org").named("Ventas"))
        .to(Person::new("ana@example.com").named("Ana"))
        .cc("copia@example.com")
        .bcc("oculta@example.com")
        .personalize(own)
        .reply_to("respuestas@example.org")
        .subject("Presupuesto")
        .text("Hola")
        .html("<p>Hola <img src=\"cid:plano\"></p>")
        .content("text/calendar", "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")
        .attach(Attachment::new("presupuesto.pdf", "application/pdf", b"%PDF-1.4"))
        .attach(Attachment::new("plano.png", "image/png", b"png").inline("plano"))
        .header("In-Reply-To", "<a@example.com>")
        .category("ofertas")
        .custom_arg("organizacion", "1")
        .send_at(OffsetDateTime::now_utc() + time::Duration::hours(1))
        .batch(batch);
    mail.asm = Some(Asm { group_id: 7, groups_to_display: vec![7, 8] });
    mail.ip_pool_name = Some("ventas".to_owned());
    mail.mail_settings = Some(MailSettings {
        bypass_spam_management: Some(ON),
        bypass_bounce_management: Some(ON),
        bypass_unsubscribe_management: Some(ON),
        footer: Some(Footer { enable: true, text: Some("Adiós".to_owned()), html: Some("<p>Adiós</p>".to_owned()) }),
        sandbox_mode: Some(Switch { enable: false }),
        ..MailSettings::default()
    });
    mail.tracking_settings = Some(tracking());
    mail
}

fn past_all_lists() -> MailSettings {
    MailSettings { bypass_list_management: Some(ON), ..MailSettings::default() }
}

fn tracking() -> TrackingSettings {
    let some = |text: &str| Some(text.to_owned());
    TrackingSettings {
        click_tracking: Some(ClickTracking { enable: true, enable_text: true }),
        open_tracking: Some(OpenTracking { enable: true, substitution_tag: some("%abierto%") }),
        subscription_tracking: Some(SubscriptionTracking {
            enable: true,
            text: some("Baja: <% %>"),
            html: some("<a href=\"<% %>\">Baja</a>"),
            substitution_tag: some("%baja%"),
        }),
        ganalytics: Some(GoogleAnalytics {
            enable: true,
            utm_source: some("correo"),
            utm_medium: some("email"),
            utm_term: some("piso"),
            utm_content: some("cabecera"),
            utm_campaign: some("otono"),
        }),
    }
}

fn template() -> Mail {
    let data = json!({"nombre": "Ana", "lineas": [{"importe": 12.5}], "urgente": true});
    Mail::new("ventas@example.org")
        .to("ana@example.com")
        .template("d-00000000000000000000000000000001", data.as_object().cloned().unwrap_or_default())
}

async fn webhooks(client: &Client) -> Result<()> {
    let webhooks = client.webhooks();
    webhooks.event_key(ID).await.context("a key")?;
    webhooks.sign_events(ID, true).await.context("signing on")?;
    webhooks.parse_settings().await.context("settings for inbound mail")?;
    let setting = ParseSetting {
        hostname: "entrada.example.org".to_owned(),
        url: "https://app.example.org/api/webhooks/email/sendgrid".to_owned(),
        spam_check: true,
        send_raw: true,
        security_policy: None,
    };
    webhooks.create_parse_setting(&setting).await.context("a setting")?;
    webhooks.delete_parse_setting(&setting.hostname).await.context("a setting less")?;
    webhooks.policies().await.context("policies")?;
    webhooks.create_policy("entrada").await.context("a policy")?;
    Ok(())
}
