//! Looking inside: counts with their formulas, costs, one output value product by product, other ways of sharing.
//!
//! Everything here is data first; the texts and pictures are made from the same structures that serde writes as JSON.

mod architecture;
mod attribution;
mod axes;
mod channels;
mod cost;
mod error;
mod feature_maps;
mod filters;
mod layer;
mod message;
mod picture;
mod receptive_field;
mod summary;
#[cfg(test)]
mod tests;
mod trace;
mod what_if;
mod width;

pub use architecture::{Architecture, Edge, Group, GroupKind, Node, NodeConvolution, Totals};
pub use attribution::{
    Ascent, AscentStep, Attribution, AttributionError, AttributionRequest, Completeness,
    MaximalInput, Method, ScoreOf, Watch,
};
pub use axes::Axes;
pub use cost::{Cost, Costs, macs};
pub use error::ExplainError;
pub use feature_maps::{ChannelMap, ClassScore, FeatureMaps, LayerMaps, LayerValues, OutputScores};
pub use filters::{FilterMatrix, FilterOrders, FilterStatistics, Stage};
pub use layer::{
    ConvolutionExplanation, LayerExplanation, Note, StageExplanation, TermExplanation,
};
pub use message::{Argument, Language, Message, UnknownLanguage, words};
pub use picture::{Anchor, FilterPicture, Mark, Rgb, Scene, diverging, mixed};
pub use receptive_field::ReceptiveField;
pub use summary::{
    Color, Column, Connection, Row, Strides, Style, Summary, SummaryError, SummaryOptions,
};
pub use trace::{ChannelTrace, Grid, Trace, TraceRequest, TraceRun};
pub use what_if::{Variant, WhatIf};
