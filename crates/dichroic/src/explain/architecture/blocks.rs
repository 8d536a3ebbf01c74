//! Blocks found by structure: what lies between a split and the layer that joins its ways again.

use super::level::{Item, Level, Member};
use super::names::{begins_with, common_beginning, is_automatic};

/// The fewest layers that make a block: below, there is nothing to fold.
const FEWEST: usize = 3;
/// Items that may be visited in the search of one level; deep nests of blocks could take the square of its length.
const MOST_VISITS: usize = 5_000_000;

/// Items of a level that belong together; those of parts inside are included.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) items: Vec<usize>,
}

/// All blocks of a level.
///
/// A layer that joins several ways closes a block if every way to it comes through one item, its nearest dominator, and
/// nothing between the two is read elsewhere. Blocks lie inside or beside each other, never across. An activation
/// that follows alone, or a layer with the same beginning of its name, still belongs to the block: `conv2_block1_out`.
pub(super) fn blocks(level: &Level) -> Vec<Part> {
    let items = &level.items;
    let dominators = dominators(items);
    let mut found = Vec::new();
    let mut visits = MOST_VISITS;
    for (join, item) in items.iter().enumerate().filter(|(_, item)| item.inputs.len() > 1) {
        let Some(split) = dominators[join] else { continue };
        let Some(inside) = between(items, split, join, &mut visits) else { continue };
        if inside.len() < FEWEST {
            continue;
        }
        let named = inside.iter().map(|&place| &items[place]);
        let named = named.filter(|item| {
            matches!(item.member, Member::Node(_)) && !is_automatic(&item.name, item.class_name)
        });
        let prefix = common_beginning(named.map(|item| item.name.as_str()));
        let mut block = Part { name: prefix.unwrap_or(&item.name).to_owned(), items: inside };
        follow(items, prefix, &mut block.items);
        found.push(block);
    }
    found
}

/// The nearest item through which every way from the inputs to an item comes; `None` where there is none.
///
/// Items come after those that they read, so the dominator of an item is the nearest common one of its inputs', found by
/// climbing from both until they meet.
///
/// # Source
/// Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm", 2001; one pass does without cycles.
fn dominators(items: &[Item]) -> Vec<Option<usize>> {
    let mut nearest: Vec<Option<usize>> = Vec::with_capacity(items.len());
    for item in items {
        let mut inputs = item.inputs.iter().copied();
        let mut common = inputs.next();
        for mut other in inputs {
            while let Some(place) = common
                && place != other
            {
                // The later one climbs; above the top there is nothing in common.
                if place > other {
                    common = nearest[place];
                } else {
                    match nearest[other] {
                        Some(above) => other = above,
                        None => common = None,
                    }
                }
            }
        }
        nearest.push(common);
    }
    nearest
}

/// The items on the ways from `split` to `join`, the latter included; `None` if one of them is read elsewhere.
fn between(items: &[Item], split: usize, join: usize, visits: &mut usize) -> Option<Vec<usize>> {
    let mut inside = std::collections::BTreeSet::from([join]);
    let mut left = vec![join];
    while let Some(place) = left.pop() {
        for &input in items[place].inputs.iter().filter(|&&input| input != split) {
            *visits = visits.checked_sub(1)?;
            if inside.insert(input) {
                left.push(input);
            }
        }
    }
    let closed = inside.iter().filter(|&&place| place != join).all(|&place| {
        !items[place].is_output
            && items[place].consumers.iter().all(|consumer| inside.contains(consumer))
    });
    closed.then(|| inside.into_iter().collect())
}

/// Adds what follows a block alone and belongs to it.
fn follow(items: &[Item], prefix: Option<&str>, block: &mut Vec<usize>) {
    while let Some(&last) = block.last()
        && let [next] = items[last].consumers.as_slice()
        && let following = &items[*next]
        && following.inputs.len() == 1
        && !items[last].is_output
        && matches!(following.member, Member::Node(_))
    {
        let same_name = prefix.is_some_and(|prefix| begins_with(&following.name, prefix));
        let activation =
            matches!(following.class_name, "Activation" | "ReLU" | "LeakyReLU" | "PReLU" | "ELU")
                && is_automatic(&following.name, following.class_name);
        if !same_name && !activation {
            break;
        }
        block.push(*next);
    }
}
