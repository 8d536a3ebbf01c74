//! Files of Keras 1.2, 2.0, 2.12 to 2.15 and 3.

use dichroic::layers::{Conv2D, Dense, Dropout, Flatten, MaxPooling2D};
use dichroic::model::{Input, LayerRef, Model, Sequential};
use dichroic_formats::{
    Matching, Problem, SavedTraining, is_hdf5, read_hdf5, read_hdf5_outline, read_hdf5_weights,
    read_keras, write_hdf5, write_keras,
};

use crate::{Folder, arrays, assert_close, assert_predicts, values};

fn whole_models_predict(keras: &str) {
    let folder = Folder::new(&format!("whole-{keras}"));
    let arrays = arrays(&folder, &format!("{keras}.npz"));
    let names = arrays.keys().filter_map(|key| key.strip_suffix("/input"));
    let mut names: Vec<&str> = names.filter(|name| !name.contains("weights")).collect();
    names.sort_unstable();
    for name in names {
        let path = folder.golden(name);
        let file = if is_hdf5(&path) { read_hdf5(&path) } else { read_keras(&path) };
        assert_predicts(&file.unwrap().model, &arrays, name);
    }
}

#[test]
fn models_of_keras_1_predict_as_there() {
    whole_models_predict("keras1");
}

#[test]
fn models_of_keras_2_0_predict_as_there() {
    whole_models_predict("keras2_0");
}

#[test]
fn archives_of_keras_2_12_predict_as_there() {
    whole_models_predict("keras2_12");
}

#[test]
fn keras_2_12_wrote_hdf5_under_the_name_of_archives() {
    let folder = Folder::new("named-keras");
    assert!(is_hdf5(&folder.golden("keras2_12_chain_hdf5.keras")));
    assert!(!is_hdf5(&folder.golden("keras2_12_chain.keras")));
}

#[test]
fn archives_of_keras_2_13_predict_as_there() {
    whole_models_predict("keras2_13");
}

#[test]
fn archives_of_keras_2_14_predict_as_there() {
    whole_models_predict("keras2_14");
}

#[test]
fn files_and_archives_of_keras_2_15_predict_as_there() {
    whole_models_predict("keras2_15");
}

#[test]
fn hdf5_files_of_keras_3_predict_as_there() {
    whole_models_predict("keras3");
}

/// The same architecture with other weights.
fn blank(folder: &Folder, whole: &str) -> Model {
    let path = folder.golden(whole);
    let mut model = read_hdf5(&path).unwrap().model;
    model.build(9).unwrap();
    model
}

#[test]
fn weights_alone_are_read_by_topology_and_by_name() {
    let folder = Folder::new("alone");
    let files =
        [("keras2_0", "_weights.h5"), ("keras2_15", ".weights.h5"), ("keras3", ".weights.h5")];
    for (keras, ending) in files {
        let arrays = arrays(&folder, &format!("{keras}.npz"));
        for kind in ["functional", "chain"] {
            let name = format!("{keras}_{kind}{ending}");
            let path = folder.golden(&name);
            let whole = format!("{keras}_{kind}.h5");
            let mut model = blank(&folder, &whole);
            let matched = read_hdf5_weights(&path, &mut model, Matching::ByTopology).unwrap();
            assert!(matched.kept.is_empty() && !matched.loaded.is_empty());
            assert_predicts(&model, &arrays, &name);

            let mut model = blank(&folder, &whole);
            let by_name = read_hdf5_weights(&path, &mut model, Matching::ByName);
            // Keras 2.15 writes the numbered layout without the names of the layers.
            if keras == "keras2_15" {
                assert!(by_name.unwrap_err().to_string().contains("doesn't name them"));
            } else {
                assert!(by_name.unwrap().unused.is_empty());
                assert_predicts(&model, &arrays, &name);
            }
        }
    }
}

#[test]
fn a_whole_model_gives_its_weights_to_another() {
    let folder = Folder::new("give");
    let path = folder.golden("keras3_chain.h5");
    let mut model = blank(&folder, "keras3_chain.h5");
    read_hdf5_weights(&path, &mut model, Matching::ByTopology).unwrap();
    assert_eq!(values(&model), values(&read_hdf5(&path).unwrap().model));
}

#[test]
fn weights_in_theanos_order_are_turned_round() {
    let folder = Folder::new("theano");
    let name = "keras1_theano_weights.h5";
    let arrays = arrays(&folder, "keras1_theano.npz");
    let mut model = Sequential::new()
        .add(Input::new(&[7, 6, 2]))
        .add(LayerRef::named("conv", Conv2D::new(4, 3).activation("relu")))
        .add(MaxPooling2D::new(2))
        .add(Flatten::new())
        .add(Dropout::new(0.5))
        .add(LayerRef::named("classes", Dense::new(3)))
        .finish()
        .unwrap();
    for matching in [Matching::ByTopology, Matching::ByName] {
        model.build(1).unwrap();
        read_hdf5_weights(&folder.golden(name), &mut model, matching).unwrap();
        assert_predicts(&model, &arrays, name);
    }
}

#[test]
fn settings_of_training_are_kept_and_its_state_before_keras_3_is_said_to_be_lost() {
    let folder = Folder::new("training");
    for name in ["keras1_chain.h5", "keras2_0_chain.h5", "keras2_15_chain.h5"] {
        let file = read_hdf5(&folder.golden(name)).unwrap();
        let SavedTraining::Unusable(why) = &file.training else { panic!("{name}") };
        assert!(why.contains("begins anew"), "{name}: {why}");
        assert!(file.model.compile_config().is_some(), "{name}");
    }
    let file = read_keras(&folder.golden("keras2_14_chain.keras")).unwrap();
    let SavedTraining::Unusable(why) = &file.training else { panic!() };
    assert!(why.contains("Keras 2.14"), "{why}");
}

#[test]
fn what_an_optimizer_of_keras_3_keeps_is_read_and_comes_back_through_both_formats() {
    let folder = Folder::new("optimizer");
    let file = read_hdf5(&folder.golden("keras3_chain.h5")).unwrap();
    let SavedTraining::State { optimizer, progress: None } = &file.training else {
        panic!("{:?}", file.training)
    };
    assert!(optimizer.iterations > 0);
    assert!(optimizer.slots.iter().any(|slot| slot.values.iter().any(|&value| value != 0.0)));
    let path = folder.file("again.h5");
    write_hdf5(&path, &file.contents()).unwrap();
    assert_eq!(read_hdf5(&path).unwrap().training, file.training);
    let path = folder.file("again.keras");
    write_keras(&path, &file.contents()).unwrap();
    assert_eq!(read_keras(&path).unwrap().training, file.training);
}

#[test]
fn another_model_is_refused_by_topology_with_both_counts() {
    let folder = Folder::new("counts");
    let path = folder.golden("keras3_chain.h5");
    let mut model = blank(&folder, "keras3_functional.h5");
    let before = values(&model);
    let error = read_hdf5_weights(&path, &mut model, Matching::ByTopology).unwrap_err();
    assert!(matches!(error.problem, Problem::Layers { expected: 5, got: 6 }), "{error}");
    assert_eq!(values(&model), before);
}

#[test]
fn another_shape_is_refused_with_layer_weight_and_both_shapes() {
    let folder = Folder::new("shape");
    let path = folder.golden("keras1_theano_weights.h5");
    let mut model = Sequential::new()
        .add(Input::new(&[7, 6, 3]))
        .add(LayerRef::named("conv", Conv2D::new(4, 3)))
        .finish()
        .unwrap();
    model.build(1).unwrap();
    let text = read_hdf5_weights(&path, &mut model, Matching::ByName).unwrap_err().to_string();
    assert!(text.contains("weight \"conv/kernel\""), "{text}");
    assert!(text.contains("(3, 3, 3, 4), got (4, 2, 3, 3)"), "{text}");
}

#[test]
fn by_name_the_rest_is_kept_and_told() {
    let folder = Folder::new("rest");
    let path = folder.golden("keras1_theano_weights.h5");
    let build = |second: &str| {
        Sequential::new()
            .add(Input::new(&[3, 3, 2]))
            .add(LayerRef::named("conv", Conv2D::new(4, 3)))
            .add(Flatten::new())
            .add(LayerRef::named(second, Dense::new(5)))
            .finish()
            .unwrap()
    };
    let mut model = build("other");
    let error = read_hdf5_weights(&path, &mut model, Matching::ByName).unwrap_err();
    assert!(error.to_string().contains("the weights of other is missing"), "{error}");
    model.build(3).unwrap();
    let before = model.weight("other", "kernel").unwrap().clone();
    let matched = read_hdf5_weights(&path, &mut model, Matching::ByName).unwrap();
    assert_eq!(matched.loaded, ["conv"]);
    assert_eq!(matched.kept, ["other"]);
    assert_eq!(matched.unused, ["classes"]);
    assert_close(model.weight("other", "kernel").unwrap(), &before, "kept");
}

#[test]
fn weights_alone_are_no_model_and_say_so() {
    let folder = Folder::new("no-model");
    let error = read_hdf5(&folder.golden("keras2_0_chain_weights.h5")).unwrap_err();
    assert!(error.to_string().contains("holds weights alone"), "{error}");
}

#[test]
fn an_outline_lists_the_layers_of_an_old_file() {
    let folder = Folder::new("outline");
    let outline = read_hdf5_outline(&folder.golden("keras1_chain.h5")).unwrap();
    assert!(outline.layers.iter().all(|layer| layer.problem.is_none()));
    assert_eq!(outline.layers[0].class_name, "Convolution2D");
    assert_eq!(outline.layers.len(), 10);
}

#[test]
fn weights_of_sixteen_bits_are_read_exactly() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hdf5_files/half.h5");
    let model = read_hdf5(&path).unwrap().model;
    assert_eq!(model.weight("half", "kernel").unwrap().data(), [0.5, -2.0, 0.099_975_586, 65504.0]);
    assert_eq!(model.weight("half", "bias").unwrap().data(), [1.0, 2.0f32.powi(-24)]);
}
