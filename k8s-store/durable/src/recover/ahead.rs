use std::sync::mpsc;
use std::thread;

use k8s_store::Error;

/// Where there are so many bytes to read, one thread reads and checks, and the other takes in.
const LARGE: u64 = 16 << 20;

/// How many pieces to read ahead.
const PIECES: usize = 4;

/// Hands all that `next` makes to `take`, in its order and up to the first error: of `size` bytes, which say whether that
/// is worth two threads. What comes out does not depend on it.
pub(super) fn of<T: Send>(
    size: u64,
    mut next: impl FnMut() -> Option<Result<T, Error>> + Send,
    mut take: impl FnMut(T) -> Result<(), Error>,
) -> Result<(), Error> {
    if size < LARGE {
        while let Some(piece) = next() {
            take(piece?)?;
        }
        return Ok(());
    }
    thread::scope(|threads| {
        let (send, receive) = mpsc::sync_channel(PIECES);
        threads.spawn(move || {
            while let Some(piece) = next() {
                let failed = piece.is_err();
                if send.send(piece).is_err() || failed {
                    return;
                }
            }
        });
        for piece in receive {
            take(piece?)?;
        }
        Ok(())
    })
}
