package io.zygotes.core.registry;

import io.zygotes.core.config.NearestKey;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Says in the worker's log, once for each, that nothing serves a trigger of a lambda. Safe for use by many threads. */
final class TriggerNotice {

    private static final Logger LOG = System.getLogger(TriggerNotice.class.getName());

    private record Named(String lambda, String trigger) {}

    private final Set<Named> told = ConcurrentHashMap.newKeySet();

    /**
     * Tells of what was not told yet.
     *
     * @param lambda the lambda's name
     * @param triggers the names of its triggers, but for {@code http}
     */
    void tell(String lambda, Set<String> triggers) {
        for (String trigger : triggers) {
            if (told.add(new Named(lambda, trigger))) {
                String meant = NearestKey.of(trigger, List.of("http"))
                        .map(near -> "; is '" + near + "' meant?")
                        .orElse("");
                LOG.log(
                        Level.WARNING,
                        "lambda " + lambda + ": nothing here serves its trigger '" + trigger
                                + "' (triggers in ol.yaml); it is called over HTTP alone" + meant);
            }
        }
    }
}
