//! What a plan that learns promises: each parameter is changed by its gradient, none is read after
//! that, and gradients don't lie in memory together.

use dichroic_graph::kernels::conv::ConvMode;
use dichroic_graph::kernels::elementwise::Unary as Function;
use dichroic_graph::kernels::tensor::Tensor;
use dichroic_graph::ops::{Conv, Geometry, Reduce, Unary};
use dichroic_graph::{
    Executor, Graph, GraphError, Learned, Learner, Learning, ParameterId, Parameters, Plan,
    PlanOptions, Shape, StepContext, ValueId,
};

const INPUT: [usize; 4] = [2, 9, 8, 3];

fn tensor(shape: &[usize], phase: f32) -> Tensor {
    let len = shape.iter().product::<usize>();
    let values = (0..len).map(|i| ((i as f32 * 0.618_034 + phase).fract() - 0.5) * 0.5);
    Tensor::new(shape, values.collect::<Vec<f32>>()).expect("a full shape")
}

struct Net {
    graph: Graph,
    weights: Vec<ValueId>,
    tensors: Vec<Tensor>,
    loss: ValueId,
}

/// Five convolutions, of which the last has the weights of the one before it.
fn net() -> Result<Net, GraphError> {
    let mut graph = Graph::new();
    let mut x = graph.input("x", Shape::from(INPUT));
    let (mut weights, mut tensors) = (Vec::new(), Vec::new());
    for layer in 0..5 {
        if layer < 4 {
            let shape = [1, 1, graph.shape(x).last_axis(), 16];
            tensors.push(tensor(&shape, 0.1 * layer as f32));
            weights.push(graph.parameter(ParameterId(layer), Shape::from(shape)));
        }
        let kernel = *weights.last().expect("pushed in the first round");
        x = graph.add(Conv::new(Geometry::new(2)), &[x, kernel])?;
        x = graph.add(Unary(Function::Tanh), &[x])?;
    }
    let loss = graph.add(Reduce::sum(vec![0, 1, 2, 3]), &[x])?;
    Ok(Net { graph, weights, tensors, loss })
}

/// Gradient descent that remembers the order in which it was asked.
#[derive(Default)]
struct Descent(Vec<usize>);

impl Learner for Descent {
    fn learn(&mut self, place: usize, parameter: &mut [f32], gradient: &[f32]) {
        self.0.push(place);
        for (weight, slope) in parameter.iter_mut().zip(gradient) {
            *weight -= 0.01 * slope;
        }
    }
}

fn learning_plan(net: &Net) -> Result<Plan, GraphError> {
    let mut graph = net.graph.clone();
    let gradients = graph.gradients(net.loss, &net.weights)?;
    let gradients = (0..).map(ParameterId).zip(gradients).collect();
    let learning = Some(Learning { gradients, guard: net.loss });
    let options =
        PlanOptions { mode: ConvMode::Exact, learning, ..PlanOptions::for_outputs(&[net.loss]) };
    Plan::compile(graph, &options)
}

#[test]
fn parameters_change_in_the_run_as_they_would_after_it() -> Result<(), GraphError> {
    let net = net()?;
    let input = tensor(&INPUT, 0.77);
    let mut parameters = Parameters::new(net.tensors.clone());
    let mut executor = Executor::new(learning_plan(&net)?)?;

    let mut graph = net.graph.clone();
    let gradients = graph.gradients(net.loss, &net.weights)?;
    let mut kept = gradients.clone();
    kept.push(net.loss);
    let options = PlanOptions { mode: ConvMode::Exact, ..PlanOptions::for_outputs(&kept) };
    let mut afterwards = Executor::new(Plan::compile(graph, &options)?)?;
    let mut expected = Parameters::new(net.tensors.clone());

    let mut descent = Descent::default();
    for step in 0..3 {
        let step = StepContext { seed: 0, step };
        let learned =
            executor.run_and_learn(&[input.data()], &mut parameters, step, &mut descent)?;
        assert_eq!(learned, Learned::All);
        afterwards.run(&[input.data()], &expected, step)?;
        assert_eq!(executor.value(net.loss)?, afterwards.value(net.loss)?);
        for (place, &gradient) in gradients.iter().enumerate() {
            let tensor = &mut expected.tensors_mut()[place];
            Descent::default().learn(place, tensor.data_mut(), afterwards.value(gradient)?);
        }
        for (got, expected) in parameters.tensors().iter().zip(expected.tensors()) {
            assert_eq!(got.data(), expected.data());
        }
    }
    assert_eq!(descent.0, [3, 2, 1, 0].repeat(3), "the last layers learn first");
    Ok(())
}

#[test]
fn gradients_and_packed_weights_do_not_lie_in_memory_together() -> Result<(), GraphError> {
    let net = net()?;
    let mut graph = net.graph.clone();
    let gradients = graph.gradients(net.loss, &net.weights)?;
    let kept = Plan::compile(graph, &PlanOptions::for_outputs(&gradients))?.memory().arena;
    let learned = learning_plan(&net)?.memory().arena;
    assert!(learned < kept, "{learned} bytes, {kept} with all gradients at the end");
    Ok(())
}

#[test]
fn nothing_changes_where_the_guard_is_not_finite() -> Result<(), GraphError> {
    let net = net()?;
    let mut parameters = Parameters::new(net.tensors.clone());
    let mut executor = Executor::new(learning_plan(&net)?)?;
    let input = Tensor::full(INPUT.to_vec(), f32::NAN).expect("a small shape");
    let mut descent = Descent::default();
    let step = StepContext::default();
    let learned = executor.run_and_learn(&[input.data()], &mut parameters, step, &mut descent)?;
    assert_eq!((learned, descent.0), (Learned::Nothing, Vec::new()));
    for (got, expected) in parameters.tensors().iter().zip(&net.tensors) {
        assert_eq!(got.data(), expected.data());
    }
    Ok(())
}
