//! `dichroic train`: from a model and data to a file.

mod page;

use std::cell::Cell;
use std::path::{Path, PathBuf};

use clap::Args;
use dichroic::data::Dataset;
use dichroic::layers::grouped;
use dichroic::model::Model;
use dichroic::train::callbacks::{Callback, ModelCheckpoint, ProgressLines};
use dichroic::train::{Compile, FitOptions, Outcome, Trainer, TrainingState, Validation};
use dichroic_formats::{Contents, OpenOptions, SavedTraining, open_model, write_keras};
use serde_json::json;

use crate::failure::Failure;
use crate::input_file::regular;
use crate::interrupt::wish_to_stop;
use crate::model_argument::{InputShape, Loaded, WeightsArgument, load};
use crate::output::{Output, watched};
use crate::policy::PolicyArgument;
use crate::progress::Bar;
use crate::training::{CompileArguments, logs_json, logs_text, read_data};
use page::{Page, PageArguments, Shown};

/// Train a model and save it for Keras
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Train {
    /// A Keras script (model.py, model.py:name), a model file to fine-tune (.keras, .h5, .onnx), or Keras code
    #[arg(value_name = "MODEL", required_unless_present = "resume")]
    model: Option<String>,
    /// Input shape without the batch, for code that gives none: 28,28,3
    #[arg(long, value_name = "H,W,C", requires = "model")]
    input: Option<InputShape>,
    #[command(flatten)]
    weights: WeightsArgument,
    /// A folder of pictures by class, a folder of IDX files, a .npz file, or a name (see dichroic data)
    #[arg(long, value_name = "DIR|FILE|NAME")]
    data: String,
    /// The epoch after which training ends, counted from the first one ever
    #[arg(long, value_name = "N", default_value_t = 10)]
    epochs: u32,
    /// Samples in one step [default: 32]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    batch_size: Option<u32>,
    #[command(flatten)]
    compile: CompileArguments,
    #[command(flatten)]
    policy: PolicyArgument,
    /// Share of each class to validate with after each epoch, drawn by the seed and not trained on
    #[arg(long, value_name = "SHARE", value_parser = share)]
    validation_split: Option<f64>,
    /// Seed of first weights, shuffling and dropout [default: 0]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Where to save, after every epoch
    #[arg(long, value_name = "F.keras")]
    out: Option<PathBuf>,
    /// Go on where this file's training stopped, bit for bit
    #[arg(long, value_name = "F.keras", conflicts_with_all = ["optimizer", "learning_rate", "loss"])]
    resume: Option<PathBuf>,
    #[command(flatten)]
    page: PageArguments,
    /// Print JSON at the end instead of progress
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  dichroic train model.py --data photos --epochs 9 --out model.keras
  dichroic train model.py --data pictures/ --validation-split 0.2 --optimizer adam --learning-rate 3e-4
  dichroic train model.py --data photos --policy mixed_bfloat16 --out model.keras
  dichroic train --resume model.keras --data photos --epochs 20 --out model.keras
  dichroic train model.py --data fashion --validation-split 0.2 --explore

--validation-split holds out the same samples for the same seed; --resume does so by itself.
Ctrl-C finishes the batch, saves, and says how to go on.";

/// Where an interrupted training is saved if nothing else was said.
const RESCUE: &str = "interrupted";

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().ok().filter(|share| (0.0..1.0).contains(share));
    share.ok_or_else(|| format!("{text:?} is no share from 0 to 1"))
}

/// What is trained, and how far it is.
struct Job {
    model: Model,
    trainer: Trainer,
    train: Dataset,
    held_out: Option<Dataset>,
    test: Option<Dataset>,
    class_names: Vec<String>,
    batch_size: usize,
    seed: u64,
    /// Whether the file holds the training as it stands.
    saved: Cell<bool>,
}

impl Train {
    pub fn run(self, output: &mut Output) -> Result<(), Failure> {
        if let Some(path) = &self.out {
            check_place(path)?;
        }
        let mut job = match &self.resume {
            Some(path) => self.resumed(path)?,
            None => self.begun()?,
        };
        if let Some(path) = &self.out {
            make_folder(path.parent().unwrap_or(path))?;
        }
        if !self.json {
            output.line(format!(
                "{}: {} parameters; {}: {} samples{}{}",
                job.model.name(),
                grouped(job.model.count_params()),
                self.data,
                grouped(job.train.len() as u64),
                match job.class_names.len() {
                    0 => String::new(),
                    classes => format!(", {classes} classes"),
                },
                match &job.held_out {
                    None => String::new(),
                    Some(held_out) => format!(", {} held out", grouped(held_out.len() as u64)),
                }
            ))?;
            output.show()?;
        }
        let done = job.trainer.state().progress.epoch;
        let nothing_left = self.resume.is_some() && done >= self.epochs as usize;
        if nothing_left && !self.json {
            output.line(format!(
                "{done} epochs are done, nothing is left to do; give a larger --epochs"
            ))?;
        }
        let mut page = self.page.open(&self.shown(&job))?;
        if !nothing_left {
            while self.fit(&mut job, page.as_ref(), output)? == Outcome::Cancelled {
                let state = job.trainer.state();
                self.interrupted(&job, &state, output)?;
                if !page.as_mut().is_some_and(Page::waits_to_go_on) {
                    return Err(Failure::Interrupted);
                }
                let compile = job.trainer.compile().clone();
                job.trainer =
                    Trainer::resume(&job.model, compile, &state).map_err(Failure::trained)?;
            }
        }
        if let Some(path) = self.out.as_ref().filter(|_| !job.saved.get()) {
            save(path, &job.model, &job.class_names, &job.trainer.state())?;
        }
        self.report(&job, output)?;
        output.show()?;
        page.map_or(Ok(()), Page::stay)
    }

    /// What the page shows of a training.
    fn shown<'a>(&self, job: &'a Job) -> Shown<'a> {
        Shown {
            model: &job.model,
            class_names: &job.class_names,
            train: &job.train,
            judged: job.held_out.as_ref().or(job.test.as_ref()),
            epochs: self.epochs as usize,
            request: json!({
                "kind": "training", "model": job.model.name(), "data": self.data,
                "epochs": self.epochs, "batch_size": job.batch_size, "seed": job.seed,
            }),
        }
    }

    /// A training that begins, with an optimizer that may have learnt before.
    fn begun(&self) -> Result<Job, Failure> {
        let seed = self.seed.unwrap_or(0);
        let argument = self.model.as_deref().unwrap_or_default();
        let loaded = load(argument, self.input.as_ref(), dichroic::explain::Style::Keras3)?;
        let loaded = loaded.with_weights(&self.weights)?;
        let seed = self.seed.or(loaded.seed).unwrap_or(seed);
        let Loaded { mut model, class_names, training, .. } =
            Loaded { seed: Some(seed), ..loaded }.with_values(seed)?;
        // Reading the data may take long, and the file is somebody else's meanwhile.
        model.detach();
        if self.compile.change_optimizer() {
            CompileArguments::leave_out_optimizer(&mut model);
        }
        self.policy.apply(&model);
        let split = read_data(&self.data, &model)?;
        let compile = self.compile.compile(&model, &split.train)?;
        let class_names = if split.train.class_names().is_empty() {
            class_names
        } else {
            split.train.class_names().to_vec()
        };
        let (train, test) = suited(split.train, split.test, &model, &compile)?;
        let trainer = match training {
            SavedTraining::State { mut optimizer, .. } if !self.compile.change_optimizer() => {
                if let Some(rate) = self.compile.learning_rate {
                    optimizer.learning_rate = rate;
                }
                Trainer::with_optimizer(&model, compile, &optimizer)
            }
            SavedTraining::Unusable(why) if !self.compile.change_optimizer() => {
                // Fine-tuning needs the weights; what the optimizer had learnt is a help that may be missing.
                anstream::eprintln!("note: {argument}: the optimizer begins anew: {why}");
                Trainer::new(&model, compile)
            }
            _ => Trainer::new(&model, compile),
        };
        let trainer = trainer.map_err(Failure::trained)?;
        let batch_size = self.batch_size.unwrap_or(32) as usize;
        let count = self.validation_split.map_or(0, |share| train.share(share));
        let (train, held_out) = self.divided(train, count, seed)?;
        Ok(Job {
            model,
            trainer,
            train,
            held_out,
            test,
            class_names,
            batch_size,
            seed,
            saved: Cell::new(false),
        })
    }

    /// A training that goes on from a file.
    fn resumed(&self, path: &Path) -> Result<Job, Failure> {
        regular(path)?;
        let opened = open_model(path, &OpenOptions::default()).map_err(Failure::input)?;
        let saved = opened.into_saved();
        let refused = |what: &str| Failure::refused(format!("{}: {what}", path.display()));
        let Some(state) = saved.training.to_resume() else {
            let headline = match &saved.training {
                SavedTraining::Unusable(why) => {
                    format!("its training can't be gone on with: {why}")
                }
                _ => "holds no training to go on with".to_owned(),
            };
            return Err(refused(&headline)
                .help("give it as MODEL to begin a new training from its weights"));
        };
        let mut model = saved.model;
        model.detach();
        self.policy.apply(&model);
        if let Some(argument) = &self.model {
            let other =
                load(argument, self.input.as_ref(), dichroic::explain::Style::Keras3)?.model;
            let shapes = |model: &Model| {
                let weights = model.weights().iter();
                weights
                    .map(|weight| (weight.path.clone(), weight.spec.shape.clone()))
                    .collect::<Vec<_>>()
            };
            if shapes(&model) != shapes(&other) {
                return Err(refused(&format!("holds another model than {argument}")));
            }
        }
        let config =
            model.compile_config().ok_or_else(|| refused("does not say how it was compiled"))?;
        let compile = Compile::from_config(config).map_err(Failure::trained)?;
        let split = read_data(&self.data, &model)?;
        let (train, test) = suited(split.train, split.test, &model, &compile)?;
        let trainer = Trainer::resume(&model, compile, &state).map_err(Failure::trained)?;
        let (batch_size, seed) = (state.progress.batch_size, state.progress.seed);
        let same_batch = self.batch_size.is_none_or(|given| given as usize == batch_size);
        if !same_batch || self.seed.is_some_and(|given| given != seed) {
            let headline = format!(
                "was trained in batches of {batch_size} with seed {seed}, and goes on with both"
            );
            return Err(refused(&headline).help("leave out --batch-size and --seed"));
        }
        let count = match self.validation_split {
            Some(share) => train.share(share),
            None => held_before(&state, train.len()),
        };
        let (train, held_out) = self.divided(train, count, seed)?;
        let class_names = saved.class_names;
        Ok(Job {
            model,
            trainer,
            train,
            held_out,
            test,
            class_names,
            batch_size,
            seed,
            saved: Cell::new(false),
        })
    }

    /// The samples to train on, and those to validate with where some are asked for.
    fn divided(
        &self,
        train: Dataset,
        count: usize,
        seed: u64,
    ) -> Result<(Dataset, Option<Dataset>), Failure> {
        if count == 0 && self.validation_split.is_none_or(|share| share == 0.0) {
            return Ok((train, None));
        }
        let parts = train.hold_out(count, seed).map_err(|error| {
            Failure::input(error)
                .help("both parts need samples: choose another --validation-split, or more data")
        });
        let (train, held_out) = parts?;
        Ok((train, Some(held_out)))
    }

    fn fit(
        &self,
        job: &mut Job,
        page: Option<&Page>,
        output: &mut Output,
    ) -> Result<Outcome, Failure> {
        let stop = wish_to_stop()?;
        job.saved.set(false);
        let saved = &job.saved;
        let options = FitOptions {
            batch_size: job.batch_size,
            epochs: self.epochs as usize,
            seed: job.seed,
            validation: job.held_out.as_ref().map_or(Validation::None, Validation::Data),
            cancel: Some(page.map_or(stop, Page::stop_wish)),
            ..FitOptions::default()
        };
        let class_names = &job.class_names;
        let mut checkpoint = self.out.as_ref().map(|path| {
            ModelCheckpoint::new(move |model, state| {
                let contents = Contents::of(model).class_names(class_names).training(state);
                write_keras(path, &contents)?;
                saved.set(true);
                Ok(())
            })
        });
        let mut observe = page.map(Page::observe);
        let mut bar = (!self.json && watched()).then(Bar::new);
        let mut lines = (!self.json && bar.is_none()).then(|| ProgressLines::new(output));
        // The order is the same in every run: a resumed training hands each callback its own state. What saves
        // comes first, so that progress is shown of what is safe.
        let mut callbacks: Vec<&mut dyn Callback> = Vec::new();
        callbacks.extend(checkpoint.as_mut().map(|checkpoint| checkpoint as &mut dyn Callback));
        callbacks.extend(bar.as_mut().map(|bar| bar as &mut dyn Callback));
        callbacks.extend(lines.as_mut().map(|lines| lines as &mut dyn Callback));
        callbacks.extend(observe.as_mut().map(|observe| observe as &mut dyn Callback));
        job.trainer
            .fit(&mut job.model, &job.train, &options, &mut callbacks)
            .map_err(Failure::trained)
    }

    /// Saves a training that was stopped, and says how to go on.
    fn interrupted(
        &self,
        job: &Job,
        state: &TrainingState,
        output: &mut Output,
    ) -> Result<(), Failure> {
        let rescue = free_place();
        let path = self.out.as_ref().unwrap_or(&rescue);
        if !job.saved.get() {
            save(path, &job.model, &job.class_names, state)?;
        }
        let (epoch, step) = (state.progress.epoch + 1, state.progress.step);
        let file = path.display();
        let split = self.validation_split.map(|share| format!(" --validation-split {share}"));
        let go_on = format!(
            "dichroic train --resume {file} --data {} --epochs {}{} --out {file}",
            self.data,
            self.epochs,
            split.unwrap_or_default()
        );
        if self.json {
            output.json(&json!({
                "interrupted": { "epoch": epoch, "step": step, "out": file.to_string(), "go_on": go_on },
            }))?;
        } else {
            let stopped = format!("Stopped in epoch {epoch} after step {step}; saved {file}.");
            output.line(format!("{stopped} To go on:\n  {go_on}"))?;
        }
        output.show()
    }

    fn report(&self, job: &Job, output: &mut Output) -> Result<(), Failure> {
        let test = match &job.test {
            Some(test) => {
                let logs = job.trainer.evaluate(&job.model, test, job.batch_size);
                Some(logs.map_err(Failure::trained)?)
            }
            None => None,
        };
        if self.json {
            let history = job.trainer.history();
            let series: serde_json::Map<_, _> =
                history.series.iter().map(|(name, values)| (name.clone(), json!(values))).collect();
            return output.json(&json!({
                "name": job.model.name(),
                "epochs": history.epochs.iter().map(|epoch| epoch + 1).collect::<Vec<_>>(),
                "history": series,
                "test": test.as_ref().map(logs_json),
                "out": self.out.as_ref().map(|path| path.display().to_string()),
            }));
        }
        if let (Some(logs), Some(data)) = (&test, &job.test) {
            output.line(format!(
                "test ({} samples): {}",
                grouped(data.len() as u64),
                logs_text(logs)
            ))?;
        }
        match &self.out {
            Some(path) => output.line(format!("saved {}", path.display())),
            None => output.line("not saved; --out F.keras saves it"),
        }
    }
}

/// Refuses a name that Keras wouldn't open: an epoch later the work would be lost.
fn check_place(path: &Path) -> Result<(), Failure> {
    if path.is_dir() {
        let headline = format!("{}: is a folder, and --out is a file", path.display());
        return Err(Failure::refused(headline));
    }
    if path.extension().is_some_and(|ending| ending == "keras") {
        return Ok(());
    }
    let headline = format!("{}: models are saved as .keras files", path.display());
    let fix = path.with_extension("keras");
    Err(Failure::refused(headline).help(format!("--out {}", fix.display())))
}

/// Makes the folder that files will be written to, before work is done that would be lost.
///
/// # Errors
/// When it can't be made.
pub fn make_folder(folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(|error| {
        Failure::refused(format!("{}: the folder can't be made: {error}", folder.display()))
            .help("give --out a place where you may write")
    })
}

/// A name for an interrupted training that overwrites nothing.
fn free_place() -> PathBuf {
    let numbered = (2u32..).map(|number| PathBuf::from(format!("{RESCUE}-{number}.keras")));
    let mut names = std::iter::once(PathBuf::from(format!("{RESCUE}.keras"))).chain(numbered);
    names.find(|name| !name.exists()).expect("there are more names than files")
}

/// How many samples a saved training held out of as many as there are now.
fn held_before(state: &TrainingState, samples: usize) -> usize {
    let progress = &state.progress;
    let validated = progress.history.series.iter().any(|(name, _)| name.starts_with("val_"));
    // In the first epoch there is nothing yet to tell by.
    let unknown = progress.history.epochs.is_empty();
    let known = progress.samples > 0 && (validated || unknown);
    if known { samples.saturating_sub(progress.samples) } else { 0 }
}

fn suited(
    train: Dataset,
    test: Option<Dataset>,
    model: &Model,
    compile: &Compile,
) -> Result<(Dataset, Option<Dataset>), Failure> {
    let suited = |data| compile.suited_targets(data, model).map_err(Failure::trained);
    Ok((suited(train)?, test.map(suited).transpose()?))
}

fn save(
    path: &Path,
    model: &Model,
    class_names: &[String],
    state: &TrainingState,
) -> Result<(), Failure> {
    let contents = Contents::of(model).class_names(class_names).training(state);
    write_keras(path, &contents).map_err(Failure::run)
}
