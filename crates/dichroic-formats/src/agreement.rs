//! Whether two models give the same: both run on the same random inputs.

use dichroic::Tensor;
use dichroic::model::{Model, ModelError, Symbol};
use dichroic_graph::kernels::rng::Stream;

use crate::onnx::Port;

/// The sizes tried for an axis that is open, until both models take one.
const SIZES: [usize; 5] = [32, 64, 96, 128, 224];
/// Items in a batch that is open.
const BATCH: usize = 2;

/// How far the outputs of two models lie apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Agreement {
    /// The shapes of the random inputs, batch first.
    pub inputs: Vec<Vec<usize>>,
    /// One entry for each output, in order.
    pub outputs: Vec<OutputAgreement>,
}

/// How far one output of two models lies apart.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputAgreement {
    /// The output's name in the first model.
    pub name: String,
    /// Its shape, batch first.
    pub shape: Vec<usize>,
    /// The largest distance between two values at the same place.
    pub largest_difference: f32,
    /// The largest absolute value that the first model gave.
    pub largest_value: f32,
}

/// A model with the order in which data lie outside of it.
///
/// An order says for each axis of the model's array which axis it is outside: `[0, 2, 3, 1]` for pictures that are
/// `(batch, channels, height, width)` there.
#[derive(Clone, Debug)]
pub struct Side<'a> {
    /// The model.
    pub model: &'a Model,
    /// The order of each input.
    pub inputs: Vec<Vec<usize>>,
    /// The order of each output.
    pub outputs: Vec<Vec<usize>>,
}

impl<'a> Side<'a> {
    /// A model whose data lie outside as they do inside.
    pub fn plain(model: &'a Model) -> Self {
        Self::with(model, |rank| (0..rank).collect())
    }

    /// A model whose data of rank 3 and more have their channels behind the batch outside.
    pub fn channels_first(model: &'a Model) -> Self {
        Self::with(model, |rank| match rank {
            0..=2 => (0..rank).collect(),
            _ => std::iter::once(0).chain(2..rank).chain([1]).collect(),
        })
    }

    /// A model from an ONNX file, whose data lie outside as in the file.
    pub fn imported(model: &'a Model, inputs: &[Port], outputs: &[Port]) -> Self {
        let orders = |ports: &[Port]| ports.iter().map(|port| port.order.clone()).collect();
        Self { model, inputs: orders(inputs), outputs: orders(outputs) }
    }

    fn with(model: &'a Model, order: impl Fn(usize) -> Vec<usize>) -> Self {
        let orders = |symbols: &[Symbol]| {
            symbols.iter().map(|symbol| order(symbol.shape().rank())).collect()
        };
        Self { model, inputs: orders(model.inputs()), outputs: orders(model.outputs()) }
    }

    /// The outputs for inputs, all as they lie outside.
    fn run(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>, ModelError> {
        let inside: Vec<Tensor> =
            inputs.iter().zip(&self.inputs).map(|(input, order)| arranged(input, order)).collect();
        let items = inside.first().and_then(|input| input.shape().first().copied()).unwrap_or(1);
        let outputs = self.model.predict_in_batches(&inside, items)?;
        let outside = |(output, order): (&Tensor, &Vec<usize>)| arranged(output, &inverse(order));
        Ok(outputs.iter().zip(&self.outputs).map(outside).collect())
    }

    fn has_open_axes(&self) -> bool {
        let inputs = self.model.inputs().iter();
        inputs
            .map(|input| input.shape().axes())
            .any(|axes| axes.iter().skip(1).any(Option::is_none))
    }

    /// Values from the normal distribution for each input, as they lie outside.
    fn random_inputs(&self, size: usize, seed: u64) -> Result<Vec<Tensor>, ModelError> {
        let inputs = self.model.inputs().iter().zip(&self.inputs).enumerate();
        inputs
            .map(|(position, (input, order))| {
                let axes = input.shape().axes().iter().enumerate();
                let shape: Vec<usize> = axes
                    .map(|(axis, known)| known.unwrap_or(if axis == 0 { BATCH } else { size }))
                    .collect();
                let shape: Vec<usize> =
                    inverse(order).into_iter().map(|place| shape[place]).collect();
                let mut values = vec![0.0; shape.iter().product()];
                Stream { seed, step: 0, op: position as u32 }.fill_normal(0, &mut values);
                Ok(Tensor::new(shape, values)?)
            })
            .collect()
    }
}

impl Agreement {
    /// Runs both models on the same values, drawn from the normal distribution by a seed.
    ///
    /// An open batch has two items; an axis that is open otherwise gets a size that both models take.
    ///
    /// # Errors
    /// When a model can't run, or the models differ in the number or the shapes of inputs or outputs.
    pub fn of(first: &Side<'_>, second: &Side<'_>, seed: u64) -> Result<Self, ModelError> {
        let mut tried = None;
        for size in SIZES {
            let inputs = first.random_inputs(size, seed)?;
            match Self::on(first, second, &inputs) {
                Ok(agreement) => return Ok(agreement),
                Err(error) => tried = Some(error),
            }
            // Without open axes another size changes nothing.
            if !first.has_open_axes() {
                break;
            }
        }
        Err(tried.expect("there is a size to try"))
    }

    fn on(first: &Side<'_>, second: &Side<'_>, inputs: &[Tensor]) -> Result<Self, ModelError> {
        let expected = first.run(inputs)?;
        let got = second.run(inputs)?;
        let shapes = |outputs: &[Tensor]| -> Vec<Vec<usize>> {
            outputs.iter().map(|output| output.shape().to_vec()).collect()
        };
        if shapes(&expected) != shapes(&got) {
            return Err(ModelError::Data {
                input: "outputs".to_owned(),
                expected: format!("{:?}", shapes(&expected)),
                got: format!("{:?}", shapes(&got)),
            });
        }
        let outputs = first.model.output_names().into_iter().zip(expected.iter().zip(&got));
        Ok(Self {
            inputs: shapes(inputs),
            outputs: outputs
                .map(|(name, (expected, got))| of_output(name, expected, got))
                .collect(),
        })
    }

    /// The largest difference of all outputs, each as a share of the output's largest value.
    pub fn relative(&self) -> f32 {
        self.outputs.iter().map(OutputAgreement::relative).fold(0.0, f32::max)
    }
}

impl OutputAgreement {
    /// The largest difference as a share of the largest value, and as it is below 1.
    ///
    /// Infinite where only one of the models gave a number.
    pub fn relative(&self) -> f32 {
        if self.largest_difference.is_nan() {
            return f32::INFINITY;
        }
        self.largest_difference / self.largest_value.max(1.0)
    }
}

fn of_output(name: String, expected: &Tensor, got: &Tensor) -> OutputAgreement {
    let mut largest_difference = 0.0f32;
    let mut largest_value = 0.0f32;
    for (&expected, &got) in expected.data().iter().zip(got.data()) {
        let equal = expected == got || (expected.is_nan() && got.is_nan());
        let difference = if equal { 0.0 } else { (expected - got).abs() };
        // `max` would drop a NaN, which must be seen.
        if difference.is_nan() || difference > largest_difference {
            largest_difference = difference;
        }
        if expected.is_finite() {
            largest_value = largest_value.max(expected.abs());
        }
        if largest_difference.is_nan() {
            break;
        }
    }
    OutputAgreement { name, shape: expected.shape().to_vec(), largest_difference, largest_value }
}

/// The axes in another order: axis `i` of the result is axis `order[i]` of the tensor.
fn arranged(tensor: &Tensor, order: &[usize]) -> Tensor {
    if order.iter().copied().eq(0..tensor.rank()) {
        return tensor.clone();
    }
    let from = tensor.shape();
    let mut steps = vec![1; from.len()];
    for axis in (1..from.len()).rev() {
        steps[axis - 1] = steps[axis] * from[axis];
    }
    let shape: Vec<usize> = order.iter().map(|&axis| from[axis]).collect();
    let mut index = vec![0; shape.len()];
    let mut values = Vec::with_capacity(tensor.len());
    while values.len() < tensor.len() {
        let place: usize = index.iter().zip(order).map(|(&i, &axis)| i * steps[axis]).sum();
        values.push(tensor.data()[place]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            if index[axis] < shape[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
    Tensor::new(shape, values).expect("another order of the axes has the same number of places")
}

fn inverse(order: &[usize]) -> Vec<usize> {
    let mut inverse = vec![0; order.len()];
    for (place, &axis) in order.iter().enumerate() {
        inverse[axis] = place;
    }
    inverse
}

#[cfg(test)]
mod tests {
    use super::*;
    use dichroic::layers::{Conv2D, Dense, Flatten};
    use dichroic::model::{Input, Sequential};

    fn model(seed: u64) -> Model {
        let layers = Sequential::new()
            .add(Input::new(&[5, 5, 2]))
            .add(Conv2D::new(3, 3))
            .add(Flatten::new())
            .add(Dense::new(4));
        let mut model = layers.finish().unwrap();
        model.build(seed).unwrap();
        model
    }

    fn between(first: &Model, second: &Model) -> Result<Agreement, ModelError> {
        Agreement::of(&Side::plain(first), &Side::plain(second), 7)
    }

    #[test]
    fn axes_change_places_and_come_back() {
        let tensor = Tensor::new(vec![1, 2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
        let order = [2, 0, 1];
        let other = arranged(&tensor, &order);
        assert_eq!(other.shape(), [3, 1, 2]);
        assert_eq!(other.data(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        assert_eq!(arranged(&other, &inverse(&order)), tensor);
    }

    #[test]
    fn data_in_another_order_outside_are_the_same_inside() {
        let (first, second) = (model(1), model(1));
        let inputs = Side::channels_first(&first).random_inputs(5, 3).unwrap();
        assert_eq!(inputs[0].shape(), [2, 2, 5, 5]);
        let (first, second) = (Side::channels_first(&first), Side::channels_first(&second));
        assert_eq!(Agreement::of(&first, &second, 3).unwrap().relative(), 0.0);
    }

    #[test]
    fn a_model_agrees_with_itself_to_the_last_bit() {
        let agreement = between(&model(1), &model(1)).unwrap();
        assert_eq!(agreement.inputs, [[2, 5, 5, 2]]);
        assert_eq!(agreement.outputs[0].shape, [2, 4]);
        assert_eq!(agreement.relative(), 0.0);
        assert!(agreement.outputs[0].largest_value > 0.0);
    }

    #[test]
    fn other_weights_show() {
        assert!(between(&model(1), &model(2)).unwrap().relative() > 1e-2);
    }

    #[test]
    fn a_number_against_none_is_infinitely_far() {
        let tensor = |value: f32| Tensor::new(vec![1, 2], vec![1.0, value]).unwrap();
        let relative = |a: f32, b: f32| of_output("y".into(), &tensor(a), &tensor(b)).relative();
        assert_eq!(relative(2.0, f32::NAN), f32::INFINITY);
        assert_eq!(relative(f32::NAN, f32::NAN), 0.0);
        assert_eq!(relative(f32::INFINITY, f32::INFINITY), 0.0);
        assert_eq!(relative(2.0, 2.5), 0.25);
    }

    #[test]
    fn models_with_other_outputs_are_not_compared() {
        let layers = Sequential::new().add(Input::new(&[5, 5, 2])).add(Flatten::new());
        let other = layers.finish().unwrap();
        assert!(between(&model(1), &other).is_err());
    }
}
