//! Every op: the kernel against the reference, and the gradient against differences.

mod cases;
mod check;
mod computing;
mod moves;
mod sampling;

use std::collections::BTreeSet;

use dichroic_graph::{Op, Operation};

use cases::cases;

#[test]
fn every_op_has_a_case() {
    let covered: BTreeSet<&str> = cases().iter().map(|case| case.op.variant()).collect();
    let all: BTreeSet<&str> = Op::VARIANTS.iter().copied().collect();
    let missing: Vec<_> = all.difference(&covered).collect();
    assert!(missing.is_empty(), "ops without a case: {missing:?}");
}

#[test]
fn every_kernel_computes_what_its_reference_does_on_every_instruction_set() {
    for case in cases() {
        check::kernel_against_reference(&case);
    }
}

#[test]
fn every_gradient_equals_the_slope_of_the_reference() {
    for case in cases().iter().filter(|case| !case.differentiable.is_empty()) {
        check::gradient_against_differences(case);
    }
}

#[test]
fn an_op_that_gets_too_few_inputs_says_what_it_takes() {
    for case in cases() {
        let error = case.op.infer(&[]).expect_err(case.name);
        assert!(!error.to_string().is_empty(), "{}", case.name);
    }
}
