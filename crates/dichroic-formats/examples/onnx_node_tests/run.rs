//! One test: import, run, compare.

use std::fs;
use std::path::{Path, PathBuf};

use dichroic::layers::Mode;
use dichroic::model::LoweredModel;
use dichroic_formats::onnx::{ImportedOnnx, OnnxOptions, Port, read_onnx};
use dichroic_graph::{Executor, Parameters, Plan, PlanOptions, StepContext, ValueId};
use onnx_rs::ast::ValueInfo;

use crate::Outcome;
use crate::arrays::Array;
use crate::cases::{Case, Data, numbered};
use crate::compare::compare;
use crate::reference;

/// The inputs of a model and the outputs expected of it, by the names that the model gives them.
struct Set {
    inputs: Vec<Array>,
    outputs: Vec<Array>,
}

/// Runs a test with these inputs known when the model is read. Without a list of them it tries none first, then all
/// integers, then all but the first input, then all: tests pass as inputs what a model would hold as constants.
pub fn run(case: &Case, known: Option<&[String]>) -> Outcome {
    let sets = match sets(case) {
        Ok(sets) => sets,
        Err(why) => return Outcome::Fail(why),
    };
    let tries = match (known, sets.first()) {
        (Some(known), _) => vec![known.to_vec()],
        (None, Some(set)) => tries(&set.inputs),
        (None, None) => return Outcome::Fail("no data".to_owned()),
    };
    let mut last = String::new();
    for known in tries {
        match sets.iter().try_for_each(|set| run_set(case, set, &known)) {
            Ok(()) => return Outcome::Pass { known },
            Err(why) => last = why,
        }
    }
    Outcome::Fail(last)
}

/// Which inputs to know, from none to all.
fn tries(inputs: &[Array]) -> Vec<Vec<String>> {
    let names = |chosen: &dyn Fn(usize, &Array) -> bool| -> Vec<String> {
        let chosen = inputs.iter().enumerate().filter(|(place, input)| chosen(*place, input));
        chosen.map(|(_, input)| input.name.clone()).collect()
    };
    let mut tries = vec![
        Vec::new(),
        names(&|_, input| !input.element_type.is_float()),
        names(&|place, _| place > 0),
        names(&|_, _| true),
    ];
    tries.dedup();
    tries
}

/// The data of a test.
fn sets(case: &Case) -> Result<Vec<Set>, String> {
    let bytes = fs::read(&case.model).map_err(|error| error.to_string())?;
    let model = onnx_rs::parse(&bytes).map_err(|error| error.to_string())?;
    let graph = model.graph.as_ref().ok_or("no graph")?;
    let inputs = graph.non_init_inputs();
    match &case.data {
        Data::Counted { output } => {
            let input = inputs.first().ok_or("no input")?;
            let counted = Array::counted(input).ok_or("an input of open shape")?;
            let expected =
                Array::read(output)?.in_order_of(graph.output.first().ok_or("no output")?);
            Ok(vec![Set { inputs: vec![counted], outputs: vec![expected] }])
        }
        Data::Sets(sets) => {
            let read = |set: &Path, stem, ports: &[ValueInfo<'_>]| -> Result<Vec<Array>, String> {
                let arrays = numbered(set, stem).into_iter().zip(ports);
                arrays.map(|(file, port)| Ok(Array::read(&file)?.in_order_of(port))).collect()
            };
            let of = |set: &PathBuf| {
                let inputs = read(set, "input", &graph.input)?;
                Ok(Set { inputs, outputs: read(set, "output", &graph.output)? })
            };
            sets.iter().map(of).collect()
        }
    }
}

fn run_set(case: &Case, set: &Set, known: &[String]) -> Result<(), String> {
    let mut options = OnnxOptions::default();
    for input in &set.inputs {
        if known.contains(&input.name) {
            options.known_inputs.insert(input.name.clone(), input.to_known());
        } else {
            options.input_shapes.insert(input.name.clone(), input.shape.clone());
        }
    }
    let imported = read_onnx(&case.model, &options).map_err(|error| error.to_string())?;
    let arithmetic = match case.data {
        Data::Counted { .. } => Arithmetic::Reference,
        Data::Sets(_) => Arithmetic::Kernels,
    };
    let outputs = execute(&imported, &set.inputs, arithmetic)?;
    for expected in &set.outputs {
        let got = outputs.iter().find(|output| output.name == expected.name);
        let got = got.ok_or_else(|| format!("{}: the model has no such output", expected.name))?;
        compare(&expected.name, &got.without_empty_rows(expected), expected)?;
    }
    Ok(())
}

/// What computes a model.
#[derive(Clone, Copy)]
enum Arithmetic {
    Kernels,
    Reference,
}

/// Runs a model on all of its data at once: axis 0 of a node's data is no batch that may be cut.
fn execute(
    imported: &ImportedOnnx,
    inputs: &[Array],
    arithmetic: Arithmetic,
) -> Result<Vec<Array>, String> {
    let told = |error: &dyn std::fmt::Display| error.to_string();
    let find = |port: &Port| {
        let found = inputs.iter().find(|input| input.name == port.name);
        let physical = found.map(|input| input.transposed(&port.order));
        physical.ok_or_else(|| format!("{}: the test has no such input", port.name))
    };
    let arrays: Vec<Array> = imported.inputs.iter().map(find).collect::<Result<_, _>>()?;
    let mut shapes: Vec<Vec<usize>> = arrays.iter().map(|array| array.shape.clone()).collect();
    let mut data: Vec<Vec<f32>> = arrays.iter().map(Array::to_f32).collect();

    let model = &imported.model;
    // A model whose inputs are all known has one that nobody reads, for constants to hang on.
    for anchor in &model.inputs()[arrays.len()..] {
        let shape: Vec<usize> =
            anchor.shape().axes().iter().map(|size| size.unwrap_or(1)).collect();
        data.push(vec![0.0; shape.iter().product()]);
        shapes.push(shape);
    }
    let lowered = model.lower_for(&shapes, Mode::Inference).map_err(|e| told(&e))?;
    let sizes: Vec<Vec<usize>> =
        lowered.outputs.iter().map(|&output| lowered.graph.shape(output).to_vec()).collect();
    let none = Parameters::default();
    let parameters = if model.weights().is_empty() {
        &none
    } else {
        model.parameters().map_err(|e| told(&e))?
    };
    let computed = match arithmetic {
        Arithmetic::Kernels => by_kernels(lowered, &data, parameters)?,
        Arithmetic::Reference => {
            reference::outputs(&lowered.graph, (&lowered.outputs, &data), parameters)?
        }
    };
    let ports = imported.outputs.iter().zip(sizes).zip(&computed);
    Ok(ports.map(|((port, shape), values)| Array::of_port(port, shape, values)).collect())
}

/// The values of the outputs as a plan computes them.
fn by_kernels(
    lowered: LoweredModel,
    data: &[Vec<f32>],
    parameters: &Parameters,
) -> Result<Vec<Vec<f32>>, String> {
    let told = |error: &dyn std::fmt::Display| error.to_string();
    let options = PlanOptions::for_outputs(&lowered.outputs);
    let plan = Plan::compile(lowered.graph, &options).map_err(|e| told(&e))?;
    let mut executor = Executor::new(plan).map_err(|e| told(&e))?;
    let slices: Vec<&[f32]> = data.iter().map(Vec::as_slice).collect();
    executor.run(&slices, parameters, StepContext::default()).map_err(|e| told(&e))?;
    // A model that only passes an input on has no step that makes it.
    let value = |output: &ValueId| match lowered.inputs.iter().position(|input| input == output) {
        Some(place) => Ok(data[place].clone()),
        None => executor.value(*output).map(<[f32]>::to_vec).map_err(|e| told(&e)),
    };
    lowered.outputs.iter().map(value).collect()
}
