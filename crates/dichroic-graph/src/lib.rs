//! Ops, shape inference, gradients, passes, the plan and the executor.
//!
//! A [`Graph`] holds [`Op`]s on values of known shape. [`Graph::gradients`] extends it by the reverse
//! graph, [`Plan::compile`] folds, fuses, chooses kernels and assigns memory, and an [`Executor`]
//! runs the plan as often as needed without allocating.
//!
//! ```
//! use dichroic_graph::{Executor, Graph, Parameters, Plan, PlanOptions, Shape, StepContext};
//! use dichroic_graph::ops::Binary;
//! use dichroic_graph::kernels::elementwise::Binary as Kind;
//!
//! let mut graph = Graph::new();
//! let x = graph.input("x", Shape::from([2, 3]));
//! let two = graph.scalar(2.0);
//! let y = graph.add(Binary { kind: Kind::Multiply }, &[x, two])?;
//! let plan = Plan::compile(graph, &PlanOptions::for_outputs(&[y]))?;
//! let mut executor = Executor::new(plan)?;
//! let parameters = Parameters::default();
//! executor.run(&[&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]], &parameters, StepContext::default())?;
//! assert_eq!(executor.value(y)?, [2.0, 4.0, 6.0, 8.0, 10.0, 12.0]);
//! # Ok::<(), dichroic_graph::GraphError>(())
//! ```
#![forbid(unsafe_code)]

pub use dichroic_kernels as kernels;

mod error;
mod executor;
mod gradient;
mod graph;
mod memory;
mod operation;
pub mod ops;
mod parameters;
pub mod passes;
pub mod plan;
mod shape;

pub use error::GraphError;
pub use executor::{Executor, Learned, Learner, StepTime, Work};
pub use gradient::Backward;
pub use graph::{Graph, Node, Phase, Precision, Source, ValueId};
pub use memory::available_memory;
pub use operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
pub use ops::Op;
pub use parameters::{ParameterId, Parameters};
pub use plan::{Learning, MemoryReport, Plan, PlanOptions};
pub use shape::Shape;
