//! Pictures of convolutional networks for papers and slides: SVG, PNG and PDF, without a browser.
//!
//! [`architecture`], [`filters`], [`convolution`], [`feature_maps`] and [`receptive_field`] draw what the structures of
//! [`dichroic::explain`] hold; nothing is computed here but places and colours. The words come in the language asked for.
//!
//! ```
//! use dichroic::explain::Language;
//! use dichroic::layers::Conv2D;
//! use dichroic::model::{Input, Sequential};
//! let mut model = Sequential::new().add(Input::new(&[9, 9, 5])).add(Conv2D::new(56, 4)).finish()?;
//! model.build(0)?;
//! let figure = dichroic_figure::filters(&model, "conv2d", Language::English)?;
//! assert!(figure.svg().contains("280 kernels"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod architecture;
mod colour;
mod convolution;
mod error;
mod feature_maps;
mod filters;
mod format;
mod legend;
mod receptive_field;
mod sheet;
mod volume;

pub use architecture::architecture;
pub use convolution::convolution;
pub use error::FigureError;
pub use feature_maps::feature_maps;
pub use filters::filters;
pub use format::Figure;
pub use receptive_field::receptive_field;
