//! Operation layers to export: each with its configurations and the shapes of its inputs.

use dichroic::Tensor;
use serde_json::{Value, json};

use super::cases::noise;

/// Class, configuration, input shapes with the batch.
pub type Operation = (&'static str, Value, Vec<Vec<usize>>);

/// What moves values.
pub fn moving() -> Vec<Operation> {
    let maps = || vec![vec![2, 5, 4, 3]];
    let rows = || vec![vec![2, 6]];
    vec![
        ("Constant", json!({"shape": [3, 2]}), rows()),
        ("Transpose", json!({"axes": [0, 3, 1, 2]}), maps()),
        ("Transpose", json!({"axes": [1, 0, -1, 2]}), maps()),
        ("ReshapeAll", json!({"shape": [0, -1, 6]}), maps()),
        ("ExpandDims", json!({"axes": [1, -1]}), rows()),
        ("Squeeze", json!({"axes": [1]}), vec![vec![2, 1, 6]]),
        ("BroadcastTo", json!({"shape": [3, -1, -1, 6]}), vec![vec![2, 6]]),
        ("Tile", json!({"repeats": [1, 2, 1, 3]}), maps()),
        ("DepthToSpace", json!({"block_size": 2}), vec![vec![2, 3, 4, 8]]),
        ("DepthToSpace", json!({"block_size": 2, "mode": "CRD"}), vec![vec![2, 3, 4, 8]]),
        ("SpaceToDepth", json!({"block_size": 2}), vec![vec![2, 4, 6, 3]]),
        ("SpaceToDepth", json!({"block_size": 2, "mode": "CRD"}), vec![vec![2, 4, 6, 3]]),
        (
            "StridedSlice",
            json!({"axes": [1, 2], "starts": [-1, 0], "stops": [i64::MIN, 3], "steps": [-2, 2]}),
            maps(),
        ),
        ("PadAxes", json!({"padding": [[0, 0], [1, 2], [-1, 1], [0, 0]], "value": 0.5}), maps()),
        (
            "PadAxes",
            json!({"padding": [[0, 0], [1, 2], [0, 1], [0, 0]], "mode": "reflect"}),
            maps(),
        ),
        ("PadAxes", json!({"padding": [[0, 0], [1, 2], [0, -1], [2, 0]], "mode": "edge"}), maps()),
        ("Take", json!({"indices": [2, 0, -1], "axis": 1}), maps()),
        ("Trilu", json!({"k": 1, "upper": true}), maps()),
        ("Trilu", json!({"k": -1, "upper": false}), maps()),
    ]
}

/// What chooses or sums values.
pub fn choosing() -> Vec<Operation> {
    let maps = || vec![vec![2, 5, 4, 3]];
    vec![
        ("TopK", json!({"k": 2, "axis": 1, "largest": true, "output": "values"}), maps()),
        ("TopK", json!({"k": 3, "axis": -1, "largest": false, "output": "indices"}), maps()),
        ("ArgExtreme", json!({"axis": -1, "largest": true}), maps()),
        (
            "ArgExtreme",
            json!({"axis": 1, "largest": false, "keepdims": true, "last": true}),
            maps(),
        ),
        ("CumulativeSum", json!({"axis": 1, "exclusive": false, "reverse": false}), maps()),
        ("CumulativeSum", json!({"axis": -1, "exclusive": true, "reverse": true}), maps()),
        ("Reduction", json!({"kind": "sum", "axes": [1, 2], "keepdims": false}), maps()),
        ("Reduction", json!({"kind": "mean", "axes": [-1], "keepdims": true}), maps()),
        ("Reduction", json!({"kind": "max", "axes": [1], "keepdims": false}), maps()),
        ("Reduction", json!({"kind": "min", "axes": [2, 3], "keepdims": false}), maps()),
        ("Reduction", json!({"kind": "product", "axes": [3], "keepdims": true}), maps()),
        ("LocalResponseNormalization", json!({"size": 3}), vec![vec![2, 4, 5, 6]]),
        ("Clip", json!({"min": -0.5, "max": 0.7}), maps()),
        ("Clip", json!({"min": null, "max": 0.7}), maps()),
        ("Where", json!({}), vec![vec![2, 3, 4], vec![2, 1, 4], vec![2, 3, 1]]),
        ("MatMul", json!({}), vec![vec![2, 3, 4], vec![2, 4, 5]]),
        ("MatMul", json!({}), vec![vec![2, 3, 2, 4], vec![2, 1, 4, 5]]),
        ("LSTM", json!({"units": 4}), vec![vec![2, 5, 3]]),
        ("LSTM", json!({"units": 4, "return_sequences": true}), vec![vec![2, 5, 3]]),
        ("LSTM", json!({"units": 3}), vec![vec![2, 5, 3], vec![2, 3], vec![2, 3]]),
        (
            "LSTM",
            json!({"units": 4, "go_backwards": true, "return_sequences": true, "use_bias": false,
                   "recurrent_activation": "hard_sigmoid", "activation": "relu"}),
            vec![vec![2, 5, 3]],
        ),
        ("GRU", json!({"units": 4, "return_sequences": true}), vec![vec![2, 5, 3]]),
        ("GRU", json!({"units": 4, "reset_after": false}), vec![vec![2, 5, 3]]),
        ("GRU", json!({"units": 4, "go_backwards": true}), vec![vec![2, 5, 3], vec![2, 4]]),
        ("Bidirectional", both_ways("LSTM", true, "concat"), vec![vec![2, 5, 3]]),
        ("Bidirectional", both_ways("GRU", false, "ave"), vec![vec![2, 5, 3]]),
        ("Bidirectional", both_ways("SimpleRNN", true, "mul"), vec![vec![2, 5, 3]]),
        ("SimpleRNN", json!({"units": 4, "return_sequences": true}), vec![vec![2, 5, 3]]),
        (
            "WindowPooling",
            json!({"kind": "max", "pool_size": [3, 2], "strides": [2, 1], "dilation_rate": [1, 2],
                   "padding": [[1, 0], [0, 1]]}),
            vec![vec![2, 7, 6, 3]],
        ),
        (
            "WindowPooling",
            json!({"kind": "average", "pool_size": [3, 3], "strides": [2, 2], "ceil_mode": true,
                   "dilation_rate": [1, 1],
                   "padding": [[1, 1], [1, 1]], "count_include_pad": true}),
            vec![vec![2, 7, 6, 3]],
        ),
        (
            "WindowPooling",
            json!({"kind": "lp", "pool_size": [2], "strides": [2], "dilation_rate": [1],
                   "padding": [[0, 0]], "p": 2}),
            vec![vec![2, 7, 3]],
        ),
    ]
}

fn both_ways(class_name: &str, return_sequences: bool, merge_mode: &str) -> Value {
    let inner = |go_backwards: bool| {
        json!({
            "module": "keras.layers",
            "class_name": class_name,
            "config": {
                "units": 3,
                "return_sequences": return_sequences,
                "go_backwards": go_backwards,
            },
            "registered_name": null,
        })
    };
    json!({"layer": inner(false), "backward_layer": inner(true), "merge_mode": merge_mode})
}

/// Functions of each value and of pairs.
pub fn computing() -> Vec<Operation> {
    let words = [
        "abs",
        "negate",
        "square",
        "sqrt",
        "rsqrt",
        "reciprocal",
        "exp",
        "log",
        "erf",
        "sin",
        "cos",
        "tan",
        "asin",
        "acos",
        "atan",
        "sinh",
        "cosh",
        "tanh",
        "asinh",
        "floor",
        "ceil",
        "round",
        "trunc",
        "sign",
        "not",
        "is_nan",
        "is_infinite",
        "is_positive_infinite",
        "is_negative_infinite",
        "float16",
        "bfloat16",
        "sigmoid",
        "softplus",
        "softsign",
        "mish",
        "gelu",
        "gelu_tanh",
        "hard_silu",
    ];
    let numbers = [
        json!({"leaky_relu": {"negative_slope": 0.2}}),
        json!({"elu": {"alpha": 0.7}}),
        json!({"selu": {"alpha": 1.5, "gamma": 1.1}}),
        json!({"celu": {"alpha": 0.7}}),
        json!({"hard_sigmoid": {"alpha": 0.3, "beta": 0.4}}),
        json!({"swish": {"alpha": 1.7}}),
        json!({"thresholded_relu": {"alpha": 0.6}}),
        json!({"shrink": {"threshold": 0.5, "bias": 0.2}}),
        json!({"affine": {"scale": 2.0, "offset": -1.0}}),
    ];
    let kinds = [
        "add",
        "subtract",
        "multiply",
        "maximum",
        "minimum",
        "equal",
        "not_equal",
        "less",
        "less_or_equal",
        "greater",
        "greater_or_equal",
        "and",
        "or",
        "xor",
        "parametric_relu",
    ];
    let functions = words.iter().map(|word| json!(word)).chain(numbers);
    let functions =
        functions.map(|function| ("Function", json!({"function": function}), vec![vec![2, 5, 3]]));
    let pairs = kinds.iter().map(|kind| {
        ("Arithmetic", json!({"kind": kind}), vec![vec![2, 4, 5, 3], vec![2, 1, 5, 3]])
    });
    functions.chain(pairs).collect()
}

/// Resizing in its ways.
pub fn resizing() -> Vec<Operation> {
    let maps = || vec![vec![1, 6, 5, 2]];
    let ways = [
        json!({"mode": "nearest", "coordinate_transformation": "asymmetric", "rounding": "floor"}),
        json!({"mode": "nearest", "coordinate_transformation": "half_pixel"}),
        json!({"mode": "linear", "coordinate_transformation": "align_corners"}),
        json!({"mode": "linear", "coordinate_transformation": "pytorch_half_pixel"}),
        json!({"mode": "cubic", "coordinate_transformation": "half_pixel"}),
    ];
    let mut all = Vec::new();
    for way in ways {
        let mut by_sizes = way.clone();
        by_sizes["axes"] = json!([1, 2]);
        by_sizes["sizes"] = json!([9, 8]);
        all.push(("Resize", by_sizes, maps()));
        let mut by_scales = way;
        by_scales["axes"] = json!([1, 2]);
        by_scales["sizes"] = json!(null);
        by_scales["scales"] = json!([2.0, 3.0]);
        all.push(("Resize", by_scales, maps()));
    }
    all
}

/// Class, configuration and inputs, some of which are places.
pub type Indexed = (&'static str, Value, Vec<Tensor>);

/// What reads places from an input, and what else needs whole numbers.
pub fn indexed() -> Vec<Indexed> {
    let x = || noise("x", vec![2, 5, 3], -2.0..2.0);
    let updates = |shape: &[usize]| noise("updates", shape.to_vec(), -2.0..2.0);
    let pairs = || {
        vec![
            whole(&[2, 3, 2], |i| [[0, 1], [0, 4], [1, 0], [1, 2], [1, 3], [0, 2]][i / 2][i % 2]),
            updates(&[2, 3, 3]),
        ]
    };
    let columns = || whole(&[2, 2, 3], |i| [3, 0, 1, 4, 2, 0][i % 6]);
    let mut all = vec![
        ("Gather", json!({"axis": 1}), vec![x(), whole(&[2, 4], |i| i % 5)]),
        ("GatherElements", json!({"axis": 1}), vec![x(), columns()]),
        ("GatherND", json!({"batch_dims": 1}), vec![x(), whole(&[2, 4, 1], |i| (3 * i) % 5)]),
        ("OneHotAxis", json!({"depth": 5, "axis": -1}), vec![whole(&[2, 4], |i| i % 5)]),
        (
            "OneHotAxis",
            json!({"depth": 5, "axis": 1, "off_value": -1.0, "on_value": 2.0}),
            vec![whole(&[2, 4], |i| i % 5)],
        ),
        // Steep at its ends, where the rounding of anything in front shows.
        ("Function", json!({"function": "atanh"}), vec![noise("x", vec![2, 5], -0.9..0.9)]),
        ("GridSample", json!({}), vec![noise("x", vec![2, 5, 4, 3], -1.0..1.0), grid()]),
        (
            "GridSample",
            json!({"mode": "cubic", "border": "reflect", "align_corners": true}),
            vec![noise("x", vec![2, 5, 4, 3], -1.0..1.0), grid()],
        ),
        ("RoiAlign", json!({"cells": [3, 2]}), regions()),
        (
            "RoiAlign",
            json!({"cells": [2, 2], "sampling_ratio": 2, "spatial_scale": 0.5, "half_pixel": false}),
            regions(),
        ),
        ("NonMaxSuppression", nms(), vec![boxes(), noise("scores", vec![2, 3, 6], 0.0..1.0)]),
    ];
    for reduction in ["none", "add", "mul"] {
        let elements = vec![x(), columns(), updates(&[2, 2, 3])];
        let config = json!({"axis": 1, "reduction": reduction});
        all.push(("ScatterElements", config, elements));
        let inputs = [vec![x()], pairs()].concat();
        all.push(("ScatterND", json!({"reduction": reduction}), inputs));
    }
    // These jump or grow without end, where the rounding of anything in front shows.
    for kind in ["divide", "power", "modulo", "remainder", "integer_divide"] {
        let inputs =
            vec![noise("a", vec![2, 4, 3], -2.0..2.0), noise("b", vec![2, 1, 3], 0.3..2.0)];
        all.push(("Arithmetic", json!({"kind": kind}), inputs));
    }
    for kind in ["shift_left", "shift_right"] {
        let inputs = vec![whole(&[2, 4], |i| 7 * i + 3), whole(&[2, 4], |i| i % 4)];
        all.push(("Arithmetic", json!({"kind": kind}), inputs));
    }
    all
}

/// Operations on bits, which ONNX has from opset 18 on.
pub fn bits() -> Vec<Indexed> {
    ["bitwise_and", "bitwise_or", "bitwise_xor"]
        .map(|kind| {
            let inputs = vec![whole(&[2, 4], |i| 7 * i + 3), whole(&[2, 4], |i| 5 * i + 2)];
            ("Arithmetic", json!({"kind": kind}), inputs)
        })
        .into()
}

fn whole(shape: &[usize], value: impl Fn(usize) -> usize) -> Tensor {
    let values = (0..shape.iter().product()).map(|i| value(i) as f32).collect();
    Tensor::new(shape.to_vec(), values).expect("as many values as places")
}

fn nms() -> Value {
    json!({"max_output_boxes_per_class": 3, "iou_threshold": 0.3, "score_threshold": 0.2})
}

/// Boxes `y, x, y, x`, some of which overlap.
fn boxes() -> Tensor {
    let corners = noise("corners", vec![12, 2], 0.0..2.0);
    let boxes = corners
        .data()
        .chunks(2)
        .flat_map(|corner| [corner[0], corner[1], corner[0] + 1.0, corner[1] + 1.0]);
    Tensor::new(vec![2, 6, 4], boxes.collect()).expect("six boxes of four numbers")
}

/// Coordinates, some of which lie outside.
fn grid() -> Tensor {
    noise("grid", vec![2, 3, 3, 2], -1.3..1.3)
}

/// Feature maps, regions in them and the numbers of their items.
fn regions() -> Vec<Tensor> {
    let corners = noise("corners", vec![2, 2], 0.0..2.0);
    let boxes = corners
        .data()
        .chunks(2)
        .flat_map(|corner| [corner[0], corner[1], corner[0] + 1.7, corner[1] + 2.6]);
    let boxes = Tensor::new(vec![2, 4], boxes.collect()).expect("two boxes of four numbers");
    vec![noise("x", vec![2, 5, 4, 3], -1.0..1.0), boxes, whole(&[2], |i| 1 - i)]
}
