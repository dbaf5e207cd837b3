//! Rows as they are written. `row!` comes from the engine: each inserts many rows in its own way.

use diesel::{Insertable, Queryable, Selectable};

use super::schema::*;
use crate::history::sql_types::{Doc, Instant, Uid, Wall};

row! {
    /// A message that nobody needs to be shown as lost any more.
    DiscardRow<'a> in discards {
        message_id: Uid => UidSql,
        organization_id: &'a str => Text,
        discarded_at: Instant => InstantSql,
    }
}

row! {
    /// A raw webhook.
    WebhookRow<'a> in webhooks {
        id: Uid => UidSql,
        organization_id: Option<String> => Nullable<Text>,
        provider: &'a str => Text,
        method: &'a str => Text,
        url: &'a str => Text,
        headers: Doc => DocSql,
        body: &'a [u8] => Binary,
        problem: Option<String> => Nullable<Text>,
        received_at: Instant => InstantSql,
    }
}

row! {
    QuarantineRow<'a> in quarantine {
        webhook_id: Uid => UidSql,
        account_id: &'a str => Text,
        received_at: Instant => InstantSql,
    }
}

row! {
    ContactRow in contacts {
        id: Uid => UidSql,
        organization_id: String => Text,
        name: Option<String> => Nullable<Text>,
        candidates: Option<Doc> => Nullable<DocSql>,
        search: Option<String> => Nullable<Text>,
        created_at: Instant => InstantSql,
        updated_at: Instant => InstantSql,
    }
}

row! {
    /// An address under which an account knows a person.
    #[derive(Clone, Debug, Queryable, Selectable)]
    IdentityRow in identities {
        id: Uid => UidSql,
        organization_id: String => Text,
        account_id: String => Text,
        external_id: String => Text,
        kind: String => Text,
        contact_id: Uid => UidSql,
        name: Option<String> => Nullable<Text>,
        username: Option<String> => Nullable<Text>,
        named_at: Option<Instant> => Nullable<InstantSql>,
        username_at: Option<Instant> => Nullable<InstantSql>,
        search: Option<String> => Nullable<Text>,
        lead_id: Option<String> => Nullable<Text>,
        client_id: Option<String> => Nullable<Text>,
        contract_id: Option<String> => Nullable<Text>,
        user_id: Option<String> => Nullable<Text>,
        created_at: Instant => InstantSql,
        updated_at: Instant => InstantSql,
    }
}

row! {
    ConversationRow in conversations {
        id: Uid => UidSql,
        organization_id: String => Text,
        account_id: String => Text,
        contact_id: Uid => UidSql,
        channel: String => Text,
        unread: i32 => Integer,
        inbound_count: i32 => Integer,
        last_message_id: Option<Uid> => Nullable<UidSql>,
        last_message_at: Instant => InstantSql,
        subject: Option<String> => Nullable<Text>,
        said_at: Option<Instant> => Nullable<InstantSql>,
        said_key: Option<Uid> => Nullable<UidSql>,
        last_inbound_at: Option<Instant> => Nullable<InstantSql>,
        arrived_at: Option<Instant> => Nullable<InstantSql>,
        created_at: Instant => InstantSql,
        updated_at: Instant => InstantSql,
    }
}

row! {
    /// How far a user has read a conversation.
    ReadRow in conversation_reads {
        conversation_id: Uid => UidSql,
        user_id: String => Text,
        organization_id: String => Text,
        seen: i32 => Integer,
        read_at: Instant => InstantSql,
    }
}

row! {
    NoteRow in conversation_notes {
        id: Uid => UidSql,
        organization_id: String => Text,
        conversation_id: Uid => UidSql,
        user_id: String => Text,
        body: String => Text,
        created_at: Instant => InstantSql,
    }
}

row! {
    /// A message, as it is stored.
    #[derive(Clone)]
    MessageRow in messages {
        id: Uid => UidSql,
        organization_id: String => Text,
        account_id: Option<String> => Nullable<Text>,
        provider_id: Option<String> => Nullable<Text>,
        conversation_id: Option<Uid> => Nullable<UidSql>,
        contact_id: Option<Uid> => Nullable<UidSql>,
        lead_id: Option<String> => Nullable<Text>,
        client_id: Option<String> => Nullable<Text>,
        contract_id: Option<String> => Nullable<Text>,
        user_id: Option<String> => Nullable<Text>,
        channel: String => Text,
        direction: i16 => SmallInt,
        counterpart: String => Text,
        counterpart_kind: String => Text,
        content: Option<Doc> => Nullable<DocSql>,
        body: Option<String> => Nullable<Text>,
        search: Option<String> => Nullable<Text>,
        reply_to: Option<String> => Nullable<Text>,
        extra: Option<Doc> => Nullable<DocSql>,
        status: i16 => SmallInt,
        foreign_status: Option<String> => Nullable<Text>,
        problem: Option<Doc> => Nullable<DocSql>,
        duration_seconds: Option<i32> => Nullable<Integer>,
        answered_by: Option<String> => Nullable<Text>,
        idempotency_key: Option<String> => Nullable<Text>,
        request_hash: Option<String> => Nullable<Text>,
        retry_of: Option<Uid> => Nullable<UidSql>,
        comunicacion_id: Option<i32> => Nullable<Integer>,
        webhook_id: Option<Uid> => Nullable<UidSql>,
        occurred_at: Option<Instant> => Nullable<InstantSql>,
        created_at: Instant => InstantSql,
        updated_at: Instant => InstantSql,
    }
}

row! {
    StatusEventRow in status_events {
        id: Uid => UidSql,
        organization_id: String => Text,
        account_id: String => Text,
        key: String => Text,
        message_id: Option<Uid> => Nullable<UidSql>,
        provider_id: Option<String> => Nullable<Text>,
        status: Option<i16> => Nullable<SmallInt>,
        provider_status: String => Text,
        problem: Option<Doc> => Nullable<DocSql>,
        duration_seconds: Option<i32> => Nullable<Integer>,
        answered_by: Option<String> => Nullable<Text>,
        extra: Option<Doc> => Nullable<DocSql>,
        webhook_id: Option<Uid> => Nullable<UidSql>,
        occurred_at: Instant => InstantSql,
        recorded_at: Instant => InstantSql,
    }
}

row! {
    UpdateRow in updates {
        id: Uid => UidSql,
        organization_id: String => Text,
        account_id: String => Text,
        kind: String => Text,
        key: String => Text,
        subject: String => Text,
        payload: Doc => DocSql,
        webhook_id: Option<Uid> => Nullable<UidSql>,
        occurred_at: Option<Instant> => Nullable<InstantSql>,
        recorded_at: Instant => InstantSql,
    }
}

row! {
    OutboxRow<'a> in outbox {
        message_id: Uid => UidSql,
        organization_id: &'a str => Text,
        account_id: &'a str => Text,
        due_at: Instant => InstantSql,
        attempts: i32 => Integer,
        lease_until: Instant => InstantSql,
        state: i16 => SmallInt,
        token: i32 => Integer,
        mode: i16 => SmallInt,
        conversation_id: Option<Uid> => Nullable<UidSql>,
        ordered_at: Instant => InstantSql,
        holds_until: Option<Instant> => Nullable<InstantSql>,
        hold_ms: i64 => BigInt,
        expires_at: Option<Instant> => Nullable<InstantSql>,
        attempted_at: Option<Instant> => Nullable<InstantSql>,
    }
}

row! {
    EventRow in events {
        organization_id: String => Text,
        kind: String => Text,
        account_id: Option<String> => Nullable<Text>,
        message_id: Option<Uid> => Nullable<UidSql>,
        conversation_id: Option<Uid> => Nullable<UidSql>,
        payload: Doc => DocSql,
        created_at: Instant => InstantSql,
    }
}

row! {
    AttachmentRow in attachments {
        id: Uid => UidSql,
        organization_id: String => Text,
        account_id: String => Text,
        message_id: Uid => UidSql,
        position: i16 => SmallInt,
        kind: String => Text,
        mime_type: Option<String> => Nullable<Text>,
        filename: Option<String> => Nullable<Text>,
        sha256: Option<String> => Nullable<Text>,
        source: Doc => DocSql,
        state: i16 => SmallInt,
        attempts: i32 => Integer,
        due_at: Instant => InstantSql,
        created_at: Instant => InstantSql,
    }
}

row! {
    OptOutRow in opt_outs {
        id: Uid => UidSql,
        organization_id: String => Text,
        account_id: String => Text,
        address: String => Text,
        scope: String => Text,
        opted_in: bool => Bool,
        occurred_at: Instant => InstantSql,
    }
}

row! {
    /// A row of S0's table.
    ComunicacionRow in comunicaciones {
        id: i32 => Integer,
        lead_id: Option<i32> => Nullable<Integer>,
        cliente_id: Option<i32> => Nullable<Integer>,
        contrato_id: Option<i32> => Nullable<Integer>,
        usuario_id: i32 => Integer,
        canal: String => Text,
        direccion: String => Text,
        destinatario: String => Text,
        contenido: Option<String> => Nullable<Text>,
        estado: String => Text,
        sid_externo: Option<String> => Nullable<Text>,
        duracion_seg: Option<i32> => Nullable<Integer>,
        fecha_creacion: Wall => WallSql,
    }
}
