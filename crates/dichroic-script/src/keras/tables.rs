//! The classes of Keras that are configurations and no layers, with the order of their arguments.

/// A class such as `keras.optimizers.Adam`.
#[derive(Debug)]
pub(super) struct Class {
    /// Keras's name for it.
    pub(super) name: &'static str,
    /// Its other names, as functions and as strings.
    pub(super) aliases: &'static [&'static str],
    /// Its arguments in the order in which they can be given without a name.
    pub(super) positional: &'static [&'static str],
}

const fn class(
    name: &'static str,
    aliases: &'static [&'static str],
    positional: &'static [&'static str],
) -> Class {
    Class { name, aliases, positional }
}

const SEED: &[&str] = &["seed"];

static INITIALIZERS: &[Class] = &[
    class("Constant", &["constant"], &["value"]),
    class("GlorotNormal", &["glorot_normal"], SEED),
    class("GlorotUniform", &["glorot_uniform"], SEED),
    class("HeNormal", &["he_normal"], SEED),
    class("HeUniform", &["he_uniform"], SEED),
    class("Identity", &["identity", "IdentityInitializer"], &["gain"]),
    class("LecunNormal", &["lecun_normal"], SEED),
    class("LecunUniform", &["lecun_uniform"], SEED),
    class("Ones", &["ones"], &[]),
    class("Orthogonal", &["orthogonal", "OrthogonalInitializer"], &["gain", "seed"]),
    class("RandomNormal", &["random_normal"], &["mean", "stddev", "seed"]),
    class("RandomUniform", &["random_uniform"], &["minval", "maxval", "seed"]),
    class("TruncatedNormal", &["truncated_normal"], &["mean", "stddev", "seed"]),
    class("VarianceScaling", &["variance_scaling"], &["scale", "mode", "distribution", "seed"]),
    class("Zeros", &["zeros"], &[]),
];

static REGULARIZERS: &[Class] = &[
    class("L1", &["l1"], &["l1"]),
    class("L2", &["l2"], &["l2"]),
    class("L1L2", &["l1_l2"], &["l1", "l2"]),
    class("OrthogonalRegularizer", &["orthogonal_regularizer"], &["factor", "mode"]),
];

static CONSTRAINTS: &[Class] = &[
    class("MaxNorm", &["max_norm"], &["max_value", "axis"]),
    class("MinMaxNorm", &["min_max_norm"], &["min_value", "max_value", "rate", "axis"]),
    class("NonNeg", &["non_neg"], &[]),
    class("UnitNorm", &["unit_norm"], &["axis"]),
];

const ADAM: &[&str] = &["learning_rate", "beta_1", "beta_2", "epsilon", "amsgrad"];

static OPTIMIZERS: &[Class] = &[
    class("Adadelta", &[], &["learning_rate", "rho", "epsilon"]),
    class("Adafactor", &[], &["learning_rate", "beta_2_decay", "epsilon_1", "epsilon_2"]),
    class("Adagrad", &[], &["learning_rate", "initial_accumulator_value", "epsilon"]),
    class("Adam", &[], ADAM),
    class(
        "AdamW",
        &[],
        &["learning_rate", "weight_decay", "beta_1", "beta_2", "epsilon", "amsgrad"],
    ),
    class("Adamax", &[], &["learning_rate", "beta_1", "beta_2", "epsilon"]),
    class("Ftrl", &[], &["learning_rate", "learning_rate_power", "initial_accumulator_value"]),
    class("Lamb", &[], &["learning_rate", "beta_1", "beta_2", "epsilon"]),
    class("Lion", &[], &["learning_rate", "beta_1", "beta_2"]),
    class("Muon", &[], &["learning_rate"]),
    class("Nadam", &[], &["learning_rate", "beta_1", "beta_2", "epsilon"]),
    class("RMSprop", &[], &["learning_rate", "rho", "momentum", "epsilon", "centered"]),
    class("SGD", &[], &["learning_rate", "momentum", "nesterov"]),
    class("ScheduleFreeAdamW", &[], &["learning_rate"]),
];

static SCHEDULES: &[Class] = &[
    class("CosineDecay", &[], &["initial_learning_rate", "decay_steps", "alpha", "name"]),
    class(
        "CosineDecayRestarts",
        &[],
        &["initial_learning_rate", "first_decay_steps", "t_mul", "m_mul", "alpha"],
    ),
    class(
        "ExponentialDecay",
        &[],
        &["initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name"],
    ),
    class(
        "InverseTimeDecay",
        &[],
        &["initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name"],
    ),
    class("PiecewiseConstantDecay", &[], &["boundaries", "values", "name"]),
    class(
        "PolynomialDecay",
        &[],
        &["initial_learning_rate", "decay_steps", "end_learning_rate", "power", "cycle"],
    ),
];

const CROSS_ENTROPY: &[&str] = &["from_logits", "label_smoothing", "axis", "reduction", "name"];
const NAMED_LOSS: &[&str] = &["reduction", "name"];

static LOSSES: &[Class] = &[
    class("BinaryCrossentropy", &["binary_crossentropy", "bce", "BCE"], CROSS_ENTROPY),
    class("BinaryFocalCrossentropy", &["binary_focal_crossentropy"], &[]),
    class("CTC", &["ctc"], NAMED_LOSS),
    class("CategoricalCrossentropy", &["categorical_crossentropy"], CROSS_ENTROPY),
    class("CategoricalFocalCrossentropy", &["categorical_focal_crossentropy"], &[]),
    class(
        "CategoricalGeneralizedCrossEntropy",
        &["categorical_generalized_cross_entropy"],
        &["q", "reduction", "name"],
    ),
    class("CategoricalHinge", &["categorical_hinge"], NAMED_LOSS),
    class("Circle", &["circle"], &[]),
    class("CosineSimilarity", &["cosine_similarity"], &["axis", "reduction", "name"]),
    class("Dice", &["dice"], &[]),
    class("Hinge", &["hinge"], NAMED_LOSS),
    class("Huber", &["huber"], &["delta", "reduction", "name"]),
    class("KLDivergence", &["kl_divergence", "KLD", "kld"], NAMED_LOSS),
    class("LogCosh", &["log_cosh", "logcosh"], NAMED_LOSS),
    class("MeanAbsoluteError", &["mean_absolute_error", "mae", "MAE"], NAMED_LOSS),
    class(
        "MeanAbsolutePercentageError",
        &["mean_absolute_percentage_error", "mape", "MAPE"],
        NAMED_LOSS,
    ),
    class("MeanSquaredError", &["mean_squared_error", "mse", "MSE"], NAMED_LOSS),
    class(
        "MeanSquaredLogarithmicError",
        &["mean_squared_logarithmic_error", "msle", "MSLE"],
        NAMED_LOSS,
    ),
    class("Poisson", &["poisson"], NAMED_LOSS),
    class(
        "SparseCategoricalCrossentropy",
        &["sparse_categorical_crossentropy"],
        &["from_logits", "ignore_class", "reduction", "axis", "name"],
    ),
    class("SquaredHinge", &["squared_hinge"], NAMED_LOSS),
    class("Tversky", &["tversky"], &["alpha", "beta", "reduction", "name"]),
];

const NAMED: &[&str] = &["name", "dtype"];

static METRICS: &[Class] = &[
    class("AUC", &[], &["num_thresholds", "curve"]),
    class("Accuracy", &[], NAMED),
    class("BinaryAccuracy", &["binary_accuracy"], NAMED),
    class("BinaryCrossentropy", &["binary_crossentropy"], NAMED),
    class("BinaryIoU", &[], &["target_class_ids", "threshold"]),
    class("CategoricalAccuracy", &["categorical_accuracy"], NAMED),
    class("CategoricalCrossentropy", &["categorical_crossentropy"], NAMED),
    class("F1Score", &[], &["average", "threshold"]),
    class("FalseNegatives", &[], &["thresholds", "name"]),
    class("FalsePositives", &[], &["thresholds", "name"]),
    class("Mean", &[], NAMED),
    class("MeanAbsoluteError", &["mean_absolute_error", "mae", "MAE"], NAMED),
    class("MeanIoU", &[], &["num_classes", "name"]),
    class("MeanSquaredError", &["mean_squared_error", "mse", "MSE"], NAMED),
    class("Precision", &[], &["thresholds", "top_k", "class_id", "name"]),
    class("Recall", &[], &["thresholds", "top_k", "class_id", "name"]),
    class("RootMeanSquaredError", &[], NAMED),
    class("SparseCategoricalAccuracy", &["sparse_categorical_accuracy"], NAMED),
    class("SparseCategoricalCrossentropy", &["sparse_categorical_crossentropy"], NAMED),
    class(
        "SparseTopKCategoricalAccuracy",
        &["sparse_top_k_categorical_accuracy"],
        &["k", "name", "dtype"],
    ),
    class("TopKCategoricalAccuracy", &["top_k_categorical_accuracy"], &["k", "name", "dtype"]),
    class("TrueNegatives", &[], &["thresholds", "name"]),
    class("TruePositives", &[], &["thresholds", "name"]),
];

/// The classes of a module, or none if it has no such classes.
pub(super) fn classes(module: &str) -> Option<&'static [Class]> {
    Some(match module {
        "keras.initializers" => INITIALIZERS,
        "keras.regularizers" => REGULARIZERS,
        "keras.constraints" => CONSTRAINTS,
        "keras.optimizers" => OPTIMIZERS,
        "keras.optimizers.schedules" => SCHEDULES,
        "keras.losses" => LOSSES,
        "keras.metrics" => METRICS,
        _ => return None,
    })
}
