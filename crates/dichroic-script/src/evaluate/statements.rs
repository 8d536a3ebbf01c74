//! Statements: assignments, branches, loops, definitions.

use ruff_python_ast::{
    Expr, Stmt, StmtClassDef, StmtFor, StmtFunctionDef, StmtIf, StmtRaise, StmtWhile,
};
use ruff_text_size::{Ranged, TextRange};

use super::names::Names;
use super::targets::Target;
use crate::arguments::Arguments;
use crate::error::{AtPlace, ErrorKind, Eval, Fault};
use crate::machine::{Body, Function, GLOBAL, Machine, ScopeId};
use crate::value::Value;

/// How a block ended.
pub(crate) enum Flow {
    Next,
    Break,
    Continue,
    Return(Value),
}

impl<'a> Machine<'a> {
    /// Runs a whole script.
    pub(crate) fn run(&mut self, statements: &'a [Stmt]) -> Eval<()> {
        self.block(statements, GLOBAL).map(|_| ())
    }

    pub(crate) fn block(&mut self, statements: &'a [Stmt], scope: ScopeId) -> Eval<Flow> {
        for statement in statements {
            self.meter.enter().at(statement.range())?;
            let flow = self.statement(statement, scope).at(statement.range())?;
            self.meter.leave();
            if !matches!(flow, Flow::Next) {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn statement(&mut self, statement: &'a Stmt, scope: ScopeId) -> Eval<Flow> {
        match statement {
            Stmt::Expr(expression) => {
                self.expression(&expression.value, scope)?;
            }
            Stmt::Assign(assign) => {
                let value = self.expression(&assign.value, scope)?;
                for target in &assign.targets {
                    self.assign(target, value.clone(), scope)?;
                }
            }
            Stmt::AugAssign(assign) => {
                let target = self.target(&assign.target, scope)?;
                let old = self.load(&target, scope).at(assign.target.range())?;
                let operand = self.expression(&assign.value, scope)?;
                let new = self.in_place(assign.op, old, operand).at(assign.range())?;
                self.store(&target, new, scope).at(assign.target.range())?;
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    let value = self.expression(value, scope)?;
                    self.assign(&assign.target, value, scope)?;
                }
            }
            Stmt::If(branch) => return self.branch(branch, scope),
            Stmt::For(each) => return self.for_each(each, scope),
            Stmt::While(each) => return self.while_loop(each, scope),
            Stmt::FunctionDef(def) => self.define(def, scope)?,
            Stmt::Return(back) => {
                return Ok(Flow::Return(match &back.value {
                    Some(value) => self.expression(value, scope)?,
                    None => Value::None,
                }));
            }
            Stmt::Break(_) => return Ok(Flow::Break),
            Stmt::Continue(_) => return Ok(Flow::Continue),
            Stmt::Pass(_) | Stmt::Global(_) | Stmt::Nonlocal(_) => {}
            Stmt::Import(import) => self.import(import, scope)?,
            Stmt::ImportFrom(import) => self.import_from(import, scope)?,
            Stmt::Assert(assert) => {
                let held = self.expression(&assert.test, scope)?;
                if !self.truth(&held) {
                    let message = match &assert.msg {
                        Some(message) => {
                            let message = self.expression(message, scope)?;
                            self.str(&message)?
                        }
                        None => "the assertion does not hold".to_owned(),
                    };
                    return Err(Fault::new(ErrorKind::Assertion, message).at(assert.test.range()));
                }
            }
            Stmt::Raise(raise) => return Err(self.raise(raise, scope)?),
            Stmt::Delete(delete) => {
                for target in &delete.targets {
                    let place = self.target(target, scope)?;
                    self.remove(&place, scope).at(target.range())?;
                }
            }
            Stmt::ClassDef(class) => return Err(refused_class(class)),
            Stmt::Try(statement) => {
                return Err(refused("`try`", keyword(statement.range, 3)).with_hint(
                    "an error ends the script: take the `try` away, or test with `if`",
                ));
            }
            Stmt::With(statement) => {
                return Err(refused("`with`", keyword(statement.range, 4))
                    .with_hint("put the code inside it without the `with`"));
            }
            Stmt::Match(statement) => {
                return Err(refused("`match`", keyword(statement.range, 5))
                    .with_hint("write it with `if` and `elif`"));
            }
            Stmt::TypeAlias(_) => {}
            Stmt::IpyEscapeCommand(command) => {
                return Err(refused("a notebook command", command.range));
            }
        }
        Ok(Flow::Next)
    }

    fn branch(&mut self, branch: &'a StmtIf, scope: ScopeId) -> Eval<Flow> {
        let test = self.expression(&branch.test, scope)?;
        if self.truth(&test) {
            return self.block(&branch.body, scope);
        }
        for clause in &branch.elif_else_clauses {
            let taken = match &clause.test {
                Some(test) => {
                    let test = self.expression(test, scope)?;
                    self.truth(&test)
                }
                None => true,
            };
            if taken {
                return self.block(&clause.body, scope);
            }
        }
        Ok(Flow::Next)
    }

    fn for_each(&mut self, each: &'a StmtFor, scope: ScopeId) -> Eval<Flow> {
        if each.is_async {
            return Err(refused("`async`", keyword(each.range, 5)));
        }
        let walked = self.expression(&each.iter, scope)?;
        let iterator = self.iterate(&walked).at(each.iter.range())?;
        while let Some(item) = self.heap.next(iterator) {
            self.meter.step().at(each.target.range())?;
            self.assign(&each.target, item, scope)?;
            match self.block(&each.body, scope)? {
                Flow::Break => return Ok(Flow::Next),
                Flow::Return(value) => return Ok(Flow::Return(value)),
                Flow::Next | Flow::Continue => {}
            }
        }
        self.block(&each.orelse, scope)
    }

    fn while_loop(&mut self, each: &'a StmtWhile, scope: ScopeId) -> Eval<Flow> {
        loop {
            let test = self.expression(&each.test, scope)?;
            if !self.truth(&test) {
                return self.block(&each.orelse, scope);
            }
            match self.block(&each.body, scope)? {
                Flow::Break => return Ok(Flow::Next),
                Flow::Return(value) => return Ok(Flow::Return(value)),
                Flow::Next | Flow::Continue => {}
            }
        }
    }

    fn define(&mut self, def: &'a StmtFunctionDef, scope: ScopeId) -> Eval<()> {
        if let Some(decorator) = def.decorator_list.first() {
            return Err(refused("a decorator", decorator.range)
                .with_hint("take the decorator away; the function itself runs"));
        }
        if def.is_async {
            return Err(refused("`async`", keyword(def.range, 5)));
        }
        let names =
            self.names_at(def.range.start(), || Names::of_function(&def.parameters, &def.body));
        let defaults = self.defaults(Some(&def.parameters), scope)?;
        let function = self.add_function(Function {
            name: def.name.as_str().into(),
            parameters: Some(&def.parameters),
            defaults,
            body: Body::Statements(&def.body),
            scope,
            names,
        })?;
        self.bind(scope, &def.name, function)
    }

    /// The error that a `raise` makes: its text is `Kind: message`.
    fn raise(&mut self, raise: &'a StmtRaise, scope: ScopeId) -> Eval<Box<Fault>> {
        let Some(raised) = &raise.exc else {
            return Ok(refused("`raise` without an error", raise.range));
        };
        let (name, arguments) = match &**raised {
            Expr::Name(name) => (name, Arguments::default()),
            Expr::Call(call) => match &*call.func {
                Expr::Name(name) => (name, self.arguments(&call.arguments, scope)?),
                _ => return Ok(refused("raising anything but a named error", call.range)),
            },
            other => return Ok(refused("raising anything but a named error", other.range())),
        };
        let mut texts = Vec::new();
        for argument in arguments.items {
            texts.push(self.str(&argument.value)?);
        }
        let message = match texts.is_empty() {
            true => name.id.to_string(),
            false => format!("{}: {}", name.id, texts.join(", ")),
        };
        Ok(Fault::new(ErrorKind::Raised, message).at(raise.range))
    }

    pub(crate) fn assign(&mut self, target: &'a Expr, value: Value, scope: ScopeId) -> Eval<()> {
        if let Expr::Name(name) = target {
            return self.bind(scope, &name.id, value);
        }
        let place: Target<'a> = self.target(target, scope)?;
        self.store(&place, value, scope).at(target.range())
    }
}

fn refused(what: &str, range: TextRange) -> Box<Fault> {
    Fault::unsupported(format!("{what} is not run here")).at(range)
}

/// The first `length` bytes of a statement: the keyword that it starts with.
fn keyword(range: TextRange, length: u32) -> TextRange {
    TextRange::at(range.start(), length.into())
}

/// A class is an error that says what to do instead, which depends on what it derives from.
fn refused_class(class: &StmtClassDef) -> Box<Fault> {
    let base = class.arguments.as_ref().and_then(|arguments| arguments.args.first());
    let base_name = match base {
        Some(Expr::Name(name)) => name.id.as_str(),
        Some(Expr::Attribute(attribute)) => attribute.attr.as_str(),
        _ => "",
    };
    let place = match base {
        Some(base) => TextRange::new(class.range.start(), base.range().end()),
        None => TextRange::new(class.range.start(), class.name.range.end()),
    };
    let name = &class.name.id;
    match base_name {
        "Model" | "Sequential" | "Functional" => {
            Fault::unsupported(format!("`{name}` is a subclassed model, which cannot be run here"))
                .with_hint(
                    "its layers are only known while Python runs its `call`: build it with Sequential, or with \
                     Model(inputs, outputs) in a function",
                )
        }
        "Layer" => {
            Fault::unsupported(format!("`{name}` is a layer of your own, which cannot be run here"))
                .with_hint("write it as a function that calls the built-in layers")
        }
        _ => Fault::unsupported(format!("the class `{name}` cannot be run here"))
            .with_hint("only functions can be defined"),
    }
    .at(place)
}
