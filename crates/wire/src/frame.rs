//! [`Frame`]: one unit on the wire, `len u24 | kind u8 | request id u32 | body`.

use bytes::Bytes;

use crate::{DecodeError, Notice, Reader, Request, RequestId, Response, Writer};

/// Bytes of the length field, which counts what follows it.
pub const LENGTH_BYTES: usize = 3;
/// Bytes of kind and request id: no frame is shorter.
pub const HEAD_BYTES: usize = 5;

/// One decoded frame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    /// Couples a response with its request; [`RequestId::NOTICE`] on notices only.
    pub request_id: RequestId,
    /// What it says.
    pub body: Body,
}

/// Who speaks, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Body {
    /// A client asks.
    Request(Request),
    /// A server answers.
    Response(Response),
    /// A server speaks unasked.
    Notice(Notice),
}

/// One frame whose length is right and whose body nobody has looked at yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RawFrame {
    /// The kind byte, known or not.
    pub kind: u8,
    /// The request id: a `REFUSED` can name it even if the body makes no sense.
    pub request_id: RequestId,
    /// What follows.
    pub body: Bytes,
}

impl Frame {
    /// A request under an id that is not 0.
    pub fn request(id: RequestId, request: impl Into<Request>) -> Frame {
        Frame { request_id: id, body: Body::Request(request.into()) }
    }

    /// The response to the request with this id.
    pub fn response(id: RequestId, response: Response) -> Frame {
        Frame { request_id: id, body: Body::Response(response) }
    }

    /// A notice.
    pub fn notice(notice: Notice) -> Frame {
        Frame { request_id: RequestId::NOTICE, body: Body::Notice(notice) }
    }

    /// The bytes to send, length included.
    pub fn encode(&self) -> Bytes {
        let mut out = Writer::with_capacity(256);
        out.u24(0);
        out.u8(self.kind());
        out.u32(self.request_id.0);
        self.body.write(&mut out);
        let mut bytes = out.into_bytes();
        let len = u32::try_from(bytes.len() - LENGTH_BYTES).expect("the largest value is far below 4 GiB");
        let [_, length @ ..] = len.to_be_bytes();
        bytes.splice(..LENGTH_BYTES, length);
        Bytes::from(bytes)
    }

    /// Reads a body by its kind byte. Notices must have request id 0, all others must not.
    pub fn decode(raw: &RawFrame) -> Result<Frame, DecodeError> {
        let mut input = Reader::sharing(&raw.body);
        let body = Body::read(raw.kind, &mut input)?;
        input.finish()?;
        let is_notice = matches!(body, Body::Notice(_));
        if is_notice != (raw.request_id == RequestId::NOTICE) {
            return Err(DecodeError::RequestId);
        }
        Ok(Frame { request_id: raw.request_id, body })
    }

    /// The kind byte.
    pub fn kind(&self) -> u8 {
        self.body.kind()
    }
}

impl Body {
    /// The kind byte.
    pub fn kind(&self) -> u8 {
        match self {
            Body::Request(request) => request.kind(),
            Body::Response(response) => response.kind(),
            Body::Notice(notice) => notice.kind(),
        }
    }

    fn write(&self, out: &mut Writer) {
        match self {
            Body::Request(request) => request.write_body(out),
            Body::Response(response) => response.write_body(out),
            Body::Notice(notice) => notice.write_body(out),
        }
    }

    fn read(kind: u8, input: &mut Reader<'_>) -> Result<Body, DecodeError> {
        if let Some(request) = Request::read_body(kind, input)? {
            return Ok(Body::Request(request));
        }
        if let Some(response) = Response::read_body(kind, input)? {
            return Ok(Body::Response(response));
        }
        if let Some(notice) = Notice::read_body(kind, input)? {
            return Ok(Body::Notice(notice));
        }
        Err(DecodeError::UnknownKind(kind))
    }
}
