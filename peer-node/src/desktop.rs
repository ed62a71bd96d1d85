//! The desktop of this computer: "New message", without name and text, while no page is open. The service says when.

use tokio::sync::watch;

/// What it is called on the desktop; a newer notification takes the place of the one before.
const APP: &str = "Confab";
#[cfg(all(unix, not(target_os = "macos")))]
const ID: u32 = 0x0c0f_ab00;

/// Shows a notification at each ring. Ends with the node; a desktop that shows none is told of once, in the log.
pub async fn show(mut bell: watch::Receiver<u64>) {
    while bell.changed().await.is_ok() {
        if let Err(error) = notify().await {
            tracing::info!(%error, "this computer shows no notifications");
            return;
        }
    }
}

async fn notify() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut note = notify_rust::Notification::new();
    note.appname(APP).summary(APP).body("New message");
    #[cfg(all(unix, not(target_os = "macos")))]
    {
        note.id(ID).show_async().await?;
    }
    #[cfg(not(all(unix, not(target_os = "macos"))))]
    {
        // These systems' calls wait.
        tokio::task::spawn_blocking(move || note.show().map(drop)).await??;
    }
    Ok(())
}
