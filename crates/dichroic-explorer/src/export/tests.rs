//! Exported pages, in a template that has only the place for the data.

use dichroic::layers::{Conv2D, Dense, Flatten, SeparableConv2D};
use dichroic::model::{Input, LayerRef, Sequential};

use super::*;
use crate::workspace::{ModelSource, NewModel, Settings};

const TEMPLATE: &str =
    "<html><script type=\"application/json\" id=\"dichroic-export\"></script></html>";

fn exported(model: Model) -> (Value, Exported) {
    let workspace = Arc::new(Workspace::new(Settings::default()));
    workspace.models.insert(NewModel::of("main", ModelSource::Argument, model));
    let exported = fill(&workspace, TEMPLATE).unwrap();
    let start = exported.html.find(PLACE).unwrap() + PLACE.len();
    let end = exported.html.find("</script>").unwrap();
    (serde_json::from_str(&exported.html[start..end]).unwrap(), exported)
}

fn small() -> Sequential {
    Sequential::new()
        .add(Input::new(&[12, 12, 3]))
        .add(Conv2D::new(2, 3))
        .add(SeparableConv2D::new(4, 3))
}

#[test]
fn a_small_model_is_whole_in_its_file() {
    let (answers, exported) =
        exported(small().add(Flatten::new()).add(Dense::new(2)).finish().unwrap());
    assert_eq!(exported.left_out, Vec::<String>::new());
    let session = &answers["/api/v1/session"];
    assert_eq!(
        (&session["exported"], session["models"].as_array().unwrap().len()),
        (&json!(true), 1)
    );
    assert_eq!(session["inputs"].as_array().unwrap().len(), 1 + MORE_PICTURES);
    for address in [
        "/models/main",
        "/models/main/layer?layer=conv2d&lang=zh-CN",
        "/models/main/filters?layer=conv2d",
        "/models/main/kernels?layer=separable_conv2d&stage=pointwise",
        "/models/main/feature-maps?input=photo-cat",
        "/models/main/values?layer=dense&input=photo-cat&of=output",
        "/models/main/values?layer=conv2d&input=photo-cat&of=input",
        "/models/main/trace?layer=conv2d&filter=0&at=0%2C9&input=photo-cat",
        "/inputs/photo-cat/picture",
    ] {
        assert!(!answers[&format!("/api/v1{address}")].is_null(), "{address}");
    }
    let kernels = &answers["/api/v1/models/main/kernels?layer=conv2d"];
    assert_eq!(kernels["shape"], json!([2, 3, 3, 3]));
    assert_eq!(kernels["f32"].as_str().unwrap().len(), (2usize * 27 * 4).div_ceil(3) * 4);
}

#[test]
fn a_name_cannot_end_the_script_element() {
    let named = LayerRef::named("</script><b>", Conv2D::new(1, 3));
    let (answers, exported) =
        exported(Sequential::new().add(Input::new(&[5, 5, 1])).add(named).finish().unwrap());
    assert_eq!(exported.html.matches("</script>").count(), 1);
    assert!(!exported.html.contains("<b>"));
    assert!(answers["/api/v1/models/main/filters?layer=%3C%2Fscript%3E%3Cb%3E"].is_object());
}

#[test]
fn a_large_model_is_limited_with_a_word() {
    let wide = Conv2D::new(1024, 3);
    let (_, exported) = exported(small().add(wide.clone()).add(wide).finish().unwrap());
    assert!(exported.html.len() < BUDGET + (1 << 20), "{}", exported.html.len());
    assert!(
        exported.left_out[0].contains("weights of 1 of 4 convolutions"),
        "{:?}",
        exported.left_out
    );
}

#[test]
fn a_page_without_a_place_is_refused() {
    let workspace = Arc::new(Workspace::new(Settings::default()));
    let refused = |template: &str| fill(&workspace, template).unwrap_err().message;
    assert!(refused("<html></html>").contains("no place"));
    assert!(refused(&format!("<html>{PLACE}{{}}</script></html>")).contains("no place"));
}
