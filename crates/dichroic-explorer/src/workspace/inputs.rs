//! The inputs that models are shown: embedded pictures, the user's own, drawings, and arrays as they are.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use dichroic::Tensor;
use dichroic::data::picture::Picture;
use dichroic::data::{DataError, Limits, PictureShape, PixelRange, named, photographs};
use dichroic::model::{Model, ModelError, Symbol};
use serde::Serialize;
use utoipa::ToSchema;

use super::ModelRecord;
use crate::problem::Problem;

/// Inputs kept beside the embedded ones; the oldest makes room.
const MOST_INPUTS: usize = 64;
/// Mistakes of trainings among them, which come anew with each epoch.
const MOST_SAMPLES: usize = 24;
/// Bytes that one picture may take while it is decoded and resized.
const PICTURE_MEMORY: Limits = Limits { bytes: 256 << 20 };
/// Values that made-up arrays may have together: 256 MiB.
const MOST_MADE_UP: usize = 64 << 20;

/// Values from nowhere, the same each time.
pub const MADE_UP: &str = "made-up";
/// The photograph that is shown first.
const FIRST_PHOTO: &str = "photo-cat";
/// The picture of clothing that is shown first.
const FIRST_FASHION: &str = "fashion-7";

/// Where an input comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InputKind {
    /// A picture inside the program.
    Embedded,
    /// A picture of the command line.
    Image,
    /// A picture given to the page.
    Upload,
    /// Drawn on the page.
    Drawing,
    /// Values from nowhere, the same each time.
    MadeUp,
    /// What a layer sees in a model.
    LayerInput,
    /// A sample of a data set.
    Sample,
}

/// An input in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InputEntry {
    /// The name in addresses.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// Where it comes from.
    pub kind: InputKind,
    /// The model that it belongs to; `None` for one that suits any.
    pub model: Option<String>,
    /// The true class, where it is known.
    pub label: Option<String>,
}

/// What an input holds.
#[derive(Clone, Debug)]
enum Content {
    /// A picture, which is fitted to each model as `predict` fits them.
    Picture(Picture),
    /// Arrays as the model takes them, a batch of one each.
    Arrays(Vec<Tensor>),
    /// Values from 0 to 1 in this shape; a picture where they can be one.
    Values(Tensor, Option<Picture>),
    /// Values from nowhere.
    MadeUp,
}

#[derive(Debug)]
struct Record {
    entry: InputEntry,
    content: Content,
}

/// The inputs in the order in which they came, after the embedded ones.
#[derive(Debug, Default)]
pub struct Inputs(Mutex<VecDeque<Arc<Record>>>);

impl Inputs {
    /// All inputs.
    pub fn entries(&self) -> Vec<InputEntry> {
        let added = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = added.iter().filter(|record| record.entry.kind == InputKind::Image);
        let rest = added.iter().filter(|record| record.entry.kind != InputKind::Image);
        let all = own.chain(embedded()).chain(rest);
        all.map(|record| record.entry.clone()).collect()
    }

    /// Keeps a picture file, PNG or JPEG.
    ///
    /// # Errors
    /// When the bytes are no picture, or a damaged or too large one.
    pub fn add_picture(&self, new: NewInput, bytes: &[u8]) -> Result<InputEntry, Problem> {
        let picture = Picture::decode(bytes, &new.name, &PICTURE_MEMORY)?;
        Ok(self.add(new, Content::Picture(picture)))
    }

    /// Keeps values from 0 to 1: a drawing in the shape of some model's input.
    ///
    /// # Errors
    /// When the values are not as many as the shape says, or not finite.
    pub fn add_values(
        &self,
        new: NewInput,
        shape: Vec<usize>,
        values: Vec<f32>,
    ) -> Result<InputEntry, Problem> {
        if !values.iter().all(|value| (0.0..=1.0).contains(value)) {
            return Err(Problem::bad_request("the values of a drawing lie between 0 and 1"));
        }
        let bytes: Vec<u8> = values.iter().map(|value| (value * 255.0).round() as u8).collect();
        let picture = match shape[..] {
            [height, width, channels @ (1 | 3 | 4)] => {
                let shape = PictureShape { height, width, channels };
                Some(Picture::of_pixels(shape, bytes, &new.name, &PICTURE_MEMORY)?)
            }
            _ => None,
        };
        let batched = [&[1], &shape[..]].concat();
        let values = Tensor::new(batched, values).map_err(|_| {
            Problem::bad_request(format!("the values are not as many as the shape {shape:?} says"))
        })?;
        Ok(self.add(new, Content::Values(values, picture)))
    }

    /// Keeps arrays that only one model takes, a batch of one each.
    pub fn add_arrays(&self, new: NewInput, arrays: Vec<Tensor>) -> InputEntry {
        self.add(new, Content::Arrays(arrays))
    }

    fn add(&self, new: NewInput, content: Content) -> InputEntry {
        let NewInput { id, name, kind, model, label } = new;
        let entry = InputEntry { id, name, kind, model, label };
        let record = Arc::new(Record { entry: entry.clone(), content });
        let mut added = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = added.iter().position(|other| other.entry.id == entry.id) {
            added[place] = record;
            return entry;
        }
        let sample = |record: &Arc<Record>| record.entry.kind == InputKind::Sample;
        let samples = added.iter().filter(|record| sample(record)).count();
        if sample(&record)
            && samples >= MOST_SAMPLES
            && let Some(place) = added.iter().position(sample)
        {
            added.remove(place);
        }
        let passing = |record: &Arc<Record>| record.entry.kind != InputKind::Image;
        if added.len() >= MOST_INPUTS
            && let Some(place) = added.iter().position(passing)
        {
            added.remove(place);
        }
        added.push_back(record);
        entry
    }

    fn get(&self, id: &str) -> Result<Arc<Record>, Problem> {
        let added = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = added.iter().chain(embedded()).find(|record| record.entry.id == id).cloned();
        found.ok_or_else(|| {
            Problem::not_found(format!("no input {id:?}")).help(format!(
                "the {MOST_INPUTS} newest uploads and drawings are kept while the program runs; give it again"
            ))
        })
    }

    /// The input that a model is shown first.
    pub fn default_for(&self, model: &ModelRecord) -> String {
        let added = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = added.iter().rev().find(|record| record.entry.model.as_ref() == Some(&model.id));
        if let Some(record) = own.filter(|record| record.entry.kind == InputKind::LayerInput) {
            return record.entry.id.clone();
        }
        let Some(shape) = model.picture else { return MADE_UP.to_owned() };
        match added.iter().find(|record| record.entry.kind == InputKind::Image) {
            Some(record) => record.entry.id.clone(),
            None if shape.channels == 1 => FIRST_FASHION.to_owned(),
            None => FIRST_PHOTO.to_owned(),
        }
    }

    /// An input as a model takes it: one array for each of its inputs, a batch of one.
    ///
    /// # Errors
    /// When there is no such input, or it does not suit the model.
    pub fn tensors(&self, model: &Model, id: &str, input: &str) -> Result<Vec<Tensor>, Problem> {
        let record = self.get(input)?;
        if let Some(owner) = &record.entry.model
            && owner != id
        {
            let message = format!("input {input:?} belongs to model {owner:?}, not to {id:?}");
            return Err(Problem::bad_request(message));
        }
        match &record.content {
            Content::Picture(picture) => fitted(model, picture),
            Content::Arrays(arrays) => Ok(arrays.clone()),
            Content::MadeUp => made_up(model),
            Content::Values(values, picture) => match (model.inputs(), picture) {
                ([only], _) if only.shape().with_batch(1).as_deref() == Some(values.shape()) => {
                    let largest = largest_pixel(model);
                    let scaled = values.data().iter().map(|value| value * largest).collect();
                    Ok(vec![Tensor::new(values.shape(), scaled).map_err(ModelError::from)?])
                }
                (_, Some(picture)) => fitted(model, picture),
                (_, None) => Err(Problem::bad_request(format!(
                    "the drawing has the shape {:?}, and {}",
                    &values.shape()[1..],
                    takes(model)
                ))),
            },
        }
    }

    /// A small PNG file of an input that is a picture.
    ///
    /// # Errors
    /// When there is no such input, or it is no picture.
    pub fn picture(&self, input: &str, longest: u32) -> Result<Vec<u8>, Problem> {
        match &self.get(input)?.content {
            Content::Picture(picture) | Content::Values(_, Some(picture)) => {
                Ok(picture.png(longest)?)
            }
            Content::Arrays(arrays) => match pictured(arrays, input) {
                Some(picture) => Ok(picture?.png(longest)?),
                None => Err(Problem::not_found(format!("input {input:?} is no picture"))),
            },
            _ => Err(Problem::not_found(format!("input {input:?} is no picture"))),
        }
    }
}

/// What is known of an input before it is kept.
#[derive(Clone, Debug)]
pub struct NewInput {
    /// The name in addresses.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// Where it comes from.
    pub kind: InputKind,
    /// The model that it belongs to.
    pub model: Option<String>,
    /// The true class.
    pub label: Option<String>,
}

impl NewInput {
    /// An input that suits any model and has no label.
    pub fn new(id: impl Into<String>, name: impl Into<String>, kind: InputKind) -> Self {
        Self { id: id.into(), name: name.into(), kind, model: None, label: None }
    }
}

/// The size of the picture that a model takes; `None` if it takes something else.
pub fn picture_shape(model: &Model) -> Option<PictureShape> {
    let [input] = model.inputs() else { return None };
    let &[_, height, width, Some(channels @ (1 | 3 | 4))] = input.shape().axes() else {
        return None;
    };
    Some(PictureShape {
        height: height.unwrap_or(OPEN_SIDE),
        width: width.unwrap_or(OPEN_SIDE),
        channels,
    })
}

/// The side of a picture for a model that leaves it open.
const OPEN_SIDE: usize = 224;

fn largest_pixel(model: &Model) -> f32 {
    if model.pixel_range() == PixelRange::Bytes { 255.0 } else { 1.0 }
}

fn fitted(model: &Model, picture: &Picture) -> Result<Vec<Tensor>, Problem> {
    let shape = picture_shape(model).ok_or_else(|| {
        Problem::bad_request(format!("{}, which no picture fills", takes(model)))
            .help(format!("the input {MADE_UP:?} suits every model"))
    })?;
    let divisor = 255.0 / largest_pixel(model);
    let values = picture.fitted(shape)?.into_iter().map(|byte| f32::from(byte) / divisor);
    let axes = [1, shape.height, shape.width, shape.channels];
    Ok(vec![Tensor::new(axes, values.collect()).map_err(ModelError::from)?])
}

/// An array that is a picture with pixels from 0 to 1 or to 255; `None` for others.
fn pictured(arrays: &[Tensor], name: &str) -> Option<Result<Picture, DataError>> {
    let [array] = arrays else { return None };
    let &[1, height, width, channels @ (1 | 3 | 4)] = array.shape() else { return None };
    let unit = array.data().iter().all(|&value| value <= 1.0);
    let scale = if unit { 255.0 } else { 1.0 };
    // A cast of floats stops at the ends of bytes.
    let pixels = array.data().iter().map(|&value| (value * scale).round() as u8).collect();
    let shape = PictureShape { height, width, channels };
    Some(Picture::of_pixels(shape, pixels, name, &PICTURE_MEMORY))
}

fn takes(model: &Model) -> String {
    let shapes: Vec<String> =
        model.inputs().iter().map(|input| input.shape().to_string()).collect();
    format!("model {:?} takes {}", model.name(), shapes.join(" and "))
}

/// One item of made-up values for each input, in the range that the model expects; open sides of pictures get a usual size.
fn made_up(model: &Model) -> Result<Vec<Tensor>, Problem> {
    let largest = largest_pixel(model);
    let axes = |input: &Symbol| -> Vec<usize> {
        let axes = input.shape().axes().iter().enumerate();
        axes.map(|(at, axis)| if at == 0 { 1 } else { axis.unwrap_or(OPEN_SIDE) }).collect()
    };
    let all: Vec<Vec<usize>> = model.inputs().iter().map(axes).collect();
    let count = |axes: &Vec<usize>| axes.iter().try_fold(1usize, |n, &axis| n.checked_mul(axis));
    let total = all.iter().try_fold(0usize, |sum, axes| sum.checked_add(count(axes)?));
    if total.is_none_or(|total| total > MOST_MADE_UP) {
        let message = format!("{}, more than {MOST_MADE_UP} values for one item", takes(model));
        return Err(Problem::too_large(message).help("give the model a smaller input"));
    }
    // Steps of the golden ratio: spread evenly, and no two neighbours alike.
    let value = |i: usize| (i as f64 * 0.618_033_988_749_895).fract() as f32 * largest;
    let tensor = |axes: Vec<usize>| {
        let values = (0..axes.iter().product()).map(value).collect();
        Tensor::new(axes, values).map_err(|error| ModelError::from(error).into())
    };
    all.into_iter().map(tensor).collect()
}

/// The inputs inside the program.
fn embedded() -> &'static [Arc<Record>] {
    static EMBEDDED: OnceLock<Vec<Arc<Record>>> = OnceLock::new();
    EMBEDDED.get_or_init(|| {
        let entry = |id: String, name: &str, label: Option<&str>| InputEntry {
            id,
            name: name.to_owned(),
            kind: InputKind::Embedded,
            model: None,
            label: label.map(str::to_owned),
        };
        let photos = photographs().iter().filter_map(|(name, bytes)| {
            let picture = Picture::decode(bytes, name, &PICTURE_MEMORY).ok()?;
            let entry = entry(format!("photo-{name}"), name, Some(name));
            Some(Record { entry, content: Content::Picture(picture) })
        });
        let clothes = clothes().into_iter().map(|(label, name, picture)| Record {
            entry: entry(format!("fashion-{label}"), &name, Some(&name)),
            content: Content::Picture(picture),
        });
        let made_up =
            InputEntry { kind: InputKind::MadeUp, ..entry(MADE_UP.to_owned(), MADE_UP, None) };
        let made_up = Record { entry: made_up, content: Content::MadeUp };
        photos.chain(clothes).chain([made_up]).map(Arc::new).collect()
    })
}

/// The first test picture of each class of clothing: label, class and picture.
fn clothes() -> Vec<(usize, String, Picture)> {
    let Some(test) = named("fashion").ok().and_then(|split| split.test) else { return Vec::new() };
    let ([x], [y]) = (test.inputs(), test.targets()) else { return Vec::new() };
    let labels = y.to_tensor().into_data();
    let names = test.class_names().iter().enumerate();
    names
        .filter_map(|(label, name)| {
            let row = labels.iter().position(|&known| known as usize == label)?;
            let pixels = x.sample(row).iter().map(|&value| value as u8).collect();
            let &[_, height, width, channels] = x.shape() else { return None };
            let shape = PictureShape { height, width, channels };
            let picture = Picture::of_pixels(shape, pixels, name, &PICTURE_MEMORY).ok()?;
            Some((label, name.clone(), picture))
        })
        .collect()
}
