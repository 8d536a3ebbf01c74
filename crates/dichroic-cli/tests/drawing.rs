//! `dichroic figure`: every kind in every format, and what it refuses.

mod support;

use std::fs;

use support::Place;

#[test]
fn every_kind_of_figure_is_written_in_every_format() {
    let place = Place::new("figures");
    place.model("keras_seed.py");
    let kinds = ["architecture", "filters", "convolution", "feature-maps", "receptive-field"];
    let beginnings: [(&str, &[u8]); 3] = [("svg", b"<svg"), ("png", b"\x89PNG"), ("pdf", b"%PDF-")];
    for kind in kinds {
        for (ending, beginning) in beginnings {
            let file = format!("{kind}.{ending}");
            let said = place.good(&[
                "figure",
                "keras_seed.py",
                "--kind",
                kind,
                "-o",
                &file,
                "--lang",
                "en",
            ]);
            assert_eq!(said, format!("drew {file}\n"));
            let written = fs::read(place.path(&file)).unwrap();
            assert!(written.starts_with(beginning), "{file}");
        }
    }
}

#[test]
fn figures_that_cannot_be_drawn_are_refused_with_the_way_out() {
    let place = Place::new("no-figures");
    place.model("keras_seed.py");
    let of = |kind: &'static str, rest: &[&'static str]| {
        let mut arguments = vec!["figure", "keras_seed.py", "--kind", kind];
        arguments.extend(rest);
        place.bad(2, &arguments)
    };
    assert!(of("filters", &["-o", "filters.gif"]).contains(".svg, .png or .pdf"));
    assert!(of("filters", &["-o", "f.svg", "--layer", "conv9"]).contains("conv9"));
    assert!(of("convolution", &["-o", "f.svg", "--filter", "99"]).contains("99"));
    assert!(of("convolution", &["-o", "f.svg", "--filter=-1"]).contains("--filter"));
    assert!(of("convolution", &["-o", "f.svg", "--at", "0,99"]).contains("99"));
    assert!(of("feature-maps", &["-o", "f.svg", "--image", "none.png"]).contains("none.png"));
    assert!(of("filters", &["-o", "f.png", "--scale", "99"]).contains("0.1 to 16"));
    assert!(!place.path("f.svg").exists());
}
