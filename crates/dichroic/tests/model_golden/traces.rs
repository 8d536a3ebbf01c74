//! Traces of every kind of convolution, held against Keras's outputs.

use dichroic::explain::{Trace, TraceRequest};
use dichroic::layers::registry;
use dichroic::model::{Call, Input, Model};

use crate::golden::{self, Arrays};

#[test]
fn every_convolution_is_traced_to_the_value_of_keras() {
    let arrays = Arrays::read("layers.npz");
    let mut traced = 0;
    for case in golden::json("layers.json")["cases"].as_array().unwrap() {
        let (name, class_name) =
            (case["name"].as_str().unwrap(), case["class_name"].as_str().unwrap());
        if !class_name.contains("Conv") || case["training"].as_bool().unwrap() {
            continue;
        }
        let input = arrays.get(&format!("{name}/input0"));
        let layer = registry::from_config(class_name, case["config"].as_object().unwrap()).unwrap();
        let x = Input::new(&input.shape()[1..]);
        let y = layer.call(&x).unwrap();
        let mut model = Model::new(&x, &y).unwrap();
        let weights = case["weights"]
            .as_array()
            .unwrap()
            .iter()
            .map(|weight| arrays.get(&format!("{name}/{}", weight.as_str().unwrap())).clone());
        model.set_parameters(weights.collect()).unwrap();
        let output = arrays.get(&format!("{name}/output"));
        let sizes = &output.shape()[1..];
        let count: usize = sizes.iter().product();
        // Corners, edges and the middle: a step that meets them all in the small outputs of the cases.
        for index in (0..count).step_by((count / 23).max(1)) {
            let mut at = Vec::new();
            let mut left = index;
            for size in sizes.iter().rev() {
                at.insert(0, left % size);
                left /= size;
            }
            let filter = at.pop().unwrap();
            let request = TraceRequest { layer: model.layers()[1].name(), filter, at };
            let trace = Trace::of(&model, &request, std::slice::from_ref(input))
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            let expected = f64::from(output.data()[index]);
            let bound = 1e-5 * expected.abs().max(1.0);
            assert!(
                (trace.value - expected).abs() <= bound,
                "{name} at {request:?}: {} and {expected}",
                trace.value
            );
            traced += 1;
        }
    }
    assert!(traced > 1000, "{traced} values");
}
