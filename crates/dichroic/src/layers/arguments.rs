//! The kinds of values that layers' arguments have, read and written as Keras does.

use std::fmt;

use serde::de::{Error as _, IntoDeserializer as _, SeqAccess, Visitor};
use serde::ser::SerializeSeq as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One size for each of `RANK` spatial axes; a single number stands for all of them.
///
/// Read from `3`, `[3]` or `[3, 3]`, written as a list.
///
/// ```
/// use dichroic::layers::Sizes;
/// assert_eq!(Sizes::<2>::from(3), Sizes::from((3, 3)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sizes<const RANK: usize>([usize; RANK]);

impl<const RANK: usize> Sizes<RANK> {
    /// The sizes, first spatial axis first.
    pub fn as_slice(&self) -> &[usize] {
        &self.0
    }
}

impl<const RANK: usize> From<usize> for Sizes<RANK> {
    fn from(size: usize) -> Self {
        Self([size; RANK])
    }
}

impl<const RANK: usize> From<[usize; RANK]> for Sizes<RANK> {
    fn from(sizes: [usize; RANK]) -> Self {
        Self(sizes)
    }
}

impl From<(usize, usize)> for Sizes<2> {
    fn from((height, width): (usize, usize)) -> Self {
        Self([height, width])
    }
}

impl From<(usize, usize, usize)> for Sizes<3> {
    fn from((depth, height, width): (usize, usize, usize)) -> Self {
        Self([depth, height, width])
    }
}

impl<const RANK: usize> Serialize for Sizes<RANK> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.as_slice().serialize(serializer)
    }
}

impl<'de, const RANK: usize> Deserialize<'de> for Sizes<RANK> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SizesVisitor<const RANK: usize>;
        impl<'de, const RANK: usize> Visitor<'de> for SizesVisitor<RANK> {
            type Value = Sizes<RANK>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match RANK {
                    1 => f.write_str("a whole number of at least 0"),
                    rank => write!(f, "a whole number of at least 0, or {rank} of them"),
                }
            }

            fn visit_u64<E: serde::de::Error>(self, size: u64) -> Result<Self::Value, E> {
                usize::deserialize(size.into_deserializer()).map(Sizes::from)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut sizes = [0; RANK];
                for (i, size) in sizes.iter_mut().enumerate() {
                    *size =
                        seq.next_element()?.ok_or_else(|| A::Error::invalid_length(i, &self))?;
                }
                match seq.next_element::<usize>()? {
                    Some(_) => Err(A::Error::invalid_length(RANK + 1, &self)),
                    None => Ok(Sizes(sizes)),
                }
            }
        }
        deserializer.deserialize_any(SizesVisitor)
    }
}

/// A number of cells before and after each of `RANK` spatial axes, for zero padding and cropping.
///
/// Read from `1` (everywhere), `[2, 1]` (both ends of each axis; for one axis its two ends) or
/// `[[0, 1], [2, 3]]` (each end of each axis).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Margins<const RANK: usize>([(usize, usize); RANK]);

impl<const RANK: usize> Margins<RANK> {
    /// `(before, after)` of each axis.
    pub fn as_slice(&self) -> &[(usize, usize)] {
        &self.0
    }
}

impl<const RANK: usize> From<usize> for Margins<RANK> {
    fn from(margin: usize) -> Self {
        Self([(margin, margin); RANK])
    }
}

impl<const RANK: usize> From<[(usize, usize); RANK]> for Margins<RANK> {
    fn from(margins: [(usize, usize); RANK]) -> Self {
        Self(margins)
    }
}

impl From<(usize, usize)> for Margins<1> {
    fn from(ends: (usize, usize)) -> Self {
        Self([ends])
    }
}

impl From<(usize, usize)> for Margins<2> {
    fn from((height, width): (usize, usize)) -> Self {
        Self([(height, height), (width, width)])
    }
}

impl From<(usize, usize, usize)> for Margins<3> {
    fn from((depth, height, width): (usize, usize, usize)) -> Self {
        Self([(depth, depth), (height, height), (width, width)])
    }
}

impl From<((usize, usize), (usize, usize))> for Margins<2> {
    fn from((height, width): ((usize, usize), (usize, usize))) -> Self {
        Self([height, width])
    }
}

impl<const RANK: usize> Serialize for Margins<RANK> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let [ends] = self.0.as_slice() {
            return ends.serialize(serializer);
        }
        let mut seq = serializer.serialize_seq(Some(RANK))?;
        for ends in &self.0 {
            seq.serialize_element(ends)?;
        }
        seq.end()
    }
}

impl<'de, const RANK: usize> Deserialize<'de> for Margins<RANK> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            All(usize),
            List(Vec<Axis>),
        }
        #[derive(Clone, Copy, Deserialize)]
        #[serde(untagged)]
        enum Axis {
            Both(usize),
            Ends((usize, usize)),
        }
        let wrong = || {
            let ends = if RANK == 1 {
                "two whole numbers [before, after]".to_owned()
            } else {
                format!("{RANK} of them, or {RANK} pairs [before, after]")
            };
            D::Error::custom(format!("needs a whole number of at least 0, or {ends}"))
        };
        match Written::deserialize(deserializer).map_err(|_| wrong())? {
            Written::All(margin) => Ok(Self::from(margin)),
            Written::List(axes) => match (RANK, axes.as_slice()) {
                (1, &[Axis::Both(before), Axis::Both(after)]) => Ok(Self([(before, after); RANK])),
                (1, &[Axis::Both(both)]) => Ok(Self::from(both)),
                (rank, axes) if rank == axes.len() => {
                    let mut margins = [(0, 0); RANK];
                    for (margin, axis) in margins.iter_mut().zip(axes) {
                        *margin = match *axis {
                            Axis::Both(both) => (both, both),
                            Axis::Ends(ends) => ends,
                        };
                    }
                    Ok(Self(margins))
                }
                _ => Err(wrong()),
            },
        }
    }
}

/// How the edges of the input are treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Padding {
    /// No padding: the window stays inside the input.
    #[default]
    Valid,
    /// Zeros on both sides, so that strides of 1 keep the size; an odd cell goes to the end.
    Same,
    /// Zeros before the first position only, so that no output sees later inputs (1-D convolutions).
    Causal,
}

impl fmt::Display for Padding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Valid => "valid",
            Self::Same => "same",
            Self::Causal => "causal",
        })
    }
}

/// One axis or several, counted from the front or, if negative, from the back; written as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Axes {
    /// A single axis.
    One(i64),
    /// Several axes.
    Many(Vec<i64>),
}

impl Axes {
    /// The axes in the order written.
    pub fn as_slice(&self) -> &[i64] {
        match self {
            Self::One(axis) => std::slice::from_ref(axis),
            Self::Many(axes) => axes,
        }
    }
}

impl From<i64> for Axes {
    fn from(axis: i64) -> Self {
        Self::One(axis)
    }
}

impl From<Vec<i64>> for Axes {
    fn from(axes: Vec<i64>) -> Self {
        Self::Many(axes)
    }
}

impl<const N: usize> From<[i64; N]> for Axes {
    fn from(axes: [i64; N]) -> Self {
        Self::Many(axes.to_vec())
    }
}

/// The order of axes: always channels last. `channels_first` is refused, because no layout inside but one exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ChannelsLast;

impl Serialize for ChannelsLast {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("channels_last")
    }
}

impl<'de> Deserialize<'de> for ChannelsLast {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Option::<String>::deserialize(deserializer)?.as_deref() {
            None | Some("channels_last") => Ok(Self),
            Some("channels_first") => Err(D::Error::custom(
                "channels come last here; use data_format='channels_last' and transpose the input to (batch, …, channels)",
            )),
            Some(_) => Err(D::Error::custom("must be 'channels_last'")),
        }
    }
}

/// A Keras argument that only its unset value is known for: `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Unset;

impl Serialize for Unset {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_none()
    }
}

impl<'de> Deserialize<'de> for Unset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::Null => Ok(Self),
            _ => Err(D::Error::custom("is not supported; leave it at None")),
        }
    }
}

/// A Keras switch that only its off state is known for: `False`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Off;

impl Serialize for Off {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(false)
    }
}

impl<'de> Deserialize<'de> for Off {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::Null | serde_json::Value::Bool(false) => Ok(Self),
            _ => Err(D::Error::custom("is not supported; leave it at False")),
        }
    }
}

/// Picks the name for the rank; a rank other than 1, 2 or 3 doesn't compile.
pub(super) fn ranked<const RANK: usize>(names: [&'static str; 3]) -> &'static str {
    const { assert!(RANK >= 1 && RANK <= 3, "layers move in 1, 2 or 3 directions") };
    names[RANK - 1]
}

/// A layer's fields as the map of its configuration.
pub(super) fn written(layer: &impl Serialize) -> serde_json::Map<String, serde_json::Value> {
    match serde_json::to_value(layer) {
        Ok(serde_json::Value::Object(map)) => map,
        _ => {
            unreachable!("layers are structs of numbers, strings, lists and maps with string keys")
        }
    }
}

/// Setters with the names of the fields, so that a layer is built as in Keras: `Conv2D::new(8, 3).strides(2)`.
/// `name: Type` takes the type, `name <- Type` what can be turned into it.
macro_rules! setters {
    () => {};
    ($(#[$doc:meta])+ $name:ident: $kind:ty, $($rest:tt)*) => {
        $(#[$doc])+
        #[must_use]
        pub fn $name(mut self, $name: $kind) -> Self {
            self.$name = $name;
            self
        }
        setters! { $($rest)* }
    };
    ($(#[$doc:meta])+ $name:ident <- $kind:ty, $($rest:tt)*) => {
        $(#[$doc])+
        #[must_use]
        pub fn $name(mut self, $name: impl Into<$kind>) -> Self {
            self.$name = $name.into();
            self
        }
        setters! { $($rest)* }
    };
}
pub(super) use setters;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json, to_value};

    #[test]
    fn sizes_are_read_from_a_number_or_a_list_and_written_as_a_list() {
        assert_eq!(from_value::<Sizes<2>>(json!(3)).unwrap(), Sizes::from([3, 3]));
        assert_eq!(from_value::<Sizes<2>>(json!([3, 2])).unwrap(), Sizes::from((3, 2)));
        assert_eq!(to_value(Sizes::<1>::from(4)).unwrap(), json!([4]));
        for wrong in [json!([3]), json!([3, 3, 3]), json!(-1), json!("3"), json!(2.5)] {
            assert!(from_value::<Sizes<2>>(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn margins_take_every_form_that_keras_takes() {
        let two = |value| from_value::<Margins<2>>(value).unwrap();
        assert_eq!(two(json!(1)), Margins::from(1));
        assert_eq!(two(json!([2, 1])), Margins::from((2, 1)));
        assert_eq!(two(json!([[0, 1], [2, 3]])), Margins::from(((0, 1), (2, 3))));
        assert_eq!(to_value(two(json!([2, 1]))).unwrap(), json!([[2, 2], [1, 1]]));
        let one = from_value::<Margins<1>>(json!([0, 3])).unwrap();
        assert_eq!(one, Margins::from((0, 3)));
        assert_eq!(to_value(one).unwrap(), json!([0, 3]));
        assert!(from_value::<Margins<3>>(json!([1, 2])).is_err());
    }

    #[test]
    fn channels_first_is_refused_with_the_fix() {
        assert!(from_value::<ChannelsLast>(json!(null)).is_ok());
        let error = from_value::<ChannelsLast>(json!("channels_first")).unwrap_err().to_string();
        assert!(error.contains("use data_format='channels_last'"), "{error}");
    }
}
