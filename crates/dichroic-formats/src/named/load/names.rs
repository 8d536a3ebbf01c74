//! Which weight an array's name means.

use std::collections::HashMap;

use dichroic::model::{Model, Weight};
use dichroic::names::closest;

use super::super::{Convention, NamedArray, NamedArrays};
use super::map::{Target, renamed};
use super::{Plan, is_count_of_batches, recurrent};
use crate::error::{Located, Problem, Unmatched};

/// The module or layer that a name begins with, and the array's own name in it.
pub(in crate::named) fn split(name: &str) -> (&str, &str) {
    let name = name.strip_suffix(":0").unwrap_or(name);
    name.rsplit_once(['.', '/']).unwrap_or(("", name))
}

/// PyTorch's name for a weight of ours; the same name for those that it has no word for.
fn in_pytorch(weight: &str) -> &str {
    match weight {
        "kernel" | "gamma" | "alpha" => "weight",
        "bias" | "beta" => "bias",
        "moving_mean" => "running_mean",
        "moving_variance" => "running_var",
        other => other,
    }
}

/// Layers and modules are told apart by names in which all separators are alike.
fn alike(path: &str) -> String {
    path.replace(['.', '/'], "_")
}

/// A model's weights by the names that may mean them.
pub(super) struct Known<'a> {
    weights: &'a [Weight],
    by_path: HashMap<&'a str, usize>,
    /// The weights of the layer with this name.
    by_layer: HashMap<String, Vec<usize>>,
}

impl<'a> Known<'a> {
    pub fn of(model: &'a Model) -> Self {
        let weights = model.weights();
        let by_path = weights.iter().map(|weight| weight.path.as_str()).zip(0..).collect();
        let mut by_layer: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, weight) in weights.iter().enumerate() {
            by_layer.entry(alike(split(&weight.path).0)).or_default().push(index);
        }
        Self { weights, by_path, by_layer }
    }

    /// The weight that a name means, and which of the arrays it is that make the weight.
    fn find(&self, name: &str) -> Option<(usize, usize)> {
        let name = name.strip_suffix(":0").unwrap_or(name);
        if let Some(&index) = self.by_path.get(name) {
            return Some((index, 0));
        }
        let (module, own) = split(name);
        let module = alike(module);
        let of_layer = |layer: &str| self.by_layer.get(layer).into_iter().flatten().copied();
        if let Some(index) = of_layer(&module).find(|&index| self.is_called(index, own)) {
            return Some((index, 0));
        }
        let role = recurrent::role(own)?;
        let numbered = format!("{module}_l{}", role.layer);
        let first = if role.layer == "0" { module.as_str() } else { &numbered };
        let mut places = of_layer(first).chain(of_layer(&numbered));
        places.find(|&index| role.is(&self.weights[index])).map(|index| (index, role.part))
    }

    /// Whether an array's own name means this weight of its layer.
    pub fn is_called(&self, index: usize, own: &str) -> bool {
        let weight = self.weights[index].spec.name;
        weight == own || in_pytorch(weight) == own
    }
}

/// Pairs arrays and weights by name.
pub(super) fn plan(
    model: &Model,
    arrays: &NamedArrays,
    entries: &[(String, Target)],
) -> Result<Plan, Located> {
    let known = Known::of(model);
    let mut arrays_of: Vec<[Option<usize>; 2]> = vec![[None; 2]; model.weights().len()];
    let (mut ignored, mut unused) = (Vec::new(), Vec::new());
    for (index, array) in arrays.arrays().iter().enumerate() {
        let Some(name) = renamed(array.name(), entries) else {
            ignored.push(index);
            continue;
        };
        match known.find(&name) {
            Some((weight, part)) => {
                if let Some(first) = arrays_of[weight][part].replace(index) {
                    let expected = format!("one array for {}", model.weights()[weight].path);
                    let got = format!("{} and {}", arrays.arrays()[first].name(), array.name());
                    return Err(Problem::malformed(expected, got).into());
                }
            }
            None if is_count_of_batches(array) => ignored.push(index),
            None => unused.push(array),
        }
    }
    let parts = |weight: &Weight| match arrays.convention() {
        Convention::Keras => 1,
        Convention::PyTorch => recurrent::parts(weight),
    };
    let all = model.weights().iter().zip(&arrays_of);
    let all = all.map(|(weight, found)| found[..parts(weight)].iter().copied().collect());
    match all.collect::<Option<Vec<Vec<usize>>>>() {
        Some(arrays_of) if unused.is_empty() => Ok(Plan { arrays_of, ignored }),
        _ => {
            let weights = model.weights().iter().zip(&arrays_of);
            let lacks = |(weight, found): &(&Weight, &[Option<usize>; 2])| {
                found[..parts(weight)].iter().any(Option::is_none)
            };
            let missing = weights.filter(lacks).map(|(weight, _)| weight);
            Err(unmatched(&missing.collect::<Vec<_>>(), &unused, arrays.convention()).into())
        }
    }
}

/// A name without a partner, as it is shown and as the file would have it.
struct Lone {
    shown: String,
    in_file: String,
    shape: Vec<usize>,
}

/// Lists what found no partner, each with the name on the other side that comes nearest.
fn unmatched(weights: &[&Weight], arrays: &[&NamedArray], convention: Convention) -> Problem {
    let of_weight = |weight: &&Weight| Lone {
        shown: weight.path.clone(),
        in_file: match convention {
            Convention::Keras => weight.path.clone(),
            Convention::PyTorch => {
                let (layer, own) = split(&weight.path);
                let recurrent = recurrent::in_pytorch(weight);
                let own = recurrent.as_deref().unwrap_or_else(|| in_pytorch(own));
                format!("{}.{own}", layer.replace('/', "."))
            }
        },
        shape: weight.spec.shape.clone(),
    };
    let of_array = |array: &&NamedArray| Lone {
        shown: array.name().to_owned(),
        in_file: array.name().to_owned(),
        shape: array.shape().to_vec(),
    };
    let weights: Vec<Lone> = weights.iter().map(of_weight).collect();
    let arrays: Vec<Lone> = arrays.iter().map(of_array).collect();
    Problem::Names { weights: beside(&weights, &arrays), arrays: beside(&arrays, &weights) }
}

/// Each name with the nearest of the others.
fn beside(names: &[Lone], others: &[Lone]) -> Vec<Unmatched> {
    /// Nearness is only looked for among so many names of so many bytes: it takes the product of all four.
    const MOST: usize = 128;
    const LONGEST: usize = 96;
    let others: Vec<&Lone> =
        others.iter().take(MOST).filter(|other| other.in_file.len() <= LONGEST).collect();
    let nearest = |name: &str| {
        let near = closest(name, others.iter().map(|other| other.in_file.as_str()))?;
        others.iter().find(|other| other.in_file == near).map(|other| other.shown.clone())
    };
    let unmatched = |(index, name): (usize, &Lone)| Unmatched {
        name: name.shown.clone(),
        shape: name.shape.clone(),
        nearest: Some(name.in_file.as_str())
            .filter(|name| index < MOST && name.len() <= LONGEST)
            .and_then(nearest),
    };
    names.iter().enumerate().map(unmatched).collect()
}
