//! Brings the layers of a file and of a model together.

use dichroic::model::Model;
use dichroic_graph::kernels::tensor::Tensor;

use super::convert::{AxisOrder, Conversion};
use super::order::{Place, may_be};
use super::saved::{SavedLayer, SavedWeights};
use crate::error::{Located, Problem};

/// How the layers of a file of weights find those of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matching {
    /// Layers of the same name; others, in the file and in the model, are left as they are.
    ByName,
    /// The first with the first, counting only layers with weights. Their number must be the same.
    ByTopology,
}

/// What became of the layers when weights were read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matched {
    /// Layers of the model that got their weights from the file.
    pub loaded: Vec<String>,
    /// Layers of the model that kept their weights.
    pub kept: Vec<String>,
    /// Layers of the file that the model has no place for.
    pub unused: Vec<String>,
}

/// A layer of the file and the place in the model that it belongs to.
type Pair<'a, 'f> = (&'a SavedLayer<'f>, Place);

/// Reads the weights of a file; `None` for each weight of the model that the file doesn't hold.
pub(super) fn read(
    model: &Model,
    saved: &SavedWeights<'_>,
    matching: Matching,
) -> Result<(Vec<Option<Tensor>>, Matched), Located> {
    let (pairs, matched) = match matching {
        Matching::ByName => by_name(model, saved),
        Matching::ByTopology => (by_topology(model, saved)?, Matched::default()),
    };
    let order = axis_order(model, saved, &pairs)?;
    let mut tensors = vec![None; model.weights().len()];
    let mut loaded = Vec::with_capacity(pairs.len());
    for (layer, place) in &pairs {
        read_layer(model, saved, (layer, place), order, &mut tensors)?;
        loaded.push(place.name.clone());
    }
    Ok((tensors, Matched { loaded, ..matched }))
}

fn by_topology<'a, 'f>(
    model: &Model,
    saved: &'a SavedWeights<'f>,
) -> Result<Vec<Pair<'a, 'f>>, Located> {
    let mut places = Place::of_layers(model);
    let expected = places.len();
    if expected != saved.layers.len() {
        // Keras 1 lists the layers of models in models one by one.
        places = Place::of_leaves(model);
    }
    if places.len() != saved.layers.len() {
        let got = saved.layers.len();
        return Err(Problem::Layers { expected, got }.at(saved.path()));
    }
    Ok(saved.layers.iter().zip(places).collect())
}

fn by_name<'a, 'f>(model: &Model, saved: &'a SavedWeights<'f>) -> (Vec<Pair<'a, 'f>>, Matched) {
    let mut pairs: Vec<Pair<'a, 'f>> = Vec::new();
    let mut matched = Matched::default();
    // A layer inside another model is looked for where the model itself has none of that name.
    let mut places = Place::of_layers(model);
    let inside = Place::of_leaves(model);
    let outside: Vec<String> = places.iter().map(|place| place.name.clone()).collect();
    places.extend(inside.into_iter().filter(|place| !outside.contains(&place.name)));
    for layer in &saved.layers {
        match places.iter().position(|place| place.name == layer.name) {
            Some(found) => pairs.push((layer, places.swap_remove(found))),
            None => matched.unused.push(layer.name.clone()),
        }
    }
    let loaded: Vec<usize> =
        pairs.iter().flat_map(|(_, place)| place.orders[0].iter().copied()).collect();
    let kept = Place::of_layers(model).into_iter();
    let kept = kept.filter(|place| place.orders[0].iter().any(|index| !loaded.contains(index)));
    matched.kept = kept.map(|place| place.name).collect();
    (pairs, matched)
}

/// The order of axes in all kernels of the file: Theano's as soon as one kernel fits no other.
fn axis_order(
    model: &Model,
    saved: &SavedWeights<'_>,
    pairs: &[Pair<'_, '_>],
) -> Result<AxisOrder, Located> {
    if !saved.origin.keras1 {
        return Ok(AxisOrder::SidesFirst);
    }
    for (layer, place) in pairs {
        for (array, &index) in place.orders[0].iter().enumerate().take(layer.arrays.len()) {
            let weight = &model.weights()[index];
            if !weight.spec.name.ends_with("kernel") || weight.spec.shape.len() < 3 {
                continue;
            }
            let got = layer.array(array)?.shape()?;
            let fits = |order| {
                let conversion = Conversion::of(model, weight, saved.origin, order);
                conversion.is_ok_and(|conversion| same(&conversion.stored, &got))
            };
            if fits(AxisOrder::FiltersFirst) && !fits(AxisOrder::SidesFirst) {
                return Ok(AxisOrder::FiltersFirst);
            }
        }
    }
    Ok(AxisOrder::SidesFirst)
}

fn read_layer(
    model: &Model,
    saved: &SavedWeights<'_>,
    (layer, place): (&SavedLayer<'_>, &Place),
    order: AxisOrder,
    tensors: &mut [Option<Tensor>],
) -> Result<(), Located> {
    let (expected, got) = (place.orders[0].len(), layer.arrays.len());
    if expected != got {
        return Err(Problem::Variables { expected, got }.at(layer.path()).inside(&place.name));
    }
    let conversions = |indices: &[usize]| -> Result<Vec<Conversion>, Problem> {
        let weight = |index: &usize| &model.weights()[*index];
        indices
            .iter()
            .map(|index| Conversion::of(model, weight(index), saved.origin, order))
            .collect()
    };
    let shapes: Vec<Vec<u64>> =
        (0..got).map(|array| layer.array(array)?.shape()).collect::<Result<_, _>>()?;
    let agrees = |indices: &[usize]| -> Result<bool, Problem> {
        let mut named = indices.iter().zip(&layer.arrays);
        let named = named.all(|(&index, array)| may_be(array, &model.weights()[index]));
        let shaped = conversions(indices)?;
        Ok(named
            && shaped.iter().zip(&shapes).all(|(conversion, got)| same(&conversion.stored, got)))
    };
    let located = |problem: Problem| problem.at(layer.path());
    let mut chosen = &place.orders[0];
    for indices in &place.orders {
        if agrees(indices).map_err(located)? {
            chosen = indices;
            break;
        }
    }
    for (array, (&index, conversion)) in
        chosen.iter().zip(conversions(chosen).map_err(located)?).enumerate()
    {
        let weight = &model.weights()[index];
        let inside = |error: Located| error.inside(&format!("weight {:?}", weight.path));
        let array = layer.array(array)?;
        let stored = array.tensor(&conversion.stored).map_err(inside)?;
        let tensor = conversion.apply(stored, &weight.spec.shape);
        tensors[index] = Some(tensor.map_err(|problem| inside(problem.at(array.place())))?);
    }
    Ok(())
}

fn same(expected: &[usize], got: &[u64]) -> bool {
    expected.len() == got.len()
        && expected.iter().zip(got).all(|(&expected, &got)| expected as u64 == got)
}
