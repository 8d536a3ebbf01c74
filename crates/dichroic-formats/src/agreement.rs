//! Whether two models give the same: both run on the same random inputs.

use dichroic::Tensor;
use dichroic::model::{Model, ModelError};
use dichroic_graph::kernels::rng::Stream;

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

impl Agreement {
    /// Runs both models on the same values, drawn from the normal distribution by a seed.
    ///
    /// An open batch has two items; an axis that is open otherwise gets a size that both models take.
    ///
    /// # Errors
    /// When a model can't run, or the models differ in the number or the shapes of inputs or outputs.
    pub fn of(first: &Model, second: &Model, seed: u64) -> Result<Self, ModelError> {
        let mut tried = None;
        for size in SIZES {
            let inputs = random_inputs(first, size, seed)?;
            match Self::on(first, second, &inputs) {
                Ok(agreement) => return Ok(agreement),
                Err(error) => tried = Some(error),
            }
            // Without open axes another size changes nothing.
            if !has_open_axes(first) {
                break;
            }
        }
        Err(tried.expect("there is a size to try"))
    }

    /// Runs both models on these inputs.
    ///
    /// # Errors
    /// As [`Agreement::of`].
    pub fn on(first: &Model, second: &Model, inputs: &[Tensor]) -> Result<Self, ModelError> {
        let items = inputs.first().and_then(|input| input.shape().first().copied()).unwrap_or(1);
        let expected = first.predict_in_batches(inputs, items)?;
        let got = second.predict_in_batches(inputs, items)?;
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
        let outputs = first.output_names().into_iter().zip(expected.iter().zip(&got));
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

fn has_open_axes(model: &Model) -> bool {
    model.inputs().iter().any(|input| input.shape().axes().iter().skip(1).any(Option::is_none))
}

fn random_inputs(model: &Model, size: usize, seed: u64) -> Result<Vec<Tensor>, ModelError> {
    let inputs = model.inputs().iter().enumerate();
    inputs
        .map(|(position, input)| {
            let axes = input.shape().axes().iter().enumerate();
            let shape: Vec<usize> = axes
                .map(|(axis, known)| known.unwrap_or(if axis == 0 { BATCH } else { size }))
                .collect();
            let mut values = vec![0.0; shape.iter().product()];
            Stream { seed, step: 0, op: position as u32 }.fill_normal(0, &mut values);
            Ok(Tensor::new(shape, values)?)
        })
        .collect()
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

    #[test]
    fn a_model_agrees_with_itself_to_the_last_bit() {
        let agreement = Agreement::of(&model(1), &model(1), 7).unwrap();
        assert_eq!(agreement.inputs, [[2, 5, 5, 2]]);
        assert_eq!(agreement.outputs[0].shape, [2, 4]);
        assert_eq!(agreement.relative(), 0.0);
        assert!(agreement.outputs[0].largest_value > 0.0);
    }

    #[test]
    fn other_weights_show() {
        assert!(Agreement::of(&model(1), &model(2), 7).unwrap().relative() > 1e-2);
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
        assert!(Agreement::of(&model(1), &other, 7).is_err());
    }
}
