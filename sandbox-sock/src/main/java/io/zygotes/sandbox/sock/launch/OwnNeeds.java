package io.zygotes.sandbox.sock.launch;

import io.zygotes.sandbox.sock.sandbox.SockZygote;
import io.zygotes.spi.LeafSpec;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * What a lambda needs of its leaf beside its environment and packages. Most need nothing of the kind.
 *
 * @param shadowed modules that its code has files for, and that may be imported already
 * @param processors how many threads libraries compute with; 1 if that is what its zygote has them do
 */
record OwnNeeds(Set<String> shadowed, int processors) {

    private static final int PERCENT_OF_ONE = 100;

    static OwnNeeds of(Optional<SockZygote> zygote, LeafSpec spec) {
        Set<String> modules = LambdaTraits.of(spec).modules();
        if (zygote.isEmpty()) {
            return new OwnNeeds(modules, 1);
        }
        Set<String> shadowed = modules;
        if (!modules.isEmpty()) {
            shadowed = new TreeSet<>(modules);
            shadowed.retainAll(zygote.get().traces().runtime());
        }
        return new OwnNeeds(shadowed, zygote.get().packages().isEmpty() ? 1 : processors(spec));
    }

    /** How many threads libraries of a lambda may compute with: as many as it has processors. */
    static int processors(LeafSpec spec) {
        int allowed = Math.ceilDiv(spec.limits().cpuPercent(), PERCENT_OF_ONE);
        return allowed == 1 ? 1 : Math.min(allowed, Runtime.getRuntime().availableProcessors());
    }

    boolean isNone() {
        return shadowed.isEmpty() && processors <= 1;
    }
}
