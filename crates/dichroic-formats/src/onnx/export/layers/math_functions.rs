//! The layers `Function` and `Clip`.

use dichroic_graph::kernels::elementwise::Unary;
use serde_json::{Map, Value as Json};

use super::super::graph::Attribute;
use super::super::scope::Scope;
use super::super::value::Value;
use super::arithmetic::{cast, number, truncated};
use super::functions::{clip as clipped, function as unary};
use crate::error::Problem;

/// Functions that are an operator of ONNX.
const OPERATORS: [(&str, &str); 20] = [
    ("erf", "Erf"),
    ("exp", "Exp"),
    ("sin", "Sin"),
    ("cos", "Cos"),
    ("tan", "Tan"),
    ("asin", "Asin"),
    ("acos", "Acos"),
    ("atan", "Atan"),
    ("sinh", "Sinh"),
    ("cosh", "Cosh"),
    ("asinh", "Asinh"),
    ("acosh", "Acosh"),
    ("atanh", "Atanh"),
    ("floor", "Floor"),
    ("ceil", "Ceil"),
    ("round", "Round"),
    ("abs", "Abs"),
    ("log", "Log"),
    ("sqrt", "Sqrt"),
    ("hard_silu", "HardSwish"),
];

/// Functions that activations have too.
const UNARIES: [(&str, Unary); 12] = [
    ("negate", Unary::Negate),
    ("square", Unary::Square),
    ("rsqrt", Unary::Rsqrt),
    ("reciprocal", Unary::Reciprocal),
    ("sign", Unary::Sign),
    ("tanh", Unary::Tanh),
    ("sigmoid", Unary::Sigmoid),
    ("softplus", Unary::Softplus),
    ("softsign", Unary::Softsign),
    ("mish", Unary::Mish),
    ("gelu", Unary::Gelu),
    ("gelu_tanh", Unary::GeluTanh),
];

/// `Function`: its name is a word, or an object of one word with numbers.
pub(super) fn function(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.input()?;
    let written: Json = scope.argument("function")?;
    let word = match &written {
        Json::Object(object) => {
            if let Some((word, Json::Object(numbers))) = object.iter().next() {
                return with_numbers(scope, &x, (word, numbers));
            }
            ""
        }
        written => written.as_str().unwrap_or_default(),
    };
    if let Some(&(_, operator)) = OPERATORS.iter().find(|(known, _)| *known == word) {
        return Ok(scope.apply(operator, &x));
    }
    if let Some((_, known)) = UNARIES.iter().find(|(known, _)| *known == word) {
        return unary(scope, *known, &x);
    }
    Ok(match word {
        "trunc" => truncated(scope, &x),
        "not" => {
            let zero = scope.apply_scalar("Equal", &x, 0.0);
            number(scope, &zero)
        }
        "is_nan" => {
            let found = scope.apply("IsNaN", &x);
            number(scope, &found)
        }
        "is_infinite" => infinite(scope, &x, [1, 1]),
        "is_positive_infinite" => infinite(scope, &x, [0, 1]),
        "is_negative_infinite" => infinite(scope, &x, [1, 0]),
        // ONNX's numbers for these types.
        "float16" => rounded(scope, &x, 10),
        "bfloat16" => rounded(scope, &x, 16),
        _ => return Err(scope.unsupported(format!("function {written}"), "use another one")),
    })
}

/// A function with numbers of its own.
fn with_numbers(
    scope: &mut Scope<'_>,
    x: &Value,
    (word, numbers): (&str, &Map<String, Json>),
) -> Result<Value, Problem> {
    let number = |name: &str| {
        let number = numbers.get(name).and_then(Json::as_f64);
        let missing = || Problem::malformed(format!("a number {name} of {word}"), "none");
        number.map(|number| number as f32).ok_or_else(missing)
    };
    let attribute = |name: &'static str, written: &str| {
        Ok::<_, Problem>((name, Attribute::Float(number(written)?)))
    };
    let (op, attributes) = match word {
        "leaky_relu" => ("LeakyRelu", vec![attribute("alpha", "negative_slope")?]),
        "elu" => ("Elu", vec![attribute("alpha", "alpha")?]),
        "celu" => ("Celu", vec![attribute("alpha", "alpha")?]),
        "selu" => ("Selu", vec![attribute("alpha", "alpha")?, attribute("gamma", "gamma")?]),
        "hard_sigmoid" => {
            ("HardSigmoid", vec![attribute("alpha", "alpha")?, attribute("beta", "beta")?])
        }
        "shrink" => ("Shrink", vec![attribute("lambd", "threshold")?, attribute("bias", "bias")?]),
        "thresholded_relu" => {
            let function = Unary::Threshold { threshold: number("alpha")?, value: 0.0 };
            return unary(scope, function, x);
        }
        "affine" => {
            let function = Unary::Affine { scale: number("scale")?, offset: number("offset")? };
            return unary(scope, function, x);
        }
        "swish" => {
            let scaled = unary(scope, Unary::Affine { scale: number("alpha")?, offset: 0.0 }, x)?;
            let gate = scope.apply("Sigmoid", &scaled);
            return Ok(scope.combine("Mul", x, &gate));
        }
        _ => return Err(scope.unsupported(format!("function {word}"), "use another one")),
    };
    Ok(scope.apply_with(op, x, attributes))
}

fn infinite(scope: &mut Scope<'_>, x: &Value, [negative, positive]: [i64; 2]) -> Value {
    let attributes = vec![
        ("detect_negative", Attribute::Int(negative)),
        ("detect_positive", Attribute::Int(positive)),
    ];
    let found = scope.apply_with("IsInf", x, attributes);
    number(scope, &found)
}

/// Rounded to a shorter type.
fn rounded(scope: &mut Scope<'_>, x: &Value, element: i64) -> Value {
    let short = cast(scope, x, element);
    number(scope, &short)
}

/// The layer `Clip`.
pub(super) fn clip(scope: &mut Scope<'_>) -> Result<Value, Problem> {
    let x = scope.input()?;
    match (scope.argument("min")?, scope.argument("max")?) {
        (None, None) => Ok(x),
        (min, max) => Ok(clipped(scope, &x, min, max)),
    }
}
