//! How each layer is written: one function for each class, found by its name.

mod activations;
mod arithmetic;
mod choosing;
mod convolution;
mod dense;
mod functions;
mod math_functions;
mod merging;
mod normalization;
mod pictures;
mod pooling;
mod rearranging;
mod recurrent;
mod rescaling;
mod resizing;
mod sampling;
mod shapes;
mod up_sampling;

use super::scope::Scope;
use super::value::Value;
use crate::error::Problem;

/// Emits the nodes of a layer and returns its output.
type Export = fn(&mut Scope<'_>) -> Result<Value, Problem>;

/// The layers that can be written.
const EXPORTS: &[(&str, Export)] = &[
    ("Conv1D", convolution::convolution),
    ("Conv2D", convolution::convolution),
    ("Conv3D", convolution::convolution),
    ("DepthwiseConv1D", convolution::convolution),
    ("DepthwiseConv2D", convolution::convolution),
    ("SeparableConv1D", convolution::separable),
    ("SeparableConv2D", convolution::separable),
    ("Conv1DTranspose", convolution::transposed),
    ("Conv2DTranspose", convolution::transposed),
    ("Conv3DTranspose", convolution::transposed),
    ("SharedConv1D", convolution::shared),
    ("SharedConv2D", convolution::shared),
    ("SharedConv3D", convolution::shared),
    ("MaxPooling1D", pooling::largest),
    ("MaxPooling2D", pooling::largest),
    ("MaxPooling3D", pooling::largest),
    ("AveragePooling1D", pooling::mean),
    ("AveragePooling2D", pooling::mean),
    ("AveragePooling3D", pooling::mean),
    ("GlobalMaxPooling1D", pooling::largest_of_all),
    ("GlobalMaxPooling2D", pooling::largest_of_all),
    ("GlobalMaxPooling3D", pooling::largest_of_all),
    ("GlobalAveragePooling1D", pooling::mean_of_all),
    ("GlobalAveragePooling2D", pooling::mean_of_all),
    ("GlobalAveragePooling3D", pooling::mean_of_all),
    ("Dense", dense::dense),
    ("Flatten", dense::flatten),
    ("Reshape", shapes::reshape),
    ("Permute", shapes::permute),
    ("RepeatVector", shapes::repeat_vector),
    ("ZeroPadding1D", shapes::zero_padding),
    ("ZeroPadding2D", shapes::zero_padding),
    ("ZeroPadding3D", shapes::zero_padding),
    ("Cropping1D", shapes::cropping),
    ("Cropping2D", shapes::cropping),
    ("Cropping3D", shapes::cropping),
    ("UpSampling1D", up_sampling::up_sampling),
    ("UpSampling2D", up_sampling::up_sampling),
    ("UpSampling3D", up_sampling::up_sampling),
    ("Dropout", passed_on),
    ("SpatialDropout1D", passed_on),
    ("SpatialDropout2D", passed_on),
    ("SpatialDropout3D", passed_on),
    ("GaussianNoise", passed_on),
    ("GaussianDropout", passed_on),
    ("BatchNormalization", normalization::batch),
    ("LayerNormalization", normalization::layer),
    ("GroupNormalization", normalization::group),
    ("UnitNormalization", normalization::unit),
    ("Activation", activations::activation),
    ("ReLU", activations::relu),
    ("LeakyReLU", activations::leaky_relu),
    ("PReLU", activations::prelu),
    ("ELU", activations::elu),
    ("Softmax", activations::softmax),
    ("Add", merging::add),
    ("Subtract", merging::subtract),
    ("Multiply", merging::multiply),
    ("Average", merging::average),
    ("Maximum", merging::maximum),
    ("Minimum", merging::minimum),
    ("Concatenate", merging::concatenate),
    ("Rescaling", rescaling::rescaling),
    ("Normalization", pictures::normalization),
    ("Identity", passed_on),
    ("CenterCrop", pictures::center_crop),
    ("Resizing", pictures::resizing),
    ("RandomFlip", passed_on),
    ("RandomRotation", passed_on),
    ("RandomZoom", passed_on),
    ("RandomTranslation", passed_on),
    ("RandomContrast", passed_on),
    ("RandomBrightness", passed_on),
    ("LSTM", recurrent::recurrent),
    ("GRU", recurrent::recurrent),
    ("SimpleRNN", recurrent::recurrent),
    ("Bidirectional", recurrent::bidirectional),
    ("Constant", rearranging::constant),
    ("Transpose", rearranging::transpose),
    ("ReshapeAll", rearranging::reshape_all),
    ("ExpandDims", rearranging::expand_dims),
    ("Squeeze", rearranging::squeeze),
    ("BroadcastTo", rearranging::broadcast_to),
    ("Tile", rearranging::tile),
    ("DepthToSpace", rearranging::depth_to_space),
    ("SpaceToDepth", rearranging::space_to_depth),
    ("StridedSlice", choosing::strided_slice),
    ("PadAxes", choosing::pad_axes),
    ("Take", choosing::take),
    ("Gather", choosing::gather),
    ("GatherElements", choosing::gather_elements),
    ("GatherND", choosing::gather_nd),
    ("ScatterElements", choosing::scatter_elements),
    ("ScatterND", choosing::scatter_nd),
    ("TopK", choosing::top_k),
    ("ArgExtreme", choosing::arg_extreme),
    ("CumulativeSum", choosing::cumulative_sum),
    ("OneHotAxis", choosing::one_hot),
    ("Trilu", choosing::triangle),
    ("Reduction", choosing::reduction),
    ("NonMaxSuppression", choosing::non_max_suppression),
    ("Arithmetic", arithmetic::arithmetic),
    ("Where", arithmetic::select),
    ("MatMul", arithmetic::product),
    ("Function", math_functions::function),
    ("Clip", math_functions::clip),
    ("WindowPooling", pooling::window),
    ("LocalResponseNormalization", normalization::local_response),
    ("Resize", resizing::resize),
    ("GridSample", sampling::grid_sample),
    ("RoiAlign", sampling::roi_align),
];

/// Emits the nodes of the scope's layer.
pub(super) fn export(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let class_name = scope.layer.class_name();
    let found = EXPORTS.iter().find(|(known, _)| *known == class_name);
    let (_, export) = found.ok_or_else(|| Problem::Unsupported {
        what: format!("layer {class_name} in ONNX"),
        fix: "replace the layer, or save the model as .keras".to_owned(),
    })?;
    export(scope)
}

/// What only acts in training leaves no node.
fn passed_on(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    super::refuse_training(scope)?;
    scope.lazy_input()
}

#[cfg(test)]
mod tests {
    use dichroic::layers::registry;

    #[test]
    fn every_layer_of_the_registry_can_be_written() {
        let missing: Vec<&str> = registry::class_names()
            .filter(|class_name| *class_name != "InputLayer")
            .filter(|class_name| !super::EXPORTS.iter().any(|(known, _)| known == class_name))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
