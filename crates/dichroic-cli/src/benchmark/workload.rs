//! The list of workloads.

use super::convolution::{CONVOLUTIONS, Convolution};
use super::network::{NETWORKS, Network};
use super::{Measurement, Settings};
use crate::failure::Failure;

/// One thing to time.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    kind: Kind,
    batch: usize,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Forward(&'static Convolution),
    ForwardBackward(&'static Convolution),
    Infer(&'static Network),
    Train(&'static Network),
}

/// Every workload, in the order in which they are shown.
pub fn all() -> Vec<Workload> {
    let mut workloads = Vec::new();
    for convolution in &CONVOLUTIONS {
        for &batch in convolution.batches {
            workloads.push(Workload { kind: Kind::Forward(convolution), batch });
        }
    }
    for convolution in CONVOLUTIONS.iter().filter(|convolution| convolution.backward) {
        workloads.push(Workload { kind: Kind::ForwardBackward(convolution), batch: 16 });
    }
    for network in &NETWORKS {
        for &batch in network.infer {
            workloads.push(Workload { kind: Kind::Infer(network), batch });
        }
    }
    for network in &NETWORKS {
        for &batch in network.train {
            workloads.push(Workload { kind: Kind::Train(network), batch });
        }
    }
    workloads
}

impl Workload {
    /// `fwd/conv3x3_64_64_56/b1`
    pub fn name(&self) -> String {
        let (kind, what) = match self.kind {
            Kind::Forward(convolution) => ("fwd", convolution.name),
            Kind::ForwardBackward(convolution) => ("fwdbwd", convolution.name),
            Kind::Infer(network) => ("infer", network.name),
            Kind::Train(network) => ("train", network.name),
        };
        format!("{kind}/{what}/b{}", self.batch)
    }

    /// Items in a batch.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Weights, and multiply-adds of one forward pass of one item: what peers must agree on to do equal work.
    ///
    /// # Errors
    /// When the model can't be made.
    pub fn work(&self) -> Result<Work, Failure> {
        match self.kind {
            Kind::Forward(convolution) | Kind::ForwardBackward(convolution) => {
                Ok(convolution.work())
            }
            Kind::Infer(network) | Kind::Train(network) => network.work(),
        }
    }

    /// Multiply-adds of one run; gradients of a convolution cost as much again each.
    ///
    /// # Errors
    /// As [`Workload::work`].
    pub fn macs(&self) -> Result<u64, Failure> {
        let passes = match self.kind {
            Kind::Forward(_) | Kind::Infer(_) => 1,
            Kind::ForwardBackward(_) | Kind::Train(_) => 3,
        };
        Ok(self.work()?.macs * self.batch as u64 * passes)
    }

    /// Times it.
    ///
    /// # Errors
    /// When it can't be made or run.
    pub fn measure(&self, settings: Settings) -> Result<Measurement, Failure> {
        match self.kind {
            Kind::Forward(convolution) => convolution.forward(self.batch, settings),
            Kind::ForwardBackward(convolution) => {
                convolution.forward_backward(self.batch, settings)
            }
            Kind::Infer(network) => network.infer(self.batch, settings),
            Kind::Train(network) => network.train(self.batch, settings),
        }
    }
}

/// What a workload computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// The number of weights.
    pub parameters: u64,
    /// Multiply-adds of one forward pass of one item, convolutions and dense layers.
    pub macs: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_workload_has_a_name_of_its_own() {
        let mut names: Vec<String> = all().iter().map(Workload::name).collect();
        assert_eq!(names[0], "fwd/conv3x3_64_64_56/b1");
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all().len());
    }

    #[test]
    fn networks_hold_the_weights_and_do_the_work_that_is_known_of_them() {
        let known = [
            ("infer/seed/b1", 10_104, 7_921_536),
            ("train/lenet/b128", 1_199_882, 11_992_448),
            ("train/resnet18/b32", 11_191_242, 148_050_944),
            ("infer/resnet50/b1", 25_636_712, 3_857_973_248),
        ];
        for (name, parameters, macs) in known {
            let workload = all().into_iter().find(|workload| workload.name() == name).unwrap();
            assert_eq!(workload.work().unwrap(), Work { parameters, macs }, "{name}");
        }
    }
}
