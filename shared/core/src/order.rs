//! Withdrawal orders: what is known of one (`state`), where it can go (`transitions`), what each event means for it
//! (`decisions`), and how its record changes (`update`).

pub(crate) mod decisions;
pub(crate) mod state;
pub(crate) mod transitions;
pub(crate) mod update;
