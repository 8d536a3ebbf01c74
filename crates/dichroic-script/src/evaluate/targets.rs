//! What can be assigned to: names, attributes, items, and patterns of them.

use ruff_python_ast::{Expr, Identifier};
use ruff_text_size::Ranged;

use crate::error::{AtPlace, ErrorKind, Eval, Fault};
use crate::machine::{Machine, ScopeId};
use crate::value::Value;

/// A place to assign to, with the values in it already computed, so that `x[f()] += 1` calls `f` once.
pub(crate) enum Target<'a> {
    Name(&'a str),
    Attribute(Value, &'a Identifier),
    Item(Value, Value),
    Pattern(&'a [Expr]),
}

impl<'a> Machine<'a> {
    pub(crate) fn target(&mut self, target: &'a Expr, scope: ScopeId) -> Eval<Target<'a>> {
        Ok(match target {
            Expr::Name(name) => Target::Name(&name.id),
            Expr::Attribute(attribute) => {
                Target::Attribute(self.expression(&attribute.value, scope)?, &attribute.attr)
            }
            Expr::Subscript(subscript) => Target::Item(
                self.expression(&subscript.value, scope)?,
                self.expression(&subscript.slice, scope)?,
            ),
            Expr::List(list) => Target::Pattern(&list.elts),
            Expr::Tuple(tuple) => Target::Pattern(&tuple.elts),
            other => {
                return Err(
                    Fault::new(ErrorKind::Syntax, "this cannot be assigned to").at(other.range())
                );
            }
        })
    }

    pub(crate) fn load(&mut self, target: &Target<'a>, scope: ScopeId) -> Eval<Value> {
        match target {
            Target::Name(name) => self.look_up(scope, name),
            Target::Attribute(object, name) => self.attribute(object, name),
            Target::Item(object, index) => self.item(object, index),
            Target::Pattern(_) => {
                Err(Fault::new(ErrorKind::Syntax, "a pattern has no single value"))
            }
        }
    }

    pub(crate) fn store(&mut self, target: &Target<'a>, value: Value, scope: ScopeId) -> Eval<()> {
        match target {
            Target::Name(name) => self.bind(scope, name, value),
            Target::Attribute(object, name) => {
                let Value::Host(host) = object else {
                    return Err(Fault::new(
                        ErrorKind::Attribute,
                        format!("{} takes no attribute `{name}`", object.type_name()),
                    ));
                };
                match host.clone().set_attribute(self, name, &value)? {
                    true => Ok(()),
                    false => Err(Fault::new(
                        ErrorKind::Attribute,
                        format!("{} has no attribute `{name}` that can be set", host.type_name()),
                    )),
                }
            }
            Target::Item(object, index) => self.set_item(object, index, value),
            Target::Pattern(parts) => self.unpack(parts, value, scope),
        }
    }

    pub(crate) fn remove(&mut self, target: &Target<'a>, scope: ScopeId) -> Eval<()> {
        match target {
            Target::Name(name) => match self.unbind(scope, name) {
                true => Ok(()),
                false => Err(Fault::new(ErrorKind::Name, format!("`{name}` is not defined"))),
            },
            Target::Item(object, index) => self.remove_item(object, index),
            Target::Attribute(object, name) => Err(Fault::new(
                ErrorKind::Attribute,
                format!("`{name}` cannot be taken away from {}", object.type_name()),
            )),
            Target::Pattern(parts) => {
                for part in *parts {
                    let place = self.target(part, scope)?;
                    self.remove(&place, scope).at(part.range())?;
                }
                Ok(())
            }
        }
    }

    /// `a, *b, c = value`.
    fn unpack(&mut self, parts: &'a [Expr], value: Value, scope: ScopeId) -> Eval<()> {
        let items = self.items_of(&value)?;
        let starred = parts.iter().position(|part| matches!(part, Expr::Starred(_)));
        let needed = parts.len() - usize::from(starred.is_some());
        let wrong = match starred {
            Some(_) => items.len() < needed,
            None => items.len() != needed,
        };
        if wrong {
            let least = if starred.is_some() { "at least " } else { "" };
            return Err(Fault::value_error(format!(
                "{least}{needed} values are needed for these names, got {}",
                items.len()
            )));
        }
        let gathered = items.len() - needed;
        let mut items = items.into_iter();
        for part in parts {
            match part {
                Expr::Starred(starred) => {
                    let rest = items.by_ref().take(gathered).collect();
                    let rest = self.list(rest)?;
                    self.assign(&starred.value, rest, scope)?;
                }
                part => {
                    let item = items.next().expect("as many values as names were counted above");
                    self.assign(part, item, scope)?;
                }
            }
        }
        Ok(())
    }
}
