//! The rules that webpki does not have, each in one place: for files before they are stored, for what is stored, and for what is served.

pub(crate) mod dates;
pub(crate) mod form;
pub(crate) mod leaf;
pub(crate) mod names;
pub(crate) mod strength;
