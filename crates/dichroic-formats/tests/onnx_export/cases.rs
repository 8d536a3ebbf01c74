//! Models to export: every layer with every option of the golden cases, and whole networks.

use std::collections::HashMap;
use std::path::PathBuf;

use dichroic::Shape;
use dichroic::data::Limits;
use dichroic::data::npz::read_npz;
use dichroic::layers::{Conv1D, Conv2D, Conv3D, Layer, registry};
use dichroic::model::{Call, Input, Inputs, LayerRef, Model, Symbol};
use dichroic_formats::onnx::{Images, OnnxExport};
use dichroic_graph::kernels::tensor::Tensor;
use serde_json::{Value, json};

use super::{networks, operations};

/// A model with data for it, and how it is exported.
pub struct Case {
    pub name: String,
    pub model: Model,
    pub inputs: Vec<Tensor>,
    pub options: OnnxExport,
}

/// All cases; `whole` adds the networks of the applications, which take a while.
pub fn cases(whole: bool) -> Vec<Case> {
    let mut cases = layers();
    cases.extend(of_operations());
    cases.extend(networks::graphs());
    if whole {
        cases.extend(networks::applications());
    }
    cases
}

impl Case {
    /// A case whose weights and data are drawn from its name.
    pub fn of(name: &str, mut model: Model, sizes: &[&[usize]]) -> Self {
        let tensors = model.weights().iter().map(|weight| {
            let shape = weight.spec.shape.clone();
            // Variances are positive; kernels of both signs keep activations from saturating.
            let least =
                if matches!(weight.spec.name, "moving_variance" | "variance") { 0.1 } else { -0.9 };
            noise(&format!("{name}/{}", weight.path), shape, least..0.9)
        });
        let tensors = tensors.collect();
        model.set_parameters(tensors).expect("tensors of the weights' shapes");
        let input = |(i, shape): (usize, &&[usize])| {
            noise(&format!("{name}/{i}"), shape.to_vec(), -2.0..2.0)
        };
        let inputs = sizes.iter().enumerate().map(input).collect();
        Self { name: name.to_owned(), model, inputs, options: OnnxExport::default() }
    }

    /// The same with another operator set.
    pub fn opset(mut self, opset: i64) -> Self {
        self.options.opset = opset;
        self.name = format!("{}_opset{opset}", self.name);
        self
    }

    /// The same with channels first outside.
    pub fn channels_first(mut self) -> Self {
        self.options.images = Images::ChannelsFirst;
        self.name = format!("{}_first", self.name);
        self
    }

    /// The same with weights in a file of their own.
    pub fn external(mut self) -> Self {
        self.options.external_data = true;
        self.name = format!("{}_external", self.name);
        self
    }
}

/// Numbers that look random, the same for the same name.
pub fn noise(name: &str, shape: Vec<usize>, range: std::ops::Range<f32>) -> Tensor {
    let mut state = name.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let share = (state >> 40) as f32 / (1u64 << 24) as f32;
        range.start + share * (range.end - range.start)
    };
    let values = (0..shape.iter().product()).map(|_| next()).collect();
    Tensor::new(shape, values).expect("as many values as places")
}

/// Layers that Keras has not or that have no golden case, with configurations and input shapes.
fn others() -> Vec<(&'static str, Value, Vec<usize>)> {
    vec![
        (
            "SharedConv1D",
            json!({"filters": 4, "kernel_size": 3, "padding": "causal"}),
            vec![2, 7, 3],
        ),
        (
            "SharedConv2D",
            json!({"filters": 4, "kernel_size": 3, "padding": "same"}),
            vec![2, 6, 7, 3],
        ),
        ("SharedConv2D", json!({"filters": 2, "kernel_size": 2, "strides": 2}), vec![2, 6, 7, 3]),
        ("SharedConv3D", json!({"filters": 2, "kernel_size": 2}), vec![2, 4, 5, 3, 2]),
        ("GroupNormalization", json!({"groups": 2}), vec![2, 5, 4, 6]),
        ("GroupNormalization", json!({"groups": -1, "scale": false}), vec![2, 5, 6]),
        ("GroupNormalization", json!({"groups": 3, "axis": 1, "center": false}), vec![2, 6, 5, 4]),
        ("GroupNormalization", json!({"groups": 2}), vec![3, 8]),
        ("UnitNormalization", json!({}), vec![2, 5, 4, 3]),
        ("UnitNormalization", json!({"axis": [1, 2]}), vec![2, 5, 4, 3]),
        ("LayerNormalization", json!({"axis": [1, 3]}), vec![2, 5, 4, 3]),
        ("LayerNormalization", json!({"axis": [2, 3], "center": false}), vec![2, 5, 4, 3]),
        ("LayerNormalization", json!({"axis": 1, "scale": false}), vec![2, 5, 4, 3]),
        ("BatchNormalization", json!({"axis": 2}), vec![2, 5, 4, 3]),
        ("Softmax", json!({"axis": [1, 2]}), vec![2, 5, 4, 3]),
        ("GaussianNoise", json!({"stddev": 0.3}), vec![2, 5, 4, 3]),
        ("GaussianDropout", json!({"rate": 0.3}), vec![2, 5, 4, 3]),
        ("SpatialDropout1D", json!({"rate": 0.3}), vec![2, 5, 3]),
        ("SpatialDropout2D", json!({"rate": 0.3}), vec![2, 5, 4, 3]),
        ("SpatialDropout3D", json!({"rate": 0.3}), vec![2, 5, 4, 3, 2]),
        ("ReLU", json!({"max_value": 1.5, "negative_slope": 0.1, "threshold": 0.5}), vec![2, 5, 3]),
        ("ReLU", json!({"negative_slope": 0.1, "threshold": 0.5}), vec![2, 5, 3]),
        (
            "Rescaling",
            json!({"scale": [0.5, 2.0, -1.0], "offset": [1.0, 0.0, 3.0]}),
            vec![2, 4, 4, 3],
        ),
        ("Activation", json!({"activation": "sparsemax"}), vec![2, 4, 5]),
        ("Activation", json!({"activation": "glu"}), vec![2, 4, 3, 6]),
        ("Dense", json!({"units": 4, "activation": "gelu"}), vec![2, 5, 4, 3]),
        ("Conv2D", json!({"filters": 4, "kernel_size": 3, "activation": "glu"}), vec![2, 6, 6, 3]),
        ("UpSampling2D", json!({"size": [2, 3], "interpolation": "lanczos5"}), vec![2, 6, 7, 3]),
    ]
}

/// Every layer by itself, behind a convolution (so that its input lies as ONNX has it), and on open sizes.
fn layers() -> Vec<Case> {
    let mut cases = Vec::new();
    for (i, (class_name, config, shape)) in others().into_iter().enumerate() {
        let config = config.as_object().expect("a configuration");
        let layer = registry::from_config(class_name, config).expect(class_name);
        let name = format!("{}_{i}", registry::auto_name(class_name));
        cases.extend(of_layer(&name, layer, &[shape]));
    }
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden");
    let text = std::fs::read_to_string(folder.join("layers.json")).expect("layers.json");
    let index: Value = serde_json::from_str(&text).expect("JSON");
    let arrays = read_npz(&folder.join("layers.npz"), &Limits::default()).expect("layers.npz");
    let arrays: HashMap<String, Tensor> = arrays
        .into_iter()
        .filter_map(|(name, array)| Some((name, array.into_tensor().ok()?)))
        .collect();
    for golden in index["cases"].as_array().expect("cases") {
        if golden["training"] == true {
            continue;
        }
        let name = golden["name"].as_str().expect("a name");
        let class_name = golden["class_name"].as_str().expect("a class name");
        let config = golden["config"].as_object().expect("a configuration");
        let layer = registry::from_config(class_name, config).expect(name);
        let sizes: Vec<Vec<usize>> =
            serde_json::from_value(golden["input_shapes"].clone()).expect("shapes");
        let mut made = of_layer(name, layer, &sizes);
        for case in &mut made {
            let own = format!("{name}/");
            let inputs = (0..sizes.len()).map(|i| arrays[&format!("{own}input{i}")].clone());
            case.inputs = inputs.collect();
        }
        cases.extend(made);
    }
    cases
}

/// Every operation layer that the registry has.
fn of_operations() -> Vec<Case> {
    let all = [
        operations::moving(),
        operations::choosing(),
        operations::computing(),
        operations::resizing(),
    ];
    let known = |class_name: &str| registry::resolve(class_name).is_ok();
    let all = all.into_iter().flatten().filter(|(class_name, ..)| known(class_name));
    let mut cases = Vec::new();
    for (i, (class_name, config, sizes)) in all.enumerate() {
        let config = config.as_object().expect("a configuration");
        let layer = registry::from_config(class_name, config).expect(class_name);
        let name = format!("{}_{i}", registry::auto_name(class_name));
        cases.extend(of_layer(&name, layer, &sizes));
    }
    cases.extend(on_places(operations::indexed(), 17));
    cases.extend(on_places(operations::bits(), 18));
    cases
}

/// Operations with inputs of their own, in an operator set and in the newest one.
fn on_places(operations: Vec<operations::Indexed>, opset: i64) -> Vec<Case> {
    let mut cases = Vec::new();
    for (i, (class_name, config, inputs)) in operations.into_iter().enumerate() {
        let config = config.as_object().expect("a configuration");
        let sizes: Vec<&[usize]> = inputs.iter().map(Tensor::shape).collect();
        for opset in [opset, 21] {
            let layer = registry::from_config(class_name, config).expect(class_name);
            let symbols: Vec<Symbol> = sizes.iter().map(|sizes| Input::new(&sizes[1..])).collect();
            let model = single(layer, &symbols, |x| x.clone()).expect(class_name);
            let name = format!("{}_places_{i}", registry::auto_name(class_name));
            let mut case = Case::of(&name, model, &sizes).opset(opset);
            case.inputs = inputs.clone();
            cases.push(case);
        }
    }
    cases
}

fn of_layer(name: &str, layer: Box<dyn Layer>, sizes: &[Vec<usize>]) -> Vec<Case> {
    let slices: Vec<&[usize]> = sizes.iter().map(Vec::as_slice).collect();
    let fixed: Vec<Symbol> = sizes.iter().map(|sizes| Input::new(&sizes[1..])).collect();
    let alone = || single(layer.clone(), &fixed, |x| x.clone());
    let Some(model) = alone() else { panic!("{name} does not take {sizes:?}") };
    let mut cases = vec![Case::of(name, model, &slices)];
    let newest = Case::of(name, alone().expect("the same model again"), &slices).opset(21);
    cases.push(newest);
    if sizes.iter().any(|sizes| sizes.len() > 2) {
        if let Some(model) = single(layer.clone(), &fixed, behind_a_convolution) {
            cases.push(Case::of(&format!("{name}_behind"), model, &slices));
        }
        let first = alone().expect("the same model again");
        cases.push(Case::of(name, first, &slices).channels_first());
        let open: Vec<Symbol> = sizes.iter().map(|sizes| open_input(sizes)).collect();
        let config = layer.config();
        let method = config.get("interpolation").and_then(Value::as_str);
        let by_matrix = method.is_some_and(|method| method.starts_with("lanczos"));
        let in_ratio = ["antialias", "crop_to_aspect_ratio", "pad_to_aspect_ratio"];
        let needs_sizes = by_matrix
            || layer.class_name() == "CenterCrop"
            || in_ratio.iter().any(|&name| config.get(name) == Some(&Value::Bool(true)));
        // Some layers need to know the sizes.
        if let (Some(model), false) = (single(layer, &open, behind_a_convolution), needs_sizes) {
            cases.push(Case::of(&format!("{name}_open"), model, &slices));
        }
    }
    cases
}

fn open_input(sizes: &[usize]) -> Symbol {
    let last = sizes.len() - 1;
    let axes = sizes.iter().enumerate();
    let axes = axes.map(|(axis, &size)| (axis == last).then_some(size));
    Input::with(None, Shape::new(axes.collect::<Vec<_>>()))
}

/// The layer on inputs that went through `before`; `None` if it can't take them.
fn single(
    layer: Box<dyn Layer>,
    inputs: &[Symbol],
    before: impl Fn(&Symbol) -> Symbol,
) -> Option<Model> {
    let given: Vec<Symbol> = inputs.iter().map(before).collect();
    let output = LayerRef::named("layer", LayerRef::from(layer)).call(given).ok()?;
    Some(Model::new(inputs.to_vec(), output.symbols()).expect("a model of one layer"))
}

/// A convolution with a kernel of 1, whose output lies in ONNX's order.
fn behind_a_convolution(x: &Symbol) -> Symbol {
    let Some(channels) = x.shape().channels() else { return x.clone() };
    let y = match x.shape().rank() {
        3 => Conv1D::new(channels, 1).call(x),
        4 => Conv2D::new(channels, 1).call(x),
        5 => Conv3D::new(channels, 1).call(x),
        _ => return x.clone(),
    };
    y.expect("a convolution keeps the shape")
}
