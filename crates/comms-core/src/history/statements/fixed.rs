//! Statements as text that are prepared once and kept, which those of `sql_query` are not; and rows that are given to one as a
//! document, so that it is the same for any number of them.

use diesel::{
    QueryResult,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{BigInt, Text, Untyped},
};
use serde_json::{Map, Value as Json};

use super::super::Backend;
use crate::history::sql_types::{Doc, DocSql, Instant, InstantSql, Uid};

/// A statement. Its text must be one of few: each is kept by every connection.
#[derive(Clone, Debug)]
pub(super) struct Fixed {
    text: String,
    rest: Vec<(Value, String)>,
}

/// What stands between two parts of the text.
#[derive(Clone, Debug)]
enum Value {
    Doc(Doc),
    Instant(Instant),
    Text(String),
    Long(i64),
}

/// The type of a column of rows that are given.
#[derive(Clone, Copy, Debug)]
pub(in super::super) enum Column {
    Uid,
    Text,
    Small,
    Integer,
    Long,
    Doc,
}

/// Rows that are given to a statement.
#[derive(Clone, Debug)]
pub(super) struct Given {
    columns: &'static [(&'static str, Column)],
    rows: Vec<Json>,
}

impl Given {
    /// Rows of these columns. What a row has no value for is null.
    pub(super) fn new(columns: &'static [(&'static str, Column)], rows: impl Iterator<Item = Json>) -> Self {
        Self { columns, rows: rows.collect() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// An id as it stands in a row that is given.
pub(super) fn id(id: Uid) -> Json {
    Json::String(id.0.simple().to_string())
}

/// A row that is given: only what it has a value for.
pub(super) fn row<const N: usize>(values: [(&str, Option<Json>); N]) -> Json {
    let given = values.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Json::Object(given.collect::<Map<_, _>>())
}

impl Fixed {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), rest: Vec::new() }
    }

    /// Goes on with this text.
    pub(super) fn text(mut self, text: &str) -> Self {
        self.rest.last_mut().map_or(&mut self.text, |(_, text)| text).push_str(text);
        self
    }

    pub(super) fn instant(self, value: Instant) -> Self {
        self.value(Value::Instant(value))
    }

    pub(super) fn string(self, value: impl Into<String>) -> Self {
        self.value(Value::Text(value.into()))
    }

    pub(super) fn long(self, value: i64) -> Self {
        self.value(Value::Long(value))
    }

    /// Goes on with something to select from: the rows that are given, as `w`.
    pub(super) fn given(self, given: Given) -> Self {
        let [before, after] = super::super::given(given.columns);
        self.text(&before).value(Value::Doc(Doc(Json::Array(given.rows)))).text(&after)
    }

    fn value(mut self, value: Value) -> Self {
        self.rest.push((value, String::new()));
        self
    }
}

impl QueryFragment<Backend> for Fixed {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        if !super::super::KEEPS_TEXTS {
            out.unsafe_to_cache_prepared();
        }
        out.push_sql(&self.text);
        for (value, text) in &self.rest {
            match value {
                Value::Doc(value) => out.push_bind_param::<DocSql, _>(value)?,
                Value::Instant(value) => out.push_bind_param::<InstantSql, _>(value)?,
                Value::Text(value) => out.push_bind_param::<Text, _>(value)?,
                Value::Long(value) => out.push_bind_param::<BigInt, _>(value)?,
            }
            out.push_sql(text);
        }
        Ok(())
    }
}

impl QueryId for Fixed {
    type QueryId = ();

    /// The text tells them apart.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Fixed {
    type SqlType = Untyped;
}

impl<C> diesel::RunQueryDsl<C> for Fixed {}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_goes_on_after_its_values() {
        let columns: &[(&str, Column)] = &[("name", Column::Text)];
        let given = Given::new(columns, [row([("name", Some(json!("ana"))), ("no", None)])].into_iter());
        assert_eq!(given.rows, [json!({"name": "ana"})]);
        let one = Fixed::new("SELECT ").long(1).text(", ").string("a").text(" FROM ").given(given).text(" WHERE true");
        let debug = diesel::debug_query::<Backend, _>(&one).to_string();
        let [before, after] = super::super::super::given(columns);
        for part in ["SELECT ", ", ", " FROM ", &before, &after, " WHERE true"] {
            assert!(debug.contains(part), "{part:?} is missing in {debug}");
        }
    }
}
