//! What there is to tap in an interactive message.

use comms_http::Result;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Card, Flow, ListAction, ProductAction, ProductListAction};
use crate::{
    limits,
    model::{
        Extra,
        order::{OrderDetails, OrderStatus},
        scalar::Scalar,
        validate::{count, distinct, refuse, required},
    },
};

/// What there is to tap. Which of them it is follows from its shape, as on the wire.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, try_from = "Extra")]
#[non_exhaustive]
pub enum Action {
    /// Reply buttons.
    Buttons(ButtonsAction),
    /// A list.
    List(ListAction),
    /// A link.
    CtaUrl(Named<CtaUrl>),
    /// A flow.
    Flow(Named<Box<Flow>>),
    /// A product.
    Product(ProductAction),
    /// Products.
    ProductList(ProductListAction),
    /// The catalogue.
    Catalog(Named<CatalogAction>),
    /// A request for a postal address.
    Address(Named<AddressRequest>),
    /// A button that calls.
    VoiceCall(Named<VoiceCall>),
    /// A bill.
    OrderDetails(Named<Box<OrderDetails>>),
    /// The status of an order.
    OrderStatus(Named<Box<OrderStatus>>),
    /// A name and nothing else: a request for a place, a phone number, leave to call.
    Plain(Named<Extra>),
    /// Cards.
    Carousel(CarouselAction),
    /// What this version does not know, as it came.
    Other(Extra),
}

impl TryFrom<Extra> for Action {
    type Error = serde_json::Error;

    fn try_from(map: Extra) -> serde_json::Result<Self> {
        match map.get("name").and_then(Value::as_str) {
            Some("cta_url") => return read(map, Self::CtaUrl),
            Some("flow") => return read(map, Self::Flow),
            Some("catalog_message") => return read(map, Self::Catalog),
            Some("address_message") => return read(map, Self::Address),
            Some("voice_call") => return read(map, Self::VoiceCall),
            Some("review_and_pay") => return read(map, Self::OrderDetails),
            Some("review_order") => return read(map, Self::OrderStatus),
            Some("send_location" | "request_contact_info" | "call_permission_request") => {
                return read(map, Self::Plain);
            }
            Some(_) => return Ok(Self::Other(map)),
            None => {}
        }
        let has = |key| map.contains_key(key);
        if has("buttons") {
            read(map, Self::Buttons)
        } else if has("cards") {
            read(map, Self::Carousel)
        } else if has("product_retailer_id") {
            read(map, Self::Product)
        } else if has("sections") && has("catalog_id") {
            read(map, Self::ProductList)
        } else if has("sections") {
            read(map, Self::List)
        } else {
            Ok(Self::Other(map))
        }
    }
}

fn read<T: DeserializeOwned>(map: Extra, wrap: fn(T) -> Action) -> serde_json::Result<Action> {
    serde_json::from_value(Value::Object(map)).map(wrap)
}

impl Action {
    pub(super) fn validate(&self) -> Result<()> {
        match self {
            Self::Buttons(action) => action.validate(),
            Self::List(action) => action.validate(),
            Self::ProductList(action) => action.validate(),
            Self::CtaUrl(action) => action.checked()?.validate(),
            Self::Flow(action) => action.checked()?.validate(),
            Self::Address(action) => required("interactive.action.parameters.country", &action.checked()?.country, 2),
            Self::Carousel(action) => action.validate(),
            Self::VoiceCall(_)
            | Self::Product(_)
            | Self::Catalog(_)
            | Self::OrderDetails(_)
            | Self::OrderStatus(_)
            | Self::Plain(_)
            | Self::Other(_) => Ok(()),
        }
    }
}

/// An action with a name and parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Named<P> {
    /// Which action, as in `cta_url` or `flow`.
    pub name: String,
    /// The parameters.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub parameters: Option<P>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl<P> Named<P> {
    pub(super) fn new(name: &str, parameters: P) -> Self {
        Self::maybe(name, Some(parameters))
    }

    pub(super) fn maybe(name: &str, parameters: Option<P>) -> Self {
        Self { name: name.to_owned(), parameters, extra: Extra::new() }
    }

    fn checked(&self) -> Result<&P> {
        self.parameters.as_ref().ok_or_else(|| refuse("interactive.action.parameters", "the parameters are absent"))
    }
}

/// A default without asking for `P: Default`.
fn none<P>() -> Option<P> {
    None
}

/// Reply buttons.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ButtonsAction {
    /// The buttons: 1 to 3.
    pub buttons: Vec<Button>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl ButtonsAction {
    fn validate(&self) -> Result<()> {
        count("interactive.action.buttons", self.buttons.len(), 1, limits::BUTTONS)?;
        let replies = || {
            let replies = self.buttons.iter();
            replies.filter_map(|button| button.reply.as_ref().or(button.quick_reply.as_ref()))
        };
        for reply in replies() {
            required("interactive.action.buttons.id", &reply.id, limits::BUTTON_ID)?;
            required("interactive.action.buttons.title", &reply.title, limits::BUTTON_TITLE)?;
        }
        distinct("interactive.action.buttons.id", replies().map(|reply| reply.id.as_str()))
    }
}

/// A reply button. In a carousel its content is called `quick_reply`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Button {
    /// `reply`, in a carousel `quick_reply`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it says and what comes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<Reply>,
    /// The same in a carousel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quick_reply: Option<Reply>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Button {
    /// A reply button.
    pub fn reply(id: impl Into<String>, title: impl Into<String>) -> Self {
        Self {
            kind: "reply".to_owned(),
            reply: Some(Reply { id: id.into(), title: title.into() }),
            quick_reply: None,
            extra: Extra::new(),
        }
    }

    /// The same button under the name that it has in a carousel.
    pub(super) fn into_quick_reply(self) -> Self {
        Self {
            kind: "quick_reply".to_owned(),
            quick_reply: self.reply.or(self.quick_reply),
            reply: None,
            extra: self.extra,
        }
    }
}

/// What a reply button says and what comes back when it is tapped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// What comes back: at most 256 characters.
    pub id: String,
    /// What it says: at most 20 characters.
    pub title: String,
}

/// A link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CtaUrl {
    /// What the button says: at most 20 characters.
    pub display_text: String,
    /// Where it leads.
    pub url: String,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl CtaUrl {
    fn validate(&self) -> Result<()> {
        let field = "interactive.action.parameters.display_text";
        required(field, &self.display_text, limits::BUTTON_TITLE)?;
        if self.url.starts_with("https://") || self.url.starts_with("http://") {
            return Ok(());
        }
        Err(refuse("interactive.action.parameters.url", "the link is not an http(s) address"))
    }
}

/// The catalogue.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CatalogAction {
    /// The product whose image stands for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbnail_product_retailer_id: Option<String>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A request for a postal address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AddressRequest {
    /// The country; so far only `IN`.
    pub country: String,
    /// What is filled in already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Value>,
    /// Addresses to choose from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved_addresses: Option<Value>,
    /// What was wrong with an earlier answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_errors: Option<Value>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl AddressRequest {
    /// A request for an address in this country (ISO code of two letters).
    pub fn new(country: impl Into<String>) -> Self {
        Self {
            country: country.into(),
            values: None,
            saved_addresses: None,
            validation_errors: None,
            extra: Extra::new(),
        }
    }
}

/// A button that calls the business in WhatsApp.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VoiceCall {
    /// What the button says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_text: Option<String>,
    /// For how many minutes it works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_minutes: Option<Scalar>,
    /// What comes back with the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Cards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CarouselAction {
    /// The cards: 2 to 10.
    pub cards: Vec<Card>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl CarouselAction {
    fn validate(&self) -> Result<()> {
        let (least, most) = limits::CARDS;
        count("interactive.action.cards", self.cards.len(), least, most)?;
        self.cards.iter().try_for_each(|card| card.content.action.validate())
    }
}
