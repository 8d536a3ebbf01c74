//! What a name of the file stands for while a model is made of it.

use std::cmp::Ordering;
use std::fmt;

use dichroic::Shape;
use dichroic::model::Symbol;

use super::samples::Samples;
use super::{Array, ElementType, Order};

/// A whole number in a shape or an array of sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// This number.
    Known(i64),
    /// This many times the number of items in the batch.
    Batch(i64),
    /// A number that follows from open sizes.
    Open(Samples),
    /// Something that can't be told.
    Unknown,
}

impl Entry {
    /// The number, if it is one.
    pub fn known(&self) -> Option<i64> {
        match self {
            Self::Known(number) => Some(*number),
            _ => None,
        }
    }
}

impl Entry {
    /// What it is for some sizes of the inputs.
    fn samples(self) -> Option<Samples> {
        match self {
            Self::Known(number) => Some(Samples::of(|_| Some(number))),
            Self::Batch(times) => Some(Samples::of_batch(times)),
            Self::Open(samples) => Some(samples),
            Self::Unknown => None,
        }
    }

    /// What a function makes of two numbers; sizes for which it makes nothing take no part.
    #[must_use]
    pub fn with(self, other: Self, function: impl Fn(i64, i64) -> Option<i64>) -> Self {
        match (self, other) {
            (Self::Known(a), Self::Known(b)) => function(a, b).map_or(Self::Unknown, Self::Known),
            _ => match (self.samples(), other.samples()) {
                (Some(a), Some(b)) => a.with(b, function).entry(),
                _ => Self::Unknown,
            },
        }
    }

    /// The product.
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        match (self, other) {
            (Self::Known(0), _) | (_, Self::Known(0)) => Self::Known(0),
            _ => self.with(other, i64::checked_mul),
        }
    }

    /// The quotient; `None` unless it is whole.
    pub fn divided_by(self, other: Self) -> Option<Self> {
        let whole = |a: i64, b: i64| (b != 0 && a % b == 0).then(|| a / b);
        Some(self.with(other, whole)).filter(|quotient| *quotient != Self::Unknown)
    }

    /// The quotient if it is whole for all sizes.
    pub fn always_divided_by(self, other: Self) -> Option<Self> {
        let (a, b) = (self.samples()?, other.samples()?);
        let whole = a.pairs(b).all(|(a, b)| b != 0 && a % b == 0);
        if whole { self.divided_by(other) } else { None }
    }

    /// Whether both are the same number.
    pub fn agrees(self, other: Self) -> bool {
        match (self, other) {
            (Self::Known(a), Self::Known(b)) => a == b,
            _ => self.samples().zip(other.samples()).is_some_and(|(a, b)| a.agrees(b)),
        }
    }

    /// Which of both is greater, if that is so for all sizes.
    pub fn order(self, other: Self) -> Option<Ordering> {
        let (a, b) = (self.samples()?, other.samples()?);
        let mut orders = a.pairs(b).map(|(a, b)| a.cmp(&b));
        let first = orders.next()?;
        orders.all(|order| order == first).then_some(first)
    }

    /// How many times the other number it is for all sizes, as a fraction in lowest terms.
    pub fn ratio(self, other: Self) -> Option<(i64, i64)> {
        let (a, b) = (self.samples()?, other.samples()?);
        let (first, of) = a.pairs(b).next().filter(|&(a, b)| a > 0 && b > 0)?;
        let common = common_divisor(first, of);
        let (up, down) = (first / common, of / common);
        let (grown, shrunk) =
            (a.with(a, |a, _| a.checked_mul(down)), b.with(b, |b, _| b.checked_mul(up)));
        grown.agrees(shrunk).then_some((up, down))
    }

    /// Whether this product is at least as large as another, so that the other must grow to meet it.
    pub fn holds(self, other: Self) -> bool {
        match (self.samples(), other.samples()) {
            (Some(a), Some(b)) => a.pairs(b).next().is_none_or(|(a, b)| a >= b),
            _ => false,
        }
    }
}

fn common_divisor(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(number) => write!(f, "{number}"),
            Self::Batch(1) => f.write_str("batch"),
            Self::Batch(times) => write!(f, "{times}·batch"),
            Self::Open(_) | Self::Unknown => f.write_str("?"),
        }
    }
}

/// A value of the file: known now, or computed by layers from the model's inputs.
#[derive(Clone, Debug)]
pub(crate) enum Value<'a> {
    /// An array whose values are known.
    Known(Array<'a>),
    /// What a layer makes.
    Variable(Variable),
}

impl Value<'_> {
    /// The sizes in ONNX's order.
    pub fn sizes(&self) -> Vec<Entry> {
        match self {
            Self::Known(array) => {
                array.shape().iter().map(|&size| Entry::Known(size as i64)).collect()
            }
            Self::Variable(variable) => variable.sizes(),
        }
    }

    /// The number of axes.
    pub fn rank(&self) -> usize {
        match self {
            Self::Known(array) => array.rank(),
            Self::Variable(variable) => variable.rank(),
        }
    }

    /// The type in the file.
    pub fn element(&self) -> ElementType {
        match self {
            Self::Known(array) => array.element(),
            Self::Variable(variable) => variable.element,
        }
    }
}

/// A value that layers compute, with the order of its axes in memory.
#[derive(Clone, Debug)]
pub(crate) struct Variable {
    /// What the layer makes, axes as they lie in memory.
    pub symbol: Symbol,
    /// Which of ONNX's axes lies where.
    pub order: Order,
    /// The type in the file.
    pub element: ElementType,
    /// What the first axis of memory is, if its size is open: this many times the batch.
    pub batch: i64,
    /// For a flattened value: how its last axis would have to be shuffled to be ONNX's.
    pub flattened: Option<Flattened>,
    /// The same values under the shape that they had before a Reshape; forgotten once anything is done to them.
    pub before: Option<Box<Variable>>,
}

/// The last axis of memory holds several axes of ONNX in an order that is not ONNX's.
///
/// Who multiplies by known weights permutes their rows; everybody else has the values moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flattened {
    /// The sizes of ONNX's axes.
    pub shape: Vec<usize>,
    /// Which of them lies where.
    pub order: Order,
}

impl Variable {
    /// A value whose memory is as ONNX sees it.
    pub fn plain(symbol: Symbol, element: ElementType) -> Self {
        let order = Order::plain(symbol.shape().rank());
        Self { symbol, order, element, batch: 1, flattened: None, before: None }
    }

    /// What a layer makes of this value that keeps the places of its axes.
    #[must_use]
    pub fn with(&self, symbol: Symbol) -> Self {
        Self { symbol, before: None, ..self.clone() }
    }

    /// The same with other places of the axes.
    #[must_use]
    pub fn ordered(self, order: Order) -> Self {
        Self { order, before: None, ..self }
    }

    /// The same with another type.
    #[must_use]
    pub fn typed(self, element: ElementType) -> Self {
        Self { element, ..self }
    }

    /// The number of axes.
    pub fn rank(&self) -> usize {
        self.order.rank()
    }

    /// The shape as it lies in memory.
    pub fn shape(&self) -> &Shape {
        self.symbol.shape()
    }

    /// The size of the first axis of memory.
    pub fn size_of_items(&self) -> Entry {
        self.order.places().first().map_or(Entry::Known(1), |&axis| self.size(axis))
    }

    /// The sizes in ONNX's order.
    pub fn sizes(&self) -> Vec<Entry> {
        (0..self.rank()).map(|axis| self.size(axis)).collect()
    }

    /// The size of an axis of ONNX.
    pub fn size(&self, axis: usize) -> Entry {
        let place = self.order.place_of(axis);
        match self.symbol.shape().axes().get(place).copied().flatten() {
            Some(size) => Entry::Known(size as i64),
            None if place == 0 => Entry::Batch(self.batch),
            None => Entry::Unknown,
        }
    }
}
