//! A multipart form as data: the transport encodes it.

use bytes::Bytes;

/// A `multipart/form-data` body. The transport chooses the boundary and encodes it.
#[derive(Clone, Debug, Default)]
pub struct Multipart {
    /// The parts in their order.
    pub parts: Vec<Part>,
}

/// One part of a form.
#[derive(Clone, Debug)]
pub struct Part {
    /// The name of the field.
    pub name: String,
    /// The file name, for a file.
    pub filename: Option<String>,
    /// The media type, for instance `image/png`.
    pub content_type: Option<String>,
    /// The bytes.
    pub data: Bytes,
}

impl Multipart {
    /// An empty form.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text field.
    #[must_use]
    pub fn text(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parts.push(Part {
            name: name.into(),
            filename: None,
            content_type: None,
            data: Bytes::from(value.into()),
        });
        self
    }

    /// Adds a file with its name and media type.
    #[must_use]
    pub fn file(
        mut self,
        name: impl Into<String>,
        filename: impl Into<String>,
        content_type: impl Into<String>,
        data: impl Into<Bytes>,
    ) -> Self {
        self.parts.push(Part {
            name: name.into(),
            filename: Some(filename.into()),
            content_type: Some(content_type.into()),
            data: data.into(),
        });
        self
    }
}
