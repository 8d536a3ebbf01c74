//! Operation layers as Keras's operations.
//!
//! A functional model of Keras 3 holds operations beside layers: `keras.ops.transpose(x)` is written as class
//! `Transpose` of module `keras.src.ops.numpy`. Where one of them does what an operation layer does, the layer is
//! written so; where several in a row do, it is written as a small model of them ([`composed()`]). Keras opens either. What can be
//! said in neither way is written under our own name, which Keras refuses by that name.
//!
//! # Source
//! `keras/src/ops/numpy.py`, `math.py`, `nn.py`; `deserialize_node` in `keras/src/models/functional.py`.

mod composed;
mod read;
mod write;

pub(super) use composed::{OURS, composed};
pub(super) use read::{only_tensors, read_operation};
pub(super) use write::as_keras;

/// Where Keras's operations are: `keras.src.ops.numpy` and its neighbours.
const MODULES: &str = "keras.src.ops.";

/// Functions of one value: module, class and our word for it.
const FUNCTIONS: [(&str, &str, &str); 30] = [
    ("numpy", "Absolute", "abs"),
    ("numpy", "Negative", "negate"),
    ("numpy", "Square", "square"),
    ("numpy", "Sqrt", "sqrt"),
    ("math", "Rsqrt", "rsqrt"),
    ("numpy", "Reciprocal", "reciprocal"),
    ("numpy", "Exp", "exp"),
    ("numpy", "Log", "log"),
    ("math", "Erf", "erf"),
    ("numpy", "Sin", "sin"),
    ("numpy", "Cos", "cos"),
    ("numpy", "Tan", "tan"),
    ("numpy", "Arcsin", "asin"),
    ("numpy", "Arccos", "acos"),
    ("numpy", "Arctan", "atan"),
    ("numpy", "Sinh", "sinh"),
    ("numpy", "Cosh", "cosh"),
    ("numpy", "Tanh", "tanh"),
    ("numpy", "Arcsinh", "asinh"),
    ("numpy", "Arccosh", "acosh"),
    ("numpy", "Arctanh", "atanh"),
    ("numpy", "Floor", "floor"),
    ("numpy", "Ceil", "ceil"),
    ("numpy", "Round", "round"),
    ("numpy", "Trunc", "trunc"),
    ("numpy", "Sign", "sign"),
    ("nn", "Sigmoid", "sigmoid"),
    ("nn", "Softplus", "softplus"),
    ("nn", "Softsign", "softsign"),
    ("nn", "HardSilu", "hard_silu"),
];

/// Functions of two values: class and our word for it.
const PAIRS: [(&str, &str); 8] = [
    ("Add", "add"),
    ("Subtract", "subtract"),
    ("Multiply", "multiply"),
    ("Divide", "divide"),
    ("Power", "power"),
    ("Mod", "modulo"),
    ("Maximum", "maximum"),
    ("Minimum", "minimum"),
];

/// Reductions: class and our word for it.
const REDUCTIONS: [(&str, &str); 5] =
    [("Sum", "sum"), ("Mean", "mean"), ("Max", "max"), ("Min", "min"), ("Prod", "product")];

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::Shape;
    use crate::layers::registry;
    use crate::model::{Call, Input, LayerRef, Model, Symbol};

    fn model(class_name: &str, config: &Value, inputs: &[&[usize]]) -> Model {
        let layer = registry::from_config(class_name, config.as_object().unwrap()).unwrap();
        let inputs: Vec<Symbol> = inputs.iter().map(|shape| Input::new(shape)).collect();
        let output = LayerRef::named("operation", layer).call(inputs.clone()).unwrap();
        Model::new(inputs, output).unwrap()
    }

    /// The object of the operation as it is written.
    fn written(model: &Model) -> Value {
        let config = model.to_config();
        let layers = config["config"]["layers"].as_array().unwrap();
        layers.iter().find(|layer| layer["config"]["name"] == "operation").unwrap().clone()
    }

    #[test]
    fn operations_of_keras_are_written_and_read_back_as_the_layers_they_were() {
        let maps: &[usize] = &[4, 5, 3];
        let cases = [
            ("Transpose", json!({"axes": [0, 3, 1, 2]}), vec![maps]),
            ("ExpandDims", json!({"axes": [1]}), vec![maps]),
            ("Squeeze", json!({"axes": [1]}), vec![&[1, 5][..]]),
            ("Tile", json!({"repeats": [1, 2, 1, 1]}), vec![maps]),
            ("MatMul", json!({}), vec![&[4, 5][..], &[5, 3]]),
            ("Take", json!({"indices": [2, 0, -1], "axis": 1}), vec![maps]),
            (
                "PadAxes",
                json!({"padding": [[0, 0], [1, 2], [0, 1], [0, 0]], "value": 0.5}),
                vec![maps],
            ),
            ("Trilu", json!({"k": 1, "upper": true}), vec![maps]),
            ("Clip", json!({"min": -0.5, "max": 0.5}), vec![maps]),
            ("CumulativeSum", json!({"axis": 1, "exclusive": false, "reverse": false}), vec![maps]),
            ("Reduction", json!({"kind": "max", "axes": [1, 2], "keepdims": true}), vec![maps]),
        ];
        for (class_name, config, inputs) in cases {
            let model = model(class_name, &config, &inputs);
            let object = written(&model);
            assert_eq!(object["module"], "keras.src.ops.numpy", "{object}");
            let back = Model::from_config(&model.to_config()).unwrap();
            let layer = back.get_layer("operation").unwrap();
            assert_eq!(layer.class_name(), class_name);
            let before = model.get_layer("operation").unwrap().layer().unwrap().config();
            assert_eq!(layer.layer().unwrap().config(), before);
            assert_eq!(back.outputs()[0].shape(), model.outputs()[0].shape());
        }
    }

    #[test]
    fn a_shape_that_copies_axes_is_written_with_their_sizes() {
        let model = model("ReshapeAll", &json!({"shape": [0, -1, 6]}), &[&[4, 3]]);
        let object = written(&model);
        assert_eq!(object["config"]["newshape"], json!([-1, 2, 6]));
        let back = Model::from_config(&model.to_config()).unwrap();
        assert_eq!(back.outputs()[0].shape(), &Shape::batched(&[2, 6]));
    }

    #[test]
    fn slices_are_written_as_python_has_them() {
        let config =
            json!({"axes": [1, -1], "starts": [-1, 0], "stops": [i64::MIN, 3], "steps": [-2, 2]});
        let model = model("StridedSlice", &config, &[&[5, 4]]);
        let slices = written(&model)["inbound_nodes"][0]["args"][1].clone();
        let ends = |axis: usize| slices[axis]["config"].clone();
        assert_eq!(ends(0), json!({"start": null, "stop": null, "step": null}));
        assert_eq!(ends(1), json!({"start": -1, "stop": null, "step": -2}));
        let back = Model::from_config(&model.to_config()).unwrap();
        assert_eq!(back.outputs()[0].shape(), &Shape::batched(&[3, 2]));
    }

    #[test]
    fn what_several_operations_do_is_written_as_a_model_and_read_back_as_the_layer() {
        let maps: &[usize] = &[4, 6, 8];
        let cases = [
            ("Constant", json!({"shape": [3, 2]}), vec![maps]),
            ("CumulativeSum", json!({"axis": 1, "exclusive": true, "reverse": false}), vec![maps]),
            ("Arithmetic", json!({"kind": "less"}), vec![maps, maps]),
            ("Function", json!({"function": {"elu": {"alpha": 0.5}}}), vec![maps]),
            ("TopK", json!({"k": 2, "axis": 1, "largest": false, "output": "indices"}), vec![maps]),
            ("Gather", json!({"axis": 1}), vec![maps, &[2]]),
            ("Resize", json!({"axes": [1, 2], "sizes": [3, 9], "mode": "linear"}), vec![maps]),
            (
                "WindowPooling",
                json!({"pool_size": [3, 3], "padding": [[1, 0], [0, 1]]}),
                vec![maps],
            ),
            ("DepthToSpace", json!({"block_size": 2}), vec![maps]),
        ];
        for (class_name, config, inputs) in cases {
            let model = model(class_name, &config, &inputs);
            let object = written(&model);
            assert_eq!(object["class_name"], "Functional", "{object}");
            assert_eq!(object["dichroic"]["class_name"], class_name);
            assert!(model.unknown_to_keras().is_empty());
            let back = Model::from_config(&model.to_config()).unwrap();
            let layer = back.get_layer("operation").unwrap();
            assert_eq!(layer.class_name(), class_name);
            let before = model.get_layer("operation").unwrap().layer().unwrap().config();
            assert_eq!(layer.layer().unwrap().config(), before);
            assert_eq!(back.outputs()[0].shape(), model.outputs()[0].shape());
        }
    }

    #[test]
    fn what_keras_has_not_keeps_our_name() {
        let config = json!({"max_output_boxes_per_class": 3});
        let model = model("NonMaxSuppression", &config, &[&[6, 4], &[3, 6]]);
        assert_eq!(written(&model)["registered_name"], "dichroic>NonMaxSuppression");
        assert_eq!(model.unknown_to_keras(), ["operation (NonMaxSuppression)"]);
    }

    #[test]
    fn operations_in_a_chain_are_models_in_it() {
        let layer =
            registry::from_config("Transpose", json!({"axes": [0, 2, 1]}).as_object().unwrap());
        let chain = crate::model::Sequential::new()
            .add(Input::new(&[4, 3]))
            .add(LayerRef::named("operation", layer.unwrap()))
            .finish()
            .unwrap();
        assert_eq!(written(&chain)["class_name"], "Functional");
        let back = Model::from_config(&chain.to_config()).unwrap();
        assert_eq!(back.get_layer("operation").unwrap().class_name(), "Transpose");
    }

    #[test]
    fn activations_that_a_script_called_as_operations_are_read() {
        let mut config = model("Transpose", &json!({"axes": [0, 2, 1]}), &[&[4, 3]]).to_config();
        config["config"]["layers"][1]["module"] = json!("keras.src.ops.nn");
        for (class_name, ours) in
            [("Relu", "Activation"), ("Gelu", "Function"), ("Silu", "Activation")]
        {
            config["config"]["layers"][1]["class_name"] = json!(class_name);
            let back = Model::from_config(&config).unwrap();
            assert_eq!(back.get_layer("operation").unwrap().class_name(), ours);
        }
    }

    #[test]
    fn an_operation_that_is_not_known_is_named() {
        let mut config = model("Transpose", &json!({"axes": [0, 2, 1]}), &[&[4, 3]]).to_config();
        config["config"]["layers"][1]["class_name"] = json!("Einsum");
        let error = Model::from_config(&config).unwrap_err().to_string();
        assert!(error.contains("operation \"numpy.Einsum\""), "{error}");
    }
}
