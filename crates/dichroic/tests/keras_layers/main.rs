//! All layers: against Keras, and against what every layer owes.

mod computing;
mod golden;
mod lowered;
mod operations;
mod registry;
mod values;
