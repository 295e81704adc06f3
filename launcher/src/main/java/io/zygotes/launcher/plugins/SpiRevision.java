package io.zygotes.launcher.plugins;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A revision of the SPI, {@code major.minor}. */
record SpiRevision(int major, int minor) {

    private static final Pattern FORM = Pattern.compile("(\\d{1,6})\\.(\\d{1,6})");

    /** @throws IllegalArgumentException if the text is not {@code major.minor} */
    static SpiRevision parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("'" + text + "' is not an SPI revision such as 1.0");
        }
        return new SpiRevision(Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2)));
    }

    /** Whether a plugin that was built for this revision works with a worker that has {@code present}. */
    boolean worksWith(SpiRevision present) {
        return major == present.major && minor <= present.minor;
    }

    @Override
    public String toString() {
        return major + "." + minor;
    }
}
