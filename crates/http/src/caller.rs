use axum::http::StatusCode;
use axum::response::Response;
use durward_core::Store;

use crate::answer::json;
use crate::call::Call;
use crate::problem::Problem;

/// `GET /v1/caller`: what the server knows of the request.
pub(crate) async fn show<S: Store>(call: Call<S>) -> Result<Response, Problem> {
    json(StatusCode::OK, &call.caller)
}
