//! What a class score depends on, and the runs that give its gradients.

use dichroic_graph::kernels::elementwise::Binary as BinaryKind;
use dichroic_graph::kernels::tensor::Tensor;
use dichroic_graph::ops::{Binary, Reduce};
use dichroic_graph::{Executor, Graph, Plan, PlanOptions, StepContext, ValueId};

use super::{AttributionError, ScoreOf};
use crate::explain::feature_maps::{Squashing, before_probabilities, first};
use crate::layers::Mode;
use crate::model::{LoweredModel, Model};

/// A class of a model for one picture.
pub(super) struct Subject<'a> {
    pub(super) model: &'a Model,
    /// One item each.
    inputs: Vec<Tensor>,
    /// Which input is the picture.
    place: usize,
    pub(super) class: usize,
    /// The output for the class.
    pub(super) score: f32,
    pub(super) score_of: ScoreOf,
}

impl<'a> Subject<'a> {
    pub(super) fn of(
        model: &'a Model,
        inputs: &[Tensor],
        class: Option<usize>,
    ) -> Result<Self, AttributionError> {
        if model.check_data(inputs)? == 0 {
            return Err(AttributionError::Option {
                option: "the input",
                rule: "at least one item",
                got: "none".to_owned(),
            });
        }
        let inputs: Vec<Tensor> = inputs.iter().map(first).collect::<Result<_, _>>()?;
        let is_picture = |input: &Tensor| input.rank() == 4 && !input.is_empty();
        let place = inputs
            .iter()
            .position(is_picture)
            .ok_or_else(|| AttributionError::NoPicture { model: model.name().to_owned() })?;
        let outputs = model.predict(&inputs)?;
        let scores = match outputs.first() {
            Some(scores) if scores.rank() == 2 && !scores.is_empty() => scores.data(),
            other => {
                let shape = other.map_or(Vec::new(), |output| output.shape()[1..].to_vec());
                let output = model.output_names().into_iter().next().unwrap_or_default();
                return Err(AttributionError::NoClasses { output, shape });
            }
        };
        let best = (0..scores.len()).max_by(|&a, &b| {
            // The first of equal ones.
            scores[a].total_cmp(&scores[b]).then(b.cmp(&a))
        });
        let class = class.or(best).unwrap_or(0);
        let score = *scores
            .get(class)
            .ok_or(AttributionError::ClassRange { classes: scores.len(), class })?;
        let mut subject = Self { model, inputs, place, class, score, score_of: ScoreOf::Output };
        subject.score_of = subject.class_scores(&subject.lowered(1)?).1;
        Ok(subject)
    }

    /// The picture, with a batch axis of 1.
    pub(super) fn picture(&self) -> &Tensor {
        &self.inputs[self.place]
    }

    /// Height and width of the picture.
    pub(super) fn sides(&self) -> [usize; 2] {
        [self.picture().shape()[1], self.picture().shape()[2]]
    }

    /// The picture in a graph.
    pub(super) fn picture_in(&self, lowered: &LoweredModel) -> ValueId {
        lowered.inputs[self.place]
    }

    /// The graph for several pictures beside each other.
    pub(super) fn lowered(&self, batch: usize) -> Result<LoweredModel, AttributionError> {
        let sized = |input: &Tensor| [&[batch], &input.shape()[1..]].concat();
        let shapes: Vec<Vec<usize>> = self.inputs.iter().map(sized).collect();
        Ok(self.model.lower_for(&shapes, Mode::Inference)?)
    }

    /// The scores of all classes, before softmax or sigmoid where there is one.
    fn class_scores(&self, lowered: &LoweredModel) -> (ValueId, ScoreOf) {
        let output = lowered.outputs[0];
        match before_probabilities(&lowered.graph, output) {
            Some((scores, Squashing::Softmax)) => (scores, ScoreOf::BeforeSoftmax),
            Some((scores, Squashing::Sigmoid)) => (scores, ScoreOf::BeforeSigmoid),
            None => (output, ScoreOf::Output),
        }
    }

    /// A plan for the class score of one picture and its gradients by `wrt`; `None` for the picture itself.
    pub(super) fn gradient(
        &self,
        mut lowered: LoweredModel,
        wrt: Option<ValueId>,
    ) -> Result<GradientRun<'_>, AttributionError> {
        let (scores, _) = self.class_scores(&lowered);
        let score = one_of(&mut lowered.graph, scores, self.class)?;
        let by = wrt.unwrap_or(self.picture_in(&lowered));
        let gradient = lowered.graph.gradients(score, &[by])?[0];
        let mut options = PlanOptions::for_outputs(&[score, gradient]);
        options.keep = wrt.into_iter().collect();
        let executor = Executor::new(Plan::compile(lowered.graph, &options)?)?;
        Ok(GradientRun { subject: self, executor, score, gradient, by })
    }

    /// A plan for the class scores of several pictures.
    pub(super) fn scores(&self, batch: usize) -> Result<ScoreRun<'_>, AttributionError> {
        let lowered = self.lowered(batch)?;
        let (scores, _) = self.class_scores(&lowered);
        let classes = lowered.graph.shape(scores).elements() / batch;
        let options = PlanOptions::for_outputs(&[scores]);
        let executor = Executor::new(Plan::compile(lowered.graph, &options)?)?;
        Ok(ScoreRun { subject: self, executor, scores, classes, batch })
    }

    /// All inputs, with other values for the picture.
    fn with<'b>(&'b self, picture: &'b [f32]) -> Vec<&'b [f32]> {
        let mut inputs: Vec<&[f32]> = self.inputs.iter().map(Tensor::data).collect();
        inputs[self.place] = picture;
        inputs
    }
}

/// The element of a value at a flat place, as a value of one element.
pub(super) fn one_of(
    graph: &mut Graph,
    value: ValueId,
    place: usize,
) -> Result<ValueId, AttributionError> {
    let shape = graph.shape(value).to_vec();
    let axes = (0..shape.len()).collect();
    let mut chosen = Tensor::zeros(shape)?;
    chosen.data_mut()[place] = 1.0;
    let chosen = graph.constant(chosen);
    let chosen = graph.add(Binary { kind: BinaryKind::Multiply }, &[value, chosen])?;
    Ok(graph.add(Reduce::sum(axes), &[chosen])?)
}

/// Runs that give the class score and its gradient.
pub(super) struct GradientRun<'a> {
    subject: &'a Subject<'a>,
    executor: Executor,
    score: ValueId,
    gradient: ValueId,
    by: ValueId,
}

impl GradientRun<'_> {
    /// The gradient for a picture.
    pub(super) fn run(&mut self, picture: &[f32]) -> Result<&[f32], AttributionError> {
        let inputs = self.subject.with(picture);
        let parameters = self.subject.model.parameters_or_none()?;
        self.executor.run(&inputs, parameters, StepContext::default())?;
        Ok(self.executor.value(self.gradient)?)
    }

    /// The class score of the last run.
    pub(super) fn score(&self) -> Result<f32, AttributionError> {
        Ok(self.executor.value(self.score)?.first().copied().unwrap_or(f32::NAN))
    }

    /// The value in the last run that the gradient is taken by.
    pub(super) fn value(&self) -> Result<&[f32], AttributionError> {
        Ok(self.executor.value(self.by)?)
    }
}

/// Runs that give class scores of several pictures.
pub(super) struct ScoreRun<'a> {
    subject: &'a Subject<'a>,
    executor: Executor,
    scores: ValueId,
    classes: usize,
    batch: usize,
}

impl ScoreRun<'_> {
    /// The class score of each picture.
    pub(super) fn run(&mut self, pictures: &[f32]) -> Result<Vec<f32>, AttributionError> {
        let Subject { inputs, place, model, class, .. } = self.subject;
        let repeated: Vec<Vec<f32>> = inputs
            .iter()
            .enumerate()
            .map(|(index, input)| match index == *place {
                true => Vec::new(),
                false => input.data().repeat(self.batch),
            })
            .collect();
        let mut slices: Vec<&[f32]> = repeated.iter().map(Vec::as_slice).collect();
        slices[*place] = pictures;
        self.executor.run(&slices, model.parameters_or_none()?, StepContext::default())?;
        let scores = self.executor.value(self.scores)?;
        Ok(scores.chunks_exact(self.classes).map(|scores| scores[*class]).collect())
    }
}
