//! Resolutions: how an operator gets the ledger right again. What is asked for (`request`), what may be done (`tables`),
//! and what comes of it (`plan`).

pub(crate) mod plan;
pub(crate) mod request;
pub(crate) mod tables;
