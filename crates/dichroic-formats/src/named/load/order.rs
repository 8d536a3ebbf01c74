//! The first array for the first weight: for files whose names say nothing.

use std::collections::HashMap;

use dichroic::model::Model;

use super::super::NamedArrays;
use super::names::{Known, split};
use super::{Plan, is_count_of_batches};
use crate::error::{Located, Problem};

/// Pairs modules and layers by order, and inside of them by name where the names are known.
pub(super) fn plan(model: &Model, arrays: &NamedArrays) -> Result<Plan, Located> {
    let (ignored, taken): (Vec<usize>, Vec<usize>) =
        (0..arrays.len()).partition(|&index| is_count_of_batches(&arrays.arrays()[index]));
    if taken.len() != model.weights().len() {
        let expected = format!("{} arrays, one for each weight", model.weights().len());
        return Err(Problem::malformed(expected, format!("{} arrays", taken.len())).into());
    }
    let name = |index: usize| arrays.arrays()[index].name();
    let modules = grouped(&taken, |index| split(name(index)).0);
    let weights: Vec<usize> = (0..model.weights().len()).collect();
    let layers = grouped(&weights, |index| split(&model.weights()[index].path).0);
    let sizes = |groups: &[Vec<usize>]| groups.iter().map(Vec::len).collect::<Vec<_>>();
    if sizes(&modules) != sizes(&layers) {
        return Ok(Plan {
            arrays_of: taken.into_iter().map(|array| vec![array]).collect(),
            ignored,
        });
    }
    let known = Known::of(model);
    let mut arrays_of = vec![Vec::new(); weights.len()];
    for (module, layer) in modules.iter().zip(&layers) {
        let by_name = |weight: usize| {
            module.iter().copied().find(|&array| known.is_called(weight, split(name(array)).1))
        };
        let named: Option<Vec<usize>> = layer.iter().map(|&weight| by_name(weight)).collect();
        for (&weight, array) in layer.iter().zip(named.unwrap_or_else(|| module.clone())) {
            arrays_of[weight] = vec![array];
        }
    }
    Ok(Plan { arrays_of, ignored })
}

/// The items of each group, groups in the order in which they first come.
fn grouped<'a>(items: &[usize], group: impl Fn(usize) -> &'a str) -> Vec<Vec<usize>> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for &item in items {
        let place = *places.entry(group(item)).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Vec::new());
        }
        groups[place].push(item);
    }
    groups
}
