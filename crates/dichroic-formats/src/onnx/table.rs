//! The table of supported operators, as `docs/onnx-operators.md` shows it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::RangeInclusive;

use super::import::{supported, supported_of_runtime};

const INTRODUCTION: &str = "\
# ONNX operators

The operators of ONNX's own domain that can be read, with the versions of the operator set in which a file may use
them. An attribute or a form of an operator that is not supported is an error that names the node and what about it.
This page is printed from the code; a test holds it against the code.

Operators marked as *while reading* need inputs that are known while the file is read, as shapes and constants are:
they become no layers. All others take such inputs too, and are then computed while the file is read.

| operator | operator sets | |
|---|---|---|
";

const OF_RUNTIME: &str = "
Of the domain `com.microsoft`, what ONNX Runtime's quantizer writes is read too: ";

/// The supported operators with their versions, as a page of Markdown.
///
/// ```
/// assert!(dichroic_formats::onnx::operator_table().contains("| Conv |"));
/// ```
pub fn operator_table() -> String {
    let operators: BTreeMap<&str, Option<RangeInclusive<i64>>> = supported().collect();
    let mut page = INTRODUCTION.to_owned();
    for (name, versions) in operators {
        let row = match versions {
            Some(versions) => {
                writeln!(page, "| {name} | {} to {} | |", versions.start(), versions.end())
            }
            None => writeln!(page, "| {name} | | while reading |"),
        };
        row.expect("a String takes all text");
    }
    page.push_str(OF_RUNTIME);
    page.push_str(&supported_of_runtime().collect::<Vec<_>>().join(", "));
    page.push_str(".\n");
    page
}
