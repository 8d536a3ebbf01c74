//! Networks of PyTorch's give the same numbers here with the weights of their state dicts.

use dichroic::layers::{
    BatchNormalization, Bidirectional, Conv1D, Conv2D, Conv2DTranspose, Conv3D, Dense,
    DepthwiseConv2D, Flatten, GRU, GroupNormalization, LSTM, MaxPooling2D, PReLU, Padding, ReLU,
    SimpleRNN,
};
use dichroic::model::{Input, LayerRef, Model, Sequential};
use dichroic_formats::{NameMap, UnknownClasses, load_arrays, read_npz, read_pytorch};

use crate::path;

fn chain<const N: usize>(input: &[usize], layers: [LayerRef; N]) -> Model {
    let chain = Sequential::new().add(Input::new(input));
    layers.into_iter().fold(chain, |chain, layer| chain.add(layer)).finish().unwrap()
}

/// Loads the weights of a network, runs its input and compares the output.
fn check(name: &str, model: Model) {
    check_with("networks.npz", name, model);
}

fn check_with(golden: &str, name: &str, mut model: Model) {
    let file = path(&format!("network_{name}.pt"));
    let arrays = read_pytorch(&file, UnknownClasses::Refuse).unwrap();
    load_arrays(&mut model, &arrays, &NameMap::default()).unwrap();
    let golden = read_npz(&path(golden)).unwrap();
    let of = |what: &str| golden.get(&format!("{name}/{what}")).unwrap().tensor();
    let (input, expected) = (of("input"), of("output"));
    let output = model.predict(std::slice::from_ref(&input)).unwrap().remove(0);
    assert_eq!(output.shape(), expected.shape());
    for (place, (got, expected)) in output.data().iter().zip(expected.data()).enumerate() {
        let bound = 1e-5 * expected.abs().max(1.0);
        assert!(
            (got - expected).abs() <= bound,
            "{name}, place {place}: {got}, expected {expected}"
        );
    }
}

#[test]
fn a_classifier_with_normalisation_on_both_sides_of_flatten() {
    let model = chain(
        &[8, 6, 3],
        [
            LayerRef::named("conv1", Conv2D::new(4, 3).padding(Padding::Same)),
            LayerRef::named("bn1", BatchNormalization::new().epsilon(1e-5)),
            ReLU::new().into(),
            MaxPooling2D::new(2).into(),
            Flatten::new().into(),
            LayerRef::named("bn2", BatchNormalization::new().epsilon(1e-5)),
            LayerRef::named("fc1", Dense::new(48)),
            LayerRef::named("act", PReLU::new()),
            LayerRef::named("fc2", Dense::new(3)),
        ],
    );
    check("classifier", model);
}

#[test]
fn depthwise_and_grouped_kernels() {
    let model = chain(
        &[6, 6, 4],
        [
            LayerRef::named("depthwise", DepthwiseConv2D::new(3).depth_multiplier(2)),
            LayerRef::named("slopes", PReLU::new().shared_axes([1, 2])),
            LayerRef::named("grouped", Conv2D::new(6, 3).groups(2).use_bias(false)),
        ],
    );
    check("grouped", model);
}

#[test]
fn transposed_kernels() {
    let up = LayerRef::named("up", Conv2DTranspose::new(3, 3).strides(2));
    check("transposed", chain(&[5, 4, 3], [up]));
}

#[test]
fn kernels_along_one_axis_and_the_flattened_line_after_them() {
    let model = chain(
        &[9, 3],
        [
            LayerRef::named("conv", Conv1D::new(4, 3)),
            Flatten::new().into(),
            LayerRef::named("fc", Dense::new(2)),
        ],
    );
    check("line", model);
}

#[test]
fn kernels_along_three_axes_and_group_normalisation() {
    let model = chain(
        &[4, 5, 6, 2],
        [
            LayerRef::named("conv", Conv3D::new(3, [1, 2, 3])),
            LayerRef::named("norm", GroupNormalization::new().groups(1).epsilon(1e-5)),
            Flatten::new().into(),
            LayerRef::named("fc", Dense::new(2)),
        ],
    );
    check("volume", model);
}

#[test]
fn recurrent_layers_take_their_gates_in_pytorchs_order() {
    let lstm = LayerRef::named("reader_a", LSTM::new(4).return_sequences(true));
    check_with("recurrent.npz", "lstm", chain(&[5, 3], [lstm]));
    let gru = LayerRef::named("reader_a", GRU::new(4).return_sequences(true));
    check_with("recurrent.npz", "gru", chain(&[5, 3], [gru]));
}

#[test]
fn both_directions_and_the_second_layer_of_a_module_are_found() {
    let lstm = Bidirectional::new(LSTM::new(2).return_sequences(true));
    let lstm = LayerRef::named("reader_a", lstm);
    check_with("recurrent.npz", "lstm_both_ways", chain(&[5, 3], [lstm]));
    let gru = || Bidirectional::new(GRU::new(2).return_sequences(true));
    let layers = [LayerRef::named("reader_a_l0", gru()), LayerRef::named("reader_a_l1", gru())];
    check_with("recurrent.npz", "gru_both_ways", chain(&[5, 3], layers));
}

#[test]
fn simple_recurrent_layers_with_and_without_biases() {
    let layers = [
        LayerRef::named("reader_a", SimpleRNN::new(4).return_sequences(true)),
        LayerRef::named("reader_b", SimpleRNN::new(2).return_sequences(true).use_bias(false)),
    ];
    check_with("recurrent.npz", "rnn", chain(&[5, 3], layers));
}

#[test]
fn a_gru_that_resets_before_the_product_is_no_gru_of_pytorchs() {
    let gru = GRU::new(4).return_sequences(true).reset_after(false);
    let mut model = chain(&[5, 3], [LayerRef::named("reader_a", gru)]);
    let arrays = read_pytorch(&path("network_gru.pt"), UnknownClasses::Refuse).unwrap();
    let error = load_arrays(&mut model, &arrays, &NameMap::default()).unwrap_err().to_string();
    assert!(error.contains("reset_after=True"), "{error}");
}
