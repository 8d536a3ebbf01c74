//! What one output value sees of the input, layer by layer.

use dichroic::explain::words::figure as words;
use dichroic::explain::{Architecture, ExplainError, Language};
use dichroic::model::Model;

use crate::FigureError;
use crate::colour::FAINT;
use crate::format::Figure;
use crate::sheet::{Area, Ink, Sheet, Stroke, times};

/// The longer side of the drawn input.
const INPUT: f64 = 360.0;
/// Layers in the list; of more, those with the largest steps between them.
const MOST_LAYERS: usize = 22;
/// From the first layer to the last.
const COLOURS: [&str; 6] = ["#0b7285", "#1c7ed6", "#6741d9", "#c2255c", "#e8590c", "#b08900"];

/// Draws the receptive field of each layer up to the one named as a frame on the input, to scale, and lists them.
///
/// # Errors
/// When there is no such layer, or its field can't be followed.
pub fn receptive_field(
    model: &Model,
    layer: &str,
    language: Language,
) -> Result<Figure, FigureError> {
    let path = model.path_of(layer).map_err(ExplainError::from)?;
    let architecture = Architecture::of(model)?;
    let fields = fields(&architecture, &path)
        .ok_or_else(|| FigureError::NoReceptiveField { layer: path.clone() })?;
    let input = architecture.nodes.iter().find(|node| node.input_shape.is_none());
    let input: Vec<usize> = input
        .and_then(|node| node.output_shape.clone())
        .unwrap_or_default()
        .iter()
        .map(|axis| axis.unwrap_or(0))
        .collect();
    let title = words::field_title(&*path).text_in(language);
    let mut sheet = Sheet::new();
    sheet.text((0.0, 14.0), &title, Ink::of(15.0).bold());
    let drawn = thinned(&fields);
    let right = nested(&mut sheet, &input, &drawn);
    list(&mut sheet, right + 36.0, &drawn, language);
    Ok(sheet.finish(&title))
}

/// The field of a layer.
#[derive(Clone, Debug, PartialEq)]
struct Field {
    layer: String,
    sizes: Vec<u64>,
    strides: Vec<f64>,
}

/// The fields on the way to the layer, each of them once; `None` where the layer has none.
fn fields(architecture: &Architecture, path: &str) -> Option<Vec<Field>> {
    let last = architecture.nodes.iter().position(|node| node.layer == path)?;
    architecture.nodes[last].receptive_field.as_ref()?;
    // Everything that the layer depends on.
    let mut on_the_way = vec![false; architecture.nodes.len()];
    on_the_way[last] = true;
    for node in (0..=last).rev().filter(|node| *node <= last) {
        if on_the_way[node] {
            for edge in architecture.edges.iter().filter(|edge| edge.to == node) {
                on_the_way[edge.from] = true;
            }
        }
    }
    let mut fields: Vec<Field> = Vec::new();
    for node in architecture.nodes.iter().filter(|node| on_the_way[node.index]) {
        let Some(sizes) = node.receptive_field.clone() else { continue };
        let grows = |field: &Field| sizes.iter().zip(&field.sizes).any(|(new, old)| new > old);
        let strides = node.output_stride.as_ref().map(|s| s.0.clone()).unwrap_or_default();
        if node.input_shape.is_some() && (fields.last().is_none_or(grows) || node.layer == path) {
            fields.push(Field { layer: node.layer.clone(), sizes, strides });
        }
    }
    Some(fields)
}

/// As many as a list can hold: every n-th, and always the last.
fn thinned(fields: &[Field]) -> Vec<Field> {
    let step = fields.len().div_ceil(MOST_LAYERS).max(1);
    let kept = |(i, _): &(usize, &Field)| (fields.len() - 1 - i).is_multiple_of(step);
    fields.iter().enumerate().filter(kept).map(|(_, field)| field.clone()).collect()
}

/// Draws the input with the fields in its middle; gives the right end.
fn nested(sheet: &mut Sheet, input: &[usize], fields: &[Field]) -> f64 {
    let (height, width) = match input {
        [length, _] => (1, *length),
        [height, width, _] | [_, height, width, _] => (*height, *width),
        _ => (1, 1),
    };
    let largest = fields.iter().flat_map(|field| &field.sizes).copied().max().unwrap_or(1);
    // A field may reach beyond the input, into the padding.
    let whole = (height.max(width) as u64).max(largest).max(1) as f64;
    let scale = INPUT / whole;
    let flat = height == 1;
    let side = |size: f64| if flat { 26.0 } else { size * scale };
    let middle = (INPUT / 2.0, 40.0 + if flat { 60.0 } else { INPUT / 2.0 });
    let centred = |wide: f64, high: f64| Area {
        x: middle.0 - wide / 2.0,
        y: middle.1 - high / 2.0,
        width: wide,
        height: high,
    };
    let picture = centred(width as f64 * scale, side(height as f64));
    sheet.fill(picture, "#e9edf1");
    sheet.frame(picture, Stroke::of("#6b7682", 1.0));
    for (i, field) in fields.iter().enumerate().rev() {
        let wide = *field.sizes.last().unwrap_or(&1) as f64 * scale;
        let high = match field.sizes[..] {
            [.., high, _] => high as f64 * scale,
            // Rows of a sequence lie within each other.
            _ => 26.0 + 5.0 * i as f64,
        };
        let frame = centred(wide.max(1.0), high.max(1.0));
        let stroke = Stroke::of(colour(i, fields.len()), 1.4);
        let beyond = wide > picture.width + 0.5 || high > picture.height.max(26.0) + 0.5 && !flat;
        sheet.frame(frame, if beyond { stroke.dashed() } else { stroke });
    }
    INPUT
}

fn list(sheet: &mut Sheet, x: f64, fields: &[Field], language: Language) {
    let columns = [x + 18.0, x + 300.0, x + 380.0];
    let faint = Ink::of(10.5).colour(FAINT);
    sheet.text((columns[0], 40.0), &words::layer().text_in(language), faint);
    sheet.text((columns[1], 40.0), &words::sees().text_in(language), faint.end());
    sheet.text((columns[2], 40.0), &words::every().text_in(language), faint.end());
    for (i, field) in fields.iter().enumerate() {
        let y = 60.0 + i as f64 * 18.0;
        let chip = Area { x, y: y - 9.0, width: 11.0, height: 11.0 };
        sheet.fill(chip, colour(i, fields.len()));
        let ink = if i + 1 == fields.len() { Ink::of(11.5).bold() } else { Ink::of(11.5) };
        sheet.text((columns[0], y), &field.layer, ink);
        sheet.text((columns[1], y), &times(&field.sizes), ink.end());
        sheet.text((columns[2], y), &times(&field.strides), ink.end());
    }
}

fn colour(i: usize, count: usize) -> &'static str {
    COLOURS[i * COLOURS.len() / count.max(1)]
}
