//! From a frame to the request that it is, in the place where it belongs.

use wire::frame::RawFrame;
use wire::limits::IDLE_MS_MAX;
use wire::{Body, DecodeError, Frame, PairingStep, RefusalKind, Request, RequestId, Response};

use super::{Phase, ServerConnection};

/// Whether the answer is the same however often this is asked, and whoever asks has all of it for the asking.
fn may_be_repeated(request: &Request) -> bool {
    matches!(
        request,
        Request::Ping
            | Request::Publish(_)
            | Request::Collect(_)
            | Request::Begin(_)
            | Request::Meet(_)
            | Request::Reply(_)
            | Request::Settle(_)
            | Request::Await(_)
    )
}

impl ServerConnection {
    pub(super) fn on_frame(&mut self, raw: &RawFrame) {
        self.phase = Phase::Serving { idle_until: self.now.after_ms(IDLE_MS_MAX) };
        self.fruitless.weigh(raw);
        if raw.request_id == RequestId::NOTICE {
            // A client has nothing to say unasked, and a refusal would have no request to name.
            return self.close_after_flush();
        }
        if self.outstanding.contains_key(&raw.request_id) {
            // Two answers would carry one id.
            return self.refuse_and_close(raw.request_id, RefusalKind::Malformed);
        }
        match Frame::decode(raw) {
            Ok(Frame { body: Body::Request(request), request_id }) => self.on_request(request_id, request),
            Ok(_) => self.refuse_and_close(raw.request_id, RefusalKind::OutOfPlace),
            Err(DecodeError::UnknownKind(_)) => self.refuse_request(raw.request_id, RefusalKind::Unknown),
            Err(_) => self.refuse_and_close(raw.request_id, RefusalKind::Malformed),
        }
    }

    fn on_request(&mut self, id: RequestId, request: Request) {
        if self.purpose.admit(&request).is_err() {
            return self.refuse_request(id, RefusalKind::OutOfPlace);
        }
        if may_be_repeated(&request) {
            self.fruitless.count_now(self.now);
        }
        match request {
            Request::Ping => self.respond(id, Response::Pong),
            Request::Claim(claim) => self.on_claim(id, claim),
            Request::Answer(answer) => self.on_answer(id, *answer),
            Request::Publish(publish) => self.on_publish(id, publish),
            Request::Lookup(lookup) => self.on_lookup(id, lookup),
            Request::Fetch(fetch) => self.on_fetch(id, fetch),
            Request::Feed(feed) => self.on_feed(id, feed),
            Request::Deposit(deposit) => self.on_deposit(id, deposit),
            Request::Begin(begin) => self.on_pairing(id, PairingStep::Begin(begin)),
            Request::Meet(meet) => self.on_pairing(id, PairingStep::Meet(meet)),
            Request::Reply(reply) => self.on_pairing(id, PairingStep::Reply(reply)),
            Request::Settle(settle) => self.on_pairing(id, PairingStep::Settle(settle)),
            Request::Await(wait) => self.on_pairing(id, PairingStep::Await(wait)),
            Request::Create(create) => self.on_create(id, create),
            Request::Open(open) => self.on_open(id, open),
            Request::Collect(collect) => self.on_collect(id, &collect),
            Request::Ack(ack) => self.on_ack(id, &ack),
            Request::Generate(generate) => self.on_generate(id, &generate),
            Request::Retire(retire) => self.on_retire(id, &retire),
            Request::CrossOff(cross_off) => self.on_cross_off(id, cross_off),
        }
    }

    pub(super) fn refuse_and_close(&mut self, id: RequestId, kind: RefusalKind) {
        self.refuse_request(id, kind);
        self.close_after_flush();
    }
}
