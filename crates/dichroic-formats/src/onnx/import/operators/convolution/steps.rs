//! Strides and dilation of one convolution, which no layer of Keras takes together.

use super::window::Window;

/// How the strides and dilation of a window are shared out.
///
/// ```text
/// strides 2, dilation 4:  y[i] = Σ w[k] · x[2i + 4k]          every 2nd place of x, then dilation 2
/// strides 2, dilation 3:  y[i] = Σ w[k] · x[2i + 3k]          dilation 3, then every 2nd place of y
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Steps {
    /// Each so many-th place of the padded input along each axis is looked at.
    pub before: Vec<usize>,
    /// The strides of the layer.
    pub strides: Vec<usize>,
    /// The dilation of the layer.
    pub dilations: Vec<usize>,
    /// Each so many-th place of the layer's output is kept.
    pub after: Vec<usize>,
}

impl Steps {
    /// As they are where either is 1 along all axes; else what both have in common comes first, and strides that are left
    /// beside a dilation last.
    pub fn of(window: &Window) -> Self {
        let ones = vec![1; window.rank()];
        let mut steps = Self {
            before: ones.clone(),
            strides: window.strides.clone(),
            dilations: window.dilations.clone(),
            after: ones,
        };
        if !steps.meet() {
            return steps;
        }
        for axis in 0..window.rank() {
            if window.size[axis] == 1 {
                steps.dilations[axis] = 1;
                continue;
            }
            let common = common_divisor(steps.strides[axis], steps.dilations[axis]);
            steps.before[axis] = common;
            steps.strides[axis] /= common;
            steps.dilations[axis] /= common;
        }
        if steps.meet() {
            std::mem::swap(&mut steps.strides, &mut steps.after);
        }
        steps
    }

    /// Whether the layer's steps are others than the window's.
    pub fn are_apart(&self, window: &Window) -> bool {
        self.strides != window.strides || self.dilations != window.dilations
    }

    /// Whether there are strides and dilation.
    fn meet(&self) -> bool {
        let long = |steps: &[usize]| steps.iter().any(|&step| step > 1);
        long(&self.strides) && long(&self.dilations)
    }
}

fn common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::super::window::Pads;
    use super::*;

    fn steps(strides: [usize; 2], dilations: [usize; 2]) -> Steps {
        let padding = Pads::SameUpper;
        let (strides, dilations) = (strides.to_vec(), dilations.to_vec());
        Steps::of(&Window { size: vec![3, 3], strides, dilations, padding })
    }

    #[test]
    fn what_strides_and_dilation_have_in_common_is_left_out_of_the_input() {
        let shared = steps([2, 2], [4, 2]);
        assert_eq!((shared.before, shared.strides), (vec![2, 2], vec![1, 1]));
        assert_eq!((shared.dilations, shared.after), (vec![2, 1], vec![1, 1]));
    }

    #[test]
    fn strides_beside_another_dilation_leave_out_places_of_the_output() {
        let apart = steps([2, 1], [3, 2]);
        assert_eq!((apart.before, apart.strides), (vec![1, 1], vec![1, 1]));
        assert_eq!((apart.dilations, apart.after), (vec![3, 2], vec![2, 1]));
    }

    #[test]
    fn either_alone_stays() {
        let alone = steps([2, 1], [1, 1]);
        assert_eq!((alone.strides, alone.after), (vec![2, 1], vec![1, 1]));
    }
}
