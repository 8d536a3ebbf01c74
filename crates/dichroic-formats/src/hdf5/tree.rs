//! An HDF5 file under construction.

use std::collections::BTreeMap;
use std::io::{self, Write};

use dichroic_graph::kernels::tensor::Tensor;
use hdf5_pure::{AttrValue, FileBuilder, FinishedGroup, GroupBuilder};

/// A group with its attributes, arrays and groups, each by name.
#[derive(Default)]
pub(super) struct Branch<'a> {
    attributes: Vec<(String, AttrValue)>,
    arrays: BTreeMap<String, &'a Tensor>,
    children: BTreeMap<String, Branch<'a>>,
}

impl<'a> Branch<'a> {
    /// Sets an attribute.
    pub fn set(&mut self, name: &str, value: AttrValue) {
        self.attributes.push((name.to_owned(), value));
    }

    /// The group at a path inside, made if it isn't there.
    pub fn child(&mut self, path: &str) -> &mut Self {
        let mut branch = self;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            branch = branch.children.entry(name.to_owned()).or_default();
        }
        branch
    }

    /// Puts an array at a path inside.
    pub fn put(&mut self, path: &str, array: &'a Tensor) {
        let (group, name) = path.rsplit_once('/').unwrap_or(("", path));
        self.child(group).arrays.insert(name.to_owned(), array);
    }

    /// Writes this group as the root of a file.
    pub fn write(&self, file: impl Write) -> io::Result<()> {
        let mut builder = FileBuilder::new();
        for (name, value) in &self.attributes {
            builder.set_attr(name, value.clone());
        }
        for (name, child) in &self.children {
            let group = builder.create_group(name);
            builder.add_group(child.finished(group));
        }
        builder.finish_to(file).map_err(io::Error::other)
    }

    fn finished(&self, mut builder: GroupBuilder) -> FinishedGroup {
        for (name, value) in &self.attributes {
            builder.set_attr(name, value.clone());
        }
        for (name, array) in &self.arrays {
            let shape: Vec<u64> = array.shape().iter().map(|&size| size as u64).collect();
            builder.create_dataset(name).with_f32_data(array.data()).with_shape(&shape);
        }
        for (name, child) in &self.children {
            let group = builder.create_group(name);
            builder.add_group(child.finished(group));
        }
        builder.finish()
    }
}
