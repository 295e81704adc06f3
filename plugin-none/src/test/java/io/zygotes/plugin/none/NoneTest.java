package io.zygotes.plugin.none;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.spi.ImportCache;
import io.zygotes.spi.ImportCacheProvider;
import io.zygotes.spi.testkit.FakeContext;
import io.zygotes.spi.testkit.FakePackages;
import io.zygotes.spi.testkit.ImportCacheContract;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class NoneTest extends ImportCacheContract {

    @Override
    protected ImportCacheProvider provider() {
        return new NoneProvider();
    }

    @Test
    void itsNameIsEmptyAndItsAliasIsNone() {
        assertEquals("", provider().name());
        assertEquals(Set.of("none"), provider().aliases());
    }

    @Test
    void everyLeafIsFreshAndNoZygoteIsMade() throws Exception {
        FakeContext context = FakeContext.of(FakePackages.wellKnown(), 4096);
        try (ImportCache cache = provider().create(context)) {
            for (int i = 0; i < 3; i++) {
                cache.createLeaf(context.sandboxes()
                        .request(FakeContext.leaf("report", context.packages().pins("pandas==2.2.3"))));
            }
            assertEquals(3L, cache.statistics().get("leaves_fresh"));
        }
        assertEquals(List.of(), context.sandboxes().zygotes());
        assertTrue(context.sandboxes().made().stream()
                .allMatch(made -> made.parent().equals(Optional.empty())));
    }
}
