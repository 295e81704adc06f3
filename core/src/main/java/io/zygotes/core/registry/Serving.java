package io.zygotes.core.registry;

import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;

/**
 * How calls of a lambda are taken, as its {@code ol.yaml} says.
 *
 * @param methods HTTP methods that call it over {@code /run/}, in upper case and in the order of the file; empty for
 *     all
 * @param reuse whether a leaf serves a further call after its first one
 * @param concurrency the most calls of one version that run at once, from 1; empty for no bound but memory
 * @param triggers other triggers that it names, each with its options as JSON
 */
public record Serving(
        Optional<Set<String>> methods, boolean reuse, OptionalInt concurrency, Map<String, String> triggers) {

    /** Of a lambda that says nothing. */
    public static final Serving DEFAULT = new Serving(Optional.empty(), true, OptionalInt.empty(), Map.of());

    /** Copies the collections; the order of the methods stays. */
    public Serving {
        methods = methods.map(all -> Collections.unmodifiableSet(new LinkedHashSet<>(all)));
        Objects.requireNonNull(concurrency);
        triggers = Collections.unmodifiableMap(new TreeMap<>(triggers));
    }

    /**
     * Whether it is called over HTTP with a method.
     *
     * @param method as the request has it; OpenLambda compares without case
     */
    public boolean takes(String method) {
        return methods.isEmpty() || methods.get().contains(method.toUpperCase(Locale.ROOT));
    }
}
