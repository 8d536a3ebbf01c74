//! Dtype policies: `keras.mixed_precision`, `keras.DTypePolicy` and the `dtype` of a layer.

use std::any::Any;
use std::rc::Rc;

use dichroic::DtypePolicy;

use super::Session;
use crate::arguments::Arguments;
use crate::error::{ErrorKind, Eval, Fault};
use crate::host::HostObject;
use crate::machine::Machine;
use crate::value::Value;

/// A policy in a script.
pub(super) struct PolicyObject(DtypePolicy);

impl PolicyObject {
    pub(super) fn value(policy: DtypePolicy) -> Value {
        Value::Host(Rc::new(Self(policy)))
    }
}

const ATTRIBUTES: [&str; 3] = ["compute_dtype", "name", "variable_dtype"];

/// What a policy, or a layer that has one, says about its types.
pub(super) fn attribute(policy: DtypePolicy, name: &str) -> Option<Value> {
    match name {
        "compute_dtype" => Some(Value::text(policy.compute_dtype())),
        // Weights are `float32` under each policy.
        "dtype" | "variable_dtype" => Some(Value::text("float32")),
        "dtype_policy" => Some(PolicyObject::value(policy)),
        _ => None,
    }
}

impl HostObject for PolicyObject {
    fn type_name(&self) -> String {
        "DTypePolicy".to_owned()
    }

    fn repr(&self) -> String {
        format!("<DTypePolicy \"{}\">", self.0)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn names(&self) -> Vec<String> {
        ATTRIBUTES.map(str::to_owned).to_vec()
    }

    fn attribute(&self, _machine: &mut Machine<'_>, name: &str) -> Eval<Option<Value>> {
        Ok(match name {
            "name" => Some(Value::text(self.0.name())),
            name if ATTRIBUTES.contains(&name) => attribute(self.0, name),
            _ => None,
        })
    }

    fn same(&self, other: &dyn HostObject) -> bool {
        other.as_any().downcast_ref::<Self>().is_some_and(|other| other.0 == self.0)
    }
}

/// The policy that a value names: a name, a policy, or `None` for the script's own.
pub(super) fn policy_of(
    session: &Session,
    machine: &mut Machine<'_>,
    value: &Value,
) -> Eval<DtypePolicy> {
    if let Some(policy) = value.host::<PolicyObject>() {
        return Ok(policy.0);
    }
    match value {
        Value::None => Ok(session.dtype_policy.get()),
        Value::Text(name) => name.parse().map_err(|error: dichroic::policy::PolicyError| {
            let headline = format!("dtype policy '{}' is not supported", error.name);
            Fault::unsupported(headline).with_hint(error.advice())
        }),
        other => {
            let shown = machine.repr(other)?;
            let headline = format!("a dtype policy is a name or a DTypePolicy, not {shown}");
            Err(Fault::new(ErrorKind::Type, headline))
        }
    }
}

/// What a function of `keras.mixed_precision` or `keras.config` does with policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PolicyFunction {
    /// `set_global_policy`, `set_dtype_policy`
    Set,
    /// `global_policy`, `dtype_policy`
    Get,
    /// `DTypePolicy`, `Policy`
    Make,
}

impl PolicyFunction {
    /// The function of this name in a module.
    pub(super) fn find(module: &str, name: &str) -> Option<Self> {
        match (module, name) {
            ("keras.mixed_precision", "set_global_policy" | "set_dtype_policy")
            | ("keras.config", "set_dtype_policy") => Some(Self::Set),
            ("keras.mixed_precision", "global_policy" | "dtype_policy")
            | ("keras.config", "dtype_policy") => Some(Self::Get),
            ("keras.mixed_precision", "Policy" | "DTypePolicy")
            | ("keras", "DTypePolicy")
            | ("keras.dtype_policies", "DTypePolicy") => Some(Self::Make),
            _ => None,
        }
    }

    /// The names that a module has.
    pub(super) fn names(module: &str) -> &'static [&'static str] {
        match module {
            "keras.mixed_precision" => &["Policy", "global_policy", "set_global_policy"],
            "keras.config" => &["dtype_policy", "set_dtype_policy"],
            "keras.dtype_policies" => &["DTypePolicy"],
            _ => &[],
        }
    }

    pub(super) fn call(
        self,
        session: &Session,
        machine: &mut Machine<'_>,
        arguments: Arguments,
    ) -> Eval<Value> {
        match self {
            Self::Set => {
                let [policy] = arguments.exactly("set_global_policy", ["policy"])?;
                let policy = policy.read(|value| policy_of(session, machine, value))?;
                session.dtype_policy.set(policy);
                Ok(Value::None)
            }
            Self::Get => {
                let [] = arguments.exactly("global_policy", [])?;
                Ok(PolicyObject::value(session.dtype_policy.get()))
            }
            Self::Make => {
                let [name] = arguments.exactly("DTypePolicy", ["name"])?;
                let policy = name.read(|value| policy_of(session, machine, value))?;
                Ok(PolicyObject::value(policy))
            }
        }
    }
}
