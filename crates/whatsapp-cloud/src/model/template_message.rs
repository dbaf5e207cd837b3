//! A template in a message: its name, its language and the values it takes.

use comms_http::Result;
use serde::{Deserialize, Serialize};

use super::{
    Extra, open_enum,
    order::OrderStatus,
    scalar::Scalar,
    validate::{count, refuse, required},
};
use crate::limits;

mod button;
mod parameter;

pub use button::Button;
pub use parameter::{
    ActionParameter, Currency, DateTime, LimitedTimeOffer, Parameter, ParameterValue, ProductParameter, TapTarget,
};

/// A template with its values.
///
/// ```
/// use whatsapp_cloud::model::{media::Media, template_message::{Button, Parameter, TemplateMessage}};
///
/// // {{1}}, {{2}} by position, a document in the header, a link button whose address ends in {{1}}.
/// let invoice = TemplateMessage::new("factura", "es")
///     .header(Parameter::document(Media::link("https://example.com/f7.pdf").filename("f7.pdf")))
///     .text("Ana")
///     .text("12,34 €")
///     .button(0, Button::url("f7"));
/// // {{nombre}} by name.
/// let welcome = TemplateMessage::new("bienvenida", "es").named("nombre", "Ana");
/// ```
///
/// *See [WhatsApp docs/Templates](https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/overview)*
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TemplateMessage {
    /// The name that it was created with: lower-case letters, digits, underscores, at most 512.
    pub name: String,
    /// The language.
    pub language: Language,
    /// The values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub components: Option<Vec<Component>>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl TemplateMessage {
    /// A template in a language (`es`, `es_MX`), with no values yet.
    pub fn new(name: impl Into<String>, language: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            language: Language { code: language.into(), policy: None },
            components: None,
            extra: Extra::new(),
        }
    }

    /// The next value of the body, by position.
    #[must_use]
    pub fn text(self, value: impl Into<Scalar>) -> Self {
        self.body(Parameter::text(value))
    }

    /// A value of the body, by name.
    #[must_use]
    pub fn named(self, name: impl Into<String>, value: impl Into<Scalar>) -> Self {
        self.body(Parameter::text(value).named(name))
    }

    /// The next value of the body: text, money, a date.
    #[must_use]
    pub fn body(self, parameter: Parameter) -> Self {
        self.add(ComponentType::Body, parameter)
    }

    /// The value of the header: text, an image, a film, a document, a place.
    #[must_use]
    pub fn header(self, parameter: Parameter) -> Self {
        self.add(ComponentType::Header, parameter)
    }

    /// The value of the button at this place, counted from 0.
    #[must_use]
    pub fn button(self, index: u8, button: Button) -> Self {
        self.component(button.at(index))
    }

    /// The cards of a carousel, in their order.
    #[must_use]
    pub fn carousel(self, cards: Vec<Card>) -> Self {
        let cards = (0_u8..).zip(cards).map(|(at, card)| Card { card_index: at.into(), ..card });
        self.component(Component { cards: cards.collect(), ..Component::of(ComponentType::Carousel) })
    }

    /// When a limited-time offer ends, in milliseconds since 1970.
    #[must_use]
    pub fn offer_ends(self, expiration_time_ms: i64) -> Self {
        let offer = LimitedTimeOffer { expiration_time_ms: expiration_time_ms.into() };
        self.add(ComponentType::LimitedTimeOffer, Parameter::new(ParameterValue::LimitedTimeOffer(offer)))
    }

    /// The status of an order (order-status templates).
    #[must_use]
    pub fn order_status(self, status: OrderStatus) -> Self {
        self.add(ComponentType::OrderStatus, Parameter::new(ParameterValue::OrderStatus(Box::new(status))))
    }

    /// Any component.
    #[must_use]
    pub fn component(mut self, component: Component) -> Self {
        self.components.get_or_insert_default().push(component);
        self
    }

    fn add(mut self, kind: ComponentType, parameter: Parameter) -> Self {
        let components = self.components.get_or_insert_default();
        match components.iter_mut().find(|c| c.kind == kind) {
            Some(component) => component.parameters.get_or_insert_default().push(parameter),
            None => components.push(Component::with(kind, vec![parameter])),
        }
        self
    }

    pub(crate) fn validate(&self) -> Result<()> {
        required("template.name", &self.name, limits::TEMPLATE_NAME)?;
        required("template.language.code", &self.language.code, usize::MAX)?;
        self.components.iter().flatten().try_for_each(Component::validate)
    }
}

/// The language of a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Language {
    /// For instance `es` or `es_MX`.
    pub code: String,
    /// Always `deterministic`; need not be given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
}

open_enum! {
    /// Which part of a template takes the values.
    pub enum ComponentType {
        /// The header.
        Header = "header",
        /// The body's, in the order or under the names of its `{{…}}`.
        Body = "body",
        /// A button.
        Button = "button",
        /// A carousel.
        Carousel = "carousel",
        /// A limited-time offer.
        LimitedTimeOffer = "limited_time_offer",
        /// The status of an order.
        OrderStatus = "order_status",
        /// The title and address of the whole message as a link.
        TapTarget = "tap_target_configuration",
    }
}

open_enum! {
    /// What a button does.
    pub enum SubType {
        /// Comes back as a button message.
        QuickReply = "quick_reply",
        /// Opens a page.
        Url = "url",
        /// Copies a code.
        CopyCode = "copy_code",
        /// Opens a flow.
        Flow = "flow",
        /// Opens the catalogue.
        Catalog = "CATALOG",
        /// Opens chosen products.
        Mpm = "mpm",
        /// Opens a bill.
        OrderDetails = "order_details",
        /// Calls the business in WhatsApp.
        VoiceCall = "voice_call",
    }
}

/// The values of one part of a template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Component {
    /// Which part.
    #[serde(rename = "type")]
    pub kind: ComponentType,
    /// What the button does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_type: Option<SubType>,
    /// The place of the button, counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<Scalar>,
    /// The values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Vec<Parameter>>,
    /// The cards of a carousel.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cards: Vec<Card>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Component {
    /// A part without values.
    #[must_use]
    pub fn of(kind: ComponentType) -> Self {
        Self { kind, sub_type: None, index: None, parameters: None, cards: Vec::new(), extra: Extra::new() }
    }

    /// A part with these values.
    #[must_use]
    pub fn with(kind: ComponentType, parameters: Vec<Parameter>) -> Self {
        Self { parameters: Some(parameters), ..Self::of(kind) }
    }

    fn validate(&self) -> Result<()> {
        if self.kind == ComponentType::Button && (self.sub_type.is_none() || self.index.is_none()) {
            return Err(refuse("template.components", "a button needs a sub_type and an index"));
        }
        if self.kind == ComponentType::Carousel {
            let (least, most) = limits::CARDS;
            count("template.components.cards", self.cards.len(), least, most)?;
        }
        let parameters = self.parameters.as_deref().unwrap_or_default();
        let named = parameters.iter().filter(|p| p.parameter_name.is_some()).count();
        if named > 0 && named < parameters.len() {
            let message = "either all values have a name or none has";
            return Err(refuse("template.components.parameters.parameter_name", message));
        }
        parameters.iter().try_for_each(|parameter| parameter.validate(&self.kind))?;
        let inner = self.cards.iter().flat_map(|card| &card.components);
        inner.into_iter().try_for_each(Self::validate)
    }
}

/// One card of a carousel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Card {
    /// Its place, counted from 0.
    pub card_index: Scalar,
    /// Its values.
    #[serde(default)]
    pub components: Vec<Component>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Card {
    /// A card with this header: an image, a film, a product.
    #[must_use]
    pub fn new(header: Parameter) -> Self {
        Self {
            card_index: 0.into(),
            components: vec![Component::with(ComponentType::Header, vec![header])],
            extra: Extra::new(),
        }
    }

    /// The values of its body.
    #[must_use]
    pub fn body(mut self, parameters: Vec<Parameter>) -> Self {
        self.components.push(Component::with(ComponentType::Body, parameters));
        self
    }

    /// The value of its button at this place, counted from 0.
    #[must_use]
    pub fn button(mut self, index: u8, button: Button) -> Self {
        self.components.push(button.at(index));
        self
    }
}
