//! The weights that plans read: one store for all plans of a model.

use std::sync::atomic::{AtomicU64, Ordering};

use dichroic_kernels::tensor::Tensor;

/// The number of a parameter in its [`Parameters`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParameterId(pub usize);

/// Weights by number, with a version that tells plans when to prepare what they derive from them.
#[derive(Clone, Debug, Default)]
pub struct Parameters {
    tensors: Vec<Tensor>,
    version: u64,
}

impl Parameters {
    /// A store of these tensors, numbered in their order.
    pub fn new(tensors: Vec<Tensor>) -> Self {
        Self { tensors, version: next_version() }
    }

    /// The number of parameters.
    pub fn len(&self) -> usize {
        self.tensors.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.tensors.is_empty()
    }

    /// A parameter's tensor.
    pub fn get(&self, id: ParameterId) -> Option<&Tensor> {
        self.tensors.get(id.0)
    }

    /// A parameter's tensor to be changed; plans will prepare anew.
    pub fn get_mut(&mut self, id: ParameterId) -> Option<&mut Tensor> {
        self.version = next_version();
        self.tensors.get_mut(id.0)
    }

    /// All tensors in order.
    pub fn tensors(&self) -> &[Tensor] {
        &self.tensors
    }

    /// All tensors, to be changed; plans will prepare anew.
    pub fn tensors_mut(&mut self) -> &mut [Tensor] {
        self.version = next_version();
        &mut self.tensors
    }

    /// Changes with each change of the values; no two stores that differ have the same one.
    pub fn version(&self) -> u64 {
        self.version
    }
}

/// A number that was not given before, in this store or another.
fn next_version() -> u64 {
    static VERSIONS: AtomicU64 = AtomicU64::new(1);
    VERSIONS.fetch_add(1, Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_keeps_its_version_until_one_of_the_two_changes() {
        let mut first = Parameters::new(vec![Tensor::scalar(1.0)]);
        let mut second = first.clone();
        assert_eq!(first.version(), second.version());
        second.tensors_mut();
        first.get_mut(ParameterId(0));
        assert_ne!(first.version(), second.version());
    }
}
