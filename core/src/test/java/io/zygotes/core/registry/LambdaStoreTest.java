package io.zygotes.core.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LambdaStoreTest {

    @TempDir
    Path folder;

    private LambdaStore store;

    @BeforeEach
    void open() {
        store = new LambdaStore(folder.resolve("registry"));
    }

    private Path lambda(String name, String code) throws IOException {
        Path lambda = Files.createDirectories(folder.resolve("sources").resolve(name));
        Files.writeString(lambda.resolve("f.py"), code);
        return lambda;
    }

    @FunctionalInterface
    interface Content {
        void write(TarArchiveOutputStream tar) throws IOException;
    }

    static byte[] archive(Content content) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(new GZIPOutputStream(bytes))) {
            content.write(tar);
        }
        return bytes.toByteArray();
    }

    static void file(TarArchiveOutputStream tar, String name, String text) throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(name, true);
        entry.setSize(text.length());
        tar.putArchiveEntry(entry);
        tar.write(text.getBytes());
        tar.closeArchiveEntry();
    }

    static void link(TarArchiveOutputStream tar, String name, String to, byte kind) throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(name, kind);
        entry.setLinkName(to);
        tar.putArchiveEntry(entry);
        tar.closeArchiveEntry();
    }

    private IOException refused(Content content) throws IOException {
        Path target = folder.resolve("target");
        byte[] bytes = archive(content);
        IOException e = assertThrows(
                IOException.class, () -> new CodeWriter(target, 1000, 10).unpack(new ByteArrayInputStream(bytes)));
        try (Stream<Path> outside = Files.list(folder)) {
            assertEquals(
                    List.of("target"),
                    outside.map(path -> path.getFileName().toString()).toList());
        }
        return e;
    }

    @Test
    void installsAFolderAndReplacesItAsAWhole() throws Exception {
        Path first = lambda("hello", "one");
        Files.writeString(first.resolve("old.txt"), "x");
        assertEquals("hello", store.install(first));
        assertEquals(List.of("hello"), store.names());

        Files.delete(first.resolve("old.txt"));
        lambda("hello", "two");
        store.install(first);

        assertEquals("two", Files.readString(store.folder().resolve("hello/f.py")));
        assertFalse(Files.exists(store.folder().resolve("hello/old.txt")));
        try (Stream<Path> left = Files.list(store.folder())) {
            assertEquals(1, left.count(), "nothing beside the lambda");
        }
    }

    @Test
    void aFolderThatHoldsTheRegistryIsNotCopiedIntoItself() throws Exception {
        Files.createDirectories(store.folder());
        Files.writeString(folder.resolve("f.py"), "x");
        Path link = Files.createSymbolicLink(folder.resolve("hello"), folder);

        RegistryException e = assertThrows(RegistryException.class, () -> store.install(link));

        assertTrue(e.getMessage().contains("holds the registry"), e.getMessage());
        assertEquals(List.of(), store.names());
    }

    @Test
    void installsAnArchiveAndReplacesAnArchive() throws Exception {
        Files.createDirectories(store.folder());
        Files.write(store.folder().resolve("hello.tar.gz"), archive(tar -> file(tar, "f.py", "old")));
        assertEquals(List.of("hello"), store.names());
        Path packed = folder.resolve("hello.tar.gz");
        Files.write(packed, archive(tar -> file(tar, "./f.py", "new")));

        store.install(packed);

        assertEquals("new", Files.readString(store.folder().resolve("hello/f.py")));
        assertFalse(Files.exists(store.folder().resolve("hello.tar.gz")));
    }

    @Test
    void aLambdaMayBeOneFileUntilThereIsAFolderOfItsName() throws Exception {
        Files.createDirectories(store.folder().resolve("folder.py"));
        Path single = Files.writeString(store.folder().resolve("hello.py"), "one");

        assertEquals(List.of("folder.py", "hello"), store.names());
        assertEquals(single, store.find("hello").orElseThrow());
        assertEquals("one", Files.readString(written("hello", single).resolve("f.py")));
        store.install(lambda("hello", "more"));
        assertFalse(Files.exists(single));
        assertEquals(store.folder().resolve("hello"), store.find("hello").orElseThrow());
        Files.writeString(single, "one");
        assertTrue(store.remove("hello"));
        assertEquals(Optional.empty(), store.find("hello"));
    }

    private Path written(String name, Path source) throws Exception {
        Path target = folder.resolve("written-" + name);
        LambdaStore.write(name, source, target);
        return target;
    }

    @Test
    void aLambdaWithoutCodeIsRefusedAndTheOldOneStays() throws Exception {
        store.install(lambda("hello", "old"));
        Path bad = Files.createDirectories(folder.resolve("other/hello/inner"));
        Files.writeString(bad.resolve("f.py"), "x");

        RegistryException e = assertThrows(RegistryException.class, () -> store.install(bad.getParent()));

        assertTrue(e.getMessage().contains("it has no file f.py at its top (there is one in inner/)"), e.getMessage());
        assertEquals("old", Files.readString(store.folder().resolve("hello/f.py")));
        try (Stream<Path> left = Files.list(store.folder())) {
            assertEquals(1, left.count());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a b", "-x", ".hidden", "a..b", "naïve", "x.tar.gz"})
    void aWrongNameIsRefused(String name) throws Exception {
        Path source = lambda(name, "x");

        RegistryException e = assertThrows(RegistryException.class, () -> store.install(source));
        assertEquals(RegistryException.Kind.BAD_NAME, e.kind());
    }

    @Test
    void namesHaveAnEnd() {
        assertTrue(LambdaName.valid("a".repeat(64)));
        assertFalse(LambdaName.valid("a".repeat(65)));
        assertFalse(LambdaName.valid(""));
    }

    @Test
    void linksInsideAreKeptAndLinksOutsideRefused() throws Exception {
        Path source = lambda("links", "x");
        Files.createSymbolicLink(source.resolve("g.py"), Path.of("f.py"));
        store.install(source);
        assertEquals(Path.of("f.py"), Files.readSymbolicLink(store.folder().resolve("links/g.py")));

        Files.createSymbolicLink(source.resolve("bad"), Path.of("../../secret"));
        RegistryException e = assertThrows(RegistryException.class, () -> store.install(source));
        assertTrue(e.getMessage().contains("leads outside"), e.getMessage());
    }

    @Test
    void byteCodeOfOthersIsLeftOut() throws Exception {
        Path source = lambda("hello", "x");
        Files.createDirectory(source.resolve("__pycache__"));
        Files.writeString(source.resolve("__pycache__/f.cpython-311.pyc"), "stale");

        store.install(source);

        assertFalse(Files.exists(store.folder().resolve("hello/__pycache__")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"../f.py", "a/../../f.py", "/tmp/zygotes-test-absolute"})
    void anEntryOutsideIsRefused(String name) throws Exception {
        // the writer of archives is as careful as its reader, so the name is put in afterwards
        IOException e = refused(tar -> {
            TarArchiveEntry entry = new TarArchiveEntry("placeholder", true);
            entry.setName(name);
            entry.setSize(1);
            tar.putArchiveEntry(entry);
            tar.write('x');
            tar.closeArchiveEntry();
        });
        assertTrue(e.getMessage().contains("leads outside"), e.getMessage());
    }

    @Test
    void nothingIsWrittenThroughALink() throws Exception {
        IOException e = refused(tar -> {
            link(tar, "out", "..", TarConstants.LF_SYMLINK);
            file(tar, "out/f.py", "x");
        });
        assertTrue(e.getMessage().contains("leads outside"), e.getMessage());
    }

    @Test
    void hardLinksAndDevicesAreRefused() throws Exception {
        assertTrue(refused(tar -> link(tar, "f.py", "/etc/passwd", TarConstants.LF_LINK))
                .getMessage()
                .contains("neither a file"));
        Files.delete(folder.resolve("target"));
        assertTrue(refused(tar -> link(tar, "f.py", "", TarConstants.LF_CHR))
                .getMessage()
                .contains("neither a file"));
    }

    @Test
    void anArchiveThatUnpacksToTooMuchIsRefused() throws Exception {
        assertTrue(
                refused(tar -> file(tar, "f.py", "x".repeat(1001))).getMessage().contains("more than"));
    }

    @Test
    void anArchiveWithTooManyEntriesIsRefused() throws Exception {
        IOException e = assertThrows(
                IOException.class,
                () -> new CodeWriter(folder.resolve("t"), 1000, 10).unpack(new ByteArrayInputStream(archive(tar -> {
                    for (int i = 0; i < 11; i++) {
                        file(tar, "f" + i, "");
                    }
                }))));
        assertTrue(e.getMessage().contains("more than 10 files"), e.getMessage());
    }

    @Test
    void anArchiveWithFoldersTooDeepIsRefused() throws Exception {
        IOException refused = refused(tar -> {
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            file(tar, "a/".repeat(101) + "f.py", "");
        });
        assertTrue(refused.getMessage().contains("100 deep"), refused.getMessage());
    }

    @Test
    void namesAndLinksThatTakeMuchMemoryAreRefused() throws Exception {
        IOException refused = refused(tar -> {
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            link(tar, "link", "x".repeat(5000), TarConstants.LF_SYMLINK);
        });
        assertTrue(refused.getMessage().contains("of 5000 characters"), refused.getMessage());
        // The writer of archives takes a minute for so many long links, so this one is written by hand.
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(bytes)) {
            for (int i = 0; i < 4200; i++) {
                header(out, 'K', "././@LongLink", 4000);
                out.write(Arrays.copyOf("x".repeat(4000).getBytes(), 4096));
                header(out, '2', "link" + i, 0);
            }
        }
        byte[] many = bytes.toByteArray();
        CodeWriter writer = new CodeWriter(folder.resolve("many"), 1000, 10_000);
        IOException together = assertThrows(IOException.class, () -> writer.unpack(new ByteArrayInputStream(many)));
        assertTrue(together.getMessage().contains("million characters"), together.getMessage());
    }

    /** One header of a tar that says how long the name, or the records, behind it are. */
    private static void header(OutputStream out, char kind, String name, long size) throws IOException {
        byte[] block = new byte[512];
        TarArchiveEntry entry = new TarArchiveEntry(name, (byte) kind);
        entry.setSize(size);
        entry.writeEntryHeader(block);
        out.write(block);
    }

    @ParameterizedTest
    @ValueSource(chars = {'L', 'K', 'x', 'g'})
    void aHeaderThatWouldFillTheMemoryIsRefused(char kind) throws Exception {
        long size = 100 << 20;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(bytes)) {
            header(out, kind, "././@LongLink", size);
            byte[] piece = new byte[1 << 20];
            Arrays.fill(piece, (byte) 'a');
            System.arraycopy((size + " a=").getBytes(), 0, piece, 0, 12);
            for (long done = 0; done < size; done += piece.length) {
                out.write(piece);
                Arrays.fill(piece, 0, 12, (byte) 'a');
            }
        }
        com.sun.management.ThreadMXBean threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();

        IOException e = assertThrows(
                IOException.class,
                () -> new CodeWriter(folder.resolve("t"), 1 << 30, 10)
                        .unpack(new ByteArrayInputStream(bytes.toByteArray())));

        assertTrue(e.getMessage().contains("header of more than 256 KiB"), e.toString());
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertTrue(allocated < 16 << 20, "allocated " + (allocated >> 20) + " MiB");
    }

    @Test
    void recordsThatArePiledUpForAllEntriesAreRefused() throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(bytes)) {
            for (int i = 0; i < 200; i++) {
                byte[] record = ("10 k" + (100 + i) + "=v\n").getBytes();
                header(out, 'g', "pax", record.length);
                out.write(Arrays.copyOf(record, 512));
            }
            header(out, '0', "f.py", 0);
            out.write(new byte[1024]);
        }
        CodeWriter writer = new CodeWriter(folder.resolve("records"), 1000, 10);

        IOException e =
                assertThrows(IOException.class, () -> writer.unpack(new ByteArrayInputStream(bytes.toByteArray())));
        assertTrue(e.getMessage().contains("pax records"), e.toString());
    }

    @Test
    void whatIsPassedOverCountsAsWell() throws Exception {
        IOException e = refused(tar -> file(tar, "__pycache__/f.pyc", "x".repeat(1001)));

        assertTrue(e.getMessage().contains("more than"), e.getMessage());
    }

    @Test
    void aDamagedArchiveIsRefusedWithItsName() throws Exception {
        byte[] whole = archive(tar -> file(tar, "f.py", "x = 1\n".repeat(2000)));
        for (byte[] bytes : List.of(
                new byte[0], "not an archive".getBytes(), Arrays.copyOf(whole, whole.length / 2), archive(tar -> {}))) {
            Path packed = folder.resolve("broken.tar.gz");
            Files.write(packed, bytes);
            RegistryException e = assertThrows(RegistryException.class, () -> store.install(packed));
            assertTrue(e.getMessage().contains("broken"), e.getMessage());
            assertFalse(Files.exists(store.folder().resolve("broken"), LinkOption.NOFOLLOW_LINKS));
        }
    }

    /** Its interpreter is a link that leads outside (aws/aws-cdk issue 22585). */
    @Test
    void aVirtualEnvironmentBesideTheCodeIsLeftAside() throws Exception {
        Path source = lambda("hello", "def f(event): return 1\n");
        Path programs = Files.createDirectories(source.resolve(".venv/bin"));
        Files.writeString(source.resolve(".venv/pyvenv.cfg"), "home = /usr/bin\n");
        Files.createSymbolicLink(programs.resolve("python3"), Path.of("/usr/bin/python3"));
        Files.createDirectories(source.resolve("node_modules/.bin"));
        Files.createSymbolicLink(source.resolve("node_modules/.bin/cli"), Path.of("../x/cli.js"));
        String before = Fingerprint.of(source);

        store.install(source);
        Files.writeString(programs.resolve("activate"), "");

        assertTrue(Files.isRegularFile(store.folder().resolve("hello/f.py")));
        assertFalse(Files.exists(store.folder().resolve("hello/.venv"), LinkOption.NOFOLLOW_LINKS));
        assertEquals(before, Fingerprint.of(source));
    }

    @Test
    void aVirtualEnvironmentInAnArchiveIsLeftAside() throws Exception {
        byte[] archive = archive(tar -> {
            link(tar, ".venv/bin/python3", "/usr/bin/python3", TarConstants.LF_SYMLINK);
            file(tar, ".venv/pyvenv.cfg", "home = /usr/bin\n");
            file(tar, "f.py", "def f(event): return 1\n");
        });
        Path target = folder.resolve("target");

        new CodeWriter(target, 1000, 10).unpack(new ByteArrayInputStream(archive));

        assertTrue(Files.isRegularFile(target.resolve("f.py")));
        assertFalse(Files.exists(target.resolve(".venv"), LinkOption.NOFOLLOW_LINKS));
    }

    private static final String IGNORED = "*.csv\n!keep.csv\n/data/\nlinks/*\n";

    @Test
    void whatTheFileSaysIsLeftOutOfAFolderAndOfAnArchiveAndTold() throws Exception {
        Path source = lambda("hello", "x");
        for (String file :
                List.of("a.csv", "keep.csv", "part/data/b.txt", "data/b.txt", "node_modules/x/y.js", ".git")) {
            Files.createDirectories(source.resolve(file).getParent());
            Files.writeString(source.resolve(file), "x");
        }
        Files.createSymbolicLink(source.resolve(".venv"), Path.of("/usr/lib"));
        Files.createDirectories(source.resolve("links"));
        Files.createSymbolicLink(source.resolve("links/out"), Path.of("/usr/lib"));
        Files.writeString(source.resolve(".zygotesignore"), IGNORED);
        Path packed = folder.resolve("sources/packed.tar.gz");
        Files.write(packed, archive(tar -> {
            for (String file : List.of("f.py", "a.csv", "keep.csv", "part/data/b.txt", "data/b.txt")) {
                file(tar, "./" + file, "x");
            }
            link(tar, "links/out", "/usr/lib", TarConstants.LF_SYMLINK);
            link(tar, "data/in", "b.txt", TarConstants.LF_SYMLINK);
            link(tar, ".venv", "/usr/lib", TarConstants.LF_SYMLINK);
            link(tar, "node_modules/.bin/cli", "../../../x", TarConstants.LF_SYMLINK);
            file(tar, ".git/HEAD", "x");
            file(tar, ".zygotesignore", IGNORED);
        }));
        List<String> told = new ArrayList<>();

        for (Path each : List.of(source, packed)) {
            String name = store.install(each, told::add);

            try (Stream<Path> all = Files.walk(store.folder().resolve(name))) {
                assertEquals(
                        List.of(".zygotesignore", "b.txt", "f.py", "keep.csv"),
                        all.filter(file -> !Files.isDirectory(file))
                                .map(file -> file.getFileName().toString())
                                .sorted()
                                .toList(),
                        name);
            }
        }
        assertEquals("left out: .git, .venv, node_modules; 3 files and folders of .zygotesignore", told.getFirst());
        assertTrue(told.get(1).startsWith("left out: .git, .venv, node_modules; "), told.get(1));
    }

    @Test
    void aChangeOfWhatIsLeftOutIsNone() throws Exception {
        Path source = lambda("hello", "x");
        Files.writeString(source.resolve(".zygotesignore"), "*.log\n");
        String before = Fingerprint.of(source);

        // Its folder's times change as well, and so it is given another one.
        Path part = Files.createDirectories(source.resolve("part.log"));
        Files.writeString(part.resolve("a"), "x");
        String with = Fingerprint.of(source);
        Files.writeString(part.resolve("b"), "y");

        assertEquals(with, Fingerprint.of(source));
        assertEquals(before.lines().count(), with.lines().count());
    }

    @Test
    void whatIsWrongIsSaidAtOnceWhenALambdaIsInstalled() throws Exception {
        Path source = lambda("hello", "x");
        Files.writeString(source.resolve("ol.yaml"), "limit: {procs: 5}\nhandler: app.main\n");
        Files.writeString(source.resolve(".env"), "A='open\n");
        Files.writeString(source.resolve("requirements.txt"), "numpy>=2\n");

        RegistryException e = assertThrows(RegistryException.class, () -> store.install(source));

        for (String part : List.of(
                "lambda hello: ",
                "ol.yaml, line 1, column 1: 'limit' is no key here: did you mean 'limits'?",
                ".env, line 1: the value has no closing '",
                "requirements.txt, line 1: ")) {
            assertTrue(e.getMessage().contains(part), e.getMessage());
        }
        assertFalse(Files.exists(store.folder().resolve("hello")));
    }
}
