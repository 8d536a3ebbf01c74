//! The calls of one model, without what lies inside nested ones.

/// One call of a model, seen from that model.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// The layer's name.
    pub(super) name: String,
    /// Its class.
    pub(super) class_name: &'static str,
    /// What stands for it in the drawing.
    pub(super) member: Member,
    /// The items whose values it reads, each once.
    pub(super) inputs: Vec<usize>,
    /// The items that read its values.
    pub(super) consumers: Vec<usize>,
    /// Whether the model gives its value out.
    pub(super) is_output: bool,
}

/// What an item is in the drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Member {
    /// A node.
    Node(usize),
    /// A nested model: the place of its level.
    Level(usize),
    /// The input of a nested model, whose value was made outside.
    Outside,
}

/// The calls of one model at one place: in the order of running, so that inputs come first.
#[derive(Debug, Default)]
pub(super) struct Level {
    /// The name of the model's layer in the model around it.
    pub(super) name: String,
    pub(super) items: Vec<Item>,
}

impl Level {
    /// Adds an item and tells those that it reads.
    pub(super) fn push(&mut self, mut item: Item) {
        let place = self.items.len();
        item.inputs.sort_unstable();
        item.inputs.dedup();
        for &input in &item.inputs {
            self.items[input].consumers.push(place);
        }
        self.items.push(item);
    }
}
