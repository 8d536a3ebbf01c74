//! Small files, written to a folder that goes with the test.

use std::path::PathBuf;

use dichroic_formats::FormatError;
use dichroic_formats::onnx::{ImportedOnnx, OnnxOptions, read_onnx};
use onnx_rs::ast::{
    Attribute, AttributeType, DataType, Dimension, Graph, Model, Node, OpType, OperatorSetId,
    TensorProto, TensorShape, TensorShapeDimension, TensorTypeProto, TypeProto, TypeValue,
    ValueInfo,
};

/// A folder that is removed at the end.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("dichroic-onnx-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A model of these nodes from `x` to `y`.
pub fn model<'a>(input: &[i64], nodes: Vec<Node<'a>>, arrays: Vec<TensorProto<'a>>) -> Model<'a> {
    let graph = Graph {
        name: "small",
        node: nodes,
        initializer: arrays,
        input: vec![port("x", Some(input))],
        output: vec![port("y", None)],
        ..Default::default()
    };
    let opset_import = vec![OperatorSetId { domain: "", version: 17 }];
    Model { ir_version: 8, opset_import, graph: Some(graph), ..Default::default() }
}

/// An input or output; a size of 0 is a name.
pub fn port<'a>(name: &'a str, sizes: Option<&[i64]>) -> ValueInfo<'a> {
    let dimension = |&size: &i64| TensorShapeDimension {
        value: if size == 0 { Dimension::Param("n") } else { Dimension::Value(size) },
        denotation: "",
    };
    let shape = sizes.map(|sizes| TensorShape { dim: sizes.iter().map(dimension).collect() });
    let tensor = TensorTypeProto { elem_type: DataType::Float, shape };
    let r#type = TypeProto { value: Some(TypeValue::Tensor(tensor)), denotation: "" };
    ValueInfo { name, r#type: Some(r#type), ..Default::default() }
}

pub fn node<'a>(
    op: &'a str,
    inputs: &[&'a str],
    output: &'a str,
    attribute: Vec<Attribute<'a>>,
) -> Node<'a> {
    Node {
        op_type: OpType::from(op),
        input: inputs.to_vec(),
        output: vec![output],
        attribute,
        ..Default::default()
    }
}

pub fn ints<'a>(name: &'a str, ints: &[i64]) -> Attribute<'a> {
    Attribute { name, r#type: AttributeType::Ints, ints: ints.to_vec(), ..Default::default() }
}

pub fn int(name: &str, i: i64) -> Attribute<'_> {
    Attribute { name, r#type: AttributeType::Int, i, ..Default::default() }
}

/// Reads a model from a file.
pub fn import(name: &str, model: &Model<'_>) -> Result<ImportedOnnx, FormatError> {
    import_with(name, model, &OnnxOptions::default())
}

/// Reads a model from a file with options.
pub fn import_with(
    name: &str,
    model: &Model<'_>,
    options: &OnnxOptions,
) -> Result<ImportedOnnx, FormatError> {
    let folder = Folder::new(name);
    let path = folder.0.join("model.onnx");
    std::fs::write(&path, onnx_rs::encode(model)).unwrap();
    read_onnx(&path, options)
}

/// The class names of all layers but the input.
pub fn classes(imported: &ImportedOnnx) -> Vec<&'static str> {
    let layers = imported.model.layers().iter().filter(|layer| !layer.is_input());
    layers.map(|layer| layer.class_name()).collect()
}
