package io.zygotes.core.pool;

import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.ZygoteSpec;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * Finds the zygote to fork from where the one that an import cache chose would have a lambda answer otherwise than in a
 * process of its own: the closest one above it from which it does not. Those above have imported less, so the safety
 * rule holds for them, too. Safe for use by many threads.
 */
final class FittingParents {

    private static final Logger LOG = System.getLogger(FittingParents.class.getName());

    /** Of what the log was told once. */
    private static final int MOST_TOLD = 10_000;

    private final Set<String> told = ConcurrentHashMap.newKeySet();
    private final PoolServices services;

    FittingParents(PoolServices services) {
        this.services = services;
    }

    /**
     * The parent for a leaf.
     *
     * @param asked the one that was chosen
     * @return null if the leaf has to be a fresh process
     */
    PooledZygote ofLeaf(PooledZygote asked, LeafSpec spec) {
        if (asked.function().isPresent()) {
            return asked; // it has imported the lambda itself
        }
        return closest(
                asked,
                zygote -> services.mechanism().misfit(zygote.inner(), spec),
                "lambda " + spec.lambda(),
                "served by fresh processes");
    }

    /**
     * The parent for a zygote.
     *
     * @param asked the one that was chosen; null if it is to be a fresh process
     * @return null if it has to be a fresh process
     */
    PooledZygote ofZygote(PooledZygote asked, ZygoteSpec spec) {
        if (asked == null) {
            return null;
        }
        return closest(
                asked,
                zygote -> services.mechanism().misfit(zygote.inner(), spec),
                "the zygote with " + spec.packages(),
                "a fresh process");
    }

    private PooledZygote closest(
            PooledZygote asked, Function<PooledZygote, Optional<String>> misfit, String who, String otherwise) {
        Optional<String> reason = misfit.apply(asked);
        if (reason.isEmpty()) {
            return asked;
        }
        PooledZygote zygote = asked.livingParent();
        while (zygote != null && misfit.apply(zygote).isPresent()) {
            zygote = zygote.livingParent();
        }
        String how =
                zygote == null ? otherwise + " instead of forks of " : "forked from " + zygote.id() + " instead of ";
        tell(who + " is " + how + asked.id() + ": " + reason.get(), who + reason.get());
        return zygote;
    }

    private void tell(String text, String once) {
        if (told.add(once)) {
            LOG.log(Level.INFO, text);
        }
        if (told.size() > MOST_TOLD) {
            told.clear();
        }
    }
}
