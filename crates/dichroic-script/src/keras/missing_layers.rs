//! Keras's layers that the library does not have, so that they are not taken for slips of the pen.

/// Where Keras has its layers.
pub(super) const PREFIX: &str = "keras.layers.";

/// What to do instead.
pub(super) const HINT: &str = "`dichroic layers` lists those it has";

/// Layers of Keras 3.15.1, those that the library's registry knows left out.
const MISSING: &[&str] = &[
    "ActivityRegularization",
    "AdaptiveAveragePooling1D",
    "AdaptiveAveragePooling2D",
    "AdaptiveAveragePooling3D",
    "AdaptiveMaxPooling1D",
    "AdaptiveMaxPooling2D",
    "AdaptiveMaxPooling3D",
    "AdditiveAttention",
    "AlphaDropout",
    "Attention",
    "AugMix",
    "AutoContrast",
    "CategoryEncoding",
    "ContrastLimitedAdaptiveHistogramEqualization",
    "ConvLSTM1D",
    "ConvLSTM2D",
    "ConvLSTM3D",
    "CutMix",
    "Discretization",
    "Dot",
    "EinsumDense",
    "Embedding",
    "Equalization",
    "FlaxLayer",
    "GRUCell",
    "GroupQueryAttention",
    "HashedCrossing",
    "Hashing",
    "IntegerLookup",
    "JaxLayer",
    "LSTMCell",
    "Lambda",
    "Masking",
    "MaxNumBoundingBoxes",
    "MelSpectrogram",
    "MixUp",
    "MultiHeadAttention",
    "Pipeline",
    "RMSNormalization",
    "RNN",
    "RandAugment",
    "RandomColorDegeneration",
    "RandomColorJitter",
    "RandomCrop",
    "RandomElasticTransform",
    "RandomErasing",
    "RandomGaussianBlur",
    "RandomGrayscale",
    "RandomHue",
    "RandomInvert",
    "RandomPerspective",
    "RandomPosterization",
    "RandomSaturation",
    "RandomSharpness",
    "RandomShear",
    "ReversibleEmbedding",
    "STFTSpectrogram",
    "SimpleRNNCell",
    "Solarization",
    "SpectralNormalization",
    "StackedRNNCells",
    "StringLookup",
    "TFSMLayer",
    "TextVectorization",
    "TimeDistributed",
    "TorchModuleWrapper",
];

/// Whether Keras has a layer of this name that the library does not have.
pub(super) fn has(name: &str) -> bool {
    MISSING.contains(&name)
}

/// Says that the library does not have this layer.
pub(super) fn refusal(name: &str) -> String {
    format!("{name} is a Keras layer that dichroic doesn't have")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_layer_is_both_missing_and_there() {
        let there: Vec<&&str> =
            MISSING.iter().filter(|name| crate::keras::layer_class(name).is_some()).collect();
        assert!(there.is_empty(), "{there:?}");
    }
}
