//! Asking the server's own handlers, and keeping what they say within a budget.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use tower::ServiceExt;

use crate::api::{BASE, SHAPE};
use crate::problem::Problem;

/// Answers by address.
pub(super) struct Answers {
    router: Router,
    kept: Map<String, Value>,
    left: usize,
    reserved: usize,
}

impl Answers {
    pub fn new(router: Router, budget: usize) -> Self {
        Self { router, kept: Map::new(), left: budget, reserved: 0 }
    }

    /// Bytes that are left.
    pub fn left(&self) -> usize {
        self.left
    }

    /// Keeps bytes back for what is asked for later.
    pub fn reserve(&mut self, bytes: usize) {
        self.reserved = bytes;
    }

    /// The answer at an address: JSON as it is, a tensor with its values as base64, a picture as a data address.
    async fn ask(&self, address: &str) -> Result<Value, Problem> {
        let failed = |error: &dyn std::fmt::Display| Problem::failed(format!("{address}: {error}"));
        let request = Request::get(address).body(Body::empty()).map_err(|error| failed(&error))?;
        let response =
            self.router.clone().oneshot(request).await.map_err(|error| failed(&error))?;
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.map_err(|error| failed(&error))?;
        let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let kind = text(header::CONTENT_TYPE).unwrap_or_default();
        if !parts.status.is_success() {
            let problem: Value = serde_json::from_slice(&bytes).unwrap_or_default();
            let message = problem["message"].as_str().unwrap_or("no reason given");
            return Err(Problem::model(message));
        }
        match kind {
            "application/octet-stream" => {
                let shape = text(SHAPE).unwrap_or_default().split(',');
                let shape: Vec<usize> = shape.filter_map(|axis| axis.parse().ok()).collect();
                Ok(json!({ "shape": shape, "f32": STANDARD.encode(&bytes) }))
            }
            "image/png" => Ok(json!(format!("data:image/png;base64,{}", STANDARD.encode(&bytes)))),
            _ => serde_json::from_slice(&bytes).map_err(|error| failed(&error)),
        }
    }

    /// The JSON at a whole address; nothing is kept.
    pub async fn ask_json(&self, address: &str) -> Result<Value, Problem> {
        self.ask(address).await
    }

    /// Keeps an answer whatever it takes.
    pub fn put(&mut self, address: &str, answer: Value) {
        self.left = self.left.saturating_sub(size(address, &answer));
        self.kept.insert(address.to_owned(), answer);
    }

    /// Keeps an answer if there is room; says whether.
    pub fn put_if_it_fits(&mut self, address: &str, answer: Value) -> bool {
        let fits = size(address, &answer).saturating_add(self.reserved) <= self.left;
        if fits {
            self.put(address, answer);
        }
        fits
    }

    /// Asks at an address under `/api/v1` and keeps the answer.
    pub async fn keep(&mut self, address: &str) -> Result<(), Problem> {
        let address = format!("{BASE}{address}");
        let answer = self.ask(&address).await?;
        self.put(&address, answer);
        Ok(())
    }

    /// [`Answers::keep`], for what need not be there.
    pub async fn try_keep(&mut self, address: &str) {
        // A refusal is the answer: there is no such thing to keep.
        let _ = self.keep(address).await;
    }

    /// Asks at an address under `/api/v1` and keeps the answer if there is room; says whether.
    pub async fn keep_if_it_fits(&mut self, address: &str) -> Result<bool, Problem> {
        let address = format!("{BASE}{address}");
        let answer = self.ask(&address).await?;
        Ok(self.put_if_it_fits(&address, answer))
    }

    /// All answers as one JSON object.
    pub fn into_json(self) -> String {
        Value::Object(self.kept).to_string()
    }
}

/// Bytes of an entry in the file.
fn size(address: &str, answer: &Value) -> usize {
    let text = match answer["f32"].as_str() {
        Some(values) => values.len() + 64,
        None => answer.to_string().len(),
    };
    address.len() + text + 4
}
