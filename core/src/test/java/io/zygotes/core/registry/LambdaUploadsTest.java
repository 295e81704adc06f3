package io.zygotes.core.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.core.network.NetworkSetting;
import io.zygotes.spi.Limits;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LambdaUploadsTest {

    private static final String CODE = "def f(event): return 1\n";

    @TempDir
    Path folder;

    private LambdaStore store;
    private LambdaRegistry registry;
    private LambdaUploads uploads;

    @BeforeEach
    void open() throws IOException {
        store = new LambdaStore(Files.createDirectories(folder.resolve("registry")));
        registry = new LambdaRegistry(
                store,
                folder.resolve("code"),
                Duration.ofHours(1),
                new Limits(50, 10, 100, 0, 30, 1024, 64),
                NetworkSetting.INTERNET,
                100,
                Map::of);
        registry.clean();
        uploads = LambdaUploads.ofWorker(registry);
    }

    @FunctionalInterface
    private interface Content {
        void write(ZipArchiveOutputStream zip) throws IOException;
    }

    private static byte[] zip(Content content) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipArchiveOutputStream zip = new ZipArchiveOutputStream(bytes)) {
            content.write(zip);
        }
        return bytes.toByteArray();
    }

    /** An entry with a mode of Unix; 0 for one of an archive that knows none. */
    private static void entry(ZipArchiveOutputStream zip, String name, int mode, String content) throws IOException {
        ZipArchiveEntry entry = new ZipArchiveEntry(name);
        if (mode != 0) {
            entry.setUnixMode(mode);
        }
        zip.putArchiveEntry(entry);
        zip.write(content.getBytes(StandardCharsets.UTF_8));
        zip.closeArchiveEntry();
    }

    private Path upload(byte[] content) throws IOException {
        return Files.write(folder.resolve("upload"), content);
    }

    private String refused(byte[] content) throws IOException {
        Path archive = upload(content);
        RegistryException e = assertThrows(RegistryException.class, () -> uploads.install("hello", archive));
        try (Stream<Path> left = Files.list(store.folder())) {
            assertEquals(List.of(), left.toList(), "nothing is in the registry");
        }
        return e.getMessage();
    }

    @Test
    void whatAnArchiveIsItsContentSays() throws Exception {
        byte[] tarGz = LambdaStoreTest.archive(tar -> LambdaStoreTest.file(tar, "f.py", CODE + "# tar.gz\n"));
        byte[] tar = new GZIPInputStream(new ByteArrayInputStream(tarGz)).readAllBytes();
        byte[] zip = zip(out -> entry(out, "f.py", 0, CODE + "# zip\n"));

        uploads.install("one", upload(tarGz));
        uploads.install("two", upload(tar));
        uploads.install("three", upload(zip));

        assertEquals(List.of("one", "three", "two"), store.names());
        assertTrue(Files.readString(store.folder().resolve("one/f.py")).contains("tar.gz"));
        assertTrue(Files.readString(store.folder().resolve("two/f.py")).contains("tar.gz"));
        assertTrue(Files.readString(store.folder().resolve("three/f.py")).contains("zip"));
    }

    @Test
    void aZipKeepsFoldersProgramsAndLinksInside() throws Exception {
        uploads.install("hello", upload(zip(zip -> {
            entry(zip, "lib/", 0040755, "");
            entry(zip, "f.py", 0100644, CODE);
            entry(zip, "lib/run", 0100755, "#!/bin/sh\n");
            entry(zip, "deep/in/it.txt", 0, "x");
            entry(zip, "g.py", 0120777, "f.py");
        })));

        Path there = store.folder().resolve("hello");
        assertTrue(Files.isExecutable(there.resolve("lib/run")));
        assertTrue(Files.isRegularFile(there.resolve("deep/in/it.txt")));
        assertEquals(Path.of("f.py"), Files.readSymbolicLink(there.resolve("g.py")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"../f.py", "a/../../f.py", "/tmp/zygotes-test-absolute", "..\\f.py"})
    void anEntryOfAZipThatLeadsOutsideIsRefused(String name) throws Exception {
        String message = refused(zip(zip -> entry(zip, name, 0, CODE)));
        assertTrue(message.contains("leads outside") || message.contains("backslash"), message);
    }

    @Test
    void linksOutsideAndDevicesInAZipAreRefused() throws Exception {
        assertTrue(refused(zip(zip -> {
                    entry(zip, "f.py", 0100644, CODE);
                    entry(zip, "out", 0120777, "../../secret");
                }))
                .contains("leads outside"));
        assertTrue(refused(zip(zip -> entry(zip, "f.py", 0020644, ""))).contains("neither a file"));
        assertTrue(refused(zip(zip -> entry(zip, "f.py", 0120777, "x".repeat(5000))))
                .contains("more than 4096 bytes"));
    }

    @Test
    void whatStandsInAnArchiveTwiceIsRefused() throws Exception {
        assertTrue(refused(zip(zip -> {
                    entry(zip, "f.py", 0, CODE);
                    entry(zip, "./f.py", 0, "other");
                }))
                .contains("holds 'f.py' twice"));
        assertTrue(refused(LambdaStoreTest.archive(tar -> {
                    LambdaStoreTest.file(tar, "f.py", CODE);
                    LambdaStoreTest.file(tar, "f.py", "other");
                }))
                .contains("holds 'f.py' twice"));
        assertTrue(refused(zip(zip -> {
                    entry(zip, "f.py", 0, CODE);
                    entry(zip, "lib", 0120777, "f.py");
                    entry(zip, "lib/x.py", 0, "x");
                }))
                .contains("'lib' is a link and a folder"));
    }

    @Test
    void aZipOfManyEntriesIsRefusedBeforeItIsRead() throws Exception {
        byte[] many = zip(zip -> {
            for (int i = 0; i <= 50_000; i++) {
                zip.putArchiveEntry(new ZipArchiveEntry("f" + i));
                zip.closeArchiveEntry();
            }
        });
        assertTrue(refused(many).contains("more than 50000 files"));
    }

    /** Folders above entries need no entries of their own, so a small archive could make very many. */
    @Test
    void manyFoldersOfFewEntriesAreRefused() throws Exception {
        byte[] archive = LambdaStoreTest.archive(tar -> {
            for (int i = 0; i < 10; i++) {
                LambdaStoreTest.file(tar, i + "/a/b/c/d/f.py", "");
            }
        });
        CodeWriter writer = new CodeWriter(folder.resolve("target"), 1000, 40);

        IOException e = assertThrows(IOException.class, () -> writer.unpack(new ByteArrayInputStream(archive)));

        assertTrue(e.getMessage().contains("more than 40 folders"), e.getMessage());
    }

    @Test
    void aZipThatIsDamagedEncryptedOrPackedOtherwiseIsRefused() throws Exception {
        byte[] whole = zip(zip -> entry(zip, "f.py", 0, CODE.repeat(500)));
        assertTrue(refused(Arrays.copyOf(whole, whole.length / 2)).contains("damaged"));

        byte[] changed = stored();
        changed[40] ^= 1;
        assertTrue(refused(changed).contains("check sum"));

        // The flag of encryption and the method, in the entry of the directory (APPNOTE 4.3.12).
        byte[] encrypted = stored();
        encrypted[directory(encrypted) + 8] |= 1;
        assertTrue(refused(encrypted).contains("encrypted"));
        byte[] packed = stored();
        packed[directory(packed) + 10] = 14;
        assertTrue(refused(packed).contains("method lzma"));
    }

    /** A zip with one file as it is, whose content begins at byte 34. */
    private static byte[] stored() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            ZipEntry entry = new ZipEntry("f.py");
            byte[] content = CODE.getBytes(StandardCharsets.UTF_8);
            CRC32 sum = new CRC32();
            sum.update(content);
            entry.setMethod(ZipEntry.STORED);
            entry.setSize(content.length);
            entry.setCrc(sum.getValue());
            zip.putNextEntry(entry);
            zip.write(content);
            zip.closeEntry();
        }
        return bytes.toByteArray();
    }

    /** Where the directory of a zip without comment begins. */
    private static int directory(byte[] zip) {
        return ByteBuffer.wrap(zip).order(ByteOrder.LITTLE_ENDIAN).getInt(zip.length - 6);
    }

    @Test
    void otherArchivesAreCalledByTheirName() throws Exception {
        assertTrue(refused("BZh91AY".getBytes(StandardCharsets.UTF_8)).contains("packed with bzip2"));
        assertTrue(refused(new byte[0]).contains("it is empty"));
        assertTrue(refused("hello".getBytes(StandardCharsets.UTF_8)).contains("no archive"));
    }

    @Test
    void wrongSettingsAndRequirementsAreToldTogetherAndTheOldVersionStays() throws Exception {
        uploads.install("hello", upload(zip(zip -> entry(zip, "f.py", 0, CODE))));
        Path wrong = upload(zip(zip -> {
            entry(zip, "f.py", 0, "other");
            entry(zip, "ol.yaml", 0, "limits:\n  mem: 5\n");
            entry(zip, "requirements.txt", 0, "six\n");
        }));

        RegistryException e = assertThrows(RegistryException.class, () -> uploads.install("hello", wrong));

        assertTrue(e.getMessage().contains("'mem' is no key here: did you mean 'mem_mb'?"), e.getMessage());
        assertTrue(e.getMessage().contains("'six' is not pinned"), e.getMessage());
        assertEquals(CODE, Files.readString(store.folder().resolve("hello/f.py")));
    }

    @Test
    void aWorkerTakesUpAtOnceWhatIsPutThereOrTakenAway() throws Exception {
        uploads.install("hello", upload(zip(zip -> entry(zip, "f.py", 0, CODE))));
        String first = registry.lookup("hello").version();

        uploads.install("hello", upload(zip(zip -> entry(zip, "f.py", 0, CODE + "# new\n"))));
        assertFalse(first.equals(registry.lookup("hello").version()));

        assertTrue(uploads.remove("hello"));
        assertThrows(RegistryException.class, () -> registry.lookup("hello"));
        assertFalse(uploads.remove("hello"));
        try (Stream<Path> left = Files.list(store.folder())) {
            assertEquals(List.of(), left.toList());
        }
    }

    @Test
    void aLambdaThatIsAnArchiveInTheRegistryIsReplacedAndRemoved() throws Exception {
        byte[] packed = LambdaStoreTest.archive(tar -> LambdaStoreTest.file(tar, "f.py", CODE));
        Files.write(store.folder().resolve("hello.tar.gz"), packed);
        Files.createDirectory(store.folder().resolve("hello"));

        assertTrue(uploads.remove("hello"));
        assertEquals(List.of(), store.names());

        Files.write(store.folder().resolve("hello.tar.gz"), packed);
        uploads.install("hello", upload(zip(zip -> entry(zip, "f.py", 0, CODE + "# new\n"))));
        assertFalse(Files.exists(store.folder().resolve("hello.tar.gz"), LinkOption.NOFOLLOW_LINKS));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a/b", "..", "a b", "%2e", "a\nb", ".hidden"})
    void aWrongNameIsRefused(String name) throws Exception {
        Path archive = upload(zip(zip -> entry(zip, "f.py", 0, CODE)));

        RegistryException e = assertThrows(RegistryException.class, () -> uploads.install(name, archive));
        assertEquals(RegistryException.Kind.BAD_NAME, e.kind());
        assertFalse(e.getMessage().contains("\n"), e.getMessage());
        assertEquals(
                RegistryException.Kind.BAD_NAME,
                assertThrows(RegistryException.class, () -> uploads.remove(name))
                        .kind());
    }

    @Test
    void aNameOf300LettersIsRefusedAndShortened() {
        RegistryException e =
                assertThrows(RegistryException.class, () -> uploads.install("a".repeat(300), folder.resolve("x")));
        assertTrue(e.getMessage().length() < 400, e.getMessage());
    }

    @Test
    void aSourceThatIsNotThereIsRefused() {
        RegistryException e =
                assertThrows(RegistryException.class, () -> uploads.install("hello", folder.resolve("none")));
        assertTrue(e.getMessage().contains("does not exist"), e.getMessage());
    }

    @Test
    void theNameOfAnArchiveHasNoEnding() throws Exception {
        assertEquals("hello", LambdaUploads.nameOf(Path.of("some/hello.tar.gz")));
        assertEquals("hello", LambdaUploads.nameOf(Path.of("hello.zip")));
        assertEquals("hello", LambdaUploads.nameOf(Path.of("hello.tgz")));
        assertEquals("hello", LambdaUploads.nameOf(Path.of("hello/.")));
        assertEquals("x.zip", LambdaUploads.nameOf(Files.createDirectory(folder.resolve("x.zip"))));
    }
}
