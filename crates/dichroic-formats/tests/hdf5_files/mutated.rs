//! Changed and cut files are an error or a model, never a panic.

use std::sync::LazyLock;

use dichroic_formats::{Matching, read_hdf5, read_hdf5_bytes, read_hdf5_weights_bytes};
use proptest::prelude::*;

use crate::{Folder, golden};

static FILES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let names =
        ["keras1_row.h5", "keras2_0_functional.h5", "keras2_15_chain.h5", "keras3_functional.h5"];
    names.iter().map(|name| golden(name)).collect()
});

#[test]
fn a_file_cut_anywhere_is_an_error() {
    for whole in FILES.iter() {
        for length in (0..whole.len()).step_by(211).chain([whole.len() - 1]) {
            assert!(read_hdf5_bytes(whole[..length].to_vec()).is_err(), "cut at {length}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_500) })]

    #[test]
    fn changed_bytes_are_an_error_or_a_model(
        file in 0usize..4,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = FILES[file].clone();
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        // Either is fine; a panic is not.
        let _ = read_hdf5_bytes(bytes);
    }

    #[test]
    fn changed_bytes_of_weights_are_an_error_or_weights(
        by_name in any::<bool>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let folder = Folder::new("mutated-weights");
        static MODEL: LazyLock<Vec<u8>> = LazyLock::new(|| golden("keras3_functional.weights.h5"));
        let mut model = read_hdf5(&folder.golden("keras3_functional.h5")).unwrap().model;
        let mut bytes = MODEL.clone();
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        let matching = if by_name { Matching::ByName } else { Matching::ByTopology };
        let _ = read_hdf5_weights_bytes(bytes, &mut model, matching);
    }
}
