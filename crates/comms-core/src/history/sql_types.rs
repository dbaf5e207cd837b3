//! Column types that mean the same on both engines.
//!
//! | here | PostgreSQL | SQLite |
//! |---|---|---|
//! | [`Instant`] | `timestamptz` | `INTEGER`, microseconds since 1970 |
//! | [`Wall`] | `timestamp(3)`, UTC, as Prisma writes it | `INTEGER`, microseconds since 1970 |
//! | [`Doc`] | `jsonb` | `TEXT` |
//! | [`Uid`] | `uuid` | `BLOB`, 16 bytes |

use diesel::{deserialize::FromSqlRow, expression::AsExpression, query_builder::QueryId, sql_types::SqlType};
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

/// SQL type of [`Instant`].
#[derive(Clone, Copy, Debug, QueryId, SqlType)]
#[diesel(postgres_type(oid = 1184, array_oid = 1185))]
#[diesel(sqlite_type(name = "Long"))]
pub struct InstantSql;

impl diesel::sql_types::SqlOrd for InstantSql {}

/// SQL type of [`Wall`].
#[derive(Clone, Copy, Debug, QueryId, SqlType)]
#[diesel(postgres_type(oid = 1114, array_oid = 1115))]
#[diesel(sqlite_type(name = "Long"))]
pub struct WallSql;

/// SQL type of [`Doc`].
#[derive(Clone, Copy, Debug, QueryId, SqlType)]
#[diesel(postgres_type(oid = 3802, array_oid = 3807))]
#[diesel(sqlite_type(name = "Text"))]
pub struct DocSql;

/// SQL type of [`Uid`].
#[derive(Clone, Copy, Debug, QueryId, SqlType)]
#[diesel(postgres_type(oid = 2950, array_oid = 2951))]
#[diesel(sqlite_type(name = "Binary"))]
pub struct UidSql;

/// A moment, exact to the microsecond on both engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = InstantSql)]
pub struct Instant(pub OffsetDateTime);

/// A moment in a column without time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = WallSql)]
pub struct Wall(pub OffsetDateTime);

/// A JSON document.
#[derive(Clone, Debug, PartialEq, AsExpression, FromSqlRow)]
#[diesel(sql_type = DocSql)]
pub struct Doc(pub Value);

/// An identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = UidSql)]
pub struct Uid(pub Uuid);

impl Instant {
    /// The moment, cut to what the database keeps, so that a value read back equals the one written.
    pub(super) fn of(moment: OffsetDateTime) -> Self {
        let microseconds = moment.microsecond();
        Self(moment.replace_microsecond(microseconds).unwrap_or(moment).to_offset(time::UtcOffset::UTC))
    }
}

#[cfg(feature = "postgres")]
mod postgres {
    use diesel::{
        deserialize::{self, FromSql},
        pg::{Pg, PgValue},
        serialize::{self, Output, ToSql},
        sql_types::{Jsonb, Timestamp, Timestamptz, Uuid as PgUuid},
    };
    use time::PrimitiveDateTime;

    use super::{Doc, DocSql, Instant, InstantSql, OffsetDateTime, Uid, UidSql, Uuid, Value, Wall, WallSql};

    impl ToSql<InstantSql, Pg> for Instant {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
            ToSql::<Timestamptz, Pg>::to_sql(&self.0, &mut out.reborrow())
        }
    }

    impl FromSql<InstantSql, Pg> for Instant {
        fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
            <OffsetDateTime as FromSql<Timestamptz, Pg>>::from_sql(bytes).map(Self)
        }
    }

    impl ToSql<WallSql, Pg> for Wall {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
            let wall = PrimitiveDateTime::new(self.0.date(), self.0.time());
            ToSql::<Timestamp, Pg>::to_sql(&wall, &mut out.reborrow())
        }
    }

    impl FromSql<WallSql, Pg> for Wall {
        fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
            let wall = <PrimitiveDateTime as FromSql<Timestamp, Pg>>::from_sql(bytes)?;
            Ok(Self(wall.assume_utc()))
        }
    }

    impl ToSql<DocSql, Pg> for Doc {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
            ToSql::<Jsonb, Pg>::to_sql(&self.0, &mut out.reborrow())
        }
    }

    impl FromSql<DocSql, Pg> for Doc {
        fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
            <Value as FromSql<Jsonb, Pg>>::from_sql(bytes).map(Self)
        }
    }

    impl ToSql<UidSql, Pg> for Uid {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
            ToSql::<PgUuid, Pg>::to_sql(&self.0, &mut out.reborrow())
        }
    }

    impl FromSql<UidSql, Pg> for Uid {
        fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
            <Uuid as FromSql<PgUuid, Pg>>::from_sql(bytes).map(Self)
        }
    }
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use diesel::{
        deserialize::{self, FromSql},
        serialize::{self, IsNull, Output, ToSql},
        sql_types::{BigInt, Binary, Text},
        sqlite::{Sqlite, SqliteValue},
    };

    use super::{Doc, DocSql, Instant, InstantSql, OffsetDateTime, Uid, UidSql, Uuid, Wall, WallSql};

    /// Years ±292,000: every time that `time` knows fits.
    fn micros(moment: OffsetDateTime) -> i64 {
        i64::try_from(moment.unix_timestamp_nanos() / 1_000).unwrap_or(i64::MAX)
    }

    fn moment(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<OffsetDateTime> {
        let micros = <i64 as FromSql<BigInt, Sqlite>>::from_sql(value)?;
        Ok(OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000)?)
    }

    impl ToSql<InstantSql, Sqlite> for Instant {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
            out.set_value(micros(self.0));
            Ok(IsNull::No)
        }
    }

    impl FromSql<InstantSql, Sqlite> for Instant {
        fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
            moment(value).map(Self)
        }
    }

    impl ToSql<WallSql, Sqlite> for Wall {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
            out.set_value(micros(self.0));
            Ok(IsNull::No)
        }
    }

    impl FromSql<WallSql, Sqlite> for Wall {
        fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
            moment(value).map(Self)
        }
    }

    impl ToSql<DocSql, Sqlite> for Doc {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
            out.set_value(serde_json::to_string(&self.0)?);
            Ok(IsNull::No)
        }
    }

    impl FromSql<DocSql, Sqlite> for Doc {
        fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
            let text = <String as FromSql<Text, Sqlite>>::from_sql(value)?;
            Ok(Self(serde_json::from_str(&text)?))
        }
    }

    impl ToSql<UidSql, Sqlite> for Uid {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
            out.set_value(self.0.as_bytes().as_slice());
            Ok(IsNull::No)
        }
    }

    impl FromSql<UidSql, Sqlite> for Uid {
        fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
            let bytes = <Vec<u8> as FromSql<Binary, Sqlite>>::from_sql(value)?;
            Ok(Self(Uuid::from_slice(&bytes)?))
        }
    }
}
