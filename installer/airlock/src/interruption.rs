//! Signals become a wish to stop: once between writes, twice at once. SIGTERM counts as Ctrl-C, so that a pipeline can stop a run cleanly.

use std::io;

use airlock_platform::{Stop, StopSignal};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

use crate::output::Output;

/// Listens to signals for as long as it is kept.
pub(crate) struct Interruption {
    listener: JoinHandle<()>,
    stop: Stop,
}

impl Interruption {
    /// Begins to listen. Must be called inside of a runtime.
    pub(crate) fn listen(output: &Output) -> io::Result<Self> {
        let (wish, stop) = Stop::pair();
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let output = output.clone();
        let listener = tokio::spawn(async move {
            for first in std::iter::once(true).chain(std::iter::repeat(false)) {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                announce(&wish, first, &output);
            }
        });
        Ok(Self { listener, stop })
    }

    /// What is handed down to whoever must stop.
    pub(crate) const fn stop(&self) -> &Stop {
        &self.stop
    }
}

impl Drop for Interruption {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

/// Says what will happen before it happens: the wish may end the process.
fn announce(wish: &StopSignal, first: bool, output: &Output) {
    output.talk(if first { "stopping after the current write; once more stops at once" } else { "stopping at once" });
    wish.raise();
}
