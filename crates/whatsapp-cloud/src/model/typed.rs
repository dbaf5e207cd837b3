//! Objects of the form `{"type": "x", "x": …}`.

/// Declares the content of such an object: an enum to be flattened into the struct that holds `type` and the other fields.
///
/// A content of a type that is not declared is `Other`; its fields stay in the `extra` of the struct, so that nothing is lost. A
/// content of a declared type that cannot be read is an error, not `Other`.
macro_rules! typed {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $(#[$variant_meta:meta])* $variant:ident($inner:ty) = $text:literal, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[$variant_meta])* $variant($inner), )+
            /// A type that this version does not know: its fields are in `extra`.
            Other,
        }

        impl $name {
            /// The provider's name of the type; empty for [`Other`](Self::Other).
            #[must_use]
            pub fn kind(&self) -> &'static str {
                match self {
                    $( Self::$variant(_) => $text, )+
                    Self::Other => "",
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap as _;
                let mut map = serializer.serialize_map(Some(1))?;
                match self {
                    $( Self::$variant(value) => map.serialize_entry($text, value)?, )+
                    Self::Other => {}
                }
                map.end()
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl<'de> serde::de::Visitor<'de> for Visitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object with its content under the name of its type")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> Result<Self::Value, A::Error> {
                        let mut content = $name::Other;
                        while let Some(key) = map.next_key::<String>()? {
                            if content != $name::Other {
                                return Err(serde::de::Error::custom("more than one content"));
                            }
                            content = match key.as_str() {
                                $( $text => $name::$variant(map.next_value()?), )+
                                _ => {
                                    map.next_value::<serde::de::IgnoredAny>()?;
                                    $name::Other
                                }
                            };
                        }
                        Ok(content)
                    }
                }
                // Under `flatten` this takes the named fields only and leaves the rest to the struct's `extra`.
                deserializer.deserialize_struct(stringify!($name), &[$($text),+], Visitor)
            }
        }
    };
}

pub(crate) use typed;
