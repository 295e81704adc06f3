package io.zygotes.sandbox.sock.protocol;

import java.util.Set;

/**
 * What imports of packages did in a zygote, as far as it counts for who may be forked from it.
 *
 * @param asked environment variables that were asked for; {@link Protocol#READ_ALL} if somebody looked at all of them
 * @param changed environment variables that were changed
 * @param imported modules at the top that packages imported, their own and others
 * @param missed modules that packages looked for and did not find; in namespace packages, also those below the top
 * @param preloaded modules at the top that a zygote without packages imported because it was told to, this one or one
 *     that it was forked from
 * @param runtime modules at the top that were imported before, and that a program which does nothing has not
 */
public record ImportTraces(
        Set<String> asked,
        Set<String> changed,
        Set<String> imported,
        Set<String> missed,
        Set<String> preloaded,
        Set<String> runtime) {

    /** Of a zygote that has imported nothing yet. */
    public static final ImportTraces NONE =
            new ImportTraces(Set.of(), Set.of(), Set.of(), Set.of(), Set.of(), Set.of());

    /** Copies the sets. */
    public ImportTraces {
        asked = Set.copyOf(asked);
        changed = Set.copyOf(changed);
        imported = Set.copyOf(imported);
        missed = Set.copyOf(missed);
        preloaded = Set.copyOf(preloaded);
        runtime = Set.copyOf(runtime);
    }

    /** Whether the zygote has imported a module of this name at the top, for whatever reason but the runtime's. */
    public boolean has(String module) {
        return imported.contains(module) || preloaded.contains(module);
    }
}
