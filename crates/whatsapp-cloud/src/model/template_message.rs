//! A template in a message: its name, its language and the values it takes.

use comms_http::Result;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Extra,
    interactive::Section,
    location::Location,
    media::Media,
    open_enum,
    order::{OrderDetails, OrderStatus},
    scalar::Scalar,
    typed,
    validate::{at_most, count, refuse, required},
};
use crate::limits;

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
    /// The name.
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
            language: Language {
                code: language.into(),
                policy: None,
            },
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
        let cards = (0_u8..).zip(cards).map(|(at, card)| Card {
            card_index: at.into(),
            ..card
        });
        self.component(Component {
            cards: cards.collect(),
            ..Component::of(ComponentType::Carousel)
        })
    }

    /// When a limited-time offer ends, in milliseconds since 1970.
    #[must_use]
    pub fn offer_ends(self, expiration_time_ms: i64) -> Self {
        let offer = LimitedTimeOffer {
            expiration_time_ms: expiration_time_ms.into(),
        };
        self.add(
            ComponentType::LimitedTimeOffer,
            Parameter::new(ParameterValue::LimitedTimeOffer(offer)),
        )
    }

    /// The status of an order (order-status templates).
    #[must_use]
    pub fn order_status(self, status: OrderStatus) -> Self {
        self.add(
            ComponentType::OrderStatus,
            Parameter::new(ParameterValue::OrderStatus(status)),
        )
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
        /// The body.
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
        Self {
            kind,
            sub_type: None,
            index: None,
            parameters: None,
            cards: Vec::new(),
            extra: Extra::new(),
        }
    }

    /// A part with these values.
    #[must_use]
    pub fn with(kind: ComponentType, parameters: Vec<Parameter>) -> Self {
        Self {
            parameters: Some(parameters),
            ..Self::of(kind)
        }
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

/// The value that a button takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Button {
    sub_type: SubType,
    parameters: Vec<Parameter>,
}

impl Button {
    /// What comes back when a quick reply is pressed.
    pub fn quick_reply(payload: impl Into<Scalar>) -> Self {
        Self::of(SubType::QuickReply, ParameterValue::Payload(payload.into()))
    }

    /// The end of a link button's address; also the code of an authentication template.
    pub fn url(suffix: impl Into<Scalar>) -> Self {
        Self::of(SubType::Url, ParameterValue::Text(suffix.into()))
    }

    /// The code to be copied, of at most 20 characters.
    pub fn copy_code(code: impl Into<String>) -> Self {
        Self::of(SubType::CopyCode, ParameterValue::CouponCode(code.into()))
    }

    /// What a flow gets.
    pub fn flow(flow_token: impl Into<String>, data: Option<Value>) -> Self {
        Self::action(SubType::Flow, |action| {
            action.flow_token = Some(flow_token.into());
            action.flow_action_data = data;
        })
    }

    /// The product whose image stands for the catalogue.
    pub fn catalog(thumbnail_product_retailer_id: impl Into<String>) -> Self {
        Self::action(SubType::Catalog, |action| {
            action.thumbnail_product_retailer_id = Some(thumbnail_product_retailer_id.into());
        })
    }

    /// The products that are shown, and the one whose image stands for them.
    pub fn products(thumbnail: impl Into<String>, sections: Vec<Section>) -> Self {
        Self::action(SubType::Mpm, |action| {
            action.thumbnail_product_retailer_id = Some(thumbnail.into());
            action.sections = sections;
        })
    }

    /// The bill that is shown.
    #[must_use]
    pub fn order_details(details: OrderDetails) -> Self {
        Self::action(SubType::OrderDetails, |action| action.order_details = Some(details))
    }

    /// Any value of any button.
    #[must_use]
    pub fn of(sub_type: SubType, value: ParameterValue) -> Self {
        Self {
            sub_type,
            parameters: vec![Parameter::new(value)],
        }
    }

    fn action(sub_type: SubType, fill: impl FnOnce(&mut ActionParameter)) -> Self {
        let mut action = ActionParameter::default();
        fill(&mut action);
        Self::of(sub_type, ParameterValue::Action(Box::new(action)))
    }

    fn at(self, index: u8) -> Component {
        Component {
            sub_type: Some(self.sub_type),
            // Meta's pages write the place as text.
            index: Some(index.to_string().into()),
            ..Component::with(ComponentType::Button, self.parameters)
        }
    }
}

/// One value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Parameter {
    #[serde(rename = "type")]
    kind: String,
    /// Its name, in a template whose values have names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter_name: Option<String>,
    #[serde(flatten)]
    value: ParameterValue,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Parameter {
    /// Any value.
    #[must_use]
    pub fn new(value: ParameterValue) -> Self {
        Self {
            kind: value.kind().to_owned(),
            parameter_name: None,
            value,
            extra: Extra::new(),
        }
    }

    /// Text.
    pub fn text(value: impl Into<Scalar>) -> Self {
        Self::new(ParameterValue::Text(value.into()))
    }

    /// Money: `amount_1000` is the amount times 1,000; `fallback` is shown where it cannot be written in the reader's way.
    pub fn currency(code: impl Into<String>, amount_1000: i64, fallback: impl Into<String>) -> Self {
        Self::new(ParameterValue::Currency(Currency {
            fallback_value: fallback.into(),
            code: code.into(),
            amount_1000: amount_1000.into(),
        }))
    }

    /// A date as it is to be read.
    pub fn date_time(fallback: impl Into<String>) -> Self {
        Self::new(ParameterValue::DateTime(DateTime {
            fallback_value: fallback.into(),
            extra: Extra::new(),
        }))
    }

    /// An image (header).
    #[must_use]
    pub fn image(media: Media) -> Self {
        Self::new(ParameterValue::Image(media))
    }

    /// A film (header).
    #[must_use]
    pub fn video(media: Media) -> Self {
        Self::new(ParameterValue::Video(media))
    }

    /// A document (header).
    #[must_use]
    pub fn document(media: Media) -> Self {
        Self::new(ParameterValue::Document(media))
    }

    /// A place (header).
    #[must_use]
    pub fn location(location: Location) -> Self {
        Self::new(ParameterValue::Location(location))
    }

    /// A product of a catalogue (header of a product card).
    pub fn product(catalog_id: impl Into<String>, retailer_id: impl Into<String>) -> Self {
        Self::new(ParameterValue::Product(ProductParameter {
            product_retailer_id: retailer_id.into(),
            catalog_id: catalog_id.into(),
        }))
    }

    /// The name of the value.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.parameter_name = Some(name.into());
        self
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> &ParameterValue {
        &self.value
    }

    fn validate(&self, component: &ComponentType) -> Result<()> {
        let field = "template.components.parameters";
        match &self.value {
            ParameterValue::Text(text) if text.to_text().trim().is_empty() => {
                Err(refuse(field, "a value of the template is empty"))
            }
            ParameterValue::Text(text) if *component == ComponentType::Body => {
                at_most(field, &text.to_text(), limits::TEMPLATE_BODY)
            }
            ParameterValue::CouponCode(code) => required(field, code, limits::COUPON_CODE),
            ParameterValue::Image(media)
            | ParameterValue::Video(media)
            | ParameterValue::Gif(media)
            | ParameterValue::Document(media) => media.validate(field),
            _ => Ok(()),
        }
    }
}

typed! {
    /// What a value is.
    pub enum ParameterValue {
        /// Text.
        Text(Scalar) = "text",
        /// Money.
        Currency(Currency) = "currency",
        /// A date.
        DateTime(DateTime) = "date_time",
        /// An image.
        Image(Media) = "image",
        /// A film.
        Video(Media) = "video",
        /// A moving image (marketing messages).
        Gif(Media) = "gif",
        /// A document.
        Document(Media) = "document",
        /// A place.
        Location(Location) = "location",
        /// What comes back from a quick reply.
        Payload(Scalar) = "payload",
        /// A code to copy.
        CouponCode(String) = "coupon_code",
        /// The end of an offer.
        LimitedTimeOffer(LimitedTimeOffer) = "limited_time_offer",
        /// What a flow, catalogue, product or bill button gets.
        Action(Box<ActionParameter>) = "action",
        /// A product.
        Product(ProductParameter) = "product",
        /// The status of an order.
        OrderStatus(OrderStatus) = "order_status",
        /// The title and address of the whole message as a link.
        TapTarget(Vec<TapTarget>) = "tap_target_configuration",
        /// For how many minutes a call button works.
        TtlMinutes(Scalar) = "ttl_minutes",
    }
}

/// Money.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Currency {
    /// What is shown where the amount cannot be written in the reader's way.
    pub fallback_value: String,
    /// The currency, in three letters.
    pub code: String,
    /// The amount times 1,000.
    pub amount_1000: Scalar,
}

/// A date. Meta shows the fallback; the parts are not used any more and stay in `extra`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DateTime {
    /// What is shown.
    pub fallback_value: String,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

/// When an offer ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LimitedTimeOffer {
    /// Milliseconds since 1970.
    pub expiration_time_ms: Scalar,
}

/// What a flow, catalogue, product or bill button gets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ActionParameter {
    /// The product whose image is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbnail_product_retailer_id: Option<String>,
    /// The products.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sections: Vec<Section>,
    /// A token of yours that identifies this run of the flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow_token: Option<String>,
    /// What the flow's first screen gets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow_action_data: Option<Value>,
    /// The bill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_details: Option<OrderDetails>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A product of a catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductParameter {
    /// Its number.
    pub product_retailer_id: String,
    /// The catalogue.
    pub catalog_id: String,
}

/// The whole message as a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TapTarget {
    /// Where it leads.
    pub url: String,
    /// What it says.
    pub title: String,
}
