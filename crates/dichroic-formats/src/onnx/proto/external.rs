//! Arrays in files of their own beside the model.
//!
//! A location is a relative path inside the folder of the model and nothing else: no `..`, no
//! absolute path, no link that leads out (CVE-2024-27318, CVE-2024-5187 and their kind).

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use dichroic_graph::kernels::mapped::SharedBytes;
use onnx_rs::ast::{DataLocation, Graph, Model, TensorProto};

use crate::error::{Located, Problem};

/// The bytes of all files that the arrays of a model name.
#[derive(Debug, Default)]
pub(crate) struct External {
    files: HashMap<String, SharedBytes>,
}

impl External {
    /// Reads the files that a model's arrays lie in; `folder` is that of the model.
    pub(crate) fn of(model: &Model<'_>, folder: &Path) -> Result<Self, Located> {
        let mut external = Self::default();
        if let Some(graph) = &model.graph {
            external.gather(graph, folder)?;
        }
        for node in model.functions.iter().flat_map(|function| &function.node) {
            external.gather_attributes(node, folder)?;
        }
        Ok(external)
    }

    fn gather(&mut self, graph: &Graph<'_>, folder: &Path) -> Result<(), Located> {
        for tensor in &graph.initializer {
            self.add(tensor, folder)?;
        }
        graph.node.iter().try_for_each(|node| self.gather_attributes(node, folder))
    }

    fn gather_attributes(
        &mut self,
        node: &onnx_rs::ast::Node<'_>,
        folder: &Path,
    ) -> Result<(), Located> {
        for attribute in &node.attribute {
            for tensor in attribute.t.iter().chain(&attribute.tensors) {
                self.add(tensor, folder)?;
            }
            for graph in attribute.g.iter().map(AsRef::as_ref).chain(&attribute.graphs) {
                self.gather(graph, folder)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, tensor: &TensorProto<'_>, folder: &Path) -> Result<(), Located> {
        if tensor.data_location() != DataLocation::External {
            return Ok(());
        }
        let location = location(tensor)?;
        if !self.files.contains_key(location) {
            let inside = |error: Located| error.inside(&place(tensor));
            let path = path_inside(folder, location).map_err(inside)?;
            let bytes = SharedBytes::open(&path)
                .map_err(|error| inside(Problem::from(error).at(location)))?;
            self.files.insert(location.to_owned(), bytes);
        }
        Ok(())
    }

    /// The bytes of an array that lies outside the model.
    pub(super) fn bytes(&self, tensor: &TensorProto<'_>) -> Result<&[u8], Located> {
        let location = location(tensor)?;
        let file = self.files.get(location).ok_or_else(|| Problem::Missing {
            what: format!("the file {location:?}"),
            fix: "put it beside the model".to_owned(),
        })?;
        let offset = number(tensor, "offset")?.unwrap_or(0);
        let rest = file.len().saturating_sub(offset);
        let length = number(tensor, "length")?.unwrap_or(rest);
        offset.checked_add(length).and_then(|end| file.get(offset..end)).ok_or_else(|| {
            let expected = format!("{length} bytes at {offset} of {location:?}");
            Problem::malformed(expected, format!("a file of {} bytes", file.len())).into()
        })
    }
}

fn place(tensor: &TensorProto<'_>) -> String {
    format!("array {:?}", tensor.name())
}

fn entry<'a>(tensor: &TensorProto<'a>, key: &str) -> Option<&'a str> {
    tensor.external_data().iter().find(|entry| entry.key == key).map(|entry| entry.value)
}

fn location<'a>(tensor: &TensorProto<'a>) -> Result<&'a str, Located> {
    entry(tensor, "location").ok_or_else(|| {
        let fix = "write the model anew with its external data".to_owned();
        Problem::Missing { what: "the location of external data".to_owned(), fix }.at(place(tensor))
    })
}

fn number(tensor: &TensorProto<'_>, key: &str) -> Result<Option<usize>, Located> {
    let Some(text) = entry(tensor, key) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| {
        Problem::malformed(format!("a number of bytes as {key} of external data"), text).into()
    })
}

/// The file of a location, which lies inside the folder even when links are followed.
fn path_inside(folder: &Path, location: &str) -> Result<PathBuf, Located> {
    let refused = |got: &str| {
        let expected =
            "external data in the folder of the model, as a relative path without \"..\"";
        Problem::malformed(expected, format!("{location:?}{got}"))
    };
    // A backslash or a colon would be a way out on some systems and a name on others.
    let plain = Path::new(location)
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !plain || location.contains(['\\', ':', '\0']) {
        return Err(refused("").into());
    }
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let file = folder.join(location).canonicalize().map_err(|e| Problem::from(e).at(location))?;
    if !file.starts_with(folder.canonicalize().map_err(Problem::from)?) {
        return Err(refused(", a link that leads out of it").into());
    }
    if !file.is_file() {
        return Err(refused(", which is no file").into());
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn no_location_leads_out_of_the_folder() {
        for location in ["../a", "/etc/passwd", "a/../../b", "C:\\a", "..\\a", ""] {
            assert!(path_inside(Path::new("."), location).is_err(), "{location:?}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_link_out_of_the_folder_is_refused() {
        let folder = std::env::temp_dir().join(format!("dichroic-external-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let link = folder.join("weights.bin");
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink("/etc/hostname", &link).unwrap();
        let error = path_inside(&folder, "weights.bin").unwrap_err();
        assert!(error.problem.to_string().contains("leads out"), "{}", error.problem);
        fs::remove_dir_all(&folder).unwrap();
    }
}
