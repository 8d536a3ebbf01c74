//! `UpSampling1D`–`3D`.

use dichroic::layers::Interpolation;
use dichroic_graph::kernels::isa::Isa;
use dichroic_graph::kernels::resize::{Interpolation as Method, ResizePlan, ResizeProblem};

use super::super::graph::{Attribute, Attributes};
use super::super::scope::{Scope, permuted};
use super::super::value::Value;
use crate::error::Problem;

/// `Resize` by whole factors; Lanczos, which ONNX has not, as a matrix for each axis.
pub(super) fn up_sampling(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.channels_first_input()?;
    let written = scope.config.contains_key("interpolation");
    let interpolation: Interpolation =
        if written { scope.argument("interpolation")? } else { Interpolation::Nearest };
    let factors = factors(scope, x.rank() - 2)?;
    let attributes = match interpolation {
        Interpolation::Nearest => nearest(),
        Interpolation::Bilinear => linear(),
        Interpolation::Bicubic => cubic(),
        Interpolation::Lanczos3 => return resampled(scope, &x, Method::Lanczos3),
        Interpolation::Lanczos5 => return resampled(scope, &x, Method::Lanczos5),
    };
    let scales: Vec<f32> =
        [1.0, 1.0].into_iter().chain(factors.iter().map(|&factor| factor as f32)).collect();
    let scales = scope.floats("scales", &[scales.len()], &scales);
    let shape = scope.output_shape()?;
    let name = scope.emit("Resize", &[&x.name, "", &scales], attributes);
    Ok(x.renamed(name).reshaped(shape))
}

/// Each cell repeated.
fn nearest() -> Attributes {
    vec![
        ("mode", Attribute::Text("nearest")),
        ("coordinate_transformation_mode", Attribute::Text("asymmetric")),
        ("nearest_mode", Attribute::Text("floor")),
    ]
}

/// Linear between the two nearest cells along each axis, as Keras places them.
pub(super) fn linear() -> Attributes {
    vec![
        ("mode", Attribute::Text("linear")),
        ("coordinate_transformation_mode", Attribute::Text("half_pixel")),
    ]
}

/// Keys's cubic through the four nearest cells along each axis, as Keras places them.
pub(super) fn cubic() -> Attributes {
    vec![
        ("mode", Attribute::Text("cubic")),
        ("coordinate_transformation_mode", Attribute::Text("half_pixel")),
        ("cubic_coeff_a", Attribute::Float(-0.5)),
        ("exclude_outside", Attribute::Int(1)),
    ]
}

/// Written as a number in 1-D, as a list else.
fn factors(scope: &Scope<'_>, rank: usize) -> Result<Vec<usize>, Problem> {
    match rank {
        1 => Ok(vec![scope.argument("size")?]),
        _ => scope.argument("size"),
    }
}

/// Pictures with channels first, resampled as Keras does by this method.
pub(super) fn resampled(
    scope: &mut Scope<'_>,
    x: &Value,
    method: Method,
) -> Result<Value, Problem> {
    by_matrices(scope, x, |from, to| matrix(method, from, to))
}

/// `H · X · Wᵀ` on pictures with channels first; `matrix` makes `H` `(output height, height)` and `W` `(output width, width)`
/// of the sizes before and after.
pub(super) fn by_matrices(
    scope: &mut Scope<'_>,
    x: &Value,
    matrix: impl Fn(usize, usize) -> Result<Vec<f32>, Problem>,
) -> Result<Value, Problem> {
    let shape = scope.output_shape()?;
    let (&[Some(height), Some(width)], &[Some(to_height), Some(to_width)]) =
        (x.shape.spatial(), shape.spatial())
    else {
        return Err(scope.unsupported("an open height or width", "give the input a fixed size"));
    };
    let rows = matrix(height, to_height)?;
    let rows = scope.floats("rows", &[to_height, height], &rows);
    let columns = permuted(&matrix(width, to_width)?, &[to_width, width], &[1, 0]);
    let columns = scope.floats("columns", &[width, to_width], &columns);
    let tall = scope.emit("MatMul", &[&rows, &x.name], Vec::new());
    let name = scope.emit("MatMul", &[&tall, &columns], Vec::new());
    Ok(x.renamed(name).reshaped(shape))
}

/// The matrix `(output, input)` of an interpolation: what it makes of the unit vectors, taken as channels.
fn matrix(method: Method, input: usize, output: usize) -> Result<Vec<f32>, Problem> {
    let problem =
        ResizeProblem { batch: 1, channels: input, input: [1, 1, input], output: [1, 1, output] };
    let plan = ResizePlan::new(method, problem, Isa::detect());
    let plan = plan.map_err(|error| Problem::malformed("sizes that can be resized", error))?;
    let mut units = vec![0.0; input * input];
    for i in 0..input {
        units[i * input + i] = 1.0;
    }
    let (mut matrix, mut scratch) = (vec![0.0; output * input], vec![0.0; plan.scratch_len()]);
    plan.run(&units, &mut matrix, &mut scratch);
    Ok(matrix)
}
