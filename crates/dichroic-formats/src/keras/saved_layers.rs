//! Reads the weights of layers from the layout of `model.weights.h5`.

use std::collections::{HashMap, VecDeque};

use dichroic::model::Model;
use dichroic_graph::kernels::tensor::Tensor;

use super::layout::{Layout, Numbering, Place};
use crate::error::{Located, Problem};
use crate::hdf5::{Matched, Matching};
use crate::weights::{Variables, WeightsReader};

/// How deep models may lie in each other.
const MOST_NESTED: usize = 64;

/// What was read: a value or none for each weight of the model, and what became of the layers.
type Read = (Vec<Option<Tensor>>, Matched);

/// Reads the weights that the file has for a model; `None` if the file has another layout.
pub(crate) fn read(
    model: &Model,
    weights: &WeightsReader,
    matching: Matching,
) -> Result<Option<Read>, Located> {
    let mut known = Vec::new();
    for numbering in Numbering::ALL {
        if !weights.children(numbering.container())?.is_empty() {
            known.push(numbering);
        }
    }
    let Some(&likeliest) = known.first() else { return Ok(None) };
    match matching {
        Matching::ByName => by_name(model, weights, likeliest).map(Some),
        Matching::ByTopology => by_topology(model, weights, &known).map(Some),
    }
}

/// Reads by the numbers of layers, in the first numbering that explains every group of the file.
fn by_topology(
    model: &Model,
    weights: &WeightsReader,
    known: &[Numbering],
) -> Result<Read, Located> {
    let mut first = None;
    for &numbering in known {
        let layout = Layout::numbered(model, numbering);
        match check_groups(&layout, weights) {
            Ok(()) => {
                let mut tensors = vec![None; model.weights().len()];
                for place in &layout.places {
                    read_place(model, place, &weights.variables(&place.path)?, &mut tensors)?;
                }
                let loaded = with_weights(&layout).map(|place| layer_name(model, place)).collect();
                return Ok((tensors, Matched { loaded, ..Matched::default() }));
            }
            Err(error) => first = first.or(Some(error)),
        }
    }
    Err(first.expect("there is at least one numbering, and it has failed"))
}

/// Refuses groups that no layer of the model takes.
fn check_groups(layout: &Layout, weights: &WeightsReader) -> Result<(), Located> {
    for container in &layout.containers {
        for child in weights.children(&container.path)? {
            if !container.names.contains(&child) {
                let what = format!("group {child:?}");
                return Err(Problem::Unexpected { what }.at(&container.path));
            }
        }
    }
    Ok(())
}

/// Reads by the names that layers had when they were saved.
fn by_name(model: &Model, weights: &WeightsReader, numbering: Numbering) -> Result<Read, Located> {
    let mut found = HashMap::new();
    gather(weights, numbering.container(), numbering, &mut found)?;
    if found.is_empty() {
        return Err(Problem::Unsupported {
            what: "finding layers by name in a file that doesn't name them".into(),
            fix: "read it by topology".into(),
        }
        .into());
    }
    let mut tensors = vec![None; model.weights().len()];
    let mut matched = Matched::default();
    for place in with_weights(&Layout::of(model)) {
        let name = layer_name(model, place);
        match found.remove(&name) {
            Some(path) => {
                read_place(model, place, &weights.variables(&path)?, &mut tensors)?;
                matched.loaded.push(name);
            }
            None => matched.kept.push(name),
        }
    }
    matched.unused = found.into_keys().collect();
    matched.unused.sort();
    Ok((tensors, matched))
}

/// The groups with variables, by the names of their layers; the outermost of a name.
fn gather(
    weights: &WeightsReader,
    container: &str,
    numbering: Numbering,
    found: &mut HashMap<String, String>,
) -> Result<(), Located> {
    let mut left = VecDeque::from([(container.to_owned(), 0)]);
    while let Some((container, depth)) = left.pop_front() {
        for child in weights.children(&container)? {
            let path = format!("{container}/{child}");
            let variables = weights.variables(&path)?;
            // A recurrent layer keeps its weights in a cell.
            let cell = format!("{path}/cell");
            let place = match variables.len() > 0 {
                true => Some(path.clone()),
                false => (weights.variables(&cell)?.len() > 0).then_some(cell),
            };
            if let (Some(place), Some(name)) = (place, variables.name()?) {
                found.entry(name).or_insert(place);
            }
            if depth < MOST_NESTED {
                left.push_back((format!("{path}/{}", numbering.container()), depth + 1));
            }
        }
    }
    Ok(())
}

fn with_weights(layout: &Layout) -> impl Iterator<Item = &Place> {
    layout.places.iter().filter(|place| !place.weights.is_empty())
}

/// The name of the layer that a place's weights belong to.
fn layer_name(model: &Model, place: &Place) -> String {
    let first = place.weights.first().and_then(|&index| model.weights().get(index));
    first.map_or_else(|| place.name.clone(), |weight| weight.layer.name())
}

fn read_place(
    model: &Model,
    place: &Place,
    variables: &Variables<'_>,
    tensors: &mut [Option<Tensor>],
) -> Result<(), Located> {
    variables.expect(place.weights.len())?;
    for (position, &index) in place.weights.iter().enumerate() {
        tensors[index] = Some(variables.tensor(position, &model.weights()[index].spec.shape)?);
    }
    Ok(())
}
