//! A layer by itself, changed, on the input that it sees in its model: what another stride, kernel or sharing would do.

use std::sync::Arc;

use dichroic::layers::{Convolution, Layer, Sharing as Shared, registry};
use dichroic::model::{Input, LayerRef, Model, ModelError, Sequential};
use dichroic::{Shape, Tensor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::hash::Hash;
use crate::problem::Problem;
use crate::workspace::{
    InputEntry, InputKind, ModelRecord, ModelSource, NewInput, NewModel, Workspace, check_run,
    check_weights,
};

/// Which layer is changed, and how.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct VariantRequest {
    /// The layer's path.
    pub layer: String,
    /// The input that the model is shown.
    pub input: String,
    /// What becomes different.
    #[serde(default)]
    pub changes: Changes,
}

/// What becomes different; what is left out stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Changes {
    filters: Option<usize>,
    kernel_size: Option<Vec<usize>>,
    strides: Option<Vec<usize>>,
    padding: Option<Padding>,
    dilation_rate: Option<Vec<usize>>,
    groups: Option<usize>,
    use_bias: Option<bool>,
    sharing: Option<Sharing>,
}

/// How edges are treated.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Padding {
    /// No position outside the input.
    Valid,
    /// Zeros around it.
    Same,
}

/// Which kernels are tied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Sharing {
    None,
    AcrossInputChannels,
    Depthwise,
    Grouped,
    Separable,
}

/// The changed layer as a model of its own.
#[derive(Debug)]
pub struct Variant {
    /// The model with the layer alone.
    pub model: Arc<ModelRecord>,
    /// The input that the layer sees.
    pub input: InputEntry,
    /// The layer's name in the new model.
    pub layer: String,
    /// Whether the weights are the layer's own rather than drawn anew.
    pub own_weights: bool,
}

/// Makes the variant; the same request finds the same one again.
///
/// # Errors
/// When there is no such model, layer or input, the layer is no convolution, or the changes can't be.
pub fn make(
    workspace: &Workspace,
    model: &str,
    request: &VariantRequest,
) -> Result<Variant, Problem> {
    let record = workspace.models.get(model)?;
    let (model, version) = record.built()?;
    let path = model.path_of(&request.layer)?;
    let layer = model.get_layer(&path)?;
    let values = workspace.values(&record, &request.input)?;
    let seen = values.input(&path).ok_or_else(|| {
        Problem::not_found(format!("layer {path:?} is never called, so it sees no input"))
    })?;
    let name = layer.name();
    let changed = changed_layer(layer, &path, &request.changes)?;
    let varied = LayerRef::named(name.clone(), changed);
    varied.set_policy(layer.policy());
    let mut alone = Sequential::named(&name).add(Input::new(seen.shape())).add(varied).finish()?;
    check_weights(&alone)?;
    let shapes: Vec<Shape> = alone.inputs().iter().map(|input| input.shape().clone()).collect();
    check_run(&alone, &shapes)?;
    alone.build(0)?;
    let own_weights = take_weights(&mut alone, &name, &model, layer)?;

    let asked = serde_json::to_string(request).unwrap_or_default();
    let hash = Hash::of(&[record.id.as_bytes(), &version.to_le_bytes(), asked.as_bytes()]);
    let new = NewModel::of(format!("v-{hash}"), ModelSource::Variant, alone);
    let input = NewInput {
        model: Some(new.id.clone()),
        ..NewInput::new(
            format!("li-{hash}"),
            format!("{path} ← {}", request.input),
            InputKind::LayerInput,
        )
    };
    let batched = [&[1], seen.shape()].concat();
    let seen = Tensor::new(batched, seen.data().to_vec()).map_err(ModelError::from)?;
    let input = workspace.inputs.add_arrays(input, vec![seen]);
    Ok(Variant { model: workspace.models.insert(new), input, layer: name, own_weights })
}

/// The layer with other arguments, or one of another class that does the same in another way.
fn changed_layer(
    layer: &LayerRef,
    path: &str,
    changes: &Changes,
) -> Result<Box<dyn Layer>, Problem> {
    let described = layer.layer().zip(layer.built_for());
    let described = described.and_then(|(kind, inputs)| Some((kind, kind.convolution(inputs)?)));
    let (kind, convolution) = described.ok_or_else(|| {
        let class = layer.class_name();
        Problem::bad_request(format!("layer {path:?} ({class}) is no convolution"))
            .help("only convolutions can be varied")
    })?;
    let target = Target::of(kind, &convolution, changes)?;
    let mut arguments = if target.class_name == kind.class_name() {
        kind.config()
    } else {
        shared_arguments(kind, &target.class_name)?
    };
    arguments.extend(target.arguments);
    for (name, value) in [
        ("kernel_size", changes.kernel_size.as_ref().map(|sizes| json!(sizes))),
        ("strides", changes.strides.as_ref().map(|sizes| json!(sizes))),
        ("dilation_rate", changes.dilation_rate.as_ref().map(|sizes| json!(sizes))),
        ("padding", changes.padding.map(|padding| json!(padding))),
        ("use_bias", changes.use_bias.map(|bias| json!(bias))),
    ] {
        arguments.extend(value.map(|value| (name.to_owned(), value)));
    }
    registry::from_config(&target.class_name, &arguments)
        .map_err(|error| Problem::model(error.to_string()))
}

/// What the layer and the other class both take.
fn shared_arguments(kind: &dyn Layer, class_name: &str) -> Result<Map<String, Value>, Problem> {
    const SHARED: [&str; 7] = [
        "kernel_size",
        "strides",
        "padding",
        "dilation_rate",
        "activation",
        "use_bias",
        "bias_initializer",
    ];
    let takes =
        registry::positional(class_name).map_err(|error| Problem::model(error.to_string()))?;
    let own = kind.config();
    let known = takes.into_iter().filter(|name| SHARED.contains(name));
    Ok(known.filter_map(|name| Some((name.to_owned(), own.get(name)?.clone()))).collect())
}

/// The class that a variant gets, and the arguments that say how its kernels are tied.
struct Target {
    class_name: String,
    arguments: Map<String, Value>,
}

impl Target {
    fn of(kind: &dyn Layer, convolution: &Convolution, changes: &Changes) -> Result<Self, Problem> {
        let rank = convolution.rank;
        let channels = convolution.in_channels;
        let filters = changes.filters.unwrap_or(convolution.filters);
        let own = own_sharing(convolution);
        let sharing = match (changes.sharing, changes.groups) {
            (Some(sharing), _) => sharing,
            (None, Some(groups)) if groups > 1 => Sharing::Grouped,
            (None, Some(_)) if own == Sharing::Grouped => Sharing::None,
            (None, _) => own,
        };
        if convolution.window.transposed && sharing != Sharing::None {
            let message = "a transposed convolution has a kernel of its own for each pair; the other ways exist for convolutions";
            return Err(Problem::bad_request(message));
        }
        let of = |class_name: String, arguments: Value| match arguments {
            Value::Object(arguments) => Ok(Self { class_name, arguments }),
            _ => unreachable!("arguments are written as objects below"),
        };
        match sharing {
            Sharing::None if convolution.window.transposed => {
                of(kind.class_name().to_owned(), json!({ "filters": filters }))
            }
            Sharing::None => of(format!("Conv{rank}D"), json!({ "filters": filters, "groups": 1 })),
            Sharing::AcrossInputChannels => {
                of(format!("SharedConv{rank}D"), json!({ "filters": filters }))
            }
            Sharing::Grouped => {
                let kept = (own == Sharing::Grouped).then_some(convolution.groups);
                let groups = changes.groups.or(kept).or_else(|| common_divisor(channels, filters));
                let groups = groups.ok_or_else(|| {
                    let message = format!("{channels} input channels and {filters} filters have no common divisor above 1, so they can't be cut into groups");
                    Problem::bad_request(message)
                })?;
                of(format!("Conv{rank}D"), json!({ "filters": filters, "groups": groups }))
            }
            Sharing::Separable => {
                of(format!("SeparableConv{rank}D"), json!({ "filters": filters }))
            }
            Sharing::Depthwise => {
                let multiplier = (filters / channels.max(1)).max(1);
                match rank {
                    // Keras has no DepthwiseConv3D; as many groups as channels are the same thing.
                    3 => of(
                        "Conv3D".to_owned(),
                        json!({ "filters": multiplier.saturating_mul(channels), "groups": channels }),
                    ),
                    _ => of(
                        format!("DepthwiseConv{rank}D"),
                        json!({ "depth_multiplier": multiplier }),
                    ),
                }
            }
        }
    }
}

fn own_sharing(convolution: &Convolution) -> Sharing {
    match convolution.sharing {
        Shared::None => Sharing::None,
        Shared::AcrossInputChannels => Sharing::AcrossInputChannels,
        Shared::Depthwise => Sharing::Depthwise,
        Shared::Grouped => Sharing::Grouped,
        Shared::Separable => Sharing::Separable,
    }
}

/// The smallest number above 1 that divides both.
fn common_divisor(a: usize, b: usize) -> Option<usize> {
    (2..=a.min(b)).find(|&d| a.is_multiple_of(d) && b.is_multiple_of(d))
}

/// Takes over the weights whose shapes did not change; true if the kernels are among them. New biases stay as drawn.
fn take_weights(
    alone: &mut Model,
    name: &str,
    model: &Model,
    layer: &LayerRef,
) -> Result<bool, Problem> {
    let same_class = alone.get_layer(name)?.class_name() == layer.class_name();
    let specs: Vec<(&'static str, Vec<usize>)> = alone
        .weights()
        .iter()
        .map(|weight| (weight.spec.name, weight.spec.shape.clone()))
        .collect();
    let parameters = model.parameters()?;
    let mut own = same_class;
    for (weight, shape) in specs {
        let known = model.weights().iter().enumerate();
        let found = known
            .filter(|(_, known)| known.layer == *layer && known.spec.name == weight)
            .find_map(|(index, known)| (known.spec.shape == shape).then_some(index));
        let value = found.filter(|_| same_class).and_then(|index| parameters.tensors().get(index));
        match value {
            Some(value) => alone.set_weight(name, weight, value.clone())?,
            None if weight == "bias" => {}
            None => own = false,
        }
    }
    Ok(own)
}
