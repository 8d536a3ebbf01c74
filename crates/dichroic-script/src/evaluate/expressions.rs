//! Expressions.

use ruff_python_ast::{
    BoolOp, ConversionFlag, Expr, ExprCompare, ExprDict, ExprFString, FStringPart,
    InterpolatedStringElement, InterpolatedStringElements, Number, UnaryOp,
};
use ruff_text_size::{Ranged, TextRange};

use super::calls::Callee;
use super::names::Names;
use crate::arguments::integer;
use crate::error::{AtPlace, ErrorKind, Eval, Fault, nearest};
use crate::heap::{Bound, Dict, Set, Slice};
use crate::machine::{Body, Function, Machine, ScopeId};
use crate::value::Value;

impl<'a> Machine<'a> {
    pub(crate) fn expression(&mut self, expression: &'a Expr, scope: ScopeId) -> Eval<Value> {
        self.meter.enter().at(expression.range())?;
        let value = self.evaluate(expression, scope).at(expression.range())?;
        self.meter.leave();
        Ok(value)
    }

    /// One case a kind of expression. The longer cases are functions of their own, since what they keep on the stack
    /// would be kept by every level of this one.
    fn evaluate(&mut self, expression: &'a Expr, scope: ScopeId) -> Eval<Value> {
        match expression {
            Expr::Name(name) => self.look_up(scope, &name.id),
            Expr::NumberLiteral(number) => literal_number(&number.value),
            Expr::StringLiteral(text) => self.text(text.value.to_str().to_owned()),
            Expr::BooleanLiteral(literal) => Ok(Value::Bool(literal.value)),
            Expr::NoneLiteral(_) => Ok(Value::None),
            Expr::EllipsisLiteral(_) => Ok(Value::Ellipsis),
            Expr::FString(text) => self.f_string(text, scope),
            Expr::List(list) => {
                let items = self.elements(&list.elts, scope)?;
                self.list(items)
            }
            Expr::Tuple(tuple) => {
                let items = self.elements(&tuple.elts, scope)?;
                self.tuple(items)
            }
            Expr::Set(set) => self.set_display(&set.elts, scope),
            Expr::Dict(dict) => self.dict_display(dict, scope),
            Expr::BinOp(binary) => {
                let left = self.expression(&binary.left, scope)?;
                let right = self.expression(&binary.right, scope)?;
                self.binary(binary.op, left, right)
            }
            Expr::UnaryOp(unary) => {
                let operand = self.expression(&unary.operand, scope)?;
                self.unary(unary.op, operand)
            }
            Expr::BoolOp(chain) => self.bool_chain(chain.op, &chain.values, scope),
            Expr::Compare(compare) => self.compare_chain(compare, scope),
            Expr::If(choice) => {
                let test = self.expression(&choice.test, scope)?;
                let taken = if self.truth(&test) { &choice.body } else { &choice.orelse };
                self.expression(taken, scope)
            }
            Expr::Call(call) => {
                let callee = self.callee(&call.func, scope)?;
                let arguments = self.arguments(&call.arguments, scope)?;
                match callee {
                    Callee::Value(value) => self.call(&value, arguments, call.range),
                    Callee::Method(receiver, name) => {
                        self.call_method(&receiver, name, arguments).at(call.range)
                    }
                }
            }
            Expr::Attribute(attribute) => {
                let object = self.expression(&attribute.value, scope)?;
                self.attribute(&object, &attribute.attr).at(attribute.attr.range)
            }
            Expr::Subscript(subscript) => {
                let object = self.expression(&subscript.value, scope)?;
                let index = self.expression(&subscript.slice, scope)?;
                self.item(&object, &index)
            }
            Expr::Slice(slice) => {
                let mut bound = |part: &'a Option<Box<Expr>>| match part {
                    None => Ok(None),
                    Some(part) => match self.expression(part, scope)? {
                        Value::None => Ok(None),
                        other => integer(&other).map(Some).at(part.range()),
                    },
                };
                let slice = Slice {
                    start: bound(&slice.lower)?,
                    stop: bound(&slice.upper)?,
                    step: bound(&slice.step)?,
                };
                self.heap.new_slice(slice, &mut self.meter)
            }
            Expr::Lambda(lambda) => {
                let parameters = lambda.parameters.as_deref();
                let names = self
                    .names_at(lambda.range.start(), || Names::of_lambda(parameters, &lambda.body));
                let defaults = self.defaults(parameters, scope)?;
                self.add_function(Function {
                    name: "<lambda>".into(),
                    parameters,
                    defaults,
                    body: Body::Expression(&lambda.body),
                    scope,
                    names,
                })
            }
            Expr::ListComp(comprehension) => {
                let mut items = Vec::new();
                self.comprehension(&comprehension.generators, scope, &mut |machine, scope| {
                    let item = machine.expression(&comprehension.elt, scope)?;
                    machine.meter.allocate_items(1)?;
                    items.push(item);
                    Ok(())
                })?;
                self.list(items)
            }
            Expr::Generator(generator) => {
                let mut items = Vec::new();
                self.comprehension(&generator.generators, scope, &mut |machine, scope| {
                    let item = machine.expression(&generator.elt, scope)?;
                    machine.meter.allocate_items(1)?;
                    items.push(item);
                    Ok(())
                })?;
                self.iterator(items)
            }
            Expr::SetComp(comprehension) => {
                let mut set = Set::new();
                self.comprehension(&comprehension.generators, scope, &mut |machine, scope| {
                    let item = machine.expression(&comprehension.elt, scope)?;
                    let key = machine.key(&item)?;
                    machine.meter.allocate_items(2)?;
                    set.entry(key).or_insert(item);
                    Ok(())
                })?;
                self.heap.new_set(set, &mut self.meter)
            }
            Expr::DictComp(comprehension) => {
                let mut dict = Dict::new();
                self.comprehension(&comprehension.generators, scope, &mut |machine, scope| {
                    let name = machine.expression(&comprehension.key, scope)?;
                    let value = machine.expression(&comprehension.value, scope)?;
                    let key = machine.key(&name)?;
                    machine.meter.allocate_items(3)?;
                    dict.insert(key, (name, value));
                    Ok(())
                })?;
                self.dict(dict)
            }
            Expr::Named(named) => {
                let value = self.expression(&named.value, scope)?;
                let around = self.around_comprehensions(scope);
                self.assign(&named.target, value.clone(), around)?;
                Ok(value)
            }
            Expr::Starred(starred) => {
                Err(Fault::new(ErrorKind::Syntax, "`*` cannot stand here").at(starred.range))
            }
            Expr::BytesLiteral(bytes) => Err(not_run("a bytes literal", bytes.range)),
            Expr::TString(text) => Err(not_run("a template string", text.range)),
            Expr::Await(wait) => Err(not_run("`await`", wait.range)),
            Expr::Yield(give) => Err(not_run("`yield`", give.range)),
            Expr::YieldFrom(give) => Err(not_run("`yield`", give.range)),
            Expr::IpyEscapeCommand(command) => Err(not_run("a notebook command", command.range)),
        }
    }

    /// The values of `[a, *b, c]`.
    fn elements(&mut self, elements: &'a [Expr], scope: ScopeId) -> Eval<Vec<Value>> {
        let mut items = Vec::new();
        for element in elements {
            match element {
                Expr::Starred(starred) => {
                    let gathered = self.expression(&starred.value, scope)?;
                    items.extend(self.items_of(&gathered).at(starred.range)?);
                }
                element => items.push(self.expression(element, scope)?),
            }
        }
        Ok(items)
    }

    fn set_display(&mut self, elements: &'a [Expr], scope: ScopeId) -> Eval<Value> {
        let items = self.elements(elements, scope)?;
        let set = self.set_of(items)?;
        self.heap.new_set(set, &mut self.meter)
    }

    pub(crate) fn set_of(&mut self, items: Vec<Value>) -> Eval<Set> {
        let mut set = Set::new();
        for item in items {
            let key = self.key(&item)?;
            set.entry(key).or_insert(item);
        }
        Ok(set)
    }

    fn dict_display(&mut self, dict: &'a ExprDict, scope: ScopeId) -> Eval<Value> {
        let mut entries = Dict::new();
        for item in &dict.items {
            match &item.key {
                Some(key_expression) => {
                    let name = self.expression(key_expression, scope)?;
                    let key = self.key(&name).at(key_expression.range())?;
                    let value = self.expression(&item.value, scope)?;
                    entries.insert(key, (name, value));
                }
                None => match self.expression(&item.value, scope)? {
                    Value::Dict(id) => {
                        let other = self.heap.dict(id);
                        self.meter.allocate_items(3 * other.len())?;
                        entries
                            .extend(other.iter().map(|(key, entry)| (key.clone(), entry.clone())));
                    }
                    other => {
                        return Err(Fault::type_error(format!(
                            "`**` needs a dict, got {}",
                            other.type_name()
                        ))
                        .at(item.value.range()));
                    }
                },
            }
        }
        self.dict(entries)
    }

    fn bool_chain(&mut self, op: BoolOp, values: &'a [Expr], scope: ScopeId) -> Eval<Value> {
        let mut result = Value::None;
        for value in values {
            result = self.expression(value, scope)?;
            let decided = match op {
                BoolOp::And => !self.truth(&result),
                BoolOp::Or => self.truth(&result),
            };
            if decided {
                break;
            }
        }
        Ok(result)
    }

    fn compare_chain(&mut self, compare: &'a ExprCompare, scope: ScopeId) -> Eval<Value> {
        let mut left = self.expression(&compare.left, scope)?;
        for (op, right) in compare.ops.iter().zip(&compare.comparators) {
            let right = self.expression(right, scope)?;
            if !self.compare(*op, &left, &right)? {
                return Ok(Value::Bool(false));
            }
            left = right;
        }
        Ok(Value::Bool(true))
    }

    pub(crate) fn unary(&mut self, op: UnaryOp, operand: Value) -> Eval<Value> {
        Ok(match (op, &operand) {
            (UnaryOp::Not, _) => Value::Bool(!self.truth(&operand)),
            (UnaryOp::USub, Value::Float(value)) => Value::Float(-value),
            (UnaryOp::UAdd, Value::Float(_)) => operand,
            (_, Value::Int(_) | Value::Bool(_)) => {
                let value = integer(&operand)?;
                Value::Int(match op {
                    UnaryOp::USub => value.checked_neg().ok_or_else(too_large)?,
                    UnaryOp::Invert => !value,
                    UnaryOp::UAdd | UnaryOp::Not => value,
                })
            }
            (_, other) => {
                return Err(Fault::type_error(format!(
                    "`{}` does not take {}",
                    op.as_str(),
                    other.type_name()
                )));
            }
        })
    }

    fn f_string(&mut self, text: &'a ExprFString, scope: ScopeId) -> Eval<Value> {
        let mut result = String::new();
        for part in text.value.iter() {
            match part {
                FStringPart::Literal(literal) => result.push_str(&literal.value),
                FStringPart::FString(part) => {
                    self.interpolate(&part.elements, scope, &mut result)?;
                }
            }
        }
        self.text(result)
    }

    fn interpolate(
        &mut self,
        elements: &'a InterpolatedStringElements,
        scope: ScopeId,
        result: &mut String,
    ) -> Eval<()> {
        for element in elements {
            match element {
                InterpolatedStringElement::Literal(literal) => result.push_str(&literal.value),
                InterpolatedStringElement::Interpolation(part) => {
                    let value = self.expression(&part.expression, scope)?;
                    let mut specification = String::new();
                    if let Some(format) = &part.format_spec {
                        self.interpolate(&format.elements, scope, &mut specification)?;
                    }
                    let mut conversion = part.conversion;
                    if let Some(debug) = &part.debug_text {
                        result.push_str(&debug.leading);
                        result.push_str(self.source_at(part.expression.range()));
                        result.push_str(&debug.trailing);
                        if conversion == ConversionFlag::None && part.format_spec.is_none() {
                            conversion = ConversionFlag::Repr;
                        }
                    }
                    let value = match conversion {
                        ConversionFlag::None => value,
                        ConversionFlag::Str => Value::text(self.str(&value)?),
                        ConversionFlag::Repr | ConversionFlag::Ascii => {
                            Value::text(self.repr(&value)?)
                        }
                    };
                    let shown = self.format(&value, &specification).at(part.range())?;
                    self.meter.allocate_text(shown.len())?;
                    result.push_str(&shown);
                }
            }
        }
        Ok(())
    }

    /// `object.name`.
    pub(crate) fn attribute(&mut self, object: &Value, name: &str) -> Eval<Value> {
        match object {
            Value::Host(host) => {
                let host = host.clone();
                if let Some(value) = host.attribute(self, name)? {
                    return Ok(value);
                }
                if name == "__class__" {
                    return Ok(self.type_of(object));
                }
                if host.has_method(name) {
                    return self.bound(object, name);
                }
                let fault = Fault::new(
                    ErrorKind::Attribute,
                    format!("{} has no attribute `{name}`", host.type_name()),
                );
                Err(match nearest(name, host.names().iter().map(String::as_str)) {
                    Some(known) => fault.with_hint(format!("did you mean `{known}`?")),
                    None => fault,
                })
            }
            Value::Function(id) if name == "__name__" => {
                Ok(Value::Text(self.function(*id).name.clone()))
            }
            Value::Builtin(builtin) if name == "__name__" => Ok(Value::text(builtin.name)),
            Value::Type(type_name) if name == "__name__" => Ok(Value::Text(type_name.clone())),
            _ if name == "__class__" => Ok(self.type_of(object)),
            _ if crate::builtins::has_method(object, name) => self.bound(object, name),
            _ => {
                let fault = Fault::new(
                    ErrorKind::Attribute,
                    format!("{} has no attribute `{name}`", object.type_name()),
                );
                let known = crate::builtins::methods(object);
                Err(match nearest(name, known.iter().copied()) {
                    Some(known) => fault.with_hint(format!("did you mean `{known}`?")),
                    None => fault,
                })
            }
        }
    }

    fn bound(&mut self, object: &Value, name: &str) -> Eval<Value> {
        let bound = Bound { receiver: object.clone(), name: name.into() };
        self.heap.new_bound(bound, &mut self.meter)
    }
}

fn not_run(what: &str, range: TextRange) -> Box<Fault> {
    Fault::unsupported(format!("{what} is not run here")).at(range)
}

/// A number that 64 bits cannot hold: Python's integers grow, ours are an error instead.
pub(crate) fn too_large() -> Box<Fault> {
    Fault::new(ErrorKind::Arithmetic, "the result does not fit into a whole number of 64 bits")
}

fn literal_number(number: &Number) -> Eval<Value> {
    match number {
        Number::Int(value) => value.as_i64().map(Value::Int).ok_or_else(too_large),
        Number::Float(value) => Ok(Value::Float(*value)),
        Number::Complex { .. } => Err(Fault::unsupported("complex numbers are not run here")),
    }
}
