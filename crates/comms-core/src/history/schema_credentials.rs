//! The tables of what users gave us for their accounts, once, as the others.

macro_rules! define_credential_schema {
    (credentials = $credentials:tt, states = $states:tt) => {
        diesel::table! {
            use diesel::sql_types::*;
            use crate::history::sql_types::*;

            #[sql_name = $credentials]
            credentials (id) {
                id -> UidSql,
                organization_id -> Text,
                owner_id -> Text,
                provider -> Text,
                account_id -> Text,
                scopes -> Text,
                key_id -> Text,
                secret -> Text,
                access -> Nullable<Text>,
                access_until -> Nullable<InstantSql>,
                state -> Text,
                reason -> Nullable<Text>,
                detail -> Nullable<Text>,
                changed_at -> InstantSql,
                ends_at -> Nullable<InstantSql>,
                refreshed_at -> Nullable<InstantSql>,
                failing_since -> Nullable<InstantSql>,
                failure -> Nullable<Text>,
                version -> BigInt,
                lease -> BigInt,
                lease_until -> Nullable<InstantSql>,
                created_at -> InstantSql,
            }
        }

        diesel::table! {
            use diesel::sql_types::*;
            use crate::history::sql_types::*;

            #[sql_name = $states]
            oauth_states (hash) {
                hash -> Text,
                organization_id -> Text,
                owner_id -> Text,
                provider -> Text,
                secret -> Text,
                created_at -> InstantSql,
                expires_at -> InstantSql,
            }
        }
    };
}

pub(super) use define_credential_schema;
