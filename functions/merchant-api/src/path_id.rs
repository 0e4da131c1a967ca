//! What a path names.

use axum::extract::{FromRequestParts, Path};
use axum::http::StatusCode;
use axum::http::request::Parts;
use utoipa::ToSchema;

use crate::problem::Problem;

/// In characters; at least one. No id has more bytes (`MAX_TEXT_BYTES`), and DynamoDB takes keys of up to 2048 bytes: an empty or a longer
/// one would be refused there, as if the ledger could not be reached.
const MAX_CHARACTERS: usize = 255;

/// An id in a path: any text, since the platform can report orders whose ids were never registered here.
#[derive(ToSchema)]
#[schema(min_length = 1, max_length = 255)]
pub(crate) struct PathId(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let malformed = |detail| Problem::new(StatusCode::BAD_REQUEST, "malformed", detail);
        let path = Path::<String>::from_request_parts(parts, state).await;
        let Path(id) = path.map_err(|_| malformed("the id in the path is not UTF-8"))?;
        if id.is_empty() {
            return Err(malformed("the id in the path is empty"));
        }
        if id.chars().count() > MAX_CHARACTERS {
            return Err(malformed("the id in the path is longer than 255 characters"));
        }
        Ok(Self(id))
    }
}
