//! Models held against what Keras itself wrote, printed and computed (`tests/golden`).

mod configurations;
mod counts;
mod golden;
mod summaries;
mod traces;
mod values;
