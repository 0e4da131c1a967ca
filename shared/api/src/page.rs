//! Which part of a longer list.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::problem::Problem;

const DEFAULT_LIMIT: i32 = 50;
const MAX_LIMIT: i32 = 200;

/// Which page.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// At most this many.
    #[param(value_type = i32, required = false, minimum = 1, maximum = 200, default = 50)]
    pub limit: i32,
    /// `next` of the page before.
    #[param(value_type = String, required = false, min_length = 1, max_length = 255, pattern = "^[A-Za-z0-9_-]+$")]
    pub cursor: Option<String>,
}

#[derive(Deserialize)]
struct Asked {
    limit: Option<i32>,
    cursor: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for PageQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let malformed = || Problem::malformed("limit is not a number from 1 to 200");
        let asked = Query::<Asked>::from_request_parts(parts, state).await;
        let Query(Asked { limit, cursor }) = asked.map_err(|_| malformed())?;
        let limit = limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(malformed());
        }
        Ok(Self { limit, cursor })
    }
}
