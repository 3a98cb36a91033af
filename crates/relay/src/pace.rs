//! A connection that its reader must empty: memory of an answer cannot be held by not reading it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// How slowly an answer may be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// So many bytes.
    pub bytes: usize,
    /// Within so long, once the reader has let the relay wait.
    pub within: Duration,
}

/// A stream whose writes fail with `TimedOut` when its reader is slower than the pace. The clock starts when a write has to
/// wait and is set back by enough bytes taken, or by something received.
#[derive(Debug)]
pub struct Paced<S> {
    stream: S,
    pace: Pace,
    timer: Pin<Box<Sleep>>,
    /// Bytes taken since the clock started.
    waiting: Option<usize>,
}

impl<S> Paced<S> {
    /// Watches over this stream.
    pub fn new(stream: S, pace: Pace) -> Self {
        Self {
            stream,
            pace,
            timer: Box::pin(sleep(pace.within)),
            waiting: None,
        }
    }

    /// The result of a write, unless the reader has been too slow for it.
    fn watched(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match (written, self.waiting) {
            (Poll::Ready(Ok(bytes)), Some(taken)) => {
                let taken = taken.saturating_add(bytes);
                self.waiting = (taken < self.pace.bytes).then_some(taken);
                Poll::Ready(Ok(bytes))
            }
            (Poll::Pending, waiting) => {
                if waiting.is_none() {
                    self.waiting = Some(0);
                    self.timer.as_mut().reset(Instant::now() + self.pace.within);
                }
                ready!(self.timer.as_mut().poll(cx));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            (written, _) => written,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.waiting = None;
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watched(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.watched(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    fn pace(bytes: usize, ms: u64) -> Pace {
        Pace {
            bytes,
            within: Duration::from_millis(ms),
        }
    }

    #[tokio::test]
    async fn a_reader_that_does_not_read_is_left() {
        let (ours, _theirs) = duplex(10);
        let mut paced = Paced::new(ours, pace(5, 20));
        let error = paced.write_all(&[0; 100]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_reader_that_takes_less_than_the_pace_is_left_too() {
        let (ours, mut theirs) = duplex(10);
        let mut paced = Paced::new(ours, pace(1_000, 50));
        tokio::spawn(async move {
            while theirs.read_u8().await.is_ok() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        let error = paced.write_all(&[0; 1_000]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn who_keeps_the_pace_gets_everything() {
        let (ours, mut theirs) = duplex(10);
        let mut paced = Paced::new(ours, pace(10, 10_000));
        let reading = tokio::spawn(async move {
            let mut all = Vec::new();
            theirs.read_to_end(&mut all).await.unwrap();
            all.len()
        });
        paced.write_all(&[0; 10_000]).await.unwrap();
        paced.shutdown().await.unwrap();
        drop(paced);
        assert_eq!(reading.await.unwrap(), 10_000);
    }

    #[tokio::test]
    async fn what_is_received_sets_the_clock_back() {
        let (ours, mut theirs) = duplex(10);
        let mut paced = Paced::new(ours, pace(1_000, 10_000));
        for _ in 0..5 {
            paced.write_all(&[0; 10]).await.unwrap();
            let (waits, taken) = tokio::join!(paced.write_all(&[0; 10]), async {
                tokio::time::sleep(Duration::from_millis(1)).await;
                theirs.read_exact(&mut [0; 20]).await
            });
            assert!(waits.is_ok() && taken.is_ok());
            assert!(paced.waiting.is_some());
            theirs.write_all(b"next").await.unwrap();
            paced.read_exact(&mut [0; 4]).await.unwrap();
            assert!(paced.waiting.is_none());
        }
    }
}
