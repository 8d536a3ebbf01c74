//! `import`: the library's modules, a few of Python's, and the promise of an error for every other one.

use std::rc::Rc;

use ruff_python_ast::{StmtImport, StmtImportFrom};
use ruff_text_size::TextRange;

use crate::builtins::modules;
use crate::error::{ErrorKind, Eval, Fault, nearest};
use crate::host::Absent;
use crate::machine::{Machine, ScopeId};
use crate::value::Value;

impl<'a> Machine<'a> {
    pub(crate) fn import(&mut self, import: &'a StmtImport, scope: ScopeId) -> Eval<()> {
        for alias in &import.names {
            let module = self.module(&alias.name, alias.name.range)?;
            match &alias.asname {
                Some(name) => self.bind(scope, name, module)?,
                None => {
                    let root = alias.name.split('.').next().unwrap_or(&alias.name);
                    let module = self.module(root, alias.name.range)?;
                    self.bind(scope, root, module)?;
                }
            }
        }
        Ok(())
    }

    pub(crate) fn import_from(&mut self, import: &'a StmtImportFrom, scope: ScopeId) -> Eval<()> {
        if import.level > 0 {
            return Err(Fault::unsupported(
                "a relative import is not run here: no other file is read",
            )
            .at(import.range));
        }
        let Some(path) = &import.module else {
            return Err(
                Fault::new(ErrorKind::Import, "the import names no module").at(import.range)
            );
        };
        if path.as_str() == "__future__" {
            return Ok(());
        }
        let module = self.module(path, path.range)?;
        for alias in &import.names {
            if alias.name.as_str() == "*" {
                self.import_all(&module, scope)?;
                continue;
            }
            let value = self.member(&module, path, &alias.name, alias.name.range)?;
            self.bind(scope, alias.asname.as_ref().unwrap_or(&alias.name), value)?;
        }
        Ok(())
    }

    fn module(&mut self, path: &str, range: TextRange) -> Eval<Value> {
        if let Some(module) = modules::find(path) {
            return Ok(module);
        }
        let root = path.split('.').next().unwrap_or(path);
        if !self.library.has_root(root) {
            return Ok(Value::Host(Rc::new(Absent { path: path.into() })));
        }
        if let Some(module) = self.library.find(path) {
            return Ok(module);
        }
        let (parent, name) = path.rsplit_once('.').unwrap_or((path, path));
        let fault = Fault::new(ErrorKind::Import, format!("there is no module `{path}`")).at(range);
        Err(match self.library.find(parent) {
            Some(Value::Host(module)) => hint_nearest(fault, name, &module.names()),
            _ => fault,
        })
    }

    fn member(&mut self, module: &Value, path: &str, name: &str, range: TextRange) -> Eval<Value> {
        let Value::Host(host) = module else {
            return Err(Fault::new(ErrorKind::Import, format!("`{path}` is no module")).at(range));
        };
        if host.as_any().is::<Absent>() {
            return Ok(Value::Host(Rc::new(Absent { path: format!("{path}.{name}").into() })));
        }
        match host.clone().attribute(self, name).map_err(|fault| fault.at(range))? {
            Some(value) => Ok(value),
            None => {
                let fault =
                    Fault::new(ErrorKind::Import, format!("`{path}` has no `{name}`")).at(range);
                Err(hint_nearest(fault, name, &host.names()))
            }
        }
    }

    fn import_all(&mut self, module: &Value, scope: ScopeId) -> Eval<()> {
        let Value::Host(host) = module else { return Ok(()) };
        for name in host.names() {
            self.meter.step()?;
            if let Some(value) = host.clone().attribute(self, &name)? {
                self.bind(scope, &name, value)?;
            }
        }
        Ok(())
    }
}

fn hint_nearest(fault: Box<Fault>, name: &str, known: &[String]) -> Box<Fault> {
    match nearest(name, known.iter().map(String::as_str)) {
        Some(known) => fault.with_hint(format!("did you mean `{known}`?")),
        None => fault,
    }
}
