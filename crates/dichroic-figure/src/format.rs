//! A finished figure and its file formats.

use std::sync::{Arc, LazyLock};

use krilla::page::PageSettings;
use krilla_svg::{SurfaceExt, SvgSettings};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use crate::FigureError;
use crate::sheet::is_wide;

/// A drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    svg: String,
}

/// The fonts of the figures, and behind them those of the system: Chinese has none here.
static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(include_bytes!("../assets/DejaVuSans.ttf").to_vec());
    fonts.load_font_data(include_bytes!("../assets/DejaVuSans-Bold.ttf").to_vec());
    fonts.set_sans_serif_family("DejaVu Sans");
    Arc::new(fonts)
});

static FONTS_OF_THE_SYSTEM: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = FONTS.as_ref().clone();
    fonts.load_system_fonts();
    Arc::new(fonts)
});

impl Figure {
    pub(crate) fn new(svg: String) -> Self {
        Self { svg }
    }

    /// The drawing as SVG.
    pub fn svg(&self) -> &str {
        &self.svg
    }

    /// The drawing as PNG, with so many pixels for each unit of the SVG.
    ///
    /// # Errors
    /// When the picture would be too large to be held.
    pub fn png(&self, scale: f32) -> Result<Vec<u8>, FigureError> {
        let failed = |reason: String| FigureError::Format { format: "PNG", reason };
        let tree = self.tree().map_err(failed)?;
        let size = tree.size();
        let (width, height) = ((size.width() * scale).ceil(), (size.height() * scale).ceil());
        let mut pixels = Pixmap::new(width as u32, height as u32)
            .ok_or_else(|| failed(format!("{width} × {height} pixels are too many")))?;
        resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
        pixels.encode_png().map_err(|error| failed(error.to_string()))
    }

    /// The drawing as a PDF of one page, with its text as text.
    ///
    /// # Errors
    /// When the drawing can't be turned into PDF.
    pub fn pdf(&self) -> Result<Vec<u8>, FigureError> {
        let failed = |reason: String| FigureError::Format { format: "PDF", reason };
        let tree = self.tree().map_err(failed)?;
        let size = krilla::geom::Size::from_wh(tree.size().width(), tree.size().height())
            .ok_or_else(|| failed("it has no size".to_owned()))?;
        let settings = PageSettings::from_wh(size.width(), size.height())
            .ok_or_else(|| failed("it has no size".to_owned()))?;
        let mut document = krilla::Document::new();
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        surface
            .draw_svg(&tree, size, SvgSettings::default())
            .ok_or_else(|| failed("the page can't hold it".to_owned()))?;
        surface.finish();
        page.finish();
        document.finish().map_err(|error| failed(format!("{error:?}")))
    }

    fn tree(&self) -> Result<Tree, String> {
        // The system's fonts are many: they are looked through only for signs that the figures' own don't have.
        let foreign = self.svg.chars().any(is_wide);
        let fontdb = match foreign {
            true => Arc::clone(&FONTS_OF_THE_SYSTEM),
            false => Arc::clone(&FONTS),
        };
        let options =
            Options { fontdb, font_family: "DejaVu Sans".to_owned(), ..Options::default() };
        Tree::from_str(&self.svg, &options).map_err(|error| error.to_string())
    }
}
