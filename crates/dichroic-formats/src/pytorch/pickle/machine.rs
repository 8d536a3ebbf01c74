//! The machine that a pickle is a program for.

use std::collections::HashMap;

use super::code::Code;
use super::names::{self, Known};
use super::rebuild::{self, Made};
use super::{Handle, Object, Objects};
use crate::error::Problem;

/// The most objects of one pickle. The largest checkpoints have some hundred thousand; a pickle of this many takes
/// less than a gigabyte.
const MOST_OBJECTS: usize = 1 << 23;
/// The most handles that lists, tuples, dicts, the stack and the memo may hold together.
const MOST_HANDLES: usize = 1 << 26;
/// The newest protocol of pickles.
const NEWEST_PROTOCOL: u8 = 5;

/// What becomes of a class that is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pytorch) enum Rules {
    /// The reading ends with its name.
    RefuseClasses,
    /// Its objects keep its name and their attributes; nothing is imported or called.
    KeepClasses,
}

/// Runs the pickle that begins at `at`; gives its objects, the last of them, and where it ends.
pub(in crate::pytorch) fn read(
    bytes: &[u8],
    at: usize,
    rules: Rules,
) -> Result<(Objects, Handle, usize), (usize, Problem)> {
    let mut machine = Machine {
        code: Code::new(bytes, at),
        objects: Objects::default(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        handles: 0,
        most_handles: MOST_HANDLES.min(bytes.len().saturating_mul(64).saturating_add(1 << 20)),
        rules,
    };
    loop {
        let instruction = machine.code.at;
        match machine.step() {
            Ok(None) => {}
            Ok(Some(root)) => return Ok((machine.objects, root, machine.code.at)),
            Err(problem) => return Err((instruction, problem)),
        }
    }
}

struct Machine<'a> {
    code: Code<'a>,
    objects: Objects,
    stack: Vec<Handle>,
    /// The heights of the stack that are marked.
    marks: Vec<usize>,
    memo: HashMap<u32, Handle>,
    /// How many handles were stored so far, whether still there or not.
    handles: usize,
    /// A dict made of a dict holds its pairs anew, so that a few bytes can ask for many places.
    most_handles: usize,
    rules: Rules,
}

impl Machine<'_> {
    /// Runs one instruction; gives the object with which the pickle stops. The letters are those of `pickletools`.
    fn step(&mut self) -> Result<Option<Handle>, Problem> {
        match self.code.byte()? {
            b'.' => return self.pop().map(Some),
            0x80 => self.protocol()?,
            // A frame only says how much may be read at once.
            0x95 => drop(self.code.length()?),
            b'N' => self.push(Object::None)?,
            0x88 => self.push(Object::Bool(true))?,
            0x89 => self.push(Object::Bool(false))?,
            b']' => self.push(Object::List(Vec::new()))?,
            b'}' => self.push(Object::Dict(Vec::new()))?,
            b')' => self.push(Object::Tuple(Vec::new()))?,
            0x8f => self.push(Object::Opaque)?,
            b'(' => self.marks.push(self.stack.len()),
            b'0' => drop(self.pop()?),
            b'1' => drop(self.pop_to_mark()?),
            b'2' => {
                let top = self.top()?;
                self.push_handle(top)?;
            }
            code @ (b'J' | b'K' | b'M' | 0x8a | 0x8b | b'G') => self.number(code)?,
            code @ (b'X' | 0x8c | 0x8d | b'U' | b'T') => self.text(code)?,
            code @ (b'B' | b'C' | 0x8e | 0x96) => self.bytes(code)?,
            code @ (b'q' | b'r' | 0x94 | b'h' | b'j') => self.remember(code)?,
            code @ (b't' | b'l' | b'd' | 0x85..=0x87 | 0x91) => self.collect(code)?,
            code @ (b'a' | b'e' | b's' | b'u' | 0x90) => self.add(code)?,
            b'c' => {
                let (module, name) = (self.code.line()?.to_owned(), self.code.line()?.to_owned());
                self.name(&module, &name)?;
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let text = |handle| self.objects.text(handle).map(str::to_owned);
                let (Some(module), Some(name)) = (text(module), text(name)) else {
                    return Err(Problem::malformed("a module and a name", "other objects"));
                };
                self.name(&module, &name)?;
            }
            b'Q' => {
                let id = self.pop()?;
                let made = rebuild::persistent(&self.objects, id)?;
                self.push_made(made)?;
            }
            b'R' => {
                let (arguments, function) = (self.pop()?, self.pop()?);
                let made = rebuild::call(&self.objects, function, arguments)?;
                self.push_made(made)?;
            }
            code @ (0x81 | 0x92) => {
                // Arguments, and for the second instruction named ones, which no attribute comes from.
                for _ in 0..if code == 0x92 { 2 } else { 1 } {
                    self.pop()?;
                }
                let class = self.pop()?;
                self.push(rebuild::instance(&self.objects, class)?)?;
            }
            b'b' => self.build()?,
            code => return Err(unknown(code)),
        }
        Ok(None)
    }

    fn protocol(&mut self) -> Result<(), Problem> {
        let version = self.code.byte()?;
        if version > NEWEST_PROTOCOL {
            let expected = format!("a pickle of protocol {NEWEST_PROTOCOL} or older");
            return Err(Problem::malformed(expected, version));
        }
        Ok(())
    }

    fn number(&mut self, code: u8) -> Result<(), Problem> {
        let number = match code {
            b'J' => i128::from(self.code.i32()?),
            b'K' => i128::from(self.code.byte()?),
            b'M' => i128::from(self.code.u16()?),
            0x8a => {
                let count = usize::from(self.code.byte()?);
                self.code.integer(count)?
            }
            0x8b => {
                let count = self.code.short_length()?;
                self.code.integer(count)?
            }
            _ => {
                self.code.take(size_of::<f64>())?;
                return self.push(Object::Float);
            }
        };
        self.push(Object::Integer(number))
    }

    fn text(&mut self, code: u8) -> Result<(), Problem> {
        let count = match code {
            0x8c | b'U' => usize::from(self.code.byte()?),
            0x8d => self.code.length()?,
            _ => self.code.short_length()?,
        };
        let text = match code {
            b'U' | b'T' => self.code.old_text(count)?,
            _ => self.code.text(count)?,
        };
        self.push(Object::Text(text))
    }

    fn bytes(&mut self, code: u8) -> Result<(), Problem> {
        let count = match code {
            b'C' => usize::from(self.code.byte()?),
            b'B' => self.code.short_length()?,
            _ => self.code.length()?,
        };
        self.code.take(count)?;
        self.push(Object::Bytes)
    }

    /// Puts the top of the stack into the memo, or gets an object from there.
    fn remember(&mut self, code: u8) -> Result<(), Problem> {
        let place = match code {
            b'q' | b'h' => u32::from(self.code.byte()?),
            b'r' | b'j' => self.code.u32()?,
            _ => u32::try_from(self.memo.len()).unwrap_or(u32::MAX),
        };
        if matches!(code, b'h' | b'j') {
            let found = self.memo.get(&place).copied();
            let missing =
                || Problem::malformed("an object in the memo", format!("none at {place}"));
            return self.push_handle(found.ok_or_else(missing)?);
        }
        let top = self.top()?;
        self.memo.insert(place, top);
        self.count(1)
    }

    /// Makes a tuple, list, dict or set of what lies on the stack.
    fn collect(&mut self, code: u8) -> Result<(), Problem> {
        let items = match code {
            0x85..=0x87 => {
                let count = usize::from(code - 0x84);
                let start =
                    self.floor().checked_add(count).filter(|&least| least <= self.stack.len());
                start.ok_or_else(empty)?;
                self.stack.split_off(self.stack.len() - count)
            }
            _ => self.pop_to_mark()?,
        };
        self.count(items.len())?;
        self.push(match code {
            b'l' => Object::List(items),
            b'd' => Object::Dict(pairs(&items)?),
            0x91 => Object::Opaque,
            _ => Object::Tuple(items),
        })
    }

    /// Adds to a list, dict or set.
    fn add(&mut self, code: u8) -> Result<(), Problem> {
        let items = match code {
            b'a' => vec![self.pop()?],
            b's' => {
                let value = self.pop()?;
                vec![self.pop()?, value]
            }
            _ => self.pop_to_mark()?,
        };
        self.count(items.len())?;
        let target = self.top()?;
        match (code, self.objects.get_mut(target)) {
            (_, Object::Opaque) => {}
            (b'a' | b'e', Object::List(elements)) => elements.extend(items),
            (b'a' | b'e', Object::Instance(instance)) => instance.elements.extend(items),
            (b's' | b'u', Object::Dict(all)) => all.extend(pairs(&items)?),
            (b's' | b'u', Object::Instance(instance)) => instance.items.extend(pairs(&items)?),
            (_, other) => return Err(Problem::malformed("something to add to", other.kind())),
        }
        Ok(())
    }

    /// Looks a name up in the list of names, nowhere else.
    fn name(&mut self, module: &str, name: &str) -> Result<(), Problem> {
        let full = format!("{module}.{name}");
        self.count(full.len() / size_of::<Handle>())?;
        let known = match names::known(module, name) {
            Some(known) => known,
            None if names::is_other_type(module, name) => {
                return Err(Problem::Unsupported {
                    what: full,
                    fix: "save the weights as plain float tensors, with state_dict()".into(),
                });
            }
            None if names::is_scripted(module) || self.rules == Rules::KeepClasses => {
                Known::Class(full.into())
            }
            None => {
                return Err(Problem::Code {
                    name: full,
                    fix: "save the weights alone, with torch.save(model.state_dict(), path)".into(),
                });
            }
        };
        self.push(Object::Name(known))
    }

    /// Sets an object's attributes.
    fn build(&mut self) -> Result<(), Problem> {
        let state = self.pop()?;
        let target = self.top()?;
        match self.objects.get_mut(target) {
            Object::Instance(instance) => instance.state = Some(state),
            // An OrderedDict of PyTorch's has attributes, a tensor may; neither are weights.
            Object::Dict(_) | Object::Tensor(_) | Object::Opaque => {}
            other => {
                return Err(Problem::malformed("an object that can have attributes", other.kind()));
            }
        }
        Ok(())
    }

    fn push_made(&mut self, made: Made) -> Result<(), Problem> {
        match made {
            Made::Argument(handle) => self.push_handle(handle),
            Made::New(object) => {
                if let Object::Dict(pairs) = &object {
                    self.count(pairs.len().saturating_mul(2))?;
                }
                self.push(object)
            }
        }
    }

    fn push(&mut self, object: Object) -> Result<(), Problem> {
        let number = self.objects.0.len();
        if number >= MOST_OBJECTS {
            let expected = format!("at most {MOST_OBJECTS} objects");
            return Err(Problem::malformed(expected, "more"));
        }
        self.objects.0.push(object);
        self.push_handle(Handle(u32::try_from(number).expect("the most objects fit in 32 bits")))
    }

    fn push_handle(&mut self, handle: Handle) -> Result<(), Problem> {
        self.stack.push(handle);
        self.count(1)
    }

    /// Counts handles that were stored, and refuses too many.
    fn count(&mut self, more: usize) -> Result<(), Problem> {
        self.handles = self.handles.saturating_add(more);
        if self.handles > self.most_handles {
            let expected = format!("at most {} places of objects", self.most_handles);
            return Err(Problem::malformed(expected, "more"));
        }
        Ok(())
    }

    /// The height down to which the stack may be taken from.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn top(&self) -> Result<Handle, Problem> {
        let top = self.stack.last().copied();
        top.filter(|_| self.stack.len() > self.floor()).ok_or_else(empty)
    }

    fn pop(&mut self) -> Result<Handle, Problem> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Handle>, Problem> {
        let mark = self.marks.pop().ok_or_else(|| Problem::malformed("a mark", "none"))?;
        Ok(self.stack.split_off(mark))
    }
}

fn empty() -> Problem {
    Problem::malformed("an object on the stack", "none")
}

fn pairs(items: &[Handle]) -> Result<Vec<(Handle, Handle)>, Problem> {
    let (pairs, rest) = items.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(Problem::malformed("keys with values", "an odd number of objects"));
    }
    Ok(pairs.iter().map(|&[key, value]| (key, value)).collect())
}

fn unknown(code: u8) -> Problem {
    let name = match code {
        b'i' => "INST",
        b'o' => "OBJ",
        b'P' => "PERSID",
        b'S' | b'V' | b'I' | b'L' | b'F' | b'g' | b'p' => "an instruction of protocol 0",
        0x82..=0x84 => "EXT",
        0x97 | 0x98 => "a buffer outside of the file",
        _ => "an unknown instruction",
    };
    let expected = "an instruction that PyTorch writes (protocols 2 to 5)";
    Problem::malformed(expected, format!("{name} ({code:#04x})"))
}
