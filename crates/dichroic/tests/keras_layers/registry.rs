//! What every layer of the registry owes: a configuration that comes back, counts that match its
//! weights, the shape that it promised, gradients that central differences confirm, documentation.

use std::collections::BTreeSet;
use std::path::Path;

use crate::lowered::{Lowered, known};
use crate::operations;
use dichroic::layers::{Layer, Mode, registry};
use dichroic_graph::kernels::rng::Stream;

/// Small inputs that suit a class.
fn input_shapes(class_name: &str) -> Vec<Vec<usize>> {
    if let Some(shapes) = operations::input_shapes(class_name) {
        return shapes;
    }
    let spatial = [vec![2, 6, 4], vec![2, 5, 4, 2], vec![1, 4, 3, 4, 2]];
    let rank = (1..=3).find(|rank| class_name.contains(&format!("{rank}D")));
    match (rank, class_name) {
        (Some(rank), _) => vec![spatial[rank - 1].clone()],
        (
            None,
            "Add" | "Subtract" | "Multiply" | "Average" | "Maximum" | "Minimum" | "Concatenate",
        ) => {
            vec![vec![2, 3, 2]; 2]
        }
        (None, "CenterCrop" | "Resizing") => vec![vec![2, 5, 4, 2]],
        (None, name) if name.starts_with("Random") => vec![vec![2, 5, 4, 2]],
        (None, "Permute" | "RepeatVector" | "InputLayer") => vec![vec![2, 3]],
        // The default number of groups divides these channels.
        (None, "GroupNormalization") => vec![vec![2, 2, 32]],
        (None, _) => vec![vec![2, 3, 4]],
    }
}

/// Numbers of either sign, all at least a twentieth from each other and from zero, so that no step
/// of a difference crosses the corner of an activation or swaps the largest values of a pool.
fn apart(len: usize, op: u32) -> Vec<f32> {
    let mut numbers: Vec<f32> =
        (0..len).map(|i| 0.05 * (i as f32 + 0.5 - len.div_ceil(2) as f32)).collect();
    Stream { seed: 7, step: 0, op }.shuffle(&mut numbers);
    numbers
}

fn each_layer(check: impl Fn(&str, &dyn Layer)) {
    for class_name in registry::class_names() {
        let layer = registry::example(class_name).expect(class_name);
        check(class_name, layer.as_ref());
    }
}

#[test]
fn every_configuration_comes_back() {
    each_layer(|class_name, layer| {
        let config = layer.config();
        let again = registry::from_config(class_name, &config).expect(class_name);
        assert_eq!(again.config(), config, "{class_name}");
        assert_eq!(again.class_name(), class_name);
    });
}

#[test]
fn every_argument_that_is_written_can_be_given() {
    each_layer(|class_name, layer| {
        let positional = registry::positional(class_name).expect(class_name);
        let unique: BTreeSet<_> = positional.iter().collect();
        assert_eq!(unique.len(), positional.len(), "{class_name} names an argument twice");
        // Keras reads these by name only.
        let by_name = ["rms_scaling", "quantization_config"];
        for argument in layer.config().keys().filter(|key| !by_name.contains(&key.as_str())) {
            assert!(positional.contains(&argument.as_str()), "{class_name} misses {argument}");
        }
    });
}

#[test]
fn every_name_leads_to_one_class() {
    let mut names: Vec<&str> = registry::class_names().collect();
    for class_name in registry::class_names() {
        names.extend(registry::aliases(class_name));
    }
    let unique: BTreeSet<&&str> = names.iter().collect();
    assert_eq!(unique.len(), names.len());
    for (alias, class_name) in
        [("MaxPool2D", "MaxPooling2D"), ("GlobalAvgPool2D", "GlobalAveragePooling2D")]
    {
        assert_eq!(registry::resolve(alias).unwrap(), class_name);
    }
    assert_eq!(registry::function("concatenate"), Some("Concatenate"));
}

#[test]
fn every_count_is_the_number_of_weights() {
    each_layer(|class_name, layer| {
        let shapes = known(&input_shapes(class_name));
        let weights = layer.weights(&shapes).expect(class_name);
        let count = layer.count(&shapes).expect(class_name);
        assert_eq!(weights.len(), count.terms.len(), "{class_name}");
        for (weight, term) in weights.iter().zip(&count.terms) {
            assert_eq!(weight.name, term.weight, "{class_name}");
            assert_eq!(
                weight.elements().map(|n| n as u64),
                Some(term.total()),
                "{class_name} {}",
                weight.name
            );
            assert_eq!(weight.trainable, term.trainable, "{class_name} {}", weight.name);
        }
    });
}

#[test]
fn every_shape_promised_is_the_shape_lowered() {
    each_layer(|class_name, layer| {
        let shapes = input_shapes(class_name);
        let promised = layer.output_shape(&known(&shapes)).expect(class_name);
        for mode in [Mode::Training, Mode::Inference] {
            let lowered =
                Lowered::new(layer, &shapes, weights(layer, &shapes), mode).expect(class_name);
            let got = known(&[lowered.output_shape().to_vec()]);
            assert_eq!(promised, got[0], "{class_name}");
        }
    });
}

fn weights(layer: &dyn Layer, shapes: &[Vec<usize>]) -> Vec<Vec<f32>> {
    let specs = layer.weights(&known(shapes)).expect("weights");
    let fill = |(i, spec): (usize, &dichroic::layers::WeightSpec)| {
        let len = spec.elements().expect("a small weight");
        let values = apart(len, 100 + i as u32);
        // A variance is positive.
        match spec.name {
            "moving_variance" | "variance" => {
                values.iter().map(|value| 1.0 + value.abs()).collect()
            }
            _ => values,
        }
    };
    specs.iter().enumerate().map(fill).collect()
}

#[test]
fn every_gradient_is_confirmed_by_central_differences() {
    each_layer(|class_name, layer| {
        for mode in [Mode::Training, Mode::Inference] {
            confirm_gradients(class_name, layer, mode);
        }
    });
}

fn confirm_gradients(class_name: &str, layer: &dyn Layer, mode: Mode) {
    const STEP: f32 = 0.01;
    let shapes = input_shapes(class_name);
    let indices = operations::indices(class_name);
    let lens: Vec<usize> = shapes.iter().map(|shape| shape.iter().product()).collect();
    // One draw for all inputs, so that merges meet no equal values.
    let mut drawn = apart(lens.iter().sum(), 1).into_iter();
    let mut inputs: Vec<Vec<f32>> =
        lens.iter().map(|&len| drawn.by_ref().take(len).collect()).collect();
    for &(input, values) in &indices {
        inputs[input].copy_from_slice(values);
    }
    if layer.config().contains_key("value_range") {
        // Within the range of pixels, beyond whose ends these layers cut.
        inputs.iter_mut().flatten().for_each(|pixel| *pixel += 128.0);
    }
    let mut lowered =
        Lowered::new(layer, &shapes, weights(layer, &shapes), mode).expect(class_name);
    let direction = apart(lowered.output_shape().iter().product(), 2);
    lowered.run(&inputs, &direction);
    let gradients = lowered.gradients();
    let trained = lowered.trained();
    let check = |place: &str, gradient: f32, above: f32, below: f32| {
        let difference = (above - below) / (2.0 * STEP);
        let bound = 0.02 * gradient.abs().max(1.0);
        assert!(
            (difference - gradient).abs() <= bound,
            "{class_name} in {mode:?}, {place}: gradient {gradient}, difference {difference}"
        );
    };
    for input in (0..inputs.len()).filter(|input| indices.iter().all(|(of, _)| of != input)) {
        for i in 0..inputs[input].len() {
            let value = inputs[input][i];
            inputs[input][i] = value + STEP;
            let above = lowered.run(&inputs, &direction);
            inputs[input][i] = value - STEP;
            let below = lowered.run(&inputs, &direction);
            inputs[input][i] = value;
            check(&format!("input {input} [{i}]"), gradients[input][i], above, below);
        }
    }
    for (gradient, weight) in gradients[inputs.len()..].iter().zip(trained) {
        for (i, &gradient) in gradient.iter().enumerate() {
            let value = lowered.weight_mut(weight)[i];
            lowered.weight_mut(weight)[i] = value + STEP;
            let above = lowered.run(&inputs, &direction);
            lowered.weight_mut(weight)[i] = value - STEP;
            let below = lowered.run(&inputs, &direction);
            lowered.weight_mut(weight)[i] = value;
            check(&format!("weight {weight} [{i}]"), gradient, above, below);
        }
    }
}

#[test]
fn every_layer_states_its_shapes_its_source_and_an_example() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/layers");
    let folders = [folder.clone(), folder.join("operations")];
    let files =
        folders.iter().flat_map(|folder| std::fs::read_dir(folder).expect("a folder of layers"));
    let mut layers = 0;
    for path in files.map(|file| file.expect("a file").path()).filter(|path| path.is_file()) {
        let text = std::fs::read_to_string(&path).expect("a text");
        if !text.contains("Layer for ") || path.ends_with("mod.rs") {
            continue;
        }
        layers += 1;
        for part in ["/// # Shapes", "/// # Source", "/// ```"] {
            assert!(text.contains(part), "{} has no {part}", path.display());
        }
    }
    assert!(layers >= 30, "found {layers} files");
}
