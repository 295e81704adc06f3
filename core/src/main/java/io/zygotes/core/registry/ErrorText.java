package io.zygotes.core.registry;

/** Texts of strangers in errors: short enough for an answer and a line of the log, however long they are. */
final class ErrorText {

    private static final int MOST = 120;

    private ErrorText() {}

    /**
     * The beginning of a text; what is left out is told. Characters that would break the line are shown as {@code ?}.
     */
    static String shortened(String text) {
        String shown = text.length() > MOST ? text.substring(0, MOST) + "… (" + text.length() + " characters)" : text;
        return shown.replaceAll("\\p{Cntrl}", "?");
    }
}
