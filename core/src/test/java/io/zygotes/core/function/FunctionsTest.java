package io.zygotes.core.function;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.zygotes.core.fake.Eventually;
import io.zygotes.core.fake.FakeCache;
import io.zygotes.core.fake.FakeMechanism;
import io.zygotes.core.fake.FakeMechanism.FakeLeaf;
import io.zygotes.core.files.OwnFolder;
import io.zygotes.core.function.Answer.Start;
import io.zygotes.core.network.NetworkSetting;
import io.zygotes.core.packages.InstallNetwork;
import io.zygotes.core.packages.PackageStore;
import io.zygotes.core.packages.WheelCache;
import io.zygotes.core.pool.PendingRequest;
import io.zygotes.core.pool.PoolListener;
import io.zygotes.core.pool.SandboxPool;
import io.zygotes.core.python.HostPip;
import io.zygotes.core.registry.LambdaRegistry;
import io.zygotes.core.registry.LambdaStore;
import io.zygotes.core.registry.RegistryException;
import io.zygotes.core.statistics.Statistics;
import io.zygotes.spi.FunctionZygoteSpec;
import io.zygotes.spi.ImportCache;
import io.zygotes.spi.ImportCost;
import io.zygotes.spi.Invocation;
import io.zygotes.spi.Leaf;
import io.zygotes.spi.LeafRequest;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.Reply;
import io.zygotes.spi.Sandbox;
import io.zygotes.spi.SandboxEvent;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Sandboxes;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSpec;
import io.zygotes.spi.mechanism.Job;
import io.zygotes.spi.mechanism.JobResult;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class FunctionsTest {

    private static final Limits LIMITS = new Limits(100, 10, 100, 0, 3, 64, 8);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final AnswerParts IN_NO_PARTS = new AnswerParts() {
        @Override
        public void begin(Answer head) {
            throw new AssertionError("nobody answers in parts here");
        }

        @Override
        public void write(byte[] part) {
            throw new AssertionError("nobody answers in parts here");
        }
    };

    private static final Invocation CALL = Invocation.post("{}".getBytes());

    @TempDir
    Path folder;

    private final FakeMechanism mechanism = new FakeMechanism();
    private final Statistics statistics = new Statistics();
    private final List<String> answered = new CopyOnWriteArrayList<>();
    /** The files of each call of the compiler. */
    private final List<String> compiled = new CopyOnWriteArrayList<>();

    private final List<String> told = new CopyOnWriteArrayList<>();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private int spareLeaves;
    /** While a lambda's pins are read. */
    private volatile Runnable whenRead = () -> {};

    private Function<Boolean, ImportCache> cacheOf = FakeCache::new;
    private Duration grace = Duration.ofMillis(5);
    /** Longer than any stall of a busy machine; who is to wait in vain sets less. */
    private Duration maxWait = Duration.ofSeconds(30);

    private SandboxPool pool;
    private PackageStore packages;
    private Functions functions;

    @BeforeEach
    void start() throws Exception {
        start(1000, 8, true);
        write("hello", "f.py", "x = 1\n");
    }

    private void start(int megabytes, int maxWaiting, boolean zygote) throws Exception {
        pool = new SandboxPool((long) megabytes << 20, true, grace, Duration.ofMillis(500), spareLeaves);
        packages = new PackageStore(
                folder.resolve("packages"),
                () -> "cpython-311",
                LIMITS,
                () -> new HostPip(Map.of(), List.of(), List.of()),
                InstallNetwork.HOST,
                pool::run,
                WheelCache.none(),
                false);
        packages.open();
        LambdaRegistry registry = new LambdaRegistry(
                new LambdaStore(Files.createDirectories(folder.resolve("registry"))),
                folder.resolve("code"),
                Duration.ZERO,
                LIMITS,
                NetworkSetting.HOST,
                500,
                () -> {
                    whenRead.run();
                    return Map.of();
                });
        registry.clean();
        pool.start(mechanism, new PoolListener() {
            @Override
            public void onEvent(SandboxEvent event) {}

            @Override
            public void onImportCosts(Map<PackageId, ImportCost> costs) {}
        });
        ImportCache cache = cacheOf.apply(zygote);
        functions = new Functions(
                registry,
                packages,
                pool,
                new Leaves(cache),
                statistics,
                (code, start, nanos) -> answered.add(code.spec().lambda() + " " + start),
                folder.resolve("byte-code"),
                (sandbox, lambda, line) -> told.add(lambda + ": " + line),
                maxWaiting,
                maxWait);
    }

    /** The cache as the worker asks it. */
    private final class Leaves implements LeafSource {
        private final ImportCache cache;

        private Leaves(ImportCache cache) {
            this.cache = cache;
        }

        @Override
        public Leaf createLeaf(PendingRequest request) throws SandboxException, PackageException, InterruptedException {
            return cache.createLeaf(pool.request(request, cache::onEvent));
        }

        @Override
        public Leaf createLeaf(PendingRequest request, Zygote function)
                throws SandboxException, PackageException, InterruptedException {
            return cache.createLeaf(pool.request(request, cache::onEvent), function);
        }

        @Override
        public Optional<Zygote> createFunctionZygote(FunctionZygoteSpec spec, boolean onlyFree)
                throws SandboxException, PackageException, InterruptedException {
            return cache.createFunctionZygote(pool.request(spec, onlyFree, cache::onEvent));
        }
    }

    private void restart(int megabytes, int maxWaiting, boolean zygote) throws Exception {
        stop();
        start(megabytes, maxWaiting, zygote);
    }

    private void stop() {
        functions.close();
        packages.close();
        pool.close();
    }

    @AfterEach
    void end() throws InterruptedException {
        threads.shutdownNow();
        assertTrue(threads.awaitTermination(30, TimeUnit.SECONDS));
        stop();
        assertEquals(0, pool.memory().reservedBytes(), "everything is given back");
        assertEquals(0, mechanism.living());
    }

    private void write(String name, String file, String text) throws IOException {
        Files.writeString(
                Files.createDirectories(folder.resolve("registry").resolve(name))
                        .resolve(file),
                text);
    }

    private Answer call() throws Exception {
        return functions.invoke("hello", CALL);
    }

    private List<Future<Answer>> callAtOnce(int count) {
        List<Future<Answer>> calls = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            calls.add(threads.submit(this::call));
        }
        return calls;
    }

    /** A call that is in its leaf, the first one, until it may go on, and answers then. */
    private Future<Answer> callThatWaits(CountDownLatch goOn, String answer) throws Exception {
        mechanism.program = (leaf, invocation, timeout) -> {
            goOn.await();
            return FakeMechanism.reply(answer);
        };
        Future<Answer> call = callAtOnce(1).getFirst();
        Eventually.holds(
                "the leaf is busy",
                () -> mechanism.leaves.size() == 1
                        && mechanism.leaves.getFirst().calls.get() == 1);
        return call;
    }

    /** A cache that returns leaves which it let rest, some of them gone. */
    private void startWithLeavesMadeAhead(int gone) throws Exception {
        AtomicInteger made = new AtomicInteger();
        cacheOf = zygote -> new ImportCache() {
            @Override
            public Leaf createLeaf(LeafRequest request) throws SandboxException, InterruptedException {
                Sandboxes own = pool.sandboxes(event -> {});
                Leaf leaf = own.createLeaf(Optional.empty(), request.spec());
                own.rest(leaf);
                if (made.incrementAndGet() <= gone) {
                    leaf.destroy();
                }
                return leaf;
            }

            @Override
            public void close() {}
        };
        restart(1000, 8, true);
    }

    @Test
    void aLeafThatACacheMadeAheadAndLetRestIsTakenIntoUse() throws Exception {
        startWithLeavesMadeAhead(0);

        Answer answer = call();

        assertEquals(200, answer.reply().status());
        assertEquals(answer.sandbox(), call().sandbox(), "it rests and serves like any other");
    }

    @Test
    void aLeafMadeAheadThatIsGoneIsReplaced() throws Exception {
        startWithLeavesMadeAhead(2);

        assertEquals(200, call().reply().status());
        assertEquals(1, functions.leaves());
    }

    @Test
    void aCacheThatReturnsNothingButLeavesThatAreGoneIsTold() throws Exception {
        startWithLeavesMadeAhead(100);

        SandboxException e = assertThrows(SandboxException.class, this::call);

        assertTrue(e.getMessage().contains("it must forget those"), e.getMessage());
        assertEquals(0, functions.leaves());
    }

    @Test
    void theFirstCallIsColdTheNextWarmAndANewLeafOfALivingZygoteAHit() throws Exception {
        Answer first = call();
        assertEquals(Start.COLD, first.start());
        Answer second = call();
        assertEquals(Start.WARM, second.start());
        assertEquals(first.sandbox(), second.sandbox());
        CountDownLatch both = new CountDownLatch(2);
        mechanism.program = (leaf, invocation, timeout) -> {
            both.countDown();
            both.await();
            return FakeMechanism.reply("1");
        };

        Set<Start> starts = new HashSet<>();
        for (Future<Answer> answer : callAtOnce(2)) {
            starts.add(answer.get(30, TimeUnit.SECONDS).start());
        }

        assertEquals(Set.of(Start.WARM, Start.HIT), starts);
        assertEquals(1, mechanism.zygotes.size());
        assertTrue(statistics
                .snapshot()
                .keySet()
                .containsAll(Set.of("create_clone_p50_ms", "create_copy_tables_p50_ms", "create_hello_p50_ms")));
        assertEquals(List.of("hello COLD", "hello WARM"), answered.subList(0, 2));
        assertEquals(4, answered.size());
    }

    @Test
    void aCallOverHttpNeedsAMethodThatTheTriggersAllow() throws Exception {
        write("hello", "ol.yaml", "triggers: {http: [{method: put}, {method: PATCH}]}");

        assertEquals(
                200,
                functions
                        .invokeOverHttp("hello", new Invocation("PUT", "", Map.of(), new byte[0]), IN_NO_PARTS)
                        .reply()
                        .status());
        MethodNotAllowedException e = assertThrows(
                MethodNotAllowedException.class, () -> functions.invokeOverHttp("hello", CALL, IN_NO_PARTS));
        assertEquals(List.of("PUT", "PATCH"), List.copyOf(e.allowed()));
        assertEquals(200, call().reply().status(), "what comes another way has no method");
    }

    @Test
    void whereSandboxesAreNotReusedEachCallHasALeafOfItsOwn() throws Exception {
        write("hello", "ol.yaml", "reuse-sandbox: false");

        Answer first = call();
        Answer second = call();

        assertEquals(List.of(Start.COLD, Start.HIT), List.of(first.start(), second.start()));
        assertNotEquals(first.sandbox(), second.sandbox());
        Eventually.holds("both are gone", () -> mechanism.livingLeaves() == 0);
    }

    @Test
    void noMoreCallsRunAtOnceThanTheConcurrencySays() throws Exception {
        restart(1000, 100, true);
        write("hello", "ol.yaml", "concurrency: 2");
        AtomicInteger now = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        mechanism.program = (leaf, invocation, timeout) -> {
            most.accumulateAndGet(now.incrementAndGet(), Math::max);
            Thread.sleep(2);
            now.decrementAndGet();
            return FakeMechanism.reply("1");
        };
        for (Future<Answer> answer : callAtOnce(40)) {
            answer.get(30, TimeUnit.SECONDS);
        }
        assertEquals(2, most.get());
        assertEquals(2, mechanism.leaves.size());
    }

    @Test
    void whoWouldWaitForASlotInVainIsToldAtOnce() throws Exception {
        restart(1000, 0, true);
        write("hello", "ol.yaml", "concurrency: 1");
        CountDownLatch goOn = new CountDownLatch(1);
        Future<Answer> first = callThatWaits(goOn, "1");

        OverloadException e = assertThrows(OverloadException.class, this::call);

        assertTrue(e.getMessage().contains("as many calls at once as it may, 1 (concurrency in its ol.yaml)"));
        goOn.countDown();
        first.get(30, TimeUnit.SECONDS);
        assertEquals(Start.WARM, call().start());
    }

    private String errorOf(String said) throws Exception {
        mechanism.program = (leaf, invocation, timeout) -> new Reply(
                500,
                JSON.createObjectNode()
                        .put("error", said)
                        .put("traceback", "Traceback")
                        .toString()
                        .replace(":\"", ": \"")
                        .getBytes(StandardCharsets.UTF_8));
        JsonNode answer = JSON.readTree(call().reply().body());
        assertEquals("Traceback", answer.path("traceback").asText());
        return answer.path("error").asText();
    }

    @Test
    void anErrorOfAFunctionSaysWhichLimitItHit() throws Exception {
        assertEquals(
                "RuntimeError: can't start new thread. It may have 10 processes and threads together (limits.procs in"
                        + " ol.yaml)",
                errorOf("RuntimeError: can't start new thread"));
        assertTrue(errorOf("OSError: [Errno 28] No space left on device: '/tmp/x'")
                .endsWith(". Its /tmp and /host together may hold 8 MiB (limits.tmp_mb in ol.yaml)"));
        assertTrue(errorOf("OSError: [Errno 24] Too many open files: 'x'")
                .endsWith(". A process of it may have 64 files open (limits.open_files in ol.yaml)"));
        assertEquals("ValueError: x", errorOf("ValueError: x"));
    }

    @Test
    void aModuleThatIsMissingInACallIsToldWithItsPackage() throws Exception {
        String known = errorOf("ModuleNotFoundError: No module named 'yaml.nodes'");
        assertTrue(
                known.contains("The module yaml comes with the package pyyaml, which is not pinned: add"
                        + " pyyaml==VERSION to requirements.txt"),
                known);
        String other = errorOf("ModuleNotFoundError: No module named 'hello_tools'");
        assertTrue(other.contains("No package that is pinned has the module hello_tools"), other);
    }

    @Test
    void requestsAtOnceGetALeafEach() throws Exception {
        CountDownLatch all = new CountDownLatch(5);
        mechanism.program = (leaf, invocation, timeout) -> {
            all.countDown();
            all.await();
            return FakeMechanism.reply("1");
        };
        for (Future<Answer> answer : callAtOnce(5)) {
            answer.get(30, TimeUnit.SECONDS);
        }
        assertEquals(5, mechanism.leaves.size());
    }

    @Test
    void theLeafThatRestedLastIsTakenFirst() throws Exception {
        requestsAtOnceGetALeafEach();
        String last = call().sandbox();

        assertEquals(last, call().sandbox());
        assertEquals(last, call().sandbox());
    }

    @Test
    void anIdleLeafIsFrozenAndThawedForTheNextCall() throws Exception {
        call();
        FakeLeaf leaf = mechanism.leaves.getFirst();
        Eventually.holds("it is frozen", () -> leaf.frozen);

        assertEquals(Start.WARM, call().start());
    }

    @Test
    void whenMemoryIsShortRequestsShareTheLeavesThatThereAre() throws Exception {
        grace = Duration.ofHours(1); // one that gave back memory may be evicted while it waits to have it again
        restart(200, 100, false);
        AtomicInteger now = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        mechanism.program = (leaf, invocation, timeout) -> {
            most.accumulateAndGet(now.incrementAndGet(), Math::max);
            Thread.sleep(2);
            now.decrementAndGet();
            return FakeMechanism.reply("1");
        };
        for (Future<Answer> answer : callAtOnce(60)) {
            answer.get(30, TimeUnit.SECONDS);
        }
        assertEquals(2, most.get());
        assertEquals(2, mechanism.leaves.size(), "leaves are handed on and not evicted for their own lambda");
    }

    /** A cache that was made for the first revisions of the SPI: it takes no requests. */
    private final class OldCache implements ImportCache {
        @Override
        @SuppressWarnings("deprecation") // as a plugin that was made for 1.1 has it
        public Leaf createLeaf(LeafSpec spec) throws SandboxException, InterruptedException {
            Sandboxes sandboxes = pool.sandboxes(event -> {});
            Zygote zygote = sandboxes.createZygote(Optional.empty(), new ZygoteSpec(List.of(), spec.limits()));
            return sandboxes.createLeaf(Optional.of(zygote), spec);
        }

        @Override
        public void close() {}
    }

    @Test
    void aCacheThatTakesNoRequestsServesThemAllTheSame() throws Exception {
        cacheOf = zygote -> new OldCache();
        restart(1000, 8, true);

        assertEquals(Start.COLD, call().start(), "its zygote was made for it");
        assertEquals(Start.WARM, call().start());
    }

    @Test
    void aCacheThatTakesNoRequestsWaitsForMemoryWithThePoolsPatience() throws Exception {
        cacheOf = zygote -> new OldCache();
        restart(200, 8, true);
        CountDownLatch goOn = new CountDownLatch(1);
        Future<Answer> first = callThatWaits(goOn, "1");

        assertThrows(SandboxException.NoCapacity.class, this::call);

        goOn.countDown();
        first.get(30, TimeUnit.SECONDS);
    }

    @Test
    void aLeafThatTheCacheReturnsTwiceServesOneCallAtATime() throws Exception {
        List<Leaf> made = new CopyOnWriteArrayList<>();
        cacheOf = zygote -> new ImportCache() {
            @Override
            public Leaf createLeaf(LeafRequest request) throws SandboxException, InterruptedException {
                if (made.isEmpty()) {
                    made.add(request.sandboxes().createLeaf(Optional.empty(), request.spec()));
                }
                return made.getFirst();
            }

            @Override
            public void close() {}
        };
        restart(1000, 8, false);
        CountDownLatch goOn = new CountDownLatch(1);
        Future<Answer> first = callThatWaits(goOn, "1");

        SandboxException refused = assertThrows(SandboxException.class, this::call);

        assertTrue(refused.getMessage().contains("a second time"), refused.getMessage());
        assertEquals(1, mechanism.leaves.getFirst().calls.get());
        goOn.countDown();
        assertEquals(Start.COLD, first.get(30, TimeUnit.SECONDS).start());
        assertEquals(Start.WARM, call().start());
    }

    @Test
    void aLeafThatTheCacheDestroyedBeforeItReturnedItIsForgotten() throws Exception {
        cacheOf = zygote -> new ImportCache() {
            @Override
            public Leaf createLeaf(LeafRequest request) throws SandboxException, InterruptedException {
                Leaf leaf = request.sandboxes().createLeaf(Optional.empty(), request.spec());
                leaf.destroy();
                return leaf;
            }

            @Override
            public void close() {}
        };
        restart(1000, 8, false);

        assertThrows(SandboxException.class, this::call);

        assertEquals(0, functions.leaves());
    }

    @Test
    void whereNobodyMayWaitTheFirstCallIsServedAllTheSame() throws Exception {
        restart(1000, 0, true);

        assertEquals(Start.COLD, call().start());
        assertEquals(Start.WARM, call().start());
    }

    @Test
    void whereNobodyMayWaitAllAreServedForWhomThereIsMemory() throws Exception {
        for (boolean zygote : List.of(true, false)) {
            restart(1000, 0, zygote);
            CountDownLatch all = new CountDownLatch(6);
            mechanism.program = (leaf, invocation, timeout) -> {
                all.countDown();
                all.await();
                return FakeMechanism.reply("1");
            };
            for (Future<Answer> answer : callAtOnce(6)) {
                answer.get(10, TimeUnit.SECONDS);
            }
        }
    }

    @Test
    void whereNobodyMayWaitIdleLeavesAreEvictedAndThoseAtWorkWaitedForByNobody() throws Exception {
        restart(200, 0, false);
        write("other", "f.py", "x = 2\n");
        functions.invoke("other", CALL);
        CountDownLatch all = new CountDownLatch(2);
        CountDownLatch end = new CountDownLatch(1);
        mechanism.program = (leaf, invocation, timeout) -> {
            all.countDown();
            end.await();
            return FakeMechanism.reply("1");
        };
        List<Future<Answer>> calls = callAtOnce(2);
        assertTrue(all.await(10, TimeUnit.SECONDS));

        long start = System.nanoTime();
        OverloadException e = assertThrows(OverloadException.class, this::call);
        long millis = (System.nanoTime() - start) / 1_000_000;
        assertTrue(millis < 500, millis + " ms");
        assertTrue(e.getMessage().contains("max_waiting"), e.getMessage());
        end.countDown();
        for (Future<Answer> answer : calls) {
            answer.get(10, TimeUnit.SECONDS);
        }
        assertEquals(Start.WARM, call().start());
    }

    @Test
    void aLeafIsHandedToARequestWhoseCacheWorksOnAThreadOfItsOwn() throws Exception {
        cacheOf = zygote -> new ImportCache() {
            @Override
            public Leaf createLeaf(LeafRequest request) throws SandboxException, InterruptedException {
                try {
                    return threads.submit(() -> request.sandboxes().createLeaf(Optional.empty(), request.spec()))
                            .get();
                } catch (ExecutionException e) {
                    throw new SandboxException("the cache failed", e);
                }
            }

            @Override
            public void close() {}
        };
        whenMemoryIsShortRequestsShareTheLeavesThatThereAre();
    }

    @Test
    void aLeafIsHandedToARequestThatWaitsForAZygote() throws Exception {
        restart(150, 8, true);
        CountDownLatch goOn = new CountDownLatch(1);
        Future<Answer> first = callThatWaits(goOn, "1");
        mechanism.zygotes.forEach(FakeMechanism.FakeSandbox::destroy);
        Future<Answer> second = callAtOnce(1).getFirst();
        Eventually.holds("it waits", () -> pool.waiting() == 1);

        goOn.countDown();

        assertEquals(
                first.get(30, TimeUnit.SECONDS).sandbox(),
                second.get(30, TimeUnit.SECONDS).sandbox());
        assertEquals(Start.WARM, second.get().start());
        assertEquals(1, mechanism.zygotes.size());
    }

    @Test
    void aLambdaInUseAllTheTimeDoesNotStarveAnother() throws Exception {
        restart(100, 100, false);
        write("other", "f.py", "x = 2\n");
        boolean[] stop = {false};
        mechanism.program = (leaf, invocation, timeout) -> {
            Thread.sleep(1);
            return FakeMechanism.reply("1");
        };
        List<Future<?>> hammering = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            hammering.add(threads.submit(() -> {
                while (!stop[0]) {
                    call();
                }
                return null;
            }));
        }
        Eventually.holds(
                "it hammers",
                () -> mechanism.leaves.size() == 1
                        && mechanism.leaves.getFirst().calls.get() > 9);

        Answer answer = functions.invoke("other", CALL);

        stop[0] = true;
        assertEquals(Start.COLD, answer.start());
        for (Future<?> one : hammering) {
            one.get(30, TimeUnit.SECONDS);
        }
    }

    @Test
    void aFullQueueRefuses() throws Exception {
        restart(100, 2, false);
        CountDownLatch goOn = new CountDownLatch(1);
        List<Future<Answer>> calls = new ArrayList<>(List.of(callThatWaits(goOn, "1")));
        calls.addAll(callAtOnce(2));
        Eventually.holds("two wait", () -> pool.waiting() == 2);

        assertThrows(OverloadException.class, this::call);

        goOn.countDown();
        for (Future<Answer> call : calls) {
            call.get(30, TimeUnit.SECONDS);
        }
        assertEquals(Start.WARM, call().start());
    }

    @Test
    void whoWaitsTooLongForMemoryIsRefused() throws Exception {
        maxWait = Duration.ofMillis(100);
        restart(100, 5, false);
        CountDownLatch goOn = new CountDownLatch(1);
        List<Future<Answer>> calls = List.of(callThatWaits(goOn, "1"));

        assertThrows(SandboxException.NoCapacity.class, this::call);

        goOn.countDown();
        calls.getFirst().get(30, TimeUnit.SECONDS);
    }

    @Test
    void aCallThatTakesTooLongEndsTheLeafAndTheNextGetsANewOne() throws Exception {
        Duration[] given = new Duration[1];
        mechanism.program = (leaf, invocation, timeout) -> {
            given[0] = timeout;
            leaf.destroy();
            throw new SandboxException.TimedOut("too long");
        };
        assertThrows(SandboxException.TimedOut.class, this::call);
        assertEquals(Duration.ofSeconds(3), given[0]);
        assertEquals(0, mechanism.livingLeaves());

        mechanism.program = (leaf, invocation, timeout) -> FakeMechanism.reply("1");
        assertEquals(Start.HIT, call().start());
    }

    @Test
    void aCallThatNeverReachedTheLambdaIsMadeAgainOnce() throws Exception {
        AtomicInteger calls = new AtomicInteger();
        mechanism.program = (leaf, invocation, timeout) -> {
            if (calls.incrementAndGet() == 1) {
                throw new SandboxException.Died("killed before", false);
            }
            return FakeMechanism.reply("1");
        };
        call();
        assertEquals(2, calls.get());
        assertEquals(1, mechanism.livingLeaves());

        mechanism.program = (leaf, invocation, timeout) -> {
            calls.incrementAndGet();
            throw new SandboxException.Died("killed before", false);
        };
        calls.set(0);
        assertThrows(SandboxException.Died.class, this::call);
        assertEquals(2, calls.get());
        assertEquals(0, mechanism.livingLeaves());
    }

    /** They are dead, but nobody has noticed: the next call to each finds out. */
    @Test
    void aCallIsServedThoughItsZygoteIsKilledEachTimeThatItIsMade() throws Exception {
        mechanism.beforeZygote = spec -> {
            throw new SandboxException.Died("killed while it imported", false);
        };

        assertEquals(Start.COLD, call().start());
        assertEquals(Start.WARM, call().start());
        assertEquals(0, mechanism.zygotes.size());
    }

    private void killUnseen(List<FakeLeaf> leaves) {
        List<FakeLeaf> killed = List.copyOf(leaves);
        mechanism.program = (leaf, invocation, timeout) -> {
            if (killed.contains(leaf)) {
                leaf.die();
                throw new SandboxException.Died("killed before", false);
            }
            return FakeMechanism.reply("1");
        };
    }

    @Test
    void aCallDrawsOneDeadSpareAtTheMostThoughAllWereKilledAtOnce() throws Exception {
        spareLeaves = 3;
        restart(1000, 8, true);
        for (int i = 0; i < 3; i++) {
            call();
            mechanism.leaves.forEach(FakeLeaf::die);
        }
        Eventually.holds(
                "spares are made",
                () -> mechanism.spares.stream().filter(FakeLeaf::alive).count() == 3);
        killUnseen(mechanism.spares);

        assertEquals(Start.HIT, call().start());

        assertEquals(1, statistics.snapshot().get("retries").intValue());
    }

    @Test
    void aCallDrawsOneDeadIdleLeafAtTheMostThoughAllWereKilledAtOnce() throws Exception {
        requestsAtOnceGetALeafEach();
        killUnseen(mechanism.leaves);

        assertEquals(Start.HIT, call().start());

        assertEquals(1, statistics.snapshot().get("retries").intValue());
    }

    @Test
    void aCallThatMayHaveReachedTheLambdaIsNeverMadeTwice() throws Exception {
        AtomicInteger calls = new AtomicInteger();
        List<SandboxException> failures = List.of(
                new SandboxException.Died("killed", true),
                new SandboxException.OutOfMemory("killed"),
                new SandboxException("whatever"));
        for (SandboxException failure : failures) {
            calls.set(0);
            mechanism.program = (leaf, invocation, timeout) -> {
                calls.incrementAndGet();
                throw failure;
            };
            assertThrows(failure.getClass(), this::call);
            assertEquals(1, calls.get());
            assertEquals(0, mechanism.livingLeaves(), "a leaf that failed serves nobody again");
        }
    }

    @Test
    void anImportThatFailsInAForkIsTriedInAFreshProcessWhichServesFromThenOn() throws Exception {
        mechanism.program = (leaf, invocation, timeout) -> {
            if (leaf.parent.isPresent()) {
                throw new SandboxException.ImportFailed("f.py", "Traceback");
            }
            return FakeMechanism.reply("1");
        };

        assertEquals(Start.COLD, call().start());
        mechanism.leaves.forEach(FakeLeaf::die);
        call();

        assertEquals(
                List.of(true, false, false),
                mechanism.leaves.stream().map(leaf -> leaf.parent.isPresent()).toList());
    }

    @Test
    void anImportThatFailsInAFreshProcessAsWellIsNotTriedTwiceAgain() throws Exception {
        mechanism.program = (leaf, invocation, timeout) -> {
            throw new SandboxException.ImportFailed(leaf.parent.isPresent() ? "in a fork" : "fresh", "Traceback");
        };

        for (int i = 0; i < 2; i++) {
            SandboxException.ImportFailed e = assertThrows(SandboxException.ImportFailed.class, this::call);
            assertEquals("in a fork", e.getMessage());
        }
        assertEquals(3, mechanism.leaves.size());
        assertEquals(0, mechanism.livingLeaves());
    }

    @Test
    void aLambdaThatWantsNoZygotesGetsFreshProcesses() throws Exception {
        write("hello", "ol.yaml", "zygote: false\n");
        call();
        assertTrue(mechanism.leaves.getFirst().parent.isEmpty());
        assertEquals(0, mechanism.zygotes.size());
    }

    @Test
    void aLeafKilledWhileItIsIdleIsReplaced() throws Exception {
        String first = call().sandbox();
        mechanism.leaves.getFirst().die();

        Answer answer = call();

        assertNotEquals(first, answer.sandbox());
        assertEquals(Start.HIT, answer.start());
    }

    @Test
    void newCodeGetsNewLeavesAndOldOnesGo() throws Exception {
        call();
        Path oldCode = mechanism.leaves.getFirst().spec().handler();
        write("hello", "f.py", "x = 2\n");

        Answer answer = call();

        assertEquals(Start.HIT, answer.start());
        assertNotEquals(oldCode, mechanism.leaves.getLast().spec().handler());
        Eventually.holds("the old leaf is gone", () -> mechanism.livingLeaves() == 1);
        Eventually.holds("the old code is gone", () -> !Files.exists(oldCode));
    }

    @Test
    void codeThatNobodyIsLeftOfGoesWithTheNextOne() throws Exception {
        call();
        Path oldCode = mechanism.leaves.getFirst().spec().handler();
        pool.sandboxes().forEach(Sandbox::destroy);
        Eventually.holds("nobody is left", () -> functions.leaves() == 0);
        write("hello", "f.py", "x = 2\n");

        call();

        Eventually.holds("the old code is gone", () -> !Files.exists(oldCode));
    }

    @Test
    void aRunningCallKeepsItsOldCodeUntilItEnds() throws Exception {
        CountDownLatch goOn = new CountDownLatch(1);
        Future<Answer> running = callThatWaits(goOn, "\"old\"");
        Path oldCode = mechanism.leaves.getFirst().spec().handler();
        write("hello", "f.py", "x = 2\n");
        mechanism.program = (leaf, invocation, timeout) -> FakeMechanism.reply("\"new\"");

        call();
        assertTrue(Files.isDirectory(oldCode));
        goOn.countDown();

        assertEquals(
                "\"old\"", new String(running.get(30, TimeUnit.SECONDS).reply().body()));
        Eventually.holds("the old code is gone", () -> !Files.exists(oldCode));
        assertEquals(1, mechanism.livingLeaves());
    }

    @Test
    void theLeavesOfARemovedLambdaGo() throws Exception {
        call();
        Files.delete(folder.resolve("registry/hello/f.py"));
        Files.delete(folder.resolve("registry/hello"));

        assertThrows(RegistryException.class, this::call);

        Eventually.holds("the leaf is gone", () -> mechanism.livingLeaves() == 0);
    }

    @Test
    void packagesAreInstalledBeforeTheFirstLeafAndAFailureIsTriedAgain() throws Exception {
        write("hello", "requirements.txt", "six==1.16.0\n");
        mechanism.jobProgram = job -> new JobResult(1, "ERROR: No matching distribution found for six==1.16.0");
        PackageException e = assertThrows(PackageException.class, this::call);
        assertTrue(e.getMessage().contains("No matching distribution"), e.getMessage());
        assertTrue(mechanism.leaves.isEmpty());

        mechanism.jobProgram = FunctionsTest::install;
        call();
        assertEquals(
                Set.of(PackageId.parse("six==1.16.0")),
                mechanism.leaves.getFirst().spec().packages());
    }

    private static JobResult install(Job job) {
        for (Job.Mount mount : job.mounts()) {
            if (mount.target().equals("/mnt/out")) {
                try {
                    Files.writeString(
                            mount.source().resolve("metadata.json"), "{\"dependencies\":[],\"modules\":[\"six\"]}");
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            }
        }
        return new JobResult(0, "");
    }

    /** Has the compiler answer as it does, with letters for each file, but for names that begin with "bad". */
    private void compile() {
        mechanism.compiler = (leaf, invocation, timeout) -> {
            List<String> asked = new ArrayList<>();
            try {
                new ObjectMapper()
                        .readTree(invocation.body())
                        .path("files")
                        .fieldNames()
                        .forEachRemaining(asked::add);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
            Collections.sort(asked);
            compiled.add(String.join(" ", asked));
            if (asked.contains("killer.py")) {
                leaf.die();
                throw new SandboxException.Died("killed", true);
            }
            String good = asked.stream()
                    .filter(name -> !name.startsWith("bad"))
                    .map(name -> "\"" + name + "\": \"QUJDREVGR0hJSktMTU5PUFFSU1Q=\"")
                    .collect(Collectors.joining(", "));
            String failed = asked.contains("bad.py") ? "\"bad.py\": \"invalid syntax\"" : "";
            return FakeMechanism.reply("{\"files\": {" + good + "}, \"failed\": {" + failed + "}}");
        };
    }

    /** Where the byte code of a lambda's f.py is, or will be; empty if the lambda was not read yet. */
    private Optional<Path> byteCode(String lambda) {
        try (Stream<Path> versions = Files.list(folder.resolve("code").resolve(lambda))) {
            return versions.map(version -> version.resolve("__pycache__/f.cpython-311.pyc"))
                    .findFirst();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private boolean hasByteCode(String lambda) {
        return byteCode(lambda).filter(Files::exists).isPresent();
    }

    @Test
    void newCodeIsCompiledOnceBehindTheFirstCallInALeafThatIsForkedFromAZygoteWithoutPackages() throws Exception {
        compile();
        call();
        Eventually.holds("it is compiled", () -> hasByteCode("hello"));
        call();

        assertEquals("ABCDEFGHIJKLMNOPQRST", Files.readString(byteCode("hello").orElseThrow()));
        assertEquals(List.of("f.py"), compiled);
        FakeLeaf compiler = mechanism.compilers.getFirst();
        assertEquals(Optional.of(mechanism.zygotes.getFirst()), compiler.parent);
        assertEquals(Network.NONE, compiler.spec().network());
        Eventually.holds("its leaf is gone", () -> !compiler.alive());
    }

    @Test
    void whatIsInTheRegistryIsReadAndCompiledAheadInOneLeaf() throws Exception {
        compile();
        for (String name : List.of("one", "two", "three")) {
            write(name, "f.py", "x = '" + name + "'\n");
        }
        write("two", "bad.py", "no python\n");
        write("broken", "f.py", "x = 1\n");
        write("broken", "requirements.txt", "six>=1\n");
        functions.prepare();
        Eventually.holds(
                "all are compiled",
                () -> Stream.of("hello", "one", "three", "two").allMatch(this::hasByteCode));
        functions.prepare();

        assertEquals(1, mechanism.compilers.size());
        assertEquals(0, mechanism.leaves.size());
        assertEquals(
                List.of("bad.py f.py", "f.py", "f.py", "f.py"),
                compiled.stream().sorted().toList());
        assertEquals(List.of(), functions.describe(), "nobody called any");
    }

    @Test
    void codeThatEndsTheCompilerCostsNoOtherItsByteCode() throws Exception {
        compile();
        write("a-killer", "f.py", "x = 1\n");
        write("a-killer", "killer.py", "x = 1\n");
        functions.prepare();
        Eventually.holds("the other one is compiled", () -> hasByteCode("hello"));

        assertEquals(2, mechanism.compilers.size());
        assertEquals(
                1,
                compiled.stream().filter(files -> files.contains("killer.py")).count(),
                compiled.toString());
    }

    @Test
    void nothingIsCompiledWhileACallRuns() throws Exception {
        compile();
        CountDownLatch end = new CountDownLatch(1);
        CountDownLatch inside = new CountDownLatch(1);
        mechanism.program = (leaf, invocation, timeout) -> {
            inside.countDown();
            end.await();
            return FakeMechanism.reply("1");
        };
        Future<Answer> running = threads.submit(this::call);
        inside.await();
        functions.prepare();
        Thread.sleep(200);

        assertEquals(0, mechanism.compilers.size());
        end.countDown();
        running.get();
        Eventually.holds("it is compiled", () -> hasByteCode("hello"));
    }

    @Test
    void aWorkerThatStartsAgainNeitherReadsNorCompilesWhatItKnows() throws Exception {
        compile();
        functions.prepare();
        Eventually.holds("it is compiled", () -> hasByteCode("hello"));
        restart(1000, 8, true);
        functions.prepare();
        call();
        Thread.sleep(100);

        assertEquals(1, compiled.size(), compiled.toString());
    }

    @Test
    void aFailedCompilationHarmsNobody() throws Exception {
        mechanism.compiler = (leaf, invocation, timeout) -> {
            throw new SandboxException("no sandbox");
        };
        call();
        Eventually.holds("it was tried", () -> mechanism.compilers.size() == 1);

        assertEquals(Start.WARM, call().start());
    }

    /** Asks until it is over. */
    private InstallProgress installedAhead(String lambda) throws Exception {
        InstallProgress progress = functions.installAhead(lambda);
        for (int i = 0; i < 1000 && !progress.done(); i++) {
            Thread.sleep(5);
            progress = functions.installAhead(lambda);
        }
        return progress;
    }

    @Test
    void packagesCanBeInstalledBeforeTheFirstCallAndHowFarThatIsIsTold() throws Exception {
        write("hello", "requirements.txt", "six==1.16.0\nnine==1\n");
        CountDownLatch end = new CountDownLatch(1);
        mechanism.jobProgram = job -> {
            end.await();
            return job.name().contains("nine")
                    ? new JobResult(1, "ERROR: No matching distribution found for nine==1")
                    : install(job);
        };
        InstallProgress begun = functions.installAhead("hello");
        end.countDown();
        InstallProgress failed = installedAhead("hello");
        mechanism.jobProgram = FunctionsTest::install;
        InstallProgress done = installedAhead("hello");

        assertEquals(new InstallProgress(List.of(), List.of("nine==1", "six==1.16.0"), false, ""), begun);
        assertTrue(failed.missing().contains("nine==1"), failed.toString());
        assertTrue(failed.error().contains("No matching distribution found for nine==1"), failed.error());
        assertEquals(new InstallProgress(List.of("nine==1", "six==1.16.0"), List.of(), true, ""), done);
        assertThrows(RegistryException.class, () -> functions.installAhead("nobody"));
    }

    @Test
    void aFailureToMakeALeafReachesTheCallerAndTheNextCallWorks() throws Exception {
        mechanism.beforeLeaf = spec -> {
            throw new SandboxException("fork refused");
        };
        assertThrows(SandboxException.class, this::call);
        mechanism.beforeLeaf = spec -> {
            throw new IllegalStateException("a fault");
        };
        assertThrows(IllegalStateException.class, this::call);
        mechanism.beforeLeaf = spec -> {};

        call();
    }

    @Test
    void manyClientsWithFailuresGetExactlyOneAnswerEachAndNothingIsLost() throws Exception {
        restart(450, 100, true);
        Map<String, Integer> seen = new ConcurrentHashMap<>();
        AtomicInteger calls = new AtomicInteger();
        mechanism.program = (leaf, invocation, timeout) -> {
            seen.merge(new String(invocation.body()), 1, Integer::sum);
            switch (calls.incrementAndGet() % 17) {
                case 3 -> throw new SandboxException.Died("killed", true);
                case 5 -> throw new SandboxException.TimedOut("late");
                case 7 -> {
                    leaf.die();
                    return FakeMechanism.reply("1");
                }
                default -> {
                    return FakeMechanism.reply("1");
                }
            }
        };
        List<Future<Answer>> all = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            Invocation call = Invocation.post(("" + i).getBytes());
            all.add(threads.submit(() -> functions.invoke("hello", call)));
        }
        int failed = 0;
        for (Future<Answer> one : all) {
            try {
                one.get(30, TimeUnit.SECONDS);
            } catch (ExecutionException e) {
                assertTrue(
                        e.getCause() instanceof SandboxException || e.getCause() instanceof OverloadException,
                        e.getCause().toString());
                failed++;
            }
        }
        assertTrue(failed < 300, "some worked");
        assertTrue(seen.values().stream().allMatch(times -> times == 1), "no call was made twice");
        assertTrue(mechanism.mostBytes() <= 450L << 20);
        assertEquals(0, pool.waiting());
    }

    @Test
    void afterTheEndNothingIsCalled() throws Exception {
        call();
        functions.close();

        assertThrows(SandboxException.NoCapacity.class, this::call);
        assertEquals(0, mechanism.livingLeaves());
        try (Stream<Path> staging = Files.list(folder.resolve("packages/.staging"))) {
            assertTrue(staging.allMatch(file -> file.endsWith(OwnFolder.MARK)));
        }
    }

    private void writeWithZygote(String setting) throws IOException {
        write("hello", "ol.yaml", "zygote: " + setting + "\n");
    }

    private Start coldUntilThereIsAZygote() throws Exception {
        Start first = callAnew();
        Eventually.holds(
                "it is so in the end", () -> functions.describe().getFirst().contains(", own zygote zygote-"));
        return first;
    }

    /** In a leaf that was made for it. */
    private Start callAnew() throws Exception {
        mechanism.leaves.stream().filter(FakeLeaf::alive).forEach(FakeLeaf::die);
        return call().start();
    }

    @Test
    void aFunctionThatAsksForItIsForkedFromAZygoteOfItsOwn() throws Exception {
        writeWithZygote("{event: {x: 1}}");
        List<FunctionZygoteSpec> specs = new CopyOnWriteArrayList<>();
        mechanism.beforeFunctionZygote = specs::add;

        assertEquals(Start.COLD, coldUntilThereIsAZygote());
        assertEquals(Optional.of("{\"x\":1}"), specs.getFirst().event());
        assertEquals(Start.FUNCTION, callAnew());
        assertEquals(Start.FUNCTION, callAnew());
        assertEquals(1, mechanism.functionZygotes().size());
        assertEquals(Optional.of(mechanism.functionZygotes().getFirst()), mechanism.leaves.getLast().parent);
        assertEquals(List.of("hello COLD", "hello FUNCTION", "hello FUNCTION"), answered);
    }

    @Test
    void aChangeOfTheFunctionEndsItsZygoteAndMakesAnother() throws Exception {
        writeWithZygote("true");
        coldUntilThereIsAZygote();

        write("hello", "f.py", "x = 2\n");
        assertEquals(Start.HIT, callAnew());
        Eventually.holds(
                "it is so in the end",
                () -> mechanism.functionZygotes().size() == 2
                        && !mechanism.functionZygotes().getFirst().alive()
                        && functions.describe().getFirst().contains(", own zygote "));
        assertEquals(Start.FUNCTION, callAnew());

        write("hello", "ol.yaml", "zygote: true\nenvironment: {A: b}\n");
        assertEquals(Start.HIT, callAnew());
        Eventually.holds(
                "it is so in the end",
                () -> mechanism.functionZygotes().size() == 3
                        && functions.describe().getFirst().contains(", own zygote "));
        write("hello", "ol.yaml", "zygote: false\n");
        assertEquals(Start.COLD, callAnew());
        Eventually.holds(
                "its zygote ends", () -> !mechanism.functionZygotes().getLast().alive());
    }

    @Test
    void aFunctionThatCannotBeForkedIsToldWhyAndServedAsBefore() throws Exception {
        writeWithZygote("true");
        mechanism.beforeFunctionZygote = spec -> {
            throw new SandboxException.CannotFork("it cannot be forked", "it starts threads (mine)");
        };
        callAnew();
        Eventually.holds(
                "it is so in the end",
                () -> functions.describe().getFirst().endsWith("no zygote of its own: it starts threads (mine)"));
        Eventually.holds("it is told", () -> !told.isEmpty());
        assertEquals(
                List.of("hello: this version is served without a zygote of its own: it starts threads (mine)"), told);
        assertEquals(Start.HIT, callAnew());
        assertEquals(List.of(), mechanism.functionZygotes());

        // The next version may be another.
        mechanism.beforeFunctionZygote = spec -> {};
        write("hello", "f.py", "x = 3\n");
        coldUntilThereIsAZygote();
        assertEquals(Start.FUNCTION, callAnew());
    }

    @Test
    void codeThatFailsBeforeTheForkIsToldWithItsTracebackAndTriedAgainLater() throws Exception {
        writeWithZygote("true");
        AtomicInteger tries = new AtomicInteger();
        mechanism.beforeFunctionZygote = spec -> {
            if (tries.incrementAndGet() == 1) {
                throw new SandboxException.ImportFailed("f fails", "Traceback:\n  line 1\n");
            }
        };
        callAnew();
        Eventually.holds("it is so in the end", () -> told.size() == 3);
        assertEquals(
                List.of("hello: there is no zygote of its own yet: f fails", "hello: Traceback:", "hello:   line 1"),
                told);
        assertEquals(Start.HIT, callAnew());
        assertEquals(1, tries.get(), "it rests");
        Eventually.holds("it is so in the end", () -> {
            callAnew();
            return tries.get() == 2;
        });
    }

    @Test
    void anEventThatIsNoJsonIsToldAndTheFunctionIsServed() throws Exception {
        writeWithZygote("{event: {x: .nan}}");
        assertEquals(Start.COLD, callAnew());
        assertEquals(Start.HIT, callAnew());
        assertEquals(List.of(), mechanism.functionZygotes());
        assertEquals(1, told.size());
        assertTrue(told.getFirst().contains("is no JSON: line 1, column"), told.getFirst());
    }

    @Test
    void aZygoteThatIsGoneCostsARequestNothingAndIsMadeAgain() throws Exception {
        writeWithZygote("true");
        coldUntilThereIsAZygote();
        mechanism.functionZygotes().getFirst().die();
        assertEquals(Start.HIT, callAnew());
        Eventually.holds("it is so in the end", () -> {
            callAnew();
            return mechanism.functionZygotes().size() == 2;
        });

        // One that fails while it forks is given up, and the request is served from elsewhere.
        Eventually.holds("it is so in the end", () -> callAnew() == Start.FUNCTION);
        AtomicInteger forks = new AtomicInteger();
        mechanism.beforeLeaf = spec -> {
            if (forks.incrementAndGet() == 1) {
                throw new SandboxException.ZygoteGone("killed while it forked");
            }
        };
        assertEquals(Start.HIT, callAnew());
        assertEquals(2, forks.get());
        assertEquals(false, mechanism.functionZygotes().get(1).alive());
        assertTrue(told.getLast().contains("killed while it forked"), told.toString());
    }

    @Test
    void aLeafThatDiesBeforeItsFirstCallIsMadeFromElsewhere() throws Exception {
        writeWithZygote("true");
        coldUntilThereIsAZygote();
        mechanism.program = (leaf, invocation, timeout) -> {
            if (leaf.parent.filter(zygote -> zygote.function().isPresent()).isPresent()) {
                leaf.die();
                throw new SandboxException.Died("ended while it was restored", false);
            }
            return FakeMechanism.reply("1");
        };
        assertEquals(Start.HIT, callAnew());
        assertTrue(told.getLast().contains("ended while it was restored"), told.toString());
    }

    @Test
    void manyFunctionsThatWantZygotesWithMemoryForFewAreAllServed() throws Exception {
        restart(700, 8, true);
        mechanism.usage = 60L << 20;
        for (int i = 0; i < 20; i++) {
            write("f" + i, "f.py", "x = 1\n");
            write("f" + i, "ol.yaml", "zygote: true\n");
        }
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < 20; i++) {
                assertEquals(200, functions.invoke("f" + i, CALL).reply().status());
            }
        }
        assertTrue(mechanism.mostBytes() <= 700L << 20);
    }

    @Test
    void anEagerFunctionHasItsZygoteBeforeItIsCalled() throws Exception {
        try (EagerZygotes eager = new EagerZygotes(new LambdaStore(folder.resolve("registry")), functions)) {
            writeWithZygote("{eager: true}");
            eager.start();
            Eventually.holds(
                    "it is so in the end", () -> mechanism.functionZygotes().size() == 1);
            Eventually.holds(
                    "it is so in the end", () -> functions.describe().getFirst().contains(", own zygote "));
            assertEquals(Start.FUNCTION, call().start());

            write("late", "f.py", "x = 1\n");
            write("late", "ol.yaml", "zygote: {eager: true}\n");
            Eventually.holds(
                    "it is so in the end", () -> mechanism.functionZygotes().size() == 2);
        }
    }

    @Test
    void nothingElseIsForkedFromAZygoteOfAFunction() throws Exception {
        writeWithZygote("true");
        coldUntilThereIsAZygote();
        Sandboxes sandboxes = pool.sandboxes(event -> {});
        Zygote own = pool.sandboxes().stream()
                .filter(sandbox ->
                        sandbox instanceof Zygote zygote && zygote.function().isPresent())
                .map(Zygote.class::cast)
                .findFirst()
                .orElseThrow();
        LeafSpec leaf = own.function().orElseThrow();
        LeafSpec other = new LeafSpec(
                "other", leaf.handler(), leaf.packages(), leaf.limits(), leaf.network(), leaf.environment());
        Optional<Zygote> parent = Optional.of(own);
        assertThrows(IllegalArgumentException.class, () -> sandboxes.createLeaf(parent, other));
        assertThrows(
                IllegalArgumentException.class,
                () -> sandboxes.createZygote(parent, new ZygoteSpec(List.of(), leaf.limits())));
        assertThrows(
                IllegalArgumentException.class,
                () -> sandboxes.createFunctionZygote(parent, new FunctionZygoteSpec(leaf, Optional.empty())));
        sandboxes.createLeaf(parent, leaf).destroy();
    }

    @Test
    void whereFilesAreTooShortToReadALambdaLeavesAtRestMakeRoom() throws Exception {
        functions.invoke("hello", CALL);
        write("other", "f.py", "x = 2\n");
        whenRead = () -> {
            if (functions.leaves() > 0) {
                throw new UncheckedIOException(new FileSystemException("f.py", null, "Too many open files"));
            }
        };

        assertEquals(Start.HIT, functions.invoke("other", CALL).start());

        whenRead = () -> {
            throw new UncheckedIOException(new FileSystemException("f.py", null, "Too many open files"));
        };
        write("third", "f.py", "x = 3\n");
        assertThrows(UncheckedIOException.class, () -> functions.invoke("third", CALL));
    }
}
