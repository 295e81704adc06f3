package io.zygotes.core.status;

import io.zygotes.spi.CacheShape;
import java.util.Map;

/** The import cache in use, as far as one may look at it. Safe for use by many threads. */
public interface CacheView {

    /** The name as {@code features.import_cache} has it; empty before there is one. */
    String name();

    /** Its present shape. */
    CacheShape shape();

    /** Its own numbers, by the names that it gives them. */
    Map<String, Number> statistics();
}
