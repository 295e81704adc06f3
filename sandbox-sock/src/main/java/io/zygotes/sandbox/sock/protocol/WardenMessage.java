package io.zygotes.sandbox.sock.protocol;

import com.fasterxml.jackson.databind.JsonNode;
import io.zygotes.sandbox.sock.linux.Messages;
import java.io.IOException;

/** What the warden says. */
public sealed interface WardenMessage
        permits WardenMessage.Ready,
                WardenMessage.Failed,
                WardenMessage.Ended,
                WardenMessage.Done,
                WardenMessage.Refused {

    /**
     * It serves from now on.
     *
     * @param pid its process, as the worker sees it
     */
    record Ready(int pid) implements WardenMessage {}

    /**
     * It could not become the warden, and ends.
     *
     * @param reason why
     */
    record Failed(String reason) implements WardenMessage {}

    /**
     * A process below it ended.
     *
     * @param pid the process, as the worker sees it
     * @param status its exit code; 128 + n if signal n ended it
     */
    record Ended(int pid, int status) implements WardenMessage {}

    /**
     * What was asked for is done.
     *
     * @param id the request's number
     */
    record Done(long id) implements WardenMessage {}

    /**
     * What was asked for could not be done.
     *
     * @param id the request's number
     * @param error why
     * @param errno the kernel's reason; 0 if it was another
     */
    record Refused(long id, String error, int errno) implements WardenMessage {}

    /** Reads one. */
    static WardenMessage read(Messages.Received received) throws IOException {
        byte[] data = received.data();
        if (data.length == Protocol.END_BYTES) {
            return new Ended(received.pid(), Byte.toUnsignedInt(data[0]));
        }
        JsonNode message = Json.MAPPER.readTree(data);
        if (message.has(Protocol.KEY_READY)) {
            return new Ready(received.pid());
        }
        if (message.has(Protocol.KEY_FAILED)) {
            return new Failed(message.path(Protocol.KEY_FAILED).asText());
        }
        long id = message.path(Protocol.KEY_ID).asLong();
        return message.has(Protocol.KEY_ERROR)
                ? new Refused(
                        id,
                        message.path(Protocol.KEY_ERROR).asText(),
                        message.path(Protocol.KEY_ERRNO).asInt())
                : new Done(id);
    }
}
