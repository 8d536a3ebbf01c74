//! `summary --lenient`: what can be said of a file whose model is refused.

use dichroic::layers::grouped;
use dichroic::model::{Outline, OutlinedLayer};
use serde_json::{Value, json};

use crate::table::{Align, Table};

/// The layers with what is known of each, and below why others are refused.
pub fn text(outline: &Outline) -> String {
    let head = [
        ("layer (type)", Align::Left),
        ("output shape", Align::Left),
        ("parameters", Align::Right),
        ("", Align::Left),
    ];
    let mut table = Table::new(head);
    for layer in &outline.layers {
        let shape = layer.output_shape.as_ref().map_or("?".to_owned(), ToString::to_string);
        let params = layer.params.map_or("?".to_owned(), grouped);
        let refused = if layer.problem.is_some() { "refused" } else { "" };
        let name = format!("{} ({})", layer.name, layer.class_name);
        table.row([name, shape, params, refused.to_owned()]);
    }
    let known: u64 = outline.layers.iter().filter_map(|layer| layer.params).sum();
    let mut text = format!("Model: \"{}\", as far as it can be read\n\n", outline.name);
    text += &table.render();
    text += &format!("\nat least {} parameters\n", grouped(known));
    for (layer, problem) in refused(outline) {
        text += &format!("\n{}: {problem}\n", layer.name);
    }
    text
}

/// The same for programs.
pub fn json(outline: &Outline) -> Value {
    let layers = outline.layers.iter().map(|layer| {
        let shape = layer.output_shape.as_ref().map(|shape| shape.axes().to_vec());
        json!({
            "name": layer.name,
            "type": layer.class_name,
            "output_shape": shape,
            "params": layer.params,
            "refused": layer.problem,
        })
    });
    json!({ "name": outline.name, "complete": false, "layers": layers.collect::<Vec<_>>() })
}

fn refused(outline: &Outline) -> impl Iterator<Item = (&OutlinedLayer, &str)> {
    outline.layers.iter().filter_map(|layer| Some((layer, layer.problem.as_deref()?)))
}
