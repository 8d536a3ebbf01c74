//! Files that Keras wrote give Keras's outputs; what is written comes back; what is damaged is refused.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use dichroic::data::npy::NpyArray;
use dichroic::data::npz::read_npz;
use dichroic::data::{Array, Dataset, Limits};
use dichroic::layers::{Conv2D, Dense, Flatten};
use dichroic::model::{Input, Model, Sequential};
use dichroic::train::{Compile, FitOptions, Trainer};
use dichroic_formats::{
    Contents, Problem, SavedModel, SavedTraining, is_keras, read_keras, read_outline, write_keras,
};
use dichroic_graph::kernels::tensor::Tensor;
use proptest::prelude::*;
use serde_json::Value;

/// Relative for values above one: sums are f32 on both sides, in different orders.
const BOUND: f32 = 1e-5;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(name)
}

/// A folder of this test's own that is gone when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("dichroic-formats-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Golden {
    arrays: HashMap<String, NpyArray>,
    index: Value,
}

impl Golden {
    fn load() -> Self {
        let arrays = read_npz(&golden("files.npz"), &Limits::default()).unwrap();
        let index = fs::read_to_string(golden("files.json")).unwrap();
        Self { arrays: arrays.into_iter().collect(), index: serde_json::from_str(&index).unwrap() }
    }

    fn files(&self) -> &[Value] {
        self.index["files"].as_array().unwrap()
    }

    fn tensor(&self, key: &str) -> Tensor {
        self.arrays[key].clone().into_tensor().unwrap()
    }

    fn tensors(&self, entry: &Value, kind: &str) -> Vec<Tensor> {
        let count = entry[format!("{kind}s")].as_u64().unwrap();
        let name = entry["name"].as_str().unwrap();
        (0..count).map(|i| self.tensor(&format!("{name}/{kind}{i}"))).collect()
    }
}

fn assert_close(got: &Tensor, expected: &Tensor, what: &str) {
    assert_eq!(got.shape(), expected.shape(), "{what}");
    let pairs = got.data().iter().zip(expected.data());
    let far: Vec<_> = pairs
        .enumerate()
        .filter(|(_, (got, expected))| (*got - *expected).abs() > BOUND * expected.abs().max(1.0))
        .take(8)
        .collect();
    assert!(far.is_empty(), "{what}: (index, (got, expected)) {far:?}");
}

fn small() -> Model {
    let mut model = Sequential::new()
        .add(Input::new(&[5, 5, 2]))
        .add(Conv2D::new(3, 3))
        .add(Flatten::new())
        .add(Dense::new(4))
        .finish()
        .unwrap();
    model.build(1).unwrap();
    model
}

#[test]
fn models_of_keras_predict_what_keras_predicts() {
    let golden_files = Golden::load();
    for entry in golden_files.files() {
        let name = entry["name"].as_str().unwrap();
        let path = golden(entry["file"].as_str().unwrap());
        assert!(is_keras(&path));
        let file = read_keras(&path).unwrap();
        assert_eq!(file.model.count_params(), entry["params"].as_u64().unwrap(), "{name}");
        let outputs = file.model.predict(&golden_files.tensors(entry, "input")).unwrap();
        for (output, expected) in outputs.iter().zip(golden_files.tensors(entry, "output")) {
            assert_close(output, &expected, name);
        }
    }
}

#[test]
fn weights_of_keras_are_read_bit_for_bit() {
    let golden_files = Golden::load();
    for entry in golden_files.files() {
        let file = read_keras(&golden(entry["file"].as_str().unwrap())).unwrap();
        let values = file.model.parameters().unwrap().tensors();
        for (weight, value) in file.model.weights().iter().zip(values) {
            let own: Vec<&str> = weight.path.rsplit('/').take(2).collect();
            let key = format!("{}/weight/{}/{}", entry["name"].as_str().unwrap(), own[1], own[0]);
            assert_eq!(value, &golden_files.tensor(&key), "{key}");
        }
    }
}

#[test]
fn a_model_comes_back_as_it_was_written() {
    let golden_files = Golden::load();
    let folder = Folder::new("round");
    for entry in golden_files.files() {
        let first = read_keras(&golden(entry["file"].as_str().unwrap())).unwrap();
        let path = folder.file("again.keras");
        write_keras(&path, &first.contents()).unwrap();
        let second = read_keras(&path).unwrap();
        assert_eq!(first.model.to_config(), second.model.to_config());
        let values = |file: &SavedModel| file.model.parameters().unwrap().tensors().to_vec();
        assert_eq!(values(&first), values(&second));
        assert_eq!(first.training, second.training);
    }
}

#[test]
fn names_of_classes_lie_beside_the_model() {
    let folder = Folder::new("classes");
    let path = folder.file("named.keras");
    let names = vec!["cat".to_owned(), "Füchsin".to_owned()];
    write_keras(&path, &Contents::of(&small()).class_names(&names)).unwrap();
    assert_eq!(read_keras(&path).unwrap().class_names, names);
}

#[test]
fn a_model_without_values_is_not_written() {
    let folder = Folder::new("unbuilt");
    let model = Sequential::new().add(Input::new(&[4])).add(Dense::new(2)).finish().unwrap();
    let path = folder.file("no.keras");
    assert!(write_keras(&path, &Contents::of(&model)).is_err());
    assert!(!path.exists());
}

/// The same archive with another text in config.json.
fn with_config(from: &Path, to: &Path, change: impl Fn(String) -> String) {
    use std::io::{Read, Write};
    let mut archive = zip::ZipArchive::new(fs::File::open(from).unwrap()).unwrap();
    let mut writer = zip::ZipWriter::new(fs::File::create(to).unwrap());
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let name = entry.name().unwrap().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        if name == "config.json" {
            bytes = change(String::from_utf8(bytes).unwrap()).into_bytes();
        }
        writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(&bytes).unwrap();
    }
    writer.finish().unwrap();
}

/// The data of the golden training, twelve pictures in batches of four, in their order.
fn golden_data(golden_files: &Golden) -> Dataset {
    let images = Array::from_tensor("x", golden_files.tensor("trained/images")).unwrap();
    let labels = golden_files.tensor("trained/labels").into_data();
    Dataset::new(vec![images], vec![Array::column("y", labels)]).unwrap()
}

fn in_order() -> FitOptions<'static> {
    FitOptions { batch_size: 4, shuffle: false, ..FitOptions::default() }
}

#[test]
fn the_optimizer_of_keras_is_read_and_goes_on_as_keras_does() {
    let golden_files = Golden::load();
    let mut file = read_keras(&golden("files/trained.keras")).unwrap();
    let SavedTraining::State { optimizer, progress: None } = &file.training else {
        panic!("{:?}", file.training);
    };
    assert_eq!(optimizer.iterations, 3);
    let slots = [("momentum", "conv2d/kernel", "trained_conv2d_kernel_momentum")];
    for (name, weight, key) in slots {
        let slot = optimizer.slots.iter().find(|s| s.name == name && s.weight == weight).unwrap();
        assert_eq!(slot.values, golden_files.tensor(&format!("trained/optimizer/{key}")).data());
    }
    let compile = Compile::from_config(file.model.compile_config().unwrap()).unwrap();
    let mut trainer = Trainer::with_optimizer(&file.model, compile, optimizer).unwrap();
    let data = golden_data(&golden_files);
    trainer.fit(&mut file.model, &data, &in_order(), &mut []).unwrap();
    let values = file.model.parameters().unwrap().tensors().to_vec();
    for (weight, value) in file.model.weights().iter().zip(&values) {
        let expected = golden_files.tensor(&format!("trained/resumed/{}", weight.path));
        assert_close(value, &expected, &weight.path);
    }
}

#[test]
fn a_training_goes_on_from_its_file_bit_for_bit() {
    let golden_files = Golden::load();
    let data = golden_data(&golden_files);
    let folder = Folder::new("resume");
    let path = folder.file("half.keras");
    let options = |epochs| FitOptions { batch_size: 4, epochs, seed: 9, ..FitOptions::default() };
    let start = || read_keras(&golden("files/trained.keras")).unwrap().model;
    let compile =
        || Compile::named("rmsprop", "sparse_categorical_crossentropy", &["accuracy"]).unwrap();

    let mut whole = start();
    Trainer::new(&whole, compile()).unwrap().fit(&mut whole, &data, &options(4), &mut []).unwrap();

    let mut half = start();
    let mut trainer = Trainer::new(&half, compile()).unwrap();
    trainer.fit(&mut half, &data, &options(2), &mut []).unwrap();
    let state = trainer.state();
    write_keras(&path, &Contents::of(&half).training(&state)).unwrap();

    let SavedModel { mut model, training, .. } = read_keras(&path).unwrap();
    let read = training.to_resume().unwrap();
    assert_eq!(read, state);
    let compile = Compile::from_config(model.compile_config().unwrap()).unwrap();
    let mut trainer = Trainer::resume(&model, compile, &read).unwrap();
    trainer.fit(&mut model, &data, &options(4), &mut []).unwrap();
    let values = |model: &Model| model.parameters().unwrap().tensors().to_vec();
    assert_eq!(values(&model), values(&whole));
}

#[test]
fn an_optimizer_that_is_not_known_keeps_nobody_from_the_model() {
    let folder = Folder::new("optimizer");
    let path = folder.file("changed.keras");
    with_config(&golden("files/trained.keras"), &path, |text| {
        text.replace("\"class_name\": \"Adam\"", "\"class_name\": \"Eve\"")
    });
    let file = read_keras(&path).unwrap();
    let SavedTraining::Unusable(why) = &file.training else { panic!("{:?}", file.training) };
    assert!(why.contains("Eve"), "{why}");
}

#[test]
fn what_is_not_known_is_refused_by_its_name() {
    let folder = Folder::new("unknown");
    let path = folder.file("changed.keras");
    let changes = [
        ("\"MaxPooling2D\"", "\"FractalPooling2D\"", "FractalPooling2D"),
        ("\"pool_size\"", "\"pool_colour\"", "pool_colour"),
        ("\"keras.layers\"", "\"os.path\"", "os.path"),
    ];
    for (old, new, named) in changes {
        with_config(&golden("files/trained.keras"), &path, |text| text.replace(old, new));
        let error = read_keras(&path).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(named) && text.contains("config.json"), "{text}");
        assert!(matches!(error.problem, Problem::Model(_)), "{text}");
    }
    with_config(&golden("files/trained.keras"), &path, |text| {
        text.replace("\"MaxPooling2D\"", "\"FractalPooling2D\"")
    });
    let outline = read_outline(&path).unwrap();
    assert_eq!(outline.layers.iter().filter(|layer| layer.problem.is_some()).count(), 1);
}

#[test]
fn weights_that_do_not_suit_the_configuration_are_refused_with_their_place() {
    let folder = Folder::new("shapes");
    let path = folder.file("changed.keras");
    with_config(&golden("files/trained.keras"), &path, |text| {
        text.replace("\"units\": 3", "\"units\": 4")
    });
    let text = read_keras(&path).unwrap_err().to_string();
    assert!(text.contains("model.weights.h5, layers/dense/vars/0"), "{text}");
    assert!(text.contains("(64, 4), got (64, 3)"), "{text}");
}

#[test]
fn a_configuration_of_ten_gigabytes_is_refused_before_memory_is_taken() {
    let folder = Folder::new("huge");
    let path = folder.file("changed.keras");
    with_config(&golden("files/trained.keras"), &path, |text| {
        text.replace("\"units\": 3", "\"units\": 40000000")
    });
    let error = read_keras(&path).unwrap_err();
    assert!(matches!(error.problem, Problem::TooLarge { .. }), "{error}");
}

#[test]
fn a_file_cut_anywhere_is_an_error() {
    let folder = Folder::new("cut");
    let path = folder.file("cut.keras");
    let whole = fs::read(golden("files/shared.keras")).unwrap();
    for length in (0..whole.len()).step_by(97).chain([whole.len() - 1]) {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(read_keras(&path).is_err(), "cut at {length}");
    }
}

#[test]
fn a_file_that_is_no_archive_is_told_from_one_that_is_not_there() {
    let folder = Folder::new("other");
    let path = folder.file("text.keras");
    fs::write(&path, "model = 1").unwrap();
    assert!(!is_keras(&path));
    assert!(matches!(read_keras(&path).unwrap_err().problem, Problem::NoArchive));
    let missing = read_keras(&folder.file("none.keras")).unwrap_err();
    assert!(matches!(missing.problem, Problem::Io(_)));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn changed_bytes_are_an_error_or_a_model(
        changes in prop::collection::vec((0usize..1 << 20, any::<u8>()), 1..6)
    ) {
        let folder = Folder::new("mutated");
        let path = folder.file("mutated.keras");
        let mut bytes = fs::read(golden("files/trained.keras")).unwrap();
        for (place, value) in changes {
            let place = place % bytes.len();
            bytes[place] = value;
        }
        fs::write(&path, bytes).unwrap();
        // Either is fine; a panic is not.
        let _ = read_keras(&path);
    }

    #[test]
    fn changed_configurations_are_an_error_or_a_model(
        place in 0usize..1 << 20,
        junk in "[0-9a-z\\[\\]{}\",:.-]{0,6}",
    ) {
        let folder = Folder::new("config");
        let path = folder.file("config.keras");
        with_config(&golden("files/branches.keras"), &path, |mut text| {
            let place = (0..=place % text.len()).rev().find(|&at| text.is_char_boundary(at)).unwrap();
            let end = (place + junk.len()).min(text.len());
            if text.is_char_boundary(end) {
                text.replace_range(place..end, &junk);
            }
            text
        });
        let _ = read_keras(&path);
    }
}
