//! The attributes of a node, each of which must be read by somebody.

use std::cell::RefCell;

use onnx_rs::ast::{Attribute, AttributeType, Graph, TensorProto};

use crate::error::{Located, Problem};

/// The attributes of a node; remembers which were asked for.
#[derive(Debug)]
pub(crate) struct Attributes<'a> {
    list: Vec<(&'a str, &'a Attribute<'a>)>,
    read: RefCell<Vec<bool>>,
}

impl<'a> Attributes<'a> {
    /// Attributes by the names that the node gives them.
    pub fn new(list: Vec<(&'a str, &'a Attribute<'a>)>) -> Self {
        let read = RefCell::new(vec![false; list.len()]);
        Self { list, read }
    }

    /// The attribute of this name and kind.
    fn find(&self, name: &str, kind: AttributeType) -> Result<Option<&'a Attribute<'a>>, Located> {
        let Some(place) = self.list.iter().position(|(known, _)| *known == name) else {
            return Ok(None);
        };
        self.read.borrow_mut()[place] = true;
        let (_, attribute) = self.list[place];
        // Files of the first version of the format leave the kind out.
        if attribute.r#type == kind || attribute.r#type == AttributeType::Undefined {
            return Ok(Some(attribute));
        }
        let expected = format!("attribute {name} of kind {kind:?}");
        Err(Problem::malformed(expected, format!("{:?}", attribute.r#type)).into())
    }

    /// Whether there is an attribute of this name.
    pub fn has(&self, name: &str) -> bool {
        self.list.iter().any(|(known, _)| *known == name)
    }

    /// Says that an attribute needs no reading: it changes nothing here.
    pub fn ignore(&self, name: &str) {
        if let Some(place) = self.list.iter().position(|(known, _)| *known == name) {
            self.read.borrow_mut()[place] = true;
        }
    }

    /// A whole number.
    pub fn int(&self, name: &str) -> Result<Option<i64>, Located> {
        Ok(self.find(name, AttributeType::Int)?.map(|attribute| attribute.i))
    }

    /// A whole number, or what it is by default.
    pub fn int_or(&self, name: &str, default: i64) -> Result<i64, Located> {
        Ok(self.int(name)?.unwrap_or(default))
    }

    /// A switch, off by default.
    pub fn flag(&self, name: &str) -> Result<bool, Located> {
        Ok(self.int_or(name, 0)? != 0)
    }

    /// A number.
    pub fn float(&self, name: &str) -> Result<Option<f32>, Located> {
        Ok(self.find(name, AttributeType::Float)?.map(|attribute| attribute.f))
    }

    /// A number, or what it is by default.
    pub fn float_or(&self, name: &str, default: f32) -> Result<f32, Located> {
        Ok(self.float(name)?.unwrap_or(default))
    }

    /// Whole numbers.
    pub fn ints(&self, name: &str) -> Result<Option<&'a [i64]>, Located> {
        Ok(self.find(name, AttributeType::Ints)?.map(|attribute| attribute.ints.as_slice()))
    }

    /// Numbers.
    pub fn floats(&self, name: &str) -> Result<Option<&'a [f32]>, Located> {
        Ok(self.find(name, AttributeType::Floats)?.map(|attribute| attribute.floats.as_slice()))
    }

    /// A word.
    pub fn text(&self, name: &str) -> Result<Option<&'a str>, Located> {
        let Some(attribute) = self.find(name, AttributeType::String)? else { return Ok(None) };
        std::str::from_utf8(attribute.s).map(Some).map_err(|error| {
            Problem::malformed(format!("a word as attribute {name}"), error).into()
        })
    }

    /// A word, or what it is by default.
    pub fn text_or(&self, name: &str, default: &'static str) -> Result<&'a str, Located> {
        Ok(self.text(name)?.unwrap_or(default))
    }

    /// Several words.
    pub fn texts(&self, name: &str) -> Result<Option<Vec<&'a str>>, Located> {
        let Some(attribute) = self.find(name, AttributeType::Strings)? else { return Ok(None) };
        let words: Result<Vec<_>, _> =
            attribute.strings.iter().map(|word| std::str::from_utf8(word)).collect();
        words
            .map(Some)
            .map_err(|error| Problem::malformed(format!("words as attribute {name}"), error).into())
    }

    /// An array.
    pub fn tensor(&self, name: &str) -> Result<Option<&'a TensorProto<'a>>, Located> {
        Ok(self.find(name, AttributeType::Tensor)?.and_then(|attribute| attribute.t.as_ref()))
    }

    /// A graph.
    pub fn graph(&self, name: &str) -> Result<Option<&'a Graph<'a>>, Located> {
        Ok(self.find(name, AttributeType::Graph)?.and_then(|attribute| attribute.g.as_deref()))
    }

    /// The names of those that nobody has read.
    pub fn unread(&self) -> Vec<&'a str> {
        let read = self.read.borrow();
        self.list
            .iter()
            .zip(read.iter())
            .filter(|(_, read)| !**read)
            .map(|((name, _), _)| *name)
            .collect()
    }
}
