//! The names that a pickle may use. None of them is imported; each only says what is built from its arguments.

use std::fmt;
use std::rc::Rc;

use crate::element::ElementType;

/// A name on the list.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::pytorch) enum Known {
    /// A function that makes a tensor of a storage.
    Rebuild(Rebuild),
    /// A function whose first argument is the tensor that it makes a parameter of.
    Parameter,
    /// A function that takes another one, a class, and the arguments of the first: for tensors with attributes.
    OfType,
    /// A kind of storage with the type of its values; `None` for bytes.
    StorageOf(Option<ElementType>),
    /// A type of values.
    Type(ElementType),
    /// A kind of dict.
    Dict,
    /// A function that hands back its first argument: a list with a type, a tuple of sizes.
    Same,
    /// A class or function of plain data in which there can be no weights.
    Opaque,
    /// A class that is only known by name.
    Class(Rc<str>),
}

/// Which arguments a function that makes a tensor takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pytorch) enum Rebuild {
    /// `(storage, offset, size, stride, …)`
    Plain,
    /// `(storage, offset, size, stride, requires_grad, hooks, dtype, …)`
    Typed,
}

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Class(name) => write!(f, "the class {name}"),
            Self::StorageOf(_) => f.write_str("a kind of storage"),
            Self::Type(element) => write!(f, "the type {element}"),
            _ => f.write_str("a function"),
        }
    }
}

/// What a name stands for; `None` for every name that is not on the list.
pub(super) fn known(module: &str, name: &str) -> Option<Known> {
    Some(match (module, name) {
        ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2") => {
            Known::Rebuild(Rebuild::Plain)
        }
        ("torch._utils", "_rebuild_tensor_v3") => Known::Rebuild(Rebuild::Typed),
        ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => {
            Known::Parameter
        }
        ("torch._tensor", "_rebuild_from_type_v2") => Known::OfType,
        ("torch", "Tensor") | ("torch.nn.parameter", "Parameter") => Known::Opaque,
        ("torch.storage", "UntypedStorage") | ("torch", "UntypedStorage") => Known::StorageOf(None),
        ("torch" | "torch.cuda", name) if name.ends_with("Storage") => {
            Known::StorageOf(Some(of_storage(name)?))
        }
        ("torch", "Size") => Known::Same,
        ("torch", "device") => Known::Opaque,
        ("torch", name) => Known::Type(of_type(name)?),
        ("collections", "OrderedDict" | "defaultdict" | "Counter") => Known::Dict,
        (
            "torch.jit._pickle",
            "build_intlist" | "build_doublelist" | "build_boollist" | "build_tensorlist"
            | "restore_type_tag",
        ) => Known::Same,
        ("builtins" | "__builtin__", "dict" | "list" | "int" | "float" | "str" | "bool")
        | ("builtins" | "__builtin__", "set" | "frozenset" | "complex" | "slice" | "range")
        | ("_codecs", "encode")
        | ("numpy", "dtype" | "ndarray")
        | ("numpy.core.multiarray" | "numpy._core.multiarray", "scalar" | "_reconstruct")
        | ("pathlib", "PosixPath" | "WindowsPath" | "PurePosixPath" | "PureWindowsPath")
        | ("datetime", "datetime" | "date" | "timedelta")
        | ("argparse", "Namespace")
        | ("torch.torch_version", "TorchVersion") => Known::Opaque,
        _ => return None,
    })
}

/// Whether a name is of a scripted module: its code lies in the archive beside the weights and is not read.
pub(super) fn is_scripted(module: &str) -> bool {
    module == "__torch__" || module.starts_with("__torch__.")
}

fn of_storage(name: &str) -> Option<ElementType> {
    Some(match name {
        "FloatStorage" => ElementType::Float32,
        "HalfStorage" => ElementType::Float16,
        "BFloat16Storage" => ElementType::BFloat16,
        "DoubleStorage" => ElementType::Float64,
        "CharStorage" => ElementType::Int8,
        "ShortStorage" => ElementType::Int16,
        "IntStorage" => ElementType::Int32,
        "LongStorage" => ElementType::Int64,
        "ByteStorage" => ElementType::UInt8,
        "BoolStorage" => ElementType::Bool,
        _ => return None,
    })
}

fn of_type(name: &str) -> Option<ElementType> {
    Some(match name {
        "float32" | "float" => ElementType::Float32,
        "float16" | "half" => ElementType::Float16,
        "bfloat16" => ElementType::BFloat16,
        "float64" | "double" => ElementType::Float64,
        "int8" => ElementType::Int8,
        "int16" | "short" => ElementType::Int16,
        "int32" | "int" => ElementType::Int32,
        "int64" | "long" => ElementType::Int64,
        "uint8" => ElementType::UInt8,
        "uint16" => ElementType::UInt16,
        "uint32" => ElementType::UInt32,
        "uint64" => ElementType::UInt64,
        "bool" => ElementType::Bool,
        _ => return None,
    })
}

/// Whether a name is a type of numbers of PyTorch's that can't be read.
pub(super) fn is_other_type(module: &str, name: &str) -> bool {
    let storage = ["ComplexFloatStorage", "ComplexDoubleStorage", "QInt8Storage", "QUInt8Storage"];
    let kinds = ["float8_", "complex", "qint", "quint", "float4_", "bits", "QInt32Storage"];
    match module {
        "torch" => storage.contains(&name) || kinds.iter().any(|kind| name.starts_with(kind)),
        "torch._utils" => name.starts_with("_rebuild_"),
        _ => false,
    }
}
