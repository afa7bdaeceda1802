//! When the process is told to stop.

use anyhow::Context;
use tokio::sync::watch;

/// The wish that the server stop; every clone sees the same one.
#[derive(Clone, Debug)]
pub(crate) struct Shutdown(watch::Receiver<bool>);

impl Shutdown {
    /// Begins with SIGTERM or SIGINT (Ctrl-C). A second signal ends the process at once.
    pub(crate) fn on_signals() -> anyhow::Result<Self> {
        let mut signals = Signals::hear().context("signals cannot be heard")?;
        let (sender, receiver) = watch::channel(false);
        tokio::spawn(async move {
            signals.next().await;
            tracing::info!("told to stop: finishing requests in flight");
            sender.send_replace(true);
            signals.next().await;
            tracing::warn!("told to stop twice: requests in flight are given up");
            std::process::exit(1);
        });
        Ok(Self(receiver))
    }

    /// Ready once the server is to stop.
    pub(crate) fn begun(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut receiver = self.0.clone();
        async move {
            // The sender lives as long as the process; without it, it is time to stop, too.
            let _told_or_gone = receiver.wait_for(|told| *told).await;
        }
    }
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn hear() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn hear() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}
