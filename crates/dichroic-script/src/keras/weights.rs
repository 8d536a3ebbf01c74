//! A layer's weight as a script sees it: its name and shape, and no values.

use std::any::Any;

use dichroic::layers::WeightSpec;
use dichroic::model::LayerRef;

use crate::error::Eval;
use crate::host::HostObject;
use crate::machine::Machine;
use crate::value::Value;

/// One weight.
pub(super) struct WeightObject {
    path: String,
    weight: WeightSpec,
}

impl WeightObject {
    pub(super) fn new(layer: &LayerRef, weight: WeightSpec) -> Self {
        Self { path: format!("{}/{}", layer.name(), weight.name), weight }
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.weight.name == name
    }

    pub(super) fn trainable(&self) -> bool {
        self.weight.trainable
    }

    pub(super) fn count(&self) -> u64 {
        self.weight.elements().map_or(u64::MAX, |count| count as u64)
    }

    fn axes(&self, machine: &mut Machine<'_>) -> Eval<Value> {
        let axis = |size: &usize| Value::Int(i64::try_from(*size).unwrap_or(i64::MAX));
        let axes = self.weight.shape.iter().map(axis).collect();
        machine.tuple(axes)
    }
}

impl HostObject for WeightObject {
    fn type_name(&self) -> String {
        "Variable".to_owned()
    }

    fn repr(&self) -> String {
        let axes: Vec<String> = self.weight.shape.iter().map(usize::to_string).collect();
        let comma = if axes.len() == 1 { "," } else { "" };
        format!("<Variable path={}, shape=({}{comma}), dtype=float32>", self.path, axes.join(", "))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn names(&self) -> Vec<String> {
        ["name", "path", "shape", "dtype", "trainable", "ndim"].map(str::to_owned).to_vec()
    }

    fn attribute(&self, machine: &mut Machine<'_>, name: &str) -> Eval<Option<Value>> {
        Ok(Some(match name {
            "name" => Value::text(self.weight.name),
            "path" => Value::text(self.path.as_str()),
            "shape" => self.axes(machine)?,
            "dtype" => Value::text("float32"),
            "trainable" => Value::Bool(self.weight.trainable),
            "ndim" => Value::Int(i64::try_from(self.weight.shape.len()).unwrap_or(i64::MAX)),
            _ => return Ok(None),
        }))
    }
}
