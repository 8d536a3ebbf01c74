//! What a model may cost before it is run for a page: pasted code can ask for more than any machine has.

use dichroic::data::available_memory;
use dichroic::explain::Costs;
use dichroic::layers::count::grouped;
use dichroic::model::Model;
use dichroic::{Shape, Tensor};

use crate::problem::Problem;

/// Multiply-adds of one run that somebody waits for; ResNet-50 has 4·10⁹, VGG16 15·10⁹.
const MOST_MACS: u64 = 400_000_000_000;

/// Memory where the system does not tell how much there is: 2 GiB.
const ASSUMED_MEMORY: u64 = 2 << 30;

/// Memory that a page may ask for on any machine: 8 GiB.
const MOST_BYTES: u64 = 8 << 30;

/// Bytes that the weights or the values of one model may take.
fn most_bytes() -> u64 {
    (available_memory().unwrap_or(ASSUMED_MEMORY) / 3).min(MOST_BYTES)
}

/// Refuses to draw weights that would fill the memory.
///
/// # Errors
/// With both figures.
pub fn check_weights(model: &Model) -> Result<(), Problem> {
    let (parameters, most) = (model.count_params(), most_bytes());
    let needed = parameters.saturating_mul(size_of::<f32>() as u64);
    if needed <= most {
        return Ok(());
    }
    Err(Problem::too_large(format!(
        "the weights of {:?} are {} values and need {}; here is room for {}",
        model.name(),
        grouped(parameters),
        mebibytes(needed),
        mebibytes(most)
    ))
    .help("its counts and shapes can be shown all the same; smaller layers can be run too"))
}

/// Refuses to run a model on inputs with which it would fill the memory or take minutes.
///
/// # Errors
/// With the figure and the limit.
pub fn check_run(model: &Model, inputs: &[Shape]) -> Result<(), Problem> {
    let costs = Costs::for_inputs(model, inputs);
    let (Some(macs), Some(bytes)) = (costs.macs(model), costs.activation_bytes(model)) else {
        let message = format!("nothing is known of what {:?} costs on this input", model.name());
        return Err(Problem::too_large(message).help("give its input a size of its own"));
    };
    let most = most_bytes();
    let name = model.name();
    if bytes > most {
        let (needed, most) = (mebibytes(bytes), mebibytes(most));
        let message = format!(
            "the values of all layers of {name:?} need {needed} for one item; here is room for {most}"
        );
        return Err(Problem::too_large(message).help("give the model a smaller input"));
    }
    if macs > MOST_MACS {
        let (macs, most) = (grouped(macs), grouped(MOST_MACS));
        let message =
            format!("{name:?} needs {macs} multiply-adds for one item; a page may ask for {most}");
        return Err(Problem::too_large(message).help("give the model a smaller input"));
    }
    Ok(())
}

/// The shapes of arrays, batch first.
pub fn shapes(inputs: &[Tensor]) -> Vec<Shape> {
    inputs.iter().map(|input| Shape::batched(input.shape().get(1..).unwrap_or_default())).collect()
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", grouped(bytes >> 20))
}
