-- Reading a long history by pages (spec/vault.md): what stands before a message in its stream, and what of whom
-- nobody handled, are found without reading the rest.
CREATE INDEX message_in_stream ON message(contact, stream, number) WHERE shown = 1;
CREATE INDEX message_unhandled_of ON message(contact) WHERE handled = 0 AND shown = 1;
