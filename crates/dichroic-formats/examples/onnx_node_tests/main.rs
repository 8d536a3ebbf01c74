//! Runs the node tests that the `onnx` package carries against our import of ONNX.
//!
//!     cargo run --release -p dichroic-formats --example onnx_node_tests -- DATA
//!
//! DATA is the package's folder `onnx/backend/test/data`. Every test in it stands in a list,
//! `tests/onnx/node_tests.tsv`, as a pass or as a skip with its reason. The run fails when a listed pass
//! fails, a listed skip passes, a test is not listed, or one panics. Other uses:
//!
//!     … -- DATA --update    writes the list anew; the reasons of skips stay
//!     … -- DATA --only NAME prints what comes of the tests whose name holds NAME
//!     … -- --table          prints the table of supported operators
#![forbid(unsafe_code)]

mod arrays;
mod cases;
mod compare;
mod list;
mod reference;
mod run;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, panic};

use cases::Case;
use list::{Entry, List};

/// What came of one test: the names of the inputs that had to be known, or why it failed.
#[derive(Debug)]
enum Outcome {
    Pass { known: Vec<String> },
    Fail(String),
    Panic(String),
}

fn main() -> ExitCode {
    let done = wanted().and_then(|wanted| match wanted {
        Wanted::Table => {
            print!("{}", dichroic_formats::onnx::operator_table());
            Ok(ExitCode::SUCCESS)
        }
        Wanted::Only(data, name) => only(&data, &name),
        Wanted::Check(data) => check(&data),
        Wanted::Update(data) => update(&data),
    });
    done.unwrap_or_else(|problem| {
        eprintln!("{problem}");
        ExitCode::FAILURE
    })
}

enum Wanted {
    Table,
    Only(PathBuf, String),
    Check(PathBuf),
    Update(PathBuf),
}

fn wanted() -> Result<Wanted, String> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["--table"] => Ok(Wanted::Table),
        [data] => Ok(Wanted::Check(data.into())),
        [data, "--update"] => Ok(Wanted::Update(data.into())),
        [data, "--only", name] => Ok(Wanted::Only(data.into(), name.to_owned())),
        _ => Err("expected DATA, DATA --update, DATA --only NAME, or --table".to_owned()),
    }
}

/// The list under review.
fn list_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/onnx/node_tests.tsv")
}

fn read_list() -> Result<List, String> {
    let path = list_path();
    let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    List::parse(&text).map_err(|problem| format!("{}: {problem}", path.display()))
}

/// Holds every test against the list.
fn check(data: &Path) -> Result<ExitCode, String> {
    let mut list = read_list()?;
    let mut wrong = Vec::new();
    let (mut passes, mut skips) = (0, BTreeMap::<String, usize>::new());
    for case in cases::find(data)? {
        let listed = list.entries.remove(&case.name);
        let known = match &listed {
            Some(Entry::Pass { known }) => Some(known.as_slice()),
            _ => None,
        };
        let outcome = attempt(&case, known);
        match (listed, outcome) {
            (Some(Entry::Pass { .. }), Outcome::Pass { .. }) => passes += 1,
            (Some(Entry::Skip { reason }), Outcome::Fail(_)) => {
                *skips.entry(reason).or_default() += 1
            }
            (_, Outcome::Panic(how)) => wrong.push(format!("{}: panicked: {how}", case.name)),
            (Some(Entry::Pass { .. }), Outcome::Fail(why)) => {
                wrong.push(format!("{}: fails, but is listed as a pass: {why}", case.name));
            }
            (Some(Entry::Skip { .. }), Outcome::Pass { .. }) => {
                wrong.push(format!("{}: passes, but is listed as a skip", case.name));
            }
            (None, outcome) => wrong.push(format!("{}: is not listed: {outcome:?}", case.name)),
        }
    }
    wrong.extend(list.entries.keys().map(|name| format!("{name}: is listed, but not there")));
    for (reason, count) in &skips {
        println!("{count:5} skipped: {reason}");
    }
    println!("{passes:5} passed, {} skipped, {} wrong", skips.values().sum::<usize>(), wrong.len());
    if wrong.is_empty() { Ok(ExitCode::SUCCESS) } else { Err(wrong.join("\n")) }
}

/// Writes the list anew.
fn update(data: &Path) -> Result<ExitCode, String> {
    let old = read_list().unwrap_or_default();
    let mut new = List::default();
    for case in cases::find(data)? {
        let entry = match attempt(&case, None) {
            Outcome::Pass { known } => Entry::Pass { known },
            Outcome::Fail(why) | Outcome::Panic(why) => match old.entries.get(&case.name) {
                Some(Entry::Skip { reason }) => Entry::Skip { reason: reason.clone() },
                _ => Entry::Skip { reason: why },
            },
        };
        new.entries.insert(case.name, entry);
    }
    fs::write(list_path(), new.to_string()).map_err(|error| error.to_string())?;
    Ok(ExitCode::SUCCESS)
}

/// Prints what comes of some tests.
fn only(data: &Path, name: &str) -> Result<ExitCode, String> {
    for case in cases::find(data)?.into_iter().filter(|case| case.name.contains(name)) {
        match attempt(&case, None) {
            Outcome::Pass { known } => println!("{}\tpass\t{}", case.name, known.join(" ")),
            Outcome::Fail(why) => println!("{}\tfail\t{why}", case.name),
            Outcome::Panic(how) => println!("{}\tPANIC\t{how}", case.name),
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs one test; a panic is caught, so that the others run as well.
fn attempt(case: &Case, known: Option<&[String]>) -> Outcome {
    let caught = panic::catch_unwind(|| run::run(case, known));
    caught.unwrap_or_else(|cause| {
        let text = cause.downcast_ref::<String>().cloned();
        let text = text.or_else(|| cause.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Outcome::Panic(text.unwrap_or_else(|| "without a message".to_owned()))
    })
}
