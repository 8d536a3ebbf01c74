//! Parameters and bodies of requests; what can't be read is refused with a problem.

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, JsonRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use dichroic::explain::{Language, UnknownLanguage};
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// The parameters after `?`.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query: Result<axum::extract::Query<T>, QueryRejection> =
            axum::extract::Query::from_request_parts(parts, state).await;
        query
            .map(|query| Self(query.0))
            .map_err(|rejection| Problem::bad_request(rejection.body_text()))
    }
}

/// The parameters in the path.
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|path: axum::extract::Path<T>| Self(path.0))
            .map_err(|rejection| Problem::bad_request(rejection.body_text()))
    }
}

/// A JSON body.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let body: Result<axum::Json<T>, JsonRejection> =
            axum::Json::from_request(request, state).await;
        body.map(|body| Self(body.0)).map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(rejection.body_text()),
            _ => Problem::bad_request(rejection.body_text()),
        })
    }
}

/// A body of bytes.
pub struct Body(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let body: Result<Bytes, BytesRejection> = Bytes::from_request(request, state).await;
        body.map(Self).map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(rejection.body_text()),
            _ => Problem::bad_request(rejection.body_text()),
        })
    }
}

/// Sizes or places with commas between them: `12,3`.
///
/// # Errors
/// With the name of the parameter, when one is no whole number from 0 on.
pub fn numbers(parameter: &str, text: &str) -> Result<Vec<usize>, Problem> {
    const MOST: usize = 8;
    let wrong = || {
        let shown: String = text.chars().take(40).collect();
        Problem::bad_request(format!(
            "{parameter}={shown:?} is no list of whole numbers; write it like {parameter}=12,3"
        ))
    };
    if text.split(',').count() > MOST {
        return Err(wrong());
    }
    text.split(',').map(|number| number.trim().parse().map_err(|_| wrong())).collect()
}

/// The language of the words in an answer: English if none is asked for.
///
/// # Errors
/// When the page does not speak it.
pub fn language(tag: Option<&str>) -> Result<Language, Problem> {
    let read = |tag: &str| {
        tag.parse().map_err(|error: UnknownLanguage| Problem::bad_request(error.to_string()))
    };
    tag.map_or(Ok(Language::default()), read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_whole_numbers_with_commas() {
        assert_eq!(numbers("at", "12, 3").unwrap(), [12, 3]);
        for wrong in ["", "1,", "-1", "1.5", "a", "99999999999999999999", "1,1,1,1,1,1,1,1,1"] {
            assert!(numbers("at", wrong).is_err(), "{wrong:?}");
        }
    }
}
