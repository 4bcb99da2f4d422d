//! A body that breaks off: the connection is reset in the middle of it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Bytes;
use http_body::{Body, Frame};

/// Some bytes, then an error.
pub(crate) enum Broken {
    /// The bytes are still to come.
    Whole(Bytes),
    /// They are on their way: the server writes them out when it is told to wait.
    Flushing,
    /// Nothing but the error is left.
    Over,
}

impl Broken {
    /// The first `count` bytes of a body.
    pub(crate) fn after(mut body: Vec<u8>, count: usize) -> Self {
        body.truncate(count);
        Self::Whole(body.into())
    }
}

impl Body for Broken {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match std::mem::replace(&mut *self, Broken::Flushing) {
            Broken::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            Broken::Flushing => {
                *self = Broken::Over;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Broken::Over => Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into()))),
        }
    }
}
