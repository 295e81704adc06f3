package io.zygotes.plugin.multitree;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.spi.CacheShape;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.ImportCache;
import io.zygotes.spi.ImportCacheProvider;
import io.zygotes.spi.testkit.FakeContext;
import io.zygotes.spi.testkit.FakePackages;
import io.zygotes.spi.testkit.ImportCacheContract;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class MultitreeTest extends ImportCacheContract {

    @Override
    protected ImportCacheProvider provider() {
        return new MultitreeProvider();
    }

    @Override
    protected Map<String, Object> options() {
        return Map.of("trees", 4);
    }

    @Override
    protected Map<String, Object> seededOptions() {
        return Map.of("trees", 4, "seed", 7);
    }

    @Override
    protected Optional<Object> importCacheTree(FakePackages packages) {
        List<Object> children = packages.names().stream()
                .<Object>map(name -> Map.of("packages", List.of(name)))
                .toList();
        return Optional.of(Map.of("children", children));
    }

    private FakeContext context(Map<String, Object> options) {
        FakePackages packages = FakePackages.wellKnown();
        return FakeContext.of(packages, 64 * 1024)
                .withOptions(options)
                .withTree(importCacheTree(packages).orElseThrow());
    }

    @ParameterizedTest
    @CsvSource({"1, 6", "2, 6", "3, 6", "4, 8", "8, 16", "9, 16", "256, 16"})
    void thereAreTwiceAsManyTreesAsCoresAtLeastSixAndAtMostSixteen(int cores, int trees) {
        assertEquals(trees, MultitreeProvider.defaultTrees(cores));
    }

    @Test
    void theOptionSaysHowManyTreesThereAre() throws Exception {
        try (ImportCache cache = provider().create(context(Map.of("trees", 3)))) {
            assertEquals(3, cache.shape().roots().size());
            assertEquals(3, cache.statistics().get("trees"));
        }
    }

    @Test
    void aCountOutOfRangeAndASeedThatIsNoNumberAreRefusedTogether() {
        for (int trees : new int[] {0, 65}) {
            ConfigException error = assertThrows(
                    ConfigException.class, () -> provider().create(context(Map.of("trees", trees, "seed", "x"))));
            assertTrue(error.getMessage().contains("trees is " + trees), error.getMessage());
            assertTrue(error.getMessage().contains("seed"), error.getMessage());
        }
    }

    @Test
    void leavesAreSpreadOverAllTreesEvenlyAndEachTreeHasZygotesOfItsOwn() throws Exception {
        FakeContext context = context(Map.of("trees", 4, "seed", 1));
        try (ImportCache cache = provider().create(context)) {
            for (int i = 0; i < 400; i++) {
                cache.createLeaf(context.sandboxes()
                                .request(FakeContext.leaf(
                                        "report", context.packages().pins("pandas==2.2.3"))))
                        .destroy();
            }
            List<CacheShape.Node> roots = cache.shape().roots();
            for (CacheShape.Node root : roots) {
                long hits = root.children().stream()
                        .mapToLong(CacheShape.Node::hits)
                        .sum();
                assertTrue(hits > 60 && hits < 140, () -> "hits of one tree: " + hits);
            }
            assertEquals(4 * 2, context.sandboxes().zygotesMade(), "root and pandas, in each tree");
        }
        assertEquals(List.of(), context.sandboxes().zygotes());
    }

    @Test
    void aTreeThatLearnsIsForTheOtherStrategyAndSaidToBeSo() {
        FakeContext auto = context(Map.of()).withTree("auto");
        ConfigException error =
                assertThrows(ConfigException.class, () -> provider().create(auto));
        assertTrue(
                error.getMessage().contains("import_cache_tree")
                        && error.getMessage().contains("\"tree\" only"),
                error.getMessage());
    }

    @Test
    void anotherSeedPicksOtherwise() throws Exception {
        assertTrue(!hits(1).equals(hits(2)), "two seeds gave the same picks");
    }

    private List<Long> hits(int seed) throws Exception {
        FakeContext context = context(Map.of("trees", 16, "seed", seed));
        try (ImportCache cache = provider().create(context)) {
            for (int i = 0; i < 100; i++) {
                cache.createLeaf(context.sandboxes().request(FakeContext.leaf("hello", Set.of())))
                        .destroy();
            }
            return cache.shape().roots().stream().map(CacheShape.Node::hits).toList();
        }
    }
}
