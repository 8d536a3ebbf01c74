//! The groups of a drawing: nested models, blocks, and what comes one after the other.

use std::collections::HashMap;

use super::blocks::{Part, blocks};
use super::level::{Item, Level, Member};
use super::names::{common_beginning, is_automatic, part_of_model};
use super::walk::Walked;
use super::{Group, GroupKind};
use crate::model::Model;

/// Layers in a row without names of their own that are left as they are; longer rows are looked through for repetitions.
const MOST_PLAIN: usize = 8;
/// The longest sequence of classes that may come again.
const LONGEST_PATTERN: usize = 8;

/// Finds the groups and tells every node its innermost one.
pub(super) fn groups(model: &Model, walked: &mut Walked) -> Vec<Group> {
    let mut grouping = Grouping { groups: Vec::new(), of_node: vec![None; walked.nodes.len()] };
    if !walked.levels.is_empty() {
        grouping.level(&walked.levels, 0, None);
        grouping.sort();
    }
    for (node, &group) in walked.nodes.iter_mut().zip(&grouping.of_node) {
        node.group = group;
        if let Some(group) = group {
            grouping.groups[group].nodes.push(node.index);
        }
    }
    grouping.add_up(model, walked);
    grouping.groups
}

struct Grouping {
    groups: Vec<Group>,
    of_node: Vec<Option<usize>>,
}

impl Grouping {
    fn open(&mut self, name: &str, kind: GroupKind, parent: Option<usize>) -> usize {
        let id = self.groups.len();
        let name = name.to_owned();
        self.groups.push(Group {
            id,
            name,
            kind,
            parent,
            nodes: Vec::new(),
            parameters: 0,
            macs: None,
        });
        id
    }

    /// The groups of one model, then those of the models in it.
    fn level(&mut self, levels: &[Level], level: usize, around: Option<usize>) {
        let items = &levels[level].items;
        let mut parts: Vec<(GroupKind, Part)> =
            blocks(&levels[level]).into_iter().map(|block| (GroupKind::Block, block)).collect();
        let mut units = units(items, &parts);
        let runs = runs(items, &units);
        units.retain(|unit| !runs.iter().any(|run| run.items.contains(&unit.items[0])));
        let repeated = repetitions(items, &units);
        parts.extend(runs.into_iter().chain(repeated).map(|part| (GroupKind::Chain, part)));
        // The largest first: whatever an item is in last is its innermost part, and lies in what it was in before.
        parts.sort_by_key(|(_, part)| (std::cmp::Reverse(part.items.len()), part.items[0]));
        let mut innermost = vec![around; items.len()];
        for (kind, part) in parts {
            let parent = innermost[part.items[0]];
            if part.items.iter().any(|&item| innermost[item] != parent) {
                continue;
            }
            let id = self.open(&part.name, kind, parent);
            part.items.iter().for_each(|&item| innermost[item] = Some(id));
        }
        for (item, group) in items.iter().zip(innermost) {
            match item.member {
                Member::Node(node) => self.of_node[node] = group,
                Member::Level(inner) => {
                    let id = self.open(&levels[inner].name, GroupKind::Model, group);
                    self.level(levels, inner, Some(id));
                }
                Member::Outside => {}
            }
        }
    }

    /// Numbers the groups in the order of their first nodes, outer ones first.
    fn sort(&mut self) {
        // First node and number of nodes of each group, those inside included.
        let mut spans = vec![(usize::MAX, 0usize); self.groups.len()];
        for (node, group) in self.of_node.iter().enumerate() {
            let mut group = *group;
            while let Some(id) = group {
                spans[id] = (spans[id].0.min(node), spans[id].1 + 1);
                group = self.groups[id].parent;
            }
        }
        let mut order: Vec<usize> = (0..self.groups.len()).collect();
        // A group was opened before those inside, which decides where both have the same nodes.
        order.sort_by_key(|&id| (spans[id].0, std::cmp::Reverse(spans[id].1), id));
        let mut places = vec![0; order.len()];
        order.iter().enumerate().for_each(|(place, &id)| places[id] = place);
        self.groups.sort_by_key(|group| places[group.id]);
        for group in &mut self.groups {
            group.id = places[group.id];
            group.parent = group.parent.map(|parent| places[parent]);
        }
        for group in self.of_node.iter_mut().flatten() {
            *group = places[*group];
        }
    }

    /// Parameters and multiply-adds of each group, those inside included.
    fn add_up(&mut self, model: &Model, walked: &Walked) {
        let mut layers: Vec<HashMap<u64, u64>> = vec![HashMap::new(); self.groups.len()];
        let mut macs: Vec<Option<u64>> = vec![Some(0); self.groups.len()];
        for (node, layer) in walked.nodes.iter().zip(&walked.layers) {
            let mut group = node.group;
            while let Some(id) = group {
                layers[id].insert(layer.serial(), node.parameters);
                macs[id] = macs[id].zip(node.macs).and_then(|(a, b)| a.checked_add(b));
                group = self.groups[id].parent;
            }
        }
        let all = model.count_params();
        for (group, (layers, macs)) in self.groups.iter_mut().zip(layers.into_iter().zip(macs)) {
            group.parameters = layers.values().sum::<u64>().min(all);
            group.macs = macs;
        }
    }
}

/// What a level consists of, one after the other: outermost blocks, and items outside of them.
struct Unit {
    items: Vec<usize>,
    /// Its name if it was given one; blocks have the names of their layers.
    name: Option<String>,
}

fn units(items: &[Item], blocks: &[(GroupKind, Part)]) -> Vec<Unit> {
    let mut outermost: Vec<Option<usize>> = vec![None; items.len()];
    for (index, (_, block)) in blocks.iter().enumerate() {
        for &item in &block.items {
            let larger =
                outermost[item].is_none_or(|other| blocks[other].1.items.len() < block.items.len());
            if larger {
                outermost[item] = Some(index);
            }
        }
    }
    let mut units: Vec<Unit> = Vec::new();
    for (place, item) in items.iter().enumerate() {
        match outermost[place] {
            Some(index) if blocks[index].1.items[0] != place => continue,
            Some(index) => {
                let Part { name, items: inside } = &blocks[index].1;
                let given = inside.iter().map(|&inside| &items[inside]);
                let given = given.clone().any(|item| !is_automatic(&item.name, item.class_name));
                let name = given.then(|| name.clone());
                units.push(Unit { items: inside.clone(), name });
            }
            None => {
                let given = matches!(item.member, Member::Node(_))
                    && !item.inputs.is_empty()
                    && !is_automatic(&item.name, item.class_name);
                units.push(Unit { items: vec![place], name: given.then(|| item.name.clone()) });
            }
        }
    }
    units
}

/// Whether all that a unit reads comes from the one before it.
fn follows(items: &[Item], before: &Unit, unit: &Unit) -> bool {
    let outer = unit.items.iter().flat_map(|&item| &items[item].inputs);
    let mut outer = outer.filter(|input| !unit.items.contains(input)).peekable();
    outer.peek().is_some() && outer.all(|input| before.items.contains(input))
}

/// Units in a row whose names begin with the same part of the model: the stages of a residual network, the blocks of VGG.
fn runs(items: &[Item], units: &[Unit]) -> Vec<Part> {
    let part = |unit: &Unit| unit.name.as_deref().map(|name| part_of_model(name).to_owned());
    let rows = units.chunk_by(|before, unit| {
        part(before).is_some() && part(before) == part(unit) && follows(items, before, unit)
    });
    let run = |row: &[Unit]| {
        let names = row.iter().filter_map(|unit| unit.name.as_deref());
        let name = common_beginning(names).filter(|_| row.len() > 1)?;
        Some(Part { name: name.to_owned(), items: joined(row) })
    };
    rows.filter_map(run).collect()
}

/// Sequences of classes that come several times in a row, each a part of its own, in long rows of layers without names of
/// their own.
fn repetitions(items: &[Item], units: &[Unit]) -> Vec<Part> {
    let plain = |unit: &Unit| {
        let item = &items[unit.items[0]];
        unit.name.is_none()
            && unit.items.len() == 1
            && item.inputs.len() == 1
            && matches!(item.member, Member::Node(_))
    };
    let rows = units
        .chunk_by(|before, unit| plain(before) && plain(unit) && follows(items, before, unit))
        .filter(|row| row.len() > MOST_PLAIN);
    let mut found = Vec::new();
    for row in rows {
        let classes: Vec<&str> = row.iter().map(|unit| items[unit.items[0]].class_name).collect();
        let mut place = 0;
        while place < row.len() {
            let Some((length, times)) = pattern(&classes[place..]) else {
                place += 1;
                continue;
            };
            for repeated in row[place..place + length * times].chunks(length) {
                let end = |unit: &Unit| items[unit.items[0]].name.clone();
                let name = format!("{} … {}", end(&repeated[0]), end(&repeated[length - 1]));
                found.push(Part { name, items: joined(repeated) });
            }
            place += length * times;
        }
    }
    found
}

/// The sequence at the beginning that covers the most by coming again: its length, and how often it comes.
fn pattern(classes: &[&str]) -> Option<(usize, usize)> {
    let times = |length: usize| {
        let first = classes.get(..length)?;
        let times = classes.chunks(length).take_while(|chunk| *chunk == first).count();
        // A row of one and the same class is no pattern.
        (times > 1 && first.iter().any(|class| *class != first[0])).then_some((length, times))
    };
    let candidates = (2..=LONGEST_PATTERN).filter_map(times);
    candidates.max_by_key(|&(length, times)| (length * times, std::cmp::Reverse(length)))
}

fn joined(units: &[Unit]) -> Vec<usize> {
    let mut items: Vec<usize> = units.iter().flat_map(|unit| unit.items.iter().copied()).collect();
    items.sort_unstable();
    items
}
