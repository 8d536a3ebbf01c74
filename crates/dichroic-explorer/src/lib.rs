//! The explorer: a local page on which a person looks at every weight of a model, and the server behind it.
//!
//! All arithmetic is the library's. A [`Workspace`] keeps models, inputs, computed values and jobs; the API under
//! `/api/v1` answers questions about them, and describes itself at `/api/v1/openapi.json`; a [`Server`] listens on
//! loopback and answers nobody but the page.
#![forbid(unsafe_code)]

mod api;
mod export;
mod hash;
pub mod jobs;
mod limits;
mod page;
mod paste;
mod problem;
mod security;
mod server;
mod upload;
mod variants;
pub mod workspace;

pub use export::{Exported, export};
pub use problem::{Diagnostic, Problem, ProblemKind};
pub use security::Hosts;
pub use server::{Server, router};
pub use workspace::{ModelSource, NewModel, Settings, Workspace};
