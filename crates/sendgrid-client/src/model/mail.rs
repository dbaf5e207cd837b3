//! A mail, as it is given to be sent.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::person::Person;

mod checks;
mod settings;

pub use settings::{
    Asm, ClickTracking, Footer, GoogleAnalytics, MailSettings, OpenTracking, SubscriptionTracking, Switch,
    TrackingSettings,
};

/// A mail, for one recipient or for many.
///
/// ```
/// use sendgrid_client::{Mail, model::mail::Attachment};
///
/// let mail = Mail::new("ventas@example.org")
///     .to("ana@example.com")
///     .subject("Presupuesto")
///     .text("Hola, Ana")
///     .html("<p>Hola, <b>Ana</b></p>")
///     .attach(Attachment::new("presupuesto.pdf", "application/pdf", b"%PDF-1.4"));
/// mail.check()?;
/// # Ok::<(), sendgrid_client::Error>(())
/// ```
///
/// *See [SendGrid docs/Mail send](https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mail {
    /// To whom, with what differs between them. Each one is a mail of its own.
    pub personalizations: Vec<Personalization>,
    /// From whom.
    pub from: Person,
    /// To whom answers go. Not together with [`reply_to_list`](Self::reply_to_list).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Person>,
    /// To whom answers go, where they are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reply_to_list: Vec<Person>,
    /// The subject, unless a personalization or template has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Text first, then HTML, then what else.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub content: Vec<Content>,
    /// The files.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// A template: `d-…` for a dynamic one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_id: Option<String>,
    /// Headers of one's own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Words that statistics are kept by. They are shown to SendGrid's staff: no personal data.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// What comes back with each event, flat among its fields: choose names that SendGrid does not have.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub custom_args: BTreeMap<String, String>,
    /// When it is sent, in seconds since 1970: at most 72 hours ahead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_at: Option<i64>,
    /// By what it is paused or withdrawn: [`Batches::create`](crate::api::Batches::create).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_id: Option<String>,
    /// From what people unsubscribe by this mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asm: Option<Asm>,
    /// From which addresses of SendGrid's it goes out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_pool_name: Option<String>,
    /// Sandbox, footer, and which lists are passed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail_settings: Option<MailSettings>,
    /// What is told of the recipients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_settings: Option<TrackingSettings>,
}

/// To whom, and what is theirs alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Personalization {
    /// Another sender than the mail's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Person>,
    /// To whom: they see one another.
    pub to: Vec<Person>,
    /// With copies to whom.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<Person>,
    /// With hidden copies to whom.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bcc: Vec<Person>,
    /// Another subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Further headers.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// What stands for what in a legacy template.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub substitutions: BTreeMap<String, String>,
    /// The values of a dynamic template.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub dynamic_template_data: Map<String, Value>,
    /// What comes back with each event.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub custom_args: BTreeMap<String, String>,
    /// Another time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_at: Option<i64>,
}

/// The same in one of its forms.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// `text/plain`, `text/html`, `text/calendar` …
    #[serde(rename = "type")]
    pub kind: String,
    /// What it says.
    pub value: String,
}

/// A file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Its bytes in base64.
    pub content: String,
    /// Its media type.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Its name. SendGrid garbles letters beyond ASCII.
    pub filename: String,
    /// `attachment`, or `inline` where the HTML shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disposition: Option<String>,
    /// The id that the HTML shows it by: `<img src="cid:…">`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_id: Option<String>,
}

impl Attachment {
    /// A file beside the text.
    pub fn new(filename: impl Into<String>, kind: impl Into<String>, bytes: impl AsRef<[u8]>) -> Self {
        Self {
            content: STANDARD.encode(bytes),
            kind: Some(kind.into()),
            filename: filename.into(),
            disposition: Some("attachment".to_owned()),
            content_id: None,
        }
    }

    /// The same, shown by the HTML under this id.
    #[must_use]
    pub fn inline(mut self, content_id: impl Into<String>) -> Self {
        self.disposition = Some("inline".to_owned());
        self.content_id = Some(content_id.into());
        self
    }
}

impl Personalization {
    /// For this recipient.
    pub fn to(person: impl Into<Person>) -> Self {
        Self { to: vec![person.into()], ..Self::default() }
    }
}

impl Mail {
    /// A mail of this sender.
    #[must_use]
    pub fn new(from: impl Into<Person>) -> Self {
        Self { from: from.into(), ..Self::default() }
    }

    /// Adds a recipient, who sees the others.
    #[must_use]
    pub fn to(mut self, person: impl Into<Person>) -> Self {
        self.first().to.push(person.into());
        self
    }

    /// Adds somebody who gets a copy.
    #[must_use]
    pub fn cc(mut self, person: impl Into<Person>) -> Self {
        self.first().cc.push(person.into());
        self
    }

    /// Adds somebody who gets a copy of which the others do not know.
    #[must_use]
    pub fn bcc(mut self, person: impl Into<Person>) -> Self {
        self.first().bcc.push(person.into());
        self
    }

    /// Adds a mail of its own for these recipients.
    #[must_use]
    pub fn personalize(mut self, personalization: Personalization) -> Self {
        self.personalizations.push(personalization);
        self
    }

    /// Adds somebody to whom answers go.
    #[must_use]
    pub fn reply_to(mut self, person: impl Into<Person>) -> Self {
        let person = person.into();
        match self.reply_to.take() {
            None if self.reply_to_list.is_empty() => self.reply_to = Some(person),
            first => self.reply_to_list.extend(first.into_iter().chain([person])),
        }
        self
    }

    /// Sets the subject.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Sets the text.
    #[must_use]
    pub fn text(self, text: impl Into<String>) -> Self {
        self.content("text/plain", text)
    }

    /// Sets the HTML.
    #[must_use]
    pub fn html(self, html: impl Into<String>) -> Self {
        self.content("text/html", html)
    }

    /// Sets the same in another form, in the place where SendGrid wants it.
    #[must_use]
    pub fn content(mut self, kind: impl Into<String>, value: impl Into<String>) -> Self {
        self.content.push(Content { kind: kind.into(), value: value.into() });
        self.content.sort_by_key(|content| place(&content.kind));
        self
    }

    /// Adds a file.
    #[must_use]
    pub fn attach(mut self, file: Attachment) -> Self {
        self.attachments.push(file);
        self
    }

    /// Sends a template with these values for the first recipients.
    #[must_use]
    pub fn template(mut self, id: impl Into<String>, data: Map<String, Value>) -> Self {
        self.template_id = Some(id.into());
        self.first().dynamic_template_data = data;
        self
    }

    /// Sets a header, `In-Reply-To` for instance.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }

    /// Adds a word that statistics are kept by.
    #[must_use]
    pub fn category(mut self, category: impl Into<String>) -> Self {
        self.categories.push(category.into());
        self
    }

    /// Sets what comes back with each event.
    #[must_use]
    pub fn custom_arg(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.custom_args.insert(name.into(), value.into());
        self
    }

    /// Has it sent at this time.
    #[must_use]
    pub fn send_at(mut self, at: OffsetDateTime) -> Self {
        self.send_at = Some(at.unix_timestamp());
        self
    }

    /// Makes it one of a batch, to be able to withdraw it.
    #[must_use]
    pub fn batch(mut self, id: impl Into<String>) -> Self {
        self.batch_id = Some(id.into());
        self
    }

    /// Has it checked and not sent.
    #[must_use]
    pub fn sandbox(mut self) -> Self {
        self.mail_settings.get_or_insert_default().sandbox_mode = Some(Switch { enable: true });
        self
    }

    /// Whether it is checked and not sent.
    #[must_use]
    pub fn is_for_sandbox(&self) -> bool {
        let sandbox = self.mail_settings.as_ref().and_then(|settings| settings.sandbox_mode);
        sandbox.is_some_and(|sandbox| sandbox.enable)
    }

    fn first(&mut self) -> &mut Personalization {
        if self.personalizations.is_empty() {
            self.personalizations.push(Personalization::default());
        }
        // There is one: it was put there.
        &mut self.personalizations[0]
    }
}

fn place(kind: &str) -> u8 {
    match kind.split(';').next().unwrap_or_default().trim() {
        "text/plain" => 0,
        "text/html" => 1,
        _ => 2,
    }
}
