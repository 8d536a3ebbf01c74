//! A page's requests without a socket.
#![allow(dead_code)] // Each test file uses its part.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use dichroic::layers::{Conv2D, Padding};
use dichroic::model::{Input, Model, Sequential};
use dichroic_explorer::{Hosts, ModelSource, NewModel, Settings, Workspace, router};
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::runtime::Runtime;
use tower::ServiceExt;

/// The host that the requests are for.
pub const HOST: &str = "127.0.0.1:4000";

/// A server with one model, and a runtime to ask it in.
pub struct Page {
    pub workspace: Arc<Workspace>,
    router: Router,
    runtime: Runtime,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Page {
    /// A page that shows the model.
    pub fn of(model: Model) -> Self {
        let workspace = Arc::new(Workspace::new(Settings::default()));
        workspace.models.insert(NewModel::of("main", ModelSource::Argument, model));
        let router = router(workspace.clone(), Hosts::of(HOST.parse().unwrap()));
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        Self { workspace, router, runtime: runtime.unwrap() }
    }

    /// Asks for a path under `/api/v1`.
    pub fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, &format!("/api/v1{path}"), &[], Vec::new())
    }

    /// Sends JSON to a path under `/api/v1`.
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(path, "application/json", body.to_string().into_bytes())
    }

    /// Sends bytes of a type to a path under `/api/v1`.
    pub fn send(&self, path: &str, content_type: &str, body: Vec<u8>) -> Answer {
        let headers = [(header::CONTENT_TYPE.as_str(), content_type)];
        self.ask(Method::POST, &format!("/api/v1{path}"), &headers, body)
    }

    /// Any request.
    pub fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header(header::HOST, HOST);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body)).unwrap();
        self.runtime.block_on(async {
            let response = self.router.clone().oneshot(request).await.unwrap();
            let (parts, body) = response.into_parts();
            let bytes = body.collect().await.unwrap().to_bytes().to_vec();
            Answer { status: parts.status, headers: parts.headers, bytes }
        })
    }
}

impl Answer {
    /// The JSON of an answer that is a success.
    pub fn json(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", String::from_utf8_lossy(&self.bytes));
        serde_json::from_slice(&self.bytes).unwrap()
    }

    /// The shape and values of an answer that is a tensor.
    pub fn tensor(&self) -> (Vec<usize>, Vec<f32>) {
        assert_eq!(self.status, StatusCode::OK, "{}", String::from_utf8_lossy(&self.bytes));
        let shape = self.headers["x-dichroic-shape"].to_str().unwrap();
        let shape = shape.split(',').map(|axis| axis.parse().unwrap()).collect();
        let values = self.bytes.as_chunks::<4>().0.iter().map(|v| f32::from_le_bytes(*v));
        (shape, values.collect())
    }

    /// The problem of an answer that is none: its kind and message.
    pub fn problem(&self) -> (String, String) {
        assert!(!self.status.is_success(), "{}", String::from_utf8_lossy(&self.bytes));
        let problem: Value = serde_json::from_slice(&self.bytes).unwrap();
        let text = |field: &str| problem[field].as_str().unwrap().to_owned();
        (text("kind"), text("message"))
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// The model that began the project: four convolutions without biases.
pub fn seed_model() -> Model {
    let conv = |filters, side| Conv2D::new(filters, side).padding(Padding::Same).use_bias(false);
    Sequential::new()
        .add(Input::new(&[28, 28, 3]))
        .add(conv(32, 5))
        .add(conv(17, 3))
        .add(conv(13, 3))
        .add(conv(7, 3))
        .finish()
        .unwrap()
}
