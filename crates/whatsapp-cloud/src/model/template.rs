//! Templates as they are kept at Meta: definition, state, the values they take.

use comms_http::Result;
use serde::{Deserialize, Serialize};

use super::{
    Extra, open_enum,
    scalar::Scalar,
    template_message::{ComponentType, TemplateMessage},
    validate::{count, refuse},
};

mod definition;
mod variables;

pub use definition::{ButtonDefinition, ComponentDefinition, NewTemplate};
pub use variables::Variable;

/// A template as Meta keeps it.
///
/// *See [WhatsApp docs/Templates](https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/overview)*
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Template {
    /// Meta's id of it, one for each language.
    pub id: String,
    /// The name by which it is sent: lower-case letters, digits, underscores; the same in every language.
    pub name: String,
    /// Its language.
    pub language: String,
    /// Whether it can be used.
    pub status: TemplateStatus,
    /// Its category, which decides the price.
    pub category: TemplateCategory,
    /// Its parts.
    #[serde(default)]
    pub components: Vec<ComponentDefinition>,
    /// Whether its values have names or places.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter_format: Option<ParameterFormat>,
    /// Why it was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected_reason: Option<String>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Template {
    /// Whether it can be sent now.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.status == TemplateStatus::Approved
    }

    /// The text of the body, with its placeholders.
    #[must_use]
    pub fn body(&self) -> Option<&str> {
        let body = self.components.iter().find(|part| part.is("BODY"))?;
        body.text.as_deref()
    }

    /// The values that it takes, in the order in which they are read. Those of carousel cards are not listed.
    #[must_use]
    pub fn variables(&self) -> Vec<Variable> {
        variables::of(&self.components)
    }

    /// Checks that a message gives header and body exactly the values that this template takes.
    ///
    /// # Errors
    /// `InvalidRequest` with the component; `Config` where the template cannot be used now.
    pub fn check(&self, message: &TemplateMessage) -> Result<()> {
        if !self.is_usable() {
            let reason = format!("the template {:?} is {}", self.name, self.status);
            return Err(comms_http::Error::config(reason).field("template.name"));
        }
        let variables = self.variables();
        for kind in [ComponentType::Header, ComponentType::Body] {
            let wanted: Vec<&str> = variables
                .iter()
                .filter(|variable| variable.component == kind.as_str())
                .map(|variable| variable.name.as_str())
                .collect();
            check_values(&kind, &wanted, message, self.is_named())?;
        }
        Ok(())
    }

    fn is_named(&self) -> bool {
        self.parameter_format == Some(ParameterFormat::Named)
    }
}

fn check_values(kind: &ComponentType, wanted: &[&str], message: &TemplateMessage, named: bool) -> Result<()> {
    let given: Vec<_> = message
        .components
        .iter()
        .flatten()
        .filter(|component| component.kind == *kind)
        .flat_map(|component| component.parameters.iter().flatten())
        .collect();
    let field = format!("template.components.{kind}");
    count(&field, given.len(), wanted.len(), wanted.len())?;
    if !named {
        return Ok(());
    }
    let missing = wanted.iter().find(|name| {
        let name = Some(**name);
        !given.iter().any(|parameter| parameter.parameter_name.as_deref() == name)
    });
    match missing {
        Some(name) if *kind == ComponentType::Body => Err(refuse(&field, format!("the value {name:?} is missing"))),
        _ => Ok(()),
    }
}

open_enum! {
    /// Whether a template can be used.
    pub enum TemplateStatus {
        /// It can.
        Approved = "APPROVED",
        /// It is being looked at.
        Pending = "PENDING",
        /// It was refused.
        Rejected = "REJECTED",
        /// It is paused for its quality.
        Paused = "PAUSED",
        /// It is switched off for its quality.
        Disabled = "DISABLED",
        /// A refusal is being looked at again.
        InAppeal = "IN_APPEAL",
        /// It is being deleted.
        PendingDeletion = "PENDING_DELETION",
        /// It is deleted.
        Deleted = "DELETED",
        /// It is put away.
        Archived = "ARCHIVED",
        /// There are too many.
        LimitExceeded = "LIMIT_EXCEEDED",
    }
}

open_enum! {
    /// What a template is for. It decides what it costs, and whether who opted out of marketing gets it.
    pub enum TemplateCategory {
        /// Codes.
        Authentication = "AUTHENTICATION",
        /// Offers.
        Marketing = "MARKETING",
        /// Orders, accounts, appointments.
        Utility = "UTILITY",
    }
}

open_enum! {
    /// Whether the values of a template have names or places.
    pub enum ParameterFormat {
        /// `{{first_name}}`.
        Named = "NAMED",
        /// `{{1}}`.
        Positional = "POSITIONAL",
    }
}

/// What creating a template answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TemplateCreated {
    /// Meta's id of it, by which it is changed.
    pub id: String,
    /// Whether it can be used.
    pub status: TemplateStatus,
    /// The category, which Meta may have changed.
    pub category: TemplateCategory,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What is changed of a template. What is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TemplateChange {
    /// Another category; not for approved templates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<TemplateCategory>,
    /// Other parts, all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub components: Option<Vec<ComponentDefinition>>,
    /// How long Meta tries to deliver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_send_ttl_seconds: Option<Scalar>,
}
