//! Two values made one by numpy's rules: `Arithmetic`, `Where`, `MatMul`.

use super::super::graph::Attribute;
use super::super::scope::Scope;
use super::super::value::Value;
use super::merging::{NewAxes, aligned};
use crate::error::Problem;

/// ONNX's number for the element type `float`.
const FLOAT: i64 = 1;
/// ONNX's number for the element type `int64`.
const INT64: i64 = 7;
/// ONNX's number for the element type `bool`.
const BOOL: i64 = 9;

/// `Arithmetic` of one of its kinds; what ONNX computes on truth values or whole numbers is cast there and back.
pub(super) fn arithmetic(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let kind: String = scope.argument("kind")?;
    let shape = scope.output_shape()?;
    let operands = aligned(scope, NewAxes::InFront)?;
    let [a, b] = operands.as_slice() else {
        return Err(Problem::malformed("two inputs", operands.len()));
    };
    // The result has the sizes of both.
    let a = &a.clone().reshaped(shape);
    Ok(match kind.as_str() {
        "add" => scope.combine("Add", a, b),
        "subtract" => scope.combine("Sub", a, b),
        "multiply" => scope.combine("Mul", a, b),
        "divide" => scope.combine("Div", a, b),
        "power" => scope.combine("Pow", a, b),
        "maximum" => scope.combine("Max", a, b),
        "minimum" => scope.combine("Min", a, b),
        "equal" => truth(scope, "Equal", a, b),
        "less" => truth(scope, "Less", a, b),
        "less_or_equal" => truth(scope, "LessOrEqual", a, b),
        "greater" => truth(scope, "Greater", a, b),
        "greater_or_equal" => truth(scope, "GreaterOrEqual", a, b),
        "not_equal" => {
            let equal = scope.combine("Equal", a, b);
            let unequal = scope.apply("Not", &equal);
            number(scope, &unequal)
        }
        "and" => logic(scope, "And", a, b),
        "or" => logic(scope, "Or", a, b),
        "xor" => logic(scope, "Xor", a, b),
        "bitwise_and" => bitwise(scope, "BitwiseAnd", a, b)?,
        "bitwise_or" => bitwise(scope, "BitwiseOr", a, b)?,
        "bitwise_xor" => bitwise(scope, "BitwiseXor", a, b)?,
        "shift_left" => shifted(scope, a, b),
        "shift_right" => {
            let power = power_of_two(scope, b);
            let quotient = scope.combine("Div", a, &power);
            scope.apply("Floor", &quotient)
        }
        "remainder" => remainder(scope, a, b),
        "modulo" => modulo(scope, a, b),
        "integer_divide" => {
            let quotient = scope.combine("Div", a, b);
            truncated(scope, &quotient)
        }
        "parametric_relu" => {
            let below = scope.apply_scalar("Less", a, 0.0);
            let product = scope.combine("Mul", a, b);
            choose(scope, &below, &product, &a.name)
        }
        other => return Err(scope.unsupported(format!("kind {other:?}"), "use another kind")),
    })
}

/// The value cast to another element type.
pub(super) fn cast(scope: &mut Scope<'_>, x: &Value, element: i64) -> Value {
    scope.apply_with("Cast", x, vec![("to", Attribute::Int(element))])
}

/// Truth values or whole numbers as floats, which all values of a model are.
pub(super) fn number(scope: &mut Scope<'_>, x: &Value) -> Value {
    cast(scope, x, FLOAT)
}

/// Floats that are whole as ONNX's indices.
pub(super) fn indices(scope: &mut Scope<'_>, x: &Value) -> Value {
    cast(scope, x, INT64)
}

/// Towards zero.
pub(super) fn truncated(scope: &mut Scope<'_>, x: &Value) -> Value {
    let sign = scope.apply("Sign", x);
    let size = scope.apply("Abs", x);
    let floor = scope.apply("Floor", &size);
    scope.combine("Mul", &floor, &sign)
}

fn truth(scope: &mut Scope<'_>, op: &'static str, a: &Value, b: &Value) -> Value {
    let truth = scope.combine(op, a, b);
    number(scope, &truth)
}

fn logic(scope: &mut Scope<'_>, op: &'static str, a: &Value, b: &Value) -> Value {
    let (a, b) = (cast(scope, a, BOOL), cast(scope, b, BOOL));
    truth(scope, op, &a, &b)
}

fn bitwise(
    scope: &mut Scope<'_>,
    op: &'static str,
    a: &Value,
    b: &Value,
) -> Result<Value, Problem> {
    if scope.options.opset < 18 {
        return Err(scope.unsupported(format!("{op} below opset 18"), "use opset 18"));
    }
    let (a, b) = (indices(scope, a), indices(scope, b));
    let whole = scope.combine(op, &a, &b);
    Ok(number(scope, &whole))
}

fn power_of_two(scope: &mut Scope<'_>, exponent: &Value) -> Value {
    let two = scope.scalar(2.0);
    let name = scope.emit("Pow", &[&two, &exponent.name], Vec::new());
    exponent.renamed(name)
}

/// `a · 2^b`, nothing once all 64 bits are shifted out.
fn shifted(scope: &mut Scope<'_>, a: &Value, b: &Value) -> Value {
    let power = power_of_two(scope, b);
    let product = scope.combine("Mul", a, &power);
    let inside = scope.apply_scalar("Less", b, 64.0);
    let zero = scope.scalar(0.0);
    choose(scope, &inside, &product, &zero)
}

/// With the sign of `a`, as in C.
fn remainder(scope: &mut Scope<'_>, a: &Value, b: &Value) -> Value {
    let fmod = vec![("fmod", Attribute::Int(1))];
    let name = scope.emit("Mod", &[&a.name, &b.name], fmod);
    a.renamed(name)
}

/// With the sign of `b`, as in Python: ONNX's `Mod` does that to whole numbers only.
fn modulo(scope: &mut Scope<'_>, a: &Value, b: &Value) -> Value {
    let rest = remainder(scope, a, b);
    let signs = scope.combine("Mul", &rest, b);
    let differ = scope.apply_scalar("Less", &signs, 0.0);
    let turned = scope.combine("Add", &rest, b);
    choose(scope, &differ, &turned, &rest.name)
}

fn choose(scope: &mut Scope<'_>, condition: &Value, yes: &Value, no: &str) -> Value {
    let name = scope.emit("Where", &[&condition.name, &yes.name, no], Vec::new());
    yes.renamed(name)
}

/// `Where` on a condition that is a number.
pub(super) fn select(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let shape = scope.output_shape()?;
    let operands = aligned(scope, NewAxes::InFront)?;
    let [condition, yes, no] = operands.as_slice() else {
        return Err(Problem::malformed("a condition and two values", operands.len()));
    };
    let condition = cast(scope, condition, BOOL);
    Ok(choose(scope, &condition, yes, &no.name).reshaped(shape))
}

/// `MatMul`, whose rules for axes are numpy's on both sides.
pub(super) fn product(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let shape = scope.output_shape()?;
    let factors = scope.plain_inputs();
    let names: Vec<&str> = factors.iter().map(|factor| factor.name.as_str()).collect();
    let name = scope.emit("MatMul", &names, Vec::new());
    Ok(Value::plain(name, shape))
}
