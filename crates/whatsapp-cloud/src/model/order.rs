//! Orders: what is to be paid, and how far it is.

use serde::{Deserialize, Serialize};

use super::{Extra, scalar::Scalar};

/// A bill to review and pay (India, Brazil, Singapore).
///
/// *See [WhatsApp docs/Payments](https://developers.facebook.com/documentation/business-messaging/whatsapp/payments)*
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OrderDetails {
    /// Your number of the order: unique, at most 35 characters.
    pub reference_id: String,
    /// `digital-goods` or `physical-goods`.
    #[serde(rename = "type")]
    pub kind: String,
    /// How it is paid, for instance `upi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_type: Option<String>,
    /// The name of the payment configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_configuration: Option<String>,
    /// The currency, in three letters.
    pub currency: String,
    /// What is to be paid.
    pub total_amount: Amount,
    /// What it consists of.
    pub order: Order,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl OrderDetails {
    /// A bill over `total` for `order`. `kind` is `digital-goods` or `physical-goods`.
    pub fn new(
        reference_id: impl Into<String>,
        kind: impl Into<String>,
        currency: impl Into<String>,
        total: Amount,
        order: Order,
    ) -> Self {
        Self {
            reference_id: reference_id.into(),
            kind: kind.into(),
            payment_type: None,
            payment_configuration: None,
            currency: currency.into(),
            total_amount: total,
            order,
            extra: Extra::new(),
        }
    }

    /// How it is paid and by which configuration.
    #[must_use]
    pub fn payment(mut self, kind: impl Into<String>, configuration: impl Into<String>) -> Self {
        self.payment_type = Some(kind.into());
        self.payment_configuration = Some(configuration.into());
        self
    }
}

/// What an order consists of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// How far it is, for instance `pending`, `processing`, `shipped`, `completed`, `canceled`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// A word about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The items.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Item>,
    /// The items together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtotal: Option<Amount>,
    /// Tax.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax: Option<Amount>,
    /// Shipping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipping: Option<Amount>,
    /// A discount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount: Option<Amount>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One item of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Item {
    /// Its number in the catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retailer_id: Option<String>,
    /// What the item is called, as the recipient reads it.
    pub name: String,
    /// Its price.
    pub amount: Amount,
    /// Its reduced price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sale_amount: Option<Amount>,
    /// How many.
    pub quantity: Scalar,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Item {
    /// This many of this thing at this price.
    pub fn new(name: impl Into<String>, amount: Amount, quantity: u32) -> Self {
        Self {
            retailer_id: None,
            name: name.into(),
            amount,
            sale_amount: None,
            quantity: quantity.into(),
            extra: Extra::new(),
        }
    }
}

/// An amount of money: `value` divided by `offset`, so 1,234 with offset 100 is 12.34.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Amount {
    /// The amount times the offset.
    pub value: Scalar,
    /// What the value is divided by.
    pub offset: Scalar,
    /// What it is for (tax, shipping, discount).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The name of a discount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount_program_name: Option<String>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Amount {
    /// An amount in hundredths.
    #[must_use]
    pub fn cents(value: i64) -> Self {
        Self {
            value: value.into(),
            offset: 100.into(),
            description: None,
            discount_program_name: None,
            extra: Extra::new(),
        }
    }

    /// What it is for.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }
}

/// How far an order is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OrderStatus {
    /// Your number of the order.
    pub reference_id: String,
    /// Its status and a word about it.
    pub order: Order,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl OrderStatus {
    /// The status of an order: `processing`, `shipped`, `completed`, `canceled` …
    pub fn new(reference_id: impl Into<String>, status: impl Into<String>) -> Self {
        Self {
            reference_id: reference_id.into(),
            order: Order { status: Some(status.into()), ..Order::default() },
            extra: Extra::new(),
        }
    }

    /// A word about it.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.order.description = Some(description.into());
        self
    }
}
