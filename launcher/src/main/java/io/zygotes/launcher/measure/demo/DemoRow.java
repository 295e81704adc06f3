package io.zygotes.launcher.measure.demo;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * What one lambda took under one strategy; times are medians in milliseconds, seen by an HTTP client.
 *
 * @param strategy the value of {@code features.import_cache}
 * @param lambda its name
 * @param firstMs a call when there is neither a leaf nor a zygote
 * @param zygoteHitMs a call when there is no leaf but the zygote lives; null for a strategy without zygotes
 * @param warmMs a call when there is a leaf
 * @param privateMb private memory of the leaf in MiB
 */
record DemoRow(
        String strategy,
        String lambda,
        @JsonProperty("first_ms") double firstMs,
        @JsonProperty("zygote_hit_ms") Double zygoteHitMs,
        @JsonProperty("warm_ms") double warmMs,
        @JsonProperty("private_mb") double privateMb) {}
