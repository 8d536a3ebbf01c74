//! The methods of a model.

use dichroic::Shape;
use dichroic::explain::{Style, Summary, SummaryOptions};
use dichroic::model::{Kind, Model};
use serde_json::{Map, Value as Json};

use super::{ModelObject, axes_of, compiled, json, refused, refused_by_model};
use crate::arguments::{Argument, Arguments, float, placed};
use crate::error::{ErrorKind, Eval, Fault};
use crate::machine::Machine;
use crate::value::Value;

pub(super) const NAMES: &[&str] = &[
    "add",
    "build",
    "compile",
    "count_params",
    "get_config",
    "get_layer",
    "pop",
    "summary",
    "to_json",
];

pub(super) fn call(
    object: &ModelObject,
    machine: &mut Machine<'_>,
    name: &str,
    arguments: Arguments,
) -> Eval<Value> {
    if let Some(fault) = refused::method(name) {
        return Err(fault);
    }
    machine.meter.model(object.size())?;
    match name {
        "add" => {
            let [layer] = arguments.exactly(name, ["layer"])?;
            layer.read(|layer| object.add(machine, layer))?;
            object.count_rebuild();
            Ok(Value::None)
        }
        "pop" => {
            let [] = arguments.exactly(name, [])?;
            if object.with(Model::kind) != Kind::Sequential {
                return Err(Fault::type_error("only a Sequential model has `pop`"));
            }
            match object.change(Model::pop)? {
                Some(layer) => {
                    object.count_rebuild();
                    Ok(object.session.value_of(&layer))
                }
                None => Err(Fault::value_error("the model has no layer to take off")),
            }
        }
        "build" => build(object, machine, arguments),
        "compile" => compile(object, machine, arguments),
        "summary" => summary(object, machine, arguments),
        "get_layer" => get_layer(object, machine, arguments),
        "count_params" => {
            let [] = arguments.exactly(name, [])?;
            if !object.with(Model::is_built) {
                return Err(object.unbuilt("parameters"));
            }
            let count = object.with(Model::count_params);
            Ok(Value::Int(i64::try_from(count).unwrap_or(i64::MAX)))
        }
        _ => {
            let [] = arguments.exactly(name, [])?;
            machine.meter.allocate(1_024_usize.saturating_mul(object.size()))?;
            let config = object.with(Model::to_config);
            match name {
                "to_json" => machine.text(config.to_string()),
                _ => json::to_value(machine, config.get("config").unwrap_or(&config)),
            }
        }
    }
}

fn build(object: &ModelObject, machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let [shape] = arguments.bind("build", ["input_shape"], 0)?;
    if let Some(shape) = shape.filter(|shape| !matches!(shape.value, Value::None)) {
        if object.with(Model::is_built) {
            return Ok(Value::None);
        }
        let axes = shape.read(|value| axes_of(machine, value))?;
        shape.read(|_| object.begin_with(Shape::new(axes)))?;
        object.count_rebuild();
    }
    Ok(Value::None)
}

fn get_layer(object: &ModelObject, machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let [name, index] = arguments.bind("get_layer", ["name", "index"], 0)?;
    let given = |argument: Option<Argument>| {
        argument.filter(|argument| !matches!(argument.value, Value::None))
    };
    let layer = match (given(name), given(index)) {
        (Some(name), None) => {
            let wanted = name.text()?;
            let layer = object.with(|model| model.get_layer(&wanted).cloned());
            layer.map_err(|error| placed(refused_by_model(&error), name.range))?
        }
        (None, Some(index)) => {
            let layers = object.with(|model| model.layers().to_vec());
            let list = machine.list(Vec::new())?;
            let at =
                index.read(|index| crate::evaluate::items::position(index, layers.len(), &list))?;
            layers[at].clone()
        }
        _ => return Err(Fault::type_error("get_layer() needs a `name` or an `index`")),
    };
    Ok(object.session.value_of(&layer))
}

fn summary(object: &ModelObject, machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let parameters =
        ["line_length", "positions", "print_fn", "expand_nested", "show_trainable", "layer_range"];
    let [line_length, positions, print_fn, expand_nested, show_trainable, layer_range] =
        arguments.bind("summary", parameters, 0)?;
    let given = |argument: Option<Argument>| {
        argument.filter(|argument| !matches!(argument.value, Value::None))
    };
    let mut options = SummaryOptions::default();
    if let Some(length) = given(line_length) {
        let length = length.integer()?;
        // Wider than this is no table but a mistake.
        options.line_length = usize::try_from(length).ok().filter(|length| *length <= 4_096);
        if options.line_length.is_none() {
            return Err(Fault::value_error(format!(
                "line_length must lie between 0 and 4096, got {length}"
            )));
        }
    }
    if let Some(positions) = given(positions) {
        let positions = positions.items(machine)?;
        options.positions = Some(positions.iter().map(float).collect::<Eval<_>>()?);
    }
    options.expand_nested = expand_nested.is_some_and(|flag| machine.truth(&flag.value));
    options.show_trainable = show_trainable.is_some_and(|flag| machine.truth(&flag.value));
    if let Some(range) = given(layer_range) {
        match &range.items(machine)?[..] {
            [Value::Text(from), Value::Text(to)] => {
                options.layer_range = Some((from.to_string(), to.to_string()));
            }
            _ => return Err(placed(Fault::type_error("layer_range is two names"), range.range)),
        }
    }
    let style = object.session.style;
    let text = object
        .with(|model| Summary::of(model, None).render(style, &options))
        .map_err(|error| Fault::new(ErrorKind::Layer, error.to_string()))?;
    match given(print_fn) {
        None => machine.print(text)?,
        Some(function) => {
            // Old Keras hands over line by line, current Keras the whole table.
            let pieces: Vec<&str> = match style {
                Style::Keras2 => text.lines().collect(),
                Style::Keras3 => vec![text.trim_end_matches('\n')],
            };
            for piece in pieces {
                let piece = machine.text(piece.to_owned())?;
                machine.call_value(&function.value, vec![piece])?;
            }
        }
    }
    Ok(Value::None)
}

fn compile(object: &ModelObject, machine: &mut Machine<'_>, arguments: Arguments) -> Eval<Value> {
    let parameters = [
        "optimizer",
        "loss",
        "loss_weights",
        "metrics",
        "weighted_metrics",
        "run_eagerly",
        "steps_per_execution",
        "jit_compile",
        "auto_scale_loss",
    ];
    let slots = arguments.bind("compile", parameters, 0)?;
    let mut compiled = Map::new();
    for (name, argument) in parameters.iter().zip(slots) {
        let default = match *name {
            "optimizer" => Json::from("rmsprop"),
            "run_eagerly" | "jit_compile" => Json::Bool(false),
            "steps_per_execution" => Json::from(1),
            "auto_scale_loss" => Json::Bool(true),
            _ => Json::Null,
        };
        let value = match &argument {
            Some(argument) => argument.read(|value| {
                let json = json::from_value(machine, value)?;
                compiled::check(name, &json)?;
                Ok(json)
            })?,
            None => default,
        };
        compiled.insert((*name).to_owned(), value);
    }
    object.set_compiled(Json::Object(compiled));
    Ok(Value::None)
}
