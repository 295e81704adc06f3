package io.zygotes.sandbox.sock.sandbox;

/** The steps of making a sandbox, as they are called where they are measured. */
public enum CreationStep {
    /** Ids, cgroup, scratch folder and channel. */
    PREPARE("prepare"),
    /** Detached mount trees of what it gets to see. */
    MOUNTS("mounts"),
    /** The request is sent. */
    REQUEST("request"),
    /** It is forked, and says hello. */
    CLONE("clone"),
    /** Whoever said hello is checked and put under the limits. */
    CHECK("check"),
    /** It is told to go. */
    GO("go"),
    /** It takes its last steps, imports what it serves, and says that it is ready. */
    IMPORT("import"),
    /** Of that, the import of {@code f.py}. */
    IMPORT_F("import_f");

    private final String label;

    CreationStep(String label) {
        this.label = label;
    }

    /** Its name in statistics. */
    public String label() {
        return label;
    }
}
