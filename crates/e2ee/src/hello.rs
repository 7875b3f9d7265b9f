//! The body of a HELLO: who writes, with what proves it, and the Olm message.

use crate::open::OpenError;
use crate::outgoing::SealError;
use crate::{Account, ReplyPath};
use crypto::{CompositeSignature, Label, PublicIdentity};
use wire::{CommitmentNonce, IdentityFingerprint, PrekeyBundle, Reader, RecordBody, Signature, Wire, Writer};

/// Who writes for the first time, and how to answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HelloIntro {
    /// The sender's present record, without what ties it to its predecessor.
    pub record: RecordBody,
    /// By the identity key in it.
    pub sig_new: Signature,
    /// Opens the ledger's commitment to it.
    pub commitment_nonce: CommitmentNonce,
    /// Where the ledger holds it.
    pub leaf_index: u64,
    /// The sender's present bundle.
    pub bundle: PrekeyBundle,
    /// Where to answer, with up to 32 stamps. It travels inside Olm.
    pub reply: ReplyPath,
}

impl HelloIntro {
    /// The plaintext of a HELLO's envelope.
    pub(crate) fn body(&self, pre_key_message: &[u8]) -> Vec<u8> {
        let mut out = Writer::new();
        self.record.write(&mut out);
        self.sig_new.write(&mut out);
        self.commitment_nonce.write(&mut out);
        out.u64(self.leaf_index);
        self.bundle.write(&mut out);
        out.long_bytes(pre_key_message);
        out.into_bytes()
    }

    /// What introduces me must be mine, or the recipient would refuse it.
    pub(crate) fn check_mine(&self, account: &Account, mine: &IdentityFingerprint) -> Result<(), SealError> {
        let identity = PublicIdentity::from_bytes(self.record.identity_key.as_bytes());
        let same = identity.is_ok_and(|identity| &identity.fingerprint() == mine.as_bytes())
            && self.bundle.body.identity == *mine
            && self.bundle.body.olm_identity == account.olm_identity()
            && self.reply.server_id == self.record.server_id;
        if same { Ok(()) } else { Err(SealError::OtherIdentity) }
    }
}

/// A HELLO's body as read: everything but the reply path, which is inside Olm.
pub(crate) struct HelloBody {
    pub(crate) record: RecordBody,
    pub(crate) sig_new: Signature,
    pub(crate) commitment_nonce: CommitmentNonce,
    pub(crate) leaf_index: u64,
    pub(crate) bundle: PrekeyBundle,
    pub(crate) pre_key_message: Vec<u8>,
}

impl HelloBody {
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, OpenError> {
        let mut input = Reader::new(bytes);
        let body = Self::read(&mut input).map_err(|_| OpenError::Body)?;
        input.finish().map_err(|_| OpenError::Body)?;
        Ok(body)
    }

    /// The sender's identity, once record and bundle are found to be signed by it.
    pub(crate) fn identity(&self) -> Result<PublicIdentity, OpenError> {
        let identity = PublicIdentity::from_bytes(self.record.identity_key.as_bytes())
            .map_err(|_| OpenError::BadRecord)?;
        let signature = CompositeSignature::from_bytes(self.sig_new.as_bytes());
        identity
            .verify(Label::RECORD, &self.record.to_bytes(), &signature)
            .map_err(|_| OpenError::BadRecord)?;
        crate::bundle::check_signature(&self.bundle, &identity)?;
        Ok(identity)
    }

    pub(crate) fn intro(self, reply: ReplyPath) -> HelloIntro {
        HelloIntro {
            record: self.record,
            sig_new: self.sig_new,
            commitment_nonce: self.commitment_nonce,
            leaf_index: self.leaf_index,
            bundle: self.bundle,
            reply,
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, wire::DecodeError> {
        Ok(Self {
            record: RecordBody::read(input)?,
            sig_new: Signature::read(input)?,
            commitment_nonce: CommitmentNonce::read(input)?,
            leaf_index: input.u64()?,
            bundle: PrekeyBundle::read(input)?,
            pre_key_message: input.long_bytes()?.to_vec(),
        })
    }
}
