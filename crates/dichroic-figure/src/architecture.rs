//! A model as boxes, from the input to the output.

mod items;
mod places;

use dichroic::explain::words::figure as words;
use dichroic::explain::{Architecture, Language};
use dichroic::layers::grouped;
use dichroic::model::Model;

use crate::FigureError;
use crate::colour::FAINT;
use crate::format::Figure;
use crate::sheet::{Ink, Sheet};
use crate::volume::Kind;
use items::{Item, items};
use places::{Layout, layout};

/// Draws a model as volumes to scale: what each layer makes, its shape and its parameters.
///
/// Layers that keep the shape (normalisation, activation, dropout, padding) are named below the one before them; the
/// stages and blocks of a large network are one box each.
///
/// # Errors
/// When the model has no input shape.
pub fn architecture(model: &Model, language: Language) -> Result<Figure, FigureError> {
    let architecture = Architecture::of(model)?;
    let items = items(&architecture, language);
    let Layout { places, edges } = layout(&items);
    let mut sheet = Sheet::new();
    let title = model.name().to_owned();
    sheet.text((0.0, 14.0), &title, Ink::of(15.0).bold());
    let macs = architecture.totals.macs.map_or_else(|| "?".to_owned(), grouped);
    let totals = words::totals(architecture.totals.parameters, macs).text_in(language);
    sheet.text((0.0, 33.0), &totals, Ink::of(11.0).colour(FAINT));
    for edge in &edges {
        sheet.arrow(edge);
    }
    for (item, place) in items.iter().zip(&places) {
        let (width, _) = item.volume.extent();
        item.volume.draw(&mut sheet, (place.middle - width / 2.0, place.base), item.kind.faces());
        label(&mut sheet, item, (place.middle, place.base));
    }
    Ok(sheet.finish(&title))
}

fn label(sheet: &mut Sheet, item: &Item, (x, y): (f64, f64)) {
    let mut below = y + 16.0;
    let ink = Ink::of(10.5).middle();
    sheet.text((x, below), &item.name, ink.bold());
    for line in &item.lines {
        below += 13.0;
        sheet.text((x, below), line, Ink::of(9.5).middle().colour(FAINT));
    }
    if item.kind == Kind::Group {
        below += 13.0;
        sheet.text((x, below), &item.inside, Ink::of(9.5).middle().colour(FAINT));
    }
}
