//! From the outputs of a functional model back to its inputs: which layers it has, in which order.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::symbol::CallNode;
use super::{LayerRef, ModelError, Symbol};

/// One call of a layer inside a model.
#[derive(Clone, Debug)]
pub struct Call {
    /// The layer, as an index into [`super::Model::layers`].
    pub layer: usize,
    /// What it is called on.
    pub inputs: Vec<CallOutput>,
    /// How many calls lie between this one and the model's last output.
    pub depth: usize,
    pub(super) node: Arc<CallNode>,
}

/// A value inside a model: an output of one of its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CallOutput {
    /// The call, as an index into [`super::Model::calls`].
    pub call: usize,
    /// Which of its outputs.
    pub output: usize,
}

/// Layers in Keras's order and calls in an order in which they can be run.
#[derive(Debug)]
pub(super) struct Topology {
    pub layers: Vec<LayerRef>,
    pub calls: Vec<Call>,
}

type NodeId = *const CallNode;

/// Walks back from the outputs.
///
/// # Source
/// `map_graph` in `keras/src/ops/function.py`, in loops instead of recursion: layers come by falling
/// depth, and within a depth in the order in which the walk first meets them.
pub(super) fn topology(inputs: &[Symbol], outputs: &[Symbol]) -> Result<Topology, ModelError> {
    let (mut nodes, mut met) = walk(outputs);
    for input in inputs {
        let node = input.node();
        if !nodes.iter().any(|known| Arc::ptr_eq(known, node)) {
            // An input that no output depends on is still a layer of the model.
            nodes.insert(0, node.clone());
            met.insert(node.layer.serial(), -1);
        }
    }
    if let Some(stray) = nodes.iter().find(|node| {
        node.inputs.is_empty() && !inputs.iter().any(|input| Arc::ptr_eq(input.node(), node))
    }) {
        return Err(ModelError::Disconnected { layer: stray.layer.name() });
    }

    let mut node_depths: HashMap<NodeId, usize> = HashMap::new();
    let mut layer_depths: HashMap<u64, usize> = HashMap::new();
    for node in nodes.iter().rev() {
        let depth = node_depths.get(&Arc::as_ptr(node)).copied().unwrap_or(0);
        let layer_depth = layer_depths.entry(node.layer.serial()).or_insert(0);
        let depth = depth.max(*layer_depth);
        *layer_depth = depth;
        node_depths.insert(Arc::as_ptr(node), depth);
        for input in &node.inputs {
            let input_depth = node_depths.entry(Arc::as_ptr(input.node())).or_insert(0);
            *input_depth = (*input_depth).max(depth + 1);
        }
    }

    let mut placed = HashSet::new();
    let mut layers: Vec<LayerRef> = nodes
        .iter()
        .filter(|node| placed.insert(node.layer.serial()))
        .map(|node| node.layer.clone())
        .collect();
    layers.sort_by_key(|layer| {
        (std::cmp::Reverse(layer_depths[&layer.serial()]), met[&layer.serial()])
    });

    let places: HashMap<u64, usize> =
        layers.iter().enumerate().map(|(place, layer)| (layer.serial(), place)).collect();
    let numbers: HashMap<NodeId, usize> =
        nodes.iter().enumerate().map(|(number, node)| (Arc::as_ptr(node), number)).collect();
    let calls = nodes
        .iter()
        .map(|node| Call {
            layer: places[&node.layer.serial()],
            inputs: node.inputs.iter().map(|input| place_of(input, &numbers)).collect(),
            depth: node_depths[&Arc::as_ptr(node)],
            node: node.clone(),
        })
        .collect();
    Ok(Topology { layers, calls })
}

fn place_of(symbol: &Symbol, numbers: &HashMap<NodeId, usize>) -> CallOutput {
    CallOutput { call: numbers[&Arc::as_ptr(symbol.node())], output: symbol.output_index() }
}

/// All calls that the outputs depend on, each after its inputs, and the number at which each layer was first met.
pub(super) fn walk(outputs: &[Symbol]) -> (Vec<Arc<CallNode>>, HashMap<u64, i64>) {
    let mut finished: Vec<Arc<CallNode>> = Vec::new();
    let mut known: HashSet<NodeId> = HashSet::new();
    let mut met: HashMap<u64, i64> = HashMap::new();
    for output in outputs {
        let mut path = vec![(output.node().clone(), 0)];
        while let Some((node, next)) = path.last_mut() {
            if *next == 0 {
                if !known.insert(Arc::as_ptr(node)) {
                    path.pop();
                    continue;
                }
                let number = met.len() as i64;
                met.entry(node.layer.serial()).or_insert(number);
            }
            match node.inputs.get(*next) {
                Some(input) => {
                    *next += 1;
                    let input = input.node().clone();
                    path.push((input, 0));
                }
                None => {
                    finished.push(node.clone());
                    path.pop();
                }
            }
        }
    }
    (finished, met)
}
