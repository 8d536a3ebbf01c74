//! An HDF5 file under construction.

use std::collections::BTreeMap;
use std::io::{self, Write};

use hdf5_pure::{AttrValue, FileBuilder, FinishedGroup, GroupBuilder};

use crate::weights::Variable;

/// A group with its attributes, arrays and groups, each by name.
#[derive(Default)]
pub(super) struct Branch<'a> {
    attributes: Vec<(String, AttrValue)>,
    arrays: BTreeMap<String, Variable<'a>>,
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
    pub fn put(&mut self, path: &str, array: Variable<'a>) {
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
            array.put_into(&mut builder, name);
        }
        for (name, child) in &self.children {
            let group = builder.create_group(name);
            builder.add_group(child.finished(group));
        }
        builder.finish()
    }
}
