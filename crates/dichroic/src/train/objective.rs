//! What is made small and measured, settled for one model and the shapes of one data set.

use super::{Compile, Logs, Loss, LossFunction, Mean, Measure, Metric, TrainError};
use crate::data::{Array, Dataset};
use crate::model::Model;

/// Losses and metrics of all outputs.
#[derive(Clone, Debug)]
pub(crate) struct Objective {
    pub(crate) outputs: Vec<OutputObjective>,
    /// What each mean is reported as: `loss`, then the losses of several outputs, then metrics.
    names: Vec<String>,
    /// The order of the report: by name, as Keras's.
    order: Vec<usize>,
    larger_is_better: Vec<bool>,
}

/// The loss and the metrics of one output.
#[derive(Clone, Debug)]
pub(crate) struct OutputObjective {
    pub(crate) name: String,
    /// The axes of one prediction, without the batch.
    pub(crate) prediction: Vec<usize>,
    /// The place among the targets of the data set; `None` without loss and metrics.
    pub(crate) target: Option<usize>,
    /// The axes of one target in the graph.
    pub(crate) target_axes: Vec<usize>,
    pub(crate) loss: Option<Loss>,
    pub(crate) loss_weight: f64,
    /// The mean of this loss alone, where there are several.
    loss_mean: Option<usize>,
    metrics: Vec<Measured>,
}

#[derive(Clone, Debug)]
struct Measured {
    measure: Measure,
    mean: usize,
    weighted: bool,
}

/// What one step gave, for the means.
pub(crate) struct Measurement<'a> {
    pub(crate) batch: usize,
    pub(crate) loss: f32,
    pub(crate) losses: &'a [f32],
}

impl Objective {
    /// Settles losses and metrics; `inputs` are the shapes of the data's inputs, a batch of 1 first.
    pub(crate) fn new(
        model: &Model,
        compile: &Compile,
        data: &Dataset,
    ) -> Result<Self, TrainError> {
        let outputs = model.output_names();
        let predictions = prediction_axes(model, data)?;
        let losses = compile.loss.resolve(&outputs, "loss")?;
        let loss_weights = match &compile.loss_weights {
            Some(weights) => weights.resolve(&outputs, "loss_weights")?,
            None => vec![1.0; outputs.len()],
        };
        let metrics = metrics_of(&compile.metrics, &outputs, "metrics")?;
        let weighted = metrics_of(&compile.weighted_metrics, &outputs, "weighted_metrics")?;
        let needs = |output: usize| {
            losses[output].is_some() || !metrics[output].is_empty() || !weighted[output].is_empty()
        };
        let targets = place_targets(&outputs, data, needs)?;
        let several = losses.iter().flatten().count() > 1;
        let mut objective = Self {
            outputs: Vec::with_capacity(outputs.len()),
            names: vec!["loss".to_owned()],
            order: Vec::new(),
            larger_is_better: vec![false],
        };
        for (index, name) in outputs.iter().enumerate() {
            let mut output = OutputObjective {
                name: name.clone(),
                prediction: predictions[index].clone(),
                target: targets[index],
                target_axes: Vec::new(),
                loss: losses[index],
                loss_weight: loss_weights[index],
                loss_mean: None,
                metrics: Vec::new(),
            };
            output.settle_loss(data)?;
            objective.outputs.push(output);
        }
        if several {
            for index in 0..outputs.len() {
                if losses[index].is_some() {
                    let name = format!("{}_loss", outputs[index]);
                    objective.outputs[index].loss_mean = Some(objective.add_mean(name, false));
                }
            }
        }
        for (metrics, weighted) in [(&metrics, false), (&weighted, true)] {
            for index in 0..outputs.len() {
                for metric in &metrics[index] {
                    objective.add_metric((index, outputs.len() > 1), metric, data, weighted)?;
                }
            }
        }
        objective.order = (0..objective.names.len()).collect();
        objective.order.sort_by(|a, b| objective.names[*a].cmp(&objective.names[*b]));
        Ok(objective)
    }

    fn add_mean(&mut self, name: String, larger_is_better: bool) -> usize {
        self.names.push(name);
        self.larger_is_better.push(larger_is_better);
        self.names.len() - 1
    }

    fn add_metric(
        &mut self,
        (index, prefixed): (usize, bool),
        metric: &Metric,
        data: &Dataset,
        weighted: bool,
    ) -> Result<(), TrainError> {
        let output = &self.outputs[index];
        let Some(target) = output.target else { return Ok(()) };
        let with_batch = |axes: &[usize]| [&[1], axes].concat();
        let target = with_batch(data.targets()[target].sample_shape());
        let measure = metric.measure.resolved(&target, &with_batch(&output.prediction))?;
        let full =
            |name: &str| if prefixed { format!("{}_{name}", output.name) } else { name.to_owned() };
        let mut name = full(&metric.name);
        if weighted && self.names.contains(&name) {
            name = full(&format!("weighted_{}", metric.name));
        }
        if self.names.contains(&name) {
            let taken = self.names.iter().filter(|own| own.starts_with(&name)).count();
            name = format!("{name}_{taken}");
        }
        let mean = self.add_mean(name, measure.larger_is_better());
        self.outputs[index].metrics.push(Measured { measure, mean, weighted });
        Ok(())
    }

    /// Means of nothing, one for each value reported.
    pub(crate) fn means(&self) -> Vec<Mean> {
        vec![Mean::default(); self.names.len()]
    }

    /// The means by name, in the order of the report.
    pub(crate) fn logs(&self, means: &[Mean]) -> Logs {
        let mut logs = Logs::new();
        for &index in &self.order {
            logs.set(&self.names[index], means[index].result());
        }
        logs
    }

    /// Writes the means into logs that [`Objective::logs`] made.
    pub(crate) fn refresh(&self, means: &[Mean], logs: &mut Logs) {
        for &index in &self.order {
            logs.set(&self.names[index], means[index].result());
        }
    }

    /// Whether a larger value of this name is better; `None` for a name that is not reported.
    pub(crate) fn larger_is_better(&self, name: &str) -> Option<bool> {
        let name = name.strip_prefix("val_").unwrap_or(name);
        let index = self.names.iter().position(|own| own == name)?;
        Some(self.larger_is_better[index])
    }

    /// Whether an output's prediction is read after a step.
    pub(crate) fn reads_prediction(&self, output: usize) -> bool {
        !self.outputs[output].metrics.is_empty()
    }

    /// Adds the losses of a step to the means.
    pub(crate) fn add_losses(&self, means: &mut [Mean], step: &Measurement<'_>) {
        means[0].add(f64::from(step.loss), step.batch as f64);
        for (output, &loss) in self.outputs.iter().zip(step.losses) {
            if let Some(mean) = output.loss_mean {
                means[mean].add(f64::from(loss), step.batch as f64);
            }
        }
    }

    /// Adds the metrics of one output to the means.
    pub(crate) fn add_metrics(
        &self,
        means: &mut [Mean],
        output: usize,
        (target, prediction): (&[f32], &[f32]),
        weights: Option<&[f32]>,
    ) {
        let output = &self.outputs[output];
        let (prediction_len, target_len) = (
            output.prediction.iter().product::<usize>(),
            output.target_axes.iter().product::<usize>(),
        );
        let classes = output.prediction.last().copied().unwrap_or(1);
        if prediction_len == 0 {
            return;
        }
        for metric in &output.metrics {
            for (sample, prediction) in prediction.chunks_exact(prediction_len).enumerate() {
                let target = &target[sample * target_len..(sample + 1) * target_len];
                let weight = weights
                    .filter(|_| metric.weighted)
                    .map_or(1.0, |weights| f64::from(weights[sample]));
                means[metric.mean]
                    .add(metric.measure.of_sample(target, prediction, classes), weight);
            }
        }
    }
}

impl OutputObjective {
    /// Settles which loss it is and in which shape the target comes.
    fn settle_loss(&mut self, data: &Dataset) -> Result<(), TrainError> {
        let Some(target) = self.target else { return Ok(()) };
        let target = &data.targets()[target];
        let own = target.sample_shape();
        self.target_axes = own.to_vec();
        let Some(loss) = &mut self.loss else { return Ok(()) };
        let with_batch = |axes: &[usize]| [&[1], axes].concat();
        loss.function = loss.function.resolved(&with_batch(own), &with_batch(&self.prediction));
        let axes = if loss.function.takes_classes() {
            &self.prediction[..self.prediction.len().saturating_sub(1)]
        } else {
            &self.prediction[..]
        };
        // A last axis of size 1 may stand or not, as in Keras.
        let trimmed = |axes: &[usize]| axes.strip_suffix(&[1]).unwrap_or(axes).to_vec();
        if own != axes && trimmed(own) != trimmed(axes) {
            let place =
                format!("target of output {:?} with loss {}", self.name, loss.function.name());
            let hint = if loss.function.takes_classes() {
                "; one-hot targets need categorical_crossentropy"
            } else if own.is_empty() || own == [1] {
                "; class numbers need sparse_categorical_crossentropy"
            } else {
                ""
            };
            return Err(TrainError::shape(
                place,
                format!("samples of shape {}", crate::Shape::batched(axes).sample()),
                format!("{}{hint}", crate::Shape::batched(own).sample()),
            ));
        }
        self.target_axes = axes.to_vec();
        if let LossFunction::SparseCategoricalCrossentropy { ignore_class, .. } = loss.function {
            let classes = self.prediction.last().copied().unwrap_or(0);
            check_classes(&self.name, target, classes, ignore_class)?;
        }
        Ok(())
    }
}

/// Refuses class numbers that are none.
fn check_classes(
    output: &str,
    target: &Array,
    classes: usize,
    ignore_class: Option<i64>,
) -> Result<(), TrainError> {
    let mut sample = vec![0.0; target.sample_len()];
    for row in 0..target.samples() {
        target.copy_samples(&[row], &mut sample);
        let known = |class: f32| {
            let ignored = ignore_class.is_some_and(|ignored| class == ignored as f32);
            ignored || (0.0..classes as f32).contains(&class) && class.fract() == 0.0
        };
        if let Some(&got) = sample.iter().find(|class| !known(**class)) {
            return Err(TrainError::Class { output: output.to_owned(), sample: row, got, classes });
        }
    }
    Ok(())
}

/// The axes of each prediction, without the batch, for the data's inputs.
fn prediction_axes(model: &Model, data: &Dataset) -> Result<Vec<Vec<usize>>, TrainError> {
    let inputs = super::samples::input_shapes(model, data)?;
    let shapes: Vec<crate::Shape> = inputs.iter().map(|axes| crate::Shape::batched(axes)).collect();
    let mut predictions = Vec::new();
    for (shape, name) in model.output_shapes_for(&shapes)?.iter().zip(model.output_names()) {
        let (expected, axes) = match shape.axes().split_first() {
            Some((_, sample)) => ("a shape without open axes", sample.iter().copied().collect()),
            None => ("a place for each sample", None),
        };
        let open = || TrainError::shape(format!("output {name:?}"), expected, shape.to_string());
        predictions.push(axes.ok_or_else(open)?);
    }
    Ok(predictions)
}

/// Metrics of each output. A plain list for several outputs has one metric for each, as in Keras.
fn metrics_of(
    metrics: &super::PerOutput<Vec<Metric>>,
    outputs: &[String],
    what: &str,
) -> Result<Vec<Vec<Metric>>, TrainError> {
    match metrics {
        super::PerOutput::All(list) if outputs.len() > 1 && !list.is_empty() => {
            if list.len() == outputs.len() {
                return Ok(list.iter().map(|metric| vec![metric.clone()]).collect());
            }
            let expected =
                format!("one list of metrics for each of the outputs {}", outputs.join(", "));
            Err(TrainError::argument(what, expected, format!("{} metrics in one list", list.len())))
        }
        other => other.resolve(outputs, what),
    }
}

/// The place of each output's target: one for each output, or one for each that needs one.
fn place_targets(
    outputs: &[String],
    data: &Dataset,
    needs: impl Fn(usize) -> bool,
) -> Result<Vec<Option<usize>>, TrainError> {
    let needed: Vec<bool> = (0..outputs.len()).map(needs).collect();
    let count = data.targets().len();
    if count == outputs.len() {
        return Ok(needed
            .iter()
            .enumerate()
            .map(|(index, &needed)| needed.then_some(index))
            .collect());
    }
    if count != needed.iter().filter(|&&needed| needed).count() {
        let expected = format!("a target for each of the outputs {}", outputs.join(", "));
        return Err(TrainError::shape("the data set", expected, format!("{count} targets")));
    }
    let mut next = 0..;
    Ok(needed.iter().map(|&needed| if needed { next.next() } else { None }).collect())
}
