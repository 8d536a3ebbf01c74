//! `--policy`: the type in which layers compute.

use clap::Args;
use dichroic::DtypePolicy;
use dichroic::model::Model;

/// The dtype policy, over what the model says.
#[derive(Debug, Default, Args)]
pub struct PolicyArgument {
    /// How every layer computes: float32, or mixed_bfloat16 (bfloat16 products, float32 sums and weights; up to twice
    /// as fast on CPUs with AVX512-BF16) [default: what the model says]
    #[arg(long, value_name = "NAME")]
    policy: Option<DtypePolicy>,
}

impl PolicyArgument {
    /// Sets the policy of all layers, if one was given.
    pub fn apply(&self, model: &Model) {
        if let Some(policy) = self.policy {
            model.set_policy(policy);
        }
    }

    /// The policy that a script begins with.
    pub fn initial(&self) -> DtypePolicy {
        self.policy.unwrap_or_default()
    }
}
