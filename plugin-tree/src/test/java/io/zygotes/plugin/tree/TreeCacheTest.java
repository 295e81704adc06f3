package io.zygotes.plugin.tree;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.plugin.tree.model.TreeReader;
import io.zygotes.plugin.tree.model.TreeText;
import io.zygotes.plugin.tree.model.ZygoteTree;
import io.zygotes.spi.CacheShape;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.FailureKind;
import io.zygotes.spi.FunctionZygoteRequest;
import io.zygotes.spi.FunctionZygoteSpec;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Options;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Sandboxes;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSpec;
import io.zygotes.spi.testkit.FakeContext;
import io.zygotes.spi.testkit.FakePackages;
import io.zygotes.spi.testkit.FakeRequest;
import io.zygotes.spi.testkit.FakeSandboxes;
import io.zygotes.spi.testkit.FakeSandboxes.Made;
import io.zygotes.spi.testkit.Trouble;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class TreeCacheTest {

    private static final String DATA = """
        {"children": [
          {"packages": ["numpy"], "children": [{"packages": ["pandas"]}]},
          {"packages": ["requests"], "children": [{"packages": ["flask"]}]},
          {"packages": ["flask"]}]}\
        """;

    private final FakePackages packages = FakePackages.wellKnown();
    private final FakeSandboxes pool = new FakeSandboxes(packages, 64 * 1024);
    private final AtomicLong clock = new AtomicLong();
    private final List<TreeCache> open = new ArrayList<>();

    private TreeCache cache(String json) throws Exception {
        return cache(TreeReader.text(json, "t.json", Path.of(".")), pool, packages, TreeOptions.DEFAULT);
    }

    private TreeCache cache(ZygoteTree tree, FakeSandboxes sandboxes, FakePackages known, TreeOptions options) {
        FakeContext context = new FakeContext(sandboxes, known, Map.of(), Optional.empty(), Path.of("."));
        TreeCache cache = new TreeCache(tree, options, context, clock::get);
        sandboxes.listener(cache::onEvent);
        open.add(cache);
        return cache;
    }

    @AfterEach
    void everyZygoteIsGoneAfterClose() {
        open.forEach(TreeCache::close);
        assertEquals(List.of(), pool.zygotes());
        assertEquals(List.of(), pool.violations());
    }

    private LeafSpec lambda(String... pins) {
        return FakeContext.leaf(String.join("+", pins), packages.pins(pins));
    }

    private Made leafOf(TreeCache cache, String... pins) throws Exception {
        cache.createLeaf(pool.request(lambda(pins))).destroy();
        return pool.made().getLast();
    }

    private static List<PackageId> ids(String... pinned) {
        return List.of(pinned).stream().map(PackageId::parse).toList();
    }

    private static void failZygotes(FakeSandboxes pool, Predicate<ZygoteSpec> which, SandboxException error) {
        pool.trouble(new Trouble() {
            @Override
            public void beforeZygote(Optional<Zygote> parent, ZygoteSpec spec) throws SandboxException {
                if (which.test(spec)) {
                    throw error;
                }
            }
        });
    }

    private static Predicate<ZygoteSpec> has(String name) {
        return spec -> spec.packages().stream().anyMatch(id -> id.name().equals(name));
    }

    private void awaitZygotes(int count) throws InterruptedException {
        for (int i = 0; i < 500 && pool.zygotesMade() < count; i++) {
            Thread.sleep(10);
        }
        assertEquals(count, pool.zygotesMade());
    }

    @Test
    void lambdasThatImportTheStandardLibraryComeFromAZygoteThatHasIt() throws Exception {
        List<ZygoteSpec> asked = Collections.synchronizedList(new ArrayList<>());
        pool.trouble(new Trouble() {
            @Override
            public void beforeZygote(Optional<Zygote> parent, ZygoteSpec spec) {
                asked.add(spec);
            }
        });
        TreeOptions options = new TreeOptions(0, Duration.ofSeconds(1), List.of("ssl", "email.message"));
        TreeCache cache = cache(TreeReader.text(DATA, "t.json", Path.of(".")), pool, packages, options);

        cache.createLeaf(pool.request(lambda()).importing("json")).destroy();
        assertEquals(1, pool.zygotesMade(), "nobody needs more than the root");
        cache.createLeaf(pool.request(lambda()).importing("email.parser")).destroy();
        awaitZygotes(2);
        assertEquals(0L, cache.statistics().get("leaves_from_library"), "the first one did not wait for it");
        for (int i = 0; i < 500 && cache.statistics().get("leaves_from_library").equals(0L); i++) {
            cache.createLeaf(pool.request(lambda()).importing("email.parser")).destroy();
            Thread.sleep(1);
        }
        assertEquals(1L, cache.statistics().get("leaves_from_library"));
        leafOf(cache, "numpy==2.2.3");

        assertEquals(
                List.of(List.of(), List.of("ssl", "email.message"), List.of()),
                asked.stream().map(ZygoteSpec::modules).toList());
        assertEquals(Optional.of(List.of()), pool.made().get(2).parent(), "it is forked from the root");
    }

    @Test
    void withoutAPreloadThereIsNoFurtherRoot() throws Exception {
        TreeOptions options = new TreeOptions(0, Duration.ofSeconds(1), List.of());
        TreeCache cache = cache(TreeReader.text(DATA, "t.json", Path.of(".")), pool, packages, options);
        cache.createLeaf(pool.request(lambda()).importing("ssl")).destroy();
        cache.createLeaf(pool.request(lambda()).importing("ssl")).destroy();
        assertEquals(1, pool.zygotesMade());
    }

    @Test
    void theMeasuredSetIsTheDefaultAndWrongNamesAreRefused() throws Exception {
        assertTrue(TreeOptions.DEFAULT.preload().containsAll(List.of("ssl", "asyncio", "email.message")));
        assertEquals(TreeOptions.DEFAULT, TreeOptions.read(new Options("c", Map.of())));
        assertEquals(
                List.of(),
                TreeOptions.read(new Options("c", Map.of("preload", List.of()))).preload());
        for (Object wrong : List.of("ssl", List.of("a b"), List.of(1), List.of("ssl", "ssl"), List.of("a..b"))) {
            Options options = new Options("config.json: $.plugins.tree", Map.of("preload", wrong));
            TreeOptions.read(options);
            String message =
                    assertThrows(ConfigException.class, options::finish).getMessage();
            assertTrue(message.contains("preload"), message);
        }
    }

    @Test
    void aNodeAndItsMissingAncestorsBecomeZygotesWhenTheyAreFirstNeeded() throws Exception {
        TreeCache cache = cache(DATA);
        assertEquals(0, pool.zygotesMade());
        Made leaf = leafOf(cache, "pandas==2.2.3");
        assertEquals(3, pool.zygotesMade(), "root, numpy, pandas");
        assertEquals(
                Optional.of(
                        ids("numpy==2.2.3", "six==1.17.0", "python-dateutil==2.9.0", "pytz==2025.1", "pandas==2.2.3")),
                leaf.parent(),
                "in import order, with all that pandas needs");
        leafOf(cache, "pandas==2.2.3");
        assertEquals(3, pool.zygotesMade(), "they are used again");
    }

    private FunctionZygoteRequest function(String... pins) {
        FunctionZygoteSpec spec = new FunctionZygoteSpec(lambda(pins), Optional.empty());
        return new FunctionZygoteRequest() {
            @Override
            public FunctionZygoteSpec spec() {
                return spec;
            }

            @Override
            public Sandboxes sandboxes() {
                return pool;
            }
        };
    }

    @Test
    void theZygoteOfAFunctionIsForkedFromTheNodeThatItsLeavesComeFrom() throws Exception {
        TreeCache cache = cache(DATA);
        FunctionZygoteRequest request = function("pandas==2.2.3");
        Zygote zygote = cache.createFunctionZygote(request).orElseThrow();
        assertEquals(Optional.of(request.spec().leaf()), zygote.function());
        assertEquals(
                leafOf(cache, "pandas==2.2.3").parent(),
                pool.made().stream()
                        .filter(made -> made.id().equals(zygote.id()))
                        .findFirst()
                        .orElseThrow()
                        .parent());
        zygote.destroy();
    }

    @Test
    void aPackageThatTurnsOutToBeUnfitIsLeftOutFromThenOn() throws Exception {
        TreeCache cache = cache(DATA);
        leafOf(cache, "pandas==2.2.3");
        packages.makeUnfit("pandas==2.2.3", "it starts threads");

        assertEquals(
                Optional.of(ids("numpy==2.2.3")), leafOf(cache, "pandas==2.2.3").parent());
    }

    @Test
    void everyZygoteIsForkedFromTheOneAboveIt() throws Exception {
        leafOf(cache(DATA), "pandas==2.2.3");
        List<Made> zygotes =
                pool.made().stream().filter(made -> made.lambda().isEmpty()).toList();
        assertEquals(Optional.empty(), zygotes.get(0).parent());
        assertEquals(Optional.of(List.of()), zygotes.get(1).parent());
        assertEquals(Optional.of(ids("numpy==2.2.3")), zygotes.get(2).parent());
    }

    @Test
    void aBareNameServesEveryVersionWithAZygoteOfItsOwn() throws Exception {
        TreeCache cache = cache(DATA);
        assertEquals(
                Optional.of(ids("numpy==2.1.3")), leafOf(cache, "numpy==2.1.3").parent());
        assertEquals(
                Optional.of(ids("numpy==2.2.3")), leafOf(cache, "numpy==2.2.3").parent());
        Made old = leafOf(cache, "pandas==2.2.3", "numpy==2.1.3");
        assertTrue(old.parent().orElseThrow().contains(PackageId.parse("numpy==2.1.3")), old.toString());
        assertEquals(4, pool.zygotesMade(), "root, numpy twice, pandas with the older numpy");
    }

    @Test
    void aPinnedNodeServesOnlyItsVersion() throws Exception {
        TreeCache cache = cache("{\"children\": [{\"packages\": [\"numpy==2.2.3\"]}]}");
        assertEquals(Optional.of(List.of()), leafOf(cache, "numpy==2.1.3").parent());
        assertEquals(
                Optional.of(ids("numpy==2.2.3")), leafOf(cache, "numpy==2.2.3").parent());
    }

    @Test
    void aLambdaWhosePinsLackADependencyGetsAZygoteWithoutIt() throws Exception {
        TreeCache cache = cache(DATA);
        cache.createLeaf(pool.request(FakeContext.leaf("odd", Set.copyOf(ids("pandas==2.2.3", "numpy==2.2.3")))));
        assertEquals(
                Optional.of(ids("numpy==2.2.3", "pandas==2.2.3")),
                pool.made().getLast().parent());
    }

    @Test
    void theBestNodeSavesTheMostTimeNotTheMostPackages() throws Exception {
        packages.measureAll();
        TreeCache cache = cache("""
            {"children": [
              {"packages": ["six", "pytz", "python-dateutil", "idna", "certifi"]},
              {"packages": ["numpy"]}]}\
            """);
        Made leaf = leafOf(cache, "pandas==2.2.3", "idna==3.10", "certifi==2025.1.31");
        assertEquals(Optional.of(ids("numpy==2.2.3")), leaf.parent());
    }

    @Test
    void ofTwoThatSaveTheSameTheSmallerOneServes() throws Exception {
        FakePackages two =
                new FakePackages().add("a==1", 10, 50).add("b==1", 10, 5).measureAll();
        FakeSandboxes sandboxes = new FakeSandboxes(two, 1000);
        TreeCache cache = cache(
                TreeReader.text(
                        "{\"children\": [{\"packages\": [\"a\"]}, {\"packages\": [\"b\"]}]}", "t.json", Path.of(".")),
                sandboxes,
                two,
                TreeOptions.DEFAULT);
        cache.createLeaf(sandboxes.request(FakeContext.leaf("f", two.pins("a==1", "b==1"))));
        assertEquals(Optional.of(ids("b==1")), sandboxes.made().getLast().parent());
    }

    @Test
    void aMeasuredCostCorrectsAnEstimate() throws Exception {
        FakePackages two = new FakePackages().add("large==1", 1, 100).add("slow==1", 500, 1);
        FakeSandboxes sandboxes = new FakeSandboxes(two, 1000);
        TreeCache cache = cache(
                TreeReader.text(
                        "{\"children\": [{\"packages\": [\"large\"]}, {\"packages\": [\"slow\"]}]}",
                        "t.json",
                        Path.of(".")),
                sandboxes,
                two,
                TreeOptions.DEFAULT);
        cache.createLeaf(sandboxes.request(FakeContext.leaf("both", two.pins("large==1", "slow==1"))));
        assertEquals(Optional.of(ids("large==1")), sandboxes.made().getLast().parent(), "estimated from its size");
        cache.createLeaf(sandboxes.request(FakeContext.leaf("slow", two.pins("slow==1"))));
        cache.createLeaf(sandboxes.request(FakeContext.leaf("both", two.pins("large==1", "slow==1"))));
        assertEquals(Optional.of(ids("slow==1")), sandboxes.made().getLast().parent(), "both are measured now");
    }

    @Test
    void aNodeThatSavesTooLittleIsLeftOut() throws Exception {
        packages.measureAll();
        ZygoteTree tree = TreeReader.text(
                "{\"children\": [{\"packages\": [\"numpy\"], \"children\": [{\"packages\": [\"six\"]}]}]}",
                "t.json",
                Path.of("."));
        TreeCache cache = cache(tree, pool, packages, new TreeOptions(5, Duration.ofSeconds(1)));
        assertEquals(
                Optional.of(ids("numpy==2.2.3")),
                leafOf(cache, "numpy==2.2.3", "six==1.17.0").parent());
    }

    @Test
    void twoNodesWithTheSamePackagesShareTheirZygote() throws Exception {
        TreeCache cache = cache("""
            {"children": [{"packages": ["requests"]}, {"packages": ["requests", "idna"]},
                          {"packages": ["urllib3"], "children": [{"packages": ["requests"]}]}]}\
            """);
        leafOf(cache, "requests==2.32.3");
        leafOf(cache, "requests==2.32.3");
        assertEquals(2, pool.zygotesMade(), "root and requests with all that it needs");
    }

    @Test
    void aNodeThatAddsNothingIsItsParent() throws Exception {
        TreeCache cache =
                cache("{\"children\": [{\"packages\": [\"requests\"], \"children\": [{\"packages\": [\"idna\"],"
                        + " \"children\": [{\"packages\": [\"six\"]}]}]}]}");
        assertEquals(
                6 - 1,
                leafOf(cache, "requests==2.32.3", "six==1.17.0")
                        .parent()
                        .orElseThrow()
                        .size());
        assertEquals(3, pool.zygotesMade(), "root, requests, six");
    }

    @Test
    void aDeadZygoteIsReplacedWithoutItsLivingAncestors() throws Exception {
        TreeCache cache = cache(DATA);
        leafOf(cache, "pandas==2.2.3");
        pool.kill(pool.zygotes().stream()
                .filter(z -> z.packages().size() == 5)
                .findFirst()
                .orElseThrow());
        leafOf(cache, "pandas==2.2.3");
        assertEquals(4, pool.zygotesMade());
    }

    @Test
    void aParentThatCannotForkIsReplacedOnce() throws Exception {
        TreeCache cache = cache(DATA);
        AtomicInteger failures = new AtomicInteger(1);
        pool.trouble(new Trouble() {
            @Override
            public void beforeZygote(Optional<Zygote> parent, ZygoteSpec spec) throws SandboxException {
                if (has("pandas").test(spec) && failures.getAndDecrement() > 0) {
                    throw new SandboxException.ZygoteGone("does not answer");
                }
            }
        });
        assertTrue(leafOf(cache, "pandas==2.2.3").parent().orElseThrow().contains(PackageId.parse("pandas==2.2.3")));
        assertEquals(1L, cache.statistics().get("zygotes_replaced"));
        failures.set(2);
        pool.kill(pool.zygotes().stream()
                .filter(z -> z.packages().size() == 5)
                .findFirst()
                .orElseThrow());
        assertThrows(SandboxException.ZygoteGone.class, () -> leafOf(cache, "pandas==2.2.3"));
        leafOf(cache, "pandas==2.2.3");
    }

    @Test
    void aZygoteThatIsEvictedTwiceIsNoReasonToFail() throws Exception {
        TreeCache cache = cache(DATA);
        pool.trouble(new Trouble() {
            @Override
            public void beforeLeaf(Optional<Zygote> parent, LeafSpec spec) throws SandboxException {
                if (parent.isPresent()) {
                    pool.evictZygotes();
                    throw new SandboxException.ZygoteGone(FailureKind.NO_MEMORY, "it was evicted");
                }
            }
        });

        assertEquals(Optional.empty(), leafOf(cache, "pandas==2.2.3").parent());

        assertEquals(1L, cache.statistics().get("leaves_fresh"));
    }

    @Test
    void aZygoteThatWasEvictedIsForAWhileMadeOnlyOfFreeMemory() throws Exception {
        FakeSandboxes small = new FakeSandboxes(packages, 64);
        TreeCache cache = cache(TreeReader.text(DATA, "t.json", Path.of(".")), small, packages, TreeOptions.DEFAULT);
        cache.createLeaf(small.request(lambda("numpy==2.2.3"))).destroy();
        int made = small.zygotesMade();
        small.evictZygotes();
        List<Leaf> idle = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            idle.add(small.createLeaf(Optional.empty(), lambda("six==1.17.0")));
        }
        idle.forEach(Leaf::freeze);

        cache.createLeaf(small.request(lambda("numpy==2.2.3"))).destroy();
        assertEquals(made, small.zygotesMade(), "idle leaves are not evicted for it");
        assertTrue((Long) cache.statistics().get("zygotes_postponed") > 0);

        clock.addAndGet(Slot.FIRST_SCARCITY.toNanos());
        cache.createLeaf(small.request(lambda("numpy==2.2.3"))).destroy();
        assertTrue(small.zygotesMade() > made);
    }

    @Test
    void aNodeThatCannotImportIsLeftAloneLongerAndLongerAndItsAncestorServes() throws Exception {
        TreeCache cache = cache(DATA);
        AtomicInteger tries = new AtomicInteger();
        SandboxException broken = new SandboxException.ImportFailed("no libopenblas", "Traceback");
        failZygotes(pool, spec -> has("pandas").test(spec) && tries.incrementAndGet() > 0, broken);
        for (int i = 0; i < 5; i++) {
            assertEquals(
                    Optional.of(ids("numpy==2.2.3")),
                    leafOf(cache, "pandas==2.2.3").parent());
        }
        assertEquals(1, tries.get());
        assertEquals(1L, cache.statistics().get("zygotes_resting"));
        int[] expected = {1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300};
        for (int i = 0; i < expected.length; i++) {
            clock.addAndGet(Duration.ofSeconds(expected[i]).toNanos() - 1);
            leafOf(cache, "pandas==2.2.3");
            assertEquals(i + 1, tries.get(), "one moment before " + expected[i] + " s");
            clock.addAndGet(1);
            leafOf(cache, "pandas==2.2.3");
            assertEquals(i + 2, tries.get(), "after " + expected[i] + " s");
        }
        pool.trouble(Trouble.NONE);
        clock.addAndGet(Duration.ofSeconds(300).toNanos());
        assertEquals(5, leafOf(cache, "pandas==2.2.3").parent().orElseThrow().size());
        assertEquals(0L, cache.statistics().get("zygotes_resting"));
    }

    @Test
    void everyWayToFailAnImportLetsTheNextBestNodeServe() throws Exception {
        for (SandboxException error : List.of(
                new SandboxException.ImportFailed("raised", "Traceback"),
                new SandboxException.TimedOut("hangs"),
                new SandboxException.OutOfMemory("too big"),
                new SandboxException.Died("segfault", false),
                new SandboxException("mount refused"))) {
            TreeCache cache = cache(DATA);
            failZygotes(pool, has("numpy"), error);
            assertEquals(Optional.of(List.of()), leafOf(cache, "pandas==2.2.3").parent(), error.toString());
        }
    }

    @Test
    void aBrokenVersionDoesNotHinderTheOther() throws Exception {
        TreeCache cache = cache(DATA);
        failZygotes(
                pool,
                spec -> spec.packages().contains(PackageId.parse("numpy==2.1.3")),
                new SandboxException.TimedOut("hangs"));
        assertEquals(Optional.of(List.of()), leafOf(cache, "numpy==2.1.3").parent());
        assertEquals(
                Optional.of(ids("numpy==2.2.3")), leafOf(cache, "numpy==2.2.3").parent());
    }

    @Test
    void aRootThatCannotBeMadeIsTheCallersError() throws Exception {
        TreeCache cache = cache(DATA);
        SandboxException error = new SandboxException.Died("no python", false);
        failZygotes(pool, spec -> true, error);
        assertSame(error, assertThrows(SandboxException.class, () -> leafOf(cache, "pandas==2.2.3")));
        pool.trouble(Trouble.NONE);
        clock.addAndGet(Duration.ofSeconds(2).toNanos());
        leafOf(cache, "pandas==2.2.3");
    }

    @Test
    void withoutMemoryForAZygoteTheBestLivingOneServes() throws Exception {
        TreeCache cache = cache(DATA);
        leafOf(cache, "numpy==2.2.3");
        failZygotes(pool, has("pandas"), new SandboxException.NoCapacity("full"));
        assertEquals(
                Optional.of(ids("numpy==2.2.3")), leafOf(cache, "pandas==2.2.3").parent());
        assertEquals(1L, cache.statistics().get("zygotes_without_room"));
        assertEquals(0L, cache.statistics().get("zygotes_resting"), "it is tried again as soon as there is room");
        pool.trouble(Trouble.NONE);
        assertEquals(5, leafOf(cache, "pandas==2.2.3").parent().orElseThrow().size());
    }

    @Test
    void aZygoteThatItsRequestNoLongerNeedsIsMadeForTheNext() throws Exception {
        TreeCache cache = cache(DATA);
        Leaf free = pool.createLeaf(Optional.empty(), lambda("pandas==2.2.3"));
        FakeRequest request = pool.request(lambda("pandas==2.2.3"));
        pool.trouble(new Trouble() {
            @Override
            public void beforeZygote(Optional<Zygote> parent, ZygoteSpec spec) throws SandboxException {
                if (has("pandas").test(spec)) {
                    request.becameFree(free);
                    throw new SandboxException.NoCapacity("served");
                }
            }
        });
        assertSame(free, cache.createLeaf(request));
        for (String number : List.of(
                "zygotes_without_room", "zygotes_failed", "leaves_fresh", "leaves_from_root", "leaves_from_nodes")) {
            assertEquals(0L, cache.statistics().get(number), number);
        }
        pool.trouble(Trouble.NONE);
        assertEquals(5, leafOf(cache, "pandas==2.2.3").parent().orElseThrow().size());
        free.destroy();
    }

    @Test
    void whoWaitsForAZygoteThatItsRequestNoLongerNeedsMakesIt() throws Exception {
        TreeCache cache = cache(DATA);
        Leaf free = pool.createLeaf(Optional.empty(), lambda("pandas==2.2.3"));
        FakeRequest served = pool.request(lambda("pandas==2.2.3"));
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        pool.trouble(new Trouble() {
            @Override
            public void beforeZygote(Optional<Zygote> parent, ZygoteSpec spec)
                    throws SandboxException, InterruptedException {
                if (has("pandas").test(spec) && served.needsLeaf()) {
                    inside.countDown();
                    go.await();
                    served.becameFree(free);
                    throw new SandboxException.NoCapacity("served");
                }
            }
        });
        List<Thread> waiting = new ArrayList<>();
        try (ExecutorService executor = Executors.newFixedThreadPool(2)) {
            Future<Leaf> first = executor.submit(() -> cache.createLeaf(served));
            inside.await();
            Future<Leaf> second = executor.submit(() -> {
                synchronized (waiting) {
                    waiting.add(Thread.currentThread());
                }
                return cache.createLeaf(pool.request(lambda("pandas==2.2.3")));
            });
            while (!allWait(waiting, 1)) {
                Thread.sleep(1);
            }
            go.countDown();
            assertSame(free, first.get());
            second.get().destroy();
        }
        assertEquals(5, pool.made().getLast().parent().orElseThrow().size());
        assertEquals(1L, cache.statistics().get("leaves_from_nodes"));
        assertEquals(0L, cache.statistics().get("zygotes_without_room"));
        free.destroy();
    }

    @Test
    void aZygoteThatCannotForkItsLeafIsReplacedOnceAndCounted() throws Exception {
        TreeCache cache = cache(DATA);
        AtomicInteger failures = new AtomicInteger(1);
        pool.trouble(new Trouble() {
            @Override
            public void beforeLeaf(Optional<Zygote> parent, LeafSpec spec) throws SandboxException {
                if (failures.getAndDecrement() > 0) {
                    throw new SandboxException.ZygoteGone("does not answer");
                }
            }
        });
        assertEquals(5, leafOf(cache, "pandas==2.2.3").parent().orElseThrow().size());
        assertEquals(1L, cache.statistics().get("zygotes_replaced"));
        assertEquals(4L, cache.statistics().get("zygotes_made"), "root, numpy, pandas twice");
        assertEquals(3L, cache.statistics().get("zygotes_live"));
    }

    @Test
    void withoutMemoryForAnyZygoteTheLeafIsFresh() throws Exception {
        TreeCache cache = cache(DATA);
        failZygotes(pool, spec -> true, new SandboxException.NoCapacity("full"));
        assertEquals(Optional.empty(), leafOf(cache, "pandas==2.2.3").parent());
        assertEquals(1L, cache.statistics().get("leaves_fresh"));
    }

    @Test
    void theDefaultTreeServesLambdasWithNothingButTheirOwnPackages() throws Exception {
        TreeCache cache = cache(TreeReader.bundled(), pool, packages, TreeOptions.DEFAULT);
        assertTrue(leafOf(cache, "pandas==2.2.3").parent().orElseThrow().contains(PackageId.parse("pandas==2.2.3")));
        assertTrue(leafOf(cache, "numpy==2.1.3").parent().orElseThrow().contains(PackageId.parse("numpy==2.1.3")));
        FakePackages later = new FakePackages().add("numpy==3.0", 90, 14).add("pandas==4.0", 200, 30, "numpy");
        FakeSandboxes sandboxes = new FakeSandboxes(later, 1000);
        TreeCache other = cache(TreeReader.bundled(), sandboxes, later, TreeOptions.DEFAULT);
        other.createLeaf(sandboxes.request(FakeContext.leaf("f", later.pins("pandas==4.0"))));
        assertEquals(
                Optional.of(ids("numpy==3.0", "pandas==4.0")),
                sandboxes.made().getLast().parent(),
                "a later pandas with fewer dependencies is served as well");
    }

    @Test
    void threadsThatNeedTheSameZygoteMakeItOnce() throws Exception {
        TreeCache cache = cache(DATA);
        pool.pause(Duration.ofMillis(5));
        together(64, () -> cache.createLeaf(pool.request(lambda("pandas==2.2.3"))));
        assertEquals(3, pool.zygotesMade());
    }

    @Test
    void threadsThatWaitForAFailureFailWithItInsteadOfTryingOneAfterAnother() throws Exception {
        TreeCache cache = cache(DATA);
        AtomicInteger tries = new AtomicInteger();
        CountDownLatch go = new CountDownLatch(1);
        pool.trouble(new Trouble() {
            @Override
            public void beforeZygote(Optional<Zygote> parent, ZygoteSpec spec)
                    throws SandboxException, InterruptedException {
                tries.incrementAndGet();
                go.await();
                throw new SandboxException.TimedOut("python hangs");
            }
        });
        try (ExecutorService executor = Executors.newFixedThreadPool(32)) {
            List<Future<?>> all = new ArrayList<>();
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 32; i++) {
                all.add(executor.submit(() -> {
                    synchronized (threads) {
                        threads.add(Thread.currentThread());
                    }
                    return assertThrows(
                            SandboxException.TimedOut.class,
                            () -> cache.createLeaf(pool.request(lambda("six==1.17.0"))));
                }));
            }
            while (!allWait(threads, 32)) {
                Thread.sleep(1);
            }
            go.countDown();
            for (Future<?> each : all) {
                each.get();
            }
        }
        assertEquals(1, tries.get());
    }

    private static boolean allWait(List<Thread> threads, int count) {
        synchronized (threads) {
            return threads.size() == count && threads.stream().allMatch(t -> t.getState() == Thread.State.WAITING);
        }
    }

    @Test
    void makingOneZygoteHoldsUpNobodyWhoNeedsAnother() throws Exception {
        TreeCache cache = cache(DATA);
        leafOf(cache, "six==1.17.0");
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        pool.trouble(new Trouble() {
            @Override
            public void beforeZygote(Optional<Zygote> parent, ZygoteSpec spec) throws InterruptedException {
                if (has("pandas").test(spec)) {
                    inside.countDown();
                    go.await();
                }
            }
        });
        try (ExecutorService executor = Executors.newFixedThreadPool(2)) {
            Future<?> slow = executor.submit(() -> cache.createLeaf(pool.request(lambda("pandas==2.2.3"))));
            inside.await();
            assertEquals(
                    Optional.of(ids("numpy==2.2.3")),
                    leafOf(cache, "numpy==2.2.3").parent());
            leafOf(cache, "flask==3.1.0");
            assertFalse(slow.isDone());
            go.countDown();
            slow.get();
        }
    }

    @Test
    void aZygoteThatIsBornAfterCloseIsDestroyed() throws Exception {
        TreeCache cache = cache(DATA);
        pool.trouble(new Trouble() {
            @Override
            public void beforeZygote(Optional<Zygote> parent, ZygoteSpec spec) {
                if (has("pandas").test(spec)) {
                    cache.close();
                }
            }
        });
        SandboxException error = assertThrows(SandboxException.class, () -> leafOf(cache, "pandas==2.2.3"));
        assertTrue(
                error.getMessage().contains("closed") || error instanceof SandboxException.ZygoteGone,
                error.toString());
        assertEquals(List.of(), pool.zygotes());
        assertThrows(SandboxException.class, () -> leafOf(cache, "pandas==2.2.3"));
        assertEquals(List.of(), pool.zygotes());
    }

    @Test
    void lambdasWithoutEndDoNotFillTheMemoryOfTheWorker() throws Exception {
        FakePackages many = new FakePackages();
        for (int i = 0; i < 3000; i++) {
            many.add("p==1." + i, 1, 1);
        }
        FakeSandboxes small = new FakeSandboxes(many, 100);
        TreeCache cache = cache(
                TreeReader.text("{\"children\": [{\"packages\": [\"p\"]}]}", "t.json", Path.of(".")),
                small,
                many,
                TreeOptions.DEFAULT);
        for (int i = 0; i < 3000; i++) {
            cache.createLeaf(small.request(FakeContext.leaf("f", many.pins("p==1." + i))))
                    .destroy();
        }
        assertEquals((long) small.zygotes().size(), cache.statistics().get("zygotes_live"));
        cache.close();
        assertEquals(List.of(), small.zygotes());
    }

    @Test
    void theShapeMarksLivingZygotesAndCountsHits() throws Exception {
        TreeCache cache = cache(DATA);
        leafOf(cache, "numpy==2.1.3");
        leafOf(cache, "numpy==2.2.3");
        leafOf(cache, "pandas==2.2.3");
        CacheShape.Node numpy = cache.shape().roots().getFirst().children().getFirst();
        assertAll(
                () -> assertEquals(List.of("numpy"), numpy.packages()),
                () -> assertEquals(2, numpy.zygotes().size()),
                () -> assertEquals(2, numpy.hits()),
                () -> assertEquals(1, numpy.children().getFirst().hits()),
                () -> assertEquals(3L, cache.statistics().get("leaves_from_nodes")),
                () -> assertEquals("""
                    (root)        ● zygote-1
                    ├─ numpy      ●● zygote-2 zygote-3  2 hits
                    │  └─ pandas  ● zygote-4  1 hit
                    ├─ requests
                    │  └─ flask
                    └─ flask
                    """, TreeText.of(cache.shape())));
    }

    /** The safety rule, from outside: whatever the tree, the lambda and the versions, no leaf inherits too much. */
    @Test
    void noLeafEverInheritsAPackageThatItsLambdaDidNotPin() throws Exception {
        int forkedFromNodes = 0;
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            FakePackages known = FakePackages.random(random, 1 + random.nextInt(15), 3);
            FakeSandboxes sandboxes = new FakeSandboxes(known, 64 * 1024);
            sandboxes.trouble(new Trouble() {
                @Override
                public void beforeZygote(Optional<Zygote> parent, ZygoteSpec spec) throws SandboxException {
                    if (random.nextInt(20) == 0) {
                        throw new SandboxException.ImportFailed("bad luck", "Traceback");
                    }
                    if (random.nextInt(20) == 0) {
                        sandboxes.killZygotes();
                    }
                }
            });
            TreeCache cache = cache(RandomTrees.of(random, known), sandboxes, known, TreeOptions.DEFAULT);
            for (int i = 0; i < 60; i++) {
                Set<PackageId> pins = new HashSet<>(known.randomPins(random, 8));
                if (random.nextInt(4) == 0 && !pins.isEmpty()) {
                    pins.remove(pins.iterator().next());
                }
                try {
                    cache.createLeaf(sandboxes.request(FakeContext.leaf("f" + i, pins)))
                            .destroy();
                } catch (SandboxException passedOn) {
                    continue;
                }
                List<PackageId> inherited = sandboxes.made().getLast().parent().orElse(List.of());
                assertTrue(pins.containsAll(inherited), () -> "lambda with " + pins + " was forked from " + inherited);
                forkedFromNodes += inherited.isEmpty() ? 0 : 1;
                clock.addAndGet(Duration.ofMillis(random.nextInt(3000)).toNanos());
            }
            cache.close();
            assertEquals(List.of(), sandboxes.violations());
            assertEquals(0, sandboxes.memory().reservedBytes());
        }
        assertTrue(forkedFromNodes > 3000, "the trees were of use: " + forkedFromNodes);
    }

    private interface Call {
        Object run() throws Exception;
    }

    private static void together(int count, Call call) throws Exception {
        CountDownLatch ready = new CountDownLatch(count);
        try (ExecutorService executor = Executors.newFixedThreadPool(count)) {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                all.add(executor.submit(() -> {
                    ready.countDown();
                    ready.await();
                    return call.run();
                }));
            }
            for (Future<?> each : all) {
                each.get();
            }
        }
    }
}
