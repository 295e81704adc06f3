package io.zygotes.sandbox.sock.protocol;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.Optional;

/**
 * What a sandbox says of why it could not be made. Whoever it serves has a part in it, so nothing in it is to be
 * trusted.
 *
 * @param step at which step; without control characters, as the next one
 * @param error what happened, in one line
 * @param errno the error's number; 0 if there is none
 * @param traceback Python's traceback; may have many lines
 */
public record FailureReport(String step, String error, int errno, String traceback) {

    /** How much of a text is passed on, in characters. */
    private static final int LONGEST_TEXT = 2000;

    /**
     * Reads it.
     *
     * @throws IOException if it is unreadable
     */
    public static FailureReport read(Frame frame) throws IOException {
        JsonNode report = Json.MAPPER.readTree(frame.body());
        return new FailureReport(
                printable(report.path(Protocol.KEY_STEP).asText()),
                printable(report.path(Protocol.KEY_ERROR).asText()),
                report.path(Protocol.KEY_ERRNO).asInt(),
                report.path(Protocol.KEY_TRACEBACK).asText());
    }

    /** Whether an import failed: of packages in a zygote, of {@code f.py} in a leaf. */
    public boolean isOfAnImport() {
        return step.equals(Protocol.STEP_IMPORT);
    }

    /** The step of a function's zygote that failed; empty if it was none of them. */
    public Optional<SnapshotStep> ofSnapshot() {
        return SnapshotStep.of(step);
    }

    /** Whether the zygote could not fork. */
    public boolean isOfTheFork() {
        return step.equals(Protocol.STEP_FORK);
    }

    /** Short and without control characters: it ends up in logs, where a sandbox must not write lines of its own. */
    private static String printable(String text) {
        if (text.length() > LONGEST_TEXT) {
            return printable(text.substring(0, LONGEST_TEXT)) + "… (" + text.length() + " characters)";
        }
        return text.codePoints()
                .map(c -> Character.isISOControl(c) || c == 0x2028 || c == 0x2029 ? ' ' : c)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }
}
