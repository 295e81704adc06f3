package io.zygotes.launcher.measure.check;

/** What came out for a package, the worst of all strategies. In the order of how bad it is. */
enum Verdict {
    /** It answers everywhere as in plain Python. */
    SAME("same"),
    /** The same, and no zygote holds it: functions import it themselves. */
    UNFIT("unfit"),
    /** Something differs, and the list of what differs on purpose says why. */
    ON_PURPOSE("on purpose"),
    /** pip does not install it here; nothing was compared. */
    NOT_INSTALLED("not installed"),
    /** Something differs that nobody has explained. */
    DIFFERS("DIFFERS");

    private final String text;

    Verdict(String text) {
        this.text = text;
    }

    /** For people. */
    String text() {
        return text;
    }
}
