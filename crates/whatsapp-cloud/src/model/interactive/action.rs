//! What there is to tap in an interactive message.

use comms_http::Result;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::Card;
use crate::{
    limits,
    model::{
        Extra,
        order::{OrderDetails, OrderStatus},
        scalar::Scalar,
        validate::{at_most, count, distinct, refuse, required},
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
            Self::Address(action) => required(
                "interactive.action.parameters.country",
                &action.checked()?.country,
                2,
            ),
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
    /// The name.
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
        Self {
            name: name.to_owned(),
            parameters,
            extra: Extra::new(),
        }
    }

    fn checked(&self) -> Result<&P> {
        self.parameters
            .as_ref()
            .ok_or_else(|| refuse("interactive.action.parameters", "the parameters are absent"))
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
            reply: Some(Reply {
                id: id.into(),
                title: title.into(),
            }),
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

/// A list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ListAction {
    /// The text on the button that opens it: at most 20 characters.
    pub button: String,
    /// The sections.
    pub sections: Vec<Section>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl ListAction {
    fn validate(&self) -> Result<()> {
        required("interactive.action.button", &self.button, limits::BUTTON_TITLE)?;
        check_sections(&self.sections)?;
        let rows = || self.sections.iter().flat_map(|section| &section.rows);
        count("interactive.action.sections.rows", rows().count(), 1, limits::ROWS)?;
        for row in rows() {
            required("interactive.action.sections.rows.id", &row.id, limits::ROW_ID)?;
            required("interactive.action.sections.rows.title", &row.title, limits::ROW_TITLE)?;
            if let Some(text) = &row.description {
                at_most("interactive.action.sections.rows.description", text, limits::ROW_DESCRIPTION)?;
            }
        }
        distinct("interactive.action.sections.rows.id", rows().map(|row| row.id.as_str()))
    }
}

fn check_sections(sections: &[Section]) -> Result<()> {
    let field = "interactive.action.sections.title";
    count("interactive.action.sections", sections.len(), 1, limits::SECTIONS)?;
    sections.iter().try_for_each(|section| match &section.title {
        Some(title) if sections.len() > 1 => required(field, title, limits::SECTION_TITLE),
        Some(title) => at_most(field, title, limits::SECTION_TITLE),
        None if sections.len() > 1 => Err(refuse(field, "each of several sections needs a title")),
        None => Ok(()),
    })
}

/// A section: of rows in a list, of products in a product list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Section {
    /// Its title: at most 24 characters; needed where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The rows of a list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<Row>,
    /// The products of a product list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub product_items: Vec<ProductItem>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Section {
    /// A section of a list.
    pub fn rows(title: impl Into<String>, rows: Vec<Row>) -> Self {
        Self {
            title: Some(title.into()),
            rows,
            ..Self::default()
        }
    }

    /// A section of a product list, by the products' numbers.
    pub fn products<I>(title: impl Into<String>, retailer_ids: I) -> Self
    where
        I: IntoIterator<Item: Into<String>>,
    {
        let items = retailer_ids.into_iter().map(|id| ProductItem {
            product_retailer_id: id.into(),
        });
        Self {
            title: Some(title.into()),
            product_items: items.collect(),
            ..Self::default()
        }
    }
}

/// A row of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Row {
    /// What comes back: at most 200 characters.
    pub id: String,
    /// What it says: at most 24 characters.
    pub title: String,
    /// More about it: at most 72 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Row {
    /// A row.
    pub fn new(id: impl Into<String>, title: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            title: title.into(),
            description: None,
            extra: Extra::new(),
        }
    }

    /// More about it.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }
}

/// A product of a section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductItem {
    /// Its number in the catalogue.
    pub product_retailer_id: String,
}

/// One product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProductAction {
    /// The catalogue.
    pub catalog_id: String,
    /// The number in it.
    pub product_retailer_id: String,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Products.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProductListAction {
    /// The catalogue.
    pub catalog_id: String,
    /// The sections.
    pub sections: Vec<Section>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl ProductListAction {
    fn validate(&self) -> Result<()> {
        check_sections(&self.sections)?;
        let products = self.sections.iter().map(|section| section.product_items.len()).sum();
        count("interactive.action.sections.product_items", products, 1, limits::PRODUCTS)
    }
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

/// A flow: a form in the chat.
///
/// *See [WhatsApp docs/Sending a flow](https://developers.facebook.com/docs/whatsapp/flows/guides/sendingaflow)*
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Flow {
    /// The version of the message, `3`.
    pub flow_message_version: Scalar,
    /// The flow by its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow_id: Option<String>,
    /// The flow by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow_name: Option<String>,
    /// What the button says.
    pub flow_cta: String,
    /// A token of yours that identifies this run; comes back with the answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow_token: Option<String>,
    /// `draft` to try a flow that is not published yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// `navigate` to a screen, or `data_exchange` with your endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow_action: Option<String>,
    /// The first screen and its data: `{"screen": …, "data": {…}}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow_action_payload: Option<Value>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Flow {
    /// A flow by its id; `cta` is what the button says.
    pub fn by_id(flow_id: impl Into<String>, cta: impl Into<String>) -> Self {
        Self {
            flow_id: Some(flow_id.into()),
            ..Self::new(cta.into())
        }
    }

    /// A flow by its name; `cta` is what the button says.
    pub fn by_name(flow_name: impl Into<String>, cta: impl Into<String>) -> Self {
        Self {
            flow_name: Some(flow_name.into()),
            ..Self::new(cta.into())
        }
    }

    fn new(cta: String) -> Self {
        Self {
            flow_message_version: "3".into(),
            flow_id: None,
            flow_name: None,
            flow_cta: cta,
            flow_token: None,
            mode: None,
            flow_action: None,
            flow_action_payload: None,
            extra: Extra::new(),
        }
    }

    /// A token of yours that identifies this run.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.flow_token = Some(token.into());
        self
    }

    /// Opens the draft: for trying a flow that is not published yet.
    #[must_use]
    pub fn draft(mut self) -> Self {
        self.mode = Some("draft".to_owned());
        self
    }

    /// Opens this screen with this data (an object).
    #[must_use]
    pub fn navigate(mut self, screen: impl Into<String>, data: Option<Value>) -> Self {
        let mut payload = Extra::from_iter([("screen".to_owned(), screen.into().into())]);
        if let Some(data) = data {
            payload.insert("data".to_owned(), data);
        }
        self.flow_action = Some("navigate".to_owned());
        self.flow_action_payload = Some(payload.into());
        self
    }

    /// Asks your endpoint for the first screen.
    #[must_use]
    pub fn data_exchange(mut self) -> Self {
        self.flow_action = Some("data_exchange".to_owned());
        self
    }

    fn validate(&self) -> Result<()> {
        required("interactive.action.parameters.flow_cta", &self.flow_cta, limits::BUTTON_TITLE)?;
        if self.flow_id.is_some() == self.flow_name.is_some() {
            let message = "a flow needs an id or a name, and only one of them";
            return Err(refuse("interactive.action.parameters.flow_id", message));
        }
        Ok(())
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
