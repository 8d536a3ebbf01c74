//! Which of a pickle's objects are weights, and what they are called.

use std::collections::HashSet;

use super::pickle::{Handle, Instance, Object, Objects, Tensor};
use crate::error::Problem;

/// The names under which checkpoints keep the state dict, the likeliest first.
const STATE_DICTS: [&str; 12] = [
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "net",
    "network",
    "module",
    "weights",
    "params",
    "params_ema",
    "ema",
    "generator",
];
/// Beginnings that wrappers of models put before every name: of `DataParallel`, and of `torch.compile`.
const WRAPPERS: [&str; 2] = ["module.", "_orig_mod."];
/// The attributes of a module that weights lie in, in the order of its state dict.
const OF_MODULES: [&str; 3] = ["_parameters", "_buffers", "_modules"];
/// How deep modules lie in each other at most.
const DEEPEST: usize = 64;
/// The most places that are looked at. Lists that hold each other many times over have more places than objects.
const MOST_PLACES: usize = 1 << 22;
/// The most tensors; the largest networks have some ten thousand.
const MOST_TENSORS: usize = 1 << 17;
/// The longest name, in bytes.
const LONGEST_NAME: usize = 1024;
/// Notes list no more names than this.
const MOST_NAMED: usize = 5;

/// The tensors by name, in the order of the file.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub tensors: Vec<(String, Tensor)>,
    pub notes: Vec<String>,
}

/// Finds the state dict, and in it the tensors.
pub(super) fn collect(objects: &Objects, root: Handle) -> Result<Found, Problem> {
    let mut walk = Walk { objects, places: 0, found: Found::default() };
    let root = walk.state_dict(root)?;
    walk.visit(root, &mut String::new(), 0)?;
    let mut found = walk.found;
    let mut names = HashSet::new();
    if let Some((name, _)) = found.tensors.iter().find(|(name, _)| !names.insert(name.as_str())) {
        return Err(Problem::malformed("each name once", format!("{name:?} twice")));
    }
    found.note_classes(objects);
    found.unwrap_names();
    Ok(found)
}

impl Found {
    /// Takes away what wrappers of models put before all names.
    fn unwrap_names(&mut self) {
        while let Some(wrapper) = WRAPPERS.into_iter().find(|wrapper| {
            !self.tensors.is_empty()
                && self.tensors.iter().all(|(name, _)| name.starts_with(wrapper))
        }) {
            for (name, _) in &mut self.tensors {
                name.drain(..wrapper.len());
            }
            self.notes.push(format!("{wrapper:?}, with which all names begin, was left out"));
        }
    }

    /// Says which classes stayed names.
    fn note_classes(&mut self, objects: &Objects) {
        let mut classes: Vec<&str> =
            objects.classes().filter(|class| !class.starts_with("__torch__")).collect();
        classes.sort_unstable();
        classes.dedup();
        if let [first @ .., _] = &classes[..classes.len().min(MOST_NAMED + 1)] {
            let named = if classes.len() > MOST_NAMED { first } else { &classes[..] };
            let more = match classes.len() - named.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let named = named.join(", ");
            self.notes.push(format!("only the weights were taken of objects of {named}{more}"));
        }
    }
}

struct Walk<'a> {
    objects: &'a Objects,
    places: usize,
    found: Found,
}

impl Walk<'_> {
    /// The state dict: the object itself, or what a checkpoint keeps under one of the usual names.
    fn state_dict(&mut self, root: Handle) -> Result<Handle, Problem> {
        let mut root = root;
        for _ in 0..STATE_DICTS.len() {
            let Object::Dict(pairs) = self.objects.get(root) else { break };
            let is_tensor =
                |&(_, value): &(_, Handle)| matches!(self.objects.get(value), Object::Tensor(_));
            if pairs.iter().any(is_tensor) {
                break;
            }
            let value = |name: &'static str| {
                let named = pairs.iter().rfind(|(key, _)| self.objects.text(*key) == Some(name));
                named.map(|&(_, value)| (name, value))
            };
            let candidates: Vec<_> = STATE_DICTS.into_iter().filter_map(value).collect();
            let mut inner = None;
            for (name, value) in candidates {
                let before = std::mem::take(&mut self.found);
                self.visit(value, &mut String::new(), 0)?;
                let holds_any = !std::mem::replace(&mut self.found, before).tensors.is_empty();
                if holds_any {
                    inner = Some((name, value));
                    break;
                }
            }
            let Some((name, value)) = inner else { break };
            let rest: Vec<&str> = pairs
                .iter()
                .filter_map(|&(key, _)| self.objects.text(key).filter(|&key| key != name))
                .collect();
            if !rest.is_empty() {
                let shown = rest[..rest.len().min(MOST_NAMED)].join(", ");
                let more = if rest.len() > MOST_NAMED { ", …" } else { "" };
                let note =
                    format!("the weights are those under {name:?}; passed over: {shown}{more}");
                self.found.notes.push(note);
            }
            root = value;
        }
        Ok(root)
    }

    fn visit(&mut self, handle: Handle, name: &mut String, depth: usize) -> Result<(), Problem> {
        self.count(1, depth)?;
        match self.objects.get(handle) {
            Object::Tensor(tensor) => {
                let own = if name.is_empty() { "tensor".to_owned() } else { name.clone() };
                self.found.tensors.push((own, tensor.clone()));
            }
            Object::Dict(pairs) => self.visit_pairs(pairs, name, depth)?,
            Object::List(elements) | Object::Tuple(elements) => {
                for (index, &element) in elements.iter().enumerate() {
                    self.visit_part(element, &index.to_string(), name, depth)?;
                }
            }
            Object::Instance(instance) => self.visit_instance(instance, name, depth)?,
            _ => {}
        }
        Ok(())
    }

    /// Counts places that are looked at, and refuses too many.
    fn count(&mut self, places: usize, depth: usize) -> Result<(), Problem> {
        self.places = self.places.saturating_add(places);
        let tensors = self.found.tensors.len();
        if depth > DEEPEST || self.places > MOST_PLACES || tensors > MOST_TENSORS {
            let expected = format!("at most {MOST_TENSORS} tensors, {DEEPEST} deep");
            return Err(Problem::malformed(expected, "objects that hold each other many times"));
        }
        Ok(())
    }

    fn visit_pairs(
        &mut self,
        pairs: &[(Handle, Handle)],
        name: &mut String,
        depth: usize,
    ) -> Result<(), Problem> {
        self.count(pairs.len(), depth)?;
        for &(key, value) in pairs {
            match self.objects.get(key) {
                Object::Text(key) => self.visit_part(value, key, name, depth)?,
                Object::Integer(key) => self.visit_part(value, &key.to_string(), name, depth)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Visits what lies under `part`.
    fn visit_part(
        &mut self,
        handle: Handle,
        part: &str,
        name: &mut String,
        depth: usize,
    ) -> Result<(), Problem> {
        let length = name.len();
        if length + part.len() > LONGEST_NAME {
            let expected = format!("names of at most {LONGEST_NAME} bytes");
            return Err(Problem::malformed(expected, format!("{} bytes", length + part.len())));
        }
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(part);
        let visited = self.visit(handle, name, depth + 1);
        name.truncate(length);
        visited
    }

    /// Of a module its parameters, buffers and modules; of a scripted one all attributes; of others what was put into them.
    fn visit_instance(
        &mut self,
        instance: &Instance,
        name: &mut String,
        depth: usize,
    ) -> Result<(), Problem> {
        self.visit_pairs(&instance.items, name, depth)?;
        let attributes = instance.state.map(|state| match self.objects.get(state) {
            // Attributes, then those of the slots.
            Object::Tuple(parts) if !parts.is_empty() => parts[0],
            _ => state,
        });
        let Some(Object::Dict(attributes)) = attributes.map(|handle| self.objects.get(handle))
        else {
            return Ok(());
        };
        if instance.class.starts_with("__torch__") {
            return self.visit_pairs(attributes, name, depth);
        }
        self.count(OF_MODULES.len() * attributes.len(), depth)?;
        for attribute in OF_MODULES {
            let own = attributes.iter().find(|(key, _)| self.objects.text(*key) == Some(attribute));
            if let Some(&(_, value)) = own {
                self.visit(value, name, depth + 1)?;
            }
        }
        Ok(())
    }
}
