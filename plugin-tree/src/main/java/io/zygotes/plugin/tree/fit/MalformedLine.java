package io.zygotes.plugin.tree.fit;

/** A line of a trace cannot be true; the message says why, without file and number. */
final class MalformedLine extends Exception {

    private static final long serialVersionUID = 1L;

    MalformedLine(String reason) {
        super(reason);
    }
}
