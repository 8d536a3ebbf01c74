//! What can be wrong with a model.

use dichroic_graph::GraphError;
use dichroic_graph::kernels::tensor::TensorError;

use crate::Shape;
use crate::layers::LayerError;

/// Why a model can't be made, found, lowered or run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A layer refused its arguments or its inputs.
    #[error("layer {layer:?} ({class_name}): {source}")]
    Layer {
        /// The layer's name, with the names of the models around it.
        layer: String,
        /// Its class.
        class_name: String,
        /// What is wrong.
        source: Box<LayerError>,
    },
    /// A layer was called again with inputs that need other weights.
    #[error(
        "layer {layer:?}: its weights were made for {built}, and another call brings {got}; \
         use a layer of its own for each shape"
    )]
    SharedShape {
        /// The layer's name.
        layer: String,
        /// The input shapes of the first call.
        built: String,
        /// The input shapes of this call.
        got: String,
    },
    /// A nested model got inputs of another number or shape.
    #[error(
        "model {model:?}: takes {expected}, got {got}; change the inputs or the Input of that model"
    )]
    ModelInputs {
        /// The model's name.
        model: String,
        /// The input shapes needed.
        expected: String,
        /// The input shapes that came.
        got: String,
    },
    /// Two layers of a model have the same name.
    #[error("the name {name:?} is used by two layers; give one of them another name")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// An output depends on a value that is not among the inputs.
    #[error(
        "layer {layer:?} can't be reached from the model's inputs; add its Input to the inputs"
    )]
    Disconnected {
        /// The layer where the way back ends.
        layer: String,
    },
    /// A layer was added to a sequential model in a way that makes no chain.
    #[error("layer {layer:?} can't be added to sequential model {model:?}: {rule}")]
    Sequence {
        /// The model.
        model: String,
        /// The layer.
        layer: String,
        /// The rule that is broken.
        rule: &'static str,
    },
    /// The model has no input shape yet.
    #[error(
        "model {model:?} has no input shape yet; begin it with Input(shape), or give input_shape to its first layer"
    )]
    NotBuilt {
        /// The model.
        model: String,
    },
    /// The model has no weight values yet.
    #[error("model {model:?} has no weights yet; call build(seed) or load them")]
    NoWeights {
        /// The model.
        model: String,
    },
    /// The model has no layer of this name.
    #[error("model {model:?} has no layer {layer:?}{suggestion}")]
    NoSuchLayer {
        /// The model.
        model: String,
        /// The name asked for.
        layer: String,
        /// ` (did you mean …?)`, the names there are, or nothing.
        suggestion: String,
    },
    /// The layer has no weight of this name.
    #[error("layer {layer:?} has no weight {weight:?}; it has {known}")]
    NoSuchWeight {
        /// The layer.
        layer: String,
        /// The name asked for.
        weight: String,
        /// The names it has.
        known: String,
    },
    /// A weight's value has another shape.
    #[error("weight {weight:?} has shape {expected:?}, got {got:?}")]
    WeightShape {
        /// The weight's path.
        weight: String,
        /// The shape needed.
        expected: Vec<usize>,
        /// The shape that came.
        got: Vec<usize>,
    },
    /// The data don't suit the model's inputs.
    #[error("input {input:?} needs {expected}, got {got}")]
    Data {
        /// The input's name.
        input: String,
        /// The shape needed.
        expected: String,
        /// What came.
        got: String,
    },
    /// An axis is open where every size must be known.
    #[error(
        "input {input:?} has the open shape {shape}; to run or cost the model give every axis but the batch a size"
    )]
    OpenShape {
        /// The input's name.
        input: String,
        /// Its shape.
        shape: Shape,
    },
    /// The model is larger than is allowed.
    #[error("the model has more than {limit} {what}")]
    TooLarge {
        /// What is counted.
        what: &'static str,
        /// The most that is allowed.
        limit: usize,
    },
    /// A configuration is not what it should be.
    #[error("{place}: expected {expected}, got {got}")]
    Config {
        /// Where in the configuration.
        place: String,
        /// What belongs there.
        expected: String,
        /// What is there.
        got: String,
    },
    /// A configuration names something that is not known.
    #[error("{place}: {what} {name:?} is not supported{suggestion}")]
    Unsupported {
        /// Where in the configuration.
        place: String,
        /// What it is: `layer class`, `dtype`.
        what: &'static str,
        /// Its name.
        name: String,
        /// A hint, or nothing.
        suggestion: String,
    },
    /// A value of a weight or of the data can't be held.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// The graph, the plan or the executor refused.
    #[error(transparent)]
    Graph(#[from] GraphError),
}
