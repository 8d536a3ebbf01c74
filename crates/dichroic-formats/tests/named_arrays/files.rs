//! Every value of every type comes out of every kind of file.

use dichroic_formats::{
    Convention, ElementType, NamedArrays, UnknownClasses, read_npz, read_pytorch, read_safetensors,
};

use crate::path;

/// The values of `golden.py` for a name.
fn values(name: &str, count: usize) -> Vec<f32> {
    let start: usize = name.bytes().map(usize::from).sum();
    (0..count).map(|i| (((7 * i + start) % 31) as f32 - 15.0) / 8.0).collect()
}

/// The same as a type holds them.
fn as_type(element: ElementType, values: &[f32]) -> Vec<f32> {
    let hold = |&value: &f32| match element {
        ElementType::Float32
        | ElementType::Float16
        | ElementType::BFloat16
        | ElementType::Float64 => value,
        ElementType::Bool => f32::from(u8::from(value > 0.0)),
        ElementType::UInt8 | ElementType::UInt16 | ElementType::UInt32 | ElementType::UInt64 => {
            value.abs() * 8.0
        }
        _ => value * 8.0,
    };
    values.iter().map(hold).collect()
}

/// Compares each array that is named after its type.
fn check_types(arrays: &NamedArrays, expected: usize) {
    let typed = arrays.arrays().iter().filter(|array| array.name() == array.element_type().name());
    let mut count = 0;
    for array in typed {
        assert_eq!(array.shape(), [2, 3]);
        let expected = as_type(array.element_type(), &values(array.name(), 6));
        assert_eq!(array.values(), expected, "{}", array.name());
        assert_eq!(array.tensor().data(), expected);
        count += 1;
    }
    assert_eq!(count, expected);
}

fn pytorch(name: &str) -> NamedArrays {
    read_pytorch(&path(name), UnknownClasses::Refuse).unwrap()
}

/// The names that the network of `golden.py` has, in PyTorch's order.
const STATE: [&str; 8] = [
    "block.0.conv1.weight",
    "block.0.conv1.bias",
    "block.0.bn1.weight",
    "block.0.bn1.bias",
    "block.0.bn1.running_mean",
    "block.0.bn1.running_var",
    "block.0.bn1.num_batches_tracked",
    "fc.weight",
];

fn names(arrays: &NamedArrays) -> Vec<&str> {
    arrays.arrays().iter().map(|array| array.name()).collect()
}

fn check_state(arrays: &NamedArrays) {
    assert_eq!(arrays.convention(), Convention::PyTorch);
    for array in arrays.arrays().iter().filter(|array| STATE.contains(&array.name())) {
        let expected = as_type(array.element_type(), &values(array.name(), array.len()));
        assert_eq!(array.values(), expected, "{}", array.name());
    }
}

#[test]
fn state_dicts_of_both_formats_hold_the_same() {
    for name in ["state_dict.pt", "state_dict_before_zip.pt"] {
        let arrays = pytorch(name);
        assert_eq!(names(&arrays), STATE, "{name}");
        check_state(&arrays);
        assert!(arrays.notes().is_empty());
    }
}

#[test]
fn a_checkpoint_s_state_dict_is_found_and_unwrapped() {
    let arrays = pytorch("checkpoint.pt");
    assert_eq!(names(&arrays), STATE);
    assert_eq!(
        arrays.notes(),
        [
            "the weights are those under \"state_dict\"; passed over: epoch, args, best, optimizer",
            "\"module.\", with which all names begin, was left out",
        ]
    );
}

#[test]
fn a_scripted_module_s_weights_are_its_attributes() {
    let arrays = pytorch("scripted.pt");
    check_state(&arrays);
    let found: Vec<&str> = names(&arrays).into_iter().filter(|name| STATE.contains(name)).collect();
    assert_eq!(found.len(), STATE.len());
}

#[test]
fn a_pickled_module_is_refused_by_its_class_and_taken_apart_on_request() {
    let error = read_pytorch(&path("module.pt"), UnknownClasses::Refuse).unwrap_err().to_string();
    assert!(error.contains("asks for __main__.Net, which is code"), "{error}");
    let arrays = read_pytorch(&path("module.pt"), UnknownClasses::KeepAsNames).unwrap();
    let found: Vec<&str> = names(&arrays).into_iter().filter(|name| STATE.contains(name)).collect();
    assert_eq!(found, STATE);
    check_state(&arrays);
    assert!(arrays.notes()[0].contains("__main__.Net"), "{:?}", arrays.notes());
}

#[test]
fn all_types_and_views_of_pytorch_are_read() {
    for (name, types) in [("types.pt", 13), ("types_before_zip.pt", 10)] {
        let arrays = pytorch(name);
        check_types(&arrays, types);
        let of = |name: &str| {
            let array = arrays.get(name).unwrap();
            (array.shape().to_vec(), array.values())
        };
        let t = values("transposed", 6);
        assert_eq!(of("transposed"), (vec![2, 3], vec![t[0], t[2], t[4], t[1], t[3], t[5]]));
        let s = values("shared", 24);
        assert_eq!(of("part"), (vec![2, 3], [&s[8..11], &s[14..17]].concat()));
        let r = values("repeated", 3);
        assert_eq!(of("repeated"), (vec![2, 3], [&r[..], &r].concat()));
        let second: Vec<f32> = s.iter().step_by(2).copied().collect();
        assert_eq!(of("every_second"), (vec![4, 3], second));
        assert_eq!(of("scalar"), (vec![], values("scalar", 1)));
        assert_eq!(of("empty"), (vec![0, 3], vec![]));
        assert_eq!(of("parameter"), (vec![2], values("parameter", 2)));
        assert_eq!(of("attributed"), (vec![2], values("attributed", 2)));
    }
}

#[test]
fn all_types_of_safetensors_and_numpy_are_read() {
    let arrays = read_safetensors(&path("types.safetensors")).unwrap();
    assert_eq!(arrays.convention(), Convention::PyTorch);
    check_types(&arrays, 13);
    for name in ["types.npz", "types_compressed.npz"] {
        let arrays = read_npz(&path(name)).unwrap();
        check_types(&arrays, 12);
        let fortran = arrays.get("fortran").unwrap();
        assert_eq!((fortran.shape(), fortran.values()), (&[2, 3, 4][..], values("fortran", 24)));
        assert_eq!(arrays.get("big").unwrap().values(), values("big", 6));
    }
}
