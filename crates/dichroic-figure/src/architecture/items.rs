//! What is drawn as one box.

use std::collections::HashMap;

use dichroic::explain::words::figure as words;
use dichroic::explain::{Architecture, Group, Language, Node};

use crate::sheet::times;
use crate::volume::{Kind, Volume};

/// A box of the figure.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) name: String,
    /// What stands below the name.
    pub(super) lines: Vec<String>,
    /// Of a group, what it holds.
    pub(super) inside: String,
    pub(super) kind: Kind,
    pub(super) volume: Volume,
    /// The boxes that it reads from.
    pub(super) from: Vec<usize>,
}

/// Calls above which blocks are drawn as one box.
const MOST_NODES: usize = 30;

/// The boxes in the order of running.
pub(super) fn items(architecture: &Architecture, language: Language) -> Vec<Item> {
    let folded = architecture.nodes.len() > MOST_NODES;
    let mut items: Vec<Item> = Vec::new();
    let mut groups: HashMap<usize, usize> = HashMap::new();
    let mut item_of = vec![0; architecture.nodes.len()];
    for node in &architecture.nodes {
        let reads: Vec<usize> = architecture
            .edges
            .iter()
            .filter(|edge| edge.to == node.index)
            .map(|edge| item_of[edge.from])
            .collect();
        let group = node.group.filter(|_| folded).map(|group| outermost(architecture, group));
        let place = match group.and_then(|group| groups.get(&group.id).copied()) {
            Some(place) => place,
            None => match (group, &reads[..]) {
                (None, [one]) if joins(node) && alone(architecture, node, &item_of, *one) => *one,
                _ => {
                    let item = group.map_or_else(
                        || of_layer(node, language),
                        |group| of_group(group, language),
                    );
                    items.push(item);
                    items.len() - 1
                }
            },
        };
        if let Some(group) = group {
            groups.insert(group.id, place);
            // The last layer's output is the group's.
            if let Some(shape) = &node.output_shape {
                items[place].volume = Volume::of(shape);
                items[place].lines[0] = sides(shape);
            }
        } else if place == item_of.get(node.index.wrapping_sub(1)).copied().unwrap_or(usize::MAX)
            && reads == [place]
        {
            let short = node.class_name.replace("BatchNormalization", "BatchNorm");
            items[place].lines.push(format!("+ {short}"));
        }
        item_of[node.index] = place;
        for read in reads {
            if read != place && !items[place].from.contains(&read) {
                items[place].from.push(read);
            }
        }
    }
    items
}

/// Whether the layer changes nothing that a box shows.
fn joins(node: &Node) -> bool {
    let keeps = [
        "BatchNormalization",
        "Activation",
        "ReLU",
        "LeakyReLU",
        "PReLU",
        "ELU",
        "Softmax",
        "Dropout",
    ];
    keeps.contains(&node.class_name.as_str()) || node.class_name.starts_with("SpatialDropout")
}

/// Whether only this layer reads what the box before it makes.
fn alone(architecture: &Architecture, node: &Node, item_of: &[usize], item: usize) -> bool {
    let before = architecture.edges.iter().find(|edge| edge.to == node.index);
    let Some(before) = before else { return false };
    let readers = architecture.edges.iter().filter(|edge| edge.from == before.from).count();
    readers == 1 && item_of[before.from] == item && before.from + 1 == node.index
}

fn outermost(architecture: &Architecture, group: usize) -> &Group {
    let mut group = &architecture.groups[group];
    while let Some(parent) = group.parent {
        group = &architecture.groups[parent];
    }
    group
}

fn of_layer(node: &Node, language: Language) -> Item {
    let shape = node.output_shape.clone().unwrap_or_default();
    let mut lines = vec![sides(&shape)];
    if let Some(convolution) = &node.convolution {
        let size = close(&convolution.how.kernel_size);
        let strides = &convolution.how.strides;
        lines.insert(
            0,
            match strides.iter().all(|step| *step == 1) {
                true => size,
                false => words::with_strides(size, close(strides)).text_in(language),
            },
        );
    }
    if node.parameters > 0 {
        lines.push(words::parameters(node.parameters).text_in(language));
    }
    Item {
        name: node.name.clone(),
        lines,
        inside: String::new(),
        kind: Kind::of(&node.class_name),
        volume: Volume::of(&shape),
        from: Vec::new(),
    }
}

fn of_group(group: &Group, language: Language) -> Item {
    Item {
        name: group.name.clone(),
        lines: vec![String::new()],
        inside: match group.parameters {
            0 => String::new(),
            parameters => words::parameters(parameters).text_in(language),
        },
        kind: Kind::Group,
        volume: Volume::of(&[]),
        from: Vec::new(),
    }
}

fn sides(shape: &[Option<usize>]) -> String {
    let axis = |axis: &Option<usize>| axis.map_or_else(|| "?".to_owned(), |size| size.to_string());
    times(&shape.iter().map(axis).collect::<Vec<_>>())
}

/// The sides of a kernel or a stride, close together.
fn close(sizes: &[usize]) -> String {
    times(sizes).replace(' ', "")
}
