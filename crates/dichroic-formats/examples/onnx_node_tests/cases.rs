//! The tests in the package's data folder.

use std::fs;
use std::path::{Path, PathBuf};

/// A model with the folder of its data, or without one.
#[derive(Debug)]
pub struct Case {
    /// Its place in the data folder: `node/test_abs`.
    pub name: String,
    /// The model.
    pub model: PathBuf,
    /// Its inputs and expected outputs.
    pub data: Data,
}

/// Where inputs and outputs come from.
#[derive(Debug)]
pub enum Data {
    /// Folders with `input_0.pb`, `output_0.pb` and so on.
    Sets(Vec<PathBuf>),
    /// The inputs count from 0 to 1 in equal steps, as the package's own runner makes them; the output is in a file.
    Counted {
        /// The expected output.
        output: PathBuf,
    },
}

/// The kinds of tests whose models lie in the package; those in `real` would be downloaded.
const KINDS: [&str; 5] = ["light", "node", "pytorch-converted", "pytorch-operator", "simple"];

/// All tests in a stable order.
///
/// # Errors
/// When a folder can't be read or holds no tests.
pub fn find(data: &Path) -> Result<Vec<Case>, String> {
    let mut cases = Vec::new();
    for kind in KINDS {
        let folder = data.join(kind);
        for path in entries(&folder)? {
            let Some(file) = path.file_name().and_then(|name| name.to_str()) else { continue };
            if let Some(stem) = file.strip_suffix(".onnx") {
                let output = folder.join(format!("{stem}_output_0.pb"));
                let name = format!("{kind}/{stem}");
                cases.push(Case { name, model: path.clone(), data: Data::Counted { output } });
            } else if path.join("model.onnx").is_file() {
                let sets = entries(&path)?.into_iter().filter(|entry| entry.is_dir()).collect();
                let (name, model) = (format!("{kind}/{file}"), path.join("model.onnx"));
                cases.push(Case { name, model, data: Data::Sets(sets) });
            }
        }
    }
    if cases.is_empty() { Err(format!("no tests in {}", data.display())) } else { Ok(cases) }
}

/// The files `input_0.pb`, `input_1.pb` and so on, as far as they go.
pub fn numbered(set: &Path, stem: &str) -> Vec<PathBuf> {
    let files = (0..).map(|number| set.join(format!("{stem}_{number}.pb")));
    files.take_while(|file| file.is_file()).collect()
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let named = |error| format!("{}: {error}", folder.display());
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
        .map_err(named)?;
    paths.sort();
    Ok(paths)
}
