//! What a script may use before it is stopped: every loop, call and allocation is counted here.

use crate::error::{ErrorKind, Eval, Fault};

/// The bounds of one run; a script that reaches one is stopped with an error that names it.
///
/// The defaults let every model-building script we know finish many times over, and stop a runaway one within seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Longest source text, in bytes.
    pub source_bytes: usize,
    /// Evaluated expressions and statements, plus one for each item that a built-in function touches.
    pub steps: u64,
    /// Calls of the script's own functions inside each other; 1,000 as in Python.
    pub call_depth: usize,
    /// Bytes of lists, strings, scopes and the like made over the whole run. Nothing is given back before its end, so
    /// this bounds the memory in use as well.
    pub memory_bytes: usize,
    /// Layers that may be made or called.
    pub layers: usize,
    /// Bytes that may be printed.
    pub output_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            source_bytes: 1 << 20,
            steps: 5_000_000,
            call_depth: 1_000,
            memory_bytes: 256 << 20,
            layers: 10_000,
            output_bytes: 16 << 20,
        }
    }
}

/// Evaluations inside each other, whatever their kind. The evaluator's thread has [`STACK_BYTES`] of stack, of which one
/// level takes well under 4 KiB.
pub(crate) const EVALUATION_DEPTH: usize = 20_000;

/// Stack of the thread that parses and evaluates; only touched pages cost memory.
pub(crate) const STACK_BYTES: usize = 256 << 20;

/// Values inside values that are walked when they are printed, compared or converted.
pub(crate) const VALUE_DEPTH: usize = 200;

/// Bytes that one step of work on text may cover.
const BYTES_PER_STEP: usize = 64;

/// Steps that work on a model takes for each layer that runs in it: making, calling, building, printing.
const STEPS_A_LAYER: usize = 16;

/// Counts what a run has used.
#[derive(Debug)]
pub(crate) struct Meter {
    limits: Limits,
    steps: u64,
    memory: usize,
    output: usize,
    layers: usize,
    calls: usize,
    evaluations: usize,
}

impl Meter {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, steps: 0, memory: 0, output: 0, layers: 0, calls: 0, evaluations: 0 }
    }

    pub(crate) fn step(&mut self) -> Eval<()> {
        self.work(1)
    }

    /// Counts the work on `items` values.
    pub(crate) fn work(&mut self, items: usize) -> Eval<()> {
        self.steps = self.steps.saturating_add(items as u64);
        if self.steps > self.limits.steps {
            return Err(reached(format!("the script took more than {} steps", self.limits.steps))
                .with_hint("does a loop never end?"));
        }
        Ok(())
    }

    /// Takes `bytes` for a new value, before it is made.
    pub(crate) fn allocate(&mut self, bytes: usize) -> Eval<()> {
        self.memory = self.memory.saturating_add(bytes);
        if self.memory > self.limits.memory_bytes {
            return Err(reached(format!(
                "the script's values need more than {} MiB",
                self.limits.memory_bytes >> 20
            )));
        }
        Ok(())
    }

    /// Takes room for `items` values of a list or a dictionary, and counts the work on them.
    pub(crate) fn allocate_items(&mut self, items: usize) -> Eval<()> {
        self.allocate(items.saturating_mul(size_of::<crate::value::Value>()).saturating_add(64))?;
        self.work(items)
    }

    /// Takes room for a text of `bytes`, and counts the work on it.
    pub(crate) fn allocate_text(&mut self, bytes: usize) -> Eval<()> {
        self.allocate(bytes.saturating_add(32))?;
        self.work(bytes / BYTES_PER_STEP)
    }

    pub(crate) fn print(&mut self, bytes: usize) -> Eval<()> {
        self.work(bytes / BYTES_PER_STEP)?;
        self.output = self.output.saturating_add(bytes);
        if self.output > self.limits.output_bytes {
            return Err(reached(format!(
                "the script printed more than {} MiB",
                self.limits.output_bytes >> 20
            )));
        }
        Ok(())
    }

    pub(crate) fn layer(&mut self) -> Eval<()> {
        self.layers += 1;
        if self.layers > self.limits.layers {
            return Err(reached(format!(
                "the script made or called more than {} layers",
                self.limits.layers
            )));
        }
        Ok(())
    }

    /// Refuses a model in which more layers run than may be made: models in models grow by multiplication.
    pub(crate) fn model(&mut self, layers: usize) -> Eval<()> {
        if layers > self.limits.layers {
            return Err(reached(format!(
                "more than {} layers run in one model, counting those of the models in it",
                self.limits.layers
            )));
        }
        self.work(STEPS_A_LAYER.saturating_mul(layers))
    }

    pub(crate) fn enter_call(&mut self) -> Eval<()> {
        if self.calls >= self.limits.call_depth {
            return Err(reached(format!(
                "functions call each other more than {} deep",
                self.limits.call_depth
            ))
            .with_hint("does a function call itself without an end?"));
        }
        self.calls += 1;
        Ok(())
    }

    pub(crate) fn leave_call(&mut self) {
        self.calls -= 1;
    }

    pub(crate) fn enter(&mut self) -> Eval<()> {
        self.step()?;
        if self.evaluations >= EVALUATION_DEPTH {
            return Err(reached(format!(
                "expressions lie more than {EVALUATION_DEPTH} deep inside each other"
            )));
        }
        self.evaluations += 1;
        Ok(())
    }

    pub(crate) fn leave(&mut self) {
        self.evaluations -= 1;
    }
}

fn reached(message: String) -> Box<Fault> {
    Fault::new(ErrorKind::Limit, message)
}
