//! `bench`: what it lists, what it measures, and what it refuses. How fast it was is no matter here.

mod support;

use serde_json::Value;
use support::Place;

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_peak_comes_first_and_every_workload_follows_with_its_figures() {
    let place = Place::new("bench");
    let lines =
        lines(&place.good(&["bench", "--filter", "infer/seed/b1", "--threads", "2", "--json"]));
    let [peak, seed] = lines.as_slice() else { panic!("two lines: {lines:?}") };
    assert_eq!((&peak["workload"], &peak["threads"]), (&"fma_f32".into(), &2.into()));
    assert_eq!(seed["workload"], "infer/seed/b1");
    assert_eq!((&seed["batch"], &seed["threads"]), (&1.into(), &2.into()));
    let number = |key: &str| seed[key].as_f64().unwrap_or_else(|| panic!("{key} in {seed}"));
    assert!(number("min_ms") > 0.0 && number("min_ms") <= number("median_ms"));
    assert!(number("runs") >= 5.0);
    let rate = 2e-6 * 7_921_536.0 / number("median_ms");
    assert!((number("gflop_per_s") / rate - 1.0).abs() < 0.1, "{seed}");
    let share = 100.0 * number("gflop_per_s") / peak["gflop_per_s"].as_f64().unwrap();
    assert!((number("percent_of_peak") / share - 1.0).abs() < 0.1, "{seed}");
    if cfg!(target_os = "linux") {
        assert!(number("peak_rss_mb") > 1.0);
    }
    assert_ne!(seed["algorithm"], "");
}

#[test]
fn a_policy_is_measured_and_an_unknown_one_refused() {
    let place = Place::new("bench-policy");
    let seed = ["bench", "--filter", "infer/seed/b1", "--threads", "1", "--json", "--policy"];
    let lines = lines(&place.good(&[&seed[..], &["mixed_bfloat16"]].concat()));
    let measured = lines.last().expect("a line for the workload");
    assert_eq!(measured["workload"], "infer/seed/b1");
    assert!(measured["min_ms"].as_f64() > Some(0.0), "{measured}");
    let error = place.bad(2, &[&seed[..], &["float8"]].concat());
    assert!(error.contains("float8") && error.contains("mixed_bfloat16"), "{error}");
}

#[test]
fn a_whole_name_picks_one_workload_and_a_part_all_that_contain_it() {
    let place = Place::new("bench-filter");
    let names = |filter: &str| -> Vec<String> {
        let listed = lines(&place.good(&["bench", "--list", "--json", "--filter", filter]));
        listed.iter().map(|line| line["workload"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("infer/seed/b1"), ["infer/seed/b1"]);
    assert_eq!(names("infer/seed"), ["infer/seed/b1", "infer/seed/b16"]);
    assert_eq!(names("train/lenet,infer/vgg16"), ["infer/vgg16/b1", "train/lenet/b128"]);
}

#[test]
fn a_filter_that_picks_nothing_is_refused() {
    let place = Place::new("bench-refused");
    let report = place.bad(2, &["bench", "--filter", "conv9x9"]);
    assert!(report.contains("no workload's name contains \"conv9x9\""), "{report}");
    assert!(report.contains("--list"), "{report}");
}
