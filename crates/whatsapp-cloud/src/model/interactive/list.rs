//! Lists: of rows, of products.

use comms_http::Result;
use serde::{Deserialize, Serialize};

use crate::{
    limits,
    model::{
        Extra,
        validate::{at_most, count, distinct, refuse, required},
    },
};

/// A button that opens rows of which the customer takes one: ten at most, all sections together.
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
    pub(super) fn validate(&self) -> Result<()> {
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
        Self { title: Some(title.into()), rows, ..Self::default() }
    }

    /// A section of a product list, by the products' numbers.
    pub fn products<I>(title: impl Into<String>, retailer_ids: I) -> Self
    where
        I: IntoIterator<Item: Into<String>>,
    {
        let items = retailer_ids.into_iter().map(|id| ProductItem { product_retailer_id: id.into() });
        Self { title: Some(title.into()), product_items: items.collect(), ..Self::default() }
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
        Self { id: id.into(), title: title.into(), description: None, extra: Extra::new() }
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

/// One product of a catalogue, with its picture and price as the catalogue has them.
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

/// Several products of one catalogue, by sections.
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
    pub(super) fn validate(&self) -> Result<()> {
        check_sections(&self.sections)?;
        let products = self.sections.iter().map(|section| section.product_items.len()).sum();
        count("interactive.action.sections.product_items", products, 1, limits::PRODUCTS)
    }
}
