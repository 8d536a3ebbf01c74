//! The output values that an exported page can take apart: all of one filter, or a grid of them.

use dichroic::model::Model;

use super::{Export, address};
use crate::problem::Problem;

/// The filter whose values are written.
const FILTER: &str = "0";

/// Writes traces of each convolution, sharing out the room that is left.
pub(super) async fn collect(
    export: &mut Export,
    convolutions: &[String],
    input: &str,
) -> Result<(), Problem> {
    let mut thinned = 0;
    for (n, layer) in convolutions.iter().enumerate() {
        let room = export.answers.left() / (convolutions.len() - n);
        let record = export.workspace.models.get("main")?;
        let Some(sizes) = record.with(|model| output_sizes(model, layer)) else { continue };
        let middle: Vec<usize> = sizes.iter().map(|size| size.saturating_sub(1) / 2).collect();
        let before = export.answers.left();
        if !keep(export, layer, &middle, input).await? {
            thinned += 1;
            continue;
        }
        let each = (before - export.answers.left()).max(1);
        let step = step(&sizes, room / each);
        thinned += usize::from(step != Some(1));
        for at in step.map_or_else(Vec::new, |step| grid(&sizes, step)) {
            if at != middle {
                keep(export, layer, &at, input).await?;
            }
        }
    }
    if thinned > 0 {
        export.left_out.push(format!(
            "Of {thinned} of {} convolutions only some output values of the first filter can be taken apart in this file.",
            convolutions.len()
        ));
    }
    Ok(())
}

async fn keep(
    export: &mut Export,
    layer: &str,
    at: &[usize],
    input: &str,
) -> Result<bool, Problem> {
    let at: Vec<String> = at.iter().map(ToString::to_string).collect();
    let at = at.join(",");
    let parameters = [("layer", layer), ("filter", FILTER), ("at", at.as_str()), ("input", input)];
    export.answers.keep_if_it_fits(&address("trace", &parameters)).await
}

/// The sizes of the layer's output along its spatial axes; `None` where one is open.
fn output_sizes(model: &Model, path: &str) -> Option<Vec<usize>> {
    let layer = model.get_layer(path).ok()?;
    let (kind, inputs) = layer.layer().zip(layer.built_for())?;
    let output = kind.output_shape(inputs).ok()?;
    output.spatial().iter().copied().collect()
}

/// The distance between positions, equal along all axes, at which no more than `most` remain; `None` if not even one may.
fn step(sizes: &[usize], most: usize) -> Option<usize> {
    let longest = sizes.iter().copied().max().unwrap_or(1).max(1);
    let count = |step: usize| {
        sizes.iter().try_fold(1usize, |count, size| count.checked_mul(size.div_ceil(step)))
    };
    (1..=longest).find(|&step| count(step).is_some_and(|count| count <= most))
}

/// Every `step`-th position along each axis, the last axis running fastest.
fn grid(sizes: &[usize], step: usize) -> Vec<Vec<usize>> {
    sizes.iter().fold(vec![Vec::new()], |positions, &size| {
        let longer = |position: &Vec<usize>| {
            let position = position.clone();
            (0..size).step_by(step).map(move |at| [&position[..], &[at]].concat())
        };
        positions.iter().flat_map(longer).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_is_as_fine_as_the_room_allows() {
        assert_eq!(step(&[4, 6], 24), Some(1));
        assert_eq!(step(&[4, 6], 23), Some(2));
        assert_eq!(grid(&[4, 6], 2).len(), 6);
        assert_eq!(step(&[4, 6], 1), Some(6));
        assert_eq!(step(&[4, 6], 0), None);
        assert_eq!(grid(&[2, 3], 2), [vec![0, 0], vec![0, 2]]);
    }
}
