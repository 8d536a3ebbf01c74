//! How element-wise work is cut, and how its loops are compiled for each instruction set.

use crate::isa::Isa;
use crate::parallel;
use crate::simd::{Simd, WithSimd, dispatch};

/// Values in a block: 16 KiB, so that a block passed over twice stays in the first cache.
pub(crate) const BLOCK: usize = 4096;
/// About what a block of a cheap function costs.
const BLOCK_NANOSECONDS: usize = 2000;

/// Calls `task(start, block)` for each block of the slice, on several threads if it is long.
pub(crate) fn blocks(y: &mut [f32], task: impl Fn(usize, &mut [f32]) + Sync + Send) {
    blocks_of(y, BLOCK, task);
}

/// As [`blocks`], with blocks of `block_len` values.
pub(crate) fn blocks_of(
    y: &mut [f32],
    block_len: usize,
    task: impl Fn(usize, &mut [f32]) + Sync + Send,
) {
    let nanoseconds = BLOCK_NANOSECONDS * block_len / BLOCK;
    parallel::for_each_chunk(y, block_len, nanoseconds, |i, block| task(i * block_len, block));
}

/// Runs plain Rust loops compiled for an instruction set.
///
/// The closure must be `#[inline(always)]`, so that it becomes part of the function that has the
/// instructions; what it calls must be inlined as well.
#[inline(always)]
pub(crate) fn compiled_for<R>(isa: Isa, loops: impl FnOnce() -> R) -> R {
    struct Loops<F>(F);
    impl<R, F: FnOnce() -> R> WithSimd for Loops<F> {
        type Output = R;
        #[inline(always)]
        fn with<S: Simd>(self, _: S) -> R {
            (self.0)()
        }
    }
    dispatch(isa, Loops(loops))
}

/// Values copied aside at once, on the stack, to work in place.
const ASIDE: usize = 1024;
/// The same for short rows, as convolutions finish them: clearing more than is used would take longer
/// than a cheap function.
const ASIDE_OF_ROW: usize = 128;

/// Calls `task(start, x, y)` for pieces of `y`, where `x` is a copy of what `y` held.
///
/// A loop that reads and writes one place lets the compiler store only the lanes that change, which
/// AVX2 does slowly: ReLU in place took three times as long.
pub(crate) fn copied_aside(y: &mut [f32], task: impl FnMut(usize, &[f32], &mut [f32])) {
    if y.len() <= ASIDE_OF_ROW {
        in_pieces::<ASIDE_OF_ROW>(y, task);
    } else {
        in_pieces::<ASIDE>(y, task);
    }
}

fn in_pieces<const LEN: usize>(y: &mut [f32], mut task: impl FnMut(usize, &[f32], &mut [f32])) {
    let mut aside = [0.0; LEN];
    for (i, y) in y.chunks_mut(LEN).enumerate() {
        let x = &mut aside[..y.len()];
        x.copy_from_slice(y);
        task(i * LEN, x, y);
    }
}

/// `y = f(x)`.
///
/// `f` owns its constants (`move`): read through a reference they might change with each store, for
/// all the compiler knows, and no loop would become vector code.
#[inline(always)]
pub(crate) fn map(isa: Isa, x: &[f32], y: &mut [f32], f: impl Fn(f32) -> f32) {
    compiled_for(
        isa,
        #[inline(always)]
        move || {
            for (y, &x) in y.iter_mut().zip(x) {
                *y = f(x);
            }
        },
    );
}

/// `y = f(a, b)`.
#[inline(always)]
pub(crate) fn map_pairs(
    isa: Isa,
    (a, b): (&[f32], &[f32]),
    y: &mut [f32],
    f: impl Fn(f32, f32) -> f32,
) {
    compiled_for(
        isa,
        #[inline(always)]
        move || {
            for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
                *y = f(a, b);
            }
        },
    );
}
