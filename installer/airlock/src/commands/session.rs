//! What every command of a person has: flags, a place to print, a wish to stop, a way to the cluster.

use std::future::Future;
use std::time::{Duration, Instant};

use airlock_platform::{ApplyOptions, Cluster, ClusterOptions, Halt, KnownContext, Prepared};
use airlock_platform::{Stop, Urgency};

use crate::answers_file::DEFAULT_NAMESPACE;
use crate::arguments::Global;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::Output;
use crate::output::prompt::{self, Prompt, Reply};
use crate::output::tls_check;
use crate::run_log::RunLog;

/// Time that a run has to end cleanly after its time is over, before it is cut off.
const GRACE: Duration = Duration::from_secs(15);

pub(super) struct Session<'a> {
    pub(super) global: &'a Global,
    pub(super) output: &'a Output,
    pub(super) invocation: &'a Invocation,
    pub(super) log: Option<&'a RunLog>,
    pub(super) stop: &'a Stop,
    began: Instant,
}

impl<'a> Session<'a> {
    pub(super) fn new(global: &'a Global, output: &'a Output, invocation: &'a Invocation, log: Option<&'a RunLog>, stop: &'a Stop) -> Self {
        Self { global, output, invocation, log, stop, began: Instant::now() }
    }

    /// The namespace of the platform where there are no answers to name it.
    pub(super) fn namespace(&self) -> &str {
        self.global.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE)
    }

    /// Prepares the connection that the flags name.
    pub(super) async fn connect(&self) -> Result<Cluster, Failure> {
        self.connect_by(None).await
    }

    /// The same by another context.
    pub(super) async fn connect_by(&self, context: Option<&str>) -> Result<Cluster, Failure> {
        let context = context.map(str::to_owned).or_else(|| self.global.context.clone());
        Ok(Cluster::connect(&ClusterOptions { context, ..self.kubeconfig() }).await?)
    }

    /// The contexts that could be meant.
    pub(super) fn contexts(&self) -> Result<Vec<KnownContext>, Failure> {
        Ok(airlock_platform::contexts(&self.kubeconfig())?)
    }

    fn kubeconfig(&self) -> ClusterOptions {
        ClusterOptions { kubeconfig: self.global.kubeconfig.clone(), context: None }
    }

    /// Carries out what writes nothing; the first wish to stop, or the end of its time, ends it.
    pub(super) async fn reading<T, E: Into<Failure>>(&self, work: impl Future<Output = Result<T, E>>) -> Result<T, Failure> {
        tokio::select! {
            done = work => done.map_err(Into::into),
            () = self.stop.asked(Urgency::Soon) => Err(Failure::Interrupted),
            () = self.time_over(Duration::ZERO) => Err(Failure::TimeOver),
        }
    }

    /// Carries out a whole command; the second wish to stop, or the end of its time, cuts it off.
    pub(super) async fn at_most<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        tokio::select! {
            done = work => done,
            () = self.stop.asked(Urgency::Now) => Err(Failure::Interrupted),
            () = self.time_over(GRACE) => Err(Failure::TimeOver),
        }
    }

    /// Comes back when the time for the run is over, and so much more; never, when none was given.
    async fn time_over(&self, grace: Duration) {
        match self.global.timeout {
            Some(timeout) => tokio::time::sleep((timeout + grace).saturating_sub(self.began.elapsed())).await,
            None => std::future::pending().await,
        }
    }

    /// What ends work that cleans up after itself: the first wish to stop, or the end of its time.
    pub(super) fn halt(&self) -> Halt {
        Halt::new(self.stop, self.global.timeout.map(|timeout| (self.began + timeout).into()))
    }

    /// Says what should be known of a certificate that somebody else issued.
    pub(super) fn warn_of_certificate(&self, prepared: &Prepared) {
        let told = prepared.certificate.as_ref().map(|judgement| tls_check::warnings(judgement, self.output.talk_style));
        if let Some(told) = told.filter(|told| !told.is_empty()) {
            self.output.talk(&told);
        }
    }

    /// How far and how long the engine may go.
    pub(super) fn apply_options(&self) -> ApplyOptions {
        ApplyOptions { by: whoami(), deadline: self.global.timeout.map(|timeout| timeout.saturating_sub(self.began.elapsed())), ..ApplyOptions::default() }
    }

    /// Asks a question, without holding up the wish to stop.
    pub(super) async fn prompted(&self, prompt: Prompt) -> Result<Reply, Failure> {
        let output = self.output.clone();
        let asked = tokio::task::spawn_blocking(move || prompt::ask(&output, &prompt));
        self.reading(async { asked.await.unwrap_or(Err(Failure::Interrupted)) }).await.inspect_err(|_| prompt::give_back())
    }

    /// Asks for a name to be typed.
    pub(super) async fn named(&self, question: &str, name: &str, what: &'static str) -> Result<bool, Failure> {
        let (output, question) = (self.output.clone(), question.to_owned());
        let asked = tokio::task::spawn_blocking(move || output.ask_line(&question, what));
        self.reading(async { asked.await.unwrap_or(Err(Failure::Interrupted)) }).await.map(|typed| typed == name)
    }

    /// Asks for a yes unless `--yes` gave it beforehand, without holding up the wish to stop.
    pub(super) async fn agreed(&self, question: &str, what: &'static str) -> Result<bool, Failure> {
        if self.global.yes {
            return Ok(true);
        }
        let (output, question) = (self.output.clone(), question.to_owned());
        let asked = tokio::task::spawn_blocking(move || output.ask(&question, what));
        self.reading(async { asked.await.unwrap_or(Err(Failure::Interrupted)) }).await
    }
}

/// `user@host`, for lease, record, journal, and evidence.
pub(super) fn whoami() -> String {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{}@{host}", crate::environment::user())
}
