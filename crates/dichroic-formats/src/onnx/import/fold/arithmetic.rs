//! Arithmetic, comparisons and choices between known values, with sizes that follow from the batch.

use std::cmp::Ordering;

use super::moves::broadcast;
use super::{FoldFn, checked_len, known};
use crate::error::{Located, Problem};
use crate::onnx::import::{Array, ElementType, Entry, Node, Value};

pub(super) const FOLDS: &[(&str, FoldFn)] = &[
    ("Add", |node| calculate(node, &ADD)),
    ("And", |node| logic(node, |a, b| a && b)),
    ("Ceil", |node| rounded(node, f32::ceil)),
    ("Div", |node| calculate(node, &DIVIDE)),
    ("Equal", |node| compare(node, Ordering::is_eq)),
    ("Floor", |node| rounded(node, f32::floor)),
    ("Greater", |node| compare(node, Ordering::is_gt)),
    ("GreaterOrEqual", |node| compare(node, Ordering::is_ge)),
    ("Less", |node| compare(node, Ordering::is_lt)),
    ("LessOrEqual", |node| compare(node, Ordering::is_le)),
    ("Max", |node| calculate(node, &MAXIMUM)),
    ("Min", |node| calculate(node, &MINIMUM)),
    ("Mod", modulo),
    ("Mul", |node| calculate(node, &MULTIPLY)),
    ("Not", not),
    ("Or", |node| logic(node, |a, b| a || b)),
    ("ReduceProd", product),
    ("Sub", |node| calculate(node, &SUBTRACT)),
    ("Where", choose),
];

type Folded<'a> = Result<Option<Vec<Value<'a>>>, Located>;

/// One operation on whole numbers that may be open, and on numbers with fractions.
struct Operation {
    entries: fn(Entry, Entry) -> Entry,
    floats: fn(f32, f32) -> f32,
}

static ADD: Operation = Operation { entries: sum, floats: |a, b| a + b };
static SUBTRACT: Operation = Operation { entries: difference, floats: |a, b| a - b };
static MULTIPLY: Operation = Operation { entries: Entry::times, floats: |a, b| a * b };
static DIVIDE: Operation = Operation { entries: quotient, floats: |a, b| a / b };
static REMAINDER: Operation = Operation { entries: remainder, floats: |a, b| a.rem_euclid(b) };
static MAXIMUM: Operation =
    Operation { entries: |a, b| either(a, b, i64::max), floats: |a, b| if a > b { a } else { b } };
static MINIMUM: Operation =
    Operation { entries: |a, b| either(a, b, i64::min), floats: |a, b| if a < b { a } else { b } };

fn sum(a: Entry, b: Entry) -> Entry {
    match (a, b) {
        (open, Entry::Known(0)) | (Entry::Known(0), open) => open,
        _ => a.with(b, i64::checked_add),
    }
}

fn difference(a: Entry, b: Entry) -> Entry {
    if b == Entry::Known(0) { a } else { a.with(b, i64::checked_sub) }
}

/// Whole numbers divide towards 0.
fn quotient(a: Entry, b: Entry) -> Entry {
    if b == Entry::Known(1) { a } else { a.with(b, i64::checked_div) }
}

/// What is left has the sign of the divisor, as in Python.
fn remainder(a: Entry, b: Entry) -> Entry {
    a.with(b, |a, b| {
        let left = a.checked_rem(b)?;
        Some(if left != 0 && (left < 0) != (b < 0) { left + b } else { left })
    })
}

fn either(a: Entry, b: Entry, choice: fn(i64, i64) -> i64) -> Entry {
    if a == b { a } else { a.with(b, |a, b| Some(choice(a, b))) }
}

/// Both operands stretched to one shape.
fn stretched<'a>(a: &Array<'a>, b: &Array<'a>) -> Result<[Array<'a>; 2], Located> {
    let rank = a.rank().max(b.rank());
    let size = |array: &Array<'_>, axis: usize| {
        axis.checked_sub(rank - array.rank()).map_or(1, |axis| array.shape()[axis])
    };
    let mut shape = Vec::with_capacity(rank);
    for axis in 0..rank {
        shape.push(match (size(a, axis), size(b, axis)) {
            (1, b) => b,
            (a, b) if a == b || b == 1 => a,
            _ => {
                let expected = format!("a shape that stretches to {:?}", a.shape());
                return Err(Problem::malformed(expected, format!("{:?}", b.shape())).into());
            }
        });
    }
    checked_len(&shape)?;
    Ok([broadcast(a, &shape), broadcast(b, &shape)])
}

fn calculate<'a>(node: &mut Node<'_, 'a>, operation: &Operation) -> Folded<'a> {
    let mut result = node.known(0)?;
    for input in 1..node.inputs.len() {
        let [a, b] = stretched(&result, &node.known(input)?)?;
        let (shape, element) = (a.shape().to_vec(), a.element());
        result = if element.is_float() && !a.is_open() && !b.is_open() {
            let (a, b) = (a.to_floats()?, b.to_floats()?);
            let values = a.iter().zip(b.iter()).map(|(&a, &b)| (operation.floats)(a, b)).collect();
            Array::floats(shape, element, values)
        } else {
            let (a, b) = (a.rounded_entries(), b.rounded_entries());
            if !element.is_float() && zero_divisor(operation, &b) {
                return Err(Problem::malformed("a divisor other than 0", 0).into());
            }
            // Numbers with fractions keep them, which no entry can.
            let exact = element.is_float() && std::ptr::eq(operation, &DIVIDE);
            let entry = |(&a, &b): (&Entry, &Entry)| match exact {
                true => a.always_divided_by(b).unwrap_or(Entry::Unknown),
                false => (operation.entries)(a, b),
            };
            let entries = a.iter().zip(&b).map(entry).collect();
            Array::entries(shape, element, entries)
        };
    }
    known(result)
}

/// Of whole numbers; others go through layers.
fn modulo<'a>(node: &mut Node<'_, 'a>) -> Folded<'a> {
    if node.element(0)?.is_float() || node.attributes.flag("fmod")? {
        return Ok(None);
    }
    calculate(node, &REMAINDER)
}

fn zero_divisor(operation: &Operation, divisors: &[Entry]) -> bool {
    let divides = std::ptr::eq(operation, &DIVIDE) || std::ptr::eq(operation, &REMAINDER);
    divides && divisors.contains(&Entry::Known(0))
}

/// Open sizes are whole already.
fn rounded<'a>(node: &mut Node<'_, 'a>, function: fn(f32) -> f32) -> Folded<'a> {
    let x = node.known(0)?;
    if x.is_open() {
        return known(x);
    }
    let values = x.to_floats()?.iter().map(|&value| function(value)).collect();
    known(Array::floats(x.shape().to_vec(), x.element(), values))
}

/// A size of unknown batch is above 0 and below nothing that is known.
fn order(a: Entry, b: Entry) -> Option<Ordering> {
    match (a, b) {
        (Entry::Unknown, Entry::Known(..=0)) => Some(Ordering::Greater),
        (Entry::Known(..=0), Entry::Unknown) => Some(Ordering::Less),
        _ => a.order(b),
    }
}

fn compare<'a>(node: &mut Node<'_, 'a>, holds: fn(Ordering) -> bool) -> Folded<'a> {
    let [a, b] = stretched(&node.known(0)?, &node.known(1)?)?;
    let truth = |holds: bool| Entry::Known(i64::from(holds));
    let entries = if a.is_open() || b.is_open() || !a.element().is_float() {
        let (a, b) = (a.rounded_entries(), b.rounded_entries());
        let compared = |(&a, &b): (&Entry, &Entry)| {
            order(a, b).map_or(Entry::Unknown, |order| truth(holds(order)))
        };
        a.iter().zip(&b).map(compared).collect()
    } else {
        let (x, y) = (a.to_floats()?, b.to_floats()?);
        let compared = |(x, y): (&f32, &f32)| truth(x.partial_cmp(y).is_some_and(holds));
        x.iter().zip(y.iter()).map(compared).collect()
    };
    known(Array::entries(a.shape().to_vec(), ElementType::Bool, entries))
}

fn logic<'a>(node: &mut Node<'_, 'a>, holds: fn(bool, bool) -> bool) -> Folded<'a> {
    let [a, b] = stretched(&node.known(0)?, &node.known(1)?)?;
    let (x, y) = (a.to_whole()?, b.to_whole()?);
    let values = x.iter().zip(y.iter()).map(|(&x, &y)| i64::from(holds(x != 0, y != 0))).collect();
    known(Array::whole(a.shape().to_vec(), ElementType::Bool, values))
}

fn not<'a>(node: &mut Node<'_, 'a>) -> Folded<'a> {
    let x = node.known(0)?;
    let values = x.to_whole()?.iter().map(|&value| i64::from(value == 0)).collect();
    known(Array::whole(x.shape().to_vec(), ElementType::Bool, values))
}

fn choose<'a>(node: &mut Node<'_, 'a>) -> Folded<'a> {
    let [condition, a] = stretched(&node.known(0)?, &node.known(1)?)?;
    let [a, b] = stretched(&a, &node.known(2)?)?;
    let [condition, _] = stretched(&condition, &a)?;
    let (shape, element) = (a.shape().to_vec(), a.element());
    let condition = condition.rounded_entries();
    if element.is_float() && !a.is_open() && !b.is_open() {
        if condition.iter().any(|entry| entry.known().is_none()) {
            return Ok(None);
        }
        let (a, b) = (a.to_floats()?, b.to_floats()?);
        let pick = |(place, entry): (usize, &Entry)| match entry {
            Entry::Known(0) => b[place],
            _ => a[place],
        };
        let values = condition.iter().enumerate().map(pick).collect();
        return known(Array::floats(shape, element, values));
    }
    let (a, b) = (a.rounded_entries(), b.rounded_entries());
    let pick = |(place, entry): (usize, &Entry)| match entry {
        Entry::Known(0) => b[place],
        Entry::Known(_) => a[place],
        _ if a[place] == b[place] => a[place],
        _ => Entry::Unknown,
    };
    let entries = condition.iter().enumerate().map(pick).collect();
    known(Array::entries(shape, element, entries))
}

/// The product of a shape; other products go through layers.
fn product<'a>(node: &mut Node<'_, 'a>) -> Folded<'a> {
    let x = node.known(0)?;
    let (Some(entries), 1) = (x.to_entries(), x.rank()) else { return Ok(None) };
    let product = entries.iter().copied().fold(Entry::Known(1), Entry::times);
    let shape = if node.attributes.int_or("keepdims", 1)? == 0 { Vec::new() } else { vec![1] };
    for attribute in ["axes", "noop_with_empty_axes"] {
        node.attributes.ignore(attribute);
    }
    known(Array::entries(shape, x.element(), vec![product]))
}
