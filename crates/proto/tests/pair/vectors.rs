//! Cases of `vectors/proto`, found by walking the directory.
