//! One run of a plan: its steps, on the whole batch or on one item after the other.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use dichroic_kernels::arena::SharedArena;
use dichroic_kernels::parallel::{for_each, threads};
use smallvec::SmallVec;

use super::{StepTime, Work, wrong_parameter};
use crate::error::GraphError;
use crate::operation::{KernelArgs, StepContext};
use crate::parameters::Parameters;
use crate::plan::{Plan, Preparation, Span, Step, Storage, Stretch};

/// Multiply-adds that one core does in about a nanosecond.
const MACS_PER_NANOSECOND: u64 = 64;

/// Who is told what a step took.
pub(super) type Listener<'a, 'b> = Option<&'a mut (dyn FnMut(StepTime) + 'b)>;

/// What a run reads and writes.
pub(super) struct Run<'a> {
    pub(super) plan: &'a Plan,
    pub(super) arena: SharedArena<'a>,
    /// The lanes that the arena has.
    pub(super) lanes: usize,
    pub(super) inputs: &'a [&'a [f32]],
    pub(super) parameters: &'a Parameters,
    pub(super) step: StepContext,
}

/// What of the batch a step takes.
#[derive(Clone, Copy)]
pub(super) enum Portion {
    Whole,
    /// An item, in one of the lanes.
    Item {
        item: usize,
        lane: usize,
    },
}

impl Run<'_> {
    /// Computes and packs what depends on parameters alone.
    pub(super) fn prepare(&self, mut listener: Listener<'_, '_>) -> Result<(), GraphError> {
        let before = self.plan.prepare.len();
        for preparation in &self.plan.preparation {
            let begun = Instant::now();
            let (step, work) = match *preparation {
                Preparation::Compute(i) => {
                    self.run_step(&self.plan.prepare[i], Portion::Whole)?;
                    (i, Work::Run)
                }
                Preparation::Pack(i) => {
                    self.pack(&self.plan.steps[i])?;
                    (before + i, Work::Pack)
                }
            };
            if let Some(listener) = &mut listener {
                listener(StepTime { step, work, time: begun.elapsed() });
            }
        }
        Ok(())
    }

    /// Copies the inputs and parameters that are read after the run.
    pub(super) fn copy_what_is_read(&self) -> Result<(), GraphError> {
        for (id, range) in &self.plan.copied_parameters {
            let held = self.parameters.get(*id).map_or(&[][..], |tensor| tensor.data());
            if held.len() != range.len() {
                return Err(wrong_parameter(*id, range.len(), held.len()));
            }
            self.arena.lend(&[], std::slice::from_ref(range), |_, mut copy| {
                copy[0].copy_from_slice(held);
            })?;
        }
        for (position, range) in &self.plan.copied_inputs {
            self.arena.lend(&[], std::slice::from_ref(range), |_, mut copy| {
                copy[0].copy_from_slice(self.inputs[*position]);
            })?;
        }
        Ok(())
    }

    /// Runs some steps.
    pub(super) fn stretch(
        &self,
        stretch: &Stretch,
        mut listener: Listener<'_, '_>,
    ) -> Result<(), GraphError> {
        if stretch.by_item {
            return self.by_item(stretch, listener);
        }
        for i in stretch.steps.clone() {
            let begun = listener.is_some().then(Instant::now);
            self.run_step(&self.plan.steps[i], Portion::Whole)?;
            if let (Some(listener), Some(begun)) = (&mut listener, begun) {
                let step = self.plan.prepare.len() + i;
                listener(StepTime { step, work: Work::Run, time: begun.elapsed() });
            }
        }
        Ok(())
    }

    /// Takes one item after the other: as many at the same time as there are threads, and, so that no thread
    /// has nothing to do, the last ones together.
    fn by_item(&self, stretch: &Stretch, listener: Listener<'_, '_>) -> Result<(), GraphError> {
        let steps = &self.plan.steps[stretch.steps.clone()];
        let items = self.plan.items;
        let lanes = threads().min(self.lanes).max(1);
        // Fewer items than half of the threads are taken one after the other, each by all of them.
        let sharers = if self.lanes >= threads().min(items) { threads() } else { lanes };
        let rest = items % sharers;
        let apart = if 2 * rest > sharers { items } else { items - rest };
        let macs = steps.iter().fold(0_u64, |sum, step| sum.saturating_add(step.info.macs));
        let nanoseconds = (macs / MACS_PER_NANOSECOND) as usize / lanes;
        let clock = listener.is_some().then(|| Mutex::new(vec![Duration::ZERO; steps.len()]));
        let (next, failure) = (AtomicUsize::new(0), Mutex::new(None));
        for_each(lanes, nanoseconds, |lane| {
            loop {
                let item = next.fetch_add(1, Ordering::Relaxed);
                if item >= apart {
                    return;
                }
                let portion = Portion::Item { item, lane };
                if let Err(error) = self.item(steps, portion, (clock.as_ref(), lanes)) {
                    next.store(apart, Ordering::Relaxed);
                    *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                }
            }
        });
        if let Some(error) = failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        for item in apart..items {
            self.item(steps, Portion::Item { item, lane: 0 }, (clock.as_ref(), 1))?;
        }
        if let (Some(listener), Some(clock)) = (listener, clock) {
            let times = clock.into_inner().unwrap_or_else(PoisonError::into_inner);
            for (i, time) in stretch.steps.clone().zip(times) {
                let step = self.plan.prepare.len() + i;
                listener(StepTime { step, work: Work::Run, time });
            }
        }
        Ok(())
    }

    /// Takes an item through the steps; `sharers` do so at the same time, and each counts for its share of the time.
    fn item(
        &self,
        steps: &[Step],
        portion: Portion,
        (clock, sharers): (Option<&Mutex<Vec<Duration>>>, usize),
    ) -> Result<(), GraphError> {
        for (i, step) in steps.iter().enumerate() {
            let begun = clock.map(|clock| (clock, Instant::now()));
            self.run_step(step, portion)?;
            if let Some((clock, begun)) = begun {
                let time = begun.elapsed() / sharers as u32;
                clock.lock().unwrap_or_else(PoisonError::into_inner)[i] += time;
            }
        }
        Ok(())
    }

    pub(super) fn run_step(&self, step: &Step, portion: Portion) -> Result<(), GraphError> {
        let packed_input = step.kernel.packed_input();
        if packed_input.is_some() && !step.packs_ahead {
            self.pack(step)?;
        }
        // Inputs that the kernel does not read as they lie are left empty.
        let hidden = |index: usize| {
            packed_input == Some(index)
                || (step.in_place && step.kernel.in_place_input() == Some(index))
        };
        let mut reads: SmallVec<[Range<usize>; 8]> = SmallVec::new();
        for (index, input) in step.inputs.iter().enumerate() {
            if let (Storage::Arena(span), false) = (input, hidden(index)) {
                reads.push(self.range(span, portion));
            }
        }
        reads.push(step.packed.clone());
        let outputs = step.outputs.iter().chain([&step.scratch]);
        let writes: SmallVec<[Range<usize>; 4]> =
            outputs.map(|span| self.range(span, portion)).collect();
        self.arena.lend(&reads, &writes, |read, mut written| {
            let mut read = read.into_iter();
            let mut inputs: SmallVec<[&[f32]; 8]> = SmallVec::new();
            for (index, input) in step.inputs.iter().enumerate() {
                inputs.push(match input {
                    _ if hidden(index) => &[],
                    Storage::Arena(_) => read.next().expect("each arena input was lent"),
                    elsewhere => self.outside(elsewhere, portion),
                });
            }
            let packed = read.next().expect("the packed range was lent last");
            let scratch = written.pop().expect("the scratch range was lent last");
            let mut outputs: SmallVec<[&mut [f32]; 4]> =
                written.iter_mut().map(|output| &mut **output).collect();
            step.kernel.run(KernelArgs {
                inputs: &inputs,
                outputs: &mut outputs,
                packed,
                scratch,
                in_place: step.in_place,
                step: self.step,
            });
        })?;
        Ok(())
    }

    pub(super) fn pack(&self, step: &Step) -> Result<(), GraphError> {
        let Some(index) = step.kernel.packed_input() else { return Ok(()) };
        let input = &step.inputs[index];
        let reads: SmallVec<[Range<usize>; 1]> = match input {
            Storage::Arena(span) => SmallVec::from_elem(self.range(span, Portion::Whole), 1),
            _ => SmallVec::new(),
        };
        self.arena.lend(&reads, std::slice::from_ref(&step.packed), |read, mut written| {
            let input = match read.first() {
                Some(input) => input,
                None => self.outside(input, Portion::Whole),
            };
            step.kernel.pack(input, written[0]);
        })?;
        Ok(())
    }

    /// Where a span lies for a portion of the batch.
    fn range(&self, span: &Span, portion: Portion) -> Range<usize> {
        match (span, portion) {
            (Span::Whole(range), _) | (Span::Item(range) | Span::Lane(range), Portion::Whole) => {
                range.clone()
            }
            (Span::Item(range), Portion::Item { item, .. }) => {
                let len = range.len() / self.plan.items;
                range.start + item * len..range.start + (item + 1) * len
            }
            (Span::Lane(range), Portion::Item { lane, .. }) => {
                let start = self.plan.size.with_lanes(lane);
                start + range.start..start + range.end
            }
        }
    }

    /// An input that does not lie in the arena; lengths were checked when the run began.
    fn outside(&self, storage: &Storage, portion: Portion) -> &[f32] {
        match (storage, portion) {
            (Storage::Input(position), Portion::Whole) => self.inputs[*position],
            (Storage::Input(position), Portion::Item { item, .. }) => {
                let len = self.inputs[*position].len() / self.plan.items;
                &self.inputs[*position][item * len..(item + 1) * len]
            }
            (Storage::Parameter(id), _) => self.parameters.get(*id).map_or(&[], |t| t.data()),
            (Storage::Constant(index), _) => self.plan.constants[*index].data(),
            (Storage::Arena(_), _) => &[],
        }
    }
}
