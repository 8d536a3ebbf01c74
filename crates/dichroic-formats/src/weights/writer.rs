//! Builds a weight file in memory.

use std::collections::BTreeMap;

use hdf5_pure::{AttrValue, FileBuilder, FinishedGroup, GroupBuilder};

use crate::error::Problem;

/// A numbered array.
pub(crate) enum Variable<'a> {
    /// Weights and slots of optimizers.
    Floats { shape: &'a [usize], values: &'a [f32] },
    /// One number: an optimizer's learning rate.
    Float(f32),
    /// One whole number: an optimizer's count of steps.
    Integer(i32),
}

impl Variable<'_> {
    /// Puts it into a group under a name.
    pub fn put_into(&self, group: &mut GroupBuilder, name: &str) {
        let dataset = group.create_dataset(name);
        match *self {
            Self::Float(value) => dataset.with_f32_data(&[value]).with_shape(&[]),
            Self::Integer(value) => dataset.with_i32_data(&[value]).with_shape(&[]),
            Self::Floats { shape, values } => {
                let shape: Vec<u64> = shape.iter().map(|&size| size as u64).collect();
                dataset.with_f32_data(values).with_shape(&shape)
            }
        };
    }
}

/// A group under construction.
#[derive(Default)]
struct Node<'a> {
    /// Of a `vars` group: the name that the layer has in the model.
    name: Option<String>,
    variables: Vec<Variable<'a>>,
    children: BTreeMap<String, Node<'a>>,
}

/// Collects variables by path.
#[derive(Default)]
pub(crate) struct WeightsWriter<'a> {
    root: Node<'a>,
}

impl<'a> WeightsWriter<'a> {
    /// Puts variables at `{path}/vars`; an empty path is the model itself.
    pub fn put(&mut self, path: &str, name: &str, variables: Vec<Variable<'a>>) {
        let mut node = &mut self.root;
        for part in path.split('/').filter(|part| !part.is_empty()).chain(["vars"]) {
            node = node.children.entry(part.into()).or_default();
        }
        node.name = Some(name.into());
        node.variables = variables;
    }

    /// The bytes of the HDF5 file.
    pub fn finish(self) -> Result<Vec<u8>, Problem> {
        let mut file = FileBuilder::new();
        for (name, node) in self.root.children {
            let builder = file.create_group(&name);
            file.add_group(group(builder, node));
        }
        file.finish().map_err(|error| Problem::malformed("weights that HDF5 can hold", error))
    }
}

fn group(mut builder: GroupBuilder, node: Node<'_>) -> FinishedGroup {
    if let Some(name) = node.name {
        builder.set_attr("name", AttrValue::VarLenString(name));
    }
    for (index, variable) in node.variables.iter().enumerate() {
        variable.put_into(&mut builder, &index.to_string());
    }
    for (name, child) in node.children {
        let inner = builder.create_group(&name);
        builder.add_group(group(inner, child));
    }
    builder.finish()
}
