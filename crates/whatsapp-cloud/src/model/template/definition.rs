//! Templates to be created, and the parts that templates consist of.

use comms_http::Result;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{ParameterFormat, TemplateCategory};
use crate::{
    limits,
    model::{
        Extra,
        scalar::Scalar,
        validate::{at_most, count, refuse, required},
    },
};

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
    pub message_send_ttl_seconds: Option<Scalar>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl NewTemplate {
    /// A template without parts.
    pub fn new(name: impl Into<String>, language: impl Into<String>, category: TemplateCategory) -> Self {
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
    /// Example values, needed where there are placeholders or media: `header_text`, `header_handle`, `body_text`,
    /// `body_text_named_params`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<Value>,
    /// The buttons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buttons: Option<Vec<ButtonDefinition>>,
    /// Of an authentication body: warns not to share the code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub add_security_recommendation: Option<Scalar>,
    /// Of an authentication footer: how long the code is good for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_expiration_minutes: Option<Scalar>,
    /// The rest: cards, offers.
    #[serde(flatten)]
    pub extra: Extra,
}

impl ComponentDefinition {
    /// A header of text.
    pub fn header(text: impl Into<String>) -> Self {
        Self { format: Some("TEXT".to_owned()), text: Some(text.into()), ..Self::of("HEADER") }
    }

    /// A header of media (`IMAGE`, `VIDEO`, `DOCUMENT`) with the handle of an
    /// [uploaded](crate::api::Uploads::upload) example.
    pub fn media_header(format: impl Into<String>, handle: impl Into<String>) -> Self {
        Self {
            format: Some(format.into()),
            example: Some(json!({ "header_handle": [handle.into()] })),
            ..Self::of("HEADER")
        }
    }

    /// A header that shows a place.
    #[must_use]
    pub fn location_header() -> Self {
        Self { format: Some("LOCATION".to_owned()), ..Self::of("HEADER") }
    }

    /// The text of the template, with its variables in double braces.
    pub fn body(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..Self::of("BODY") }
    }

    /// Small words below the text, without variables.
    pub fn footer(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..Self::of("FOOTER") }
    }

    /// What the customer can press below the text, in this order.
    #[must_use]
    pub fn buttons(buttons: Vec<ButtonDefinition>) -> Self {
        Self { buttons: Some(buttons), ..Self::of("BUTTONS") }
    }

    /// A part of any type, without content.
    pub fn of(kind: impl Into<String>) -> Self {
        Self { kind: kind.into(), ..Self::default() }
    }

    /// An example value of a header of text.
    #[must_use]
    pub fn header_example(mut self, value: impl Into<String>) -> Self {
        self.example = Some(json!({ "header_text": [value.into()] }));
        self
    }

    /// Example values of a body, in their order.
    #[must_use]
    pub fn body_example<I: IntoIterator<Item: Into<String>>>(mut self, values: I) -> Self {
        let values: Vec<String> = values.into_iter().map(Into::into).collect();
        self.example = Some(json!({ "body_text": [values] }));
        self
    }

    /// Example values of a body by name.
    #[must_use]
    pub fn named_example<N, V>(mut self, values: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<String>,
        V: Into<String>,
    {
        let values =
            values.into_iter().map(|(name, example)| json!({ "param_name": name.into(), "example": example.into() }));
        let values: Vec<Value> = values.collect();
        self.example = Some(json!({ "body_text_named_params": values }));
        self
    }

    pub(crate) fn is(&self, kind: &str) -> bool {
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
    pub example: Option<Value>,
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
        Self { url: Some(url.into()), ..Self::of("URL", text) }
    }

    /// A phone number.
    pub fn phone_number(text: impl Into<String>, number: impl Into<String>) -> Self {
        Self { phone_number: Some(number.into()), ..Self::of("PHONE_NUMBER", text) }
    }

    /// A button of any type.
    pub fn of(kind: impl Into<String>, text: impl Into<String>) -> Self {
        Self { kind: kind.into(), text: Some(text.into()), ..Self::default() }
    }

    /// An example of an address whose end is a value.
    #[must_use]
    pub fn url_example(mut self, example: impl Into<String>) -> Self {
        self.example = Some(vec![example.into()].into());
        self
    }
}
