package com.example.zygotes.recent;

import io.zygotes.spi.ImportCacheProvider;
import io.zygotes.spi.testkit.ImportCacheContract;
import java.util.Map;

/** Inherits what every import cache must do. */
final class RecentCacheContractTest extends ImportCacheContract {

    @Override
    protected ImportCacheProvider provider() {
        return new RecentProvider();
    }

    /** Few, so that the suite sees zygotes go. */
    @Override
    protected Map<String, Object> options() {
        return Map.of("max_zygotes", 4);
    }
}
