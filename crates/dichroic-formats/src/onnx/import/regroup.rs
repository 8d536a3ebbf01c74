//! A reshape seen as axes that split, join or stay.
//!
//! ```text
//! (N, C, H, W) → (N, G, C/G, H, W)      N→N   C→G,C/G   H→H   W→W
//! (N, C, H, W) → (N, C·H·W)             N→N   C,H,W→C·H·W
//! ```

use super::{Entry, Order};
use crate::error::{Located, Problem};

/// Axes before and after that hold the same values, from the first axis on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Regrouping {
    groups: Vec<Group>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Group {
    before: Vec<usize>,
    after: Vec<usize>,
}

/// The sizes that a Reshape asks for, with `0` and `-1` resolved.
///
/// A batch that the file writes as a number is taken as the batch: where the value has one, the target has none, and
/// the numbers of values agree item by item. It stands where the value has it if all axes before stay, in front otherwise.
///
/// # Errors
/// When the numbers of values can't agree.
pub(crate) fn target(
    sizes: &[Entry],
    given: &[Entry],
    zero_copies: bool,
) -> Result<Vec<Entry>, Located> {
    let mismatch = || misfit(sizes, given);
    let mut target = Vec::with_capacity(given.len());
    for (axis, &entry) in given.iter().enumerate() {
        target.push(match entry {
            Entry::Known(0) if zero_copies => *sizes.get(axis).ok_or_else(mismatch)?,
            entry => entry,
        });
    }
    let total = sizes.iter().copied().fold(Entry::Known(1), Entry::times);
    let rest = target.iter().position(|&entry| entry == Entry::Known(-1));
    let others = |target: &[Entry]| {
        let all = target.iter().enumerate().filter(|(axis, _)| Some(*axis) != rest);
        all.fold(Entry::Known(1), |product, (_, &entry)| product.times(entry))
    };
    // A batch written as a number: 1 for one item, or some multiple of it.
    let batched = sizes.iter().any(|size| matches!(size, Entry::Batch(_)))
        && matches!(total, Entry::Batch(_) | Entry::Open(_));
    let no_batch = !target.iter().any(|entry| !matches!(entry, Entry::Known(_)));
    if batched
        && no_batch
        && let axis = axis_of_batch(sizes, &target)
        && rest != Some(axis)
        && let Some(Entry::Known(times)) = target.get(axis).copied()
    {
        target[axis] = Entry::Batch(times);
    }
    let product = others(&target);
    match rest {
        Some(axis) => {
            target[axis] = match (total, product) {
                // Open sizes that stay cancel out; what is left of several can't be told.
                (Entry::Unknown, _) | (_, Entry::Unknown) => Entry::Unknown,
                _ => total.divided_by(product).ok_or_else(mismatch)?,
            };
        }
        None if product == Entry::Unknown || total == Entry::Unknown => {}
        // Open sizes may be those for which it holds.
        None if is_open(&[product, total]) => {}
        None if product != total => return Err(mismatch().into()),
        None => {}
    }
    Ok(target)
}

/// Shapes that don't hold as many values; where sizes are open, they may for some.
fn misfit(before: &[Entry], after: &[Entry]) -> Problem {
    if is_open(before) || is_open(after) {
        return Problem::Unsupported {
            what: format!("a Reshape from ({}) to ({})", listed(before), listed(after)),
            fix: "give the sizes of the model's inputs with --input".to_owned(),
        };
    }
    Problem::malformed(
        format!("as many values as ({})", listed(before)),
        format!("({})", listed(after)),
    )
}

/// Whether a size is neither a number nor the batch.
fn is_open(sizes: &[Entry]) -> bool {
    sizes.iter().any(|size| matches!(size, Entry::Open(_) | Entry::Unknown))
}

/// Where a target that is numbers alone means the batch.
fn axis_of_batch(sizes: &[Entry], target: &[Entry]) -> usize {
    let before = sizes.iter().position(|size| matches!(size, Entry::Batch(_)));
    let stays = before.filter(|&axis| {
        let front = target.get(..axis).is_some_and(|front| *front == sizes[..axis]);
        // For the one item of the file it is as large as before; another number is what follows it, joined.
        let same = match (sizes[axis], target.get(axis)) {
            (Entry::Batch(times), Some(&Entry::Known(size))) => size == times || size == -1,
            _ => false,
        };
        front && same
    });
    stays.unwrap_or(0)
}

fn listed(sizes: &[Entry]) -> String {
    sizes.iter().map(Entry::to_string).collect::<Vec<_>>().join(", ")
}

impl Regrouping {
    /// The groups between two shapes of as many values.
    ///
    /// # Errors
    /// When the shapes hold different numbers of values.
    pub fn new(before: &[Entry], after: &[Entry]) -> Result<Self, Located> {
        // Axes that stay at either end are told first, so that open sizes between them may be anything.
        let open = |sizes: &[Entry]| sizes.iter().filter(|size| **size == Entry::Unknown).count();
        // As many open sizes as before are the same ones; fewer have been joined.
        let paired = open(before) == open(after);
        let stays = |(a, b): &(&Entry, &Entry)| match **a {
            Entry::Unknown => paired && **b == Entry::Unknown,
            known => known.agrees(**b),
        };
        let front = before.iter().zip(after).take_while(stays).count();
        let back = before[front..].iter().rev().zip(after[front..].iter().rev());
        let back = back.take_while(stays).count();
        let mut groups: Vec<Group> =
            (0..front).map(|axis| Group { before: vec![axis], after: vec![axis] }).collect();
        let (last, new_last) = (before.len() - back, after.len() - back);
        groups.extend(middle((front, &before[..last]), (front, &after[..new_last]))?);
        groups.extend(
            (0..back).map(|axis| Group { before: vec![last + axis], after: vec![new_last + axis] }),
        );
        Ok(Self { groups })
    }

    /// The order in which memory must hold the axes before, the nearest to the given one, and that of the axes after.
    pub fn orders(&self, now: &Order) -> (Order, Order) {
        let mut groups: Vec<&Group> = self.groups.iter().collect();
        // New axes of size 1 that come from nothing stay behind the axis before them.
        let mut last = 0;
        let mut keys = Vec::with_capacity(groups.len());
        for group in &groups {
            last = group.before.iter().map(|&axis| now.place_of(axis)).min().unwrap_or(last);
            keys.push(last);
        }
        let mut sequence: Vec<usize> = (0..groups.len()).collect();
        sequence.sort_by_key(|&group| keys[group]);
        groups = sequence.iter().map(|&group| &self.groups[group]).collect();
        let before = groups.iter().flat_map(|group| group.before.iter().copied()).collect();
        let after = groups.iter().flat_map(|group| group.after.iter().copied()).collect();
        (Order::new(before), Order::new(after))
    }
}

/// Groups of equal products between the axes `from.0 ..` of two shapes.
fn middle(
    (mut i, before): (usize, &[Entry]),
    (mut j, after): (usize, &[Entry]),
) -> Result<Vec<Group>, Located> {
    let product = |sizes: &[Entry]| sizes.iter().copied().fold(Entry::Known(1), Entry::times);
    let (held, asked) = (product(&before[i..]), product(&after[j..]));
    let told = !before[i..].contains(&Entry::Unknown) && !after[j..].contains(&Entry::Unknown);
    if !told || is_open(&[held, asked]) && !held.agrees(asked) {
        return Ok(vec![Group {
            before: (i..before.len()).collect(),
            after: (j..after.len()).collect(),
        }]);
    }
    let mut groups = Vec::new();
    while i < before.len() || j < after.len() {
        let mut group = Group::default();
        let (mut left, mut right) = (Entry::Known(1), Entry::Known(1));
        if i < before.len() {
            left = before[i];
            group.before.push(i);
            i += 1;
        }
        while !left.agrees(right) {
            // The smaller product takes the next axis.
            let take_after = j < after.len() && (i == before.len() || !right.holds(left));
            if take_after {
                right = right.times(after[j]);
                group.after.push(j);
                j += 1;
            } else if i < before.len() {
                left = left.times(before[i]);
                group.before.push(i);
                i += 1;
            } else {
                return Err(misfit(before, after).into());
            }
        }
        if i == before.len() {
            // What is left has size 1.
            group.after.extend(j..after.len());
            j = after.len();
        }
        groups.push(group);
    }
    Ok(groups)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Entry::{Batch, Known, Unknown};

    fn known(sizes: &[i64]) -> Vec<Entry> {
        sizes.iter().map(|&size| Known(size)).collect()
    }

    #[test]
    fn a_batch_written_as_a_number_stays_the_batch() {
        let sizes = [Batch(1), Known(64), Known(7), Known(7)];
        let flat = [Batch(1), Known(3136)];
        for given in [[1, 3136], [-1, 3136], [0, -1], [1, -1]] {
            assert_eq!(target(&sizes, &known(&given), true).unwrap(), flat, "{given:?}");
        }
        let heads = target(&[Batch(1), Known(49), Known(64)], &known(&[8, 49, 8]), true).unwrap();
        assert_eq!(heads, [Batch(8), Known(49), Known(8)]);
        assert!(target(&sizes, &known(&[1, 3135]), true).is_err());
    }

    #[test]
    fn a_batch_behind_other_axes_is_what_a_reshape_leaves_open() {
        let sizes = [Known(32), Batch(1), Known(2), Known(24)];
        let joined = [Known(32), Batch(1), Known(48)];
        for given in [[32, -1, 48], [32, 1, 48], [0, 0, -1]] {
            assert_eq!(target(&sizes, &known(&given), true).unwrap(), joined, "{given:?}");
        }
    }

    #[test]
    fn what_follows_the_batch_joined_is_not_the_batch() {
        // (places, batch, heads, channels) of an attention, its rows for a Gemm.
        let sizes = [Known(16), Batch(1), Known(2), Known(4)];
        assert_eq!(target(&sizes, &known(&[16, 8]), true).unwrap(), [Batch(16), Known(8)]);
    }

    #[test]
    fn open_sizes_that_stay_need_not_be_known() {
        let sizes = [Batch(1), Known(8), Unknown, Unknown];
        let joined = target(&sizes, &known(&[0, 0, -1]), true).unwrap();
        assert_eq!(joined, [Batch(1), Known(8), Unknown]);
        let groups = Regrouping::new(&sizes, &joined).unwrap();
        assert_eq!(groups.groups[2], Group { before: vec![2, 3], after: vec![2] });
    }

    #[test]
    fn channels_that_split_stay_last() {
        let before = [Batch(1), Known(6), Known(4), Known(5)];
        let after = [Batch(1), Known(2), Known(3), Known(4), Known(5)];
        let (needed, order) =
            Regrouping::new(&before, &after).unwrap().orders(&Order::channels_last(4));
        assert_eq!(needed, Order::channels_last(4));
        assert_eq!(order, Order::new(vec![0, 3, 4, 1, 2]));
    }

    #[test]
    fn axes_that_join_are_brought_side_by_side() {
        let before = [Batch(1), Known(6), Known(4), Known(5)];
        let after = [Batch(1), Known(120)];
        let (needed, order) =
            Regrouping::new(&before, &after).unwrap().orders(&Order::channels_last(4));
        assert!(needed.is_plain() && order.is_plain());
    }
}
