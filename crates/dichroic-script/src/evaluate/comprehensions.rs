//! `[x for a in b if c]` and its relatives.

use ruff_python_ast::Comprehension;
use ruff_text_size::Ranged;

use crate::error::{AtPlace, Eval, Fault};
use crate::machine::{Machine, ScopeId};

/// What a comprehension does with each combination of its targets.
type Each<'e, 'a> = &'e mut dyn FnMut(&mut Machine<'a>, ScopeId) -> Eval<()>;

impl<'a> Machine<'a> {
    /// Runs the `for` and `if` parts in a scope of their own. A generator expression is run to its end at once: nothing
    /// that it can do here would show the difference, except that an endless one reaches the limit of steps.
    pub(crate) fn comprehension(
        &mut self,
        parts: &'a [Comprehension],
        scope: ScopeId,
        each: Each<'_, 'a>,
    ) -> Eval<()> {
        let inner = self.new_scope(scope, None)?;
        self.comprehension_part(parts, inner, each)
    }

    fn comprehension_part(
        &mut self,
        parts: &'a [Comprehension],
        scope: ScopeId,
        each: Each<'_, 'a>,
    ) -> Eval<()> {
        let Some((part, rest)) = parts.split_first() else {
            return each(self, scope);
        };
        if part.is_async {
            return Err(Fault::unsupported("`async` is not run here").at(part.range));
        }
        self.meter.enter().at(part.range)?;
        let walked = self.expression(&part.iter, scope)?;
        let iterator = self.iterate(&walked).at(part.iter.range())?;
        'items: while let Some(item) = self.heap.next(iterator) {
            self.meter.step().at(part.range)?;
            self.assign(&part.target, item, scope)?;
            for condition in &part.ifs {
                let held = self.expression(condition, scope)?;
                if !self.truth(&held) {
                    continue 'items;
                }
            }
            self.comprehension_part(rest, scope, each)?;
        }
        self.meter.leave();
        Ok(())
    }
}
