//! Nothing but a link: SQLCipher's symbols for AES, HMAC and randomness are those of aws-lc.

extern crate aws_lc_sys;
