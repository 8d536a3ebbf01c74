//! Maps of reasons against the same formulas on Keras's own gradients.
//!
//! The numbers and the script that made them are in `tests/golden` of the workspace.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;

use dichroic::Tensor;
use dichroic::data::npy::NpyArray;
use dichroic::data::{Limits, npz};
use dichroic::explain::{Attribution, AttributionRequest, FeatureMaps, LayerValues, Method};
use dichroic::model::Model;

struct Golden {
    model: Model,
    arrays: BTreeMap<String, NpyArray>,
}

impl Golden {
    fn read() -> Self {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden");
        let arrays = npz::read_npz(&folder.join("attribution.npz"), &Limits::default()).unwrap();
        let text = std::fs::read_to_string(folder.join("attribution.json")).unwrap();
        let model = Model::from_config(&serde_json::from_str(&text).unwrap()).unwrap();
        let mut golden = Self { model, arrays: arrays.into_iter().collect() };
        let weights = golden.model.weights().iter();
        let weights = weights.map(|weight| golden.tensor(&format!("weight/{}", weight.path)));
        let weights = weights.collect();
        golden.model.set_parameters(weights).unwrap();
        golden
    }

    fn tensor(&self, name: &str) -> Tensor {
        self.arrays[name].clone().into_tensor().unwrap()
    }

    fn asked(&self, method: Method) -> Attribution {
        let mut request = AttributionRequest::new(method);
        (request.class, request.steps) = (Some(2), 16);
        let picture = [self.tensor("image")];
        Attribution::of(&self.model, &picture, &request, &mut |_| ControlFlow::Continue(()))
            .unwrap()
    }
}

fn near(what: &str, got: &[f32], expected: &Tensor) {
    assert_eq!(got.len(), expected.len(), "{what}");
    let largest = expected.data().iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
    assert!(largest > 1e-3, "{what}: nothing to compare");
    for (place, (got, expected)) in got.iter().zip(expected.data()).enumerate() {
        let apart = (got - expected).abs();
        assert!(apart <= 1e-4 * expected.abs().max(1.0), "{what}[{place}]: {got} {expected}");
    }
}

#[test]
fn class_activation_maps_are_those_of_keras() {
    let golden = Golden::read();
    for method in [Method::GradCam, Method::GradCamPlusPlus] {
        let found = golden.asked(method);
        assert_eq!(found.layer.as_deref(), Some("last"));
        near(method.name(), found.grid.unwrap().data(), &golden.tensor(method.name()));
        assert!((found.score - golden.tensor("output").data()[2]).abs() < 1e-5);
    }
}

#[test]
fn gradients_by_the_picture_are_those_of_keras() {
    let golden = Golden::read();
    for method in [Method::Saliency, Method::IntegratedGradients] {
        let found = golden.asked(method);
        assert_eq!(found.map.shape(), [12, 10]);
        near(method.name(), found.map.data(), &golden.tensor(method.name()));
    }
}

#[test]
fn maps_and_scores_are_those_of_keras() {
    let golden = Golden::read();
    let values = LayerValues::of(&golden.model, &[golden.tensor("image")]).unwrap();
    near("maps", values.output("last").unwrap().data(), &golden.tensor("maps"));
    near("scores", values.output("scores").unwrap().data(), &golden.tensor("scores"));
    let maps = FeatureMaps::of_values(&values);
    let output = golden.tensor("output");
    for score in &maps.outputs[0].scores {
        assert!((score.score - output.data()[score.index]).abs() < 1e-5);
    }
}
