package com.example.zygotes.recent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.spi.ConfigException;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSpec;
import io.zygotes.spi.testkit.FakeContext;
import io.zygotes.spi.testkit.FakePackages;
import io.zygotes.spi.testkit.FakeRequest;
import io.zygotes.spi.testkit.FakeSandboxes;
import io.zygotes.spi.testkit.Trouble;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is this strategy's own. */
final class RecentCacheTest {

    private final AtomicLong now = new AtomicLong();
    private final FakePackages packages = FakePackages.wellKnown();
    private final FakeContext context = FakeContext.of(packages, 4096);
    private final FakeSandboxes pool = context.sandboxes();
    private final RecentCache cache = new RecentCache(new RecentOptions(2, Duration.ofHours(1)), context, now::get);

    @AfterEach
    void close() {
        cache.close();
        assertEquals(List.of(), pool.zygotes());
        assertEquals(List.of(), pool.violations());
    }

    private void call(String... pinned) throws Exception {
        LeafSpec spec = FakeContext.leaf("f", packages.pins(pinned));
        cache.createLeaf(pool.request(spec)).destroy();
    }

    private FakeSandboxes.Made last() {
        return pool.made().getLast();
    }

    @Test
    void aSetUsedAgainIsForkedFromItsZygoteAndHasNothingToImport() throws Exception {
        call("pandas==2.2.3");
        call("pandas==2.2.3");

        assertEquals(1, pool.zygotesMade());
        assertEquals(Set.copyOf(last().packages()), Set.copyOf(last().parent().orElseThrow()));
        assertTrue(last().millis() < FakeSandboxes.FRESH_MILLIS, () -> "took " + last().millis() + " ms");
    }

    @Test
    void anotherVersionIsAnotherSet() throws Exception {
        call("numpy==2.1.3");
        call("numpy==2.2.3");

        assertEquals(2, pool.zygotesMade());
    }

    @Test
    void aZygoteThatNobodyUsedForTooLongGoes() throws Exception {
        call("numpy==2.2.3");
        now.addAndGet(Duration.ofMinutes(59).toNanos());
        call("six==1.17.0");
        cache.sweep();
        assertEquals(2, pool.zygotes().size());

        now.addAndGet(Duration.ofMinutes(2).toNanos());
        cache.sweep();

        assertEquals(
                List.of(packages.versions("six")),
                pool.zygotes().stream().map(Zygote::packages).toList());
        assertEquals(1L, cache.statistics().get("sets_aged"));
    }

    @Test
    @Timeout(60)
    void withoutRequestsOldZygotesGoByThemselves() throws Exception {
        try (RecentCache quick =
                new RecentCache(new RecentOptions(2, Duration.ofSeconds(1)), context, System::nanoTime)) {
            quick.createLeaf(pool.request(FakeContext.leaf("f", packages.pins("six==1.17.0"))))
                    .destroy();
            assertEquals(1, pool.zygotes().size());

            while (!pool.zygotes().isEmpty()) {
                Thread.sleep(20);
            }
        }
    }

    @Test
    void whenThereAreTooManyTheLeastRecentlyUsedOneGoes() throws Exception {
        call("numpy==2.2.3");
        call("six==1.17.0");
        call("numpy==2.2.3");
        call("idna==3.10");

        assertEquals(
                Set.of(Set.copyOf(packages.pins("numpy==2.2.3")), Set.copyOf(packages.pins("idna==3.10"))),
                Set.copyOf(pool.zygotes().stream()
                        .map(zygote -> Set.copyOf(zygote.packages()))
                        .toList()));
    }

    @Test
    void aSetThatCannotBeImportedGetsFreshLeavesAndIsTriedAgainLater() throws Exception {
        pool.trouble(new Trouble() {
            @Override
            public void beforeZygote(Optional<Zygote> parent, ZygoteSpec spec) throws SandboxException {
                throw new SandboxException.ImportFailed("no", "Traceback");
            }
        });
        call("six==1.17.0");
        assertEquals(Optional.empty(), last().parent());
        pool.trouble(Trouble.NONE);
        call("six==1.17.0");
        assertEquals(0, pool.zygotesMade());

        now.addAndGet(Duration.ofSeconds(11).toNanos());
        call("six==1.17.0");

        assertEquals(packages.versions("six"), last().parent().orElseThrow());
    }

    @Test
    void aSetThatItsRequestNoLongerNeedsDoesNotRest() throws Exception {
        LeafSpec spec = FakeContext.leaf("f", packages.pins("six==1.17.0"));
        Leaf free = pool.createLeaf(Optional.empty(), spec);
        FakeRequest request = pool.request(spec);
        pool.trouble(new Trouble() {
            @Override
            public void beforeZygote(Optional<Zygote> parent, ZygoteSpec zygote) throws SandboxException {
                request.becameFree(free);
                throw new SandboxException.NoCapacity("full");
            }
        });

        assertSame(free, cache.createLeaf(request));

        pool.trouble(Trouble.NONE);
        call("six==1.17.0");
        assertEquals(packages.versions("six"), last().parent().orElseThrow());
        assertEquals(0L, cache.statistics().get("zygotes_failed"));
    }

    @Test
    void leavesAreCountedByWhatTheyWereMadeFrom() throws Exception {
        call("six==1.17.0");
        call("six==1.17.0");
        pool.trouble(new Trouble() {
            @Override
            public void beforeZygote(Optional<Zygote> parent, ZygoteSpec spec) throws SandboxException {
                throw new SandboxException.ImportFailed("no", "Traceback");
            }
        });
        call("idna==3.10");

        assertEquals(2L, cache.statistics().get("leaves_from_zygotes"));
        assertEquals(1L, cache.statistics().get("leaves_fresh"));
    }

    @Test
    void wrongOptionsAreAllNamed() {
        ConfigException error = assertThrows(
                ConfigException.class,
                () -> new RecentProvider()
                        .create(context.withOptions(Map.of("max_zygotes", 0, "max_age_sec", "long", "maxage", 1))));

        for (String each : List.of("max_zygotes", "max_age_sec", "maxage", "$.plugins.")) {
            assertTrue(error.getMessage().contains(each), error.getMessage());
        }
    }
}
