//! Requests must arrive: what has been received of one is held in memory until it is whole.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::{Sleep, sleep};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{Service, http::Request};
use tonic::server::NamedService;

/// A service whose requests must be whole within a time.
#[derive(Debug, Clone)]
pub(super) struct Prompt<S> {
    service: S,
    within: Duration,
}

impl<S> Prompt<S> {
    /// `service`, each of whose requests must be whole `within` so long.
    pub(super) fn new(service: S, within: Duration) -> Self {
        Self { service, within }
    }
}

impl<S: NamedService> NamedService for Prompt<S> {
    const NAME: &'static str = S::NAME;
}

impl<S: Service<Request<Body>>> Service<Request<Body>> for Prompt<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> S::Future {
        let late = Box::pin(sleep(self.within));
        self.service.call(request.map(|body| Body::new(Arriving { body, late })))
    }
}

/// A request's body on its way.
struct Arriving {
    body: Body,
    late: Pin<Box<Sleep>>,
}

impl http_body::Body for Arriving {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame);
        }
        ready!(self.late.as_mut().poll(context));
        Poll::Ready(Some(Err(Status::deadline_exceeded("the request took too long to arrive; send it at once"))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
