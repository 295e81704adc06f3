package io.zygotes.core.status;

/** Knows which import cache is in use. */
@FunctionalInterface
public interface CacheName {

    /** The name as {@code features.import_cache} has it; empty before there is one. */
    String now();
}
