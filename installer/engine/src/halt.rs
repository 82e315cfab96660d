//! What ends a run early: a wish of the user, the deadline, a lost lease. Asked before every write; waits end at once.
//!
//! A second Ctrl-C is not asked here: it drops the whole run where it is.
//!
//! Whoever carries out attempts beside a run, as a compliance check does, hands in one of its own.

use airlock_cluster::{Stop, Urgency};
use airlock_model::Untrusted;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::ApplyError;

/// The three reasons to end early, asked together. The strongest is named: interrupt, lost lease, deadline.
#[derive(Debug)]
pub struct Halt {
    asked: Stop,
    deadline: Option<Instant>,
    lost: watch::Sender<Option<String>>,
}

impl Halt {
    /// One that heeds this wish and this deadline.
    pub fn new(asked: &Stop, deadline: Option<Instant>) -> Self {
        Self { asked: asked.clone(), deadline, lost: watch::Sender::new(None) }
    }

    /// The heartbeat ended; `reason` says why.
    pub(crate) fn lease_lost(&self, reason: String) {
        self.lost.send_replace(Some(reason));
    }

    /// The wish itself, for the waits of other rooms.
    pub(crate) const fn stop(&self) -> &Stop {
        &self.asked
    }

    /// Goes on unless the run has to end. Asked before every write.
    pub fn checkpoint(&self) -> Result<(), ApplyError> {
        if self.asked.is_asked() {
            return Err(ApplyError::Interrupted);
        }
        if let Some(reason) = self.lost.borrow().clone() {
            return Err(ApplyError::LeaseLost { reason: Untrusted::new(reason) });
        }
        if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(ApplyError::Deadline);
        }
        Ok(())
    }

    /// Waits for a future that does not write, but no longer than until the run has to end.
    pub async fn or<T>(&self, waiting: impl Future<Output = T>) -> Result<T, ApplyError> {
        self.checkpoint()?;
        tokio::select! {
            biased;
            () = self.raised() => match self.checkpoint() {
                Err(error) => Err(error),
                Ok(()) => Err(ApplyError::Interrupted),
            },
            done = waiting => Ok(done),
        }
    }

    /// Waits for a wait of the cluster room, which heeds stop and deadline itself and so can say what it waited for; only a
    /// lost lease ends it from here.
    pub(crate) async fn while_leased<T>(&self, waiting: impl Future<Output = T>) -> Result<T, ApplyError> {
        self.checkpoint()?;
        tokio::select! {
            biased;
            () = self.unleased() => match self.checkpoint() {
                Err(error) => Err(error),
                Ok(()) => Err(ApplyError::Interrupted),
            },
            done = waiting => Ok(done),
        }
    }

    async fn raised(&self) {
        let deadline = async {
            match self.deadline {
                Some(deadline) => sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.asked.asked(Urgency::Soon) => {}
            () = deadline => {}
            () = self.unleased() => {}
        }
    }

    async fn unleased(&self) {
        let mut lost = self.lost.subscribe();
        // The sender is ours and lives as long as `self`, so that this ends only with a loss.
        drop(lost.wait_for(Option::is_some).await);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_wait_ends_when_the_user_asks() {
        let (signal, stop) = Stop::pair();
        let halt = Halt::new(&stop, None);
        let (waited, _) = tokio::join!(halt.or(std::future::pending::<()>()), async { signal.raise() });
        assert!(matches!(waited, Err(ApplyError::Interrupted)));
        assert!(matches!(halt.checkpoint(), Err(ApplyError::Interrupted)));
    }

    #[tokio::test]
    async fn a_lost_lease_ends_waits_and_stops_the_next_write() {
        let halt = Halt::new(&Stop::never(), None);
        assert!(halt.checkpoint().is_ok());
        let (waited, ()) = tokio::join!(halt.or(std::future::pending::<()>()), async { halt.lease_lost("taken by x".into()) });
        assert!(matches!(waited, Err(ApplyError::LeaseLost { .. })));
        assert!(matches!(halt.checkpoint(), Err(ApplyError::LeaseLost { .. })));
    }

    #[tokio::test]
    async fn the_deadline_ends_a_wait() {
        let halt = Halt::new(&Stop::never(), Some(Instant::now() + Duration::from_millis(5)));
        assert!(matches!(halt.or(std::future::pending::<()>()).await, Err(ApplyError::Deadline)));
    }
}
