package io.zygotes.spi;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * What came out when a zygote imported the further modules of its {@link ZygoteSpec}.
 *
 * @param leftOut modules that are better left out, by their names, each with the reason, for people: they could not be
 *     imported, or take long
 * @param lookedFor by a module's name, other modules that it looked for, and that were not there
 * @since 1.2
 */
@Stability(Stability.Level.STABLE)
public record ModuleFindings(Map<String, String> leftOut, Map<String, Set<String>> lookedFor) {

    /** Nothing is to be said. */
    public static final ModuleFindings NONE = new ModuleFindings(Map.of(), Map.of());

    /** Copies the maps. */
    public ModuleFindings {
        leftOut = Map.copyOf(leftOut);
        Map<String, Set<String>> copies = new HashMap<>();
        lookedFor.forEach((module, names) -> copies.put(module, Set.copyOf(names)));
        lookedFor = Map.copyOf(copies);
    }
}
