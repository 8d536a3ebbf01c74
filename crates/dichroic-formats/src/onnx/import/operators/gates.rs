//! The functions of the gates of recurrent operators, as activations of Keras.

use crate::error::Located;
use crate::onnx::import::Node;

/// An activation of Keras on `scale · x + shift`, where `x` is a sum of products: the weights take both.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Gate {
    /// Keras's name.
    pub name: &'static str,
    pub scale: f32,
    pub shift: f32,
}

impl Gate {
    fn plain(name: &'static str) -> Self {
        Self { name, scale: 1.0, shift: 0.0 }
    }

    /// Whether it is the activation on `x` itself.
    pub fn is_plain(&self) -> bool {
        self.scale == 1.0 && self.shift == 0.0
    }
}

/// Functions with a first number, and those with a second one, by their names in small letters.
const WITH_ALPHA: [&str; 6] =
    ["affine", "elu", "hardsigmoid", "leakyrelu", "scaledtanh", "thresholdedrelu"];
const WITH_BETA: [&str; 3] = ["affine", "hardsigmoid", "scaledtanh"];

/// The gates of all functions that the node names, or of the usual ones, with their numbers.
///
/// # Errors
/// When Keras has no such function.
pub(super) fn gates(node: &Node<'_, '_>, usual: &[&str]) -> Result<Vec<Gate>, Located> {
    let names = node.attributes.texts("activations")?;
    let names: Vec<String> = match &names {
        Some(names) => names.iter().map(|name| name.to_ascii_lowercase()).collect(),
        None => usual.iter().map(|name| name.to_ascii_lowercase()).collect(),
    };
    let numbers = |attribute: &str, with: &[&str]| -> Result<Vec<Option<f32>>, Located> {
        let given = node.attributes.floats(attribute)?.unwrap_or_default();
        Ok(shared_out(given, &names, with))
    };
    let alphas = numbers("activation_alpha", &WITH_ALPHA)?;
    let betas = numbers("activation_beta", &WITH_BETA)?;
    let gate = |((name, alpha), beta): ((&String, Option<f32>), Option<f32>)| {
        gate(name, alpha, beta).ok_or_else(|| {
            let what = match alpha {
                Some(alpha) => format!("activation {name} with {alpha} in {}", node.op),
                None => format!("activation {name} of {}", node.op),
            };
            node.unsupported(&what, "use one that Keras has")
        })
    };
    names.iter().zip(alphas).zip(betas).map(gate).collect()
}

/// The number of each function. Files give one for each that has one, in order, as ONNX Runtime reads them, or one for
/// every function.
fn shared_out(given: &[f32], names: &[String], with: &[&str]) -> Vec<Option<f32>> {
    let takes = |name: &String| with.contains(&name.as_str());
    if given.len() == names.len() {
        return names
            .iter()
            .zip(given)
            .map(|(name, &number)| takes(name).then_some(number))
            .collect();
    }
    let mut given = given.iter().copied();
    names.iter().map(|name| takes(name).then(|| given.next()).flatten()).collect()
}

fn gate(name: &str, alpha: Option<f32>, beta: Option<f32>) -> Option<Gate> {
    Some(match name {
        "sigmoid" => Gate::plain("sigmoid"),
        "tanh" => Gate::plain("tanh"),
        "relu" => Gate::plain("relu"),
        "softsign" => Gate::plain("softsign"),
        "softplus" => Gate::plain("softplus"),
        "affine" => {
            Gate { name: "linear", scale: alpha.unwrap_or(1.0), shift: beta.unwrap_or(0.0) }
        }
        // clip(α·x + β, 0, 1), where Keras's is clip(x / 6 + ½, 0, 1).
        "hardsigmoid" => Gate {
            name: "hard_sigmoid",
            scale: alpha.unwrap_or(0.2) * 6.0,
            shift: (beta.unwrap_or(0.5) - 0.5) * 6.0,
        },
        "elu" if alpha.is_none_or(|alpha| alpha == 1.0) => Gate::plain("elu"),
        "leakyrelu" if alpha == Some(0.2) => Gate::plain("leaky_relu"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn numbers_go_to_the_functions_that_have_them() {
        let lstm = names(&["sigmoid", "elu", "hardsigmoid"]);
        assert_eq!(shared_out(&[1.0, 0.3], &lstm, &WITH_ALPHA), [None, Some(1.0), Some(0.3)]);
        assert_eq!(shared_out(&[0.0, 1.0, 0.3], &lstm, &WITH_ALPHA), [None, Some(1.0), Some(0.3)]);
        assert_eq!(shared_out(&[], &lstm, &WITH_BETA), [None, None, None]);
    }

    #[test]
    fn a_hard_sigmoid_of_another_slope_is_keras_s_on_larger_sums() {
        assert!(gate("hardsigmoid", Some(1.0 / 6.0), Some(0.5)).unwrap().is_plain());
        let steep = gate("hardsigmoid", None, Some(0.6)).unwrap();
        assert!((steep.scale - 1.2).abs() < 1e-6 && (steep.shift - 0.6).abs() < 1e-6);
        assert_eq!(gate("scaledtanh", Some(1.0), None), None);
    }
}
