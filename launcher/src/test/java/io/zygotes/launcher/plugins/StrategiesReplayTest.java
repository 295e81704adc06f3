package io.zygotes.launcher.plugins;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.spi.ImportCacheProvider;
import io.zygotes.spi.testkit.CallTrace;
import io.zygotes.spi.testkit.FakePackages;
import io.zygotes.spi.testkit.Replay;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The three strategies of the image, side by side on one trace in the test kit's model. */
class StrategiesReplayTest {

    private static final int CALLS = 3000;
    private static final long POOL_MIB = 3000;

    @TempDir
    Path folder;

    private ImportCaches caches;
    private Replay replay;

    @BeforeEach
    void makeTrace() throws Exception {
        caches = ImportCaches.find(folder, List.of(), "test");
        FakePackages packages = FakePackages.wellKnown();
        CallTrace trace = CallTrace.random(new Random(11), packages, 60, CALLS);
        List<Object> children = new ArrayList<>();
        packages.names().forEach(name -> children.add(Map.of("packages", List.of(name))));
        replay = Replay.of(trace, POOL_MIB)
                .withTree(Map.of("children", children))
                .withoutWarmLeaves();
    }

    private ImportCacheProvider named(String name) throws Exception {
        return caches.byName("test", name).provider();
    }

    private static long calls(Replay.Outcome outcome) {
        return outcome.warm() + outcome.hits() + outcome.cold() + outcome.failed();
    }

    @Test
    void withoutZygotesEveryCallIsCold() throws Exception {
        Replay.Outcome none = replay.run(named("none"));

        assertEquals(CALLS, none.cold());
        assertEquals(0, none.zygotesMade());
    }

    @Test
    void aTreeSavesMostOfTheTime() throws Exception {
        Replay.Outcome none = replay.run(named("none"));
        Replay.Outcome tree = replay.run(named("tree"));

        assertEquals(CALLS, calls(tree));
        assertEquals(0, tree.failed());
        assertTrue(tree.totalMillis() < none.totalMillis() / 2, none + "\n" + tree);
        assertTrue(tree.hits() > tree.cold(), tree.toString());
        assertTrue(tree.mostReservedBytes() <= POOL_MIB << 20, tree.toString());
    }

    @Test
    void severalTreesMakeTheirZygotesSeveralTimes() throws Exception {
        Replay.Outcome tree = replay.run(named("tree"));
        Replay.Outcome multitree =
                replay.withOptions(Map.of("trees", 4, "seed", 5)).run(named("multitree"));

        assertEquals(CALLS, calls(multitree));
        assertTrue(multitree.zygotesMade() > tree.zygotesMade(), tree + "\n" + multitree);
        assertTrue(multitree.hits() > multitree.cold(), multitree.toString());
    }

    @Test
    void warmLeavesLeaveLittleForAStrategyToDo() throws Exception {
        CallTrace trace = CallTrace.random(new Random(11), FakePackages.wellKnown(), 60, CALLS);

        Replay.Outcome none = Replay.of(trace, POOL_MIB).run(named("none"));

        assertTrue(none.warm() > none.cold(), none.toString());
    }

    @Test
    void whatIsReplayedTwiceComesOutTheSame() throws Exception {
        Replay seeded = replay.withOptions(Map.of("trees", 4, "seed", 5));

        assertEquals(replay.run(named("tree")), replay.run(named("tree")));
        assertEquals(seeded.run(named("multitree")), seeded.run(named("multitree")));
    }
}
