//! Messages that offer something to tap: buttons, a list, a link, a flow, products, a request.

use comms_http::Result;
use serde::{Deserialize, Serialize};

use super::{
    Extra, open_enum,
    order::{OrderDetails, OrderStatus},
    scalar::Scalar,
    validate::{at_most, refuse, required},
};
use crate::limits;

mod action;
mod flow;
mod header;
mod list;

pub use action::{
    Action, AddressRequest, Button, ButtonsAction, CarouselAction, CatalogAction, CtaUrl, Named, Reply, VoiceCall,
};
pub use flow::Flow;
pub use header::{Block, Header, HeaderContent};
pub use list::{ListAction, ProductAction, ProductItem, ProductListAction, Row, Section};

/// A message that offers something to tap. Made by one of the functions below, then given a header and a footer.
///
/// ```
/// use whatsapp_cloud::model::interactive::{Flow, Interactive, Row, Section};
///
/// let list = Interactive::list("¿Qué necesita?", "Ver opciones")
///     .section(Section::rows("Ventas", vec![Row::new("new", "Póliza nueva"), Row::new("price", "Precio")]))
///     .header("Diamond")
///     .footer("Respondemos en el día");
/// let link = Interactive::url("Su factura está lista", "Abrir", "https://example.com/f/7");
/// let flow = Interactive::flow("Pida cita", Flow::by_id("1122", "Elegir hora").token("t-7").navigate("HOURS", None));
/// ```
///
/// *See [WhatsApp docs/Interactive messages](https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages)*
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Interactive {
    /// What is offered.
    #[serde(rename = "type")]
    pub kind: InteractiveType,
    /// The line or media above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<Header>,
    /// What is asked or told, above what is offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Block>,
    /// The line below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub footer: Option<Block>,
    /// What there is to tap.
    pub action: Action,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Interactive {
    /// Up to 3 reply buttons, added with [`button`](Self::button).
    pub fn buttons(body: impl Into<String>) -> Self {
        Self::new(InteractiveType::Button, body, Action::Buttons(ButtonsAction::default()))
    }

    /// A list that opens at `button`, its sections added with [`section`](Self::section): up to 10 rows in all.
    pub fn list(body: impl Into<String>, button: impl Into<String>) -> Self {
        let action = ListAction { button: button.into(), sections: Vec::new(), extra: Extra::new() };
        Self::new(InteractiveType::List, body, Action::List(action))
    }

    /// A button that opens a page.
    pub fn url(body: impl Into<String>, display_text: impl Into<String>, url: impl Into<String>) -> Self {
        let parameters = CtaUrl { display_text: display_text.into(), url: url.into(), extra: Extra::new() };
        let action = Action::CtaUrl(Named::new("cta_url", parameters));
        Self::new(InteractiveType::CtaUrl, body, action)
    }

    /// A button that opens a flow.
    pub fn flow(body: impl Into<String>, flow: Flow) -> Self {
        let action = Action::Flow(Named::new("flow", Box::new(flow)));
        Self::new(InteractiveType::Flow, body, action)
    }

    /// One product of a catalogue; body and footer are optional here.
    pub fn product(catalog_id: impl Into<String>, product_retailer_id: impl Into<String>) -> Self {
        let action = Action::Product(ProductAction {
            catalog_id: catalog_id.into(),
            product_retailer_id: product_retailer_id.into(),
            extra: Extra::new(),
        });
        Self { body: None, ..Self::new(InteractiveType::Product, "", action) }
    }

    /// Up to 30 products of a catalogue in sections; needs a header of text.
    pub fn products(header: impl Into<String>, body: impl Into<String>, catalog_id: impl Into<String>) -> Self {
        let header: String = header.into();
        let action = Action::ProductList(ProductListAction {
            catalog_id: catalog_id.into(),
            sections: Vec::new(),
            extra: Extra::new(),
        });
        Self::new(InteractiveType::ProductList, body, action).header(header)
    }

    /// The whole catalogue; `thumbnail` is the product whose image stands for it.
    pub fn catalog(body: impl Into<String>, thumbnail: Option<String>) -> Self {
        let parameters =
            thumbnail.map(|id| CatalogAction { thumbnail_product_retailer_id: Some(id), extra: Extra::new() });
        let action = Action::Catalog(Named::maybe("catalog_message", parameters));
        Self::new(InteractiveType::CatalogMessage, body, action)
    }

    /// Asks for the recipient's place.
    pub fn location_request(body: impl Into<String>) -> Self {
        Self::plain(InteractiveType::LocationRequest, body, "send_location")
    }

    /// Asks for the recipient's phone number, where only their user id is known (since July 2026).
    pub fn contact_request(body: impl Into<String>) -> Self {
        Self::plain(InteractiveType::RequestContactInfo, body, "request_contact_info")
    }

    /// Asks to be allowed to call.
    pub fn call_permission_request(body: impl Into<String>) -> Self {
        Self::plain(InteractiveType::CallPermissionRequest, body, "call_permission_request")
    }

    /// Asks for a postal address (India).
    pub fn address_request(body: impl Into<String>, request: AddressRequest) -> Self {
        let action = Action::Address(Named::new("address_message", request));
        Self::new(InteractiveType::AddressMessage, body, action)
    }

    /// A button that calls the business in WhatsApp.
    pub fn voice_call(body: impl Into<String>, call: VoiceCall) -> Self {
        let action = Action::VoiceCall(Named::new("voice_call", call));
        Self::new(InteractiveType::VoiceCall, body, action)
    }

    /// A bill to review and pay.
    pub fn order_details(body: impl Into<String>, details: OrderDetails) -> Self {
        let action = Action::OrderDetails(Named::new("review_and_pay", Box::new(details)));
        Self::new(InteractiveType::OrderDetails, body, action)
    }

    /// How far an order is.
    pub fn order_status(body: impl Into<String>, status: OrderStatus) -> Self {
        let action = Action::OrderStatus(Named::new("review_order", Box::new(status)));
        Self::new(InteractiveType::OrderStatus, body, action)
    }

    /// 2 to 10 cards that are swiped, each one of the messages above with a header (or a product).
    pub fn carousel(body: impl Into<String>, cards: Vec<Self>) -> Self {
        let cards =
            (0_u8..).zip(cards).map(|(at, content)| Card { card_index: at.into(), content: content.into_card() });
        let action = Action::Carousel(CarouselAction { cards: cards.collect(), extra: Extra::new() });
        Self::new(InteractiveType::Carousel, body, action)
    }

    /// In a carousel reply buttons have another name.
    fn into_card(mut self) -> Self {
        if let Action::Buttons(action) = &mut self.action {
            action.buttons = std::mem::take(&mut action.buttons).into_iter().map(Button::into_quick_reply).collect();
        }
        self
    }

    fn plain(kind: InteractiveType, body: impl Into<String>, name: &str) -> Self {
        Self::new(kind, body, Action::Plain(Named::maybe(name, None)))
    }

    fn new(kind: InteractiveType, body: impl Into<String>, action: Action) -> Self {
        Self { kind, header: None, body: Some(Block::new(body)), footer: None, action, extra: Extra::new() }
    }

    /// The line or media above: text, or [`Header::image`] and the like.
    #[must_use]
    pub fn header(mut self, header: impl Into<Header>) -> Self {
        self.header = Some(header.into());
        self
    }

    /// The text, for a product.
    #[must_use]
    pub fn body(mut self, body: impl Into<String>) -> Self {
        self.body = Some(Block::new(body));
        self
    }

    /// The line below.
    #[must_use]
    pub fn footer(mut self, footer: impl Into<String>) -> Self {
        self.footer = Some(Block::new(footer));
        self
    }

    /// Adds a reply button. Does nothing where there are none to add to.
    #[must_use]
    pub fn button(mut self, id: impl Into<String>, title: impl Into<String>) -> Self {
        if let Action::Buttons(action) = &mut self.action {
            action.buttons.push(Button::reply(id, title));
        }
        self
    }

    /// Adds a section to a list or product list. Does nothing where there are none to add to.
    #[must_use]
    pub fn section(mut self, section: Section) -> Self {
        match &mut self.action {
            Action::List(action) => action.sections.push(section),
            Action::ProductList(action) => action.sections.push(section),
            _ => {}
        }
        self
    }

    pub(crate) fn validate(&self) -> Result<()> {
        self.validate_texts()?;
        self.action.validate()
    }

    fn validate_texts(&self) -> Result<()> {
        let limit = match self.kind {
            InteractiveType::List => limits::LIST_BODY,
            _ => limits::INTERACTIVE_BODY,
        };
        let optional = self.kind == InteractiveType::Product;
        match &self.body {
            Some(body) if optional => at_most("interactive.body", &body.text, limit)?,
            Some(body) => required("interactive.body", &body.text, limit)?,
            None if optional => {}
            None => return Err(refuse("interactive.body", "interactive.body is absent")),
        }
        if let Some(footer) = &self.footer {
            required("interactive.footer", &footer.text, limits::INTERACTIVE_FOOTER)?;
        }
        match self.header.as_ref().map(Header::content) {
            Some(HeaderContent::Text(text)) => required("interactive.header", text, limits::INTERACTIVE_HEADER),
            Some(HeaderContent::Image(media) | HeaderContent::Video(media) | HeaderContent::Document(media)) => {
                media.validate("interactive.header")
            }
            Some(HeaderContent::Other) => Ok(()),
            None if self.kind == InteractiveType::ProductList => {
                Err(refuse("interactive.header", "a product list needs a header of text"))
            }
            None => Ok(()),
        }
    }
}

open_enum! {
    /// What an interactive message offers.
    pub enum InteractiveType {
        /// Reply buttons.
        Button = "button",
        /// A list.
        List = "list",
        /// A link.
        CtaUrl = "cta_url",
        /// A flow.
        Flow = "flow",
        /// A product.
        Product = "product",
        /// Products.
        ProductList = "product_list",
        /// The catalogue.
        CatalogMessage = "catalog_message",
        /// A request for a place.
        LocationRequest = "location_request_message",
        /// A request for a postal address.
        AddressMessage = "address_message",
        /// A request to be allowed to call.
        CallPermissionRequest = "call_permission_request",
        /// A request for a phone number.
        RequestContactInfo = "request_contact_info",
        /// A button that calls.
        VoiceCall = "voice_call",
        /// A bill.
        OrderDetails = "order_details",
        /// The status of an order.
        OrderStatus = "order_status",
        /// Cards.
        Carousel = "carousel",
    }
}

/// One card of a carousel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Card {
    /// Its place, counted from 0.
    pub card_index: Scalar,
    /// What it offers.
    #[serde(flatten)]
    pub content: Interactive,
}
