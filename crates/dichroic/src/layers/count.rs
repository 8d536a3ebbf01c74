//! Parameter counts as data: every number with the factors it is the product of.

use std::fmt;

/// One factor of a term: `32 filters`, `3 channels`, `5×5`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factor {
    /// The sizes multiplied in this factor; several for a kernel's sides, `5×5`.
    pub sizes: Vec<usize>,
    /// What is counted, in the plural: `filters`; empty where the sizes speak for themselves.
    pub what: &'static str,
}

impl Factor {
    /// A number of things: `32 filters`.
    pub fn of(size: usize, what: &'static str) -> Self {
        Self { sizes: vec![size], what }
    }

    /// The sides of a kernel: `5×5`.
    pub fn sides(sizes: &[usize]) -> Self {
        Self { sizes: sizes.to_vec(), what: "" }
    }
}

/// The count of one weight: a product of factors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The weight's name: `kernel`, `bias`, `gamma`.
    pub weight: &'static str,
    /// The factors; their product is the count.
    pub factors: Vec<Factor>,
    /// Whether the weight is trainable.
    pub trainable: bool,
}

impl Term {
    /// The term of a trainable weight.
    pub fn new(weight: &'static str, factors: impl Into<Vec<Factor>>) -> Self {
        Self { weight, factors: factors.into(), trainable: true }
    }

    /// The term of a weight that gradients don't change.
    pub fn fixed(weight: &'static str, factors: impl Into<Vec<Factor>>) -> Self {
        Self { trainable: false, ..Self::new(weight, factors) }
    }

    /// The product of the factors; `u64::MAX` where it is larger.
    pub fn total(&self) -> u64 {
        let sizes = self.factors.iter().flat_map(|factor| &factor.sizes);
        sizes.fold(1, |product: u64, &size| product.saturating_mul(size as u64))
    }
}

/// A layer's parameter count: the sum of its terms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// One term for each weight.
    pub terms: Vec<Term>,
}

impl Count {
    /// The sum over all terms.
    pub fn total(&self) -> u64 {
        sum(self.terms.iter())
    }

    /// The sum over the trainable terms.
    pub fn trainable(&self) -> u64 {
        sum(self.terms.iter().filter(|term| term.trainable))
    }
}

fn sum<'a>(terms: impl Iterator<Item = &'a Term>) -> u64 {
    terms.fold(0, |sum, term| sum.saturating_add(term.total()))
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, size) in self.sizes.iter().enumerate() {
            if i > 0 {
                f.write_str("×")?;
            }
            f.write_str(&grouped(*size as u64))?;
        }
        match (self.what, self.sizes.as_slice()) {
            ("", _) => Ok(()),
            (what, [1]) => write!(f, " {}", singular(what)),
            (what, _) => write!(f, " {what}"),
        }
    }
}

fn singular(what: &str) -> String {
    match what.split_once(' ') {
        None if what == "biases" => "bias".to_owned(),
        None => what.strip_suffix('s').unwrap_or(what).to_owned(),
        Some((first @ ("channels" | "filters"), rest)) => format!("{} {rest}", singular(first)),
        Some((first, rest)) => format!("{first} {}", singular(rest)),
    }
}

/// The derivation in one line: `32 filters × 3 channels × 5×5 + 32 biases = 2,432`.
impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, term) in self.terms.iter().enumerate() {
            if i > 0 {
                f.write_str(" + ")?;
            }
            for (j, factor) in term.factors.iter().enumerate() {
                if j > 0 {
                    f.write_str(" × ")?;
                }
                write!(f, "{factor}")?;
            }
        }
        if self.terms.is_empty() {
            return f.write_str("0");
        }
        write!(f, " = {}", grouped(self.total()))
    }
}

/// A number with a comma between each group of three digits, as Keras prints counts.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_shows_the_derivation_of_the_seed_layer() {
        let factors =
            [Factor::of(32, "filters"), Factor::of(3, "channels"), Factor::sides(&[5, 5])];
        let count = Count { terms: vec![Term::new("kernel", factors)] };
        assert_eq!(count.to_string(), "32 filters × 3 channels × 5×5 = 2,400");
    }

    #[test]
    fn one_of_a_thing_is_written_in_the_singular() {
        assert_eq!(Factor::of(1, "biases").to_string(), "1 bias");
        assert_eq!(Factor::of(1, "channels a group").to_string(), "1 channel a group");
        assert_eq!(Factor::of(1, "moving means").to_string(), "1 moving mean");
    }

    #[test]
    fn a_count_too_large_for_a_number_stays_at_the_largest() {
        let factors = [Factor::of(usize::MAX, "units"), Factor::of(usize::MAX, "inputs")];
        assert_eq!(Count { terms: vec![Term::new("kernel", factors)] }.total(), u64::MAX);
    }
}
