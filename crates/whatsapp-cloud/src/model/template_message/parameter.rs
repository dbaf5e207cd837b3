//! One value of a template.

use comms_http::Result;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ComponentType;
use crate::{
    limits,
    model::{
        Extra,
        interactive::Section,
        location::Location,
        media::Media,
        order::{OrderDetails, OrderStatus},
        scalar::Scalar,
        typed,
        validate::{at_most, refuse, required},
    },
};

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
        Self { kind: value.kind().to_owned(), parameter_name: None, value, extra: Extra::new() }
    }

    /// Words that take the place of a variable; a number is written as it is.
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
        Self::new(ParameterValue::DateTime(DateTime { fallback_value: fallback.into(), extra: Extra::new() }))
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

    /// What takes the place of the variable.
    #[must_use]
    pub fn value(&self) -> &ParameterValue {
        &self.value
    }

    pub(super) fn validate(&self, component: &ComponentType) -> Result<()> {
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
        OrderStatus(Box<OrderStatus>) = "order_status",
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
    /// The product's number in the catalogue, as the seller gave it.
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
