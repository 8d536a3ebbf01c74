//! One run from text to result, on a thread with enough stack for the deepest script allowed.

use std::io::Write;
use std::sync::mpsc;
use std::thread;

use crate::error::{AtPlace, ErrorKind, Eval, Fault, ScriptError};
use crate::host::Library;
use crate::limits::{Limits, STACK_BYTES};
use crate::machine::{GLOBAL, Machine};
use crate::source::Source;
use crate::value::Value;

/// How the text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A whole script.
    Statements,
    /// One expression, whose value is the result.
    Expression,
}

/// What is run.
pub(crate) struct Program<'p> {
    pub(crate) name: &'p str,
    pub(crate) text: &'p str,
    pub(crate) form: Form,
    pub(crate) limits: Limits,
}

/// Pieces of output that may wait to be written before the script has to wait as well.
const OUTPUT_QUEUE: usize = 64;

/// Runs a program against the library that `open` makes on the new thread, and lets `finish` take the result out of the
/// machine; the value is that of an expression, `None` for a script.
pub(crate) fn run<L, R, O, F>(
    program: &Program<'_>,
    output: &mut dyn Write,
    open: O,
    finish: F,
) -> Result<R, ScriptError>
where
    L: Library,
    R: Send,
    O: FnOnce() -> L + Send,
    F: FnOnce(&mut Machine<'_>, &L, Value) -> Eval<R> + Send,
{
    let source = Source::new(program.name, program.text, &program.limits)?;
    let (send, receive) = mpsc::sync_channel::<String>(OUTPUT_QUEUE);
    thread::scope(|scope| {
        let work = || {
            let send = send;
            let library = open();
            let mut print =
                |text: String| send.send(text).map_err(|_| "the output is closed".to_owned());
            evaluate(program, &source, &library, &mut print, finish)
        };
        let thread = thread::Builder::new()
            .name("script".to_owned())
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, work)
            .map_err(|error| {
                let message = format!("no thread could be started for the script: {error}");
                source.locate(*Fault::new(ErrorKind::Limit, message))
            })?;
        let mut written = Ok(());
        // Ends when the script's thread has dropped its sender, or at the first text that cannot be written.
        for text in receive {
            written = output.write_all(text.as_bytes());
            if written.is_err() {
                break;
            }
        }
        let result = match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        match written {
            Ok(()) => result,
            Err(error) => {
                let message = format!("the script's output could not be written: {error}");
                Err(source.locate(*Fault::new(ErrorKind::Output, message)))
            }
        }
    })
}

fn evaluate<L, R, F>(
    program: &Program<'_>,
    source: &Source<'_>,
    library: &L,
    print: &mut dyn FnMut(String) -> Result<(), String>,
    finish: F,
) -> Result<R, ScriptError>
where
    L: Library,
    F: FnOnce(&mut Machine<'_>, &L, Value) -> Eval<R>,
{
    let (statements, expression) = match program.form {
        Form::Statements => (source.statements()?, None),
        Form::Expression => (Vec::new(), Some(source.expression()?)),
    };
    let mut machine = Machine::new(library, program.limits.clone(), program.text, print);
    let result = match &expression {
        Some(expression) => machine.expression(expression, GLOBAL).and_then(|value| {
            finish(&mut machine, library, value).at(ruff_text_size::Ranged::range(expression))
        }),
        None => machine.run(&statements).and_then(|()| finish(&mut machine, library, Value::None)),
    };
    result.map_err(|fault| source.locate(*fault))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A library with nothing in it.
    struct Nothing;

    impl Library for Nothing {
        fn find(&self, _path: &str) -> Option<Value> {
            None
        }

        fn has_root(&self, _root: &str) -> bool {
            false
        }

        fn bare_name(&self, _name: &str) -> Option<Value> {
            None
        }

        fn hint(&self, _name: &str) -> Option<String> {
            None
        }

        fn bare_names(&self) -> Vec<String> {
            Vec::new()
        }
    }

    /// Runs plain Python and gives back what it printed, with the error as text if there was one.
    pub(crate) fn printed(text: &str) -> String {
        printed_within(text, Limits::default())
    }

    pub(crate) fn printed_within(text: &str, limits: Limits) -> String {
        let program = Program { name: "test.py", text, form: Form::Statements, limits };
        let mut output = Vec::new();
        let result = run(&program, &mut output, || Nothing, |_, _, _| Ok(()));
        let mut output = String::from_utf8(output).expect("scripts print text");
        if let Err(error) = result {
            output += &error.to_string();
        }
        output
    }

    #[test]
    fn what_was_printed_before_an_error_is_kept() {
        let output = printed("print('before')\nmissing\n");
        assert!(output.starts_with("before\ntest.py:2:1: NameError: `missing` is not defined"));
    }

    #[test]
    fn an_output_that_fails_ends_the_script() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::Error::other("full"))
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let program = Program {
            name: "test.py",
            text: "while True:\n    print(1)\n",
            form: Form::Statements,
            limits: Limits::default(),
        };
        let error = run(&program, &mut Full, || Nothing, |_, _, _| Ok(()));
        assert_eq!(error.expect_err("nothing can be written").kind(), ErrorKind::Output);
    }
}
