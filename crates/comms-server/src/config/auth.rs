//! Who may call.

use comms_core::{ExposeSecret, Secret};
use serde::Deserialize;

/// Shorter secrets are guessed. RFC 7518 asks for as many bits as the hash has.
const SHORTEST_SECRET: usize = 16;

/// How callers prove who they are.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthSettings {
    /// The HS256 secret of the users' tokens.
    pub jwt_secret: Option<Secret>,
    /// The claim with the user's id.
    pub claim_id: String,
    /// The claim with the user's role.
    pub claim_role: String,
    /// The claim with the user's organisation.
    pub claim_organization: String,
    /// The role of a seller.
    pub role_seller: String,
    /// The role of an administrator of an organisation.
    pub role_admin: String,
    /// The role of whoever runs all organisations; nobody's where absent.
    pub role_operator: Option<String>,
    /// `X-Service-Token` of another back end of the first organisation.
    pub microservice_token: Option<Secret>,
}

impl Default for AuthSettings {
    fn default() -> Self {
        Self {
            jwt_secret: None,
            claim_id: "id".to_owned(),
            claim_role: "rol".to_owned(),
            claim_organization: "organizacion_id".to_owned(),
            role_seller: "vendedor".to_owned(),
            role_admin: "admin".to_owned(),
            role_operator: None,
            microservice_token: None,
        }
    }
}

impl AuthSettings {
    pub(super) fn check(&self, problems: &mut Vec<String>) {
        let secrets = [
            ("JWT_SECRET (auth.jwt_secret)", &self.jwt_secret),
            ("MICROSERVICE_TOKEN (auth.microservice_token)", &self.microservice_token),
        ];
        for (name, secret) in secrets {
            if let Some(secret) = secret
                && secret.expose_secret().len() < SHORTEST_SECRET
            {
                problems.push(format!("{name}: shorter than {SHORTEST_SECRET} characters"));
            }
        }
        let roles = [Some(&self.role_seller), Some(&self.role_admin), self.role_operator.as_ref()];
        let roles: Vec<_> = roles.into_iter().flatten().collect();
        let distinct = roles.iter().collect::<std::collections::BTreeSet<_>>().len();
        if distinct < roles.len() {
            problems.push("JWT_ROL_VENDEDOR, JWT_ROL_ADMIN, JWT_ROL_OPERADOR: two roles have one name".to_owned());
        }
    }
}
