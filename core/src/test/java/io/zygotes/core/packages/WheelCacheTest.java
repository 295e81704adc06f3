package io.zygotes.core.packages;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.spi.ConfigException;
import io.zygotes.spi.PackageId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WheelCacheTest {

    private static final PackageId NUMPY = PackageId.parse("numpy==2.2.3");
    private static final Optional<String> INDEX = Optional.of("index-url=one");
    private static final String HASH = "sha256:" + "a".repeat(64);

    @TempDir
    Path folder;

    private Path wheels;
    private WheelCache cache;

    @BeforeEach
    void open() throws Exception {
        wheels = folder.resolve("wheels");
        cache = cache("machine");
    }

    private WheelCache cache(String surroundings) throws ConfigException, IOException {
        WheelCache made = new WheelCache(Optional.of(wheels), () -> "cpython-311", () -> surroundings);
        made.open();
        return made;
    }

    /** A package as a worker has it. */
    private Installed installed(String name, String content, Set<String> hashes) throws IOException {
        Path place = folder.resolve(name);
        Files.createDirectories(place.resolve("files/mod/__pycache__"));
        Files.writeString(place.resolve("files/mod/__init__.py"), content);
        Files.writeString(place.resolve("files/mod/__pycache__/__init__.pyc"), "code of " + content);
        Path metadata =
                Files.writeString(folder.resolve(name + ".json"), "{\"dependencies\":[],\"modules\":[\"mod\"]}");
        PackageFolder.finish(place, metadata, NUMPY, "cpython-311");
        PackageFolder.markVerified(place, hashes);
        return PackageFolder.read(place, NUMPY, "cpython-311").orElseThrow();
    }

    private Optional<String> taken(WheelCache from, Optional<String> sources, String... hashes) throws IOException {
        Path content = Files.createTempDirectory(folder, "taken-").resolve("content");
        if (!from.take(new Wanted(NUMPY, Set.of(hashes)), sources, content)) {
            assertFalse(Files.exists(content));
            return Optional.empty();
        }
        assertTrue(PackageFolder.read(content, NUMPY, "cpython-311").isPresent());
        return Optional.of(Files.readString(content.resolve("files/mod/__init__.py")));
    }

    private List<Path> entries() throws IOException {
        try (Stream<Path> all = Files.walk(wheels)) {
            return all.filter(path -> path.endsWith("tree"))
                    .map(Path::getParent)
                    .toList();
        }
    }

    @Test
    void whatOneWorkerInstalledAnotherOneTakesWithItsByteCode() throws Exception {
        Installed first = installed("one", "x = 1", Set.of(HASH));
        cache.keep(first, INDEX);
        Path content = folder.resolve("content");

        assertTrue(cache("machine").take(new Wanted(NUMPY, Set.of()), INDEX, content));

        Path code = content.resolve("files/mod/__pycache__/__init__.pyc");
        assertEquals("code of x = 1", Files.readString(code));
        assertTrue(Files.isSameFile(code, first.info().folder().resolve("mod/__pycache__/__init__.pyc")), "a link");
        assertEquals(Set.of(HASH), PackageFolder.verified(content));
    }

    @Test
    void whoAsksForNoHashTakesOnlyWhatTheSameIndexesGave() throws Exception {
        cache.keep(installed("one", "x = 1", Set.of(HASH)), INDEX);

        assertEquals(Optional.empty(), taken(cache, Optional.of("index-url=two")));
        assertEquals(Optional.empty(), taken(cache, Optional.empty()));
        assertEquals(Optional.empty(), taken(cache("another machine"), INDEX));
        assertEquals(Optional.of("x = 1"), taken(cache, INDEX));
    }

    @Test
    void whoAsksForAHashTakesWhatHasItWhereverItCameFrom() throws Exception {
        cache.keep(installed("one", "x = 1", Set.of(HASH)), Optional.empty());

        assertEquals(Optional.of("x = 1"), taken(cache, Optional.of("index-url=two"), HASH, "sha256:b"));
        assertEquals(Optional.empty(), taken(cache, INDEX, "sha256:b"));
        assertEquals(Optional.empty(), taken(cache, INDEX), "it was chosen by its hash, not by the index");
    }

    @Test
    void whatWasComparedWithNoHashIsNotKept() throws Exception {
        cache.keep(installed("one", "x = 1", Set.of()), INDEX);

        assertFalse(Files.exists(wheels));
    }

    @Test
    void whatWasChangedInTheCacheIsRemovedAndNotTaken() throws Exception {
        for (String file :
                List.of("files/mod/__init__.py", "files/mod/__pycache__/__init__.pyc", "files/mod/more.py")) {
            cache.keep(installed("of-" + file.hashCode(), "x = 1", Set.of(HASH)), INDEX);
            Path changed = entries().getFirst().resolve("package").resolve(file);
            Files.deleteIfExists(changed);
            Files.writeString(changed, "planted");

            assertEquals(Optional.empty(), taken(cache, INDEX), file);
            assertEquals(List.of(), entries());
        }
    }

    @Test
    void twoArchivesOfOneVersionAreKeptBesideEachOther() throws Exception {
        cache.keep(installed("one", "x = 1", Set.of(HASH)), INDEX);
        cache.keep(installed("two", "x = 2", Set.of("sha256:b")), Optional.of("index-url=two"));
        cache.keep(installed("three", "x = 3", Set.of("sha256:b")), Optional.of("index-url=three"));

        assertEquals(Optional.of("x = 1"), taken(cache, INDEX));
        assertEquals(Optional.of("x = 2"), taken(cache, Optional.of("index-url=two")));
        assertEquals(Optional.of("x = 2"), taken(cache, Optional.of("index-url=three")));
        assertEquals(2, entries().size());
    }

    @Test
    void aFolderThatOthersCanWriteToIsNotUsed() throws Exception {
        cache.keep(installed("one", "x = 1", Set.of(HASH)), INDEX);
        Files.setPosixFilePermissions(wheels, PosixFilePermissions.fromString("rwxrwxr-x"));

        assertEquals(Optional.empty(), taken(cache("machine"), INDEX));
    }

    @Test
    void aFolderOfSomebodyElseIsRefused() throws Exception {
        Files.createDirectories(wheels);
        Files.writeString(wheels.resolve("letter.txt"), "dear");

        ConfigException e = assertThrows(ConfigException.class, () -> cache("machine"));

        assertTrue(e.getMessage().contains("wheel_cache"), e.getMessage());
    }

    @Test
    void aPackageWithALinkIsNotKept() throws Exception {
        Installed linked = installed("one", "x = 1", Set.of(HASH));
        Files.createSymbolicLink(linked.info().folder().resolve("mod/link"), Path.of("/etc/passwd"));

        cache.keep(linked, INDEX);

        assertEquals(List.of(), entries());
        assertEquals(Optional.empty(), taken(cache, INDEX));
    }

    /** Of a package in these tests: some hundred bytes, and the folders. */
    private long bytesOfOne() throws IOException {
        return Long.parseLong(Files.readString(entries().getFirst().resolve("bytes")));
    }

    private static void wasUsed(Path entry, Instant when) throws IOException {
        Files.setLastModifiedTime(entry.resolve("used"), FileTime.from(when));
    }

    @Test
    void whatWasNotUsedForLongestGoesWhenAnotherOneComes() throws Exception {
        cache.keep(installed("one", "x = 1", Set.of(HASH)), INDEX);
        Path first = entries().getFirst();
        long room = 5 * bytesOfOne() / 2;
        WheelCache small = new WheelCache(Optional.of(wheels), () -> "cpython-311", () -> "machine", room);
        small.open();
        small.keep(installed("two", "x = 2", Set.of("sha256:b")), INDEX);
        assertEquals(2, entries().size());
        entries().forEach(entry -> longAgo(entry, first));
        assertEquals(Optional.of("x = 1"), taken(small, INDEX, HASH));

        small.keep(installed("three", "x = 3", Set.of("sha256:c")), INDEX);

        assertEquals(Optional.of("x = 1"), taken(small, INDEX, HASH), "it was used last");
        assertEquals(Optional.empty(), taken(small, INDEX, "sha256:b"));
        assertEquals(Optional.of("x = 3"), taken(small, INDEX, "sha256:c"));
        assertEquals(List.of(), hidden(), "nothing half-removed is left");
    }

    /** The first was put there long ago, the others an hour later. */
    private static void longAgo(Path entry, Path first) {
        try {
            wasUsed(entry, Instant.now().minus(Duration.ofHours(entry.equals(first) ? 3 : 2)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private List<Path> hidden() throws IOException {
        try (Stream<Path> all = Files.walk(wheels)) {
            return all.filter(path -> path.getFileName().toString().matches("\\.(new|old)-.*"))
                    .toList();
        }
    }

    @Test
    void aPackageThatWouldFillTheCacheIsNotKept() throws Exception {
        WheelCache tiny = new WheelCache(Optional.of(wheels), () -> "cpython-311", () -> "machine", 100);
        tiny.open();

        tiny.keep(installed("one", "x = 1", Set.of(HASH)), INDEX);

        assertEquals(List.of(), entries());
        assertEquals(List.of(), hidden());
        assertEquals(Optional.empty(), taken(tiny, INDEX));
    }

    @Test
    void whatADeadWorkerLeftGoesWithTheNextStartAndWhatOneMakesNowStays() throws Exception {
        cache.keep(installed("one", "x = 1", Set.of(HASH)), INDEX);
        Path home = entries().getFirst().getParent();
        Path made = Files.createDirectories(home.resolve(".new-now/package"));
        for (String dead : List.of(".new-dead", ".old-dead")) {
            Files.createDirectories(home.resolve(dead + "/package"));
            Files.setLastModifiedTime(
                    home.resolve(dead), FileTime.from(Instant.now().minus(Duration.ofHours(2))));
        }

        WheelCache next = cache("machine");

        assertEquals(List.of(made.getParent()), hidden());
        assertEquals(Optional.of("x = 1"), taken(next, INDEX));
    }

    @Test
    void anEntryOfAnOlderWorkersCountsAsWell() throws Exception {
        cache.keep(installed("one", "x = 1", Set.of(HASH)), INDEX);
        Path entry = entries().getFirst();
        Files.delete(entry.resolve("bytes"));
        Files.delete(entry.resolve("used"));
        assertEquals(Optional.of("x = 1"), taken(cache, INDEX));

        new WheelCache(Optional.of(wheels), () -> "cpython-311", () -> "machine", 100).open();

        assertEquals(List.of(), entries());
    }
}
