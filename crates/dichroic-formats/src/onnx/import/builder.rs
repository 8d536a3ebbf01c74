//! The model under construction: layers with their names and the values of their weights.

use std::collections::{HashMap, HashSet};

use dichroic::model::{Call as _, LayerRef, Model, ModelError, Symbol};
use dichroic::{Shape, Tensor};

use super::samples::{self, COUNT, Samples};
use super::{Entry, Variable};
use crate::error::{Located, Problem};

/// Layers made so far.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    names: HashSet<String>,
    /// The number that the next layer of a name that is taken gets.
    next_number: HashMap<String, usize>,
    weights: HashMap<String, Vec<Tensor>>,
    /// What the next layers are called: the name of the node that makes them.
    base: String,
    /// A value that constants can hang on: the model's first input.
    anchor: Option<Symbol>,
    /// The names of the current node's weights.
    source: Option<String>,
    /// Layers by what they are and where their weights come from.
    tied: HashMap<String, LayerRef>,
    /// The shapes that values have for some sizes of the inputs, by layer and number of the call.
    sampled: HashMap<(String, usize), [Option<Shape>; COUNT]>,
    /// The open axes of the inputs, by name.
    open: Vec<String>,
}

impl Builder {
    /// An input of the model, the shape as it lies in memory.
    pub fn input(&mut self, name: &str, shape: Shape) -> Symbol {
        let name = self.name_like(&legal(name));
        let input = dichroic::model::Input::with(Some(name), shape);
        self.anchor.get_or_insert_with(|| input.clone());
        input
    }

    /// The value that constants hang on: the model's first input, or one made for them.
    pub fn anchor(&mut self) -> Symbol {
        match &self.anchor {
            Some(anchor) => anchor.clone(),
            None => self.input("anchor", Shape::batched(&[1])),
        }
    }

    /// Gives the open axes of an input names: axes of the same name have the same size. The first axis is the batch.
    pub fn name_axes(&mut self, input: &Symbol, names: &[String]) {
        let mut shapes = std::array::from_fn(|_| Vec::with_capacity(names.len()));
        for (place, (size, name)) in input.shape().axes().iter().zip(names).enumerate() {
            let is_open = place > 0 && size.is_none();
            let number = is_open.then(|| self.number_of(name));
            for (sample, shape) in shapes.iter_mut().enumerate() {
                shape.push(Some(size.unwrap_or_else(|| samples::size(number, sample))));
            }
        }
        self.sampled.insert(key(input), shapes.map(|shape| Some(Shape::new(shape))));
    }

    fn number_of(&mut self, name: &str) -> usize {
        let known = self.open.iter().position(|known| known == name);
        known.unwrap_or_else(|| {
            self.open.push(name.to_owned());
            self.open.len() - 1
        })
    }

    /// The sizes of a value in ONNX's order, open ones by what they follow from.
    pub fn sizes(&mut self, x: &Variable) -> Vec<Entry> {
        let mut sizes = x.sizes();
        if x.shape().axes().iter().all(Option::is_some) {
            return sizes;
        }
        let shapes = self.shapes_of(&x.symbol);
        for (axis, size) in sizes.iter_mut().enumerate().filter(|(_, size)| size.known().is_none())
        {
            let place = x.order.place_of(axis);
            let number = |sample: usize| {
                let size = shapes[sample].as_ref()?.axes().get(place).copied().flatten()?;
                i64::try_from(size).ok()
            };
            match Samples::of(number).entry() {
                Entry::Unknown => {}
                told => *size = told,
            }
        }
        sizes
    }

    /// Whether the layers up to a value take a batch of several items.
    pub fn takes_batches(&mut self, x: &Symbol) -> bool {
        self.shapes_of(x).iter().any(Option::is_some)
    }

    /// The shapes of a value for some sizes of the inputs; `None` where a layer on the way can't be.
    fn shapes_of(&mut self, symbol: &Symbol) -> [Option<Shape>; COUNT] {
        // A chain of calls is as long as the model is deep.
        let mut waiting = vec![symbol.clone()];
        while let Some(next) = waiting.last() {
            let missing: Vec<Symbol> = next
                .call_inputs()
                .iter()
                .filter(|input| !self.sampled.contains_key(&key(input)))
                .cloned()
                .collect();
            if !missing.is_empty() {
                waiting.extend(missing);
                continue;
            }
            let made = self.shapes_after(next);
            self.sampled.entry(key(next)).or_insert(made);
            waiting.pop();
        }
        self.sampled[&key(symbol)].clone()
    }

    /// The shapes that a layer makes of its inputs'.
    fn shapes_after(&self, symbol: &Symbol) -> [Option<Shape>; COUNT] {
        let inputs: Vec<_> =
            symbol.call_inputs().iter().map(|input| &self.sampled[&key(input)]).collect();
        let layer = symbol.layer().layer().filter(|_| !inputs.is_empty());
        std::array::from_fn(|sample| {
            let shapes: Option<Vec<Shape>> =
                inputs.iter().map(|shapes| shapes[sample].clone()).collect();
            layer?.output_shape(&shapes?).ok()
        })
    }

    /// The following layers belong to the node of this name.
    pub fn begin_node(&mut self, name: &str) {
        self.base = legal(name);
        self.source = None;
    }

    /// The weights of the current node come from these names of the file, and from nowhere else; `None` if that is not so.
    pub fn weights_from(&mut self, source: Option<String>) {
        self.source = source;
    }

    /// Calls the layer that an earlier node has made of the same names, if there is one; else [`Builder::weighted`].
    ///
    /// Heads that look at several feature maps with the same filters keep them in one layer.
    pub fn tied(
        &mut self,
        layer: impl Into<LayerRef>,
        inputs: &[Symbol],
        weights: Vec<Tensor>,
    ) -> Result<Symbol, Located> {
        let layer = layer.into();
        let config = layer.layer().map(|layer| serde_json::Value::Object(layer.config()));
        let key = self.source.as_ref().zip(config);
        let key = key.map(|(source, config)| format!("{} {config} {source}", layer.class_name()));
        if let Some(earlier) = key.as_ref().and_then(|key| self.tied.get(key))
            && let Ok(output) = earlier.call(inputs)
        {
            return Ok(output);
        }
        let output = self.weighted(layer, inputs, weights)?;
        self.tied.extend(key.map(|key| (key, output.layer().clone())));
        Ok(output)
    }

    /// Calls a layer that prepares an input of the node's own: `conv1_pad` before `conv1`.
    pub fn beside(
        &mut self,
        suffix: &str,
        layer: impl Into<LayerRef>,
        inputs: &[Symbol],
    ) -> Result<Symbol, Located> {
        let name = self.name_like(&format!("{}_{suffix}", self.base));
        (&LayerRef::named(name, layer)).call(inputs).map_err(refused)
    }

    /// Calls a layer without weights.
    pub fn layer(
        &mut self,
        layer: impl Into<LayerRef>,
        inputs: &[Symbol],
    ) -> Result<Symbol, Located> {
        self.weighted(layer, inputs, Vec::new())
    }

    /// Calls a layer whose weights have these values, in the order of the layer's weights.
    pub fn weighted(
        &mut self,
        layer: impl Into<LayerRef>,
        inputs: &[Symbol],
        weights: Vec<Tensor>,
    ) -> Result<Symbol, Located> {
        let name = self.name_like(&self.base.clone());
        let layer = LayerRef::named(name.clone(), layer);
        let output = (&layer).call(inputs).map_err(refused)?;
        check_shapes(&layer, &weights)?;
        if !weights.is_empty() {
            self.weights.insert(name, weights);
        }
        Ok(output)
    }

    /// The model between these values, weights set.
    pub fn finish(
        mut self,
        name: Option<&str>,
        inputs: Vec<Symbol>,
        outputs: Vec<Symbol>,
    ) -> Result<Model, Located> {
        let model = match name {
            Some(name) => Model::named(&legal(name), inputs, outputs),
            None => Model::new(inputs, outputs),
        };
        let mut model = model.map_err(refused)?;
        let mut values = Vec::with_capacity(model.weights().len());
        let layers = model.layers().to_vec();
        for layer in &layers {
            values.extend(self.weights.remove(&layer.name()).unwrap_or_default());
        }
        model.set_parameters(values).map_err(refused)?;
        Ok(model)
    }

    /// The name, or the name with a number behind it if it is taken.
    fn name_like(&mut self, name: &str) -> String {
        if self.names.insert(name.to_owned()) {
            return name.to_owned();
        }
        // Of a hundred thousand nodes without names each would try the numbers of all before it.
        let next = self.next_number.entry(name.to_owned()).or_insert(1);
        loop {
            let numbered = format!("{name}_{next}");
            *next += 1;
            if self.names.insert(numbered.clone()) {
                return numbered;
            }
        }
    }
}

/// What a value is known by: every layer has a name of its own and one output.
fn key(symbol: &Symbol) -> (String, usize) {
    (symbol.layer().name(), symbol.call_index())
}

/// Refuses weights of other shapes than the layer's.
fn check_shapes(layer: &LayerRef, weights: &[Tensor]) -> Result<(), Located> {
    let (Some(kind), Some(inputs)) = (layer.layer(), layer.built_for()) else { return Ok(()) };
    let specs = kind.weights(inputs).map_err(|source| {
        let (layer, class_name) = (layer.name(), layer.class_name().to_owned());
        refused(ModelError::Layer { layer, class_name, source: Box::new(source) })
    })?;
    if specs.len() != weights.len() {
        return Err(Problem::Variables { expected: specs.len(), got: weights.len() }.into());
    }
    for (spec, tensor) in specs.iter().zip(weights) {
        if spec.shape != tensor.shape() {
            let expected = spec.shape.clone();
            let got = tensor.shape().iter().map(|&size| size as u64).collect();
            return Err(Problem::Shape { expected, got }.at(spec.name));
        }
    }
    Ok(())
}

/// A name without what separates names in a path; never empty.
fn legal(name: &str) -> String {
    let kept = |letter: char| match letter {
        letter if letter.is_alphanumeric() || "_-.".contains(letter) => letter,
        _ => '_',
    };
    let legal: String = name.trim_matches('/').chars().map(kept).collect();
    if legal.is_empty() { "layer".to_owned() } else { legal }
}

/// A layer or model that can't be made of what the file says.
pub(crate) fn refused(error: ModelError) -> Located {
    Problem::Model(Box::new(error)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_what_separates_paths() {
        assert_eq!(legal("/layer1/layer1.0/conv1/Conv"), "layer1_layer1.0_conv1_Conv");
        assert_eq!(legal("model/conv:0"), "model_conv_0");
        assert_eq!(legal("//"), "layer");
    }
}
