package io.zygotes.core.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.core.files.Folders;
import io.zygotes.core.files.StorageException;
import io.zygotes.core.network.NetworkSetting;
import io.zygotes.core.registry.RegistryException.Kind;
import io.zygotes.spi.FailureKind;
import io.zygotes.spi.Limits;
import io.zygotes.spi.PackageId;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LambdaRegistryTest {

    private static final Limits LIMITS = new Limits(100, 10, 100, 0, 30, 64, 8);

    @TempDir
    Path folder;

    private LambdaStore store;
    private LambdaRegistry registry;

    @BeforeEach
    void open() throws IOException {
        store = new LambdaStore(Files.createDirectories(folder.resolve("registry")));
        registry = registry(Duration.ZERO);
    }

    private LambdaRegistry registry(Duration fresh) throws IOException {
        LambdaRegistry made = new LambdaRegistry(
                store,
                folder.resolve("code"),
                fresh,
                LIMITS,
                NetworkSetting.HOST,
                200,
                () -> Map.of("python_version", "3.11"));
        made.clean();
        return made;
    }

    private Path write(String name, String file, String text) throws IOException {
        Path lambda = Files.createDirectories(store.folder().resolve(name));
        Files.writeString(lambda.resolve(file), text);
        return lambda;
    }

    private Kind refused(String name) {
        return assertThrows(RegistryException.class, () -> registry.lookup(name))
                .kind();
    }

    private long versions(String name) throws IOException {
        try (Stream<Path> all = Files.list(folder.resolve("code").resolve(name))) {
            return all.count();
        }
    }

    @Test
    void givesCodePackagesAndSettings() throws Exception {
        write("hello", "f.py", "def f(event): return 1\n");
        write("hello", "requirements.txt", "numpy==2.2.3\n");
        write("hello", "ol.yaml", "environment: {A: b}\n");

        LambdaCode code = registry.lookup("hello");

        assertEquals("hello", code.spec().lambda());
        assertEquals(Set.of(PackageId.parse("numpy==2.2.3")), code.spec().packages());
        assertEquals(Map.of("A", "b"), code.spec().environment());
        assertEquals(
                "def f(event): return 1\n",
                Files.readString(code.spec().handler().resolve("f.py")));
        assertTrue(code.spec().handler().startsWith(folder.resolve("code/hello")));
    }

    @Test
    void aHandlerOfAwsLambdaHasItsVariablesAndAnEnvFileCountsLessThanTheSettings() throws Exception {
        write("hello", "f.py", "x = 1\n");
        write("hello", "app.py", "def main(event, context): return 1\n");
        write("hello", "ol.yaml", "handler: app.main\nenvironment: {A: settings, AWS_REGION: eu-west-1}\n");
        write("hello", ".env", "A=file\nB=${A}\n");

        assertEquals(
                Map.of(
                        "A", "settings",
                        "B", "settings",
                        "_HANDLER", "app.main",
                        "AWS_LAMBDA_FUNCTION_NAME", "hello",
                        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "100",
                        "AWS_LAMBDA_FUNCTION_VERSION", "$LATEST",
                        "AWS_REGION", "eu-west-1",
                        "LAMBDA_TASK_ROOT", "/handler"),
                registry.lookup("hello").spec().environment());
        write("hello", "ol.yaml", "handler: other.main\n");
        assertTrue(assertThrows(RegistryException.class, () -> registry.lookup("hello"))
                .getMessage()
                .contains("it has no file other.py: handler is 'other.main'"));
        write("hello", "requirements.txt", "wrapper==1\n");
        assertEquals("other.main", registry.lookup("hello").spec().environment().get("_HANDLER"));
    }

    @Test
    void unchangedCodeIsNotUnpackedAgain() throws Exception {
        write("hello", "f.py", "x = 1\n");

        assertSame(registry.lookup("hello"), registry.lookup("hello"));
    }

    @Test
    void aChangeOfTheSameSizeAndTimeIsSeen() throws Exception {
        Path file = write("hello", "f.py", "x = 1\n").resolve("f.py");
        LambdaCode old = registry.lookup("hello");
        FileTime time = Files.getLastModifiedTime(file);
        Files.writeString(file, "x = 2\n");
        Files.setLastModifiedTime(file, time);

        LambdaCode changed = registry.lookup("hello");

        assertNotEquals(old.version(), changed.version());
        assertTrue(changed.generation() > old.generation());
        assertEquals("x = 1\n", Files.readString(old.spec().handler().resolve("f.py")), "the old version is whole");
        assertEquals("x = 2\n", Files.readString(changed.spec().handler().resolve("f.py")));
    }

    @Test
    void whileTheCacheIsFreshTheRegistryIsNotAsked() throws Exception {
        registry = registry(Duration.ofHours(1));
        write("hello", "f.py", "x = 1\n");
        LambdaCode code = registry.lookup("hello");
        write("hello", "f.py", "x = 2\n");

        assertSame(code, registry.lookup("hello"));
    }

    @Test
    void aNewLambdaIsFoundAtOnceEvenIfItWasAskedForBefore() throws Exception {
        registry = registry(Duration.ofHours(1));
        assertEquals(Kind.UNKNOWN, refused("hello"));
        write("hello", "f.py", "x = 1\n");

        assertEquals("hello", registry.lookup("hello").spec().lambda());
    }

    @Test
    void aRemovedLambdaIsUnknown() throws Exception {
        Path lambda = write("hello", "f.py", "x = 1\n");
        registry.lookup("hello");
        Files.delete(lambda.resolve("f.py"));
        Files.delete(lambda);

        assertEquals(Kind.UNKNOWN, refused("hello"));
    }

    @Test
    void aBrokenLambdaIsNotUnpackedAgainUntilItChanges() throws Exception {
        write("hello", "f.py", "x = 1\n");
        write("hello", "requirements.txt", "numpy\n");
        assertEquals(Kind.BROKEN, refused("hello"));
        Files.delete(folder.resolve("code/hello"));
        Files.writeString(folder.resolve("code/hello"), "no folder: whoever unpacks into it fails otherwise");

        assertEquals(Kind.BROKEN, refused("hello"));

        Files.delete(folder.resolve("code/hello"));
        write("hello", "requirements.txt", "numpy==1\n");
        assertEquals("hello", registry.lookup("hello").spec().lambda());
    }

    @Test
    void aLargeFileTakesLittleMemory() throws Exception {
        Path lambda = write("hello", "f.py", "x = 1\n");
        try (RandomAccessFile file = new RandomAccessFile(lambda.resolve("data").toFile(), "rw")) {
            file.setLength(64 << 20);
        }
        com.sun.management.ThreadMXBean threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();

        registry.lookup("hello");

        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertTrue(allocated < 16 << 20, "allocated " + (allocated >> 20) + " MiB");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "..", "a/b", "../x", "a\0", ".x", "x%2e", "hällo"})
    void aWrongNameNeverReachesTheFileSystem(String name) {
        assertEquals(Kind.BAD_NAME, refused(name));
    }

    @Test
    void aBrokenLambdaSaysWhatIsWrongAndWorksOnceItIsMended() throws Exception {
        write("hello", "g.py", "x = 1\n");
        assertEquals(Kind.BROKEN, refused("hello"));
        write("hello", "f.py", "x = 1\n");
        write("hello", "requirements.txt", "numpy\n");
        RegistryException e = assertThrows(RegistryException.class, () -> registry.lookup("hello"));
        assertTrue(e.getMessage().contains("lambda hello: requirements.txt, line 1"), e.getMessage());
        assertEquals(0, versions("hello"), "nothing half-done is left");

        write("hello", "requirements.txt", "numpy==1\n");
        registry.lookup("hello");
    }

    @Test
    void settingsAreNotReadThroughLinks() throws Exception {
        Path lambda = write("hello", "f.py", "x = 1\n");
        Files.writeString(lambda.resolve("other.txt"), "secret");
        Files.createSymbolicLink(lambda.resolve("requirements.txt"), Path.of("other.txt"));

        RegistryException e = assertThrows(RegistryException.class, () -> registry.lookup("hello"));
        assertFalse(e.getMessage().contains("secret"), e.getMessage());
    }

    @Test
    void settingsThatAreNotUtf8AreRefusedInsteadOfChanged() throws Exception {
        Path lambda = write("hello", "f.py", "x = 1\n");
        Files.write(lambda.resolve("ol.yaml"), "environment: {A: caf\u00e9}".getBytes(StandardCharsets.ISO_8859_1));

        RegistryException e = assertThrows(RegistryException.class, () -> registry.lookup("hello"));
        assertTrue(e.getMessage().contains("ol.yaml is not UTF-8"), e.getMessage());
    }

    @Test
    void aDamagedArchiveDoesNotReplaceAWholeOne() throws Exception {
        Path packed = store.folder().resolve("hello.tar.gz");
        byte[] whole = LambdaStoreTest.archive(tar -> LambdaStoreTest.file(tar, "f.py", "x = 1\n"));
        Files.write(packed, whole);
        LambdaCode code = registry.lookup("hello");
        Files.write(packed, Arrays.copyOf(whole, whole.length - 20));

        assertEquals(code.version(), registry.lookup("hello").version());
        Files.write(packed, LambdaStoreTest.archive(tar -> LambdaStoreTest.file(tar, "f.py", "x = 2\n")));
        assertNotEquals(code.version(), registry.lookup("hello").version());
    }

    @Test
    void oldVersionsAreDeletedWhenNobodyUsesThem() throws Exception {
        write("hello", "f.py", "x = 1\n");
        LambdaCode first = registry.lookup("hello");
        write("hello", "f.py", "x = 2\n");
        LambdaCode second = registry.lookup("hello");
        assertEquals(2, versions("hello"));

        registry.keepVersions("hello", Set.of(first.version()));
        assertEquals(2, versions("hello"), "in use, and the present one");
        registry.keepVersions("hello", Set.of());

        assertEquals(1, versions("hello"));
        assertTrue(Files.isDirectory(second.spec().handler()));
    }

    @Test
    void aStartUsesWhatIsUnpackedAndRemovesWhatIsNotNeeded() throws Exception {
        write("hello", "f.py", "x = 1\n");
        LambdaCode code = registry.lookup("hello");
        Files.createDirectories(folder.resolve("code/hello/.code.unpack-1-1"));
        Files.createDirectories(folder.resolve("code/gone/0123456789abcdef0123456789abcdef"));

        LambdaCode again = registry(Duration.ZERO).lookup("hello");

        assertEquals(code.spec(), again.spec());
        assertEquals(1, versions("hello"));
        assertFalse(Files.exists(folder.resolve("code/gone")));
    }

    @Test
    void filesThatCannotBeWrittenAreTheWorkersErrorAndNotTheLambdas() throws Exception {
        write("hello", "f.py", "def f(event): return 1\n");
        Files.writeString(folder.resolve("code/hello"), "a file where a folder should be");

        StorageException e = assertThrows(StorageException.class, () -> registry.lookup("hello"));

        assertEquals(FailureKind.OTHER, e.kind());
        assertTrue(e.getMessage().contains("code/hello"), e.getMessage());
    }

    @Test
    void aPackedLambdaIsUnpackedAgainAfterAnErrorThatPasses() throws Exception {
        Path packed = store.folder().resolve("hello.tar.gz");
        Files.write(packed, LambdaStoreTest.archive(tar -> LambdaStoreTest.file(tar, "f.py", "x = 1\n")));
        LambdaCode old = registry.lookup("hello");
        Path home = folder.resolve("code/hello");
        Files.move(home, folder.resolve("elsewhere"));
        Files.writeString(home, "nothing can be unpacked here, as on a full disk");
        Files.write(packed, LambdaStoreTest.archive(tar -> LambdaStoreTest.file(tar, "f.py", "x = 2\n")));
        assertEquals(old, registry.lookup("hello"), "the version that is known serves meanwhile");
        Files.delete(home);
        Files.move(folder.resolve("elsewhere"), home);

        LambdaCode changed = registry.lookup("hello");

        assertEquals("x = 2\n", Files.readString(changed.spec().handler().resolve("f.py")));
    }

    @Test
    void whileTheRegistryCannotBeReadTheKnownVersionServes() throws Exception {
        write("hello", "f.py", "x = 1\n");
        LambdaCode code = registry.lookup("hello");
        Files.move(store.folder(), folder.resolve("elsewhere"));

        assertEquals(code, registry.lookup("hello"));
        assertThrows(
                StorageException.class, () -> registry.lookup("other"), "not known, which is not the same as gone");
        Files.writeString(store.folder(), "no folder");
        assertEquals(code, registry.lookup("hello"));

        Files.delete(store.folder());
        Files.move(folder.resolve("elsewhere"), store.folder());
        assertEquals(code, registry.lookup("hello"));
    }

    @Test
    void aLambdaThatIsRemovedAndPutBackKeepsTheVersionThatIsInUse() throws Exception {
        Path file = write("hello", "f.py", "x = 1\n").resolve("f.py");
        LambdaCode running = registry.lookup("hello");
        Files.delete(file);
        Files.delete(file.getParent());
        assertEquals(Kind.UNKNOWN, refused("hello"));

        write("hello", "f.py", "x = 2\n");
        LambdaCode back = registry.lookup("hello");

        assertTrue(Files.isDirectory(running.spec().handler()), "a call still runs there");
        registry.keepVersions("hello", Set.of());
        assertFalse(Files.exists(running.spec().handler()));
        assertTrue(Files.isDirectory(back.spec().handler()));
    }

    @Test
    void whileItIsReplacedALambdaIsAlwaysThere() throws Exception {
        Path one = Files.createDirectories(folder.resolve("one/hello"));
        Files.writeString(one.resolve("f.py"), "x = 1\n");
        store.install(one);
        registry.lookup("hello");
        AtomicBoolean done = new AtomicBoolean();
        AtomicInteger count = new AtomicInteger();
        FutureTask<Void> installs = new FutureTask<>(() -> {
            while (!done.get()) {
                Files.writeString(one.resolve("f.py"), "x = " + count.get() % 3 + "\n");
                store.install(one);
                count.incrementAndGet();
            }
            return null;
        });
        Thread.ofPlatform().start(installs);
        long until = System.nanoTime() + Duration.ofSeconds(1).toNanos();
        try {
            while (System.nanoTime() < until || count.get() < 6 && !installs.isDone()) {
                registry.lookup("hello");
            }
        } finally {
            done.set(true);
        }
        installs.get();
    }

    @Test
    void anInstallThatWasKilledBetweenItsRenamesLeavesTheOldVersion() throws Exception {
        Path lambda = write("hello", "f.py", "x = 1\n");
        Files.move(lambda, store.folder().resolve(".hello.replaced"));

        LambdaCode code = registry.lookup("hello");
        assertEquals("x = 1\n", Files.readString(code.spec().handler().resolve("f.py")));

        registry = registry(Duration.ZERO);
        assertTrue(Files.isDirectory(lambda), "a start puts it back");
        assertEquals(code.spec(), registry.lookup("hello").spec());
    }

    @Test
    void filesOfOthersAmongTheCodeStay() throws Exception {
        Path note = Files.writeString(folder.resolve("code/NOTES.txt"), "mine");
        Path mine = Files.createDirectories(folder.resolve("code/mine")).resolve("main.py");
        Files.writeString(mine, "mine");
        write("hello", "f.py", "x = 1\n");
        registry.lookup("hello");
        Path beside = Files.writeString(folder.resolve("code/hello/README"), "mine");

        registry = registry(Duration.ZERO);
        registry.lookup("hello");
        registry.keepVersions("hello", Set.of());

        assertTrue(Files.exists(note) && Files.exists(mine) && Files.exists(beside));
    }

    @Test
    void whatHasNotChangedIsNotUnpackedAgainByTheNextWorker() throws Exception {
        write("hello", "f.py", "x = 1\n");
        write("hello", "ol.yaml", "limits:\n  mem_mb: 55\n");
        LambdaCode before = registry.lookup("hello");
        registry.saveIndex();
        // Whoever unpacks it again finds that its folder is there, and leaves what is in it.
        Path home = before.spec().handler().getParent();
        FileTime untouched = FileTime.fromMillis(1_000_000);
        Files.setLastModifiedTime(home, untouched);

        LambdaCode after = registry(Duration.ZERO).lookup("hello");

        assertEquals(before.version(), after.version());
        assertEquals(before.spec(), after.spec());
        assertEquals(55, after.spec().limits().memMb());
        assertEquals(untouched, Files.getLastModifiedTime(home));
    }

    @Test
    void whatChangedWhileNoWorkerRanIsTakenUp() throws Exception {
        write("hello", "f.py", "x = 1\n");
        LambdaCode before = registry.lookup("hello");
        registry.saveIndex();
        write("hello", "f.py", "x = 22\n");

        assertNotEquals(
                before.version(), registry(Duration.ZERO).lookup("hello").version());
    }

    @Test
    void anIndexThatIsDamagedOrNamesAFolderThatIsGoneIsPassedOver() throws Exception {
        write("hello", "f.py", "x = 1\n");
        LambdaCode before = registry.lookup("hello");
        registry.saveIndex();
        Folders.delete(before.spec().handler());
        assertEquals(before.version(), registry(Duration.ZERO).lookup("hello").version());
        assertTrue(Files.exists(before.spec().handler().resolve("f.py")));

        Files.writeString(folder.resolve("lambdas.json"), "{\"hello\": ");
        assertEquals(before.version(), registry(Duration.ZERO).lookup("hello").version());
    }

    @Test
    void lookingNowSeesAChangeBeforeItsTime() throws Exception {
        LambdaRegistry patient = registry(Duration.ofHours(1));
        write("hello", "f.py", "x = 1\n");
        LambdaCode before = patient.lookup("hello");
        write("hello", "f.py", "x = 22\n");

        assertSame(before, patient.lookup("hello"));
        assertNotEquals(before.version(), patient.lookupNow("hello").version());
        assertNotEquals(before.version(), patient.lookup("hello").version());
    }
}
