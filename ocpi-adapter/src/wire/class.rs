//! Classes: one declaration gives the struct, how it is read and written, and the table that objects are checked by.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};

use crate::version::Version;
use crate::wire::base::List;
use crate::wire::text_enum::Listed;

/// A class of the standard.
#[derive(Debug)]
pub(crate) struct Class {
    pub name: &'static str,
    pub fields: &'static [Field],
}

/// A field of a class.
#[derive(Debug)]
pub(crate) struct Field {
    pub name: &'static str,
    pub kind: Kind,
    pub card: Card,
    pub versions: Versions,
}

/// How often a field is there (OCPI 2.2.1 §1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Card {
    /// `1`
    One,
    /// `?`
    Optional,
    /// `*`
    Any,
    /// `+`
    Some,
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// Case-insensitive, printable ASCII, at most so many characters.
    CiString(usize),
    /// Case-sensitive, printable, at most so many characters.
    Text(usize),
    Url,
    DateTime,
    Number,
    Int,
    Boolean,
    Enum(&'static Listed),
    Class(&'static Class),
}

/// In which versions a field is defined: from the first to the last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Versions(pub Version, pub Version);

impl Versions {
    pub(crate) const ALL: Self = Self(Version::V211, Version::V230);

    pub(crate) fn contain(self, version: Version) -> bool {
        self.0 <= version && version <= self.1
    }
}

/// A type of a field.
pub(crate) trait Wire {
    /// What it holds, where that needs no saying.
    const KIND: Kind;

    /// Tells whether the field is left out when the object is written.
    fn is_absent(&self) -> bool {
        false
    }
}

impl Wire for bool {
    const KIND: Kind = Kind::Boolean;
}

/// The kind of a text is always said.
impl Wire for String {
    const KIND: Kind = Kind::Text(UNBOUNDED);
}

impl<T: Wire> Wire for Option<T> {
    const KIND: Kind = T::KIND;

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T: Wire> Wire for List<T> {
    const KIND: Kind = T::KIND;

    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

/// A class, read from its fields.
pub(crate) trait Fields: Sized {
    const NAME: &'static str;

    /// Reads the fields of an object.
    fn from_fields<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

/// Reads a class from an object only: `serde` alone would read one from a list too, by position.
pub(crate) struct Object<T>(pub PhantomData<T>);

impl<'de, T: Fields> Visitor<'de> for Object<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object: {}", T::NAME)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::from_fields(MapAccessDeserializer::new(map))
    }
}

/// The length of texts for which the standard names none.
pub(crate) const UNBOUNDED: usize = usize::MAX;
pub(crate) const URL: Kind = Kind::Url;
pub(crate) const INT: Kind = Kind::Int;

pub(crate) const fn ci(length: usize) -> Kind {
    Kind::CiString(length)
}

pub(crate) const fn text(length: usize) -> Kind {
    Kind::Text(length)
}

pub(crate) const fn since(version: Version) -> Versions {
    Versions(version, Version::V230)
}

pub(crate) const fn until(version: Version) -> Versions {
    Versions(Version::V211, version)
}

/// Returns the name of a field without the `r#` of a Rust keyword.
pub(crate) const fn bare(name: &'static str) -> &'static str {
    match name.as_bytes() {
        [b'r', b'#', rest @ ..] => match std::str::from_utf8(rest) {
            Ok(rest) => rest,
            Err(_) => name,
        },
        _ => name,
    }
}

/// Declares a class. Each field begins with how often it is there:
///
/// - `one`: always, and no object is of use without it;
/// - `due`: always by the standard, but an object without it is still read;
/// - `may`: or not;
/// - `any`: a list; `some`: a list of at least one, of which an empty one is still read.
macro_rules! class {
    (@type one $type:ty) => { $type };
    (@type due $type:ty) => { Option<$type> };
    (@type may $type:ty) => { Option<$type> };
    (@type any $type:ty) => { $crate::wire::base::List<$type> };
    (@type some $type:ty) => { $crate::wire::base::List<$type> };
    (@card one) => { $crate::wire::class::Card::One };
    (@card due) => { $crate::wire::class::Card::One };
    (@card may) => { $crate::wire::class::Card::Optional };
    (@card any) => { $crate::wire::class::Card::Any };
    (@card some) => { $crate::wire::class::Card::Some };
    (@kind $type:ty) => { <$type as $crate::wire::class::Wire>::KIND };
    (@kind $type:ty = $kind:expr) => { $kind };
    (@versions) => { $crate::wire::class::Versions::ALL };
    (@versions $versions:expr) => { $versions };
    ($(#[$meta:meta])* $class:ident = $name:literal {
        $($card:ident $field:ident: $type:ty $(= $kind:expr)? $(, $versions:expr)?;)+
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(remote = "Self")]
        #[allow(clippy::struct_field_names, reason = "the names of the standard")]
        pub(crate) struct $class { $(
            #[serde(skip_serializing_if = "crate::wire::class::Wire::is_absent")]
            pub $field: $crate::wire::class::class!(@type $card $type),
        )+ }

        impl $class {
            pub(crate) const CLASS: $crate::wire::class::Class = $crate::wire::class::Class {
                name: $name,
                fields: &[$($crate::wire::class::Field {
                    name: $crate::wire::class::bare(stringify!($field)),
                    kind: $crate::wire::class::class!(@kind $type $(= $kind)?),
                    card: $crate::wire::class::class!(@card $card),
                    versions: $crate::wire::class::class!(@versions $($versions)?),
                },)+],
            };
        }

        impl $crate::wire::class::Wire for $class {
            const KIND: $crate::wire::class::Kind = $crate::wire::class::Kind::Class(&Self::CLASS);
        }

        impl $crate::wire::class::Fields for $class {
            const NAME: &'static str = $name;

            fn from_fields<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::deserialize(deserializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $class {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_map($crate::wire::class::Object(std::marker::PhantomData))
            }
        }

        impl serde::Serialize for $class {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Self::serialize(self, serializer)
            }
        }
    };
}
pub(crate) use class;
