//! Enums of texts in which a value that is not listed survives.

use crate::version::Version;

/// What the standard lists for an enum.
#[derive(Debug)]
pub(crate) struct Listed {
    pub name: &'static str,
    /// Whether 2.3.0 allows values beside the list (`OpenEnum`, OCPI 2.3.0 §16).
    pub open: bool,
    pub values: &'static [(&'static str, Version)],
}

impl Listed {
    /// Tells whether a version of the standard allows a value.
    pub(crate) fn allows(&self, value: &str, version: Version) -> bool {
        let open = self.open && version >= Version::V230;
        open || self.values.iter().any(|(listed, since)| *listed == value && *since <= version)
    }
}

/// Declares an enum: variants, their texts, and since when they are listed.
macro_rules! text_enum {
    (@open) => { false };
    (@open open) => { true };
    (@since) => { $crate::version::Version::V211 };
    (@since $since:ident) => { $crate::version::Version::$since };
    (
        $(#[$doc:meta])*
        $type:ident: $name:literal $($open:ident)? { $($variant:ident = $text:literal $(since $since:ident)?),+ $(,)? }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub(crate) enum $type {
            $($variant,)+
            /// A value that is not listed, as it was spelled.
            Unlisted(String),
        }

        impl $type {
            pub(crate) const LISTED: $crate::wire::text_enum::Listed = $crate::wire::text_enum::Listed {
                name: $name,
                open: $crate::wire::text_enum::text_enum!(@open $($open)?),
                values: &[$(($text, $crate::wire::text_enum::text_enum!(@since $($since)?)),)+],
            };

            pub(crate) fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Unlisted(text) => text,
                }
            }
        }

        impl $crate::wire::class::Wire for $type {
            const KIND: $crate::wire::class::Kind = $crate::wire::class::Kind::Enum(&Self::LISTED);
        }

        impl From<String> for $type {
            fn from(text: String) -> Self {
                match text.as_str() {
                    $($text => Self::$variant,)+
                    _ => Self::Unlisted(text),
                }
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Ok(Self::from(<String as serde::Deserialize>::deserialize(deserializer)?))
            }
        }
    };
}
pub(crate) use text_enum;
