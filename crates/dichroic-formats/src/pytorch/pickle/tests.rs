//! Pickles put together by hand: what is built, and what is refused before anything is built.

use proptest::prelude::*;

use super::*;
use crate::error::Problem;

fn run(code: &[u8]) -> Result<(Objects, Handle), Problem> {
    let read = read(code, 0, Rules::RefuseClasses);
    read.map(|(objects, root, _)| (objects, root)).map_err(|(_, problem)| problem)
}

fn refusal(code: &[u8]) -> String {
    run(code).map(|(_, root)| root).unwrap_err().to_string()
}

/// `name` called with one text, as a pickle says it.
fn attack(module: &str, name: &str) -> Vec<u8> {
    [b"\x80\x02c", module.as_bytes(), b"\n", name.as_bytes(), b"\nX\x02\0\0\0ls\x85R."].concat()
}

#[test]
fn lists_dicts_and_numbers_are_built() {
    let code = b"\x80\x02}q\0(X\x01\0\0\0a]q\x01(K\x01M\x00\x01J\xff\xff\xff\xff\x8a\x01\x80eX\x01\0\0\0bG?\xf8\0\0\0\0\0\0u.";
    let (objects, root) = run(code).unwrap();
    let Object::Dict(pairs) = objects.get(root) else { panic!("a dict") };
    assert_eq!(objects.text(pairs[0].0), Some("a"));
    let Object::List(list) = objects.get(pairs[0].1) else { panic!("a list") };
    let numbers: Vec<i128> = list
        .iter()
        .map(|&handle| match objects.get(handle) {
            Object::Integer(number) => *number,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(numbers, [1, 256, -1, -128]);
    assert!(matches!(objects.get(pairs[1].1), Object::Float));
}

#[test]
fn a_call_of_os_system_is_refused_by_its_full_name() {
    let text = refusal(&attack("posix", "system"));
    assert_eq!(
        text,
        "asks for posix.system, which is code; no file is run as code, save the weights alone, with torch.save(model.state_dict(), path)"
    );
    assert!(refusal(&attack("os", "system")).starts_with("asks for os.system"));
}

#[test]
fn eval_exec_getattr_and_import_are_refused_by_name() {
    for name in ["eval", "exec", "getattr", "__import__", "compile", "open", "map"] {
        for module in ["builtins", "__builtin__"] {
            assert!(refusal(&attack(module, name)).contains(&format!("{module}.{name}")));
        }
    }
}

#[test]
fn a_name_with_dots_does_not_reach_through_an_allowed_module() {
    // STACK_GLOBAL looks up attributes of attributes in Python.
    let stack = |module: &str, name: &str| {
        let text = |text: &str| [&[0x8c, text.len() as u8], text.as_bytes()].concat();
        [&b"\x80\x04"[..], &text(module), &text(name), b"\x93X\x02\0\0\0ls\x85R."].concat()
    };
    for (module, name) in [
        ("torch._utils", "os.system"),
        ("torch.serialization", "os.system"),
        ("collections", "OrderedDict.__init__.__globals__"),
        ("torch", "storage.os.system"),
        ("torch.hub", "load"),
        ("torch._utils.os", "system"),
        ("numpy", "testing.runstring"),
    ] {
        assert!(refusal(&stack(module, name)).contains(name), "{module} {name}");
    }
}

#[test]
fn a_dangerous_name_is_refused_even_if_nobody_calls_it() {
    assert!(refusal(b"\x80\x02cos\nsystem\n.").contains("os.system"));
    assert!(refusal(b"\x80\x02cnt\nsystem\n0N.").contains("nt.system"));
}

#[test]
fn a_call_inside_the_state_of_a_known_object_is_refused() {
    let code =
        b"\x80\x02ccollections\nOrderedDict\n)R}X\x01\0\0\0acposix\nsystem\nX\x02\0\0\0ls\x85Rsb.";
    assert!(refusal(code).contains("posix.system"));
}

#[test]
fn classes_stay_names_on_request_and_functions_are_never_called() {
    let code = b"\x80\x02c__main__\nNet\n)\x81}X\x08\0\0\0trainingI".to_vec();
    let whole = [&code[..code.len() - 1], b"\x88sb."].concat();
    assert!(refusal(&whole).contains("__main__.Net"));
    let (objects, root, end) = read(&whole, 0, Rules::KeepClasses).unwrap();
    assert!(matches!(objects.get(root), Object::Instance(net) if &*net.class == "__main__.Net"));
    assert_eq!(end, whole.len());
    let error = read(&attack("posix", "system"), 0, Rules::KeepClasses).unwrap_err().1.to_string();
    assert_eq!(error, "expected a known function to call, got the class posix.system");
}

#[test]
fn instructions_that_reach_outside_are_refused() {
    for code in [&b"(iposix\nsystem\n."[..], b"(cos\nsystem\no.", b"Pid\n.", b"\x82\x01.", b"\x97."]
    {
        assert!(run(code).is_err(), "{}", code.escape_ascii());
    }
    assert!(refusal(b"\x80\x06N.").contains("protocol 5"));
}

#[test]
fn a_memo_bomb_of_shared_lists_costs_what_its_bytes_cost() {
    // Each list holds the one before ten times: 10^60 places in a few hundred bytes.
    let mut code = b"\x80\x02]q\0".to_vec();
    for level in 1..=60u8 {
        code.extend(b"](");
        (0..10).for_each(|_| code.extend([b'h', level - 1]));
        code.extend([b'e', b'q', level]);
    }
    code.push(b'.');
    let (objects, root) = run(&code).unwrap();
    assert!(objects.0.len() < 100);
    assert!(super::super::collect::collect(&objects, root).is_err());
}

#[test]
fn a_million_nested_tuples_neither_overflow_the_stack_nor_recurse_when_dropped() {
    let code = [&b"\x80\x02)"[..], &[0x85; 1_000_000], b"."].concat();
    let (objects, root) = run(&code).unwrap();
    assert!(super::super::collect::collect(&objects, root).is_err());
}

#[test]
fn a_list_that_holds_itself_is_no_endless_walk() {
    let (objects, root) = run(b"\x80\x02]q\0h\0a.").unwrap();
    assert!(super::super::collect::collect(&objects, root).is_err());
}

#[test]
fn lengths_that_lie_take_no_memory() {
    for code in [
        &b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\x7fa."[..],
        b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\xffa.",
        b"\x80\x02X\xff\xff\xff\xffa.",
        b"\x80\x02\x8b\xff\xff\xff\x7fa.",
    ] {
        assert!(run(code).is_err(), "{}", code.escape_ascii());
    }
}

#[test]
fn an_empty_stack_and_a_missing_mark_are_errors() {
    for code in
        [&b"."[..], b"t.", b"R.", b"N\x81.", b"NNb.", b"(a.", b"h\0.", b"\x85.", b"N(\x85.", b""]
    {
        assert!(run(code).is_err(), "{}", code.escape_ascii());
    }
}

proptest! {
    #[test]
    fn any_bytes_end_without_a_panic(code in proptest::collection::vec(any::<u8>(), 0..200)) {
        for rules in [Rules::RefuseClasses, Rules::KeepClasses] {
            if let Ok((objects, root, _)) = read(&code, 0, rules) {
                let _ = super::super::collect::collect(&objects, root);
            }
        }
    }

    #[test]
    fn any_instructions_end_without_a_panic(
        code in proptest::collection::vec(
            proptest::sample::select(&b"\x80\x02()]}NeatusdqhQRb\x81\x85\x86\x87\x88\x94K\x01\x002l01\x8f\x90.]}(("[..]),
            0..300,
        ),
    ) {
        let code = [b"ccollections\nOrderedDict\n", &code[..]].concat();
        if let Ok((objects, root, _)) = read(&code, 0, Rules::KeepClasses) {
            let _ = super::super::collect::collect(&objects, root);
        }
    }
}
