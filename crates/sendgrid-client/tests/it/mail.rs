//! What is refused before any request, and how a mail is written.

use sendgrid_client::{
    Mail,
    model::{
        mail::{Attachment, MailSettings, Personalization, Switch},
        person::Person,
    },
};
use serde_json::{Map, json};

fn mail() -> Mail {
    Mail::new("ventas@example.org").to("ana@example.com").subject("Presupuesto").text("Hola")
}

#[test]
fn what_sendgrid_would_refuse_or_drop_is_refused_here() {
    let many = |count: usize| (0..count).fold(mail(), |mail, at| mail.cc(format!("a{at}@example.com")));
    let evil = "x\r\nBcc: all@example.org";
    let bypass = MailSettings {
        bypass_list_management: Some(Switch { enable: true }),
        bypass_spam_management: Some(Switch { enable: true }),
        ..MailSettings::default()
    };
    let wrong = [
        ("personalizations", Mail::new("ventas@example.org").subject("a").text("b")),
        ("personalizations.to", Mail::new("ventas@example.org").cc("ana@example.com").subject("a").text("b")),
        ("from", Mail { from: "ventas".into(), ..mail() }),
        ("from", Mail { from: Person::new("ventas@example.org").named(evil), ..mail() }),
        ("to", mail().to("nobody")),
        ("bcc", mail().bcc("ANA@example.com")),
        ("personalizations", many(1_000)),
        ("subject", mail().subject("")),
        ("subject", mail().subject(evil)),
        ("subject", mail().subject("x".repeat(999))),
        ("content", Mail { content: Vec::new(), ..mail() }),
        ("content", mail().html("")),
        ("content", {
            let mut wrong = mail().html("<p>a</p>");
            wrong.content.reverse();
            wrong
        }),
        ("headers", mail().header("DKIM-Signature", "x")),
        ("headers", mail().header("X-A", evil)),
        ("headers", mail().header("X A", "b")),
        ("categories", (0..11).fold(mail(), |mail, at| mail.category(at.to_string()))),
        ("categories", mail().category("a").category("a")),
        ("custom_args", mail().custom_arg("a", "x".repeat(10_000))),
        ("attachments", mail().attach(Attachment::new("a.bin", "application/octet-stream", vec![0; 24 * 1024 * 1024]))),
        ("attachments.filename", mail().attach(Attachment::new(evil, "text/plain", "x"))),
        ("mail_settings", Mail { mail_settings: Some(bypass), ..mail() }),
        (
            "reply_to_list",
            Mail { reply_to: Some("a@example.org".into()), reply_to_list: vec!["b@example.org".into()], ..mail() },
        ),
    ];
    for (field, mail) in wrong {
        let error = mail.check().unwrap_err();
        assert_eq!(error.field_name(), Some(field), "{error}");
    }
    mail().check().unwrap();
    many(999).check().unwrap();
}

#[test]
fn one_address_may_stand_in_several_mails_of_one_request() {
    let one = Personalization { subject: Some("Uno".to_owned()), ..Personalization::to("ana@example.com") };
    let two = Personalization { subject: Some("Dos".to_owned()), ..Personalization::to("ana@example.com") };
    Mail::new("ventas@example.org").text("Hola").personalize(one).personalize(two).check().unwrap();
}

#[test]
fn a_template_needs_neither_subject_nor_content() {
    let data = Map::from_iter([("nombre".to_owned(), json!("Ana"))]);
    let mail = Mail::new("ventas@example.org").to("ana@example.com").template("d-1", data);
    mail.check().unwrap();
    let written = serde_json::to_value(&mail).unwrap();
    assert_eq!(written["personalizations"][0]["dynamic_template_data"], json!({"nombre": "Ana"}));
    assert!(written.get("content").is_none() && written.get("subject").is_none());
}

#[test]
fn text_comes_before_html_whatever_is_set_first() {
    let mail = Mail::new("a@example.org").content("text/calendar", "x").html("<p>a</p>").text("a");
    let kinds: Vec<_> = mail.content.iter().map(|content| content.kind.as_str()).collect();
    assert_eq!(kinds, ["text/plain", "text/html", "text/calendar"]);
}

#[test]
fn answers_go_to_one_or_to_several() {
    let one = serde_json::to_value(mail().reply_to("a@example.org")).unwrap();
    assert_eq!(one["reply_to"], json!({"email": "a@example.org"}));
    let two = serde_json::to_value(mail().reply_to("a@example.org").reply_to("b@example.org")).unwrap();
    assert_eq!(two["reply_to_list"], json!([{"email": "a@example.org"}, {"email": "b@example.org"}]));
    assert!(two.get("reply_to").is_none());
}

#[test]
fn a_mail_survives_being_written_and_read() {
    let mail =
        mail().cc("luis@example.com").attach(Attachment::new("a.png", "image/png", b"\x89PNG").inline("a1")).sandbox();
    let written = serde_json::to_string(&mail).unwrap();
    assert_eq!(serde_json::from_str::<Mail>(&written).unwrap(), mail);
}
