//! When the process is told to stop.

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// The wish that the server stop; every clone sees the same one.
#[derive(Clone, Debug)]
pub(crate) struct Shutdown(watch::Receiver<bool>);

impl Shutdown {
    /// Begins with SIGTERM or SIGINT (Ctrl-C). A second signal ends the process at once.
    pub(crate) fn on_signals() -> anyhow::Result<Self> {
        let mut terminate = signal(SignalKind::terminate()).context("signals cannot be heard")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("signals cannot be heard")?;
        let (sender, receiver) = watch::channel(false);
        tokio::spawn(async move {
            for repeated in [false, true] {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                if repeated {
                    tracing::warn!("told to stop twice: requests in flight are given up");
                    std::process::exit(1);
                }
                tracing::info!("told to stop: finishing requests in flight");
                sender.send_replace(true);
            }
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
