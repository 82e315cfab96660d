//! The bed itself, from its packages and images to what its cluster does. It is one binary so that several tests go on at once: most
//! of them wait. What a bed leaves on the machine is compared in a binary of its own, `residue`, while nothing else runs.

mod cgroups;
mod company;
mod images;
#[cfg(feature = "long")]
mod lifecycle;
mod packages;
mod policies;
mod refusals;
mod scratch;
#[cfg(feature = "long")]
mod servers;
mod workloads;
