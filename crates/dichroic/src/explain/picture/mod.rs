//! Pictures: the filters of a layer, and variants of a layer beside each other.

mod chart;
mod filters;
mod glyphs;
mod palette;
mod scene;

pub use filters::FilterPicture;
pub use palette::{diverging, mixed};
pub use scene::{Anchor, Mark, Rgb, Scene};
