#!/usr/bin/env python3
"""Writes the cases of this folder without our code: the frames and transcripts again, in plain Python.

Usage: independent.py
"""
import os
D = os.path.dirname(os.path.abspath(__file__))
for f in os.listdir(D):
    if f.endswith('.txt'): os.remove(f'{D}/{f}')
def put(name, comment, *pairs):
    with open(f'{D}/{name}.txt','w') as o:
        for line in comment.strip().split('\n'): o.write('# '+line+'\n')
        for k,v in pairs: o.write(f'{k} = {v}\n')
def fr(kind,id,body=b''):
    b=bytes([kind])+id.to_bytes(4,'big')+body
    return (len(b).to_bytes(3,'big')+b).hex()
def refused(id,n): return fr(4,id,bytes([n,0]))
nm=lambda s: bytes([len(s)])+s.encode()
lookup=lambda id,n: fr(0x20,id,nm(n)+b'\0')
fetch=lambda id,n: fr(0x22,id,nm(n))
ping=lambda id: fr(2,id); pong=lambda id: fr(3,id)
key=bytes.fromhex('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a') # RFC 8032 § 7.1, test 1
create=lambda id,k=key: fr(0x30,id,bytes([0x1d]*16)+k+bytes([2])+bytes([1]*16))
collect=lambda id,slot=0,after=0,credit=1,follow=0: fr(0x34,id,bytes([slot])+after.to_bytes(8,'big')+credit.to_bytes(2,'big')+bytes([follow]))
ack=lambda id,slot=0,through=0: fr(0x38,id,bytes([slot])+through.to_bytes(8,'big'))
opn=lambda id: fr(0x32,id,bytes([0x1d]*16)+bytes(64))
C=('function','connection')
def conn(name,comment,*steps): put(name,comment,C,*steps)
conn('ping-is-answered-before-any-other-request','PING belongs to every connection and fixes nothing. A wrong implementation wants a first request before it.',
 ('client',ping(1)),('server',pong(1)),('client',lookup(2,'alice')),('server',refused(2,19)))
conn('lookup-of-an-unknown-name-is-refused','An empty directory. A wrong implementation closes, or answers with an empty record.',
 ('client',lookup(1,'alice')),('server',refused(1,19)))
conn('a-second-name-on-one-connection-is-out-of-place','A wrong implementation answers for bob too, and whoever keeps the relay learns that one person asked for both.',
 ('client',lookup(1,'alice')),('server',refused(1,19)),('client',fetch(2,'bob')),('server',refused(2,3)),('client',fetch(3,'alice')),('server',refused(3,19)))
conn('create-after-a-lookup-is-out-of-place','A wrong implementation mixes kinds of connection, and ties a mailbox to a name.',
 ('client',lookup(1,'alice')),('server',refused(1,19)),('client',create(2)),('server',refused(2,3)))
conn('a-lookup-on-an-owner-connection-is-out-of-place','The first request fixes the kind of connection even when it was refused. A wrong implementation fixes it by the first success.',
 ('client',opn(1)),('server',refused(1,32)),('client',lookup(2,'alice')),('server',refused(2,3)))
conn('collect-without-an-open-mailbox-is-out-of-place','A wrong implementation takes slot 0 for granted.',
 ('client',collect(1)),('server',refused(1,3)),('client',ack(2)),('server',refused(2,3)))
conn('an-unknown-mailbox-does-not-open','Refused with the number that a wrong proof has too. A wrong implementation tells the two apart.',
 ('client',opn(1)),('server',refused(1,32)))
conn('an-owner-key-of-small-order-creates-nothing','Everybody can sign for such a key. A wrong implementation finds out when it opens.',
 ('client',create(1,bytes([1]+[0]*31))),('server',refused(1,18)))
conn('an-unknown-kind-is-refused-by-its-request-id','The connection lives on. A wrong implementation closes, and no later version can ever ask whether a request exists.',
 ('client',fr(0x5f,7,b'\1\2\3')),('server',refused(7,1)),('client',ping(8)),('server',pong(8)))
conn('bytes-after-a-body-are-malformed','A wrong implementation ignores them, and one request has many encodings.',
 ('client',fr(0x22,1,nm('alice')+b'\0')),('server',refused(1,2)),('closed','yes'))
conn('credit-of-nothing-is-malformed','A wrong implementation waits for ever.',
 ('client',collect(1,credit=0)),('server',refused(1,2)),('closed','yes'))
conn('credit-above-its-bound-is-malformed','257. A wrong implementation clamps, and the two ends count differently.',
 ('client',collect(1,credit=257)),('server',refused(1,2)),('closed','yes'))
conn('nothing-is-executed-behind-a-malformed-frame','A PING follows in the same bytes. A wrong implementation answers it.',
 ('client',fr(0x22,1,b'\0')+ping(2)),('server',refused(1,2)),('closed','yes'))
conn('a-request-without-an-id-ends-the-connection','Request id 0 belongs to notices, and clients send none. A wrong implementation answers to nobody.',
 ('client',ping(0)),('closed','yes'))
conn('an-answer-from-a-client-is-out-of-place','STORED, which only a server says. A wrong implementation believes it.',
 ('client',fr(0x25,1)),('server',refused(1,3)),('closed','yes'))
conn('a-notice-from-a-client-ends-the-connection','SUPERSEDED. A wrong implementation takes a mailbox from its owner.',
 ('client',fr(0x40,0,b'\0')),('closed','yes'))
conn('one-request-id-serves-one-outstanding-request','Two requests in one piece. A wrong implementation gives two answers to one id.',
 ('client',fetch(1,'alice')+fetch(1,'alice')),('server',refused(1,2)),('closed','yes'))
conn('a-frame-too-long-ends-the-connection-at-its-length','81,921 bytes are announced. A wrong implementation waits for them, or allocates for them.',
 ('client','014001'),('closed','yes'))
conn('a-frame-too-short-for-its-head-ends-the-connection','Four bytes are announced, kind and request id need five.',
 ('client','000004'),('closed','yes'))

srv=bytes([0x5e]*32); nonce=bytes([0x4e]*32); bind=bytes([0xb1]*32)
def proof(binding,version=1): return bytes([version])+srv+nonce+(b'\1'+bind if binding else bytes(33))
base=lambda binding: [('server_id',srv.hex()),('welcome_nonce',nonce.hex()),('binding','exporter:'+bind.hex() if binding else 'none')]
rid=bytes([0x1d]*16)
put('open-message-covers-server-connection-channel-and-mailbox','What the owner key signs under `oubliette/open/1`. A wrong implementation leaves one of them out, and the proof opens the\nmailbox elsewhere.',
 ('function','open-message'),*base(True),('rid',rid.hex()),('message',(proof(True)+rid).hex()))
put('open-message-without-a-channel-says-so','Binding 0 and 32 zero bytes. A wrong implementation leaves the field out, so that a bound and an unbound proof could meet.',
 ('function','open-message'),*base(False),('rid',rid.hex()),('message',(proof(False)+rid).hex()))
old=bytes([0x01]*32); new=bytes([0x02]*32); ch=bytes([0xc4]*32)
for kind in ('rotate','recover','tombstone'):
    put(f'challenge-message-of-{kind}',f'What the authorising key signs under `oubliette/challenge-{kind}/1`. A wrong implementation signs the bare nonce, which\nanother server can ask for.',
     ('function','challenge-message'),*base(True),('kind',kind),('name','alice'),('old',old.hex()),('new',new.hex()),('nonce',ch.hex()),
     ('label',f'oubliette/challenge-{kind}/1'),('message',(proof(True)+nm('alice')+old+new+ch).hex()))
put('challenge-message-counts-the-name','The length of the name stands before it. A wrong implementation lets a name run into the hash behind it.',
     ('function','challenge-message'),*base(False),('kind','rotate'),('name','al'),('old',old.hex()),('new',new.hex()),('nonce',ch.hex()),
     ('label','oubliette/challenge-rotate/1'),('message',(proof(False)+nm('al')+old+new+ch).hex()))

def chain(file,comment,/,**f):
    d=dict(function='chain',authority='old',signer='old',new_signer='new',key='new',recovery='same',seq='1',prev='right',name='alice',server='right')
    d.update(f); put(file,comment,*d.items())
chain('a-rotation-signed-by-the-registered-key-follows','The plain case: identity key 1 names identity key 2.',result='rotated')
chain('a-recovery-signed-by-the-committed-key-follows','The recovery key may also change what is committed to.',authority='recovery',signer='recovery',recovery='other',result='recovered')
chain('a-tombstone-keeps-the-key-and-commits-to-nothing','The registered key gives the name up.',key='old',new_signer='old',recovery='zero',result='released')
chain('a-rotation-signed-by-the-new-key-alone-is-refused','sig_old is by the new key. A wrong implementation checks only that some key signed.',signer='new',result='refused Signature')
chain('a-rotation-not-signed-by-the-new-key-is-refused','sig_new is by the old key: the new key never agreed. A wrong implementation lets a name be tied to a stranger\'s key.',new_signer='old',result='refused Signature')
chain('a-rotation-may-not-change-the-recovery-commitment','A wrong implementation lets a thief of the identity key lock the owner out for good.',recovery='other',result='refused Recovery')
chain('a-rotation-to-the-same-key-is-refused','It changes nothing, yet would bring four vouchers. A wrong implementation mints mailboxes.',key='old',new_signer='old',result='refused Recovery')
chain('a-tombstone-with-another-key-is-refused','A wrong implementation reads it as a rotation without recovery.',recovery='zero',result='refused Recovery')
chain('a-recovery-to-no-commitment-is-refused','A wrong implementation lets a name lose its last resort.',authority='recovery',signer='recovery',recovery='zero',result='refused Recovery')
chain('a-recovery-by-another-key-is-refused','The key in the record does not hash to what was committed. A wrong implementation checks its signature only.',authority='recovery',signer='stranger',result='refused Recovery')
chain('a-record-that-skips-a-number-is-refused','A wrong implementation loses a record of the chain.',seq='2',result='refused Sequence')
chain('a-record-that-repeats-a-number-is-refused','A wrong implementation lets two records share a place.',seq='0',result='refused Sequence')
chain('a-record-that-points-elsewhere-is-refused','A wrong implementation trusts the number alone.',prev='zero',result='refused Previous')
chain('a-record-of-another-name-does-not-follow','A wrong implementation moves a name.',name='bob',result='refused Name')
chain('a-record-for-another-server-does-not-follow','A wrong implementation takes what was signed for another place.',server='other',result='refused Server')
chain('a-first-record-does-not-follow','It carries no authority. A wrong implementation registers a name over its owner.',authority='first',result='refused Authority')
chain('a-rotation-by-the-recovery-signature-is-refused','The registered key signed under `oubliette/record-recovery/1`. A wrong implementation shares a label between the two.',signer='old-as-recovery',result='refused Signature')
