package io.zygotes.spi.mechanism;

import io.zygotes.spi.Stability;
import java.util.Objects;

/**
 * One thing that was looked at on a machine.
 *
 * @param name what, in a word or three
 * @param needed whether no worker can run without it; otherwise it only runs worse
 * @param ok whether it is as it should be
 * @param found what the machine has
 * @param mend what to do about it, with the command if there is one; empty if it is ok
 */
@Stability(Stability.Level.EVOLVING)
public record Finding(String name, boolean needed, boolean ok, String found, String mend) {

    /** Checks for null. */
    public Finding {
        Objects.requireNonNull(name);
        Objects.requireNonNull(found);
        Objects.requireNonNull(mend);
    }

    /** Something that is as it should be. */
    public static Finding good(String name, String found) {
        return new Finding(name, true, true, found, "");
    }

    /** Something without which no worker can run. */
    public static Finding missing(String name, String found, String mend) {
        return new Finding(name, true, false, found, mend);
    }

    /** Something without which a worker runs worse. */
    public static Finding lacking(String name, String found, String mend) {
        return new Finding(name, false, false, found, mend);
    }
}
