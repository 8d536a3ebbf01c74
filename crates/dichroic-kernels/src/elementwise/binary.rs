//! Functions of two arrays, stretched to each other by numpy's rules.

use super::map::{self, compiled_for};
use super::math::select;
use crate::broadcast::{Layout, OperandKind, broadcast_shape};
use crate::error::KernelError;
use crate::isa::Isa;

/// A function of two values, applied to each pair of elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Binary {
    /// `a + b`
    Add,
    /// `a - b`
    Subtract,
    /// `a · b`
    Multiply,
    /// `a / b`
    Divide,
    /// The larger one; NaN where either is.
    Maximum,
    /// The smaller one; NaN where either is.
    Minimum,
    /// 1 where `a > b`, else 0.
    Greater,
    /// 1 where `a ≥ b`, else 0.
    GreaterEqual,
    /// 1 where `a = b`, else 0.
    Equal,
}

impl Binary {
    /// The name, as Keras has it in `keras.ops`.
    pub fn name(self) -> &'static str {
        match self {
            Binary::Add => "add",
            Binary::Subtract => "subtract",
            Binary::Multiply => "multiply",
            Binary::Divide => "divide",
            Binary::Maximum => "maximum",
            Binary::Minimum => "minimum",
            Binary::Greater => "greater",
            Binary::GreaterEqual => "greater_equal",
            Binary::Equal => "equal",
        }
    }
}

/// Values of a stretched row that is repeated on the stack, so that short rows fill vectors.
const TILE: usize = 1024;

/// `out = f(a, b)` for one pair of shapes.
///
/// # Shapes
/// `a`, `b`: any that numpy's rules stretch to each other; `out`: the shape they are stretched to.
///
/// ```
/// use dichroic_kernels::elementwise::{Binary, BinaryPlan};
/// use dichroic_kernels::isa::Isa;
/// let plan = BinaryPlan::new(Binary::Add, &[2, 3], &[3], Isa::detect())?;
/// let mut out = [0.0; 6];
/// plan.run(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0], &[10.0, 20.0, 30.0], &mut out);
/// assert_eq!(out, [10.0, 21.0, 32.0, 13.0, 24.0, 35.0]);
/// # Ok::<(), dichroic_kernels::error::KernelError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct BinaryPlan {
    kind: Binary,
    isa: Isa,
    output_shape: Vec<usize>,
    layout: Layout,
}

impl BinaryPlan {
    /// Plans for one pair of shapes.
    ///
    /// # Errors
    /// [`KernelError::Broadcast`] when the shapes don't fit each other.
    pub fn new(kind: Binary, a: &[usize], b: &[usize], isa: Isa) -> Result<Self, KernelError> {
        let output_shape = broadcast_shape(kind.name(), a, b)?;
        let layout = Layout::new(kind.name(), &output_shape, &[a, b])?;
        Ok(Self { kind, isa, output_shape, layout })
    }

    /// The shape of the output.
    pub fn output_shape(&self) -> &[usize] {
        &self.output_shape
    }

    /// The number of scratch values that a run needs: none.
    pub fn scratch_len(&self) -> usize {
        0
    }

    /// True when the output is as long as `a`, so that [`BinaryPlan::run_in_place`] can be used.
    pub fn can_run_in_place(&self) -> bool {
        self.layout.operands[0].kind == OperandKind::Full
    }

    /// `out = f(a, b)`.
    ///
    /// # Panics
    /// When a length is not that of the plan's shapes.
    pub fn run(&self, a: &[f32], b: &[f32], out: &mut [f32]) {
        let operand = &self.layout.operands[0];
        assert_eq!(a.len(), operand.len, "the first operand's length must be that of the plan");
        self.check(b, out);
        map::blocks_of(out, self.layout.block_len(), |start, block| {
            self.layout.expand(operand, a, start, block);
            self.run_block(b, start, block);
        });
    }

    /// `a = f(a, b)`.
    ///
    /// # Panics
    /// When a length is not that of the plan's shapes, or `a` is stretched
    /// ([`BinaryPlan::can_run_in_place`] is false).
    pub fn run_in_place(&self, a: &mut [f32], b: &[f32]) {
        assert!(self.can_run_in_place(), "the first operand is stretched: use `run`");
        self.check(b, a);
        map::blocks_of(a, self.layout.block_len(), |start, block| self.run_block(b, start, block));
    }

    fn check(&self, b: &[f32], out: &[f32]) {
        let expected = self.layout.operands[1].len;
        assert_eq!(b.len(), expected, "the second operand's length must be that of the plan");
        assert_eq!(out.len(), self.layout.len, "the output's length must be that of the plan");
    }

    /// `block = f(block, b)`, for the block that starts at value `start` of the output.
    fn run_block(&self, b: &[f32], start: usize, block: &mut [f32]) {
        macro_rules! each {
            ($a:ident, $b:ident, $f:expr) => {
                compiled_for(
                    self.isa,
                    #[inline(always)]
                    || {
                        run_block(
                            &self.layout,
                            b,
                            (start, block),
                            #[inline(always)]
                            |$a, $b| $f,
                        )
                    },
                )
            };
        }
        match self.kind {
            Binary::Add => each!(a, b, a + b),
            Binary::Subtract => each!(a, b, a - b),
            Binary::Multiply => each!(a, b, a * b),
            Binary::Divide => each!(a, b, a / b),
            Binary::Maximum => each!(a, b, select(a > b || a.is_nan(), a, b)),
            Binary::Minimum => each!(a, b, select(a < b || a.is_nan(), a, b)),
            Binary::Greater => each!(a, b, select(a > b, 1.0, 0.0)),
            Binary::GreaterEqual => each!(a, b, select(a >= b, 1.0, 0.0)),
            Binary::Equal => each!(a, b, select(a == b, 1.0, 0.0)),
        }
    }
}

#[inline(always)]
fn run_block(
    layout: &Layout,
    b: &[f32],
    (start, block): (usize, &mut [f32]),
    f: impl Fn(f32, f32) -> f32 + Copy,
) {
    let operand = &layout.operands[1];
    let row = layout.row;
    match operand.kind {
        OperandKind::Full => zip(block, &b[start..start + block.len()], f),
        OperandKind::Scalar => each(block, b[0], f),
        OperandKind::OneRow if row <= TILE / 2 => {
            let mut tile = [0.0; TILE];
            let tile = &mut tile[..TILE / row * row];
            tile.chunks_exact_mut(row).for_each(|part| part.copy_from_slice(b));
            block.chunks_mut(tile.len()).for_each(|block| zip(block, tile, f));
        }
        OperandKind::OneRow => block.chunks_mut(row).for_each(|block| zip(block, b, f)),
        OperandKind::Rows => {
            for (i, block) in block.chunks_mut(row).enumerate() {
                match layout.row_of(operand, b, start + i * row) {
                    [value] => each(block, *value, f),
                    values => zip(block, values, f),
                }
            }
        }
    }
}

#[inline(always)]
fn zip(a: &mut [f32], b: &[f32], f: impl Fn(f32, f32) -> f32) {
    for (a, &b) in a.iter_mut().zip(b) {
        *a = f(*a, b);
    }
}

#[inline(always)]
fn each(a: &mut [f32], b: f32, f: impl Fn(f32, f32) -> f32) {
    for a in a {
        *a = f(*a, b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elementwise::reference;
    use crate::parallel::ThreadPool;
    use proptest::prelude::*;

    const ALL: [Binary; 9] = [
        Binary::Add,
        Binary::Subtract,
        Binary::Multiply,
        Binary::Divide,
        Binary::Maximum,
        Binary::Minimum,
        Binary::Greater,
        Binary::GreaterEqual,
        Binary::Equal,
    ];

    /// Whole numbers, so that each result is exact; no 0, by which nothing can be divided.
    fn whole_numbers(shape: &[usize], shift: usize) -> Vec<f32> {
        let len: usize = shape.iter().product();
        (shift..shift + len).map(|i| 1.0 + (i * 7919 % 13) as f32).collect()
    }

    fn check(kind: Binary, a_shape: &[usize], b_shape: &[usize]) {
        let (a, b) = (whole_numbers(a_shape, 0), whole_numbers(b_shape, 5));
        for isa in Isa::available() {
            let plan = BinaryPlan::new(kind, a_shape, b_shape, isa).unwrap();
            let expected =
                reference::binary(kind, (&a, a_shape), (&b, b_shape), plan.output_shape());
            let mut out = vec![f32::NAN; expected.len()];
            plan.run(&a, &b, &mut out);
            assert_eq!(out, expected, "{kind:?} {a_shape:?} {b_shape:?} {isa}");
            if plan.can_run_in_place() {
                let mut a = a.clone();
                plan.run_in_place(&mut a, &b);
                assert_eq!(a, expected, "{kind:?} {a_shape:?} {b_shape:?} {isa} in place");
            }
        }
    }

    #[test]
    fn the_fast_cases_are_what_the_definition_says() {
        for kind in ALL {
            for (a, b) in [
                (&[5000][..], &[5000][..]),
                (&[2, 3000], &[3000]),
                (&[900, 7], &[7]),
                (&[900, 7], &[900, 1]),
                (&[], &[]),
                (&[9], &[]),
                (&[1, 1], &[3, 3]),
                (&[3, 0, 2], &[2]),
                (&[2, 3, 4, 5], &[2, 1, 1, 5]),
                (&[4, 1, 600], &[1, 5, 600]),
            ] {
                check(kind, a, b);
                check(kind, b, a);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(150))]

        #[test]
        fn any_two_shapes_that_fit_are_stretched(
            axes in prop::collection::vec((0..6usize, 0..3usize), 0..5),
            (kind, cut) in (0..ALL.len(), 0..3usize),
        ) {
            let side = |stretched: usize| -> Vec<usize> {
                axes.iter().map(|&(size, which)| if which == stretched { 1 } else { size }).collect()
            };
            let (a, b) = (side(0), side(1));
            check(ALL[kind], &a, &b[cut.min(b.len())..]);
        }
    }

    #[test]
    fn nan_comes_out_of_the_larger_and_the_smaller_one() {
        for kind in [Binary::Maximum, Binary::Minimum] {
            let plan = BinaryPlan::new(kind, &[2], &[2], Isa::detect()).unwrap();
            let mut out = [0.0; 2];
            plan.run(&[f32::NAN, 1.0], &[1.0, f32::NAN], &mut out);
            assert!(out.iter().all(|x| x.is_nan()), "{kind:?}: {out:?}");
        }
    }

    #[test]
    fn two_threads_give_the_bits_of_one() {
        let (a, b) = (whole_numbers(&[40_000, 9], 0), whole_numbers(&[9], 1));
        let plan = BinaryPlan::new(Binary::Divide, &[40_000, 9], &[9], Isa::detect()).unwrap();
        let [one, two] = [1, 2].map(|threads| {
            let pool = ThreadPool::new(threads).unwrap();
            let mut out = vec![0.0; a.len()];
            pool.install(|| plan.run(&a, &b, &mut out));
            out
        });
        assert_eq!(one, two);
    }
}
