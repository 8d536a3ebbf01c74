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
    /// The product of the factors.
    pub fn total(&self) -> u64 {
        self.factors.iter().flat_map(|factor| &factor.sizes).map(|&size| size as u64).product()
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
        self.terms.iter().map(Term::total).sum()
    }

    /// The sum over the trainable terms.
    pub fn trainable(&self) -> u64 {
        self.terms.iter().filter(|term| term.trainable).map(Term::total).sum()
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, size) in self.sizes.iter().enumerate() {
            if i > 0 {
                f.write_str("×")?;
            }
            f.write_str(&grouped(*size as u64))?;
        }
        if !self.what.is_empty() {
            write!(f, " {}", self.what)?;
        }
        Ok(())
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
        let kernel = Term {
            weight: "kernel",
            factors: vec![
                Factor { sizes: vec![32], what: "filters" },
                Factor { sizes: vec![3], what: "channels" },
                Factor { sizes: vec![5, 5], what: "" },
            ],
            trainable: true,
        };
        let count = Count { terms: vec![kernel] };
        assert_eq!(count.to_string(), "32 filters × 3 channels × 5×5 = 2,400");
    }
}
