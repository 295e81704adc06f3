package io.zygotes.core.packages;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.zygotes.core.files.OwnFolder;
import io.zygotes.core.python.HostPip;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.ImportCost;
import io.zygotes.spi.Limits;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.mechanism.Job;
import io.zygotes.spi.mechanism.JobResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class PackageStoreTest {

    private static final PackageId NUMPY = PackageId.parse("numpy==2.2.3");
    private static final Limits LIMITS = new Limits(500, 50, 200, 0, 60, 256, 64);

    @TempDir
    Path folder;

    private final Map<String, String> metadata = new ConcurrentHashMap<>();
    private final AtomicInteger installs = new AtomicInteger();
    private volatile PackageStore.JobRunner installer = this::installed;
    private PackageStore store;

    private WheelCache wheels = WheelCache.none();

    /** What installs several at once; all that it leaves is installed one by one. */
    private PackageStore.JobRunner together = job -> new JobResult(1, "");

    @BeforeEach
    void open() throws Exception {
        store = store("cpython-311");
    }

    @AfterEach
    void close() {
        store.close();
    }

    private PackageStore store(String cacheTag) throws Exception {
        PackageStore made = new PackageStore(
                folder.resolve("packages"),
                () -> cacheTag,
                LIMITS,
                () -> new HostPip(Map.of("PIP_TIMEOUT", "3"), List.of(), List.of()),
                InstallNetwork.HOST,
                job -> job.arguments().getFirst().equals("--together") ? together.run(job) : installer.run(job),
                wheels,
                false);
        made.open();
        return made;
    }

    private static Path source(Job job, String target) {
        return job.mounts().stream()
                .filter(mount -> mount.target().equals(target) && mount.writable())
                .findFirst()
                .orElseThrow()
                .source();
    }

    /** What the real script does, without pip. */
    private JobResult installed(Job job) {
        installs.incrementAndGet();
        try {
            Path files = source(job, job.arguments().get(2));
            Files.createDirectories(files.resolve("mod"));
            Files.writeString(files.resolve("mod/__init__.py"), "x = 1\n");
            Files.writeString(
                    source(job, "/mnt/out").resolve("metadata.json"),
                    metadata.getOrDefault(job.arguments().getFirst(), "{\"dependencies\":[],\"modules\":[\"mod\"]}"));
            return new JobResult(0, "done");
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private List<String> onDisk() throws IOException {
        List<String> names = new ArrayList<>();
        for (Path at : List.of(folder.resolve("packages"), folder.resolve("packages/.staging"))) {
            try (Stream<Path> entries = Files.list(at)) {
                entries.map(entry -> entry.getFileName().toString())
                        .filter(name -> !name.equals(".staging") && !name.equals(OwnFolder.MARK))
                        .forEach(names::add);
            }
        }
        return names;
    }

    private static Map<PackageId, Set<String>> anyArchive(List<PackageId> ids) {
        return ids.stream().collect(Collectors.toMap(id -> id, id -> Set.of()));
    }

    private String refused(PackageId id) {
        return assertThrows(PackageException.class, () -> store.install(id)).getMessage();
    }

    @Test
    void installsOnceAndRemembersItOverARestart() throws Exception {
        metadata.put("numpy", "{\"dependencies\":[\"Some_Thing\"],\"modules\":[\"numpy\",\"a.b\"]}");
        assertEquals(Optional.empty(), store.installed(NUMPY));

        PackageInfo info = store.install(NUMPY);

        assertEquals(List.of("some-thing"), info.dependencies());
        assertEquals(List.of("numpy", "a.b"), info.modules());
        assertEquals(folder.resolve("packages/numpy==2.2.3/files"), info.folder());
        assertEquals(6, info.bytes());
        assertEquals("x = 1\n", Files.readString(info.folder().resolve("mod/__init__.py")));
        assertEquals(List.of("numpy==2.2.3"), onDisk());
        assertEquals(info, store.install(NUMPY));
        assertEquals(Optional.of(info), store("cpython-311").installed(NUMPY));
        assertEquals(1, installs.get());
    }

    @Test
    void thatAPackageIsUnfitForZygotesIsRememberedOverARestart() throws Exception {
        store.install(NUMPY);
        assertEquals(Optional.empty(), store.unfit(NUMPY));

        store.learnUnfit(Map.of(NUMPY, "it keeps a socket open"));

        assertEquals(Optional.of("it keeps a socket open"), store.unfit(NUMPY));
        PackageStore next = store("cpython-311");
        assertEquals(Optional.of("it keeps a socket open"), next.unfit(NUMPY));
        assertEquals(Map.of(NUMPY, "it keeps a socket open"), next.allUnfit());
        assertTrue(next.installed(NUMPY).isPresent());
    }

    @Test
    void theJobSeesThePackageWhereLambdasWillAndNothingOfTheWorkersEnvironment() throws Exception {
        List<Job> jobs = new ArrayList<>();
        installer = job -> {
            jobs.add(job);
            return installed(job);
        };
        store.install(NUMPY);

        Job job = jobs.getFirst();
        assertEquals(List.of("numpy", "2.2.3", "/packages/numpy-2.2.3", "/mnt/out/metadata.json"), job.arguments());
        assertEquals(LIMITS, job.limits());
        assertEquals("/mnt/tmp", job.environment().get("TMPDIR"));
        assertEquals("3", job.environment().get("PIP_TIMEOUT"));
        assertTrue(job.environment().keySet().stream()
                .allMatch(name ->
                        Set.of("TMPDIR", "HOME", "PATH", "LANG", "PIP_TIMEOUT").contains(name)));
        assertTrue(job.script().contains("--no-deps"));
    }

    @Test
    void pipIsToldTheHashesAndThatItSawThemIsRememberedOverARestart() throws Exception {
        List<List<String>> told = new ArrayList<>();
        installer = job -> {
            told.add(job.arguments().subList(4, job.arguments().size()));
            return installed(job);
        };

        store.installAll(Map.of(NUMPY, Set.of("sha256:b", "sha256:a")));
        store.installAll(Map.of(NUMPY, Set.of("sha256:a", "sha256:b", "sha256:c")));
        store.install(NUMPY);
        store("cpython-311").installAll(Map.of(NUMPY, Set.of("sha256:a", "sha256:b")));

        assertEquals(List.of(List.of("sha256:a", "sha256:b")), told);
    }

    @Test
    void whatIsThereIsComparedWithTheArchiveThatALaterLambdaWants() throws Exception {
        PackageInfo first = store.install(NUMPY);

        store.installAll(Map.of(NUMPY, Set.of("sha256:a")));
        store.installAll(Map.of(NUMPY, Set.of("sha256:a", "sha256:b")));

        assertEquals(2, installs.get());
        assertEquals(Optional.of(first), store.installed(NUMPY));
        assertEquals(List.of("numpy==2.2.3"), onDisk());
    }

    @Test
    void whatIsThereFromAnotherArchiveThanALambdaWantsIsNotGivenToIt() throws Exception {
        PackageInfo first = store.install(NUMPY);
        installer = job -> {
            JobResult result = installed(job);
            assertDoesNotThrow(() ->
                    Files.writeString(source(job, job.arguments().get(2)).resolve("mod/__init__.py"), "x = 2\n"));
            return result;
        };

        PackageException e =
                assertThrows(PackageException.class, () -> store.installAll(Map.of(NUMPY, Set.of("sha256:a"))));

        assertTrue(e.getMessage().contains("mod/__init__.py differs"), e.getMessage());
        assertTrue(e.getMessage().contains("remove " + folder.resolve("packages/numpy==2.2.3")), e.getMessage());
        assertEquals("x = 1\n", Files.readString(first.folder().resolve("mod/__init__.py")));
        assertEquals(first, store.install(NUMPY));
    }

    @Test
    void whoWantsHashesDoesNotTakeWhatSomebodyElseIsInstallingWithoutThem() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        List<List<String>> told = Collections.synchronizedList(new ArrayList<>());
        installer = job -> {
            told.add(job.arguments().subList(4, job.arguments().size()));
            started.countDown();
            goOn.await();
            return installed(job);
        };
        try (ExecutorService threads = Executors.newCachedThreadPool()) {
            Future<PackageInfo> any = threads.submit(() -> store.install(NUMPY));
            started.await();
            Future<?> hashed = threads.submit(() -> {
                store.installAll(Map.of(NUMPY, Set.of("sha256:a")));
                return null;
            });
            goOn.countDown();
            any.get();
            hashed.get();
        }

        assertEquals(List.of(List.of(), List.of("sha256:a")), told);
    }

    @Test
    void twoWhoAskAtOnceCauseOneInstall() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        installer = job -> {
            started.countDown();
            goOn.await();
            return installed(job);
        };
        ExecutorService threads = Executors.newCachedThreadPool();
        try {
            List<Future<PackageInfo>> asking = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                asking.add(threads.submit(() -> store.install(NUMPY)));
            }
            started.await();
            goOn.countDown();
            for (Future<PackageInfo> one : asking) {
                assertEquals(NUMPY, one.get(30, TimeUnit.SECONDS).id());
            }
        } finally {
            threads.shutdownNow();
        }
        assertEquals(1, installs.get());
    }

    /** Installs those of the packages of one job that are wheels, as the real script does. */
    private JobResult installedTogether(Job job, Set<String> wheels) {
        try {
            for (JsonNode wanted : new ObjectMapper().readTree(job.arguments().get(1))) {
                if (wheels.contains(wanted.path("name").asText())) {
                    Path place = Path.of("/mnt/all")
                            .relativize(Path.of(wanted.path("place").asText()));
                    Files.writeString(
                            source(job, "/mnt/all").resolve(place).resolve("mod.py"),
                            wanted.path("hashes").toString());
                    Path out = Path.of(wanted.path("out").asText());
                    Files.writeString(
                            source(job, out.getParent().toString()).resolve(out.getFileName()),
                            "{\"dependencies\":[],\"modules\":[\"mod\"]}");
                }
            }
            return new JobResult(0, "done");
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void thePackagesOfALambdaAreInstalledInOneSandboxAndWhatHasNoWheelAlone() throws Exception {
        List<Job> jobs = new ArrayList<>();
        together = job -> {
            jobs.add(job);
            return installedTogether(job, Set.of("numpy", "pandas"));
        };
        PackageId pandas = PackageId.parse("pandas==2.3.3");
        PackageId source = PackageId.parse("source==1");

        store.installAll(Map.of(NUMPY, Set.of("sha256:a"), pandas, Set.of(), source, Set.of()));

        assertEquals(1, jobs.size());
        assertEquals("install 3 packages", jobs.getFirst().name());
        assertEquals(1, installs.get(), "the one without a wheel");
        assertEquals(
                Set.of(NUMPY, pandas, source),
                store.all().stream().map(PackageInfo::id).collect(Collectors.toSet()));
        assertEquals(
                "[\"sha256:a\"]",
                Files.readString(store.installed(NUMPY).orElseThrow().folder().resolve("mod.py")));
        assertEquals(
                List.of("numpy==2.2.3", "pandas==2.3.3", "source==1"),
                onDisk().stream().sorted().toList());
        // It is known of each what it was verified by.
        store.installAll(Map.of(NUMPY, Set.of("sha256:a")));
        assertEquals(1, installs.get());
    }

    @Test
    void whoAsksForOneThatIsInstalledTogetherWithOthersWaitsForIt() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        together = job -> {
            begun.countDown();
            end.await();
            return installedTogether(job, Set.of("numpy"));
        };
        PackageId other = PackageId.parse("other==1");
        try (ExecutorService threads = Executors.newCachedThreadPool()) {
            Future<?> both = threads.submit(() -> {
                store.installAll(anyArchive(List.of(NUMPY, other)));
                return null;
            });
            begun.await();
            Future<PackageInfo> one = threads.submit(() -> store.install(NUMPY));
            Future<PackageInfo> without = threads.submit(() -> store.install(other));
            end.countDown();

            assertEquals(NUMPY, one.get(10, TimeUnit.SECONDS).id());
            assertEquals(other, without.get(10, TimeUnit.SECONDS).id());
            both.get(10, TimeUnit.SECONDS);
        }
        assertEquals(1, installs.get());
    }

    @Test
    void thatAllOfAPackageIsCompiledIsRememberedOverARestart() throws Exception {
        List<PackageInfo> heard = new ArrayList<>();
        store.whenInstalled(heard::add);
        PackageInfo info = store.install(NUMPY);
        assertEquals(List.of(info), heard);
        assertEquals(List.of(info), store.uncompiled());

        store.markCompiled(NUMPY);

        assertEquals(List.of(), store.uncompiled());
        assertEquals(List.of(), store("cpython-311").uncompiled());
    }

    @Test
    void differentPackagesAreInstalledAtTheSameTimeButNotTooMany() throws Exception {
        AtomicInteger now = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        CountDownLatch three = new CountDownLatch(3);
        installer = job -> {
            most.accumulateAndGet(now.incrementAndGet(), Math::max);
            three.countDown();
            three.await();
            now.decrementAndGet();
            return installed(job);
        };
        List<PackageId> ids = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            ids.add(new PackageId("p" + i, "1"));
        }
        store.installAll(anyArchive(ids));

        assertEquals(3, most.get());
        assertEquals(10, store.all().size());
    }

    @Test
    void aLambdaWithManyPackagesDoesNotKeepOthersWaiting() throws Exception {
        CountDownLatch begun = new CountDownLatch(3);
        CountDownLatch end = new CountDownLatch(1);
        installer = job -> {
            if (job.arguments().getFirst().startsWith("many")) {
                begun.countDown();
                end.await();
            }
            return installed(job);
        };
        List<PackageId> many = IntStream.range(0, 20)
                .mapToObj(i -> PackageId.parse("many" + i + "==1"))
                .toList();
        try (ExecutorService threads = Executors.newCachedThreadPool()) {
            Future<?> slow = threads.submit(() -> {
                store.installAll(anyArchive(many));
                return null;
            });
            try {
                begun.await();

                store.installAll(anyArchive(List.of(NUMPY)));

                assertTrue(store.installed(NUMPY).isPresent());
            } finally {
                end.countDown();
            }
            slow.get();
            assertEquals(21, store.all().size());
        }
    }

    @Test
    void aFailureLeavesNothingAndTheNextCallTriesAgain() throws Exception {
        installer = job -> {
            installed(job);
            return new JobResult(1, "line\n".repeat(100) + "ERROR: No matching distribution found\n");
        };
        String message = refused(NUMPY);

        assertTrue(message.startsWith("pip cannot install numpy==2.2.3"), message);
        assertTrue(message.endsWith("ERROR: No matching distribution found"), message);
        assertTrue(message.lines().count() < 30, message);
        assertEquals(List.of(), onDisk());

        installer = this::installed;
        store.install(NUMPY);
        assertEquals(List.of("numpy==2.2.3"), onDisk());
    }

    @Test
    void everyWayToFailLeavesNothing() throws Exception {
        List<PackageStore.JobRunner> ways = List.of(
                job -> {
                    throw new SandboxException.TimedOut("too long");
                },
                job -> {
                    throw new SandboxException.OutOfMemory("too much");
                },
                job -> {
                    throw new IllegalStateException("a fault");
                },
                job -> {
                    throw new InterruptedException();
                },
                job -> new JobResult(0, "but no metadata"));
        for (PackageStore.JobRunner way : ways) {
            installer = way;
            assertTrue(refused(NUMPY).contains("numpy==2.2.3"));
            assertEquals(List.of(), onDisk());
            assertEquals(Optional.empty(), store.installed(NUMPY));
        }
    }

    @Test
    void whatTheInstallerSaysIsNotBelievedUnchecked() throws Exception {
        for (String lie : List.of(
                "{\"dependencies\":[\"../x\"],\"modules\":[]}",
                "{\"dependencies\":[],\"modules\":[\"os; import evil\"]}",
                "not JSON")) {
            metadata.put("numpy", lie);
            refused(NUMPY);
            assertEquals(List.of(), onDisk());
        }
    }

    @Test
    void metadataIsNotReadThroughALink() throws Exception {
        Path secret = Files.writeString(folder.resolve("secret"), "{\"dependencies\":[],\"modules\":[]}");
        installer = job -> {
            installed(job);
            try {
                Path out = source(job, "/mnt/out").resolve("metadata.json");
                Files.delete(out);
                Files.createSymbolicLink(out, secret);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
            return new JobResult(0, "");
        };

        assertTrue(refused(NUMPY).contains("no metadata"));
    }

    @Test
    void everySandboxCanReadThePackageAndNoLinkOfItIsFollowed() throws Exception {
        Path outside = Files.writeString(folder.resolve("outside"), "x");
        Files.setPosixFilePermissions(outside, PosixFilePermissions.fromString("rw-------"));
        installer = job -> {
            JobResult result = installed(job);
            try {
                Path files = source(job, job.arguments().get(2));
                Files.createSymbolicLink(files.resolve("link"), outside);
                Files.setPosixFilePermissions(
                        files.resolve("mod/__init__.py"), PosixFilePermissions.fromString("rwx------"));
                Files.setPosixFilePermissions(files.resolve("mod"), PosixFilePermissions.fromString("rwx------"));
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
            return result;
        };
        Path files = store.install(NUMPY).folder();

        assertEquals("rwxr-xr-x", mode(files.resolve("mod")));
        assertEquals("rwxr-xr-x", mode(files.resolve("mod/__init__.py")));
        assertEquals("rwxr-xr-x", mode(files.getParent()));
        assertEquals("rw-------", mode(outside));
    }

    private static String mode(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    @Test
    void whatAnInterruptedInstallLeftIsRemovedAtTheStart() throws Exception {
        Path packages = folder.resolve("packages");
        Files.createDirectories(packages.resolve(".staging/numpy-1/content/files"));
        Files.createDirectories(packages.resolve("half==1/files"));
        Files.writeString(packages.resolve("half==1/files/x.py"), "");

        PackageStore again = store("cpython-311");

        assertEquals(Optional.empty(), again.installed(PackageId.parse("half==1")));
        assertFalse(Files.exists(packages.resolve(".staging/numpy-1")));
        again.install(PackageId.parse("half==1"));
        assertFalse(Files.exists(packages.resolve("half==1/files/x.py")), "it was installed anew");
    }

    @Test
    void whatIsNoPackageOfAWorkersIsNotReplacedByOne() throws Exception {
        Path mine = Files.createDirectories(folder.resolve("packages/half==1")).resolve("thesis.txt");
        Files.writeString(mine, "mine");
        PackageStore again = store("cpython-311");

        PackageException e = assertThrows(PackageException.class, () -> again.install(PackageId.parse("half==1")));
        assertTrue(e.getMessage().contains("move it elsewhere"), e.getMessage());
        assertEquals("mine", Files.readString(mine));
    }

    @Test
    void aForeignFolderForInstallsIsRefused() throws Exception {
        Path mine = Files.createDirectories(folder.resolve("other/.staging")).resolve("thesis.txt");
        Files.writeString(mine, "mine");
        PackageStore other = new PackageStore(
                folder.resolve("other"),
                () -> "cpython-311",
                LIMITS,
                () -> null,
                InstallNetwork.HOST,
                job -> null,
                WheelCache.none(),
                false);

        assertThrows(ConfigException.class, other::open);
        assertTrue(Files.exists(mine));
    }

    @Test
    void packagesForAnotherPythonAreInstalledAnew() throws Exception {
        store.install(NUMPY);
        PackageStore other = store("cpython-312");

        assertEquals(Optional.empty(), other.installed(NUMPY));
        other.install(NUMPY);
        assertEquals(2, installs.get());
        assertEquals(Optional.empty(), store("cpython-311").installed(NUMPY));
    }

    @Test
    void theClosureHasDependenciesFirstInThePinnedVersions() throws Exception {
        metadata.put("pandas", "{\"dependencies\":[\"numpy\",\"pytz\",\"absent\"],\"modules\":[]}");
        metadata.put("pytz", "{\"dependencies\":[\"six\"],\"modules\":[]}");
        PackageId pandas = PackageId.parse("pandas==2");
        Set<PackageId> pins =
                Set.of(pandas, NUMPY, PackageId.parse("pytz==1"), PackageId.parse("six==9"), PackageId.parse("x==1"));

        List<String> closure = store.closure(pandas, pins).stream()
                .map(info -> info.id().toString())
                .toList();

        assertEquals(List.of("numpy==2.2.3", "six==9", "pytz==1", "pandas==2"), closure);
        assertEquals(Optional.empty(), store.installed(PackageId.parse("x==1")));
        assertThrows(IllegalArgumentException.class, () -> store.closure(PackageId.parse("pandas==3"), pins));
    }

    /** nbconvert cannot be imported without tinycss2, which it gets by asking for bleach[css]. */
    @Test
    void theClosureHasWhatComesWithExtrasAlsoAfterARestart() throws Exception {
        metadata.put("nbconvert", """
            {"dependencies":["bleach"],"modules":[],"extras":{"asked":["bleach[css]"],"own":{"test":["absent"]}}}\
            """);
        metadata.put("bleach", """
            {"dependencies":["webencodings"],"modules":[],"extras":{"asked":[],
            "own":{"css":["bleach[colors]","tinycss2"],"colors":["six"],"dev":["black"]}}}\
            """);
        Set<PackageId> pins = Stream.of(
                        "nbconvert==7", "bleach==6", "webencodings==1", "tinycss2==1", "six==1", "black==1")
                .map(PackageId::parse)
                .collect(Collectors.toSet());
        List<String> expected = List.of("webencodings==1", "bleach==6", "six==1", "tinycss2==1", "nbconvert==7");
        for (int start = 0; start < 2; start++) {
            assertEquals(
                    expected,
                    store("cpython-311").closure(PackageId.parse("nbconvert==7"), pins).stream()
                            .map(info -> info.id().toString())
                            .toList());
        }
        assertEquals(5, installs.get());
    }

    @Test
    void anInstallerThatWritesNonsenseAsExtrasIsRefused() {
        metadata.put("numpy", "{\"dependencies\":[],\"modules\":[],\"extras\":{\"asked\":[\"../x\"]}}");
        assertTrue(refused(NUMPY).contains("../x"));
    }

    @Test
    void cyclesEndWhereTheyClose() throws Exception {
        metadata.put("a", "{\"dependencies\":[\"b\"],\"modules\":[]}");
        metadata.put("b", "{\"dependencies\":[\"c\",\"b\"],\"modules\":[]}");
        metadata.put("c", "{\"dependencies\":[\"a\"],\"modules\":[]}");
        PackageId a = PackageId.parse("a==1");

        List<String> closure = store.closure(a, Set.of(a, PackageId.parse("b==1"), PackageId.parse("c==1"))).stream()
                .map(info -> info.id().name())
                .toList();

        assertEquals(List.of("c", "b", "a"), closure);
    }

    @Test
    void costsAreKeptForTheNextWorker() throws Exception {
        Path file = folder.resolve("costs.json");
        store.loadCosts(file);
        store.learnCosts(Map.of(NUMPY, new ImportCost(80.5, 12)));
        store.saveCosts(file);

        PackageStore next = store("cpython-311");
        next.loadCosts(file);

        assertEquals(Optional.of(new ImportCost(80.5, 12)), next.cost(NUMPY));
        Files.writeString(file, "{damaged");
        store("cpython-311").loadCosts(file);
    }
}
