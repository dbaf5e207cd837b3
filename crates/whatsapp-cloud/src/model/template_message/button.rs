//! The value that a button of a template takes.

use serde_json::Value;

use super::{ActionParameter, Component, ComponentType, Parameter, ParameterValue, SubType};
use crate::model::{interactive::Section, order::OrderDetails, scalar::Scalar};

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
        Self { sub_type, parameters: vec![Parameter::new(value)] }
    }

    fn action(sub_type: SubType, fill: impl FnOnce(&mut ActionParameter)) -> Self {
        let mut action = ActionParameter::default();
        fill(&mut action);
        Self::of(sub_type, ParameterValue::Action(Box::new(action)))
    }

    pub(super) fn at(self, index: u8) -> Component {
        Component {
            sub_type: Some(self.sub_type),
            // Meta's pages write the place as text.
            index: Some(index.to_string().into()),
            ..Component::with(ComponentType::Button, self.parameters)
        }
    }
}
