//! Convolution as its definition reads: index loops and `f64` sums, for the tests to compare with.
//!
//! Nothing here is meant to be fast, and nothing here is shared with the kernels that are.

use super::ConvProblem;

/// Calls `visit(input place, tap, output place)` for every product of one item, where
/// places and taps are row-major numbers; taps that lie in the padding are left out.
fn for_each_product(problem: &ConvProblem, mut visit: impl FnMut(usize, usize, usize)) {
    let p = problem;
    let [od, oh, ow] = p.output();
    let [kd, kh, kw] = p.kernel;
    for o in 0..od * oh * ow {
        let place = [o / (oh * ow), o / ow % oh, o % ow];
        for t in 0..kd * kh * kw {
            let tap = [t / (kh * kw), t / kw % kh, t % kw];
            let mut index = 0;
            let mut inside = true;
            for axis in 0..3 {
                let padded = place[axis] * p.strides[axis] + tap[axis] * p.dilation_rate[axis];
                match padded.checked_sub(p.pad_before[axis]) {
                    Some(i) if i < p.input[axis] => index = index * p.input[axis] + i,
                    _ => inside = false,
                }
            }
            if inside {
                visit(index, t, o);
            }
        }
    }
}

/// Calls `visit(input index, weight index, output index)` for every product of the whole problem.
fn for_each_term(problem: &ConvProblem, mut visit: impl FnMut(usize, usize, usize)) {
    let p = problem;
    let (channels, filters) = (p.group_channels(), p.group_filters());
    for n in 0..p.batch {
        for_each_product(p, |i, t, o| {
            let (input, output) = (n * p.input_places() + i, n * p.output_places() + o);
            for f in 0..p.filters {
                let group = f / filters;
                for c in 0..channels {
                    visit(
                        input * p.in_channels + group * channels + c,
                        (t * channels + c) * p.filters + f,
                        output * p.filters + f,
                    );
                }
            }
        });
    }
}

fn rounded(sums: Vec<f64>) -> Vec<f32> {
    sums.into_iter().map(|sum| sum as f32).collect()
}

fn start(len: usize, bias: Option<&[f32]>) -> Vec<f64> {
    match bias {
        Some(bias) => (0..len).map(|i| f64::from(bias[i % bias.len()])).collect(),
        None => vec![0.0; len],
    }
}

/// The output: bias + Σ input × weights.
pub fn forward(p: &ConvProblem, input: &[f32], weights: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    let mut output = start(p.output_len(), bias);
    for_each_term(p, |i, w, o| output[o] += f64::from(input[i]) * f64::from(weights[w]));
    rounded(output)
}

/// The gradient of the input: bias + Σ output gradient × weights. This is the transposed
/// convolution, for which the bias (one value for each input channel) is there.
pub fn input_gradient(
    p: &ConvProblem,
    output_gradient: &[f32],
    weights: &[f32],
    bias: Option<&[f32]>,
) -> Vec<f32> {
    let mut gradient = start(p.input_len(), bias);
    for_each_term(p, |i, w, o| {
        gradient[i] += f64::from(output_gradient[o]) * f64::from(weights[w]);
    });
    rounded(gradient)
}

/// The gradient of the weights: Σ input × output gradient.
pub fn weight_gradient(p: &ConvProblem, input: &[f32], output_gradient: &[f32]) -> Vec<f32> {
    let mut gradient = start(p.weights_len(), None);
    for_each_term(p, |i, w, o| {
        gradient[w] += f64::from(input[i]) * f64::from(output_gradient[o]);
    });
    rounded(gradient)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hand_computed_row_with_padding_stride_and_dilation() {
        let problem = ConvProblem {
            input: [1, 1, 4],
            kernel: [1, 1, 2],
            strides: [1, 1, 2],
            dilation_rate: [1, 1, 2],
            pad_before: [0, 0, 1],
            pad_after: [0, 0, 1],
            ..ConvProblem::new(1, [1, 1, 4], 1, 1)
        };
        // Places −1 and 1, then 1 and 3, of the input 1 2 3 4.
        let output = forward(&problem, &[1., 2., 3., 4.], &[10., 100.], Some(&[0.5]));
        assert_eq!(output, [200.5, 420.5]);
        let gradient = input_gradient(&problem, &[1., 2.], &[10., 100.], None);
        assert_eq!(gradient, [0., 120., 0., 200.]);
        let gradient = weight_gradient(&problem, &[1., 2., 3., 4.], &[1., 2.]);
        assert_eq!(gradient, [4., 10.]);
    }

    #[test]
    fn groups_see_their_own_channels_only() {
        let problem = ConvProblem { groups: 2, ..ConvProblem::new(1, [1; 3], 4, 2) };
        let output = forward(&problem, &[1., 2., 3., 4.], &[1., 10., 2., 20.], None);
        assert_eq!(output, [1. + 4., 30. + 80.]);
    }
}
