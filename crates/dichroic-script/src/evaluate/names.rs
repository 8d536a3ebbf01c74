//! Which names a function binds: Python decides that before the function runs.

use std::collections::HashSet;

use ruff_python_ast::name::Name;
use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprContext, Parameters, Stmt};

/// The names of one function's body.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Bound in the function itself.
    pub(crate) locals: HashSet<Name>,
    /// Declared `global`.
    pub(crate) globals: HashSet<Name>,
    /// Declared `nonlocal`.
    pub(crate) nonlocals: HashSet<Name>,
}

impl Names {
    pub(crate) fn of_function(parameters: &Parameters, body: &[Stmt]) -> Self {
        let mut names = Self::default();
        names.add_parameters(parameters);
        for statement in body {
            names.visit_stmt(statement);
        }
        let Self { locals, globals, nonlocals } = &mut names;
        locals.retain(|name| !globals.contains(name) && !nonlocals.contains(name));
        names
    }

    pub(crate) fn of_lambda(parameters: Option<&Parameters>, body: &Expr) -> Self {
        let mut names = Self::default();
        if let Some(parameters) = parameters {
            names.add_parameters(parameters);
        }
        names.visit_expr(body);
        names
    }

    fn add_parameters(&mut self, parameters: &Parameters) {
        for parameter in parameters.iter() {
            self.locals.insert(parameter.name().id.clone());
        }
    }

    fn add_import(&mut self, name: &str, alias: Option<&str>) {
        let bound = alias.unwrap_or_else(|| name.split('.').next().unwrap_or(name));
        self.locals.insert(Name::new(bound));
    }
}

impl<'t> Visitor<'t> for Names {
    fn visit_stmt(&mut self, statement: &'t Stmt) {
        match statement {
            // The body of a function or a class has names of its own.
            Stmt::FunctionDef(def) => {
                self.locals.insert(def.name.id.clone());
            }
            Stmt::ClassDef(class) => {
                self.locals.insert(class.name.id.clone());
            }
            Stmt::Global(global) => {
                self.globals.extend(global.names.iter().map(|name| name.id.clone()));
            }
            Stmt::Nonlocal(nonlocal) => {
                self.nonlocals.extend(nonlocal.names.iter().map(|name| name.id.clone()));
            }
            Stmt::Import(import) => {
                for alias in &import.names {
                    self.add_import(&alias.name, alias.asname.as_deref());
                }
            }
            Stmt::ImportFrom(import) => {
                for alias in &import.names {
                    self.add_import(&alias.name, alias.asname.as_deref());
                }
            }
            other => walk_stmt(self, other),
        }
    }

    fn visit_expr(&mut self, expression: &'t Expr) {
        match expression {
            Expr::Name(name) if matches!(name.ctx, ExprContext::Store | ExprContext::Del) => {
                self.locals.insert(name.id.clone());
            }
            Expr::Lambda(_) => {}
            Expr::ListComp(_) | Expr::SetComp(_) | Expr::DictComp(_) | Expr::Generator(_) => {
                // Their targets are their own; only `:=` inside them reaches this function.
                let mut inner = Walruses(self);
                walk_expr(&mut inner, expression);
            }
            other => walk_expr(self, other),
        }
    }
}

/// Finds the names that `:=` binds inside a comprehension.
struct Walruses<'n>(&'n mut Names);

impl<'t> Visitor<'t> for Walruses<'_> {
    fn visit_expr(&mut self, expression: &'t Expr) {
        match expression {
            Expr::Named(named) => {
                if let Expr::Name(name) = &*named.target {
                    self.0.locals.insert(name.id.clone());
                }
                self.visit_expr(&named.value);
            }
            Expr::Lambda(_) => {}
            other => walk_expr(self, other),
        }
    }
}
