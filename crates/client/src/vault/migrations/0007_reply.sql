-- Of who replies to a pairing: the sealed card, made once, since its key seals one only.
ALTER TABLE pairing ADD COLUMN reply BLOB;
