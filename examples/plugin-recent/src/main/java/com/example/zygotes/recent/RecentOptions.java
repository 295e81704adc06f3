package com.example.zygotes.recent;

import io.zygotes.spi.ConfigException;
import io.zygotes.spi.Options;
import java.time.Duration;

/**
 * What can be set: {@code plugins.recent} of {@code config.json}.
 *
 * @param maxZygotes {@code max_zygotes}: how many zygotes are kept; 1 to 1000, by default 20. More may live for a
 *     moment, while leaves are made from them
 * @param maxAge {@code max_age_sec}: for how long a zygote is kept that nobody uses; 1 to 86400 s, by default 600
 */
record RecentOptions(int maxZygotes, Duration maxAge) {

    /** @throws ConfigException if a value is wrong or a key is unknown; names all of them */
    static RecentOptions read(Options options) throws ConfigException {
        RecentOptions read = new RecentOptions(
                options.integer("max_zygotes", 20, 1, 1000),
                Duration.ofSeconds(options.integer("max_age_sec", 600, 1, 86_400)));
        options.finish();
        return read;
    }
}
