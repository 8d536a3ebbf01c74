//! HDF5 files: whole models, and weights for a model that is there.
#![no_main]

use std::sync::LazyLock;

use dichroic::layers::{Conv2D, Dense, Flatten};
use dichroic::model::{Input, Model, Sequential};
use dichroic_formats::{Matching, read_hdf5, read_hdf5_outline, read_hdf5_weights};
use dichroic_fuzz::read_file;
use libfuzzer_sys::fuzz_target;

/// The model that weights are read into, with values of its own.
static MODEL: LazyLock<Model> = LazyLock::new(|| {
    let chain = Sequential::new().add(Input::new(&[8, 8, 3]));
    let chain = chain.add(Conv2D::new(4, 3)).add(Flatten::new()).add(Dense::new(3));
    let mut model = chain.finish().expect("the layers suit each other");
    model.build(1).expect("all shapes are known");
    model
});

fuzz_target!(|bytes: &[u8]| {
    read_file(bytes, read_hdf5_outline);
    read_file(bytes, read_hdf5);
    for matching in [Matching::ByTopology, Matching::ByName] {
        let mut model = MODEL.clone();
        read_file(bytes, |path| read_hdf5_weights(path, &mut model, matching));
    }
});
