package io.zygotes.sandbox.sock.protocol;

import com.fasterxml.jackson.databind.ObjectMapper;

/** Reads and writes JSON. Safe for use by many threads. */
final class Json {

    /** As it is written here, JSON has no line breaks. */
    static final ObjectMapper MAPPER = new ObjectMapper();

    private Json() {}
}
