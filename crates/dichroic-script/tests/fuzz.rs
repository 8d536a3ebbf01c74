//! Whatever the text, a run ends, with models or with an error; it does not panic.

use std::fs;
use std::path::PathBuf;

use dichroic_script::{Limits, Options, Script};
use proptest::prelude::*;

fn options() -> Options {
    // Small limits, so that a mutated loop is stopped at once.
    let limits = Limits { steps: 20_000, memory_bytes: 8 << 20, layers: 300, ..Limits::default() };
    Options { limits, ..Options::default() }
}

/// Runs a text both ways; an error has to be shown as well.
fn run(text: &str) {
    if let Err(error) = Script::run(text, "fuzz.py", &options(), &mut std::io::sink()) {
        assert!(!error.to_string().is_empty());
    }
    if let Err(error) = Script::inline(text, &options()) {
        assert!(!error.to_string().is_empty());
    }
}

fn corpus() -> Vec<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/scripts");
    let mut names: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the folder is in the repository")
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "py"))
        .collect();
    names.sort();
    names.iter().map(|path| fs::read_to_string(path).expect("scripts are text")).collect()
}

/// Pieces of Python that change what a script means when they stand in the wrong place.
const PIECES: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    ",",
    ".",
    "=",
    "**",
    "*",
    "-1",
    "0",
    "None",
    "not ",
    "lambda: ",
    "\n",
    "\t",
    "    ",
    "'",
    "\"\"\"",
    "f'{",
    "if x:",
    "for i in range(10**9):",
    "while True:\n    ",
    "def f():\n    ",
    "return",
    "x",
    "1e999",
    "é",
    "\u{0}",
    "10**18",
    "[::-1]",
    "%s",
    "{:>9}",
    ".format",
    "is",
    "in",
    "and",
    "yield",
    "await ",
    "class A: pass",
    "@",
    "global x",
    "del ",
    "del model\n",
    "model.add(model)",
    "model.pop()",
    "model = model(model.input)",
    "raise ",
    "import ",
    "\\",
];

#[derive(Debug, Clone)]
enum Mutation {
    Insert(prop::sample::Index, &'static str),
    Delete(prop::sample::Index, usize),
    Copy(prop::sample::Index, prop::sample::Index, usize),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        (at(), prop::sample::select(PIECES)).prop_map(|(at, piece)| Mutation::Insert(at, piece)),
        (at(), 1..40_usize).prop_map(|(at, length)| Mutation::Delete(at, length)),
        (at(), at(), 1..200_usize).prop_map(|(from, to, length)| Mutation::Copy(from, to, length)),
    ]
}

fn mutate(text: &str, mutations: &[Mutation]) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for mutation in mutations {
        let length = characters.len() + 1;
        match mutation {
            Mutation::Insert(at, piece) => {
                let at = at.index(length);
                characters.splice(at..at, piece.chars());
            }
            Mutation::Delete(at, count) => {
                let at = at.index(length);
                let end = (at + count).min(characters.len());
                characters.drain(at..end);
            }
            Mutation::Copy(from, to, count) => {
                let from = from.index(length);
                let end = (from + count).min(characters.len());
                let piece: Vec<char> = characters[from..end].to_vec();
                let to = to.index(length);
                characters.splice(to..to, piece);
            }
        }
    }
    characters.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_end_in_an_error_or_in_nothing(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        run(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn arbitrary_pieces_of_python_end(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..60)) {
        run(&pieces.concat());
    }

    #[test]
    fn mutated_scripts_end(
        script in any::<prop::sample::Index>(),
        mutations in prop::collection::vec(mutation(), 1..6),
    ) {
        let corpus = corpus();
        run(&mutate(&corpus[script.index(corpus.len())], &mutations));
    }
}
