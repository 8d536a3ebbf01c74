//! Exported files read back: the model that comes back predicts the same.

use dichroic::Tensor;
use dichroic_formats::onnx::{ImportedOnnx, OnnxOptions, Port, read_onnx, write_onnx};

use super::cases::{Case, cases};
use super::folder;

/// Sums in another order, on both sides in f32; relative to the largest value of an output.
const BOUND: f32 = 1e-5;

/// The array with its axes permuted: axis `i` of the result is axis `axes[i]` of what came.
fn permuted(tensor: &Tensor, axes: &[usize]) -> Tensor {
    let shape = tensor.shape();
    let sizes: Vec<usize> = axes.iter().map(|&axis| shape[axis]).collect();
    let mut values = vec![0.0; tensor.data().len()];
    for (place, value) in values.iter_mut().enumerate() {
        let mut rest = place;
        let mut index = vec![0; sizes.len()];
        for axis in (0..sizes.len()).rev() {
            index[axes[axis]] = rest % sizes[axis];
            rest /= sizes[axis];
        }
        let from = index.iter().zip(shape).fold(0, |from, (&i, &size)| from * size + i);
        *value = tensor.data()[from];
    }
    Tensor::new(sizes, values).expect("the same values")
}

/// From the array as the file has it to the one that the model takes.
fn into_model(tensor: &Tensor, port: &Port) -> Tensor {
    permuted(tensor, &port.order)
}

/// From the array that the model gives to the one that the file has.
fn out_of_model(tensor: &Tensor, port: &Port) -> Tensor {
    let mut back = vec![0; port.order.len()];
    for (place, &axis) in port.order.iter().enumerate() {
        back[axis] = place;
    }
    permuted(tensor, &back)
}

/// Channels second, as the file has them if it is asked to.
fn outside(case: &Case, tensor: &Tensor) -> Tensor {
    let rank = tensor.shape().len();
    let first = case.options.images == dichroic_formats::onnx::Images::ChannelsFirst;
    if !first || rank < 3 {
        return tensor.clone();
    }
    let axes: Vec<usize> = [0, rank - 1].into_iter().chain(1..rank - 1).collect();
    permuted(tensor, &axes)
}

/// What keeps a case from coming back as it was.
fn difference(case: &Case) -> Result<(), String> {
    let folder = folder(&format!("back-{}", case.name));
    let path = folder.join("model.onnx");
    write_onnx(&path, &case.model, &case.options).map_err(|error| error.to_string())?;
    let read = read_onnx(&path, &OnnxOptions::default());
    let _ = std::fs::remove_dir_all(&folder);
    let ImportedOnnx { model, inputs, outputs } = read.map_err(|error| error.to_string())?;
    let expected = case.model.predict(&case.inputs).map_err(|error| error.to_string())?;
    let given = case.inputs.iter().zip(&inputs);
    let given: Vec<Tensor> =
        given.map(|(tensor, port)| into_model(&outside(case, tensor), port)).collect();
    let items = given.first().map_or(1, |tensor| tensor.shape()[0]);
    let got = model.predict_in_batches(&given, items).map_err(|error| error.to_string())?;
    for ((expected, got), port) in expected.iter().zip(&got).zip(&outputs) {
        let (expected, got) = (outside(case, expected), out_of_model(got, port));
        if expected.shape() != got.shape() {
            return Err(format!("expected {:?}, got {:?}", expected.shape(), got.shape()));
        }
        let finite = expected.data().iter().filter(|value| value.is_finite());
        let largest = finite.fold(1e-30f32, |largest, value| largest.max(value.abs()));
        for (&expected, &got) in expected.data().iter().zip(got.data()) {
            let equal = expected == got || (expected.is_nan() && got.is_nan());
            let difference = (expected - got).abs();
            if !equal && (difference.is_nan() || difference > BOUND * largest) {
                return Err(format!("expected {expected}, got {got}"));
            }
        }
    }
    Ok(())
}

#[test]
fn layers_come_back_from_onnx_with_the_same_predictions() {
    // Another operator set or order outside changes the file alone, which ONNX Runtime judges.
    let mut cases = cases(false);
    cases.retain(|case| case.options == Default::default());
    let differ: Vec<String> = cases
        .iter()
        .filter_map(|case| difference(case).err().map(|error| format!("{}: {error}", case.name)))
        .collect();
    let count = cases.len();
    assert!(differ.is_empty(), "{} of {count} cases:\n{}", differ.len(), differ.join("\n"));
}
