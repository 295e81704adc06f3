package io.zygotes.sandbox.sock;

import io.zygotes.spi.mechanism.Finding;
import java.util.List;
import java.util.stream.Collectors;

/** What to do about a machine that refuses sandboxes, as the end of a sentence. */
final class Mends {

    private static final String UNKNOWN =
            ". Nothing that 'zygotes doctor' knows is missing: look for rules of a security"
                    + " module (dmesg), and start a container privileged, without a seccomp profile";

    private Mends() {}

    /** Looks at this machine once more, with the reason for it. */
    static String ofThisMachine() {
        return of(Checkup.ofThisMachine().findings());
    }

    /** For what was found. */
    static String of(List<Finding> findings) {
        String mends = findings.stream()
                .filter(finding -> finding.needed() && !finding.ok())
                .map(finding -> "\n  " + finding.name() + " is " + finding.found() + "; mend: " + finding.mend())
                .collect(Collectors.joining());
        return mends.isEmpty() ? UNKNOWN : mends;
    }
}
