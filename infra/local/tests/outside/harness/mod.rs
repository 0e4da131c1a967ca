//! What the tests need: the functions' binaries under a Lambda Runtime API, on services that can be made to fail.

pub mod asked;
mod binaries;
mod callbacks;
mod deployment;
mod exchanges;
mod gate;
mod gateway;
pub mod iam;
mod process;
mod proxy;
mod reconciling;
mod runtime;
mod submitting;
pub mod template;
mod verifying;
mod word;

pub use binaries::{functions, path_of};
pub use callbacks::*;
pub use deployment::{Deployment, Item, RECONCILER, SUBMITTER, WORKER, WORKER_TIMEOUT, variable};
pub use exchanges::*;
pub use gate::{Gate, PlatformFault};
pub use gateway::{CALLER, Handed, Payload};
pub use process::Process;
pub use proxy::{Fault, FaultyProxy};
pub use reconciling::{Reconciling, advance, clock, travel_to};
pub use runtime::Lambda;
pub use submitting::Submitting;
pub use verifying::{Verifying, address_of, batch, deposit_at};
