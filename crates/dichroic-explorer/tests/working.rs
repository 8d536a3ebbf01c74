//! Long work: followed from the first event to the last, stopped, and asked for what it can't do.

mod support;

use std::ops::ControlFlow;

use axum::http::{Method as Verb, StatusCode};
use dichroic::explain::{Ascent, Attribution, AttributionRequest, MaximalInput, Method};
use dichroic::layers::{Conv2D, Dense, GlobalAveragePooling2D};
use dichroic::model::{Input, Model, Sequential};
use serde_json::{Value, json};
use support::{Page, seed_model};

fn classifier() -> Model {
    Sequential::new()
        .add(Input::new(&[16, 16, 3]))
        .add(Conv2D::new(6, 3).activation("relu"))
        .add(GlobalAveragePooling2D::new())
        .add(Dense::new(3).activation("softmax"))
        .finish()
        .unwrap()
}

/// The events of a job until its end: name and JSON.
fn events(page: &Page, job: &str) -> Vec<(String, Value)> {
    let answer = page.get(&format!("/jobs/{job}/events"));
    assert_eq!(answer.header("content-type"), "text/event-stream");
    let text = String::from_utf8(answer.bytes).unwrap();
    let event = |block: &str| {
        let field = |name: &str| {
            let line = block.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_else(|| panic!("{block}")).trim().to_owned()
        };
        (field("event:"), serde_json::from_str(&field("data:")).unwrap())
    };
    text.split("\n\n").filter(|block| block.contains("event:")).map(event).collect()
}

#[test]
fn every_attribution_is_the_librarys() {
    let page = Page::of(classifier());
    let record = page.workspace.models.get("main").unwrap();
    let (model, _) = record.built().unwrap();
    let inputs = page.workspace.tensors(&record, "photo-cat").unwrap();
    for method in Method::ALL {
        let request = json!({ "kind": "attribution", "model": "main", "input": "photo-cat", "method": method.name(), "class": 1, "samples": 4, "steps": 8 });
        let job = page.post("/jobs", &request).json();
        let id = job["id"].as_str().unwrap();
        let told = events(&page, id);
        let (name, last) = &told[told.len() - 1];
        assert_eq!((name.as_str(), &last["job"]["state"]), ("state", &json!("done")), "{told:?}");
        let asked = AttributionRequest {
            class: Some(1),
            samples: 4,
            steps: 8,
            ..AttributionRequest::new(method)
        };
        let known =
            Attribution::of(&model, &inputs, &asked, &mut |_| ControlFlow::Continue(())).unwrap();
        let (shape, map) = page.get(&format!("/jobs/{id}/tensors/map")).tensor();
        assert_eq!((shape.as_slice(), map.as_slice()), (known.map.shape(), known.map.data()));
        assert_eq!(last["job"]["result"], serde_json::to_value(&known).unwrap());
    }
}

#[test]
fn the_way_to_a_maximal_input_is_told_step_by_step() {
    let page = Page::of(classifier());
    let request = json!({ "kind": "maximal_input", "model": "main", "layer": "conv2d", "filter": 2, "steps": 12 });
    let id = page.post("/jobs", &request).json()["id"].as_str().unwrap().to_owned();
    let told = events(&page, &id);
    let steps: Vec<&Value> =
        told.iter().filter(|(name, _)| name == "ascent").map(|(_, event)| event).collect();
    assert_eq!((steps.len(), &steps[0]["steps"]), (12, &json!(12)));
    let (model, _) = page.workspace.models.get("main").unwrap().built().unwrap();
    let ascent = Ascent { steps: 12, range: Some([0.0, 1.0]), ..Ascent::default() };
    let known =
        MaximalInput::of(&model, ("conv2d", 2), &ascent, &mut |_| ControlFlow::Continue(()))
            .unwrap();
    assert_eq!(
        page.get(&format!("/jobs/{id}/tensors/input")).tensor(),
        (vec![16, 16, 3], known.input.into_data())
    );
}

#[test]
fn a_stopped_job_ends_and_its_story_is_not_told_twice() {
    let page = Page::of(classifier());
    let request = json!({ "kind": "maximal_input", "model": "main", "layer": "conv2d", "filter": 0, "steps": 4096 });
    let id = page.post("/jobs", &request).json()["id"].as_str().unwrap().to_owned();
    page.post(&format!("/jobs/{id}/cancel"), &json!({})).json();
    let told = events(&page, &id);
    assert_eq!(told[told.len() - 1].1["job"]["state"], "cancelled");
    let path = format!("/api/v1/jobs/{id}/events");
    let again = page.ask(Verb::GET, &path, &[("last-event-id", "999999")], Vec::new());
    assert_eq!(again.status, StatusCode::NO_CONTENT);
    assert_eq!(page.post(&format!("/jobs/{id}/resume"), &json!({})).problem().0, "bad_request");
}

#[test]
fn what_cannot_be_worked_out_is_said() {
    let page = Page::of(seed_model());
    let ask = |request: Value| page.post("/jobs", &request);
    let attribution = json!({ "kind": "attribution", "model": "main", "input": "photo-cat", "method": "grad_cam" });
    let id = ask(attribution).json()["id"].as_str().unwrap().to_owned();
    let told = events(&page, &id);
    let problem = &told[told.len() - 1].1["job"]["problem"];
    assert!(problem["message"].as_str().unwrap().contains("one score for each class"), "{problem}");
    for request in [
        json!({ "kind": "dance" }),
        json!({ "kind": "attribution" }),
        json!({ "kind": "attribution", "model": "main", "input": "photo-cat", "method": "dream" }),
        json!({ "kind": "maximal_input", "model": "main", "layer": "conv2d", "filter": 0, "steps": 1_000_000 }),
    ] {
        assert_eq!(ask(request).problem().0, "bad_request");
    }
    let nowhere = json!({ "kind": "maximal_input", "model": "x", "layer": "conv2d", "filter": 0 });
    assert_eq!(ask(nowhere).problem().0, "not_found");
}
