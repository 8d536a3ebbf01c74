//! Winograd's convolution: neighbouring taps with fewer multiplications.
//!
//! ```text
//! input  ──Bᵀ d B──►  panels of P tiles           ─┐
//!                     place │ channels │ P         ├─ products ──►  sums  ──Aᵀ s A──►  output
//! weights ─G g Gᵀ──►  blocks of filters           ─┘                place │ tiles │ filters
//!                     place │ channels │ filters
//! ```
//!
//! A tile of m × m outputs of an r × r kernel has α² places, with α = m + r − 1, and needs as many products of a channel
//! and a filter, where the plain sum needs r² m²: for r = 3, 4 times fewer with m = 4 and 2.25 times fewer with m = 2.
//! Kernels of one direction have tiles of m outputs and α places ([`tiling`]). A longer kernel, or one that moves by several steps, is
//! cut into [`slices`]. Each phase of a gather (one, but for the
//! input gradient of a convolution with strides) is cut into tiles of its own. Where few tiles wait for many weights, these
//! are transformed just before they are multiplied ([`on_the_fly`]). A task holds its sums, and
//! often its panels, in the second cache; nothing large goes through memory but the weights.

mod blocks;
mod cost;
mod geometry;
mod multiply;
mod on_the_fly;
mod phase;
mod schedule;
mod slices;
#[cfg(test)]
mod tests;
mod tiles;
mod tiling;
mod transform;
mod weight_gradient;
mod weight_tile;
mod weights;

pub(super) use self::cost::choose;
pub(super) use self::weight_gradient::WinogradWeightGradient;
pub(super) use self::weights::Transformed;

use self::phase::{PhasePlan, Values};
use self::tiling::Tiling;
use super::epilogue::Ends;
use super::gather::Gather;
use super::{ConvArgs, Epilogue};
use crate::isa::Isa;
use crate::parallel::DisjointMut;

/// A planned gather over neighbouring taps.
#[derive(Clone, Debug)]
pub(super) struct WinogradPlan {
    gather: Gather,
    epilogue: Epilogue,
    phases: Vec<PhasePlan>,
}

impl WinogradPlan {
    /// Plans with tiles of so many outputs along each axis.
    ///
    /// # Panics
    /// When such tiles can't compute the gather, or their weights can't be transformed on the fly.
    pub fn new(
        gather: Gather,
        (outputs, transformed): ([usize; 3], Transformed),
        epilogue: Epilogue,
        isa: Isa,
    ) -> Self {
        assert!(tiling::suits(&gather, outputs), "tiles of {outputs:?} can't compute {gather:?}");
        let tiling = Tiling::new(&gather, outputs).expect("just asked");
        let can = transformed == Transformed::WhenPacked || on_the_fly::suits(&tiling);
        assert!(can, "weights of tiles of {outputs:?} are transformed when they are packed");
        let phases = gather.phases.iter();
        let phases = phases.map(|phase| {
            PhasePlan::new(&gather, phase, (&tiling, transformed), epilogue.activation, isa)
        });
        Self { phases: phases.collect(), gather, epilogue }
    }

    pub fn packed_len(&self) -> usize {
        self.phases.iter().map(PhasePlan::packed_len).sum()
    }

    /// The length of the scratch memory that a run needs.
    pub fn scratch_len(&self) -> usize {
        self.phases.iter().map(PhasePlan::scratch_len).max().unwrap_or(0)
    }

    pub fn pack(&self, weights: &[f32], mut packed: &mut [f32]) {
        assert_eq!(packed.len(), self.packed_len(), "length of the packed weights");
        for phase in &self.phases {
            let own =
                packed.split_off_mut(..phase.packed_len()).expect("as many as all phases need");
            phase.pack(weights, own);
        }
    }

    pub fn run(&self, mut args: ConvArgs<'_>) {
        assert_eq!(args.input.len(), self.gather.source_len(), "length of the values convolved");
        assert_eq!(args.packed.len(), self.packed_len(), "length of the packed weights");
        assert_eq!(args.scratch.len(), self.scratch_len(), "length of the scratch memory");
        let (source, mut packed) = (args.input, args.packed);
        let scratch = std::mem::take(&mut args.scratch);
        // Whole cache lines for the vectors of panels and sums.
        let aligned = scratch.as_ptr().align_offset(64).min(schedule::ALIGNMENT);
        let scratch = DisjointMut::new(&mut scratch[aligned..]);
        let (places, channels) = self.gather.destination_size();
        let ends = Ends::new(&self.epilogue, places, channels, args);
        let mut values = Values { source, packed, ends, scratch };
        for phase in &self.phases {
            (values.packed, packed) = packed.split_at(phase.packed_len());
            phase.run(&values);
        }
    }
}
