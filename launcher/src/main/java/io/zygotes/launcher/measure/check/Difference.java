package io.zygotes.launcher.measure.check;

/**
 * One thing that differs.
 *
 * @param what what it is, such as {@code attribute numpy.pi}
 * @param plain what plain Python has; empty for nothing
 * @param here what the strategy has; empty for nothing
 */
record Difference(String what, String plain, String here) {

    private static final int LONGEST = 240;

    Difference {
        plain = shortened(plain);
        here = shortened(here);
    }

    private static String shortened(String text) {
        return text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "…";
    }

    /** In one line. */
    String text() {
        return what + ": plain Python has " + quoted(plain) + ", here is " + quoted(here);
    }

    private static String quoted(String text) {
        return text.isEmpty() ? "nothing" : "'" + text.replace("\n", "\\n") + "'";
    }
}
