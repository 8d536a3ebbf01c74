//! Whole networks.

use std::time::{Duration, Instant};

use dichroic::DtypePolicy;
use dichroic::applications::{self, Options as ApplicationOptions};
use dichroic::data::{Array, Dataset, Values};
use dichroic::layers::Mode;
use dichroic::model::Model;
use dichroic::train::callbacks::{Callback, Context};
use dichroic::train::{
    Adam, Compile, FitOptions, Logs, LossFunction, Optimizer, TrainError, Trainer,
};
use dichroic_graph::kernels::conv::ConvMode;
use dichroic_graph::{Executor, Plan, PlanOptions, Shape, StepContext};
use dichroic_script::{Options, Script};

use super::convolution::filled;
use super::timing::{Measurement, Settings, Stopwatch, Timing, algorithms, clocked};
use super::workload::Work;
use crate::failure::Failure;

/// A network by its name among the workloads.
#[derive(Debug)]
pub struct Network {
    pub name: &'static str,
    source: Source,
    /// The batches of which its outputs are a workload.
    pub infer: &'static [usize],
    /// The batches of which a step of training is one.
    pub train: &'static [usize],
}

#[derive(Debug)]
enum Source {
    /// Keras code.
    Script(&'static str),
    /// A network of `keras.applications`, with its 1000 logits.
    Application(&'static str),
}

pub static NETWORKS: [Network; 7] = [
    Network {
        name: "seed",
        source: Source::Script(include_str!("models/seed.py")),
        infer: &[1, 16],
        train: &[],
    },
    Network {
        name: "lenet",
        source: Source::Script(include_str!("models/lenet.py")),
        infer: &[],
        train: &[128],
    },
    Network {
        name: "resnet18",
        source: Source::Script(include_str!("models/resnet18.py")),
        infer: &[],
        train: &[32],
    },
    Network {
        name: "resnet50",
        source: Source::Application("ResNet50"),
        infer: &[1, 16],
        train: &[8],
    },
    Network {
        name: "mobilenetv2",
        source: Source::Application("MobileNetV2"),
        infer: &[1, 16],
        train: &[],
    },
    Network {
        name: "inceptionv3",
        source: Source::Application("InceptionV3"),
        infer: &[1, 16],
        train: &[],
    },
    Network { name: "vgg16", source: Source::Application("VGG16"), infer: &[1], train: &[] },
];

impl Network {
    fn model(&self) -> Result<Model, Failure> {
        match self.source {
            Source::Script(code) => {
                let name = format!("{}.py", self.name);
                let outcome = Script::run(code, &name, &Options::default(), &mut std::io::sink());
                outcome.map_err(Failure::run)?.into_model(None).map_err(Failure::run)
            }
            Source::Application(name) => {
                let options = ApplicationOptions {
                    classifier_activation: "linear".into(),
                    ..ApplicationOptions::default()
                };
                applications::by_name(name, &options).map_err(Failure::run)
            }
        }
    }

    pub fn work(&self) -> Result<Work, Failure> {
        let model = self.model()?;
        let lowered = model.lower(1, Mode::Inference).map_err(Failure::run)?;
        let options = PlanOptions::for_outputs(&lowered.outputs);
        let plan = Plan::compile(lowered.graph, &options).map_err(Failure::run)?;
        let macs = plan.steps().map(|step| step.macs).sum();
        Ok(Work { parameters: model.count_params(), macs })
    }

    /// The outputs for `batch` items.
    pub fn infer(&self, batch: usize, settings: Settings) -> Result<Measurement, Failure> {
        let mut model = self.model()?;
        model.build(0).map_err(Failure::run)?;
        let lowered = model.lower(batch, Mode::Inference).map_err(Failure::run)?;
        let input = filled(lowered.graph.shape(lowered.inputs[0]));
        let options =
            PlanOptions { mode: settings.mode, ..PlanOptions::for_outputs(&lowered.outputs) };
        let plan = Plan::compile(lowered.graph, &options).map_err(Failure::run)?;
        let algorithm = algorithms(plan.steps());
        let mut executor = Executor::new(plan).map_err(Failure::run)?;
        let parameters = model.parameters().map_err(Failure::run)?;
        let timing = Timing::of(Duration::from_secs(1), || {
            clocked(|| {
                let run = executor.run(&[&input], parameters, StepContext::default());
                run.map_err(Failure::run)
            })
        })?;
        Ok(Measurement { timing, algorithm })
    }

    /// Steps of training on one batch: cross-entropy of the logits, all gradients, Adam.
    pub fn train(&self, batch: usize, settings: Settings) -> Result<Measurement, Failure> {
        let mut model = self.model()?;
        if settings.mode == ConvMode::Bf16 {
            model.set_policy(DtypePolicy::MixedBfloat16);
        }
        model.build(0).map_err(Failure::run)?;
        let data = self.batch(&model, batch)?;
        let loss =
            LossFunction::SparseCategoricalCrossentropy { from_logits: true, ignore_class: None };
        let compile = Compile::new(Optimizer::new(Adam::default()), loss);
        let mut trainer = Trainer::new(&model, compile).map_err(Failure::trained)?;
        let mut laps = Laps { stopwatch: Stopwatch::new(Duration::from_millis(1500)), last: None };
        // Every epoch is one step; the stopwatch ends the training.
        let options = FitOptions { batch_size: batch, epochs: usize::MAX, ..FitOptions::default() };
        trainer.fit(&mut model, &data, &options, &mut [&mut laps]).map_err(Failure::trained)?;
        let lowered = model.lower(batch, Mode::Training).map_err(Failure::run)?;
        let options = PlanOptions::for_outputs(&lowered.outputs);
        let forward = Plan::compile(lowered.graph, &options).map_err(Failure::run)?;
        let algorithm = algorithms(forward.steps());
        Ok(Measurement { timing: laps.stopwatch.timing(), algorithm })
    }

    /// One batch of inputs with class numbers.
    fn batch(&self, model: &Model, batch: usize) -> Result<Dataset, Failure> {
        let sizes = |shape: &dichroic::Shape| {
            shape.axes().iter().skip(1).map(|axis| axis.unwrap_or(1)).collect::<Vec<_>>()
        };
        let mut shape = vec![batch];
        shape.extend(sizes(model.inputs()[0].shape()));
        let classes = model.outputs()[0].shape().channels().unwrap_or(1);
        let values = filled(&Shape::new(&shape));
        let x = Array::new("x", shape, Values::F32(values)).map_err(Failure::run)?;
        let y = Array::column("y", (0..batch).map(|item| (item % classes) as f32).collect());
        Dataset::new(vec![x], vec![y]).map_err(Failure::run)
    }
}

/// Takes the time from the end of one step to the end of the next: all that a step costs.
struct Laps {
    stopwatch: Stopwatch,
    last: Option<Instant>,
}

impl Callback for Laps {
    fn batch_end(&mut self, context: &mut Context<'_>, _logs: &Logs) -> Result<(), TrainError> {
        if let Some(last) = self.last {
            self.stopwatch.add(last.elapsed());
        }
        self.last = Some(Instant::now());
        if self.stopwatch.has_enough() {
            context.stop_training();
        }
        Ok(())
    }
}
