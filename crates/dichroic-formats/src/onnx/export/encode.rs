//! An exported graph as the bytes of a file.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use dichroic::data::write_beside;
use onnx_rs::ast::{
    Attribute as WrittenAttribute, AttributeType, DataLocation, DataType, Dimension, Graph, Model,
    Node as WrittenNode, OpType, OperatorSetId, StringStringEntry, TensorProto, TensorShape,
    TensorShapeDimension, TensorTypeProto, TypeProto, TypeValue, ValueInfo,
};

use super::OnnxExport;
use super::graph::{Attribute, Axis, Element, Initializer, Node, OnnxGraph, Port, whole};
use crate::error::Problem;

/// The most bytes of constants that are put into the file itself: protobuf counts in 31 bits, nodes need room.
const MOST_INSIDE: u64 = (1 << 31) - (64 << 20);
/// Constants below this stay in the file, so that shapes can be worked out from it alone.
const LEAST_OUTSIDE: usize = 1024;
/// Where a constant may begin in the data file, so that readers can map it.
const ALIGNMENT: u64 = 4096;

/// Writes the graph to a file, and its constants beside it where they don't fit or are wanted there.
pub(super) fn write(path: &Path, graph: &OnnxGraph, options: &OnnxExport) -> Result<(), Problem> {
    let outside = options.external_data || graph.constant_bytes() > MOST_INSIDE;
    if !outside {
        let bytes = encode(graph, options, &vec![None; graph.initializers.len()]);
        return Ok(write_beside(path, |file| file.write_all(&bytes))?);
    }
    let (data_path, location) = data_file(path)?;
    let places = places(&graph.initializers, &location);
    let bytes = encode(graph, options, &places);
    // The data come first: a model whose data are missing can't be read.
    write_beside(&data_path, |file| write_data(file, &graph.initializers, &places))?;
    Ok(write_beside(path, |file| file.write_all(&bytes))?)
}

/// `model.onnx.data` beside `model.onnx`.
fn data_file(path: &Path) -> Result<(PathBuf, String), Problem> {
    let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(|| {
        Problem::malformed("a file name of letters, for the data beside it", path.display())
    })?;
    let location = format!("{name}.data");
    Ok((path.with_file_name(&location), location))
}

/// Where a constant lies in the data file.
#[derive(Clone, Debug)]
struct Outside {
    location: String,
    offset: u64,
    offset_text: String,
    length_text: String,
}

fn places(initializers: &[Initializer], location: &str) -> Vec<Option<Outside>> {
    let mut end = 0u64;
    let place = |initializer: &Initializer| {
        let length = initializer.bytes.len();
        if length < LEAST_OUTSIDE {
            return None;
        }
        let offset = end.next_multiple_of(ALIGNMENT);
        end = offset + length as u64;
        let (offset_text, length_text) = (offset.to_string(), length.to_string());
        Some(Outside { location: location.to_owned(), offset, offset_text, length_text })
    };
    initializers.iter().map(place).collect()
}

fn write_data(
    file: &mut impl Write,
    initializers: &[Initializer],
    places: &[Option<Outside>],
) -> io::Result<()> {
    let mut end = 0u64;
    for (initializer, place) in initializers.iter().zip(places) {
        let Some(place) = place else { continue };
        let gap = usize::try_from(place.offset - end).map_err(io::Error::other)?;
        file.write_all(&vec![0; gap])?;
        file.write_all(&initializer.bytes)?;
        end = place.offset + initializer.bytes.len() as u64;
    }
    Ok(())
}

fn encode(graph: &OnnxGraph, options: &OnnxExport, places: &[Option<Outside>]) -> Vec<u8> {
    let initializers = graph.initializers.iter().zip(places);
    let written = Graph {
        name: "dichroic",
        node: graph.nodes.iter().map(node).collect(),
        initializer: initializers.map(|(constant, place)| tensor(constant, place)).collect(),
        input: graph.inputs.iter().map(port).collect(),
        output: graph.outputs.iter().map(port).collect(),
        ..Graph::default()
    };
    onnx_rs::encode(&Model {
        ir_version: options.ir_version(),
        opset_import: vec![OperatorSetId { domain: "", version: options.opset }],
        producer_name: "dichroic",
        producer_version: env!("CARGO_PKG_VERSION"),
        graph: Some(written),
        ..Model::default()
    })
}

fn node(node: &Node) -> WrittenNode<'_> {
    WrittenNode {
        name: &node.name,
        op_type: OpType::from(node.op),
        input: node.inputs.iter().map(String::as_str).collect(),
        output: node.outputs.iter().map(String::as_str).collect(),
        attribute: node.attributes.iter().map(|(name, value)| attribute(name, value)).collect(),
        ..WrittenNode::default()
    }
}

fn attribute<'a>(name: &'a str, value: &'a Attribute) -> WrittenAttribute<'a> {
    let named = WrittenAttribute { name, ..WrittenAttribute::default() };
    match value {
        Attribute::Int(i) => WrittenAttribute { r#type: AttributeType::Int, i: *i, ..named },
        Attribute::Float(f) => WrittenAttribute { r#type: AttributeType::Float, f: *f, ..named },
        Attribute::Ints(ints) => {
            WrittenAttribute { r#type: AttributeType::Ints, ints: ints.clone(), ..named }
        }
        Attribute::Floats(floats) => {
            WrittenAttribute { r#type: AttributeType::Floats, floats: floats.clone(), ..named }
        }
        Attribute::Texts(texts) => {
            let strings = texts.iter().map(|text| text.as_bytes()).collect();
            WrittenAttribute { r#type: AttributeType::Strings, strings, ..named }
        }
        Attribute::Text(text) => {
            WrittenAttribute { r#type: AttributeType::String, s: text.as_bytes(), ..named }
        }
    }
}

fn tensor<'a>(constant: &'a Initializer, place: &'a Option<Outside>) -> TensorProto<'a> {
    let element = match constant.element {
        Element::Float => DataType::Float,
        Element::Int64 => DataType::Int64,
    };
    let dims = constant.dims.clone();
    let Some(place) = place else {
        return TensorProto::from_raw(&constant.name, dims, element, &constant.bytes);
    };
    TensorProto::from_raw(&constant.name, dims, element, &[])
        .with_data_location(DataLocation::External)
        .with_external_data(vec![
            StringStringEntry { key: "location", value: &place.location },
            StringStringEntry { key: "offset", value: &place.offset_text },
            StringStringEntry { key: "length", value: &place.length_text },
        ])
}

fn port(port: &Port) -> ValueInfo<'_> {
    let dim = port.axes.iter().map(|axis| {
        let value = match axis {
            Axis::Known(size) => Dimension::Value(whole(*size)),
            Axis::Named(name) => Dimension::Param(name),
        };
        TensorShapeDimension { value, denotation: "" }
    });
    let shape = TensorShape { dim: dim.collect() };
    let tensor = TensorTypeProto { elem_type: DataType::Float, shape: Some(shape) };
    ValueInfo {
        name: &port.name,
        r#type: Some(TypeProto { value: Some(TypeValue::Tensor(tensor)), denotation: "" }),
        ..ValueInfo::default()
    }
}
