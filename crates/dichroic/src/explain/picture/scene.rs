//! A drawing of rectangles and words, written as SVG or as PNG.

use std::io::Cursor;

use image::{ImageFormat, RgbImage};

use super::glyphs::{GLYPH_HEIGHT, GLYPH_STEP, glyph};
use crate::explain::ExplainError;

/// The largest side of a picture in pixels.
const MOST_PIXELS: u32 = 16_384;

/// A colour: red, green, blue.
pub type Rgb = [u8; 3];

/// Which end of a word stands at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// It is centred there.
    Middle,
    /// It ends there.
    End,
}

/// One thing drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// A filled rectangle.
    Rect {
        /// Pixels from the left.
        x: u32,
        /// Pixels from the top.
        y: u32,
        /// Pixels wide.
        width: u32,
        /// Pixels high.
        height: u32,
        /// Its colour.
        fill: Rgb,
    },
    /// A line of text.
    Text {
        /// Pixels from the left, to the place of the anchor.
        x: u32,
        /// Pixels from the top, to the upper end of the letters.
        y: u32,
        /// How many pixels a dot of a letter takes: letters are 7 dots high.
        dot: u32,
        /// The text.
        text: String,
        /// Which end stands at `x`.
        anchor: Anchor,
        /// Its colour.
        fill: Rgb,
    },
}

/// A picture as marks in the order of drawing, on white.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// Pixels wide.
    pub width: u32,
    /// Pixels high.
    pub height: u32,
    /// What it shows, in words.
    pub title: String,
    /// The marks.
    pub marks: Vec<Mark>,
}

impl Scene {
    pub(super) fn new(title: String) -> Self {
        Self { width: 0, height: 0, title, marks: Vec::new() }
    }

    pub(super) fn rect(&mut self, (x, y): (u32, u32), (width, height): (u32, u32), fill: Rgb) {
        self.marks.push(Mark::Rect { x, y, width, height, fill });
    }

    pub(super) fn text(&mut self, (x, y): (u32, u32), dot: u32, text: &str, anchor: Anchor) {
        let fill = [40, 40, 40];
        self.marks.push(Mark::Text { x, y, dot, text: text.to_owned(), anchor, fill });
    }

    /// The picture as SVG.
    pub fn to_svg(&self) -> String {
        let (width, height) = (self.width, self.height);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n\
             <title>{}</title>\n<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n",
            escaped(&self.title)
        );
        for mark in &self.marks {
            svg += &match mark {
                Mark::Rect { x, y, width, height, fill } => format!(
                    "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{}\" shape-rendering=\"crispEdges\"/>\n",
                    hex(*fill)
                ),
                Mark::Text { x, y, dot, text, anchor, fill } => format!(
                    "<text x=\"{x}\" y=\"{}\" font-family=\"monospace\" font-size=\"{}\" text-anchor=\"{}\" fill=\"{}\" xml:space=\"preserve\">{}</text>\n",
                    y + GLYPH_HEIGHT * dot,
                    // A monospaced letter is 0.6 of its size wide, and six dots here.
                    10 * dot,
                    match anchor {
                        Anchor::Start => "start",
                        Anchor::Middle => "middle",
                        Anchor::End => "end",
                    },
                    hex(*fill),
                    escaped(text)
                ),
            };
        }
        svg + "</svg>\n"
    }

    /// The picture as PNG.
    ///
    /// # Errors
    /// When a side is longer than 16,384 pixels.
    pub fn to_png(&self) -> Result<Vec<u8>, ExplainError> {
        if self.width > MOST_PIXELS || self.height > MOST_PIXELS {
            return Err(ExplainError::Picture {
                reason: format!(
                    "{}×{} pixels are more than {MOST_PIXELS} a side",
                    self.width, self.height
                ),
            });
        }
        let mut image = RgbImage::from_pixel(self.width, self.height, image::Rgb([255; 3]));
        for mark in &self.marks {
            match mark {
                Mark::Rect { x, y, width, height, fill } => {
                    paint(&mut image, (*x, *y), (*width, *height), *fill);
                }
                Mark::Text { x, y, dot, text, anchor, fill } => {
                    let width = text_width(text, *dot);
                    let left = match anchor {
                        Anchor::Start => *x,
                        Anchor::Middle => x.saturating_sub(width / 2),
                        Anchor::End => x.saturating_sub(width),
                    };
                    for (index, letter) in text.chars().enumerate() {
                        let at = left + index as u32 * GLYPH_STEP * dot;
                        for (row, bits) in glyph(letter).into_iter().enumerate() {
                            for column in (0..5u32).filter(|column| bits >> (4 - column) & 1 == 1) {
                                let place = (at + column * dot, y + row as u32 * dot);
                                paint(&mut image, place, (*dot, *dot), *fill);
                            }
                        }
                    }
                }
            }
        }
        let mut png = Cursor::new(Vec::new());
        let written = image.write_to(&mut png, ImageFormat::Png);
        written.map_err(|error| ExplainError::Picture { reason: error.to_string() })?;
        Ok(png.into_inner())
    }
}

/// The width of a line of text in pixels.
pub(super) fn text_width(text: &str, dot: u32) -> u32 {
    text.chars().count() as u32 * GLYPH_STEP * dot
}

fn paint(image: &mut RgbImage, (x, y): (u32, u32), (width, height): (u32, u32), fill: Rgb) {
    let right = x.saturating_add(width).min(image.width());
    let bottom = y.saturating_add(height).min(image.height());
    for row in y..bottom {
        for column in x..right {
            image.put_pixel(column, row, image::Rgb(fill));
        }
    }
}

fn hex([red, green, blue]: Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_layers_are_escaped_in_svg() {
        let mut scene = Scene::new("a<b".to_owned());
        scene.text((0, 0), 1, "x & <y>", Anchor::Start);
        let svg = scene.to_svg();
        assert!(
            svg.contains("<title>a&lt;b</title>") && svg.contains("x &amp; &lt;y&gt;"),
            "{svg}"
        );
    }

    #[test]
    fn a_picture_is_a_png_of_its_size_and_a_too_large_one_is_refused() {
        let mut scene = Scene::new("two".to_owned());
        (scene.width, scene.height) = (4, 3);
        scene.rect((1, 1), (9, 9), [1, 2, 3]);
        let image = image::load_from_memory(&scene.to_png().unwrap()).unwrap().to_rgb8();
        assert_eq!((image.width(), image.height()), (4, 3));
        assert_eq!((image.get_pixel(0, 0).0, image.get_pixel(3, 2).0), ([255; 3], [1, 2, 3]));
        scene.width = 100_000;
        assert!(scene.to_png().is_err());
    }
}
