//! Trainings as the page asks for them.

use dichroic::layers::{Conv2D, Dense, Flatten, MaxPooling2D};
use dichroic::model::{Input, Sequential};
use serde_json::{Value, json};

use super::*;
use crate::jobs::Jobs;
use crate::workspace::Settings;

fn workspace() -> Workspace {
    let workspace = Workspace::new(Settings::default());
    let model = Sequential::new()
        .add(Input::new(&[28, 28, 1]))
        .add(Conv2D::new(4, 5).strides(2).activation("relu"))
        .add(MaxPooling2D::new(2))
        .add(Flatten::new())
        .add(Dense::new(10).activation("softmax"));
    let model = NewModel::of("main", ModelSource::Argument, model.finish().unwrap());
    workspace.models.insert(model);
    workspace
}

fn request() -> Value {
    json!({ "kind": "training", "model": "main", "data": "fashion", "epochs": 2, "batch_size": 16 })
}

fn events(job: &Job) -> Vec<Value> {
    job.events_after(0).iter().map(|event| serde_json::from_str(&event.json).unwrap()).collect()
}

fn of_type<'a>(events: &'a [Value], name: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["type"] == name).collect()
}

fn weights(workspace: &Workspace, id: &str) -> Vec<Vec<u32>> {
    let (model, _) = workspace.models.get(id).unwrap().built().unwrap();
    let tensors = model.parameters().unwrap().tensors().iter();
    tensors.map(|tensor| tensor.data().iter().map(|value| value.to_bits()).collect()).collect()
}

/// Trains in this thread.
fn train(workspace: &Workspace) -> (Arc<Job>, Ending) {
    let job = Jobs::default().open("training", request());
    let work = make(&request(), workspace).unwrap();
    let ending = work.run(&job, workspace).unwrap();
    (job, ending)
}

#[test]
fn a_training_tells_curves_histograms_answers_and_mistakes_that_can_be_shown() {
    let workspace = workspace();
    let (job, ending) = train(&workspace);
    assert!(matches!(ending, Ending::Done(result) if result["model"] == "t-1"));
    let events = events(&job);
    let epochs = of_type(&events, "epoch");
    assert_eq!(epochs.len(), 2);
    assert!(epochs[1]["logs"]["val_accuracy"].as_f64().unwrap() > 0.2, "{}", epochs[1]);
    assert!(!of_type(&events, "step").is_empty());
    let histograms = of_type(&events, "histograms");
    let kernel = &histograms[0]["layers"][0];
    assert_eq!((&kernel["layer"], &kernel["weight"]), (&json!("conv2d"), &json!("kernel")));
    assert!(kernel["gradient"]["deviation"].as_f64().unwrap() > 0.0);
    assert_eq!(of_type(&events, "weights")[0]["model"], "t-1");
    let evaluation = of_type(&events, "evaluation")[0];
    assert_eq!(evaluation["classes"].as_array().unwrap().len(), 10);
    let mistake = evaluation["mistakes"][0]["input"].as_str().unwrap();
    let shown = workspace.models.get("t-1").unwrap();
    assert_eq!(workspace.tensors(&shown, mistake).unwrap()[0].shape(), [1, 28, 28, 1]);
    assert!(!workspace.inputs.picture(mistake, 64).unwrap().is_empty());
}

#[test]
fn a_stopped_training_goes_on_to_the_weights_of_one_that_was_not_stopped() {
    let (whole, halved) = (workspace(), workspace());
    train(&whole);
    let job = Jobs::default().open("training", request());
    job.stop();
    let work = make(&request(), &halved).unwrap();
    let Ending::Stopped(Some(rest)) = work.run(&job, &halved).unwrap() else {
        panic!("it was stopped")
    };
    // Ends after the first step; what follows is another job's thread in life.
    let again = Jobs::default().open("training", request());
    assert!(matches!(rest.run(&again, &halved).unwrap(), Ending::Done(_)));
    assert!(weights(&whole, "t-1") == weights(&halved, "t-1"));
    assert!(weights(&whole, "main") != weights(&whole, "t-1"));
}

#[test]
fn requests_that_cannot_be_trained_say_why() {
    let workspace = workspace();
    let refused = |change: Value| {
        let mut asked = request();
        asked.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let job = Jobs::default().open("training", asked.clone());
        let ending = make(&asked, &workspace).and_then(|work| work.run(&job, &workspace));
        ending.err().map(|problem| problem.message).unwrap_or_default()
    };
    assert!(refused(json!({ "model": "x" })).contains("no model \"x\""));
    assert!(refused(json!({ "data": "nothing" })).contains("no data set"));
    assert!(refused(json!({ "data": "photos" })).contains("needs samples of shape (28, 28, 1)"));
    assert!(refused(json!({ "optimizer": "sgdd" })).contains("sgd"));
    assert!(refused(json!({ "epochs": 0 })).contains("1 epoch"));
    assert!(refused(json!({ "learning_rate": -1.0 })).contains("above 0"));
}
