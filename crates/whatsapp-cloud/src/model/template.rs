//! Templates as they are kept at Meta: definition, state, the values they take.

use comms_http::Result;
use serde::{Deserialize, Serialize};

use super::{
    Extra, open_enum,
    scalar::Scalar,
    template_message::{ComponentType, TemplateMessage},
    validate::{at_most, count, refuse, required},
};
use crate::limits;

mod variables;

pub use variables::Variable;

/// A template as Meta keeps it.
///
/// *See [WhatsApp docs/Templates](https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/overview)*
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Template {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: String,
    /// Whether it can be used.
    pub status: TemplateStatus,
    /// Its category, which decides the price.
    pub category: TemplateCategory,
    /// Its parts.
    #[serde(default)]
    pub components: Vec<ComponentDefinition>,
    /// Whether its values have names or places.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter_format: Option<ParameterFormat>,
    /// Why it was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected_reason: Option<String>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Template {
    /// Whether it can be sent now.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.status == TemplateStatus::Approved
    }

    /// The text of the body, with its placeholders.
    #[must_use]
    pub fn body(&self) -> Option<&str> {
        let body = self.components.iter().find(|part| part.is("BODY"))?;
        body.text.as_deref()
    }

    /// The values that it takes, in the order in which they are read. Those of carousel cards are not listed.
    #[must_use]
    pub fn variables(&self) -> Vec<Variable> {
        variables::of(&self.components)
    }

    /// Checks that a message gives header and body exactly the values that this template takes.
    ///
    /// # Errors
    /// `InvalidRequest` with the component; `Config` where the template cannot be used now.
    pub fn check(&self, message: &TemplateMessage) -> Result<()> {
        if !self.is_usable() {
            let reason = format!("the template {:?} is {}", self.name, self.status);
            return Err(comms_http::Error::config(reason).field("template.name"));
        }
        let variables = self.variables();
        for kind in [ComponentType::Header, ComponentType::Body] {
            let wanted: Vec<&str> = variables
                .iter()
                .filter(|variable| variable.component == kind.as_str())
                .map(|variable| variable.name.as_str())
                .collect();
            check_values(&kind, &wanted, message, self.is_named())?;
        }
        Ok(())
    }

    fn is_named(&self) -> bool {
        self.parameter_format == Some(ParameterFormat::Named)
    }
}

fn check_values(
    kind: &ComponentType,
    wanted: &[&str],
    message: &TemplateMessage,
    named: bool,
) -> Result<()> {
    let given: Vec<_> = message
        .components
        .iter()
        .flatten()
        .filter(|component| component.kind == *kind)
        .flat_map(|component| component.parameters.iter().flatten())
        .collect();
    let field = format!("template.components.{kind}");
    count(&field, given.len(), wanted.len(), wanted.len())?;
    if !named {
        return Ok(());
    }
    let missing = wanted.iter().find(|name| {
        let name = Some(**name);
        !given.iter().any(|parameter| parameter.parameter_name.as_deref() == name)
    });
    match missing {
        Some(name) if *kind == ComponentType::Body => {
            Err(refuse(&field, format!("the value {name:?} is missing")))
        }
        _ => Ok(()),
    }
}

open_enum! {
    /// Whether a template can be used.
    pub enum TemplateStatus {
        /// It can.
        Approved = "APPROVED",
        /// It is being looked at.
        Pending = "PENDING",
        /// It was refused.
        Rejected = "REJECTED",
        /// It is paused for its quality.
        Paused = "PAUSED",
        /// It is switched off for its quality.
        Disabled = "DISABLED",
        /// A refusal is being looked at again.
        InAppeal = "IN_APPEAL",
        /// It is being deleted.
        PendingDeletion = "PENDING_DELETION",
        /// It is deleted.
        Deleted = "DELETED",
        /// It is put away.
        Archived = "ARCHIVED",
        /// There are too many.
        LimitExceeded = "LIMIT_EXCEEDED",
    }
}

open_enum! {
    /// The category of a template.
    pub enum TemplateCategory {
        /// Codes.
        Authentication = "AUTHENTICATION",
        /// Offers.
        Marketing = "MARKETING",
        /// Orders, accounts, appointments.
        Utility = "UTILITY",
    }
}

open_enum! {
    /// Whether the values of a template have names or places.
    pub enum ParameterFormat {
        /// `{{first_name}}`.
        Named = "NAMED",
        /// `{{1}}`.
        Positional = "POSITIONAL",
    }
}

/// A template to be created.
///
/// ```
/// use whatsapp_cloud::model::template::{ButtonDefinition, ComponentDefinition, NewTemplate, TemplateCategory};
///
/// let template = NewTemplate::new("cita", "es", TemplateCategory::Utility)
///     .component(ComponentDefinition::body("Hola {{1}}, su cita es a las {{2}}.").body_example(["Ana", "10:30"]))
///     .component(ComponentDefinition::buttons(vec![ButtonDefinition::quick_reply("Confirmar")]));
/// # template.validate()?;
/// # Ok::<(), whatsapp_cloud::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NewTemplate {
    /// Its name: lower-case letters, digits, underscores.
    pub name: String,
    /// Its language.
    pub language: String,
    /// Its category.
    pub category: TemplateCategory,
    /// Its parts.
    #[serde(default)]
    pub components: Vec<ComponentDefinition>,
    /// Whether its values have names or places.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter_format: Option<ParameterFormat>,
    /// How long Meta tries to deliver a message of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_send_ttl_seconds: Option<i64>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl NewTemplate {
    /// A template without parts.
    pub fn new(
        name: impl Into<String>,
        language: impl Into<String>,
        category: TemplateCategory,
    ) -> Self {
        Self {
            name: name.into(),
            language: language.into(),
            category,
            components: Vec::new(),
            parameter_format: None,
            message_send_ttl_seconds: None,
            extra: Extra::new(),
        }
    }

    /// Adds a part.
    #[must_use]
    pub fn component(mut self, component: ComponentDefinition) -> Self {
        self.components.push(component);
        self
    }

    /// Says that its values have names.
    #[must_use]
    pub fn named(mut self) -> Self {
        self.parameter_format = Some(ParameterFormat::Named);
        self
    }

    /// Checks name, texts and buttons against the limits.
    ///
    /// # Errors
    /// `InvalidRequest` with the field.
    pub fn validate(&self) -> Result<()> {
        required("name", &self.name, limits::TEMPLATE_NAME)?;
        let written = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if !self.name.bytes().all(written) {
            let message = "a template's name has lower-case letters, digits and underscores only";
            return Err(refuse("name", message));
        }
        required("language", &self.language, usize::MAX)?;
        self.components.iter().try_for_each(ComponentDefinition::validate)
    }
}

/// A part of a template. Which fields it has depends on its type.
///
/// *See [WhatsApp docs/Template components](https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/components)*
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ComponentDefinition {
    /// `HEADER`, `BODY`, `FOOTER`, `BUTTONS`, `CAROUSEL`, `LIMITED_TIME_OFFER`; Meta takes either case.
    #[serde(rename = "type")]
    pub kind: String,
    /// Of a header: `TEXT`, `IMAGE`, `VIDEO`, `DOCUMENT`, `LOCATION`, `GIF`, `PRODUCT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The text with its placeholders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Example values, needed where there are placeholders or media.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<Example>,
    /// The buttons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buttons: Option<Vec<ButtonDefinition>>,
    /// Of an authentication body: warns not to share the code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub add_security_recommendation: Option<bool>,
    /// Of an authentication footer: how long the code is good for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_expiration_minutes: Option<u32>,
    /// The rest: cards, offers.
    #[serde(flatten)]
    pub extra: Extra,
}

impl ComponentDefinition {
    /// A header of text.
    pub fn header(text: impl Into<String>) -> Self {
        Self {
            format: Some("TEXT".to_owned()),
            text: Some(text.into()),
            ..Self::of("HEADER")
        }
    }

    /// A header of media (`IMAGE`, `VIDEO`, `DOCUMENT`) with the handle of an
    /// [uploaded](crate::api::Uploads::upload) example.
    pub fn media_header(format: impl Into<String>, handle: impl Into<String>) -> Self {
        Self {
            format: Some(format.into()),
            example: Some(Example {
                header_handle: Some(vec![handle.into()]),
                ..Example::default()
            }),
            ..Self::of("HEADER")
        }
    }

    /// A header that shows a place.
    #[must_use]
    pub fn location_header() -> Self {
        Self {
            format: Some("LOCATION".to_owned()),
            ..Self::of("HEADER")
        }
    }

    /// The body.
    pub fn body(text: impl Into<String>) -> Self {
        Self {
            text: Some(text.into()),
            ..Self::of("BODY")
        }
    }

    /// The footer.
    pub fn footer(text: impl Into<String>) -> Self {
        Self {
            text: Some(text.into()),
            ..Self::of("FOOTER")
        }
    }

    /// The buttons.
    #[must_use]
    pub fn buttons(buttons: Vec<ButtonDefinition>) -> Self {
        Self {
            buttons: Some(buttons),
            ..Self::of("BUTTONS")
        }
    }

    /// A part of any type, without content.
    pub fn of(kind: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            ..Self::default()
        }
    }

    /// An example value of a header of text.
    #[must_use]
    pub fn header_example(mut self, value: impl Into<String>) -> Self {
        self.example.get_or_insert_default().header_text = Some(vec![value.into()]);
        self
    }

    /// Example values of a body, in their order.
    #[must_use]
    pub fn body_example<I: IntoIterator<Item: Into<String>>>(mut self, values: I) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        self.example.get_or_insert_default().body_text = Some(vec![values]);
        self
    }

    /// Example values of a body by name.
    #[must_use]
    pub fn named_example<N, V>(mut self, values: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<String>,
        V: Into<String>,
    {
        let values = values.into_iter().map(|(name, example)| NamedExample {
            param_name: name.into(),
            example: example.into(),
        });
        self.example.get_or_insert_default().body_text_named_params = Some(values.collect());
        self
    }

    pub(super) fn is(&self, kind: &str) -> bool {
        self.kind.eq_ignore_ascii_case(kind)
    }

    fn validate(&self) -> Result<()> {
        let limit = match self.kind.to_ascii_uppercase().as_str() {
            "HEADER" => limits::TEMPLATE_HEADER,
            "FOOTER" => limits::TEMPLATE_FOOTER,
            _ => limits::TEMPLATE_BODY,
        };
        if let Some(text) = &self.text {
            required("components.text", text, limit)?;
        }
        let Some(buttons) = &self.buttons else {
            return Ok(());
        };
        count("components.buttons", buttons.len(), 1, limits::TEMPLATE_BUTTONS)?;
        buttons.iter().try_for_each(|button| {
            let text = button.text.as_deref().unwrap_or_default();
            at_most("components.buttons.text", text, limits::TEMPLATE_BUTTON_TEXT)?;
            let url = button.url.as_deref().unwrap_or_default();
            at_most("components.buttons.url", url, limits::TEMPLATE_URL)
        })
    }
}

/// Example values of a part.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Example {
    /// Of a header of text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header_text: Option<Vec<String>>,
    /// Of a header of text, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header_text_named_params: Option<Vec<NamedExample>>,
    /// Of a header of media: handles of uploads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header_handle: Option<Vec<String>>,
    /// Of a body: one list of values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_text: Option<Vec<Vec<String>>>,
    /// Of a body, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_text_named_params: Option<Vec<NamedExample>>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An example value by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedExample {
    /// The name.
    pub param_name: String,
    /// The value.
    pub example: String,
}

/// A button of a template.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ButtonDefinition {
    /// `QUICK_REPLY`, `URL`, `PHONE_NUMBER`, `COPY_CODE`, `OTP`, `FLOW`, `CATALOG`, `MPM`, `VOICE_CALL`, `REQUEST_CONTACT_INFO` …
    #[serde(rename = "type")]
    pub kind: String,
    /// What it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The address, with `{{1}}` at its end at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The number that is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    /// An example: of an address a list, of a code a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<serde_json::Value>,
    /// The rest: one-tap and flow settings.
    #[serde(flatten)]
    pub extra: Extra,
}

impl ButtonDefinition {
    /// A quick reply.
    pub fn quick_reply(text: impl Into<String>) -> Self {
        Self::of("QUICK_REPLY", text)
    }

    /// A link.
    pub fn url(text: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            url: Some(url.into()),
            ..Self::of("URL", text)
        }
    }

    /// A phone number.
    pub fn phone_number(text: impl Into<String>, number: impl Into<String>) -> Self {
        Self {
            phone_number: Some(number.into()),
            ..Self::of("PHONE_NUMBER", text)
        }
    }

    /// A button of any type.
    pub fn of(kind: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            text: Some(text.into()),
            ..Self::default()
        }
    }

    /// An example of an address whose end is a value.
    #[must_use]
    pub fn url_example(mut self, example: impl Into<String>) -> Self {
        self.example = Some(vec![example.into()].into());
        self
    }
}

/// What creating a template answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TemplateCreated {
    /// Its id.
    pub id: String,
    /// Whether it can be used.
    pub status: TemplateStatus,
    /// The category, which Meta may have changed.
    pub category: TemplateCategory,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What is changed of a template. What is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TemplateChange {
    /// Another category; not for approved templates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<TemplateCategory>,
    /// Other parts, all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub components: Option<Vec<ComponentDefinition>>,
    /// How long Meta tries to deliver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_send_ttl_seconds: Option<Scalar>,
}
