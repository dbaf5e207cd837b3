//! The macros that make a builder out of a row, so that an element is declared once.

/// What a row declares, for a test that compares it with Twilio's own list.
#[derive(Debug)]
#[non_exhaustive]
pub struct Row {
    /// The element's name in XML.
    pub tag: &'static str,
    /// The builders that it may stand in.
    pub parents: &'static [&'static str],
    /// Whether it has text.
    pub text: bool,
    /// Name in XML, kind (`text`, `flag`, `number`, `numbers`, `one`, `many`), and the type of the values where the kind does not say it.
    pub attributes: &'static [(&'static str, &'static str, &'static str)],
}

/// Declares elements: `Type "Tag" (construction) in [parents] { method "attribute" kind<Type>, }`.
///
/// Construction: `empty` = `new()`; `text` = `new(text)`; `pair` = `new(name, value)`; `text as method` = `new()` and `method(text)`.
macro_rules! elements {
    ($(
        $(#[$meta:meta])*
        $name:ident $tag:literal ($($construction:tt)+) in [$($parent:ident),+] {
            $( $(#[$about:meta])* $method:ident $attribute:literal $kind:ident $(<$of:ident>)?, )*
        }
    )+) => {
        $(
            $(#[$meta])*
            #[derive(Clone, Debug, PartialEq, Eq)]
            #[must_use]
            pub struct $name($crate::twiml::Element);

            impl $name {
                $(
                    $crate::twiml::table::attribute! { $(#[$about])* $method $attribute $kind $(<$of>)? }
                )*

                /// Adds a child behind the others.
                pub fn with(mut self, child: impl $crate::twiml::Child<Self>) -> Self {
                    self.0.push($crate::twiml::Node::Element(child.into()));
                    self
                }

                /// Sets an attribute that this version does not know; see [`Element::set`](crate::twiml::Element::set).
                pub fn set(self, attribute: impl Into<std::borrow::Cow<'static, str>>, value: impl Into<String>) -> Self {
                    Self(self.0.set(attribute, value))
                }
            }

            $crate::twiml::table::construction! { $name ($($construction)+) }

            impl Default for $name {
                fn default() -> Self {
                    Self($crate::twiml::Element::named(std::borrow::Cow::Borrowed($tag)))
                }
            }

            impl From<$name> for $crate::twiml::Element {
                fn from(typed: $name) -> Self {
                    typed.0
                }
            }

            $( impl $crate::twiml::Child<$parent> for $name {} )+
        )+

        pub(in crate::twiml) const ROWS: &[$crate::twiml::Row] = &[$(
            $crate::twiml::Row {
                tag: $tag,
                parents: &[$(stringify!($parent)),+],
                text: $crate::twiml::table::has_text!($($construction)+),
                attributes: &[$( ($attribute, stringify!($kind), concat!($(stringify!($of))?)) ),*],
            },
        )+];
    };
}

/// The method that sets an attribute.
macro_rules! attribute {
    ($(#[$about:meta])* $method:ident $attribute:literal text) => {
        $(#[$about])*
        pub fn $method(mut self, value: impl Into<String>) -> Self {
            self.0.put(std::borrow::Cow::Borrowed($attribute), value.into());
            self
        }
    };
    ($(#[$about:meta])* $method:ident $attribute:literal flag) => {
        $(#[$about])*
        pub fn $method(mut self, value: bool) -> Self {
            self.0.put(std::borrow::Cow::Borrowed($attribute), value.to_string());
            self
        }
    };
    ($(#[$about:meta])* $method:ident $attribute:literal number) => {
        $(#[$about])*
        pub fn $method(mut self, value: u32) -> Self {
            self.0.put(std::borrow::Cow::Borrowed($attribute), value.to_string());
            self
        }
    };
    ($(#[$about:meta])* $method:ident $attribute:literal numbers) => {
        $(#[$about])*
        pub fn $method(mut self, values: impl IntoIterator<Item = u32>) -> Self {
            let values: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
            self.0.put(std::borrow::Cow::Borrowed($attribute), values.join(" "));
            self
        }
    };
    ($(#[$about:meta])* $method:ident $attribute:literal one<$of:ident>) => {
        $(#[$about])*
        pub fn $method(mut self, value: impl Into<$of>) -> Self {
            self.0.put(std::borrow::Cow::Borrowed($attribute), value.into().to_string());
            self
        }
    };
    ($(#[$about:meta])* $method:ident $attribute:literal many<$of:ident>) => {
        $(#[$about])*
        pub fn $method(mut self, values: impl IntoIterator<Item: Into<$of>>) -> Self {
            let values: Vec<String> = values.into_iter().map(|value| value.into().to_string()).collect();
            self.0.put(std::borrow::Cow::Borrowed($attribute), values.join(" "));
            self
        }
    };
}

/// How an element starts.
macro_rules! construction {
    ($name:ident (empty)) => {
        impl $name {
            /// Without attributes and children.
            pub fn new() -> Self {
                Self::default()
            }
        }
    };
    ($name:ident (pair)) => {
        impl $name {
            /// With this name and value.
            pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
                Self::default().name(name).value(value)
            }
        }
    };
    ($name:ident (text as $method:ident)) => {
        $crate::twiml::table::construction! { @text $name }

        impl $name {
            /// Without attributes and children.
            pub fn new() -> Self {
                Self::default()
            }

            /// With this text.
            pub fn $method(text: impl Into<String>) -> Self {
                Self::default().text(text)
            }
        }
    };
    ($name:ident (text)) => {
        $crate::twiml::table::construction! { @text $name }

        impl $name {
            /// With this text; `default()` starts without.
            pub fn new(text: impl Into<String>) -> Self {
                Self::default().text(text)
            }
        }
    };
    (@text $name:ident) => {
        impl $name {
            /// Adds text behind the other children, as it reads: it is escaped when the document is written.
            pub fn text(mut self, text: impl Into<String>) -> Self {
                self.0.push($crate::twiml::Node::Text(text.into()));
                self
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::default().text(text)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::default().text(text)
            }
        }
    };
}

macro_rules! has_text {
    (text $($rest:tt)*) => {
        true
    };
    ($($rest:tt)*) => {
        false
    };
}

/// Declares a root, with a method for each of its verbs.
macro_rules! response {
    ($(#[$meta:meta])* $name:ident { $($method:ident: $verb:ident,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[must_use]
        pub struct $name($crate::twiml::Element);

        impl $name {
            /// Asks for nothing yet.
            pub const fn new() -> Self {
                Self($crate::twiml::Element::named(std::borrow::Cow::Borrowed("Response")))
            }

            $(
                #[doc = concat!("Adds [`", stringify!($verb), "`] behind the others.")]
                pub fn $method(self, verb: impl Into<$verb>) -> Self {
                    self.with(verb.into())
                }
            )*

            /// Adds a verb behind the others.
            pub fn with(mut self, verb: impl $crate::twiml::Child<Self>) -> Self {
                self.0.push($crate::twiml::Node::Element(verb.into()));
                self
            }

            /// The document: the declaration and the element, with nothing between them or behind. Sent as `text/xml`.
            #[must_use]
            pub fn to_xml(&self) -> String {
                self.0.to_xml()
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl From<$name> for $crate::twiml::Element {
            fn from(typed: $name) -> Self {
                typed.0
            }
        }
    };
}

/// Declares names that are too many for an enum: a type that takes every name, and constants.
macro_rules! names {
    ($(#[$meta:meta])* $name:ident { $($constant:ident $text:literal)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name(std::borrow::Cow<'static, str>);

        impl $name {
            $(
                #[doc = concat!("`", $text, "`.")]
                pub const $constant: Self = Self(std::borrow::Cow::Borrowed($text));
            )*

            /// The names that have a constant.
            pub const KNOWN: &[Self] = &[$(Self::$constant),*];

            /// Twilio's name.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self(std::borrow::Cow::Owned(name.to_owned()))
            }
        }

        impl From<String> for $name {
            fn from(name: String) -> Self {
                Self(std::borrow::Cow::Owned(name))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

pub(super) use {attribute, construction, elements, has_text, names, response};
