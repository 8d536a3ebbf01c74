//! What can be wrong with a layer.

use dichroic_graph::GraphError;

use crate::shape::Shape;

/// Why a layer can't be made, or can't take its inputs. The model adds the layer's name on the way up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LayerError {
    /// The input's rank is not the one the layer works on.
    #[error("needs an input of rank {expected} {axes}, got {got}; {fix}")]
    Rank {
        /// The rank needed, the batch included.
        expected: usize,
        /// The axes by name.
        axes: &'static str,
        /// The shape that came.
        got: Shape,
        /// The likely fix.
        fix: String,
    },
    /// The input's sizes don't suit.
    #[error("{rule}, got input {got}; {fix}")]
    InputShape {
        /// The rule that is broken.
        rule: String,
        /// The shape that came.
        got: Shape,
        /// The likely fix.
        fix: String,
    },
    /// The inputs of a merge don't fit each other.
    #[error("{rule}, got inputs {}; {fix}", shapes(got))]
    InputShapes {
        /// The rule that is broken.
        rule: String,
        /// The shapes that came.
        got: Box<[Shape]>,
        /// The likely fix.
        fix: String,
    },
    /// The layer takes another number of inputs.
    #[error("takes {expected}, got {got}")]
    InputCount {
        /// The number needed, in words: `one input`, `at least two inputs`.
        expected: &'static str,
        /// The number that came.
        got: usize,
    },
    /// An argument has a value that the layer can't use.
    #[error("{}argument {argument}: {rule}, got {got}", before(class_name))]
    Argument {
        /// The layer's class, where it is known.
        class_name: Option<&'static str>,
        /// The argument's name.
        argument: String,
        /// The rule that is broken.
        rule: String,
        /// The value that came, as text.
        got: String,
    },
    /// The layer has no argument of this name.
    #[error("{class_name} has no argument {argument:?}{suggestion}")]
    UnknownArgument {
        /// The layer's class.
        class_name: &'static str,
        /// The argument that came.
        argument: String,
        /// ` (did you mean …?)`, or the arguments there are.
        suggestion: String,
    },
    /// An argument without a default is missing.
    #[error("{class_name} needs the argument {argument}")]
    MissingArgument {
        /// The layer's class.
        class_name: &'static str,
        /// The argument that is missing.
        argument: &'static str,
    },
    /// The registry has no layer of this class.
    #[error("unknown layer class {class_name:?}{suggestion}")]
    UnknownClass {
        /// The class asked for.
        class_name: String,
        /// ` (did you mean …?)`, or nothing.
        suggestion: String,
    },
    /// An op refused the lowered layer.
    #[error(transparent)]
    Graph(Box<GraphError>),
}

// Every layer returns this error, so it is kept to a dozen words; the graph's own goes behind a pointer.
impl From<GraphError> for LayerError {
    fn from(error: GraphError) -> Self {
        Self::Graph(Box::new(error))
    }
}

impl LayerError {
    /// The same error, with the layer's class where it has none yet.
    pub(super) fn of_class(mut self, class: &'static str) -> Self {
        if let Self::Argument { class_name, .. } = &mut self {
            class_name.get_or_insert(class);
        }
        self
    }
}

fn before(class_name: &Option<&str>) -> String {
    class_name.map_or_else(String::new, |class_name| format!("{class_name} "))
}

fn shapes(shapes: &[Shape]) -> String {
    shapes.iter().map(Shape::to_string).collect::<Vec<_>>().join(" and ")
}
