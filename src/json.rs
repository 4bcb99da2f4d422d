//! JSON in: serde_json, with a struct read from an object and from nothing else.
//!
//! By itself it also takes an array of the fields in order, which no server and no app of ours writes, and which costs every
//! struct a second reader in the module that a browser downloads.

use std::fmt;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

/// As [`serde_json::from_str`], structs from objects alone.
///
/// # Errors
/// The text is not JSON, or not what `T` is made of.
pub(crate) fn from_str<'de, T: Deserialize<'de>>(text: &'de str) -> serde_json::Result<T> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = T::deserialize(Strict(&mut reader))?;
    reader.end()?;
    Ok(read)
}

/// Keeps the rule at every depth: whatever reads a part of the document is handed a `Strict` again.
struct Strict<T>(T);

macro_rules! as_is {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.0.$method(visitor)
        })*
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Strict<D> {
    type Error = D::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(Object(visitor))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(Object(visitor))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_seq(Array(visitor))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_option(Nullable(visitor))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_newtype_struct(name, Newtype(visitor))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    as_is! {
        deserialize_any deserialize_bool deserialize_i64 deserialize_u64 deserialize_u32 deserialize_f64
        deserialize_str deserialize_string deserialize_identifier deserialize_ignored_any deserialize_unit
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u16 u128 f32 char bytes byte_buf unit_struct tuple tuple_struct
    }
}

macro_rules! visitors {
    ($($name:ident { $($method:item)* })*) => {
        $(
            struct $name<V>(V);

            impl<'de, V: Visitor<'de>> Visitor<'de> for $name<V> {
                type Value = V::Value;

                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    self.0.expecting(f)
                }

                $($method)*
            }
        )*
    };
}

visitors! {
    Object {
        fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<V::Value, A::Error> {
            self.0.visit_map(Strict(members))
        }
    }
    Array {
        fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<V::Value, A::Error> {
            self.0.visit_seq(Strict(elements))
        }
    }
    Nullable {
        fn visit_none<E: de::Error>(self) -> Result<V::Value, E> {
            self.0.visit_none()
        }
        // serde_json's word for null.
        fn visit_unit<E: de::Error>(self) -> Result<V::Value, E> {
            self.0.visit_unit()
        }
        fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
            self.0.visit_some(Strict(inner))
        }
    }
    Newtype {
        fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
            self.0.visit_newtype_struct(Strict(inner))
        }
        // How serde_json hands over a `RawValue`.
        fn visit_map<A: MapAccess<'de>>(self, raw: A) -> Result<V::Value, A::Error> {
            self.0.visit_map(raw)
        }
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Strict<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        self.0.next_key_seed(seed)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.0.next_value_seed(Strict(seed))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Strict<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(Strict(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Strict<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, part: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(Strict(part))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde::Deserialize;
    use serde_json::value::RawValue;

    use super::from_str;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Point {
        x: i64,
        #[serde(default)]
        label: Option<String>,
    }

    #[derive(Deserialize)]
    struct Path(Vec<Point>);

    #[test]
    fn a_struct_is_an_object_at_any_depth() {
        let path: Path =
            from_str(r#"[{"x": 1, "label": null}, {"x": 2, "label": "end"}]"#).unwrap();
        assert_eq!(
            path.0.iter().map(|point| point.x).collect::<Vec<_>>(),
            [1, 2]
        );
        assert_eq!(path.0[1].label.as_deref(), Some("end"));
        for positional in [r#"[1, "end"]"#, r#"{"x": [1]}"#] {
            assert!(from_str::<Point>(positional).is_err());
        }
        assert!(from_str::<Path>(r#"[[1, "end"]]"#).is_err());
    }

    #[test]
    fn raw_parts_keep_their_spelling() {
        let parts: Vec<&RawValue> = from_str(r#"[1.0, {"a":  2}]"#).unwrap();
        assert_eq!(parts[1].get(), r#"{"a":  2}"#);
        assert!(from_str::<i64>("1 2").is_err());
    }
}
