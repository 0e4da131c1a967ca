//! What a path names.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use utoipa::ToSchema;

use crate::problem::Problem;

/// In characters; at least one. No id has more bytes (`MAX_TEXT_BYTES`), and DynamoDB takes keys of up to 2048 bytes: an empty or a longer
/// one would be refused there, as if the ledger could not be reached.
const MAX_CHARACTERS: usize = 255;

/// An id in a path: any text, since the platform can report orders whose ids were never registered here.
#[derive(ToSchema)]
#[schema(min_length = 1, max_length = 255)]
pub struct PathId(pub String);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let Path(id) = path.map_err(|_| Problem::malformed("the id in the path is not UTF-8"))?;
        checked_id("the id in the path", id).map(Self)
    }
}

/// An id that something can bear; `which` says where it stands.
///
/// # Errors
///
/// If it is empty, or longer than any id is.
pub fn checked_id(which: &str, id: String) -> Result<String, Problem> {
    if id.is_empty() {
        return Err(Problem::malformed(format!("{which} is empty")));
    }
    if id.chars().count() > MAX_CHARACTERS {
        return Err(Problem::malformed(format!("{which} is longer than {MAX_CHARACTERS} characters")));
    }
    Ok(id)
}
