//! Holding an output to what is expected, as the package's own runner does.

use crate::arrays::Array;

/// Relative and absolute tolerance of the package's runner.
const RTOL: f64 = 1e-3;
const ATOL: f64 = 1e-7;

/// Whether an output is as expected: same type, same shape, and values that are equal for integers and
/// booleans and within `1e-7 + 1e-3·|expected|` for the others.
///
/// # Errors
/// With the first value that differs.
pub fn compare(name: &str, got: &Array, expected: &Array) -> Result<(), String> {
    if got.element_type != expected.element_type {
        let (got, expected) = (got.element_type, expected.element_type);
        return Err(format!("{name}: expected values of type {expected}, got {got}"));
    }
    if got.shape != expected.shape {
        return Err(format!("{name}: expected shape {:?}, got {:?}", expected.shape, got.shape));
    }
    let tolerance = |expected: f64| {
        if got.element_type.is_float() { ATOL + RTOL * expected.abs() } else { 0.0 }
    };
    let differs = |(&got, &expected): (&f64, &f64)| {
        let same = got == expected || (got.is_nan() && expected.is_nan());
        // Written so that NaN differs from every number.
        !(same || (got - expected).abs() <= tolerance(expected))
    };
    match got.values.iter().zip(&expected.values).position(differs) {
        None => Ok(()),
        Some(at) => {
            let (got, expected) = (got.values[at], expected.values[at]);
            Err(format!("{name}: expected {expected} at place {at}, got {got}"))
        }
    }
}
