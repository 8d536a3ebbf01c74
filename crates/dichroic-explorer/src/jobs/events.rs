//! What a job told, kept for pages that come late.

use std::sync::Arc;

/// Events of which only a sample is kept, at most: after that every second is dropped, and so on.
const MOST_SAMPLED: usize = 1_000;

/// How long an event matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keep {
    /// As long as the job.
    Always,
    /// Until the next one with the same key.
    Latest(String),
    /// For the shape of a curve: of many, every n-th is kept.
    Sampled,
}

/// One event.
#[derive(Clone, Debug)]
pub struct JobEvent {
    /// Its place among the job's events, counted from 1.
    pub number: u64,
    /// The name of the server-sent event: the `type` in its JSON.
    pub name: String,
    /// The event as JSON, on one line.
    pub json: Arc<str>,
    keep: Keep,
}

/// The events of one job that still matter, in order.
#[derive(Debug, Default)]
pub(super) struct EventLog {
    events: Vec<JobEvent>,
    last: u64,
    sampled: usize,
    /// Of the sampled events, every `1 << thinned`-th is kept.
    thinned: u32,
    seen: u64,
}

impl EventLog {
    pub fn push(&mut self, name: String, json: String, keep: Keep) {
        if matches!(keep, Keep::Latest(_))
            && let Some(place) = self.events.iter().rposition(|event| event.keep == keep)
        {
            self.events.remove(place);
        }
        if keep == Keep::Sampled {
            self.sample();
        }
        self.last += 1;
        self.events.push(JobEvent { number: self.last, name, json: json.into(), keep });
    }

    /// Makes room for one more sampled event: the newest is always kept until the next comes.
    fn sample(&mut self) {
        let passed = !self.seen.is_multiple_of(1 << self.thinned);
        if passed
            && let Some(place) = self.events.iter().rposition(|event| event.keep == Keep::Sampled)
        {
            self.events.remove(place);
            self.sampled -= 1;
        }
        self.seen += 1;
        self.sampled += 1;
        if self.sampled > MOST_SAMPLED {
            let mut nth = 0usize;
            self.events.retain(|event| {
                let sampled = event.keep == Keep::Sampled;
                nth += usize::from(sampled);
                !sampled || nth % 2 == 1
            });
            self.sampled = self.sampled.div_ceil(2);
            self.thinned += 1;
        }
    }

    /// The events after this number.
    pub fn after(&self, number: u64) -> Vec<JobEvent> {
        let start = self.events.partition_point(|event| event.number <= number);
        self.events[start..].to_vec()
    }

    /// The number of the last event.
    pub fn last(&self) -> u64 {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(log: &EventLog, after: u64) -> Vec<u64> {
        log.after(after).iter().map(|event| event.number).collect()
    }

    #[test]
    fn only_the_latest_of_a_key_is_told_again() {
        let mut log = EventLog::default();
        log.push("progress".into(), "1".into(), Keep::Latest("progress".into()));
        log.push("epoch".into(), "2".into(), Keep::Always);
        log.push("progress".into(), "3".into(), Keep::Latest("progress".into()));
        assert_eq!(numbers(&log, 0), [2, 3]);
        assert_eq!(numbers(&log, 2), [3]);
        assert_eq!((numbers(&log, 3), log.last()), (vec![], 3));
    }

    #[test]
    fn of_many_steps_a_sample_and_the_newest_stay() {
        let mut log = EventLog::default();
        for step in 0..50_000 {
            log.push("step".into(), step.to_string(), Keep::Sampled);
        }
        let kept = log.after(0);
        assert!((MOST_SAMPLED / 3..=MOST_SAMPLED).contains(&kept.len()), "{}", kept.len());
        assert_eq!((kept[0].number, kept[kept.len() - 1].number), (1, 50_000));
        let gaps: Vec<u64> = kept.windows(2).map(|pair| pair[1].number - pair[0].number).collect();
        assert!(gaps.iter().all(|&gap| gap <= 2 * gaps[0]), "{gaps:?}");
    }
}
