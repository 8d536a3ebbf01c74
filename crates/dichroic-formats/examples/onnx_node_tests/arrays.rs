//! Arrays as the tests carry them: one `TensorProto` a file.

use std::fs;
use std::path::Path;

use dichroic_formats::ElementType;
use dichroic_formats::onnx::{KnownInput, Port};
use onnx_rs::ast::{DataType, TensorProto, ValueInfo};

/// An array of any type of number. `f64` holds every value that `f32` can, which is all that a model computes with.
#[derive(Clone, Debug)]
pub struct Array {
    pub name: String,
    pub element_type: ElementType,
    pub shape: Vec<usize>,
    pub values: Vec<f64>,
}

impl Array {
    /// Reads a file.
    ///
    /// # Errors
    /// When it holds no array of numbers of a type that has a width of whole bytes.
    pub fn read(path: &Path) -> Result<Self, String> {
        let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let model = as_model(&bytes);
        let parsed = onnx_rs::parse(&model).map_err(|error| format!("no array: {error}"))?;
        let tensor = parsed.graph.as_ref().and_then(|graph| graph.initializer.first());
        let tensor = tensor.ok_or("no array")?;
        let shape = tensor.dims().iter().map(|&size| usize::try_from(size));
        let shape: Vec<usize> = shape.collect::<Result<_, _>>().map_err(|e| e.to_string())?;
        let element_type = element_type(tensor.data_type())
            .ok_or_else(|| format!("an array of type {:?}", tensor.data_type()))?;
        let values = values(tensor, shape.iter().product())?;
        Ok(Self { name: tensor.name().to_owned(), element_type, shape, values })
    }

    /// Values from 0 to 1 in equal steps for an input of known sizes, as the package's own runner makes them.
    pub fn counted(input: &ValueInfo<'_>) -> Option<Self> {
        let sizes = input.tensor_shape()?.fixed_dims()?;
        let shape: Vec<usize> = sizes.iter().map(|&size| size.max(0) as usize).collect();
        let count: usize = shape.iter().product();
        let values = (0..count).map(|number| f64::from((number as f64 / count as f64) as f32));
        let (name, values) = (input.name.to_owned(), values.collect());
        Some(Self { name, element_type: ElementType::Float32, shape, values })
    }

    /// The array under the name, and with the type, that the model declares. numpy has no bfloat16, so that the tests
    /// carry its bits as whole numbers.
    pub fn in_order_of(self, port: &ValueInfo<'_>) -> Self {
        let name = port.name.to_owned();
        let bits = self.element_type == ElementType::UInt16
            && port.tensor_elem_type() == Some(DataType::Bfloat16);
        if !bits {
            return Self { name, ..self };
        }
        let values = self.values.iter().map(|&value| bfloat(value as u16)).collect();
        Self { name, element_type: ElementType::BFloat16, values, ..self }
    }

    /// The array without rows of -1 at its end, as far as it is longer than expected: NonMaxSuppression gives as
    /// many rows as can come, and -1 where no box is left.
    pub fn without_empty_rows(&self, expected: &Self) -> Self {
        let mut cut = self.clone();
        let (Some(&rows), &[own, width]) = (expected.shape.first(), &self.shape[..]) else {
            return cut;
        };
        let empty = |values: &[f64]| values.iter().all(|&value| value == -1.0);
        if rows < own && self.values.get(rows * width..).is_some_and(empty) {
            cut.shape[0] = rows;
            cut.values.truncate(rows * width);
        }
        cut
    }

    /// What a model's port gives, its axes in the order of memory.
    pub fn of_port(port: &Port, shape: Vec<usize>, values: &[f32]) -> Self {
        let values = values.iter().copied().map(f64::from).collect();
        let element_type = port.element_type;
        let array = Self { name: port.name.clone(), element_type, shape, values };
        let mut back = vec![0; port.order.len()];
        for (place, &axis) in port.order.iter().enumerate() {
            back[axis] = place;
        }
        array.transposed(&back)
    }

    /// The array as an input that is known when the model is read.
    pub fn to_known(&self) -> KnownInput {
        let (shape, values) = (self.shape.clone(), self.values.clone());
        KnownInput { shape, element_type: self.element_type, values }
    }

    /// The values as a model takes them.
    pub fn to_f32(&self) -> Vec<f32> {
        self.values.iter().map(|&value| value as f32).collect()
    }

    /// The same values with the axes in another order: axis `i` of the result is axis `axes[i]` of this.
    pub fn transposed(&self, axes: &[usize]) -> Self {
        let shape: Vec<usize> = axes.iter().map(|&axis| self.shape[axis]).collect();
        let mut strides = vec![1; self.shape.len()];
        for axis in (1..self.shape.len()).rev() {
            strides[axis - 1] = strides[axis] * self.shape[axis];
        }
        let steps: Vec<usize> = axes.iter().map(|&axis| strides[axis]).collect();
        let values = (0..self.values.len()).map(|place| {
            let (mut left, mut from) = (place, 0);
            for (size, step) in shape.iter().zip(&steps).rev() {
                from += left % size * step;
                left /= size;
            }
            self.values[from]
        });
        let values = values.collect();
        Self { name: self.name.clone(), element_type: self.element_type, shape, values }
    }
}

/// The file's bytes as the only initializer of a model, which the parser reads: field 7 of a model is its graph, field 5
/// of a graph an initializer, both with their length in front.
fn as_model(tensor: &[u8]) -> Vec<u8> {
    let mut graph = vec![5 << 3 | 2];
    varint(tensor.len(), &mut graph);
    graph.extend_from_slice(tensor);
    let mut model = vec![7 << 3 | 2];
    varint(graph.len(), &mut model);
    model.extend_from_slice(&graph);
    model
}

fn varint(mut value: usize, bytes: &mut Vec<u8>) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn element_type(data_type: DataType) -> Option<ElementType> {
    Some(match data_type {
        DataType::Float => ElementType::Float32,
        DataType::Float16 => ElementType::Float16,
        DataType::Bfloat16 => ElementType::BFloat16,
        DataType::Double => ElementType::Float64,
        DataType::Int8 => ElementType::Int8,
        DataType::Int16 => ElementType::Int16,
        DataType::Int32 => ElementType::Int32,
        DataType::Int64 => ElementType::Int64,
        DataType::Uint8 => ElementType::UInt8,
        DataType::Uint16 => ElementType::UInt16,
        DataType::Uint32 => ElementType::UInt32,
        DataType::Uint64 => ElementType::UInt64,
        DataType::Bool => ElementType::Bool,
        _ => return None,
    })
}

/// The values of an array, whichever of the fields they stand in.
fn values(tensor: &TensorProto<'_>, count: usize) -> Result<Vec<f64>, String> {
    let values = match tensor.as_raw() {
        Some(raw) => raw_values(raw, tensor.data_type()),
        None => typed_values(tensor),
    };
    if values.len() == count { Ok(values) } else { Err(format!("{} values", values.len())) }
}

fn raw_values(raw: &[u8], data_type: DataType) -> Vec<f64> {
    fn each<const N: usize>(raw: &[u8], value: impl Fn([u8; N]) -> f64) -> Vec<f64> {
        raw.as_chunks::<N>().0.iter().map(|&bytes| value(bytes)).collect()
    }
    match data_type {
        DataType::Float => each(raw, |bytes| f32::from_le_bytes(bytes).into()),
        DataType::Double => each(raw, f64::from_le_bytes),
        DataType::Float16 => each(raw, |bytes| half(u16::from_le_bytes(bytes))),
        DataType::Bfloat16 => each(raw, |bytes| bfloat(u16::from_le_bytes(bytes))),
        DataType::Bool | DataType::Uint8 => each(raw, |bytes| u8::from_le_bytes(bytes).into()),
        DataType::Int8 => each(raw, |bytes| i8::from_le_bytes(bytes).into()),
        DataType::Uint16 => each(raw, |bytes| u16::from_le_bytes(bytes).into()),
        DataType::Int16 => each(raw, |bytes| i16::from_le_bytes(bytes).into()),
        DataType::Int32 => each(raw, |bytes| i32::from_le_bytes(bytes).into()),
        DataType::Uint32 => each(raw, |bytes| u32::from_le_bytes(bytes).into()),
        DataType::Int64 => each(raw, |bytes| i64::from_le_bytes(bytes) as f64),
        DataType::Uint64 => each(raw, |bytes| u64::from_le_bytes(bytes) as f64),
        _ => Vec::new(),
    }
}

fn typed_values(tensor: &TensorProto<'_>) -> Vec<f64> {
    let narrow = || tensor.as_i32().unwrap_or_default();
    match tensor.data_type() {
        DataType::Float => {
            tensor.as_f32().unwrap_or_default().iter().copied().map(f64::from).collect()
        }
        DataType::Double => tensor.as_f64().unwrap_or_default().to_vec(),
        DataType::Int64 => {
            tensor.as_i64().unwrap_or_default().iter().map(|&value| value as f64).collect()
        }
        DataType::Uint32 | DataType::Uint64 => {
            tensor.as_u64().unwrap_or_default().iter().map(|&value| value as f64).collect()
        }
        // 16 bits in the lower half of each number.
        DataType::Float16 => narrow().iter().map(|&bits| half(bits as u16)).collect(),
        DataType::Bfloat16 => narrow().iter().map(|&bits| bfloat(bits as u16)).collect(),
        _ => narrow().iter().copied().map(f64::from).collect(),
    }
}

/// The upper half of an `f32`.
fn bfloat(bits: u16) -> f64 {
    f32::from_bits(u32::from(bits) << 16).into()
}

/// A half-precision number: 1 sign, 5 exponent and 10 fraction bits.
fn half(bits: u16) -> f64 {
    let fraction = f64::from(bits & 0x3ff);
    let magnitude = match i32::from(bits >> 10 & 0x1f) {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (fraction + 1024.0) * 2f64.powi(exponent - 25),
    };
    if bits >> 15 == 0 { magnitude } else { -magnitude }
}
