//! The wish to end a run, as a value that is handed down. Asked once: between writes. Asked twice: now.

use tokio::sync::watch;

/// How urgent the wish is. Later is stronger; nothing lowers it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Nobody asked.
    #[default]
    None,
    /// End between writes.
    Soon,
    /// End at once.
    Now,
}

/// The side that asks. `airlock` raises it on Ctrl-C.
#[derive(Debug)]
pub struct StopSignal(watch::Sender<Urgency>);

/// The side that is asked. Clones see the same wish.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<Urgency>);

impl StopSignal {
    /// Raises the urgency by one and says what it is now.
    pub fn raise(&self) -> Urgency {
        self.0.send_modify(|urgency| *urgency = if *urgency == Urgency::None { Urgency::Soon } else { Urgency::Now });
        *self.0.borrow()
    }
}

impl Stop {
    /// Both sides.
    pub fn pair() -> (StopSignal, Self) {
        let (sender, receiver) = watch::channel(Urgency::None);
        (StopSignal(sender), Self(receiver))
    }

    /// A wish that is never uttered.
    pub fn never() -> Self {
        Self::pair().1
    }

    /// How urgent it is.
    pub fn urgency(&self) -> Urgency {
        *self.0.borrow()
    }

    /// Whether somebody asked.
    pub fn is_asked(&self) -> bool {
        self.urgency() > Urgency::None
    }

    /// Comes back when somebody asks at least this urgently; never, when nobody can ask any more.
    pub async fn asked(&self, least: Urgency) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|urgency| *urgency >= least).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Default for Stop {
    fn default() -> Self {
        Self::never()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_second_request_is_stronger_than_the_first() {
        let (signal, stop) = Stop::pair();
        assert!(!stop.is_asked());
        assert_eq!(signal.raise(), Urgency::Soon);
        stop.asked(Urgency::Soon).await;
        assert_eq!(signal.raise(), Urgency::Now);
        stop.asked(Urgency::Now).await;
        assert_eq!(signal.raise(), Urgency::Now);
    }

    #[tokio::test]
    async fn a_wish_that_nobody_can_utter_is_never_heard() {
        let stop = Stop::never();
        let heard = tokio::time::timeout(std::time::Duration::from_millis(20), stop.asked(Urgency::Soon)).await;
        assert!(heard.is_err());
    }
}
