package io.zygotes.spi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.spi.testkit.CallTrace;
import io.zygotes.spi.testkit.FakePackages;
import io.zygotes.spi.testkit.FakeSandboxes;
import io.zygotes.spi.testkit.Replay;
import io.zygotes.spi.testkit.TraceFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The test kit's replay of traces, with strategies of a few lines. */
class ReplayTest {

    private static final double NUMPY_MILLIS = 95;
    private static final FakePackages PACKAGES = FakePackages.wellKnown();
    private static final Set<PackageId> NUMPY = PACKAGES.pins("numpy==2.2.3");

    /** A provider that makes a cache of one method. */
    private record Provider(Maker maker) implements ImportCacheProvider {
        @Override
        public String name() {
            return "test";
        }

        @Override
        public String version() {
            return "1";
        }

        @Override
        public String spiVersion() {
            return SpiVersion.CURRENT;
        }

        @Override
        public String description() {
            return "A test.";
        }

        @Override
        public ImportCache create(ImportCacheContext context) {
            return new Cache(context, maker, new ArrayList<>());
        }
    }

    @FunctionalInterface
    private interface Maker {
        Leaf make(ImportCacheContext context, List<Zygote> zygotes, LeafRequest request)
                throws SandboxException, InterruptedException;
    }

    private record Cache(ImportCacheContext context, Maker maker, List<Zygote> zygotes) implements ImportCache {
        @Override
        public Leaf createLeaf(LeafRequest request) throws SandboxException, InterruptedException {
            return maker.make(context, zygotes, request);
        }

        @Override
        public void close() {
            zygotes.forEach(Zygote::destroy);
        }
    }

    private static final Provider FRESH = new Provider(
            (context, zygotes, request) -> request.sandboxes().createLeaf(Optional.empty(), request.spec()));

    /** Keeps one zygote with the packages of whoever came first. */
    private static final Provider ONE_ZYGOTE = new Provider((context, zygotes, request) -> {
        if (zygotes.isEmpty()) {
            zygotes.add(request.sandboxes()
                    .createZygote(
                            Optional.empty(),
                            new ZygoteSpec(List.copyOf(request.spec().packages()), context.zygoteLimits())));
        }
        return request.sandboxes().createLeaf(Optional.of(zygotes.getFirst()), request.spec());
    });

    private static CallTrace.Call call(double at, String lambda, double run) {
        return new CallTrace.Call(at, lambda, NUMPY, run);
    }

    private static CallTrace trace(CallTrace.Call... calls) {
        return new CallTrace(PACKAGES, List.of(calls));
    }

    @Test
    void aCallThatComesWhenAnEarlierOneIsOverFindsItsLeafWarm() throws Exception {
        Replay.Outcome outcome =
                Replay.of(trace(call(0, "a", 10), call(1000, "a", 10)), 1000).run(FRESH);

        assertEquals(1, outcome.cold());
        assertEquals(1, outcome.warm());
        assertEquals(List.of(0.0, FakeSandboxes.FRESH_MILLIS + NUMPY_MILLIS), outcome.startMillis());
    }

    @Test
    void callsAtTheSameTimeNeedALeafEach() throws Exception {
        Replay.Outcome outcome =
                Replay.of(trace(call(0, "a", 10), call(5, "a", 10)), 1000).run(FRESH);

        assertEquals(2, outcome.cold());
    }

    @Test
    void whoWaitsForAZygotePaysForItAndTheNextOneForksOnly() throws Exception {
        Replay.Outcome outcome =
                Replay.of(trace(call(0, "a", 10), call(1000, "b", 10)), 1000).run(ONE_ZYGOTE);

        double fork = FakeSandboxes.FORK_MILLIS + 15 * FakeSandboxes.FORK_MILLIS_PER_MIB;
        assertEquals(1, outcome.cold());
        assertEquals(1, outcome.hits());
        assertEquals(1, outcome.zygotesMade());
        assertEquals(fork, outcome.startMillis().getFirst(), 1e-9);
        assertEquals(FakeSandboxes.FRESH_MILLIS + NUMPY_MILLIS + fork, outcome.percentile(1), 1e-9);
    }

    @Test
    void withoutWarmLeavesEveryCallMakesOne() throws Exception {
        Replay.Outcome outcome = Replay.of(trace(call(0, "a", 10), call(1000, "a", 10)), 1000)
                .withoutWarmLeaves()
                .run(ONE_ZYGOTE);

        assertEquals(0, outcome.warm());
        assertEquals(1, outcome.hits());
    }

    @Test
    void idleLeavesGoWhenMemoryIsShortAndBusyOnesMakeCallsFail() throws Exception {
        CallTrace idle = trace(call(0, "a", 10), call(1000, "b", 10), call(2000, "a", 10));
        CallTrace busy = trace(call(0, "a", 5000), call(1000, "b", 10), call(9000, "a", 10));

        assertEquals(3, Replay.of(idle, 30).run(FRESH).cold());
        Replay.Outcome outcome = Replay.of(busy, 30).run(FRESH);
        assertEquals(1, outcome.failed());
        assertEquals(1, outcome.warm());
        assertTrue(outcome.mostReservedBytes() <= 30 << 20, outcome.toString());
    }

    @Test
    void theSameTraceHasTheSameOutcome() throws Exception {
        CallTrace one = CallTrace.random(new Random(7), FakePackages.random(new Random(3), 20, 2), 30, 500);
        CallTrace two = CallTrace.random(new Random(7), FakePackages.random(new Random(3), 20, 2), 30, 500);

        Replay.Outcome outcome = Replay.of(one, 2000).run(FRESH);

        assertEquals(outcome, Replay.of(two, 2000).run(FRESH));
        assertEquals(500, outcome.warm() + outcome.hits() + outcome.cold() + outcome.failed());
        assertTrue(outcome.toString().contains("warm"), outcome.toString());
    }

    @Test
    void costsAreUnknownAtTheBeginningOfEachRun() throws Exception {
        List<Boolean> known = new ArrayList<>();
        Provider asks = new Provider((context, zygotes, request) -> {
            known.add(context.packages().cost(PackageId.parse("numpy==2.2.3")).isPresent());
            return ONE_ZYGOTE.maker().make(context, zygotes, request);
        });
        Replay replay = Replay.of(trace(call(0, "a", 1), call(1, "b", 1)), 1000);

        replay.run(asks);
        replay.run(asks);

        assertEquals(List.of(false, true, false, true), known);
    }

    @Test
    void settingsReachTheStrategy() throws Exception {
        List<Object> seen = new ArrayList<>();
        ImportCacheProvider looks = new Provider((context, zygotes, request) -> {
            seen.add(context.importCacheTree().orElseThrow());
            seen.add(context.options().integer("size", 1, 0, 10));
            return FRESH.maker().make(context, zygotes, request);
        });

        Replay.of(trace(call(0, "a", 1)), 1000)
                .withTree(Map.of())
                .withOptions(Map.of("size", 5))
                .run(looks);

        assertEquals(List.of(Map.of(), 5), seen);
    }

    @Test
    void aStrategyCanBeGivenTheTimeOfTheTrace() throws Exception {
        double[] now = new double[1];
        List<Double> seen = new ArrayList<>();
        ImportCacheProvider looks = new Provider((context, zygotes, request) -> {
            seen.add(now[0]);
            return FRESH.maker().make(context, zygotes, request);
        });

        Replay.of(trace(call(3, "a", 1), call(5000, "b", 1)), 1000)
                .telling(millis -> now[0] = millis)
                .run(looks);

        assertEquals(List.of(3.0, 5000.0), seen);
    }

    @TempDir
    Path folder;

    @Test
    void whatAWorkerRecordedCanBeReplayed() throws Exception {
        Path old = Files.writeString(folder.resolve("trace.jsonl.1"), """
            {"type":"package","name":"pytz==2025.1","deps":[],"top":["pytz"]}
            {"type":"package","name":"pandas==2.2.3","deps":["numpy==2.2.3"],"top":["pandas"],"import_ms":168.5,"import_mb":33}
            {"type":"function","name":"report","deps":["numpy==2.2.3","pandas==2.2.3"]}
            {"type":"invocation","name":"report","ts":1760000000900,"ms":300,"start":"cold"}
            {"type":"later","name":"unknown"}
            """);
        Path file = Files.writeString(folder.resolve("trace.jsonl"), """
            {"type":"invocation","name":"report","ts":1760000001000,"ms":4.5,"start":"warm"}
            {"type":"invocation","name":"nobody","ts":1760000001000,"ms":4.5,"start":"warm"}
            {"type":"invocation","name":"rep\
            """);

        CallTrace trace = TraceFiles.read(List.of(file, old));

        assertEquals(2, trace.calls().size());
        assertEquals(1760000000600.0, trace.calls().getFirst().atMillis());
        assertEquals(4.5, trace.calls().getLast().runMillis());
        assertEquals(
                PACKAGES.pins("numpy==2.2.3").size() + 1,
                trace.calls().getFirst().pins().size());
        // numpy was never measured: 10 ms.
        assertEquals(
                FakeSandboxes.FRESH_MILLIS + 168.5 + 10,
                Replay.of(trace, 1000).run(FRESH).percentile(1),
                1e-9);
    }

    @Test
    void aLineThatIsNoTraceIsNamed() throws Exception {
        Path file = Files.writeString(folder.resolve("trace.jsonl"), "{\"type\": \"later\"}\nnot JSON\n");

        IOException e = assertThrows(IOException.class, () -> TraceFiles.read(List.of(file)));

        assertTrue(e.getMessage().contains("trace.jsonl, line 2"), e.getMessage());
    }
}
