//! What the user says of names.

use std::path::Path;

use serde_json::{Map, Value};

use crate::error::{FormatError, Located, Problem};

/// How arrays find their weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameMap {
    /// By name, after these beginnings were replaced: what stands in the file, and what it is in the model.
    Names(Vec<(String, Target)>),
    /// By order: the first array is the first weight. For files whose names say nothing.
    InOrder,
}

/// What a name of a file stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A layer, a beginning of layers' names, or a weight's path.
    Place(String),
    /// Nothing: these arrays are left out.
    Nothing,
}

impl Default for NameMap {
    /// Names as they are.
    fn default() -> Self {
        Self::Names(Vec::new())
    }
}

impl NameMap {
    /// Reads a map from a JSON object: `{"features.0": "conv1", "head.weight": "dense/kernel", "aux": null}`.
    ///
    /// A key is a whole name of the file or the beginning of names up to a `.` or `/`. Its value takes the key's place; `null`
    /// leaves the arrays out. Of several keys that suit a name the longest counts.
    ///
    /// # Errors
    /// When the text is no JSON object of texts and nulls.
    pub fn from_json(text: &str) -> Result<Self, Problem> {
        let map: Map<String, Value> = serde_json::from_str(text).map_err(|error| {
            Problem::malformed("a JSON object {\"file name\": \"layer\"}", error)
        })?;
        let entry = |(name, value): (String, Value)| match value {
            Value::String(place) => Ok((name, Target::Place(place))),
            Value::Null => Ok((name, Target::Nothing)),
            other => {
                let expected = format!("the name of a layer or weight, or null, for {name:?}");
                Err(Problem::malformed(expected, other))
            }
        };
        Ok(Self::Names(map.into_iter().map(entry).collect::<Result<_, _>>()?))
    }

    /// Reads a map from a file: [`NameMap::from_json`].
    ///
    /// # Errors
    /// When the file can't be read, or holds something else.
    pub fn read(path: &Path) -> Result<Self, FormatError> {
        let read = || Self::from_json(&std::fs::read_to_string(path).map_err(Problem::Io)?);
        read().map_err(|problem| Located::from(problem).of(path))
    }
}

/// What a name of the file is called in the model; `None` where it is left out.
pub(super) fn renamed(name: &str, entries: &[(String, Target)]) -> Option<String> {
    let suiting = entries.iter().filter_map(|(key, target)| {
        let key = key.trim_end_matches(['.', '/']);
        let rest = name.strip_prefix(key)?;
        let whole = rest.is_empty() || key.is_empty() || rest.starts_with(['.', '/']);
        whole.then_some((key.len(), rest, target))
    });
    let Some((_, rest, target)) = suiting.max_by_key(|(length, ..)| *length) else {
        return Some(name.to_owned());
    };
    match target {
        Target::Nothing => None,
        // A beginning that is replaced by nothing takes its separator along.
        Target::Place(place) if place.is_empty() => {
            Some(rest.trim_start_matches(['.', '/']).to_owned())
        }
        Target::Place(place) => {
            let place = place.trim_end_matches(['.', '/']);
            let joint = if rest.is_empty() || rest.starts_with(['.', '/']) { "" } else { "." };
            Some(format!("{place}{joint}{rest}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rename(name: &str, json: &str) -> Option<String> {
        let NameMap::Names(entries) = NameMap::from_json(json).unwrap() else { unreachable!() };
        renamed(name, &entries)
    }

    #[test]
    fn the_longest_beginning_counts_and_ends_at_a_separator() {
        let map = r#"{"a": "x", "a.b": "y", "a.b.c": null, "d.weight": "dense/kernel"}"#;
        assert_eq!(rename("a.q.weight", map).unwrap(), "x.q.weight");
        assert_eq!(rename("a.b.weight", map).unwrap(), "y.weight");
        assert_eq!(rename("a.bc.weight", map).unwrap(), "x.bc.weight");
        assert_eq!(rename("a.b.c.weight", map), None);
        assert_eq!(rename("d.weight", map).unwrap(), "dense/kernel");
        assert_eq!(rename("ab", map).unwrap(), "ab");
    }

    #[test]
    fn a_beginning_can_be_added_and_taken_away() {
        assert_eq!(rename("module.fc.bias", r#"{"module": ""}"#).unwrap(), "fc.bias");
        assert_eq!(rename("fc.bias", r#"{"": "head"}"#).unwrap(), "head.fc.bias");
    }

    #[test]
    fn a_map_of_other_things_is_refused_by_its_key() {
        let error = NameMap::from_json(r#"{"a": 1}"#).unwrap_err().to_string();
        assert_eq!(error, "expected the name of a layer or weight, or null, for \"a\", got 1");
        assert!(NameMap::from_json("[]").is_err());
    }
}
