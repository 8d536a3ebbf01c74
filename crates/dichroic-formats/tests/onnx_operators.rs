//! The page of supported operators is what the code prints.

use std::fs;
use std::path::Path;

use dichroic_formats::onnx::operator_table;

#[test]
fn the_page_of_operators_says_what_the_code_supports() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/onnx-operators.md");
    let page = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        page == operator_table(),
        "print it anew: cargo run --release -p dichroic-formats --example onnx_node_tests -- --table > docs/onnx-operators.md"
    );
}
