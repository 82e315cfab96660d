//! Exit codes are an interface (DESIGN.md §6): pipelines decide by them.

use serde::Serialize;

/// How a run of `airlock` ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[repr(u8)]
pub enum Exit {
    /// All is well; also "no" at the confirmation.
    Ok = 0,
    /// A bug in Airlock.
    Bug = 1,
    /// Usage, or answers that are wrong without looking at a cluster.
    Usage = 2,
    /// A finding blocks: a missing right, a bad certificate, an absent class, too little memory, a foreign namespace.
    Blocked = 3,
    /// The API is unreachable, credentials are refused, or the kubeconfig is unusable.
    Unreachable = 4,
    /// An apply failed; run again.
    ApplyFailed = 5,
    /// Gave up waiting for something inside the cluster.
    GaveUpWaiting = 6,
    /// The compliance gate failed.
    Compliance = 7,
    /// A bundle or signature is bad.
    Bundle = 8,
    /// Another run holds the lease.
    LeaseHeld = 9,
    /// Changes are pending (`plan --exit-code`).
    ChangesPending = 10,
    /// Waiting for something outside: a record, a certificate, a firewall, node trust, rights.
    WaitingOutside = 11,
    /// A plan or approval no longer matches.
    PlanMismatch = 12,
    /// Interrupted; run again.
    Interrupted = 130,
}

impl Exit {
    /// Every exit code in ascending order.
    pub const ALL: [Self; 14] = [
        Self::Ok,
        Self::Bug,
        Self::Usage,
        Self::Blocked,
        Self::Unreachable,
        Self::ApplyFailed,
        Self::GaveUpWaiting,
        Self::Compliance,
        Self::Bundle,
        Self::LeaseHeld,
        Self::ChangesPending,
        Self::WaitingOutside,
        Self::PlanMismatch,
        Self::Interrupted,
    ];

    /// The number that the process ends with.
    pub const fn code(self) -> u8 {
        self as u8
    }
}
