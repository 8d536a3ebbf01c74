//! Answers that are no success, as JSON.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use dichroic::data::DataError;
use dichroic::explain::{AttributionError, ExplainError};
use dichroic::model::ModelError;
use dichroic_formats::FormatError;
use dichroic_script::{OutcomeError, ScriptError};
use serde::Serialize;
use utoipa::ToSchema;

/// What sort of trouble it is; a word that does not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// No such model, layer, input, job or page.
    NotFound,
    /// A parameter that can't be used.
    BadRequest,
    /// The pasted code is wrong at a place.
    Script,
    /// The model can't do this, or can't be made.
    Model,
    /// More than the limits allow.
    TooLarge,
    /// Too much is being computed already.
    Busy,
    /// The request comes from another page, or for another host.
    Forbidden,
    /// The work failed; it is our fault.
    Failed,
}

/// Why a request was refused, in words that can be shown.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Problem {
    /// What sort of trouble it is.
    pub kind: ProblemKind,
    /// What went wrong.
    pub message: String,
    /// What to do about it, where that is known.
    pub help: Option<String>,
    /// Places in pasted code.
    pub diagnostics: Vec<Diagnostic>,
}

/// A place in pasted code. Lines and columns count from 1; the end is after the last character.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Diagnostic {
    /// The line where it begins.
    pub line: usize,
    /// The column where it begins, in characters.
    pub column: usize,
    /// The line where it ends.
    pub end_line: usize,
    /// The column after its last character.
    pub end_column: usize,
    /// What is wrong there.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Problem {
    /// A problem of this kind, in a sentence.
    pub fn new(kind: ProblemKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), help: None, diagnostics: Vec::new() }
    }

    /// A parameter that can't be used.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(ProblemKind::BadRequest, message)
    }

    /// Something that is not there.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ProblemKind::NotFound, message)
    }

    /// Something that a model can't do.
    pub fn model(message: impl Into<String>) -> Self {
        Self::new(ProblemKind::Model, message)
    }

    /// More than the limits allow.
    pub fn too_large(message: impl Into<String>) -> Self {
        Self::new(ProblemKind::TooLarge, message)
    }

    /// Work that failed through no fault of who asked.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(ProblemKind::Failed, message)
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self.kind {
            ProblemKind::NotFound => StatusCode::NOT_FOUND,
            ProblemKind::BadRequest => StatusCode::BAD_REQUEST,
            ProblemKind::Script | ProblemKind::Model => StatusCode::UNPROCESSABLE_ENTITY,
            ProblemKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ProblemKind::Busy => StatusCode::SERVICE_UNAVAILABLE,
            ProblemKind::Forbidden => StatusCode::FORBIDDEN,
            ProblemKind::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status(), axum::Json(&self)).into_response();
        let json = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response
    }
}

impl From<ModelError> for Problem {
    fn from(error: ModelError) -> Self {
        let kind = match &error {
            ModelError::NoSuchLayer { .. } => ProblemKind::NotFound,
            ModelError::TooLarge { .. } => ProblemKind::TooLarge,
            _ => ProblemKind::Model,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<ExplainError> for Problem {
    fn from(error: ExplainError) -> Self {
        match error {
            ExplainError::Model(error) => error.into(),
            ExplainError::NotAConvolution { .. }
            | ExplainError::FilterRange { .. }
            | ExplainError::PositionRange { .. } => Self::bad_request(error.to_string()),
            ExplainError::Disagreement { .. } | ExplainError::Picture { .. } => {
                Self::failed(error.to_string())
            }
            _ => Self::model(error.to_string()),
        }
    }
}

impl From<AttributionError> for Problem {
    fn from(error: AttributionError) -> Self {
        match error {
            AttributionError::Model(error) => error.into(),
            AttributionError::NoClasses { .. }
            | AttributionError::NoPicture { .. }
            | AttributionError::NoSpatialLayer { .. } => Self::model(error.to_string()),
            _ => Self::bad_request(error.to_string()),
        }
    }
}

impl From<DataError> for Problem {
    fn from(error: DataError) -> Self {
        match error {
            DataError::TooLarge { .. } => Self::too_large(error.to_string()),
            DataError::NotInstalled { .. } | DataError::UnknownName { .. } => {
                Self::not_found(error.to_string())
            }
            _ => Self::bad_request(error.to_string()),
        }
    }
}

impl From<FormatError> for Problem {
    fn from(error: FormatError) -> Self {
        Self::model(error.to_string())
    }
}

impl From<ScriptError> for Problem {
    fn from(error: ScriptError) -> Self {
        let name = error.kind().python_name();
        let diagnostics = error.place().map(|place| Diagnostic {
            line: place.line,
            column: place.column,
            end_line: place.line,
            end_column: place.column + place.width,
            message: format!("{name}: {}", error.message()),
            hint: error.hint().map(str::to_owned),
        });
        let message = match error.place() {
            Some(place) => format!("line {}: {name}: {}", place.line, error.message()),
            None => format!("{name}: {}", error.message()),
        };
        Self {
            kind: ProblemKind::Script,
            message,
            help: error.hint().map(str::to_owned),
            diagnostics: diagnostics.into_iter().collect(),
        }
    }
}

impl From<OutcomeError> for Problem {
    fn from(error: OutcomeError) -> Self {
        Self::new(ProblemKind::Script, error.to_string())
    }
}
