//! The JSON API under `/api/v1`. Every route is described where it is handled; `openapi.json` is gathered from there.

mod extract;
mod inputs;
mod jobs;
mod layers;
mod maps;
mod models;
mod session;
mod tensor;
mod variants;

pub use models::PasteRequest;
pub use tensor::SHAPE;

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use tokio::task::spawn_blocking;
use utoipa::OpenApi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use crate::limits;
use crate::problem::Problem;
use crate::workspace::Workspace;

/// Where the API lies.
pub const BASE: &str = "/api/v1";

/// What handlers share.
type Shared = State<Arc<Workspace>>;

#[derive(OpenApi)]
#[openapi(info(
    title = "dichroic explorer",
    description = "The JSON API of `dichroic explore`. Tensors come as little-endian 32-bit floats with their shape in \
                   the header `x-dichroic-shape`; problems are JSON with a kind, a message and what to do."
))]
struct Description;

/// The routes of the API, and their description.
pub fn routes() -> (Router<Arc<Workspace>>, utoipa::openapi::OpenApi) {
    let routes = OpenApiRouter::new()
        .routes(routes!(session::session))
        .routes(routes!(models::add))
        .routes(routes!(models::describe))
        .routes(routes!(layers::layer))
        .routes(routes!(layers::filters))
        .routes(routes!(layers::kernels))
        .routes(routes!(layers::trace))
        .routes(routes!(maps::feature_maps))
        .routes(routes!(maps::values))
        .routes(routes!(variants::make))
        .routes(routes!(variants::what_if))
        .routes(
            routes!(inputs::list, inputs::add).layer(DefaultBodyLimit::max(limits::PICTURE_BYTES)),
        )
        .routes(routes!(inputs::picture))
        .routes(routes!(jobs::start))
        .routes(routes!(jobs::describe))
        .routes(routes!(jobs::events))
        .routes(routes!(jobs::tensor))
        .routes(routes!(jobs::cancel))
        .routes(routes!(jobs::resume))
        .layer(DefaultBodyLimit::max(limits::JSON_BYTES));
    OpenApiRouter::with_openapi(Description::openapi()).nest(BASE, routes).split_for_parts()
}

/// The API with its own description.
pub fn router() -> Router<Arc<Workspace>> {
    let (router, description) = routes();
    let description = Arc::new(description);
    let described = move || {
        let description = description.clone();
        async move { Json(&*description).into_response() }
    };
    router.route(&format!("{BASE}/openapi.json"), get(described))
}

/// The answer where nothing is.
pub(crate) async fn unknown() -> Response {
    Problem::not_found("there is nothing at this address")
        .help(format!("the API is described at {BASE}/openapi.json"))
        .into_response()
}

/// Does arithmetic away from the threads that answer requests. A defect fails this request and no other.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    spawn_blocking(work).await.unwrap_or_else(|_| {
        Err(Problem::failed("a defect in dichroic ended this request; please report it"))
    })
}
