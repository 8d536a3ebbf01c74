//! The operations of a composition and what they are called with.

use serde_json::{Map, Value, json};

use super::super::MODULES;
use crate::Shape;

/// A value inside of a composition: an output of one of its parts.
#[derive(Clone, Debug)]
pub(super) struct Term {
    part: String,
    output: usize,
}

impl Term {
    /// The value as an argument of a call. Keras takes shape and type from the part that makes it.
    pub fn argument(&self) -> Value {
        json!({
            "class_name": "__keras_tensor__",
            "config": {"shape": [], "dtype": "float32", "keras_history": self.history()},
        })
    }

    /// Another output of the same part.
    pub fn output(&self, output: usize) -> Self {
        Self { output, ..self.clone() }
    }

    fn history(&self) -> Value {
        json!([self.part, 0, self.output])
    }
}

/// The parts of a composition so far, each called once.
#[derive(Debug, Default)]
pub(super) struct Parts {
    layers: Vec<Value>,
}

impl Parts {
    /// An input of this shape.
    pub fn input(&mut self, shape: &Shape) -> Term {
        let name = format!("x{}", self.layers.len());
        self.push("keras.layers", "InputLayer", json!({
            "batch_shape": shape.axes(), "dtype": "float32", "sparse": false, "ragged": false, "name": name,
        }), &name)
    }

    /// An operation of `keras.ops.numpy`.
    pub fn numpy<const N: usize>(
        &mut self,
        class_name: &str,
        config: Value,
        arguments: [Value; N],
    ) -> Term {
        self.op(("numpy", class_name), config, arguments)
    }

    /// An operation of `keras.ops.numpy` without settings.
    pub fn plain<const N: usize>(&mut self, class_name: &str, arguments: [Value; N]) -> Term {
        self.numpy(class_name, json!({}), arguments)
    }

    /// An operation by its module in `keras.ops` and its class.
    pub fn op<const N: usize>(
        &mut self,
        (module, class_name): (&str, &str),
        config: Value,
        arguments: [Value; N],
    ) -> Term {
        let module = format!("{MODULES}{module}");
        self.call((&module, class_name), config, arguments.into(), Map::new())
    }

    /// A value of another type.
    pub fn cast(&mut self, x: &Term, dtype: &str) -> Term {
        self.op(("core", "Cast"), json!({"dtype": dtype}), [x.argument()])
    }

    /// A call of an operation or a layer of any module.
    pub fn call(
        &mut self,
        (module, class_name): (&str, &str),
        mut config: Value,
        arguments: Vec<Value>,
        kwargs: Map<String, Value>,
    ) -> Term {
        let name = format!("{}_{}", class_name.to_lowercase(), self.layers.len());
        config["name"] = name.as_str().into();
        let term = self.push(module, class_name, config, &name);
        if let Some(layer) = self.layers.last_mut() {
            layer["inbound_nodes"] = json!([{"args": arguments, "kwargs": kwargs}]);
        }
        term
    }

    fn push(&mut self, module: &str, class_name: &str, config: Value, name: &str) -> Term {
        // Keras finds its own layers without a registered name, and operations by their class.
        let registered = module.starts_with(MODULES).then_some(class_name);
        self.layers.push(json!({
            "module": module,
            "class_name": class_name,
            "config": config,
            "registered_name": registered,
            "name": name,
            "inbound_nodes": [],
        }));
        Term { part: name.to_owned(), output: 0 }
    }

    /// The model from the inputs to an output.
    pub fn finish(self, name: &str, inputs: &[Term], output: &Term) -> Map<String, Value> {
        let ends: Vec<Value> = inputs.iter().map(Term::history).collect();
        let inputs = if let [single] = &ends[..] { single.clone() } else { ends.into() };
        let object = json!({
            "module": "keras.src.models.functional",
            "class_name": "Functional",
            "config": {
                "name": name,
                "trainable": true,
                "layers": self.layers,
                "input_layers": inputs,
                "output_layers": output.history(),
            },
            "registered_name": "Functional",
            "build_config": {"input_shape": null},
        });
        object.as_object().cloned().unwrap_or_default()
    }
}

/// A constant as Keras writes a tensor: numbers in nested lists.
pub(super) fn literal(shape: &[usize], dtype: &str, values: Vec<Value>) -> Value {
    let mut level = values;
    for &size in shape.iter().skip(1).rev() {
        level = level.chunks(size.max(1)).map(|row| Value::from(row.to_vec())).collect();
    }
    json!({"class_name": "__tensor__", "config": {"value": level, "dtype": dtype}})
}

/// The part of an axis from one place up to another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// The axis.
    pub axis: usize,
    /// The first place.
    pub start: usize,
    /// The place behind the last; the axis's end if unset.
    pub stop: Option<i64>,
    /// From one place to the next.
    pub step: usize,
}

/// Python's slices for all axes of a value: these spans, other axes whole.
pub(super) fn slices(rank: usize, spans: &[Span]) -> Value {
    let slice = |axis: usize| {
        let span = spans.iter().find(|span| span.axis == axis);
        let [start, stop, step] = match span {
            Some(span) => [json!(span.start), json!(span.stop), json!(span.step)],
            None => [Value::Null, Value::Null, Value::Null],
        };
        json!({"class_name": "__slice__", "config": {"start": start, "stop": stop, "step": step}})
    };
    (0..rank).map(slice).collect::<Vec<_>>().into()
}

/// The sizes, with -1 for an open one; `None` where several are open.
pub(super) fn with_one_open(sizes: &[Option<usize>]) -> Option<Vec<i64>> {
    let open = sizes.iter().filter(|size| size.is_none()).count();
    let size = |size: &Option<usize>| size.map_or(Some(-1), |size| i64::try_from(size).ok());
    if open > 1 { None } else { sizes.iter().map(size).collect() }
}
