//! Reads a weight file.

use dichroic_graph::kernels::mapped::SharedBytes;
use dichroic_graph::kernels::tensor::Tensor;

use crate::error::{Located, Problem};
use crate::hdf5::{Array, Folder, Hdf5File};

/// An opened weight file.
pub(crate) struct WeightsReader {
    file: Hdf5File,
}

impl WeightsReader {
    pub fn new(bytes: SharedBytes) -> Result<Self, Located> {
        Hdf5File::new(bytes).map(Self::of)
    }

    /// A file that is open already.
    pub fn of(file: Hdf5File) -> Self {
        Self { file }
    }

    /// The variables at `{path}/vars`; none if there is no such group.
    pub fn variables(&self, path: &str) -> Result<Variables<'_>, Located> {
        let path = if path.is_empty() { "vars".to_string() } else { format!("{path}/vars") };
        let group = self.file.group(&path)?;
        let count = group.as_ref().map_or(Ok(0), Folder::array_count)?;
        Ok(Variables { path, group, count, names: None })
    }

    /// The names of the groups at a path, in no promised order; none if there is no such group.
    pub fn children(&self, path: &str) -> Result<Vec<String>, Located> {
        match self.file.group(path)? {
            Some(group) => group.groups(),
            None => Ok(Vec::new()),
        }
    }
}

/// The variables of one layer or optimizer, in their order.
pub(crate) struct Variables<'a> {
    path: String,
    group: Option<Folder<'a>>,
    count: usize,
    /// Their names; unset where they are numbered.
    names: Option<Vec<String>>,
}

impl<'a> Variables<'a> {
    /// Variables that a group lists by name, as older files do.
    pub fn named(group: Folder<'a>, names: Vec<String>) -> Self {
        let path = group.path().to_owned();
        Self { path, group: Some(group), count: names.len(), names: Some(names) }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// The name that the layer had in its model, if the file says it.
    pub fn name(&self) -> Result<Option<String>, Located> {
        match &self.group {
            Some(group) => Ok(group.attributes()?.text("name")?.map(str::to_owned)),
            None => Ok(None),
        }
    }

    /// Fails unless there are this many.
    pub fn expect(&self, expected: usize) -> Result<(), Located> {
        if self.count == expected {
            return Ok(());
        }
        Err(Problem::Variables { expected, got: self.count }.at(&self.path))
    }

    /// Variable `index`, which must have this shape.
    pub fn tensor(&self, index: usize, shape: &[usize]) -> Result<Tensor, Located> {
        self.array(index)?.tensor(shape)
    }

    /// The values of variable `index`, which must have this shape.
    pub fn floats(&self, index: usize, shape: &[usize]) -> Result<Vec<f32>, Located> {
        self.tensor(index, shape).map(Tensor::into_data)
    }

    /// Variable `index`, which must be one number; read as a whole one.
    pub fn integer(&self, index: usize) -> Result<i64, Located> {
        self.array(index)?.integer()
    }

    fn array(&self, index: usize) -> Result<Array<'_>, Located> {
        let group = self.group.as_ref().ok_or_else(|| {
            let what = format!("variable {index}");
            let fix = "the file was cut or is not from Keras; save the model again";
            Problem::Missing { what, fix: fix.into() }.at(&self.path)
        })?;
        match self.names.as_ref().and_then(|names| names.get(index)) {
            Some(name) => group.array(name),
            None => group.array(&index.to_string()),
        }
    }
}
