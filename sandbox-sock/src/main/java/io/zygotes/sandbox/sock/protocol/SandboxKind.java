package io.zygotes.sandbox.sock.protocol;

/** What a sandbox is for. */
public enum SandboxKind {
    /** Serves calls of one lambda. */
    LEAF(Protocol.KIND_LEAF),
    /** Forks others. */
    ZYGOTE(Protocol.KIND_ZYGOTE),
    /** Runs a program of the worker's. */
    JOB(Protocol.KIND_JOB);

    private final String word;

    SandboxKind(String word) {
        this.word = word;
    }

    /** How both sides call it; also the beginning of the ids of such sandboxes. */
    public String word() {
        return word;
    }
}
