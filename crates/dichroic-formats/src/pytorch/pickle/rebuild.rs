//! What known functions make of their arguments.

use super::names::{Known, Rebuild};
use super::{Handle, Instance, Object, Objects, Storage, Tensor};
use crate::element::ElementType;
use crate::error::Problem;

/// More axes than any array of weights has.
const MOST_AXES: usize = 64;
/// Keys are numbers or addresses.
const LONGEST_KEY: usize = 64;

/// What a known function gives.
pub(super) enum Made {
    New(Object),
    /// One of its arguments.
    Argument(Handle),
}

/// What calling `function` with `arguments` gives; nothing is called.
pub(super) fn call(
    objects: &Objects,
    function: Handle,
    arguments: Handle,
) -> Result<Made, Problem> {
    let arguments = elements(objects, arguments)?;
    let Object::Name(known) = objects.get(function) else {
        let got = objects.get(function).kind();
        return Err(Problem::malformed("a known function to call", got));
    };
    let first = || {
        let first = arguments.first().copied();
        first.ok_or_else(|| Problem::malformed("an argument", "none"))
    };
    Ok(match known {
        Known::Rebuild(rebuild) => Made::New(Object::Tensor(tensor(objects, *rebuild, arguments)?)),
        Known::Parameter => match objects.get(first()?) {
            Object::Tensor(_) => Made::Argument(first()?),
            other => return Err(Problem::malformed("a tensor for a parameter", other.kind())),
        },
        Known::OfType => match arguments {
            [inner, _, inner_arguments, ..] if !is_of_type(objects, *inner) => {
                return call(objects, *inner, *inner_arguments);
            }
            _ => return Err(Problem::malformed("a function, a class and arguments", "others")),
        },
        Known::Same => Made::Argument(first()?),
        Known::Dict => Made::New(Object::Dict(pairs(objects, arguments)?)),
        Known::Opaque => Made::New(Object::Opaque),
        Known::Class(_) | Known::StorageOf(_) | Known::Type(_) => {
            return Err(Problem::malformed("a known function to call", known));
        }
    })
}

/// Whether a function would hand on to another one again.
fn is_of_type(objects: &Objects, function: Handle) -> bool {
    matches!(objects.get(function), Object::Name(Known::OfType))
}

/// A new object of a class, without a call of it.
pub(super) fn instance(objects: &Objects, class: Handle) -> Result<Object, Problem> {
    match objects.get(class) {
        Object::Name(Known::Class(name)) => Ok(Object::Instance(Instance::of(name.clone()))),
        Object::Name(Known::Dict) => Ok(Object::Dict(Vec::new())),
        Object::Name(Known::Opaque) => Ok(Object::Opaque),
        other => Err(Problem::malformed("a class", other.kind())),
    }
}

/// What an id stands for that the pickle itself has no object for: a storage, or in files before PyTorch 1.6 also a class,
/// written as `("module", class, file, source)`.
pub(super) fn persistent(objects: &Objects, id: Handle) -> Result<Made, Problem> {
    if let [word, class, ..] = elements(objects, id)?
        && objects.text(*word) == Some("module")
        && let Object::Name(Known::Class(_)) = objects.get(*class)
    {
        return Ok(Made::Argument(*class));
    }
    storage(objects, id).map(|storage| Made::New(Object::Storage(storage)))
}

/// The storage behind `("storage", kind, key, device, length)`; files before PyTorch 1.6 add `(key, offset, length)` of a part.
fn storage(objects: &Objects, id: Handle) -> Result<Storage, Problem> {
    let wrong = |got: String| Problem::malformed("a reference to a storage", got);
    let parts = elements(objects, id)?;
    let [word, kind, key, _, len, part @ ..] = parts else {
        return Err(wrong(format!("a tuple of {}", parts.len())));
    };
    let Object::Name(Known::StorageOf(element)) = objects.get(*kind) else {
        return Err(wrong(objects.get(*kind).kind()));
    };
    let key = objects.text(*key).filter(|key| is_key(key));
    let key = key.filter(|_| objects.text(*word) == Some("storage"));
    let key =
        key.ok_or_else(|| wrong("another tuple, or a key with other signs than A–Z, 0–9".into()))?;
    let mut storage =
        Storage { key: key.into(), element: *element, len: size(objects, *len)?, offset: 0 };
    if let [part] = part
        && let Object::Tuple(part) = objects.get(*part)
    {
        let [_, offset, len] = part[..] else { return Err(wrong("a part without a place".into())) };
        storage.offset = size(objects, offset)?;
        storage.len = size(objects, len)?;
    }
    Ok(storage)
}

/// Keys are numbers or pointers written out; anything else could be meant as a path.
fn is_key(key: &str) -> bool {
    (1..=LONGEST_KEY).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn tensor(objects: &Objects, rebuild: Rebuild, arguments: &[Handle]) -> Result<Tensor, Problem> {
    let [storage, offset, shape, strides, rest @ ..] = arguments else {
        let got = format!("{} arguments", arguments.len());
        return Err(Problem::malformed("storage, offset, size and stride of a tensor", got));
    };
    let Object::Storage(storage) = objects.get(*storage) else {
        return Err(Problem::malformed("the storage of a tensor", objects.get(*storage).kind()));
    };
    let given = match rebuild {
        Rebuild::Plain => None,
        Rebuild::Typed => Some(type_of(objects, rest.get(2).copied())?),
    };
    let element = given.or(storage.element);
    let element = element.ok_or_else(|| Problem::malformed("a type of values", "bytes"))?;
    let sizes = |handle: Handle| -> Result<Vec<usize>, Problem> {
        let sizes = elements(objects, handle)?;
        if sizes.len() > MOST_AXES {
            let expected = format!("at most {MOST_AXES} axes");
            return Err(Problem::malformed(expected, sizes.len()));
        }
        sizes.iter().map(|&handle| size(objects, handle)).collect()
    };
    Ok(Tensor {
        storage: storage.clone(),
        element,
        offset: size(objects, *offset)?,
        shape: sizes(*shape)?,
        strides: sizes(*strides)?,
    })
}

fn type_of(objects: &Objects, handle: Option<Handle>) -> Result<ElementType, Problem> {
    match handle.map(|handle| objects.get(handle)) {
        Some(Object::Name(Known::Type(element))) => Ok(*element),
        Some(other) => Err(Problem::malformed("a type of values", other.kind())),
        None => Err(Problem::malformed("a type of values", "none")),
    }
}

/// The elements of a tuple or list.
fn elements(objects: &Objects, handle: Handle) -> Result<&[Handle], Problem> {
    match objects.get(handle) {
        Object::Tuple(elements) | Object::List(elements) => Ok(elements),
        other => Err(Problem::malformed("a tuple", other.kind())),
    }
}

/// The pairs that a dict is made of: none, another dict, or a list of pairs.
fn pairs(objects: &Objects, arguments: &[Handle]) -> Result<Vec<(Handle, Handle)>, Problem> {
    let mut made = Vec::new();
    for &argument in arguments {
        match objects.get(argument) {
            Object::Dict(pairs) => made.extend(pairs),
            Object::List(list) => {
                for &pair in list {
                    match elements(objects, pair)? {
                        [key, value] => made.push((*key, *value)),
                        other => {
                            let got = format!("{} of them", other.len());
                            return Err(Problem::malformed("a key and a value", got));
                        }
                    }
                }
            }
            // The factory of a defaultdict.
            Object::Name(Known::Opaque | Known::Dict) | Object::None => {}
            other => return Err(Problem::malformed("pairs for a dict", other.kind())),
        }
    }
    Ok(made)
}

fn size(objects: &Objects, handle: Handle) -> Result<usize, Problem> {
    let wrong = |got: String| Problem::malformed("a size of 0 or more", got);
    match objects.get(handle) {
        Object::Integer(value) => usize::try_from(*value).map_err(|_| wrong(value.to_string())),
        other => Err(wrong(other.kind())),
    }
}
