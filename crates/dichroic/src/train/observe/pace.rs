//! How often something is looked at.

use std::time::{Duration, Instant};

/// How often something is looked at during an epoch.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// Every so many steps.
    Steps(usize),
    /// At its own times: see [`Pace::at_most`].
    Time {
        /// The time between two looks, at least.
        least: Duration,
        /// The share of the time that looking may take, from 0 to 1.
        share: f64,
        /// The time of the next look.
        next: Option<Instant>,
    },
}

impl Pace {
    /// No more often than once in `least`, and so that looking takes no more than `share` of the time.
    pub fn at_most(least: Duration, share: f64) -> Self {
        Self::Time { least, share: share.clamp(1e-3, 1.0), next: None }
    }

    /// Whether it is time after this step.
    pub(super) fn is_due(&self, step: usize) -> bool {
        match self {
            Self::Steps(every) => step.is_multiple_of((*every).max(1)),
            Self::Time { next, .. } => next.is_none_or(|next| Instant::now() >= next),
        }
    }

    /// Takes note of what a look cost.
    pub(super) fn took(&mut self, time: Duration) {
        if let Self::Time { least, share, next } = self {
            let pause = time.as_secs_f64() * (1.0 / share.clamp(1e-3, 1.0) - 1.0);
            let pause = Duration::try_from_secs_f64(pause).unwrap_or(*least);
            *next = Instant::now().checked_add(pause.max(*least));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_third_step_is_due() {
        let due: Vec<usize> = (1..8).filter(|&step| Pace::Steps(3).is_due(step)).collect();
        assert_eq!(due, [3, 6]);
        assert!(Pace::Steps(0).is_due(1));
    }

    #[test]
    fn a_look_that_took_long_is_paid_for_with_a_long_pause() {
        let mut pace = Pace::at_most(Duration::ZERO, 0.01);
        assert!(pace.is_due(1));
        pace.took(Duration::from_secs(60));
        assert!(!pace.is_due(2));
    }
}
