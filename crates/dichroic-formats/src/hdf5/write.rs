//! Writes whole models and weights as HDF5 files that Keras opens.

use std::io;
use std::path::Path;

use dichroic::data::write_beside;
use dichroic::model::{LayerRef, Model};
use dichroic_graph::ParameterId;
use dichroic_graph::kernels::tensor::Tensor;
use hdf5_pure::AttrValue;
use serde_json::{Map, Value, json};

use super::read::{CONFIG, OURS};
use super::training::OPTIMIZER;
use super::tree::Branch;
use crate::error::{FormatError, Located, Problem};
use crate::keras::{Contents, KERAS_VERSION, optimizer_variables, ours, weights_alone};
use crate::weights::Variable;

/// The name after which Keras 3 expects its own layout of weights.
const KERAS_3_WEIGHTS: &str = ".weights.h5";
/// An attribute has to fit into the header of its group; longer lists lie in several.
const LONGEST_LIST: usize = 64_512;

/// Writes a whole model so that Keras opens it by its name `.h5`, whole or not at all.
///
/// # Errors
/// When the model's weights have no values, or the file can't be written.
pub fn write_hdf5(path: &Path, contents: &Contents<'_>) -> Result<(), FormatError> {
    let tree = || {
        let model = contents.model;
        let mut root = Branch::default();
        let config = config(model);
        root.set(CONFIG, text(config.to_string()));
        root.set("keras_version", text(KERAS_VERSION.into()));
        root.set("backend", text(BACKEND.into()));
        if let Some(settings) = model.compile_config().and_then(training_config) {
            root.set("training_config", text(settings.to_string()));
        }
        root.set(OURS, text(ours(contents).to_string()));
        put_layers(root.child("model_weights"), model)?;
        if let Some(variables) = optimizer_variables(contents)? {
            let (names, variables): (Vec<String>, Vec<Variable<'_>>) =
                variables.into_iter().unzip();
            let own = root.child(OPTIMIZER);
            set_list(own, "weight_names", &names)?;
            names.iter().zip(variables).for_each(|(name, variable)| own.put(name, variable));
        }
        Ok(root)
    };
    save(path, tree())
}

/// Writes the weights alone. A name that ends in `.weights.h5` gets the layout that Keras 3 reads under such a name, any
/// other the one that all Keras versions read.
///
/// # Errors
/// As [`write_hdf5`].
pub fn write_hdf5_weights(path: &Path, model: &Model) -> Result<(), FormatError> {
    if path.to_string_lossy().ends_with(KERAS_3_WEIGHTS) {
        let bytes = weights_alone(model).map_err(|error| error.of(path))?;
        return write_beside(path, |file| io::Write::write_all(file, &bytes))
            .map_err(|error| Located::from(Problem::Io(error)).of(path));
    }
    let tree = || {
        let mut root = Branch::default();
        put_layers(&mut root, model)?;
        Ok(root)
    };
    save(path, tree())
}

/// Modules that go without saying in HDF5 files. Keras finds the classes of others by their modules only.
const PLAIN: [&str; 4] =
    ["keras", "keras.layers", "keras.src.models.functional", "keras.src.models.sequential"];
/// The backend whose kernels have our order and signs.
const BACKEND: &str = "tensorflow";

fn save(path: &Path, tree: Result<Branch<'_>, Problem>) -> Result<(), FormatError> {
    let of_path = |problem: Problem| Located::from(problem).of(path);
    let tree = tree.map_err(of_path)?;
    write_beside(path, |file| tree.write(file)).map_err(|error| of_path(Problem::Io(error)))
}

/// Puts every layer and its weights into a group.
fn put_layers<'a>(group: &mut Branch<'a>, model: &'a Model) -> Result<(), Problem> {
    let names: Vec<String> = model.layers().iter().map(LayerRef::name).collect();
    set_list(group, "layer_names", &names)?;
    group.set("keras_version", text(KERAS_VERSION.into()));
    group.set("backend", text(BACKEND.into()));
    for layer in model.layers() {
        let weights = in_keras_order(model, layer);
        let paths: Vec<String> =
            weights.iter().map(|&index| model.weights()[index].path.clone()).collect();
        let own = group.child(&layer.name());
        set_list(own, "weight_names", &paths)?;
        for (path, index) in paths.iter().zip(weights) {
            let value = value(model, index)?;
            own.put(path, Variable::Floats { shape: value.shape(), values: value.data() });
        }
    }
    set_list(group.child("top_level_model_weights"), "weight_names", &[])
}

/// The weights of a layer: what training changes comes first, in a model used as a layer over all its layers.
fn in_keras_order(model: &Model, layer: &LayerRef) -> Vec<usize> {
    let trained = |index: &usize| {
        let weight = &model.weights()[*index];
        if layer.model().is_some() { model.is_trainable(weight) } else { weight.spec.trainable }
    };
    let (first, last): (Vec<usize>, Vec<usize>) =
        model.weights_of(layer).into_iter().partition(trained);
    [first, last].concat()
}

fn value(model: &Model, index: usize) -> Result<&Tensor, Problem> {
    let values = model.parameters().map_err(Problem::from)?;
    Ok(values.get(ParameterId(index)).expect("a model has a value for each of its weights"))
}

/// A text as Keras of any version reads it: old ones want bytes, which HDF5 has for ASCII only.
fn text(text: String) -> AttrValue {
    match text.is_ascii() {
        true => AttrValue::VarLenAsciiString(text),
        false => AttrValue::VarLenString(text),
    }
}

/// Sets a list of texts, cut into several attributes if it is too long for one.
fn set_list(group: &mut Branch<'_>, name: &str, texts: &[String]) -> Result<(), Problem> {
    // In a list each text takes as much room as the longest.
    let width = texts.iter().map(String::len).max().unwrap_or(0).max(1);
    let most = LONGEST_LIST / width;
    if most == 0 {
        let what = format!("a layer name of {width} bytes");
        return Err(Problem::Unsupported { what, fix: "give the layer a shorter name".into() });
    }
    let list = |texts: &[String]| match texts.iter().all(|text| text.is_ascii()) {
        // NumPy makes an empty list an array of numbers.
        _ if texts.is_empty() => AttrValue::F64Array(Vec::new()),
        true => AttrValue::AsciiStringArray(texts.to_vec()),
        false => AttrValue::StringArray(texts.to_vec()),
    };
    if texts.len() <= most {
        group.set(name, list(texts));
    } else {
        for (number, part) in texts.chunks(most).enumerate() {
            group.set(&format!("{name}{number}"), list(part));
        }
    }
    Ok(())
}

/// The configuration as Keras writes it into HDF5 files: without the modules of its own classes.
fn config(model: &Model) -> Value {
    let mut object = model.to_config();
    plain(&mut object);
    json!({ "class_name": object["class_name"], "config": object["config"] })
}

fn plain(object: &mut Value) {
    let Some(map) = object.as_object_mut() else { return };
    if map.get("module").and_then(Value::as_str).is_some_and(|module| PLAIN.contains(&module)) {
        for extra in ["module", "registered_name"] {
            map.remove(extra);
        }
    }
    for extra in ["build_config", "compile_config"] {
        map.remove(extra);
    }
    if let Some(Value::Array(layers)) = object.pointer_mut("/config/layers") {
        layers.iter_mut().for_each(plain);
    }
}

/// What `compile` was told, in the form of HDF5 files; `None` if it is not known what optimizer is meant.
fn training_config(compile: &Value) -> Option<Value> {
    let mut settings: Map<String, Value> = compile.as_object()?.clone();
    let optimizer = settings.remove("optimizer")?;
    let (class_name, config) = (optimizer.get("class_name")?, optimizer.get("config")?);
    let optimizer = json!({ "class_name": class_name, "config": config });
    settings.insert("optimizer_config".to_owned(), optimizer);
    Some(Value::Object(settings))
}
