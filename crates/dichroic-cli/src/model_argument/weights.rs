//! Weights from a file of their own: `--weights` and `--name-map`.

use std::path::PathBuf;

use clap::Args;
use dichroic::model::Model;
use dichroic_formats::{Matching, NameMap, Problem, UnknownClasses, WeightsOptions, load_weights};

use crate::failure::Failure;
use crate::input_file::regular;

/// What stands for a map where arrays are taken in the order of the file.
const IN_ORDER: &str = "in-order";
/// What stands for a map where layers of an HDF5 file are taken by their names.
const BY_NAME: &str = "by-name";

/// Weights that come from elsewhere than the model.
#[derive(Debug, Default, Args)]
pub struct WeightsArgument {
    /// Weights for the model: a .safetensors, .pt, .npz, .h5 or .keras file
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
    /// Which names of the weights are which of the model: JSON like {"features.0": "conv2d"}; in-order; or by-name for layers of an .h5 file
    #[arg(long, value_name = "MAP.json", requires = "weights")]
    pub name_map: Option<PathBuf>,
    /// Read files with unknown classes as far as possible: summary shows the other layers, --weights takes the arrays; no class is run
    #[arg(long)]
    pub lenient: bool,
}

impl WeightsArgument {
    /// Gives the model these weights, if there are any.
    ///
    /// # Errors
    /// When the file can't be read or doesn't suit the model.
    pub fn fill(&self, model: &mut Model) -> Result<(), Failure> {
        let Some(path) = &self.weights else { return Ok(()) };
        let mut layers = Matching::ByTopology;
        let names = match &self.name_map {
            None => NameMap::default(),
            Some(map) if map.as_os_str() == IN_ORDER => NameMap::InOrder,
            Some(map) if map.as_os_str() == BY_NAME => {
                layers = Matching::ByName;
                NameMap::default()
            }
            Some(map) => NameMap::read(map).map_err(Failure::input)?,
        };
        let unknown = match self.lenient {
            true => UnknownClasses::KeepAsNames,
            false => UnknownClasses::Refuse,
        };
        let options = WeightsOptions { names, layers, unknown };
        regular(path)?;
        let notes = load_weights(model, path, &options).map_err(|error| match &error.problem {
            Problem::Code { .. } => Failure::input(error).help(
                "if it is a model saved as a whole, --lenient takes its arrays and runs nothing",
            ),
            _ => Failure::input(error),
        })?;
        for note in notes {
            anstream::eprintln!("note: {}: {note}", path.display());
        }
        Ok(())
    }
}
