package io.zygotes.core.aws;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32;

/**
 * Answers as a stream of events, in {@code vnd.amazon.eventstream}: each message has its length, that of its headers, a
 * checksum of these two, headers, payload, and a checksum of all.
 */
final class EventStream {

    static final String TYPE = "application/vnd.amazon.eventstream";

    /** Two lengths and two checksums, of four bytes each. */
    private static final int AROUND = 16;

    private static final byte TEXT = 7;

    private EventStream() {}

    /** What a call came to: its payload, unless it failed, and that it is complete. */
    static byte[] of(Outcome outcome, Optional<String> log) {
        ByteArrayOutputStream all = new ByteArrayOutputStream(outcome.payload().length + 512);
        ObjectNode complete = Json.object();
        if (outcome.failed()) {
            complete.put("ErrorCode", errorType(outcome.payload()));
            complete.put("ErrorDetails", new String(outcome.payload(), StandardCharsets.UTF_8));
        } else {
            all.writeBytes(message("PayloadChunk", "application/octet-stream", outcome.payload()));
        }
        log.ifPresent(text -> complete.put("LogResult", text));
        all.writeBytes(message("InvokeComplete", AwsAnswer.JSON, Json.bytes(complete)));
        return all.toByteArray();
    }

    private static String errorType(byte[] payload) {
        try {
            JsonNode report = Json.read(payload);
            return report.path("errorType").asText();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] message(String event, String type, byte[] payload) {
        Map<String, String> names = new LinkedHashMap<>();
        names.put(":event-type", event);
        names.put(":content-type", type);
        names.put(":message-type", "event");
        try {
            byte[] headers = headers(names);
            ByteArrayOutputStream bytes = new ByteArrayOutputStream(headers.length + payload.length + AROUND);
            DataOutputStream out = new DataOutputStream(bytes);
            out.writeInt(headers.length + payload.length + AROUND);
            out.writeInt(headers.length);
            out.writeInt(checksum(bytes.toByteArray()));
            out.write(headers);
            out.write(payload);
            out.writeInt(checksum(bytes.toByteArray()));
            return bytes.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] headers(Map<String, String> names) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        for (Map.Entry<String, String> header : names.entrySet()) {
            byte[] name = header.getKey().getBytes(StandardCharsets.UTF_8);
            byte[] value = header.getValue().getBytes(StandardCharsets.UTF_8);
            out.writeByte(name.length);
            out.write(name);
            out.writeByte(TEXT);
            out.writeShort(value.length);
            out.write(value);
        }
        return bytes.toByteArray();
    }

    private static int checksum(byte[] bytes) {
        CRC32 crc = new CRC32();
        crc.update(bytes);
        return (int) crc.getValue();
    }
}
