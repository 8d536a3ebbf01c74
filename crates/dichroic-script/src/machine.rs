//! The state of one run: values, scopes, functions, what has been used, and where `print` goes.

use std::collections::HashMap;
use std::rc::Rc;

use ruff_python_ast::name::Name;
use ruff_python_ast::{Expr, Parameters, Stmt};
use ruff_text_size::{TextRange, TextSize};

use crate::builtins;
use crate::error::{ErrorKind, Eval, Fault, nearest};
use crate::evaluate::names::Names;
use crate::heap::{Dict, FunctionId, Heap, IteratorId, Remaining};
use crate::host::Library;
use crate::limits::{Limits, Meter};
use crate::value::Value;

/// An index into the machine's scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ScopeId(usize);

/// The scope of the script itself.
pub(crate) const GLOBAL: ScopeId = ScopeId(0);

/// Room taken by a scope with a few names.
const SCOPE_BYTES: usize = 512;

/// Names and their values: of the script, of one call, or of one comprehension.
struct Scope {
    values: HashMap<Name, Value>,
    parent: ScopeId,
    /// How the names of a function's body are to be taken; none for the script and for comprehensions.
    names: Option<Rc<Names>>,
    is_comprehension: bool,
}

/// What a function runs.
#[derive(Clone, Copy)]
pub(crate) enum Body<'a> {
    Statements(&'a [Stmt]),
    Expression(&'a Expr),
}

/// A `def` or `lambda`, with its defaults and the scope around it.
pub(crate) struct Function<'a> {
    pub(crate) name: Rc<str>,
    pub(crate) parameters: Option<&'a Parameters>,
    /// In the order of [`Parameters::iter_non_variadic_params`].
    pub(crate) defaults: Rc<[Option<Value>]>,
    pub(crate) body: Body<'a>,
    pub(crate) scope: ScopeId,
    pub(crate) names: Rc<Names>,
}

/// Runs one script.
pub(crate) struct Machine<'a> {
    pub(crate) heap: Heap,
    pub(crate) meter: Meter,
    pub(crate) library: &'a dyn Library,
    functions: Vec<Rc<Function<'a>>>,
    scopes: Vec<Scope>,
    names: HashMap<TextSize, Rc<Names>>,
    environment: Option<Value>,
    source: &'a str,
    output: &'a mut dyn FnMut(String) -> Result<(), String>,
}

impl<'a> Machine<'a> {
    pub(crate) fn new(
        library: &'a dyn Library,
        limits: Limits,
        source: &'a str,
        output: &'a mut dyn FnMut(String) -> Result<(), String>,
    ) -> Self {
        let mut globals = HashMap::new();
        globals.insert(Name::new_static("__name__"), Value::text("__main__"));
        let global =
            Scope { values: globals, parent: GLOBAL, names: None, is_comprehension: false };
        Self {
            heap: Heap::default(),
            meter: Meter::new(limits),
            library,
            functions: Vec::new(),
            scopes: vec![global],
            names: HashMap::new(),
            environment: None,
            source,
            output,
        }
    }

    /// The source text of an expression.
    pub(crate) fn source_at(&self, range: TextRange) -> &'a str {
        self.source.get(range.start().to_usize()..range.end().to_usize()).unwrap_or_default()
    }

    /// The script's names and values, in no particular order.
    pub(crate) fn globals(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.scopes[GLOBAL.0].values.iter().map(|(name, value)| (name.as_str(), value))
    }

    pub(crate) fn print(&mut self, text: String) -> Eval<()> {
        self.meter.print(text.len())?;
        (self.output)(text).map_err(|reason| {
            Fault::new(ErrorKind::Output, format!("the output could not be written: {reason}"))
        })
    }

    pub(crate) fn new_scope(&mut self, parent: ScopeId, names: Option<Rc<Names>>) -> Eval<ScopeId> {
        self.meter.allocate(SCOPE_BYTES)?;
        let is_comprehension = names.is_none();
        self.scopes.push(Scope { values: HashMap::new(), parent, names, is_comprehension });
        Ok(ScopeId(self.scopes.len() - 1))
    }

    pub(crate) fn function(&self, id: FunctionId) -> Rc<Function<'a>> {
        self.functions[id.0].clone()
    }

    pub(crate) fn add_function(&mut self, function: Function<'a>) -> Eval<Value> {
        self.meter.allocate(size_of::<Function<'_>>() + 64)?;
        self.functions.push(Rc::new(function));
        Ok(Value::Function(FunctionId(self.functions.len() - 1)))
    }

    /// The names that the function at this place in the source binds; read once, however often its `def` runs.
    pub(crate) fn names_at(&mut self, start: TextSize, read: impl FnOnce() -> Names) -> Rc<Names> {
        self.names.entry(start).or_insert_with(|| Rc::new(read())).clone()
    }

    pub(crate) fn look_up(&self, scope: ScopeId, name: &str) -> Eval<Value> {
        let mut at = scope;
        loop {
            let here = &self.scopes[at.0];
            if let Some(names) = &here.names
                && names.globals.contains(name)
            {
                at = GLOBAL;
                continue;
            }
            if let Some(value) = here.values.get(name) {
                return Ok(value.clone());
            }
            if let Some(names) = &here.names
                && names.locals.contains(name)
            {
                return Err(Fault::new(
                    ErrorKind::Name,
                    format!("`{name}` is used before it has a value in this function"),
                ));
            }
            if at == GLOBAL {
                break;
            }
            at = here.parent;
        }
        if let Some(value) = builtins::find(name).or_else(|| self.library.bare_name(name)) {
            return Ok(value);
        }
        Err(self.unknown_name(name))
    }

    fn unknown_name(&self, name: &str) -> Box<Fault> {
        let fault = Fault::new(ErrorKind::Name, format!("`{name}` is not defined"));
        if let Some(reason) = builtins::refused(name) {
            return Fault::unsupported(format!("`{name}` is not available: {reason}"));
        }
        if let Some(hint) = self.library.hint(name) {
            return fault.with_hint(hint);
        }
        let bare = self.library.bare_names();
        let known = bare.iter().map(String::as_str);
        let known = known.chain(self.globals().map(|(known, _)| known));
        let known = known.chain(builtins::names().map(|known| -> &str { known }));
        match nearest(name, known) {
            Some(known) => fault.with_hint(format!("did you mean `{known}`?")),
            None => fault,
        }
    }

    /// The scope in which an assignment to `name` in `scope` lands.
    fn binding_scope(&self, scope: ScopeId, name: &str) -> ScopeId {
        let Some(names) = &self.scopes[scope.0].names else { return scope };
        if names.globals.contains(name) {
            return GLOBAL;
        }
        if !names.nonlocals.contains(name) {
            return scope;
        }
        let mut at = self.scopes[scope.0].parent;
        while at != GLOBAL {
            let here = &self.scopes[at.0];
            if here.names.as_ref().is_some_and(|names| names.locals.contains(name)) {
                return at;
            }
            at = here.parent;
        }
        GLOBAL
    }

    pub(crate) fn bind(&mut self, scope: ScopeId, name: &str, value: Value) -> Eval<()> {
        let scope = self.binding_scope(scope, name);
        match self.scopes[scope.0].values.get_mut(name) {
            Some(slot) => *slot = value,
            None => {
                self.meter.allocate(64 + name.len())?;
                self.scopes[scope.0].values.insert(Name::new(name), value);
            }
        }
        Ok(())
    }

    /// Takes a name away; false if it had no value.
    pub(crate) fn unbind(&mut self, scope: ScopeId, name: &str) -> bool {
        let scope = self.binding_scope(scope, name);
        self.scopes[scope.0].values.remove(name).is_some()
    }

    /// The scope around comprehensions, where `:=` binds.
    pub(crate) fn around_comprehensions(&self, mut scope: ScopeId) -> ScopeId {
        while self.scopes[scope.0].is_comprehension && scope != GLOBAL {
            scope = self.scopes[scope.0].parent;
        }
        scope
    }

    /// `os.environ`: empty at the start and the script's own, so that nothing is read from outside.
    pub(crate) fn environment(&mut self) -> Eval<Value> {
        match &self.environment {
            Some(environment) => Ok(environment.clone()),
            None => {
                let environment = self.heap.new_dict(Dict::new(), &mut self.meter)?;
                self.environment = Some(environment.clone());
                Ok(environment)
            }
        }
    }

    pub(crate) fn list(&mut self, items: Vec<Value>) -> Eval<Value> {
        self.heap.new_list(items, &mut self.meter)
    }

    pub(crate) fn tuple(&mut self, items: Vec<Value>) -> Eval<Value> {
        self.heap.new_tuple(items, &mut self.meter)
    }

    pub(crate) fn dict(&mut self, entries: Dict) -> Eval<Value> {
        self.heap.new_dict(entries, &mut self.meter)
    }

    pub(crate) fn text(&mut self, text: String) -> Eval<Value> {
        self.meter.allocate_text(text.len())?;
        Ok(Value::text(text))
    }

    /// An iterator over values that are already there.
    pub(crate) fn iterator(&mut self, items: Vec<Value>) -> Eval<Value> {
        self.heap.new_iterator(Remaining::Items(items.into_iter()), &mut self.meter)
    }

    /// What `iter(value)` gives: lists are walked as they are at each step, other things as they are now.
    pub(crate) fn iterate(&mut self, value: &Value) -> Eval<IteratorId> {
        let remaining = match value {
            Value::Iterator(id) => return Ok(*id),
            Value::List(id) => Remaining::List(*id, 0),
            Value::Range(range) => Remaining::Range(*range, 0),
            other => Remaining::Items(self.items_of(other)?.into_iter()),
        };
        match self.heap.new_iterator(remaining, &mut self.meter)? {
            Value::Iterator(id) => Ok(id),
            _ => unreachable!("new_iterator makes iterators"),
        }
    }

    /// Every item of something that can be walked.
    pub(crate) fn items_of(&mut self, value: &Value) -> Eval<Vec<Value>> {
        let count = match value {
            Value::List(id) => self.heap.list(*id).len(),
            Value::Tuple(id) => self.heap.tuple(*id).len(),
            Value::Dict(id) => self.heap.dict(*id).len(),
            Value::Set(id) => self.heap.set(*id).len(),
            Value::Range(range) => range.len(),
            Value::Text(text) => text.len(),
            _ => 0,
        };
        self.meter.allocate_items(count)?;
        Ok(match value {
            Value::List(id) => self.heap.list(*id).clone(),
            Value::Tuple(id) => self.heap.tuple(*id).to_vec(),
            Value::Dict(id) => self.heap.dict(*id).values().map(|(key, _)| key.clone()).collect(),
            Value::Set(id) => self.heap.set(*id).values().cloned().collect(),
            Value::Range(range) => (0..count).map(|at| Value::Int(range.at(at))).collect(),
            Value::Text(text) => {
                let mut buffer = [0; 4];
                text.chars().map(|one| Value::text(&*one.encode_utf8(&mut buffer))).collect()
            }
            Value::Iterator(id) => {
                let mut items = Vec::new();
                while let Some(item) = self.heap.next(*id) {
                    self.meter.allocate_items(1)?;
                    items.push(item);
                }
                items
            }
            Value::Host(host) => {
                let host = host.clone();
                match host.attribute(self, "__iter__")? {
                    Some(Value::List(id)) => self.heap.list(id).clone(),
                    _ => return Err(not_iterable(value)),
                }
            }
            _ => return Err(not_iterable(value)),
        })
    }

    /// Whether `if value:` takes its branch.
    pub(crate) fn truth(&self, value: &Value) -> bool {
        match value {
            Value::None => false,
            Value::Bool(value) => *value,
            Value::Int(value) => *value != 0,
            Value::Float(value) => *value != 0.0,
            Value::Text(text) => !text.is_empty(),
            Value::List(id) => !self.heap.list(*id).is_empty(),
            Value::Tuple(id) => !self.heap.tuple(*id).is_empty(),
            Value::Dict(id) => !self.heap.dict(*id).is_empty(),
            Value::Set(id) => !self.heap.set(*id).is_empty(),
            Value::Range(range) => range.len() > 0,
            _ => true,
        }
    }

    /// The items of a list or a tuple, or none for anything else.
    pub(crate) fn sequence(&self, value: &Value) -> Option<&[Value]> {
        match value {
            Value::List(id) => Some(self.heap.list(*id)),
            Value::Tuple(id) => Some(self.heap.tuple(*id)),
            _ => None,
        }
    }
}

fn not_iterable(value: &Value) -> Box<Fault> {
    Fault::type_error(format!("{} cannot be walked item by item", value.type_name()))
}
