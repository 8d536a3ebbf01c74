//! Runs one case through a plan and holds it against the reference.

use dichroic_graph::kernels::conv::ConvMode;
use dichroic_graph::kernels::elementwise::Binary as BinaryKind;
use dichroic_graph::kernels::isa::Isa;
use dichroic_graph::kernels::tensor::Tensor;
use dichroic_graph::ops::{Binary, Reduce};
use dichroic_graph::{
    Executor, Graph, Operation, Parameters, Plan, PlanOptions, Shape, StepContext, ValueId,
};

use crate::cases::Case;

const STEP: StepContext = StepContext { seed: 7, step: 3 };

pub fn kernel_against_reference(case: &Case) {
    let inputs: Vec<&Tensor> = case.inputs.iter().collect();
    let expected = case.op.reference(&inputs, STEP);
    for isa in Isa::available() {
        let mut graph = Graph::new();
        let values = graph_inputs(&mut graph, case);
        let outputs = graph.add_multi(case.op.clone(), &values).expect(case.name);
        let got = run(graph, &outputs, case, isa);
        assert_eq!(got.len(), expected.len(), "{}: outputs", case.name);
        for (output, (got, expected)) in got.iter().zip(&expected).enumerate() {
            compare(&format!("{} output {output} on {isa:?}", case.name), got, expected.data());
        }
    }
}

/// Central differences of `Σ weights · outputs` on the reference, in steps that floats hold exactly.
pub fn gradient_against_differences(case: &Case) {
    const STEP_SIZE: f32 = 1.0 / 64.0;
    let shapes: Vec<Shape> = case.inputs.iter().map(|t| Shape::new(t.shape())).collect();
    let shapes: Vec<&Shape> = shapes.iter().collect();
    let output = case.op.infer(&shapes).expect(case.name).remove(0);
    let weights = crate::cases::spread(&output, 0.37);
    let loss = |inputs: &[Tensor]| -> f64 {
        let inputs: Vec<&Tensor> = inputs.iter().collect();
        let output = case.op.reference(&inputs, STEP).remove(0);
        let products = output.data().iter().zip(weights.data());
        products.map(|(&y, &w)| f64::from(y) * f64::from(w)).sum()
    };

    let mut graph = Graph::new();
    let values = graph_inputs(&mut graph, case);
    let y = graph.add_multi(case.op.clone(), &values).expect(case.name)[0];
    let w = graph.constant(weights.clone());
    let product = graph.add(Binary::new(BinaryKind::Multiply), &[y, w]).expect(case.name);
    let axes = (0..output.len()).collect();
    let total = graph.add(Reduce::sum(axes), &[product]).expect(case.name);
    let wrt: Vec<ValueId> = case.differentiable.iter().map(|&index| values[index]).collect();
    let gradients = graph.gradients(total, &wrt).expect(case.name);
    let got = run(graph, &gradients, case, Isa::detect());

    for (&index, got) in case.differentiable.iter().zip(got) {
        let expected: Vec<f32> = (0..case.inputs[index].len())
            .map(|element| {
                let at = |offset: f32| {
                    let mut inputs = case.inputs.clone();
                    inputs[index].data_mut()[element] += offset;
                    loss(&inputs)
                };
                ((at(STEP_SIZE) - at(-STEP_SIZE)) / f64::from(2.0 * STEP_SIZE)) as f32
            })
            .collect();
        for (element, (&got, &expected)) in got.iter().zip(&expected).enumerate() {
            let bound = 4e-3 * (1.0 + expected.abs());
            assert!(
                (got - expected).abs() <= bound,
                "{}: gradient of input {index} at {element}: expected {expected}, got {got}",
                case.name
            );
        }
    }
}

fn graph_inputs(graph: &mut Graph, case: &Case) -> Vec<ValueId> {
    let inputs = case.inputs.iter().enumerate();
    inputs.map(|(i, t)| graph.input(&format!("x{i}"), Shape::new(t.shape()))).collect()
}

fn run(graph: Graph, outputs: &[ValueId], case: &Case, isa: Isa) -> Vec<Vec<f32>> {
    let options = PlanOptions { isa, mode: ConvMode::Exact, ..PlanOptions::for_outputs(outputs) };
    let plan = Plan::compile(graph, &options).expect(case.name);
    let mut executor = Executor::new(plan).expect(case.name);
    let inputs: Vec<&[f32]> = case.inputs.iter().map(|input| input.data()).collect();
    executor.run(&inputs, &Parameters::default(), STEP).expect(case.name);
    outputs.iter().map(|&o| executor.value(o).expect(case.name).to_vec()).collect()
}

fn compare(what: &str, got: &[f32], expected: &[f32]) {
    assert_eq!(got.len(), expected.len(), "{what}: length");
    for (index, (&got, &expected)) in got.iter().zip(expected).enumerate() {
        let bound = 2e-5 * (1.0 + expected.abs());
        let equal = got == expected || (got - expected).abs() <= bound;
        assert!(equal, "{what} at {index}: expected {expected}, got {got}");
    }
}
