//! Products of matrices, one for each entry of a batch.

use dichroic_kernels::broadcast::broadcast_shape;
use dichroic_kernels::conv::{ConvArgs, ConvPlan, ConvProblem, Epilogue};
use dichroic_kernels::elementwise::reference::{broadcast_offset, for_each_index};
use dichroic_kernels::tensor::Tensor;
use smallvec::{SmallVec, smallvec};

use super::binary::sum_to_shape_of;
use super::conv_kernel::ConvKernel;
use super::stretched::Stretched;
use super::{Tail, Transpose, kernel_error, reference_tensor, shape_error};
use crate::error::GraphError;
use crate::gradient::Backward;
use crate::graph::ValueId;
use crate::operation::{Kernel, KernelArgs, KernelContext, Operation, StepContext};
use crate::shape::Shape;

/// `y[…, i, j] = Σ_l a[…, i, l] · b[…, l, j]`; axes before the last two are stretched to each other.
///
/// # Shapes
/// Inputs: `(…, m, k)` and `(…, k, n)`. Output: `(…, m, n)`.
///
/// # Source
/// numpy `matmul`, for values of rank 2 and above.
#[derive(Clone, Copy, Debug)]
pub struct MatMul;

/// The sizes of one product, and the axes that count products.
struct Sizes<'a> {
    a_batch: &'a [usize],
    b_batch: &'a [usize],
    batch: Vec<usize>,
    m: usize,
    k: usize,
    n: usize,
}

impl<'a> Sizes<'a> {
    fn new(a: &'a [usize], b: &'a [usize]) -> Result<Self, String> {
        let ([a_batch @ .., m, k], [b_batch @ .., rows, n]) = (a, b) else {
            return Err("takes two values of rank 2 at least".into());
        };
        if k != rows {
            return Err("the last axis of the first must be the last but one of the second".into());
        }
        let batch = broadcast_shape("MatMul", a_batch, b_batch).map_err(|error| error.to_string())?;
        Ok(Self { a_batch, b_batch, batch, m: *m, k: *k, n: *n })
    }

    fn output(&self) -> Shape {
        self.batch.iter().copied().chain([self.m, self.n]).collect()
    }

    /// One matrix of the second operand serves all, so that the rows of the first are one batch.
    fn has_one_right_side(&self) -> bool {
        self.b_batch.iter().all(|&size| size == 1)
    }
}

impl Operation for MatMul {
    fn name(&self) -> &'static str {
        "MatMul"
    }

    fn infer(&self, inputs: &[&Shape]) -> Result<SmallVec<[Shape; 2]>, GraphError> {
        let [a, b] = inputs else { return Err(shape_error(self, "takes two inputs", inputs)) };
        let sizes = Sizes::new(a, b).map_err(|rule| shape_error(self, rule, inputs))?;
        Ok(smallvec![sizes.output()])
    }

    /// `dy · bᵀ` and `aᵀ · dy`, summed over stretched axes.
    fn gradient(&self, backward: &mut Backward<'_>) -> Result<(), GraphError> {
        let dy = backward.output_gradient();
        for (index, other) in [(0, 1), (1, 0)] {
            if !backward.needs(index) {
                continue;
            }
            let other = transposed(backward.input(other), backward)?;
            let factors = if index == 0 { [dy, other] } else { [other, dy] };
            let gradient = backward.add(MatMul, &factors)?;
            let summed = sum_to_shape_of(gradient, backward.input(index), backward)?;
            backward.set(index, summed);
        }
        Ok(())
    }

    fn reference(&self, inputs: &[&Tensor], _step: StepContext) -> Vec<Tensor> {
        let [a, b] = inputs else { return Vec::new() };
        let sizes = Sizes::new(a.shape(), b.shape()).expect("shapes were inferred before");
        let mut y = Vec::new();
        for_each_index(&sizes.output(), |index| {
            let (batch, place) = index.split_at(sizes.batch.len());
            let a_at = broadcast_offset(batch, sizes.a_batch) * sizes.m + place[0];
            let b_at = broadcast_offset(batch, sizes.b_batch) * sizes.k;
            let product = |l: usize| {
                let (left, right) = (a_at * sizes.k + l, (b_at + l) * sizes.n + place[1]);
                f64::from(a.data()[left]) * f64::from(b.data()[right])
            };
            y.push((0..sizes.k).map(product).sum::<f64>() as f32);
        });
        vec![reference_tensor(&sizes.output(), y)]
    }

    /// The batch must count products, or rows of the only product's first operand.
    fn keeps_items_apart(&self, inputs: &[&Shape], batched: &[bool]) -> bool {
        let ([a, b], [a_batched, b_batched]) = (inputs, batched) else { return false };
        let rank = a.len().max(b.len());
        let counts_products = |shape: &Shape| shape.len() == rank && rank > 2;
        let counts_rows = rank == 2 && !b_batched;
        (!a_batched || counts_products(a) || counts_rows) && (!b_batched || counts_products(b))
    }

    fn kernel(
        &self,
        inputs: &[&Shape],
        context: KernelContext,
    ) -> Result<Box<dyn Kernel>, GraphError> {
        let sizes = Sizes::new(inputs[0], inputs[1]).map_err(|rule| shape_error(self, rule, inputs))?;
        let products: usize = sizes.batch.iter().product();
        let one = sizes.has_one_right_side();
        let rows = if one { sizes.m.saturating_mul(products) } else { sizes.m };
        let problem = ConvProblem::new_dense(rows, sizes.k, sizes.n);
        problem.validate().map_err(|error| kernel_error(self, error, inputs))?;
        let plan = ConvPlan::forward(problem, Epilogue::default(), context.mode, context.isa);
        // A matrix of an item of the batch is packed into the item's own scratch memory: what a plan packs by itself
        // is packed for all items at once.
        if sizes.b_batch.is_empty() {
            return Ok(Box::new(ConvKernel { plan, tail: Tail::default(), inputs: 2 }));
        }
        let walk = match one {
            true => Stretched::new(&[], [&[], &[]]),
            false => Stretched::new(&sizes.batch, [sizes.a_batch, sizes.b_batch]),
        };
        Ok(Box::new(ManyProducts { plan, walk }))
    }

    fn macs(&self, inputs: &[&Shape]) -> u64 {
        let [a, b] = inputs else { return 0 };
        Sizes::new(a, b).map_or(0, |sizes| {
            let factors = sizes.batch.iter().chain([&sizes.m, &sizes.k, &sizes.n]);
            factors.fold(1, |product: u64, &size| product.saturating_mul(size as u64))
        })
    }
}

/// The value with its last two axes exchanged.
fn transposed(value: ValueId, backward: &mut Backward<'_>) -> Result<ValueId, GraphError> {
    let rank = backward.shape(value).len();
    let mut axes: Vec<usize> = (0..rank).collect();
    axes.swap(rank - 2, rank - 1);
    backward.add(Transpose { axes }, &[value])
}

/// One product after the other; the second operand is packed anew wherever it changes.
#[derive(Debug)]
struct ManyProducts {
    plan: ConvPlan,
    walk: Stretched,
}

impl Kernel for ManyProducts {
    fn algorithm(&self) -> String {
        format!("{}, packed for each product", self.plan.algorithm())
    }

    fn scratch_len(&self) -> usize {
        self.plan.packed_len() + self.plan.scratch_len()
    }

    fn run(&self, args: KernelArgs<'_, '_>) {
        let problem = self.plan.problem();
        let (a_len, b_len) = (problem.input_len(), problem.weights_len());
        if problem.output_len() == 0 {
            return;
        }
        let (packed, scratch) = args.scratch.split_at_mut(self.plan.packed_len());
        let mut packed_from = None;
        for (index, output) in args.outputs[0].chunks_exact_mut(problem.output_len()).enumerate() {
            let [a, b] = self.walk.at(index);
            if packed_from != Some(b) {
                self.plan.pack(&args.inputs[1][b * b_len..][..b_len], packed);
                packed_from = Some(b);
            }
            let input = &args.inputs[0][a * a_len..][..a_len];
            let (bias, residual) = (None, None);
            self.plan.run(ConvArgs { input, packed, bias, residual, output, scratch });
        }
    }
}
