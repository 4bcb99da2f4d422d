//! A body that breaks off: the connection is reset in the middle of it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Bytes;
use http_body::{Body, Frame};

/// Some bytes, then an error.
pub(crate) struct Broken(Option<Bytes>);

impl Broken {
    /// The first `count` bytes of a body.
    pub(crate) fn after(mut body: Vec<u8>, count: usize) -> Self {
        body.truncate(count);
        Self(Some(body.into()))
    }
}

impl Body for Broken {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.0.take() {
            Some(bytes) => {
                // Another turn of the loop lets the server write what there is.
                context.waker().wake_by_ref();
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            None => Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into()))),
        }
    }
}
