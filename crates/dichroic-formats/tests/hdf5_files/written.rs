//! What is written comes back.

use dichroic::layers::{Conv2D, Dense, Flatten};
use dichroic::model::{Input, LayerRef, Model, Sequential};
use dichroic_formats::{
    Contents, Matching, read_hdf5, read_hdf5_weights, write_hdf5, write_hdf5_weights,
};

use crate::{Folder, values};

#[test]
fn a_whole_model_comes_back_as_it_was_written() {
    let folder = Folder::new("round");
    for name in ["keras1_branches.h5", "keras2_0_functional.h5", "keras3_chain.h5"] {
        let first = read_hdf5(&folder.golden(name)).unwrap();
        let names = vec!["cat".to_owned(), "Füchsin".to_owned()];
        let path = folder.file("again.h5");
        write_hdf5(&path, &first.contents().class_names(&names)).unwrap();
        let second = read_hdf5(&path).unwrap();
        assert_eq!(first.model.to_config(), second.model.to_config(), "{name}");
        assert_eq!(values(&first.model), values(&second.model), "{name}");
        assert_eq!(second.class_names, names);
    }
}

#[test]
fn weights_come_back_in_both_layouts() {
    let folder = Folder::new("weights");
    let mut model = read_hdf5(&folder.golden("keras2_0_functional.h5")).unwrap().model;
    let expected = values(&model);
    for name in ["old.h5", "new.weights.h5"] {
        let path = folder.file(name);
        write_hdf5_weights(&path, &model).unwrap();
        for matching in [Matching::ByName, Matching::ByTopology] {
            model.build(7).unwrap();
            read_hdf5_weights(&path, &mut model, matching).unwrap();
            assert_eq!(values(&model), expected, "{name} {matching:?}");
        }
    }
}

#[test]
fn a_model_of_a_thousand_layers_has_its_names_in_several_attributes() {
    let folder = Folder::new("deep");
    let mut chain = Sequential::new().add(Input::new(&[2, 2, 1]));
    for number in 0..1_000 {
        let name = format!("a_long_name_for_a_layer_{}_{number}", "x".repeat(60));
        chain = chain.add(LayerRef::named(name, Conv2D::new(1, 1)));
    }
    let mut model = chain.finish().unwrap();
    model.build(1).unwrap();
    let path = folder.file("deep.h5");
    write_hdf5(&path, &Contents::of(&model)).unwrap();
    let read = read_hdf5(&path).unwrap().model;
    assert_eq!(values(&read), values(&model));
}

#[test]
fn a_model_without_values_leaves_no_file() {
    let folder = Folder::new("unbuilt");
    let model: Model = Sequential::new()
        .add(Input::new(&[4, 1]))
        .add(Flatten::new())
        .add(Dense::new(2))
        .finish()
        .unwrap();
    let path = folder.file("no.h5");
    assert!(write_hdf5(&path, &Contents::of(&model)).is_err());
    assert!(write_hdf5_weights(&path, &model).is_err());
    assert!(!path.exists());
}
