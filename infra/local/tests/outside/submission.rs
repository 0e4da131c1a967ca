//! A withdrawal is ordered from the platform once, whatever becomes of its calls, and its funds are never back while it may be
//! paid.

mod answers;
mod kills;
mod races;

use waas_callback::Mode;

use crate::harness::*;

/// The platform as it can be, beside the documents: how it tells of an order that it does not know, and what it does with a
/// callBackId that it does.
const PLATFORMS: [(&str, &str); 4] =
    [("nothing", "pays-again"), ("nothing", "accepted"), ("nothing", "refused"), ("refused", "refused")];
