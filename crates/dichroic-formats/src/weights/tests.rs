//! What is written comes back; what is damaged is refused without a panic.

use std::panic::{AssertUnwindSafe, catch_unwind};

use hdf5_pure::FileBuilder;
use proptest::prelude::*;

use super::*;
use crate::error::{Located, Problem};

fn file() -> Vec<u8> {
    let kernel: Vec<f32> = (0..3 * 3 * 2 * 4).map(|i| i as f32 * 0.5).collect();
    let bias = [0.25f32, -1.0, 3.0, f32::MIN_POSITIVE];
    let mut writer = WeightsWriter::default();
    writer.put("", "sequential", Vec::new());
    writer.put(
        "layers/conv2d",
        "first",
        vec![
            Variable::Floats { shape: &[3, 3, 2, 4], values: &kernel },
            Variable::Floats { shape: &[4], values: &bias },
        ],
    );
    writer.put("layers/flatten", "flatten", Vec::new());
    writer.put("optimizer", "adam", vec![Variable::Integer(17), Variable::Float(1e-3)]);
    writer.finish().unwrap()
}

/// Kernel, bias, steps and learning rate of [`file`].
type Whole = (Vec<f32>, Vec<f32>, i64, Vec<f32>);

fn read_all(bytes: Vec<u8>) -> Result<Whole, Located> {
    let reader = WeightsReader::new(bytes.into())?;
    reader.children("layers")?;
    let layer = reader.variables("layers/conv2d")?;
    layer.expect(2)?;
    let optimizer = reader.variables("optimizer")?;
    Ok((
        layer.floats(0, &[3, 3, 2, 4])?,
        layer.floats(1, &[4])?,
        optimizer.integer(0)?,
        optimizer.floats(1, &[])?,
    ))
}

#[test]
fn variables_come_back_bit_for_bit() {
    let (kernel, bias, steps, rate) = read_all(file()).unwrap();
    assert_eq!(kernel[71], 35.5);
    assert_eq!(bias, [0.25, -1.0, 3.0, f32::MIN_POSITIVE]);
    assert_eq!((steps, rate), (17, vec![1e-3]));
}

#[test]
fn a_group_that_is_not_there_has_no_variables() {
    let reader = WeightsReader::new(file().into()).unwrap();
    assert_eq!(reader.variables("layers/dense").unwrap().len(), 0);
    assert_eq!(reader.variables("layers/flatten").unwrap().len(), 0);
    let mut children = reader.children("layers").unwrap();
    children.sort();
    assert_eq!(children, ["conv2d", "flatten"]);
}

#[test]
fn another_shape_is_refused_with_both_shapes() {
    let reader = WeightsReader::new(file().into()).unwrap();
    let error = reader.variables("layers/conv2d").unwrap().floats(0, &[3, 3, 4, 2]).unwrap_err();
    assert_eq!(error.place, "layers/conv2d/vars/0");
    let text = "expected an array of shape (3, 3, 4, 2), got (3, 3, 2, 4)";
    assert_eq!(error.problem.to_string(), text);
}

#[test]
fn a_chunk_that_claims_a_gigabyte_for_a_small_array_is_refused() {
    let mut file = FileBuilder::new();
    let mut group = file.create_group("vars");
    group
        .create_dataset("0")
        .with_f32_data(&[1.0; 4])
        .with_shape(&[4])
        .with_maxshape(&[hdf5_pure::MaxExtent::Unlimited])
        .with_chunks(&[1 << 22])
        .with_deflate(6);
    file.add_group(group.finish());
    let reader = WeightsReader::new(file.finish().unwrap().into()).unwrap();
    let error = reader.variables("").unwrap().floats(0, &[4]).unwrap_err();
    assert!(matches!(error.problem, Problem::TooLarge { .. }));
}

#[test]
fn every_truncation_is_an_error() {
    let whole = file();
    for length in 0..whole.len() {
        assert!(read_all(whole[..length].to_vec()).is_err(), "{length} of {} bytes", whole.len());
    }
}

/// A weight file as Keras itself writes it.
fn from_keras() -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/files/trained.keras");
    let mut archive = crate::archive::Archive::open(path.as_ref()).unwrap();
    archive.read("model.weights.h5").unwrap().unwrap()
}

fn read_keras(bytes: Vec<u8>) -> Result<(Vec<f32>, i64), Located> {
    let reader = WeightsReader::new(bytes.into())?;
    reader.children("layers")?;
    let kernel = reader.variables("layers/conv2d")?.floats(0, &[3, 3, 3, 4])?;
    reader.variables("layers/batch_normalization")?.expect(4)?;
    let optimizer = reader.variables("optimizer")?;
    optimizer.expect(12)?;
    for index in 4..8 {
        optimizer.floats(index, &[4])?;
    }
    Ok((kernel, optimizer.integer(0)?))
}

#[test]
fn a_file_of_keras_is_read() {
    let (kernel, steps) = read_keras(from_keras()).unwrap();
    assert_eq!((kernel.len(), steps), (108, 3));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn changed_bytes_never_panic(
        changes in prop::collection::vec((0usize..1 << 20, any::<u8>()), 1..8),
        keras in any::<bool>(),
    ) {
        let mut bytes = if keras { from_keras() } else { file() };
        for (place, value) in changes {
            let place = place % bytes.len();
            bytes[place] = value;
        }
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            drop(read_all(bytes.clone()));
            drop(read_keras(bytes));
        }));
        prop_assert!(outcome.is_ok());
    }
}
