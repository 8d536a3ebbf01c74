//! Numbers that JSON has no word for.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserializer, Serializer};

/// Writes a number; what is not finite as `"inf"`, `"-inf"` or `"nan"`.
pub(super) fn serialize<S: Serializer>(number: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    if number.is_finite() {
        return serializer.serialize_f32(*number);
    }
    serializer.serialize_str(match number {
        number if number.is_nan() => "nan",
        number if *number > 0.0 => "inf",
        _ => "-inf",
    })
}

/// Reads what [`serialize`] writes.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f32, D::Error> {
    struct Number;
    impl Visitor<'_> for Number {
        type Value = f32;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number, \"inf\", \"-inf\" or \"nan\"")
        }

        fn visit_f64<E: Error>(self, number: f64) -> Result<f32, E> {
            Ok(number as f32)
        }

        fn visit_i64<E: Error>(self, number: i64) -> Result<f32, E> {
            Ok(number as f32)
        }

        fn visit_u64<E: Error>(self, number: u64) -> Result<f32, E> {
            Ok(number as f32)
        }

        fn visit_str<E: Error>(self, word: &str) -> Result<f32, E> {
            match word {
                "inf" => Ok(f32::INFINITY),
                "-inf" => Ok(f32::NEG_INFINITY),
                "nan" => Ok(f32::NAN),
                _ => Err(E::custom("must be a number, \"inf\", \"-inf\" or \"nan\"")),
            }
        }
    }
    deserializer.deserialize_any(Number)
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use serde_json::{from_str, to_string};

    #[derive(Serialize, Deserialize)]
    struct Holder(#[serde(with = "super")] f32);

    #[test]
    fn every_number_comes_back() {
        for number in [0.0, -1.5, 0.1, f32::MIN_POSITIVE, f32::INFINITY, f32::NEG_INFINITY] {
            let text = to_string(&Holder(number)).unwrap();
            assert_eq!(from_str::<Holder>(&text).unwrap().0, number, "{text}");
        }
        assert!(from_str::<Holder>(&to_string(&Holder(f32::NAN)).unwrap()).unwrap().0.is_nan());
        assert!(from_str::<Holder>("\"infinite\"").is_err());
    }
}
