package io.zygotes.sandbox.sock.protocol;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** What the zygote of a function does before it is ready, in this order. Each may take as long as a call. */
public enum SnapshotStep {
    /** It imports {@code f.py}. */
    IMPORT(Protocol.STEP_IMPORT, "importing f.py"),
    /** It calls the function with the event that is there for that. */
    EVENT(Protocol.STEP_EVENT, "being called with the event of its zygote"),
    /** It runs what the function registered to be run before the first fork. */
    SNAPSHOT(Protocol.STEP_SNAPSHOT, "running what it registered for before its snapshot");

    private final String word;
    private final String doing;

    SnapshotStep(String word, String doing) {
        this.word = word;
        this.doing = doing;
    }

    /** What a function does in it, for people. */
    public String doing() {
        return doing;
    }

    /** The step in which something failed; empty if it was none of them. */
    public static Optional<SnapshotStep> of(String word) {
        for (SnapshotStep step : values()) {
            if (step.word.equals(word)) {
                return Optional.of(step);
            }
        }
        return Optional.empty();
    }

    /**
     * Reads which one begins.
     *
     * @param before the one before; empty for none
     * @throws IOException if it is none, or does not come after that one
     */
    public static SnapshotStep read(Frame frame, Optional<SnapshotStep> before) throws IOException {
        Optional<SnapshotStep> step = of(new String(frame.body(), StandardCharsets.US_ASCII));
        if (step.isEmpty() || before.isPresent() && before.get().compareTo(step.get()) >= 0) {
            throw new MisbehavedException("it began a step that there is none of");
        }
        return step.get();
    }
}
