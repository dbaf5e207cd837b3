//! The tables, once. Each engine compiles them under the names that it has: `comms.messages` on PostgreSQL (the schema comes
//! from the search path), `comms_messages` on SQLite.

macro_rules! define_schema {
    (organizations = $organizations:tt, accounts = $accounts:tt, service_tokens = $service_tokens:tt, webhooks = $webhooks:tt, quarantine = $quarantine:tt, contacts = $contacts:tt, identities = $identities:tt, conversations = $conversations:tt, conversation_reads = $conversation_reads:tt, conversation_notes = $conversation_notes:tt, messages = $messages:tt, status_events = $status_events:tt, updates = $updates:tt, outbox = $outbox:tt, discards = $discards:tt, events = $events:tt, attachments = $attachments:tt, opt_outs = $opt_outs:tt, marks = $marks:tt, leases = $leases:tt) => {
        diesel::table! {
            use diesel::sql_types::*;
            use crate::history::sql_types::*;

            #[sql_name = $organizations]
            organizations (id) {
                id -> Text,
                name -> Text,
            }
        }

        diesel::table! {
            use diesel::sql_types::*;
            use crate::history::sql_types::*;

            #[sql_name = $accounts]
            accounts (id) {
                id -> Text,
                organization_id -> Text,
                channel -> Text,
                name -> Nullable<Text>,
                parent_id -> Nullable<Text>,
                owner_id -> Nullable<Text>,
                caller_id -> Nullable<Text>,
                active -> Bool,
                created_at -> InstantSql,
                updated_at -> InstantSql,
            }
        }

        diesel::table! {
            use diesel::sql_types::*;
            use crate::history::sql_types::*;

            #[sql_name = $service_tokens]
            service_tokens (id) {
                id -> UidSql,
                organization_id -> Text,
                name -> Text,
                sha256 -> Text,
                created_at -> InstantSql,
                revoked_at -> Nullable<InstantSql>,
            }
        }

        diesel::table! {
            use diesel::sql_types::*;
            use crate::history::sql_types::*;

            #[sql_name = $webhooks]
            webhooks (id) {
                id -> UidSql,
                organization_id -> Nullable<Text>,
                provider -> Text,
                method -> Text,
                url -> Text,
                headers -> DocSql,
                body -> Binary,
                problem -> Nullable<Text>,
                received_at -> InstantSql,
            }
        }

        diesel::table! {
            use diesel::sql_types::*;
            use crate::history::sql_types::*;

            #[sql_name = $quarantine]
            quarantine (account_id, webhook_id) {
                webhook_id -> UidSql,
                account_id -> Text,
                received_at -> InstantSql,
            }
        }

        diesel::table! {
            use diesel::sql_types::*;
            use crate::history::sql_types::*;

            #[sql_name = $contacts]
            contacts (id) {
                id -> UidSql,
                organization_id -> Text,
                name -> Nullable<Text>,
                candidates -> Nullable<DocSql>,
                search -> Nullable<Text>,
                person_id -> Nullable<UidSql>,
                merged_into -> Nullable<UidSql>,
                merged_at -> Nullable<InstantSql>,
                merged_by -> Nullable<Text>,
                created_at -> InstantSql,
                updated_at -> InstantSql,
            }
        }

        diesel::table! {
            use diesel::sql_types::*;
            use crate::history::sql_types::*;

            #[sql_name = $identities]
            identities (id) {
                id -> UidSql,
                organization_id -> Text,
                account_id -> Text,
                external_id -> Text,
                kind -> Text,
                contact_id -> UidSql,
                name -> Nullable<Text>,
                username -> Nullable<Text>,
                named_at -> Nullable<InstantSql>,
                username_at -> Nullable<InstantSql>,
                search -> Nullable<Text>,
                lead_id -> Nullable<Text>,
                client_id -> Nullable<Text>,
                contract_id -> Nullable<Text>,
                user_id -> Nullable<Text>,
                created_at -> InstantSql,
                updated_at -> InstantSql,
            }
        }

        diesel::table! {
            use diesel::sql_types::*;
            use crate::history::sql_types::*;

            #[sql_name = $conversations]
            conversations (id) {
                id -> UidSql,
                organization_id -> Text,
                account_id -> Text,
                contact_id -> UidSql,
                channel -> Text,
                status -> Text,
                assignee_id -> Nullable<Text>,
                unread -> Integer,
                inbound_count -> Integer,
                last_message_id -> Nullable<UidSql>,
                last_message_at -> InstantSql,
                subject -> Nullable<Text>,
                said_at -> Nullable<InstantSql>,
                said_key -> Nullable<UidSql>,
                last_inbound_at -> Nullable<InstantSql>,
                arrived_at -> Nullable<InstantSql>,
                decided_at -> Nullable<InstantSql>,
                decided_by -> Nullable<Text>,
                snoozed_until -> Nullable<InstantSql>,
                closed_at -> Nullable<InstantSql>,
                created_at -> InstantSql,
                updated_at -> InstantSql,
            }
        }

        diesel::table! {
            use diesel::sql_types::*;
            use crate::history::sql_types::*;

            #[sql_name = $conversation_reads]
            conversation_reads (conversation_id, user_id) {
                conversation_id -> UidSql,
                user_id -> Text,
                organization_id -> Text,
                seen -> Integer,
                read_at -> InstantSql,
            }
        }

        diesel::table! {
            use diesel::sql_types::*;
            use crate::history::sql_types::*;

            #[sql_name = $conversation_notes]
            conversation_notes (id) {
                id -> UidSql,
                organization_id -> Text,
                conversation_id -> UidSql,
                user_id -> Text,
                body -> Text,
                created_at -> InstantSql,
            }
        }

        diesel::table! {
            use diesel::sql_types::*;
            use crate::history::sql_types::*;

            #[sql_name = $messages]
            messages (id) {
                id -> UidSql,
                organization_id -> Text,
                account_id -> Nullable<Text>,
                provider_id -> Nullable<Text>,
                conversation_id -> Nullable<UidSql>,
                contact_id -> Nullable<UidSql>,
                lead_id -> Nullable<Text>,
                client_id -> Nullable<Text>,
                contract_id -> Nullable<Text>,
                user_id -> Nullable<Text>,
                channel -> Text,
                direction -> SmallInt,
                counterpart -> Text,
                counterpart_kind -> Text,
                content -> Nullable<DocSql>,
                body -> Nullable<Text>,
                search -> Nullable<Text>,
                reply_to -> Nullable<Text>,
                extra -> Nullable<DocSql>,
                status -> SmallInt,
                foreign_status -> Nullable<Text>,
                problem -> Nullable<DocSql>,
                duration_seconds -> Nullable<Integer>,
                answered_by -> Nullable<Text>,
                idempotency_key -> Nullable<Text>,
                request_hash -> Nullable<Text>,
                retry_of -> Nullable<UidSql>,
                comunicacion_id -> Nullable<Integer>,
                webhook_id -> Nullable<UidSql>,
                occurred_at -> Nullable<InstantSql>,
                created_at -> InstantSql,
                updated_at -> InstantSql,
            }
        }

        diesel::table! {
            use diesel::sql_types::*;
            use crate::history::sql_types::*;

            #[sql_name = $status_events]
            status_events (id) {
                id -> UidSql,
                organization_id -> Text,
                account_id -> Text,
                key -> Text,
                message_id -> Nullable<UidSql>,
                provider_id -> Nullable<Text>,
                status -> Nullable<SmallInt>,
                provider_status -> Text,
                problem -> Nullable<DocSql>,
                duration_seconds -> Nullable<Integer>,
                answered_by -> Nullable<Text>,
                extra -> Nullable<DocSql>,
                webhook_id -> Nullable<UidSql>,
                occurred_at -> InstantSql,
                recorded_at -> InstantSql,
            }
        }

        diesel::table! {
            use diesel::sql_types::*;
            use crate::history::sql_types::*;

            #[sql_name = $updates]
            updates (id) {
                id -> UidSql,
                organization_id -> Text,
                account_id -> Text,
                kind -> Text,
                key -> Text,
                subject -> Text,
                payload -> DocSql,
                webhook_id -> Nullable<UidSql>,
                occurred_at -> Nullable<InstantSql>,
                recorded_at -> InstantSql,
            }
        }

        diesel::table! {
            use diesel::sql_types::*;
            use crate::history::sql_types::*;

            #[sql_name = $outbox]
            outbox (message_id) {
                message_id -> UidSql,
                organization_id -> Text,
                account_id -> Text,
                due_at -> InstantSql,
                attempts -> Integer,
                lease_until -> InstantSql,
                state -> SmallInt,
                token -> Integer,
                mode -> SmallInt,
                conversation_id -> Nullable<UidSql>,
                ordered_at -> InstantSql,
                holds_until -> Nullable<InstantSql>,
                hold_ms -> BigInt,
                expires_at -> Nullable<InstantSql>,
                attempted_at -> Nullable<InstantSql>,
                unknown_since -> Nullable<InstantSql>,
            }
        }

        diesel::table! {
            use diesel::sql_types::*;
            use crate::history::sql_types::*;

            #[sql_name = $discards]
            discards (message_id) {
                message_id -> UidSql,
                organization_id -> Text,
                discarded_at -> InstantSql,
            }
        }

        diesel::table! {
            use diesel::sql_types::*;
            use crate::history::sql_types::*;

            #[sql_name = $events]
            events (cursor) {
                cursor -> BigInt,
                organization_id -> Text,
                kind -> Text,
                account_id -> Nullable<Text>,
                message_id -> Nullable<UidSql>,
                conversation_id -> Nullable<UidSql>,
                payload -> DocSql,
                created_at -> InstantSql,
            }
        }

        diesel::table! {
            use diesel::sql_types::*;
            use crate::history::sql_types::*;

            #[sql_name = $attachments]
            attachments (id) {
                id -> UidSql,
                organization_id -> Text,
                account_id -> Text,
                message_id -> UidSql,
                position -> SmallInt,
                kind -> Text,
                mime_type -> Nullable<Text>,
                filename -> Nullable<Text>,
                size -> Nullable<BigInt>,
                sha256 -> Nullable<Text>,
                source -> DocSql,
                blob_key -> Nullable<Text>,
                state -> SmallInt,
                attempts -> Integer,
                due_at -> InstantSql,
                error -> Nullable<Text>,
                created_at -> InstantSql,
            }
        }

        diesel::table! {
            use diesel::sql_types::*;
            use crate::history::sql_types::*;

            #[sql_name = $opt_outs]
            opt_outs (id) {
                id -> UidSql,
                organization_id -> Text,
                account_id -> Text,
                address -> Text,
                scope -> Text,
                opted_in -> Bool,
                occurred_at -> InstantSql,
            }
        }

        diesel::table! {
            use diesel::sql_types::*;
            use crate::history::sql_types::*;

            #[sql_name = $marks]
            marks (name) {
                name -> Text,
                value -> BigInt,
            }
        }

        diesel::table! {
            use diesel::sql_types::*;
            use crate::history::sql_types::*;

            #[sql_name = $leases]
            leases (name) {
                name -> Text,
                holder -> UidSql,
                until -> InstantSql,
                token -> BigInt,
            }
        }

        // S0's table. It may belong to Prisma: we add rows to it and nothing else.
        diesel::table! {
            use diesel::sql_types::*;
            use crate::history::sql_types::*;

            comunicaciones (id) {
                id -> Integer,
                lead_id -> Nullable<Integer>,
                cliente_id -> Nullable<Integer>,
                contrato_id -> Nullable<Integer>,
                usuario_id -> Integer,
                canal -> Text,
                direccion -> Text,
                destinatario -> Text,
                contenido -> Nullable<Text>,
                estado -> Text,
                sid_externo -> Nullable<Text>,
                duracion_seg -> Nullable<Integer>,
                fecha_creacion -> WallSql,
            }
        }

        diesel::allow_tables_to_appear_in_same_query!(
            organizations,
            accounts,
            service_tokens,
            webhooks,
            quarantine,
            contacts,
            identities,
            conversations,
            conversation_reads,
            conversation_notes,
            messages,
            status_events,
            updates,
            outbox,
            discards,
            events,
            attachments,
            opt_outs,
            marks,
            leases,
            comunicaciones
        );
    };
}

pub(super) use define_schema;
