//! SIGINT and SIGTERM end a command in order; a second one ends it at once.

use anyhow::{Context, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::signal::unix::{SignalKind, signal};

/// What a shell gives for a process that was interrupted.
const INTERRUPTED: i32 = 130;

/// A flag that is set by the first signal.
pub fn stop_flag() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    at_first(move || {
        flag.store(true, Ordering::SeqCst);
        tracing::info!("stopping: what is done is committed first (a second signal stops at once)");
    })?;
    Ok(stop)
}

/// Calls this at the first signal.
pub fn at_first(stop: impl FnOnce() + Send + 'static) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .context("cannot wait for signals")?;
    let (mut interrupt, mut terminate) = {
        let _inside = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async {
            let mut stop = Some(stop);
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                match stop.take() {
                    Some(stop) => stop(),
                    None => std::process::exit(INTERRUPTED),
                }
            }
        });
    })?;
    Ok(())
}
