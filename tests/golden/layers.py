"""One case for every layer and every class of option: layers.json and layers.npz."""

from golden import HERE, generator, jax, keras, normal, seeded_weights, versions, weight_name
from golden import write_json, write_npz
import json
import numpy as np

L = keras.layers

# `threshold` is missing: by name Keras calls it without its two arguments, and fails.
# Where activations have corners, limits and saturation. Values only: a gradient at a corner is a convention.
EDGES = [-80.0, -30.0, -6.0, -3.0, -2.5, -1.0, -0.5, -1e-3, 0.0, 1e-3, 0.5, 1.0, 2.5, 3.0, 6.0, 80.0]

ACTIVATIONS = [
    "celu", "elu", "exponential", "gelu", "glu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_swish",
    "hard_tanh", "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu",
    "sigmoid", "silu", "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus", "sparse_sigmoid",
    "sparsemax", "squareplus", "swish", "tanh", "tanh_shrink",
]


def convolutions():
    """(case, layer, input shapes) for every convolution."""
    one, two, three = (2, 9, 4), (2, 7, 6, 4), (1, 5, 4, 5, 2)
    yield "conv1d", L.Conv1D(3, 3), one
    yield "conv1d_same", L.Conv1D(3, 4, padding="same"), one
    yield "conv1d_same_strides", L.Conv1D(3, 3, strides=2, padding="same"), one
    yield "conv1d_strides_valid", L.Conv1D(3, 2, strides=3), one
    yield "conv1d_causal", L.Conv1D(3, 3, padding="causal"), one
    yield "conv1d_causal_dilated", L.Conv1D(3, 3, padding="causal", dilation_rate=2), one
    yield "conv1d_causal_strides", L.Conv1D(3, 3, padding="causal", strides=2), one
    yield "conv1d_dilated", L.Conv1D(3, 3, dilation_rate=3), one
    yield "conv1d_groups", L.Conv1D(6, 3, groups=2), one
    yield "conv1d_no_bias_relu", L.Conv1D(3, 3, use_bias=False, activation="relu"), one
    yield "conv2d", L.Conv2D(5, 3), two
    yield "conv2d_1x1", L.Conv2D(5, 1), two
    yield "conv2d_1x1_strides", L.Conv2D(5, 1, strides=2, padding="same"), two
    yield "conv2d_same", L.Conv2D(5, 3, padding="same"), two
    yield "conv2d_same_even_kernel", L.Conv2D(3, (4, 2), padding="same"), two
    yield "conv2d_same_strides", L.Conv2D(3, 3, strides=2, padding="same"), two
    yield "conv2d_same_strides_uneven", L.Conv2D(3, (5, 2), strides=(3, 2), padding="same"), two
    yield "conv2d_valid_strides", L.Conv2D(3, (3, 2), strides=(2, 3)), two
    yield "conv2d_dilated", L.Conv2D(3, 3, dilation_rate=2), two
    yield "conv2d_dilated_same", L.Conv2D(3, (2, 3), dilation_rate=(3, 2), padding="same"), two
    yield "conv2d_groups", L.Conv2D(6, 3, groups=2, padding="same"), two
    yield "conv2d_groups_per_channel", L.Conv2D(8, 3, groups=4), two
    yield "conv2d_no_bias", L.Conv2D(5, 3, use_bias=False), two
    yield "conv2d_relu", L.Conv2D(5, 3, activation="relu"), two
    yield "conv2d_softmax", L.Conv2D(5, 3, activation="softmax"), two
    yield "conv2d_many_channels", L.Conv2D(17, 3, padding="same", activation="tanh"), (1, 5, 6, 19)
    yield "conv2d_kernel_as_large_as_input", L.Conv2D(2, (7, 6)), two
    yield "conv2d_same_kernel_larger_than_input", L.Conv2D(2, 5, padding="same"), (1, 3, 2, 2)
    yield "conv3d", L.Conv3D(3, 2), three
    yield "conv3d_same", L.Conv3D(3, (3, 2, 3), padding="same"), three
    yield "conv3d_same_strides", L.Conv3D(2, 3, strides=(2, 1, 2), padding="same"), three
    yield "conv3d_dilated", L.Conv3D(2, 2, dilation_rate=(2, 1, 3)), three
    yield "conv3d_groups", L.Conv3D(4, 2, groups=2, activation="relu"), three

    yield "depthwise_conv1d", L.DepthwiseConv1D(3), one
    yield "depthwise_conv1d_same_strides", L.DepthwiseConv1D(3, strides=2, padding="same"), one
    yield "depthwise_conv1d_multiplier", L.DepthwiseConv1D(2, depth_multiplier=2), one
    yield "depthwise_conv1d_dilated", L.DepthwiseConv1D(2, dilation_rate=2, padding="same"), one
    yield "depthwise_conv2d", L.DepthwiseConv2D(3), two
    yield "depthwise_conv2d_same", L.DepthwiseConv2D(3, padding="same", activation="relu6"), two
    yield "depthwise_conv2d_same_strides", L.DepthwiseConv2D(3, strides=2, padding="same"), two
    yield "depthwise_conv2d_multiplier", L.DepthwiseConv2D((3, 2), depth_multiplier=3), two
    yield "depthwise_conv2d_dilated", L.DepthwiseConv2D(2, dilation_rate=(2, 2), use_bias=False), two
    yield "separable_conv1d", L.SeparableConv1D(5, 3), one
    yield "separable_conv1d_same_strides", L.SeparableConv1D(5, 3, strides=2, padding="same"), one
    yield "separable_conv1d_causal_free_multiplier", L.SeparableConv1D(5, 2, depth_multiplier=2), one
    yield "separable_conv2d", L.SeparableConv2D(5, 3), two
    yield "separable_conv2d_same_strides", L.SeparableConv2D(5, 3, strides=2, padding="same"), two
    yield "separable_conv2d_multiplier", L.SeparableConv2D(3, (2, 3), depth_multiplier=2, activation="relu"), two
    yield "separable_conv2d_dilated", L.SeparableConv2D(3, 2, dilation_rate=2, use_bias=False), two


def transposed():
    """(case, layer, input shapes) for every transposed convolution."""
    one, two, three = (2, 5, 3), (2, 4, 3, 3), (1, 3, 2, 3, 2)
    yield "conv1d_transpose", L.Conv1DTranspose(4, 3), one
    yield "conv1d_transpose_strides", L.Conv1DTranspose(4, 3, strides=2), one
    yield "conv1d_transpose_same_strides", L.Conv1DTranspose(4, 3, strides=2, padding="same"), one
    yield "conv1d_transpose_strides_larger_than_kernel", L.Conv1DTranspose(4, 2, strides=3), one
    yield "conv1d_transpose_output_padding", L.Conv1DTranspose(4, 3, strides=2, padding="same", output_padding=0), one
    yield "conv1d_transpose_dilated", L.Conv1DTranspose(4, 3, dilation_rate=2), one
    yield "conv2d_transpose", L.Conv2DTranspose(4, 3), two
    yield "conv2d_transpose_same", L.Conv2DTranspose(4, 3, padding="same"), two
    yield "conv2d_transpose_same_even_kernel", L.Conv2DTranspose(4, 4, padding="same"), two
    yield "conv2d_transpose_strides", L.Conv2DTranspose(4, (3, 2), strides=(2, 3)), two
    yield "conv2d_transpose_same_strides", L.Conv2DTranspose(4, 3, strides=2, padding="same"), two
    yield "conv2d_transpose_same_strides_even_kernel", L.Conv2DTranspose(4, 4, strides=2, padding="same"), two
    yield "conv2d_transpose_same_strides_larger_than_kernel", L.Conv2DTranspose(2, 2, strides=3, padding="same"), two
    yield "conv2d_transpose_output_padding", L.Conv2DTranspose(4, 3, strides=2, output_padding=1), two
    yield "conv2d_transpose_same_output_padding", L.Conv2DTranspose(2, 3, strides=(2, 3), padding="same", output_padding=(0, 2)), two
    yield "conv2d_transpose_dilated", L.Conv2DTranspose(4, 3, dilation_rate=2), two
    yield "conv2d_transpose_dilated_same", L.Conv2DTranspose(4, (2, 3), dilation_rate=(2, 2), padding="same"), two
    yield "conv2d_transpose_no_bias_relu", L.Conv2DTranspose(4, 3, use_bias=False, activation="relu"), two
    yield "conv3d_transpose", L.Conv3DTranspose(3, 2), three
    yield "conv3d_transpose_same_strides", L.Conv3DTranspose(3, 3, strides=(2, 1, 2), padding="same"), three
    yield "conv3d_transpose_output_padding", L.Conv3DTranspose(2, 2, strides=2, output_padding=(1, 0, 1)), three


def pooling():
    """(case, layer, input shapes) for every pooling layer."""
    shapes = {1: (2, 9, 3), 2: (2, 7, 6, 3), 3: (1, 5, 4, 6, 2)}
    for rank, shape in shapes.items():
        for kind in ("Max", "Average"):
            layer = getattr(L, f"{kind}Pooling{rank}D")
            stem = f"{kind.lower()}_pooling{rank}d"
            yield stem, layer(2), shape
            yield f"{stem}_same", layer(2, padding="same"), shape
            yield f"{stem}_overlapping", layer(3, strides=2), shape
            yield f"{stem}_same_overlapping", layer(3, strides=2, padding="same"), shape
            yield f"{stem}_strides_one", layer(2, strides=1, padding="same"), shape
            if rank == 2:
                yield f"{stem}_uneven", layer((3, 2), strides=(1, 3)), shape
            whole = getattr(L, f"Global{kind}Pooling{rank}D")
            yield f"global_{stem}", whole(), shape
            yield f"global_{stem}_keepdims", whole(keepdims=True), shape


def shaping():
    """(case, layer, input shapes) for layers that move values without weights."""
    one, two, three = (2, 4, 3), (2, 3, 4, 2), (1, 2, 3, 2, 2)
    yield "flatten", L.Flatten(), two
    yield "flatten_vector", L.Flatten(), (3, 5)
    yield "reshape", L.Reshape((6, 4)), two
    yield "reshape_inferred", L.Reshape((-1, 8)), two
    yield "reshape_inferred_last", L.Reshape((2, 2, -1)), two
    yield "permute", L.Permute((2, 1)), one
    yield "permute_three", L.Permute((3, 1, 2)), two
    yield "repeat_vector", L.RepeatVector(3), (2, 4)
    yield "zero_padding1d", L.ZeroPadding1D(2), one
    yield "zero_padding1d_asymmetric", L.ZeroPadding1D((0, 3)), one
    yield "zero_padding2d", L.ZeroPadding2D(1), two
    yield "zero_padding2d_symmetric", L.ZeroPadding2D((2, 1)), two
    yield "zero_padding2d_asymmetric", L.ZeroPadding2D(((0, 1), (2, 3))), two
    yield "zero_padding3d", L.ZeroPadding3D(1), three
    yield "zero_padding3d_asymmetric", L.ZeroPadding3D(((0, 1), (2, 0), (1, 2))), three
    yield "cropping1d", L.Cropping1D(1), one
    yield "cropping1d_asymmetric", L.Cropping1D((0, 2)), one
    yield "cropping2d", L.Cropping2D(1), (2, 5, 6, 2)
    yield "cropping2d_symmetric", L.Cropping2D((1, 2)), (2, 5, 6, 2)
    yield "cropping2d_asymmetric", L.Cropping2D(((0, 1), (2, 0))), (2, 5, 6, 2)
    yield "cropping3d", L.Cropping3D(1), (1, 3, 4, 5, 2)
    yield "cropping3d_asymmetric", L.Cropping3D(((0, 1), (2, 0), (1, 1))), (1, 3, 4, 5, 2)
    yield "up_sampling1d", L.UpSampling1D(3), one
    yield "up_sampling2d", L.UpSampling2D(), two
    yield "up_sampling2d_uneven", L.UpSampling2D((2, 3)), two
    yield "up_sampling2d_bilinear", L.UpSampling2D(2, interpolation="bilinear"), two
    yield "up_sampling2d_bilinear_uneven", L.UpSampling2D((3, 2), interpolation="bilinear"), two
    yield "up_sampling2d_bicubic", L.UpSampling2D(2, interpolation="bicubic"), two
    yield "up_sampling2d_lanczos3", L.UpSampling2D(2, interpolation="lanczos3"), two
    yield "up_sampling2d_lanczos5", L.UpSampling2D(2, interpolation="lanczos5"), two
    yield "up_sampling3d", L.UpSampling3D((2, 1, 3)), three
    yield "dropout_inference", L.Dropout(0.5, seed=1), two
    yield "rescaling", L.Rescaling(1.0 / 255), two
    yield "rescaling_offset", L.Rescaling(1.0 / 127.5, offset=-1.0), two
    yield "rescaling_per_channel", L.Rescaling([0.5, 2.0], offset=[1.0, -1.0]), two


def dense_and_normalization():
    """(case, layer, input shapes) for dense layers and normalisation; training cases end in `_training`."""
    two = (3, 4, 5, 3)
    yield "dense", L.Dense(4), (3, 5)
    yield "dense_relu", L.Dense(4, activation="relu"), (3, 5)
    yield "dense_softmax_no_bias", L.Dense(4, activation="softmax", use_bias=False), (3, 5)
    yield "dense_on_maps", L.Dense(4), (2, 3, 2, 5)
    for suffix in ("", "_training"):
        yield f"batch_normalization{suffix}", L.BatchNormalization(), two
        yield f"batch_normalization_options{suffix}", L.BatchNormalization(momentum=0.8, epsilon=1e-2), two
        yield f"batch_normalization_no_scale{suffix}", L.BatchNormalization(scale=False), two
        yield f"batch_normalization_no_center{suffix}", L.BatchNormalization(center=False), two
        yield f"batch_normalization_bare{suffix}", L.BatchNormalization(center=False, scale=False), two
        yield f"batch_normalization_axis_1{suffix}", L.BatchNormalization(axis=1), two
        yield f"batch_normalization_vector{suffix}", L.BatchNormalization(), (6, 5)
        yield f"batch_normalization_sequence{suffix}", L.BatchNormalization(), (3, 4, 5)
        yield f"batch_normalization_volume{suffix}", L.BatchNormalization(), (2, 3, 2, 2, 3)
    frozen = L.BatchNormalization(trainable=False)
    yield "batch_normalization_frozen_training", frozen, two
    yield "layer_normalization", L.LayerNormalization(), two
    yield "layer_normalization_axes", L.LayerNormalization(axis=[1, 2, 3]), two
    yield "layer_normalization_axis_1", L.LayerNormalization(axis=1), two
    yield "layer_normalization_options", L.LayerNormalization(epsilon=1e-2, center=False), two
    yield "layer_normalization_bare", L.LayerNormalization(center=False, scale=False), (3, 5)


def activations():
    """(case, layer, input shapes) for activation layers, and every name that `activation=` takes."""
    two = (2, 3, 4, 4)
    for name in ACTIVATIONS:
        yield f"activation_{name}", L.Activation(name), two
        yield f"activation_{name}_edges", L.Activation(name), np.array([EDGES], np.float32)
    yield "relu", L.ReLU(), two
    yield "relu_options", L.ReLU(max_value=1.5, negative_slope=0.1, threshold=0.25), two
    yield "relu_max_value", L.ReLU(max_value=1.0), two
    yield "relu_threshold", L.ReLU(threshold=0.5), two
    yield "leaky_relu", L.LeakyReLU(), two
    yield "leaky_relu_slope", L.LeakyReLU(negative_slope=0.05), two
    yield "prelu", L.PReLU(), two
    yield "prelu_shared", L.PReLU(shared_axes=[1, 2]), two
    yield "prelu_shared_one", L.PReLU(shared_axes=[2]), two
    yield "prelu_vector", L.PReLU(), (3, 5)
    yield "elu", L.ELU(), two
    yield "elu_alpha", L.ELU(alpha=0.5), two
    yield "softmax", L.Softmax(), two
    yield "softmax_axis_1", L.Softmax(axis=1), two
    yield "softmax_axes", L.Softmax(axis=[1, 2]), two


def merging():
    """(case, layer, input shapes) for layers of several inputs, with and without broadcasting."""
    same = [(2, 3, 4, 2)] * 2
    wide = [(2, 3, 4, 2), (2, 1, 1, 2)]
    for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"):
        layer = getattr(L, name)
        yield f"{name.lower()}", layer(), same
        yield f"{name.lower()}_broadcast", layer(), wide
        yield f"{name.lower()}_broadcast_rank", layer(), [(2, 3, 4, 2), (2, 2)]
        if name != "Subtract":
            yield f"{name.lower()}_three", layer(), [(2, 3, 2)] * 3
    yield "concatenate", L.Concatenate(), [(2, 3, 4, 2), (2, 3, 4, 3)]
    yield "concatenate_axis_1", L.Concatenate(axis=1), [(2, 3, 4, 2), (2, 1, 4, 2), (2, 2, 4, 2)]
    yield "concatenate_axis_minus_2", L.Concatenate(axis=-2), [(2, 3, 4, 2), (2, 3, 1, 2)]
    yield "concatenate_vectors", L.Concatenate(), [(3, 5), (3, 2)]


def recurrent():
    """(case, layer, input shapes) for layers that go along a sequence."""
    sequence = (2, 4, 3)
    for name in ("SimpleRNN", "GRU", "LSTM"):
        layer = getattr(L, name)
        stem = name.lower()
        yield stem, layer(5), sequence
        yield f"{stem}_sequences", layer(5, return_sequences=True), sequence
        yield f"{stem}_backwards", layer(3, return_sequences=True, go_backwards=True), sequence
        yield f"{stem}_no_bias_relu", layer(2, use_bias=False, activation="relu"), sequence
    yield "gru_reset_before", L.GRU(4, reset_after=False), sequence
    yield "gru_reset_before_no_bias", L.GRU(2, reset_after=False, use_bias=False), sequence
    yield "gru_gates", L.GRU(2, recurrent_activation="hard_sigmoid"), sequence
    yield "lstm_gates", L.LSTM(2, recurrent_activation="hard_sigmoid", unit_forget_bias=False), sequence


def pictures():
    """(case, layer, input shapes) for layers that prepare pictures. Ranges of one number leave nothing to chance."""
    small, wide = (2, 6, 5, 2), (2, 4, 9, 3)
    yield "identity", L.Identity(), (3, 5)
    yield "normalization", L.Normalization(), small
    yield "normalization_axes", L.Normalization(axis=(1, 3)), small
    yield "normalization_all", L.Normalization(axis=None), small
    yield "normalization_given", L.Normalization(mean=[0.5, -1.0], variance=[0.25, 4.0]), small
    yield "normalization_one_for_all", L.Normalization(axis=(1, 2), mean=0.5, variance=4.0), small
    yield "normalization_invert", L.Normalization(mean=[0.5, -1.0], variance=[0.25, 0.0], invert=True), small
    yield "center_crop", L.CenterCrop(4, 2), small
    yield "center_crop_larger_height", L.CenterCrop(5, 3), wide
    yield "resizing", L.Resizing(4, 7), small
    yield "resizing_nearest", L.Resizing(9, 4, interpolation="nearest"), small
    yield "resizing_bicubic", L.Resizing(5, 8, interpolation="bicubic"), small
    yield "resizing_crop", L.Resizing(3, 4, crop_to_aspect_ratio=True), wide
    yield "resizing_pad", L.Resizing(6, 6, pad_to_aspect_ratio=True, fill_value=0.5), wide
    for interpolation in ("bilinear", "bicubic", "lanczos3"):
        layer = L.Resizing(2, 5, interpolation=interpolation, antialias=True)
        yield f"resizing_antialias_{interpolation}", layer, wide
    yield "random_flip", L.RandomFlip("horizontal"), small
    yield "random_rotation", L.RandomRotation(0.1), small
    yield "random_zoom", L.RandomZoom(0.2, (-0.1, 0.3)), small
    yield "random_translation", L.RandomTranslation(0.2, 0.1), small
    yield "random_contrast", L.RandomContrast(0.2), small
    yield "random_brightness", L.RandomBrightness(0.2), small
    for fill in ("reflect", "nearest", "constant", "wrap"):
        options = {"fill_mode": fill, "fill_value": 0.5}
        yield f"random_rotation_{fill}_training", L.RandomRotation((0.1, 0.1), **options), small
        yield f"random_translation_{fill}_training", L.RandomTranslation((0.3, 0.3), (-0.25, -0.25), **options), small
        yield f"random_zoom_{fill}_training", L.RandomZoom((0.4, 0.4), **options), wide
    yield "random_zoom_in_training", L.RandomZoom((-0.3, -0.3), (0.2, 0.2)), wide
    yield "random_rotation_nearest_pixel_training", L.RandomRotation((0.07, 0.07), interpolation="nearest"), small
    yield "random_brightness_training", L.RandomBrightness((0.1, 0.1), value_range=(-2.0, 1.5)), small


def is_list_of_shapes(shapes):
    return isinstance(shapes, list)


def run(name, layer, shapes, arrays):
    """Runs one case, stores its arrays and returns its entry of the index."""
    rng = generator(name)
    several = is_list_of_shapes(shapes)
    if isinstance(shapes, np.ndarray):
        inputs = [shapes]
    else:
        inputs = [normal(rng, shape, 1.5) for shape in (shapes if several else [shapes])]
    layer.build([x.shape for x in inputs] if several else inputs[0].shape)
    seeded_weights(layer, rng)
    if isinstance(layer, L.Normalization):
        # It keeps mean and variance beside its weights.
        layer.finalize_state()
    weights = [v for v in layer.weights if "seed" not in weight_name(v)]
    names = [weight_name(v) for v in weights]
    training = name.endswith("_training")

    trainable = [v.value for v in layer.trainable_variables]
    fixed = [v.value for v in layer.non_trainable_variables]
    kwargs = {"training": training} if layer._call_has_training_arg else {}

    def forward(trainable, inputs):
        output, after = layer.stateless_call(trainable, fixed, inputs if several else inputs[0], **kwargs)
        return output, after

    before = {weight_name(v): np.asarray(v.value) for v in weights}
    (output, after), pull = jax.vjp(forward, trainable, [jax.numpy.asarray(x) for x in inputs])
    output = np.asarray(output)
    for index, array in enumerate(inputs):
        arrays[f"{name}/input{index}"] = array
    for key in names:
        arrays[f"{name}/{key}"] = before[key]
    arrays[f"{name}/output"] = output

    entry = {"name": name, "training": training}
    entry["gradients"] = not name.endswith("_edges")
    if entry["gradients"]:
        cotangent = normal(rng, output.shape)
        zero = [jax.numpy.zeros_like(v) for v in after]
        weight_grads, input_grads = pull((jax.numpy.asarray(cotangent), zero))
        arrays[f"{name}/grad_output"] = cotangent
        for index, gradient in enumerate(input_grads):
            arrays[f"{name}/grad_input{index}"] = np.asarray(gradient)
        for variable, gradient in zip(layer.trainable_variables, weight_grads):
            arrays[f"{name}/grad_{weight_name(variable)}"] = np.asarray(gradient)

    updated = []
    for variable, value in zip(layer.non_trainable_variables, after):
        key = weight_name(variable)
        if key in names and not np.array_equal(before[key], np.asarray(value)):
            arrays[f"{name}/updated_{key}"] = np.asarray(value)
            updated.append(key)

    serial = json.loads(json.dumps(keras.saving.serialize_keras_object(layer)))
    return {
        **entry,
        "class_name": serial["class_name"],
        "config": serial["config"],
        "input_shapes": [list(x.shape) for x in inputs],
        "output_shape": list(output.shape),
        "weights": names,
        "trainable": [weight_name(v) for v in layer.trainable_variables],
        "updated": updated,
    }


def main():
    arrays, cases = {}, []
    groups = (convolutions, transposed, pooling, shaping, dense_and_normalization, activations, merging, recurrent, pictures)
    for group in groups:
        for name, layer, shapes in group():
            layer_name = name
            layer.name = layer_name
            cases.append(run(name, layer, shapes, arrays))
    assert len({case["name"] for case in cases}) == len(cases)
    write_json(HERE / "layers.json", {"versions": versions(), "cases": cases})
    write_npz(HERE / "layers.npz", arrays)


if __name__ == "__main__":
    main()
