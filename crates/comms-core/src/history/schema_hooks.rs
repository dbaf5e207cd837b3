//! The tables of outgoing webhooks, once, as the others.

macro_rules! define_hook_schema {
    (endpoints = $endpoints:tt, deliveries = $deliveries:tt) => {
        diesel::table! {
            use diesel::sql_types::*;
            use crate::history::sql_types::*;

            #[sql_name = $endpoints]
            hook_endpoints (id) {
                id -> UidSql,
                organization_id -> Text,
                url -> Text,
                description -> Nullable<Text>,
                kinds -> DocSql,
                channels -> DocSql,
                secret -> Text,
                previous_secret -> Nullable<Text>,
                previous_until -> Nullable<InstantSql>,
                state -> Text,
                reason -> Nullable<Text>,
                disabled_at -> Nullable<InstantSql>,
                failing_since -> Nullable<InstantSql>,
                cursor -> BigInt,
                created_at -> InstantSql,
                updated_at -> InstantSql,
            }
        }

        diesel::table! {
            use diesel::sql_types::*;
            use crate::history::sql_types::*;

            #[sql_name = $deliveries]
            hook_deliveries (id) {
                id -> UidSql,
                organization_id -> Text,
                endpoint_id -> UidSql,
                cursor -> BigInt,
                kind -> Text,
                state -> SmallInt,
                attempts -> Integer,
                token -> Integer,
                due_at -> InstantSql,
                attempted_at -> Nullable<InstantSql>,
                last_status -> Nullable<SmallInt>,
                last_error -> Nullable<Text>,
                response -> Nullable<Text>,
                created_at -> InstantSql,
                done_at -> Nullable<InstantSql>,
            }
        }

        diesel::allow_tables_to_appear_in_same_query!(hook_endpoints, hook_deliveries);
    };
}

pub(super) use define_hook_schema;
