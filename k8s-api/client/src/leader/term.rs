use std::fmt;

use k8s_env::Tasks;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::Candidate;

/// A term of office: while this lives and is not [lost](Leadership::lost), the candidate leads.
///
/// The Lease is renewed in the background. Dropping it stops that without giving the Lease back, so others take over
/// when it has run out; [`Leadership::release`] gives it back at once.
pub struct Leadership {
    lost: watch::Receiver<bool>,
    returned: mpsc::Receiver<Candidate>,
    resign: mpsc::Sender<()>,
    _tasks: Tasks,
}

impl Leadership {
    pub(super) fn begin(candidate: Candidate) -> Self {
        let (lost_sender, lost) = watch::channel(false);
        let (resign, resigned) = mpsc::channel(1);
        let (give_back, returned) = mpsc::channel(1);
        let tasks = Tasks::new();
        tasks.spawn(async move {
            let candidate = renew(candidate, resigned).await;
            lost_sender.send_replace(true);
            // Nobody may be left to take it.
            let _ = give_back.send(candidate).await;
        });
        Self { lost, returned, resign, _tasks: tasks }
    }

    /// Waits until the leadership is lost because the Lease could not be renewed in time, or somebody else has it.
    pub async fn lost(&mut self) {
        // An error says that the renewing task is gone, and the leadership with it.
        let _ = self.lost.wait_for(|lost| *lost).await;
    }

    /// Whether the leadership is lost.
    pub fn is_lost(&self) -> bool {
        *self.lost.borrow()
    }

    /// Gives the Lease back, so that the next candidate need not wait for it to run out. Stop leading before.
    ///
    /// # Errors
    /// What the server answered; the Lease runs out by itself then.
    pub async fn release(mut self) -> Result<(), k8s_api::Status> {
        // A full channel says that it was asked already.
        let _ = self.resign.try_send(());
        match self.returned.recv().await {
            Some(mut candidate) => candidate.release().await,
            None => Ok(()),
        }
    }
}

/// Renews until that fails for too long or the leader resigns.
async fn renew(mut candidate: Candidate, mut resigned: mpsc::Receiver<()>) -> Candidate {
    let (period, patience) = (candidate.election.retry_period, candidate.election.renew_deadline);
    let mut deadline = Instant::now() + patience;
    loop {
        tokio::select! {
            biased;
            _ = resigned.recv() => return candidate,
            () = tokio::time::sleep(period) => {}
        }
        let renewed = tokio::time::timeout_at(deadline, candidate.attempt()).await;
        match renewed {
            Ok(true) => deadline = Instant::now() + period + patience,
            Ok(false) if Instant::now() < deadline => {}
            Ok(false) | Err(_) => {
                tracing::info!(lease = %candidate.election.name, "lost the leadership");
                return candidate;
            }
        }
    }
}

impl fmt::Debug for Leadership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Leadership(lost: {})", self.is_lost())
    }
}
