package io.zygotes.plugin.tree;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.plugin.tree.fit.Trace;
import io.zygotes.plugin.tree.model.TreeReader;
import io.zygotes.plugin.tree.model.ZygoteTree;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.ImportCache;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSpec;
import io.zygotes.spi.testkit.FakeContext;
import io.zygotes.spi.testkit.FakePackages;
import io.zygotes.spi.testkit.FakeSandboxes;
import io.zygotes.spi.testkit.Trouble;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
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
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
final class AutoTreeTest {

    /** Serves pandas only half of what it could, and flask not at all. */
    private static final String FIRST = "{\"children\": [{\"packages\": [\"numpy\"]}, {\"packages\": [\"six\"]}]}";

    private final FakePackages packages = FakePackages.wellKnown().measureAll();
    private final FakeSandboxes pool = new FakeSandboxes(packages, 64 * 1024);
    private final List<ImportCache> open = new ArrayList<>();

    private AutoTree auto(String tree, AutoOptions options) throws Exception {
        return auto(TreeReader.text(tree, "t.json", Path.of(".")), options, pool, packages);
    }

    private AutoTree auto(ZygoteTree tree, AutoOptions options, FakeSandboxes sandboxes, FakePackages known) {
        FakeContext context = new FakeContext(sandboxes, known, Map.of(), Optional.empty(), Path.of("."));
        AutoTree auto = new AutoTree(tree, TreeOptions.DEFAULT, options, context);
        sandboxes.listener(auto::onEvent);
        open.add(auto);
        return auto;
    }

    @AfterEach
    void everyZygoteIsGoneAfterClose() {
        open.forEach(ImportCache::close);
        assertEquals(List.of(), pool.zygotes());
        assertEquals(List.of(), pool.violations());
    }

    private LeafSpec lambda(String... pins) {
        return FakeContext.leaf(String.join("+", pins), packages.pins(pins));
    }

    private void call(AutoTree auto, int times, String... pins) throws Exception {
        for (int i = 0; i < times; i++) {
            auto.createLeaf(pool.request(lambda(pins))).destroy();
        }
    }

    private Set<Set<PackageId>> zygotes() {
        return pool.zygotes().stream()
                .map(zygote -> Set.copyOf(zygote.packages()))
                .collect(Collectors.toSet());
    }

    @Test
    void itMovesToATreeThatServesItsTraffic() throws Exception {
        AutoTree auto = auto(FIRST, AutoOptions.DEFAULT);
        call(auto, 30, "pandas==2.2.3");
        call(auto, 30, "flask==3.1.0");

        assertTrue(auto.refit());

        assertTrue(auto.tree().toString().contains("pandas"), auto.tree().toString());
        int made = pool.zygotesMade();
        call(auto, 1, "pandas==2.2.3");
        assertEquals(
                Optional.of(packages.pins("pandas==2.2.3")),
                pool.made().getLast().parent().map(Set::copyOf));
        call(auto, 1, "flask==3.1.0");
        assertEquals(
                Optional.of(packages.pins("flask==3.1.0")),
                pool.made().getLast().parent().map(Set::copyOf));
        assertEquals(made, pool.zygotesMade(), "nobody waits for a zygote after the move");
    }

    @Test
    void whatIsUnfitForZygotesIsInNoTreeThatItLearns() throws Exception {
        AutoTree auto = auto(FIRST, AutoOptions.DEFAULT);
        packages.makeUnfit("numpy==2.2.3", "it keeps a socket open");
        call(auto, 30, "pandas==2.2.3");
        call(auto, 30, "flask==3.1.0");

        assertTrue(auto.refit());

        String learned = auto.tree().toString();
        assertTrue(learned.contains("flask"), learned);
        assertFalse(learned.contains("numpy") || learned.contains("pandas"), learned);
    }

    @Test
    void zygotesOfBothTreesStayAndTheOthersEnd() throws Exception {
        AutoTree auto = auto(FIRST, AutoOptions.DEFAULT);
        call(auto, 5, "six==1.17.0");
        call(auto, 50, "pandas==2.2.3");
        call(auto, 50, "numpy==2.2.3");
        List<Zygote> before = pool.zygotes();
        assertEquals(3, before.size(), "root, numpy, six");

        assertTrue(auto.refit());

        Set<Set<PackageId>> shared = new HashSet<>();
        for (Zygote zygote : before) {
            boolean inBoth = auto.tree().places().stream()
                    .anyMatch(place ->
                            Set.copyOf(zygote.packages()).equals(place.path().isEmpty() ? Set.of() : closure(place)));
            assertEquals(inBoth, zygote.alive(), zygote.packages() + " in " + auto.tree());
            if (inBoth) {
                shared.add(Set.copyOf(zygote.packages()));
            }
        }
        assertTrue(shared.contains(Set.<PackageId>of()), "the root is in every tree");
        assertTrue(shared.contains(packages.pins("numpy==2.2.3")), shared.toString());
        assertTrue(zygotes().containsAll(shared));
    }

    private Set<PackageId> closure(ZygoteTree.Place place) {
        return packages.pins(place.path().stream()
                .map(each -> packages.versions(each.name()).getLast().toString())
                .toArray(String[]::new));
    }

    @Test
    void aZygoteThatTheNewTreeLacksEnds() throws Exception {
        AutoTree auto = auto(FIRST, new AutoOptions(Duration.ofMinutes(1), 0.05, 2, 1));
        call(auto, 1, "six==1.17.0");
        call(auto, 100, "flask==3.1.0");
        assertEquals(Set.of(Set.of(), packages.pins("six==1.17.0")), zygotes());

        assertTrue(auto.refit());

        assertEquals(Set.of(Set.of(), packages.pins("flask==3.1.0")), zygotes());
        assertEquals(2, auto.statistics().get("nodes").intValue());
        assertEquals(1L, auto.statistics().get("refit_moves"));
    }

    @Test
    void aZygoteInUseEndsOnlyWhenItsLeafIsMade() throws Exception {
        AutoTree auto = auto(FIRST, new AutoOptions(Duration.ofMinutes(1), 0.05, 2, 1));
        call(auto, 1, "six==1.17.0");
        call(auto, 100, "flask==3.1.0");
        CountDownLatch under = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        pool.trouble(new Trouble() {
            @Override
            public void beforeLeaf(Optional<Zygote> parent, LeafSpec spec) throws InterruptedException {
                if (spec.lambda().startsWith("six")) {
                    under.countDown();
                    goOn.await();
                }
            }
        });
        try (ExecutorService threads = Executors.newSingleThreadExecutor()) {
            Future<Leaf> leaf = threads.submit(() -> auto.createLeaf(pool.request(lambda("six==1.17.0"))));
            under.await();

            assertTrue(auto.refit());

            assertTrue(zygotes().contains(packages.pins("six==1.17.0")), "it is being forked");
            goOn.countDown();
            assertTrue(leaf.get().alive());
            leaf.get().destroy();
        }
        assertFalse(auto.refit(), "nothing better than what it has");
        auto.clearAwayUnused();
        assertEquals(Set.of(Set.of(), packages.pins("flask==3.1.0")), zygotes());
    }

    @Test
    void aGainBelowTheThresholdChangesNothing() throws Exception {
        // The tree lacks idna alone: 3 of 74 ms.
        String nearly = "{\"children\": [{\"packages\": [\"certifi\", \"urllib3\"]}]}";
        for (double share : new double[] {0.9, 0.1}) {
            AutoTree auto = auto(nearly, new AutoOptions(Duration.ofMinutes(1), share, 40, 1));
            call(auto, 50, "requests==2.32.3");
            ZygoteTree before = auto.tree();
            boolean pays = share == 0.1;

            assertEquals(pays, auto.refit());

            assertEquals(pays, !before.equals(auto.tree()));
            assertEquals(1L, auto.statistics().get("refits"));
        }
    }

    @Test
    void withoutTrafficItStaysAsItIs() throws Exception {
        AutoTree auto = auto(FIRST, AutoOptions.DEFAULT);
        assertFalse(auto.refit());
        call(auto, 10);
        assertFalse(auto.refit(), "lambdas without packages need no tree");
        assertEquals(0L, auto.statistics().get("refit_moves"));
    }

    @Test
    void theSameTrafficGivesTheSameTree() throws Exception {
        List<ZygoteTree> trees = new ArrayList<>();
        for (int run = 0; run < 2; run++) {
            Random random = new Random(7);
            FakePackages known = FakePackages.random(random, 30, 2).measureAll();
            FakeSandboxes sandboxes = new FakeSandboxes(known, 64 * 1024);
            AutoTree auto = auto(TreeReader.bundled(), AutoOptions.DEFAULT, sandboxes, known);
            for (int i = 0; i < 200; i++) {
                auto.createLeaf(sandboxes.request(FakeContext.leaf("f" + i, known.randomPins(random, 4))))
                        .destroy();
            }
            assertTrue(auto.refit());
            trees.add(auto.tree());
        }
        assertEquals(trees.get(0), trees.get(1));
    }

    @Test
    void aZygoteThatCannotBeMadeDoesNotKeepItFromMoving() throws Exception {
        AutoTree auto = auto(FIRST, AutoOptions.DEFAULT);
        call(auto, 30, "flask==3.1.0");
        pool.trouble(new Trouble() {
            @Override
            public void beforeZygote(Optional<Zygote> parent, ZygoteSpec spec) throws SandboxException {
                throw new SandboxException.ImportFailed("flask", "Traceback");
            }
        });
        assertTrue(auto.refit());
        call(auto, 1, "flask==3.1.0");
        assertEquals(Optional.of(List.of()), pool.made().getLast().parent(), "from the root, which lives");
    }

    @Test
    void nothingIsLostOrUnsafeWhileLeavesAreMadeAndTreesChange() throws Exception {
        Random random = new Random(3);
        FakePackages known = FakePackages.random(random, 40, 3).measureAll();
        FakeSandboxes sandboxes = new FakeSandboxes(known, 64 * 1024);
        AutoTree auto = auto(TreeReader.bundled(), new AutoOptions(Duration.ofMinutes(1), 0, 10, 1), sandboxes, known);
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            for (int round = 0; round < 6; round++) {
                List<Future<?>> calls = new ArrayList<>();
                for (int thread = 0; thread < 8; thread++) {
                    Random own = new Random(round * 100L + thread);
                    calls.add(threads.submit(() -> {
                        for (int i = 0; i < 100; i++) {
                            auto.createLeaf(sandboxes.request(FakeContext.leaf("f", known.randomPins(own, 3))))
                                    .destroy();
                        }
                        return null;
                    }));
                }
                auto.refit();
                for (Future<?> call : calls) {
                    call.get();
                }
            }
        }
        auto.clearAwayUnused();
        assertTrue((long) auto.statistics().get("refit_moves") > 0);
        assertEquals(0L, auto.statistics().get("zygotes_replaced"), "no leaf found its zygote gone");
        assertEquals(4800, sandboxes.leavesMade());
        auto.close();
        assertEquals(List.of(), sandboxes.zygotes());
        assertEquals(List.of(), sandboxes.violations());
    }

    @Test
    void theThreadRefitsByItselfAndEndsWithTheCache() throws Exception {
        FakeContext context =
                new FakeContext(pool, packages, Map.of("refit_seconds", 1), Optional.of("auto"), Path.of("."));
        ImportCache cache = new TreeProvider().create(context);
        open.add(cache);
        assertInstanceOf(AutoTree.class, cache);
        pool.listener(cache::onEvent);
        for (int i = 0; i < 30; i++) {
            cache.createLeaf(pool.request(lambda("pandas==2.2.3", "flask==3.1.0")))
                    .destroy();
        }
        while (cache.statistics().get("refit_moves").longValue() == 0) {
            Thread.sleep(20);
        }
        cache.close();
        assertFalse(Thread.getAllStackTraces().keySet().stream()
                .anyMatch(thread -> thread.getName().equals("tree-refit")));
        assertEquals(List.of(), pool.zygotes());
    }

    private AutoTree kept(FakeContext context, AutoOptions options) throws Exception {
        AutoTree auto =
                new AutoTree(TreeReader.text(FIRST, "t.json", Path.of(".")), TreeOptions.DEFAULT, options, context);
        pool.listener(auto::onEvent);
        open.add(auto);
        return auto;
    }

    private FakeContext keeping(Path state) {
        return new FakeContext(pool, packages, Map.of(), Optional.of("auto"), Path.of(".")).keeping(state);
    }

    private static List<String> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void aRestartGoesOnWithTheTreeAndTheCounts(@TempDir Path state) throws Exception {
        Path own = state.resolve("not/yet/there");
        AutoTree before = kept(keeping(own), AutoOptions.DEFAULT);
        call(before, 30, "flask==3.1.0");
        call(before, 20, "pandas==2.2.3");
        assertTrue(before.refit());
        call(before, 1, "flask==3.1.0");
        before.close();
        assertEquals(List.of(AutoMemory.FILE), files(own));

        AutoTree after = kept(keeping(own), AutoOptions.DEFAULT);

        assertEquals(before.tree(), after.tree());
        assertEquals(2, after.statistics().get("refit_lambdas"));
        call(after, 1, "flask==3.1.0");
        assertEquals(
                Optional.of(packages.pins("flask==3.1.0")),
                pool.made().getLast().parent().map(Set::copyOf));
        assertFalse(after.refit(), "the same counts give the same tree");
        after.close();
        assertEquals(
                List.of(
                        new Trace.Calls(packages.pins("pandas==2.2.3"), 20),
                        new Trace.Calls(packages.pins("flask==3.1.0"), 32)),
                new AutoMemory(own).load().calls(),
                "what was asked for last stands last");
    }

    @Test
    void countsAreKeptFromBeforeTheFirstMoveToo(@TempDir Path state) throws Exception {
        AutoTree before = kept(keeping(state), AutoOptions.DEFAULT);
        call(before, 30, "flask==3.1.0");
        before.close();

        AutoTree after = kept(keeping(state), AutoOptions.DEFAULT);

        assertEquals(Optional.empty(), new AutoMemory(state).load().tree(), "the tree of the start is not learned");
        assertEquals(TreeReader.text(FIRST, "t.json", Path.of(".")), after.tree());
        assertTrue(after.refit());
        assertTrue(after.tree().toString().contains("flask"), after.tree().toString());
    }

    @Test
    void aTreeWithMoreNodesThanAllowedNowIsNotTakenUp(@TempDir Path state) throws Exception {
        AutoTree before = kept(keeping(state), AutoOptions.DEFAULT);
        call(before, 30, "flask==3.1.0");
        call(before, 30, "pandas==2.2.3");
        assertTrue(before.refit());
        before.close();

        AutoTree after = kept(keeping(state), new AutoOptions(Duration.ofMinutes(1), 0.05, 2, 1));

        assertEquals(TreeReader.text(FIRST, "t.json", Path.of(".")), after.tree());
        assertEquals(2, after.statistics().get("refit_lambdas"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "nonsense",
                "{\"version\":1,\"calls\":[",
                "[]",
                "{\"version\":2,\"calls\":[]}",
                "{\"version\":1}",
                "{\"version\":1,\"calls\":[{\"packages\":[\"numpy\"],\"count\":1}]}",
                "{\"version\":1,\"calls\":[{\"packages\":[],\"count\":0}]}",
                "{\"version\":1,\"calls\":[7]}",
                "{\"version\":1,\"calls\":[],\"tree\":{\"packages\":[\"numpy\"]}}",
                "{\"version\":1,\"calls\":[],\"tree\":{\"children\":[{\"packages\":[\"a\",\"a\"]}]}}"
            })
    void aFileThatCannotBeUsedIsSetAsideAndTheWorkerStarts(String content, @TempDir Path state) throws Exception {
        Files.writeString(state.resolve(AutoMemory.FILE), content);

        AutoTree auto = kept(keeping(state), AutoOptions.DEFAULT);

        assertEquals(TreeReader.text(FIRST, "t.json", Path.of(".")), auto.tree());
        assertEquals(List.of(AutoMemory.BROKEN), files(state));
        assertEquals(content, Files.readString(state.resolve(AutoMemory.BROKEN)));
        call(auto, 1, "six==1.17.0");
        auto.close();
        assertEquals(List.of(AutoMemory.FILE, AutoMemory.BROKEN), files(state));
    }

    @Test
    void aFolderThatCannotBeWrittenIsNoReasonToFail(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("state"), "a file, not a folder");
        AutoTree auto = kept(keeping(file), AutoOptions.DEFAULT);
        call(auto, 30, "flask==3.1.0");
        assertTrue(auto.refit());
        auto.close();
        assertEquals("a file, not a folder", Files.readString(file));
    }

    @Test
    void aReloadReadsWhatTheOneBeforeHasNotWrittenYet(@TempDir Path state) throws Exception {
        AutoTree before = kept(keeping(state), AutoOptions.DEFAULT);
        call(before, 30, "flask==3.1.0");

        AutoTree after = kept(keeping(state), AutoOptions.DEFAULT);
        call(after, 2, "flask==3.1.0");
        after.close();
        before.close();

        assertEquals(
                List.of(new Trace.Calls(packages.pins("flask==3.1.0"), 32)),
                new AutoMemory(state).load().calls());
    }

    /** As a reload does it: the next cache starts while this one works, and this one is closed afterwards. */
    @Test
    void aReloadGoesOnWithWhatWasLearned(@TempDir Path state) throws Exception {
        FakeContext context = new FakeContext(
                pool, packages, Map.of("refit_seconds", 1), Optional.of("auto"), Path.of("."), Optional.of(state));
        ImportCache before = new TreeProvider().create(context);
        open.add(before);
        pool.listener(before::onEvent);
        for (int i = 0; i < 30; i++) {
            before.createLeaf(pool.request(lambda("pandas==2.2.3", "flask==3.1.0")))
                    .destroy();
        }
        while (new AutoMemory(state).load().tree().isEmpty()) {
            Thread.sleep(20);
        }

        ImportCache after = new TreeProvider().create(context);
        open.add(after);
        before.close();

        assertEquals(before.statistics().get("nodes"), after.statistics().get("nodes"));
        assertEquals(1, after.statistics().get("refit_lambdas"));
        after.createLeaf(pool.request(lambda("pandas==2.2.3", "flask==3.1.0"))).destroy();
        after.close();
        assertEquals(31, new AutoMemory(state).load().calls().getFirst().count());
        assertEquals(List.of(AutoMemory.FILE), files(state));
    }

    @Test
    void requestsGoOnWhileTheZygotesOfTheNextTreeAreMade() throws Exception {
        AutoTree auto = auto(FIRST, AutoOptions.DEFAULT);
        call(auto, 30, "flask==3.1.0");
        call(auto, 5, "numpy==2.2.3");
        CountDownLatch under = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        pool.trouble(new Trouble() {
            @Override
            public void beforeZygote(Optional<Zygote> parent, ZygoteSpec spec) throws InterruptedException {
                under.countDown();
                goOn.await();
            }
        });
        try (ExecutorService threads = Executors.newSingleThreadExecutor()) {
            Future<Boolean> moving = threads.submit(() -> auto.refit());
            under.await();

            call(auto, 3, "flask==3.1.0");
            call(auto, 3, "numpy==2.2.3");
            assertFalse(moving.isDone());

            goOn.countDown();
            assertTrue(moving.get());
        }
        int made = pool.zygotesMade();
        call(auto, 1, "flask==3.1.0");
        assertEquals(made, pool.zygotesMade());
    }

    @Test
    void optionsAreChecked() {
        for (Map<String, Object> wrong : List.<Map<String, Object>>of(
                Map.of("refit_seconds", 0), Map.of("refit_gain_percent", 101), Map.of("refit_nodes", 0))) {
            FakeContext context = new FakeContext(pool, packages, wrong, Optional.of("auto"), Path.of("."));
            ConfigException e = assertThrows(ConfigException.class, () -> new TreeProvider().create(context));
            assertTrue(e.getMessage().contains(wrong.keySet().iterator().next()), e.getMessage());
        }
    }

    @Test
    void trafficIsBoundedAndFades() {
        Traffic traffic = new Traffic(2, 10);
        Set<PackageId> a = packages.pins("six==1.17.0");
        Set<PackageId> b = packages.pins("numpy==2.2.3");
        Set<PackageId> c = packages.pins("numpy==2.1.3");
        for (Set<PackageId> each : List.of(a, a, a, b, c, b)) {
            traffic.count(each);
        }
        assertEquals(
                List.of(new Trace.Calls(b, 2), new Trace.Calls(c, 1)),
                traffic.calls(),
                "the one that was asked for longest ago is forgotten");
        for (int i = 0; i < 7; i++) {
            traffic.count(b);
        }
        assertEquals(List.of(new Trace.Calls(b, 4)), traffic.calls(), "halved");
        assertEquals(13, traffic.seen());
    }
}
