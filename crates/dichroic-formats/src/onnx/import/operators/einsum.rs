//! Sums over named axes: Einsum, as sums and matrix products.

use dichroic::layers::{MatMul, Reduction, ReductionKind, ReshapeAll, StridedSlice};

use super::axes::places;
use super::broadcast::input;
use super::{Operator, Value};
use crate::error::{Located, Problem};
use crate::onnx::import::{Entry, Node, Variable};

pub(super) const OPERATORS: &[Operator] = &[("Einsum", 12..=23, einsum)];

/// Operands are joined two by two from the left; what no later operand and not the output names is summed as soon as it can be.
fn einsum<'a>(node: &mut Node<'_, 'a>) -> Result<Vec<Value<'a>>, Located> {
    let text = node.attributes.text("equation")?.unwrap_or_default();
    let mut operands = Vec::with_capacity(node.inputs.len());
    for place in 0..node.inputs.len() {
        operands.push(input(node, place)?);
    }
    let ranks: Vec<usize> = operands.iter().map(Variable::rank).collect();
    let equation = Equation::parse(text, &ranks).ok_or_else(|| {
        Problem::malformed(format!("an equation for values of {ranks:?} axes"), text)
    })?;
    let mut terms = Vec::with_capacity(operands.len());
    for (value, labels) in operands.into_iter().zip(&equation.inputs) {
        let term = diagonals(node, Term { value, labels: labels.clone() })?;
        terms.push((term.value, term.labels));
    }
    let mut terms = terms.into_iter();
    let (value, labels) = terms.next().ok_or_else(|| Problem::malformed("an input", "none"))?;
    let mut term = Term { value, labels };
    let mut later = &equation.inputs[1..];
    for (value, labels) in terms {
        later = &later[1..];
        let wanted = |label: &char| {
            equation.output.contains(label) || later.iter().any(|labels| labels.contains(label))
        };
        term = join(node, term, Term { value, labels }, &wanted)?;
    }
    let term = summed(node, term, &|label| equation.output.contains(label))?;
    let way = equation.output.iter().map(|label| term.place(*label)).collect::<Option<Vec<_>>>();
    let way = way.ok_or_else(|| Problem::malformed("an output of the inputs' axes", text))?;
    let order = term.value.order.transposed(&way);
    Ok(vec![Value::Variable(term.value.ordered(order))])
}

/// `ij,jk->ik` taken apart.
#[derive(Debug, PartialEq)]
struct Equation {
    inputs: Vec<Vec<char>>,
    output: Vec<char>,
}

impl Equation {
    /// `None` for an equation that does not fit the numbers of axes, or whose output names an axis twice.
    fn parse(text: &str, ranks: &[usize]) -> Option<Self> {
        let text: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
        let (left, right) = match text.split_once("->") {
            Some((left, right)) => (left, Some(right)),
            None => (text.as_str(), None),
        };
        let terms: Vec<&str> = left.split(',').collect();
        if terms.len() != ranks.len() {
            return None;
        }
        let mut widest = 0;
        let mut inputs = Vec::with_capacity(terms.len());
        for (term, &rank) in terms.into_iter().zip(ranks) {
            let named = term.replace("...", "").chars().count();
            let unnamed = rank.checked_sub(named)?;
            widest = widest.max(unnamed);
            inputs.push(labels(term, unnamed)?);
        }
        let fits = |(labels, &rank): (&Vec<char>, &usize)| labels.len() == rank;
        if !inputs.iter().zip(ranks).all(fits) {
            return None;
        }
        let output = match right {
            Some(right) => labels(right, widest)?,
            None => implied(&inputs, widest),
        };
        if repeated(&output).is_some() {
            return None;
        }
        Some(Self { inputs, output })
    }
}

/// The labels of a term; the axes of `...` get labels of their own, counted from the last one.
fn labels(term: &str, unnamed: usize) -> Option<Vec<char>> {
    let expanded = match term.split_once("...") {
        Some((before, after)) => {
            let dots: String = (0..unnamed).rev().filter_map(dot).collect();
            format!("{before}{dots}{after}")
        }
        None => term.to_owned(),
    };
    let labels: Vec<char> = expanded.chars().collect();
    (!labels.contains(&'.')).then_some(labels)
}

/// The first two places of a label that is there twice.
fn repeated(labels: &[char]) -> Option<(usize, usize)> {
    (1..labels.len()).find_map(|second| {
        let first = labels[..second].iter().position(|label| *label == labels[second])?;
        Some((first, second))
    })
}

/// A label that no file uses, for an axis of `...`.
fn dot(number: usize) -> Option<char> {
    char::from_u32(0xE000 + u32::try_from(number).ok()?)
}

/// Without an arrow the output has the axes of `...`, then those that are named once, in the order of the alphabet.
fn implied(inputs: &[Vec<char>], widest: usize) -> Vec<char> {
    let all: Vec<char> = inputs.iter().flatten().copied().collect();
    let dots: Vec<char> = (0..widest).rev().filter_map(dot).collect();
    let once = |label: &&char| all.iter().filter(|other| other == label).count() == 1;
    let mut named: Vec<char> = all.iter().filter(once).copied().collect();
    named.retain(|label| !dots.contains(label));
    named.sort_unstable();
    [dots, named].concat()
}

/// A value with the labels of its axes.
struct Term {
    value: Variable,
    labels: Vec<char>,
}

impl Term {
    fn place(&self, label: char) -> Option<usize> {
        self.labels.iter().position(|&other| other == label)
    }
}

/// An axis that is named twice is the diagonal between both: of `n · n` values side by side, each one `n + 1` further on.
fn diagonals(node: &mut Node<'_, '_>, mut term: Term) -> Result<Term, Located> {
    while let Some((first, second)) = repeated(&term.labels) {
        let rank = term.labels.len();
        let others: Vec<usize> =
            (0..rank).filter(|&axis| axis != first && axis != second).collect();
        let way = [&others[..], &[first, second]].concat();
        let order = term.value.order.transposed(&way);
        let value = node.plain(&term.value.clone().ordered(order))?;
        let (size, other) = (node.size(&value, rank - 2)?, node.size(&value, rank - 1)?);
        let all = size.checked_mul(size).filter(|_| size == other);
        let all =
            all.ok_or_else(|| Problem::malformed(format!("an axis of size {size}"), other))?;
        let shape = [vec![0; rank - 2], vec![all as i64]].concat();
        let flat = node.layer(ReshapeAll::new(shape), &value.symbol)?;
        let last = rank as i64 - 2;
        let diagonal = StridedSlice::new([last], [0], [i64::MAX], [size as i64 + 1]);
        let symbol = node.layer(diagonal, &flat)?;
        let label = term.labels[first];
        term.labels = others.iter().map(|&axis| term.labels[axis]).chain([label]).collect();
        let element = value.element;
        term.value = Variable { batch: value.batch, ..Variable::plain(symbol, element) };
    }
    Ok(term)
}

/// The sum over the axes that nobody wants.
fn summed(
    node: &mut Node<'_, '_>,
    term: Term,
    wanted: &dyn Fn(&char) -> bool,
) -> Result<Term, Located> {
    let gone: Vec<usize> =
        (0..term.labels.len()).filter(|&axis| !wanted(&term.labels[axis])).collect();
    if gone.is_empty() {
        return Ok(term);
    }
    let layer = Reduction::new(ReductionKind::Sum, places(&term.value, &gone), false);
    let symbol = node.layer(layer, &term.value.symbol)?;
    let value = term.value.with(symbol).ordered(term.value.order.without(&gone));
    let labels = term.labels.into_iter().filter(wanted).collect();
    Ok(Term { value, labels })
}

/// Two terms as a matrix product: axes of both that are wanted are its batch, axes of both that are not are summed.
fn join(
    node: &mut Node<'_, '_>,
    a: Term,
    b: Term,
    wanted: &dyn Fn(&char) -> bool,
) -> Result<Term, Located> {
    let (of_a, of_b) = (a.labels.clone(), b.labels.clone());
    let a = summed(node, a, &|label| wanted(label) || of_b.contains(label))?;
    let b = summed(node, b, &|label| wanted(label) || of_a.contains(label))?;
    let (both, left): (Vec<char>, Vec<char>) =
        a.labels.iter().partition(|label| b.labels.contains(label));
    let right: Vec<char> =
        b.labels.iter().copied().filter(|label| !a.labels.contains(label)).collect();
    let (batch, inner): (Vec<char>, Vec<char>) = both.into_iter().partition(|label| wanted(label));
    let left_sizes = sizes(&a, &left);
    let right_sizes = sizes(&b, &right);
    let rows = matrix(node, &a, [&batch, &left, &inner])?;
    let columns = matrix(node, &b, [&batch, &inner, &right])?;
    let product = node.builder.layer(MatMul::new(), &[rows.symbol, columns.symbol])?;
    let mut shape = vec![0; batch.len()];
    shape.extend(left_sizes.iter().chain(&right_sizes));
    let product = match (left.len(), right.len()) {
        (1, 1) => product,
        _ => node.layer(ReshapeAll::new(one_open(node, shape)?), &product)?,
    };
    let value = Variable { batch: a.value.batch, ..Variable::plain(product, a.value.element) };
    Ok(Term { value, labels: [batch, left, right].concat() })
}

/// The sizes of axes, -1 for one that is open.
fn sizes(term: &Term, labels: &[char]) -> Vec<i64> {
    let size = |label: &char| match term.place(*label).map(|axis| term.value.size(axis)) {
        Some(Entry::Known(size)) => size,
        _ => -1,
    };
    labels.iter().map(size).collect()
}

/// The value as a batch of matrices, whose rows and columns are groups of axes.
fn matrix(
    node: &mut Node<'_, '_>,
    term: &Term,
    [batch, rows, columns]: [&[char]; 3],
) -> Result<Variable, Located> {
    let way: Vec<usize> = [batch, rows, columns]
        .concat()
        .into_iter()
        .map(|label| term.place(label).unwrap_or(0))
        .collect();
    let order = term.value.order.transposed(&way);
    let value = node.plain(&term.value.clone().ordered(order))?;
    if rows.len() == 1 && columns.len() == 1 {
        return Ok(value);
    }
    let mut shape = vec![0; batch.len()];
    for group in [rows, columns] {
        let product = sizes(term, group).into_iter().try_fold(1i64, |product, size| match size {
            -1 => None,
            size => product.checked_mul(size),
        });
        shape.push(product.unwrap_or(-1));
    }
    let symbol = node.layer(ReshapeAll::new(one_open(node, shape)?), &value.symbol)?;
    Ok(Variable { batch: value.batch, ..Variable::plain(symbol, value.element) })
}

fn one_open(node: &Node<'_, '_>, shape: Vec<i64>) -> Result<Vec<i64>, Located> {
    if shape.iter().filter(|&&size| size == -1).count() <= 1 {
        return Ok(shape);
    }
    let what = "Einsum over several open sizes";
    Err(node.unsupported(what, "give the sizes of the model's inputs with --input"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str, ranks: &[usize]) -> Option<(Vec<String>, String)> {
        let equation = Equation::parse(text, ranks)?;
        let inputs = equation.inputs.iter().map(|labels| labels.iter().collect()).collect();
        Some((inputs, equation.output.iter().collect()))
    }

    #[test]
    fn an_output_that_is_not_written_has_the_axes_named_once() {
        let (inputs, output) = parsed("bij, bjk", &[3, 3]).unwrap();
        assert_eq!((inputs, output.as_str()), (vec!["bij".to_owned(), "bjk".to_owned()], "ik"));
        assert_eq!(parsed("i,i", &[1, 1]).unwrap().1, "");
    }

    #[test]
    fn dots_stand_for_the_axes_that_have_no_name() {
        let equation = Equation::parse("...ij,jk->...ik", &[4, 2]).unwrap();
        assert_eq!(equation.inputs[0].len(), 4);
        assert_eq!(equation.output[..2], equation.inputs[0][..2]);
    }

    #[test]
    fn an_equation_that_does_not_fit_is_refused() {
        assert_eq!(parsed("i->ii", &[1]), None);
        assert_eq!(parsed("ij->i", &[3]), None);
        assert_eq!(repeated(&['b', 'i', 'i']), Some((1, 2)));
    }
}
