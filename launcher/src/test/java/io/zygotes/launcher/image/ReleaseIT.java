package io.zygotes.launcher.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code .ci/release}, in a small repository with the project's poms and that script. */
class ReleaseIT {

    private static final Path IMAGE = Path.of(System.getProperty("zygotes.image"));
    private static final Path PROJECT =
            Path.of(System.getProperty("zygotes.examples")).resolve("..").normalize();
    private static final String CHANGES = "- The worker sings.";
    private static final String COMMITTED = "1700000000";
    private static final String NAME = "zygotes-7.8.9-linux-" + architecture();
    private static final long MOST_SECONDS = 300;

    @TempDir
    Path folder;

    private Path repository;
    private Path output;

    private record Ended(int exit, String out) {}

    @BeforeEach
    void makeRepository() throws Exception {
        repository = Files.createDirectory(folder.resolve("repository"));
        output = folder.resolve("output");
        copy(".ci/release");
        Files.setPosixFilePermissions(repository.resolve(".ci/release"), PosixFilePermissions.fromString("rwxr-xr-x"));
        try (Stream<Path> modules = Files.list(PROJECT)) {
            for (Path module : modules.filter(each -> Files.exists(each.resolve("pom.xml")))
                    .toList()) {
                copy(module.getFileName() + "/pom.xml");
            }
        }
        copy("pom.xml");
        copy("examples/plugin-recent/pom.xml");
        Files.writeString(
                repository.resolve("CHANGELOG.md"),
                "# Changes\n\n## Unreleased\n\n- Nothing yet.\n\n## [7.8.9] - 2026-11-28\n\n" + CHANGES
                        + "\n\n## 7.8.8\n\n## 7.8.7\n\n- Old news.\n");
        git("init", "-q");
        git("config", "user.name", "Somebody");
        git("config", "user.email", "somebody@example.org");
        commit("The beginning");
    }

    private void copy(String file) throws IOException {
        Path to = repository.resolve(file);
        Files.createDirectories(to.getParent());
        Files.copy(PROJECT.resolve(file), to);
    }

    private void commit(String message) throws Exception {
        git("add", "-A");
        git("commit", "-qm", message);
    }

    @Test
    void aReleaseIsACommitATagAndAnArchiveWithItsChecksum() throws Exception {
        Ended ended = release("7.8.9", "--image", IMAGE.toString(), "--output", output.toString());

        assertEquals(0, ended.exit(), ended.out());
        assertEquals("tag", git("cat-file", "-t", "v7.8.9"), "the tag is annotated");
        String message = git("tag", "--list", "--format=%(contents)", "v7.8.9");
        assertTrue(message.contains("Zygotes 7.8.9") && message.contains(CHANGES), message);
        assertFalse(message.contains("news"), message);
        assertEquals(
                List.of("Version 7.9.0-SNAPSHOT", "Version 7.8.9", "The beginning"),
                git("log", "--format=%s").lines().toList());
        assertEquals(git("rev-parse", "HEAD~1"), git("rev-parse", "v7.8.9^{commit}"));
        assertEquals("7.8.9", version("v7.8.9"));
        assertEquals(List.of(), snapshots("v7.8.9"));
        assertEquals("7.9.0-SNAPSHOT", version("HEAD"));
        assertEquals(Collections.nCopies(snapshots("HEAD~2").size(), "7.9.0-SNAPSHOT"), snapshots("HEAD"));
        assertEquals("", git("status", "--porcelain"));

        Path archive = output.resolve(NAME + ".tar.gz");
        String sum =
                HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(archive)));
        assertEquals(sum + "  " + archive.getFileName() + "\n", Files.readString(output.resolve("SHA256SUMS")));
        checkThatTheArchivedImageStarts(archive);
    }

    private void checkThatTheArchivedImageStarts(Path archive) throws Exception {
        Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
        assertEquals(0, run(elsewhere, "tar", "xzf", archive.toString()).exit());
        Path image = elsewhere.resolve(NAME);
        Ended version = run(elsewhere, image.resolve("bin/zygotes").toString(), "--version");
        assertEquals(0, version.exit(), version.out());
        assertTrue(version.out().startsWith("zygotes "), version.out());
        if (Files.exists(image.resolve("lib/zygotes.aot"))) {
            // Java takes the cache of loaded classes only if the files it was made from look the same; "on" makes it
            // say.
            Ended cached = run(
                    elsewhere,
                    "env",
                    "ZYGOTES_JAVA_OPTS=-XX:AOTMode=on",
                    image.resolve("bin/zygotes").toString(),
                    "--version");
            assertEquals(0, cached.exit(), cached.out());
        }
    }

    @Test
    void theArchiveHasSortedNamesFixedTimesAndNoOwner() throws Exception {
        Ended ended = release("7.8.9", "--image", small("image").toString(), "--output", output.toString());

        assertEquals(0, ended.exit(), ended.out());
        List<String[]> entries = run(
                        folder,
                        "tar",
                        "tvf",
                        output.resolve(NAME + ".tar.gz").toString(),
                        "--numeric-owner",
                        "--full-time",
                        "--utc")
                .out()
                .lines()
                .map(line -> line.split(" +"))
                .toList();
        List<String> names = entries.stream().map(entry -> entry[5]).toList();
        assertEquals(
                List.of(
                        NAME + "/",
                        NAME + "/a",
                        NAME + "/b",
                        NAME + "/bin/",
                        NAME + "/bin/link",
                        NAME + "/bin/zygotes",
                        NAME + "/z"),
                names);
        String time = Instant.ofEpochSecond(Long.parseLong(COMMITTED)).toString();
        for (String[] entry : entries) {
            assertEquals("0/0", entry[1], Arrays.toString(entry));
            assertEquals(time, entry[3] + "T" + entry[4] + "Z", Arrays.toString(entry));
        }
        assertEquals("-rwxr-xr-x", entries.get(5)[0]);
        assertEquals("-rw-r--r--", entries.getLast()[0]);
    }

    @Test
    void theSameCommitAndImageMakeTheSameArchive() throws Exception {
        Path first = small("first");
        Path second = small("second");
        Files.setLastModifiedTime(second.resolve("a"), FileTime.from(Instant.EPOCH));
        Files.setPosixFilePermissions(second.resolve("b"), PosixFilePermissions.fromString("rw-rw----"));
        Path again = folder.resolve("again");

        assertEquals(
                0,
                release("7.8.9", "--image", first.toString(), "--output", output.toString())
                        .exit());
        git("tag", "-d", "v7.8.9");
        git("reset", "-q", "--hard", "HEAD~2");
        assertEquals(
                0,
                release("7.8.9", "--image", second.toString(), "--output", again.toString())
                        .exit());

        assertEquals(Files.readString(output.resolve("SHA256SUMS")), Files.readString(again.resolve("SHA256SUMS")));
    }

    @Test
    void theNextVersionCanBeChosen() throws Exception {
        Ended ended = release(
                "7.8.9", "--next", "8.0.0", "--image", small("image").toString(), "--output", output.toString());

        assertEquals(0, ended.exit(), ended.out());
        assertEquals("8.0.0-SNAPSHOT", version("HEAD"));
    }

    @Test
    void aChangedFileIsRefused() throws Exception {
        Files.writeString(repository.resolve("pom.xml"), "<!-- changed -->\n");

        refused("not committed", "7.8.9");
    }

    @Test
    void aFileThatGitDoesNotKnowIsRefused() throws Exception {
        Files.writeString(repository.resolve("new.txt"), "new\n");

        refused("not committed", "7.8.9");
    }

    @Test
    void aTagThatExistsIsRefused() throws Exception {
        git("tag", "v7.8.9");

        refused("the tag v7.8.9 exists already", "7.8.9");
    }

    @ParameterizedTest
    @ValueSource(strings = {"7.8.6", "7.8", "7.8.8", "7x8.9", "7.8.9-SNAPSHOT", "v7.8.9"})
    void aVersionWithoutChangesOrThatIsNoneIsRefused(String version) throws Exception {
        refused(version, version);
    }

    @Test
    void aMissingListOfChangesIsRefused() throws Exception {
        Files.delete(repository.resolve("CHANGELOG.md"));
        commit("No changes any more");

        refused("there is no CHANGELOG.md", "7.8.9");
    }

    @Test
    void aReleaseThatBrokeOffIsNotGoneOnWith() throws Exception {
        Path pom = repository.resolve("pom.xml");
        Files.writeString(pom, Files.readString(pom).replaceFirst("-SNAPSHOT</version>", "</version>"));
        commit("Half a release");

        refused("not one that ends in -SNAPSHOT", "7.8.9");
    }

    @Test
    void aFolderThatIsNoImageIsRefused() throws Exception {
        refused("is no image", "7.8.9", "--image", folder.toString());
    }

    @Test
    void anImageThatDoesNotStartLeavesNothingBehind() throws Exception {
        Path broken = small("broken");
        Files.writeString(broken.resolve("bin/zygotes"), "#!/bin/sh\nexit 3\n");

        refused("does not start", "7.8.9", "--image", broken.toString());
    }

    /** Runs it, and checks that it says why it makes no release, and makes none. */
    private void refused(String why, String... arguments) throws Exception {
        String head = git("rev-parse", "HEAD");
        String tags = git("tag");
        String status = git("status", "--porcelain");
        List<String> all = new ArrayList<>(List.of(arguments));
        if (!all.contains("--image")) {
            all.addAll(List.of("--image", small("image").toString()));
        }
        all.addAll(List.of("--output", output.toString()));

        Ended ended = release(all.toArray(String[]::new));

        assertNotEquals(0, ended.exit());
        assertTrue(ended.out().contains(why), ended.out());
        assertEquals(head, git("rev-parse", "HEAD"));
        assertEquals(tags, git("tag"));
        assertEquals(status, git("status", "--porcelain"));
        assertFalse(Files.exists(output.resolve("SHA256SUMS")));
    }

    /** A folder that looks like an image to the script, and is packed in a moment. */
    private Path small(String name) throws IOException {
        Path image = Files.createDirectories(folder.resolve(name));
        Path program = Files.createDirectory(image.resolve("bin")).resolve("zygotes");
        Files.writeString(program, "#!/bin/sh\necho zygotes\n");
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.createSymbolicLink(image.resolve("bin/link"), Path.of("./zygotes"));
        for (String file : List.of("z", "b", "a")) {
            Files.writeString(image.resolve(file), file);
        }
        return image;
    }

    /** The version of the project at a commit. */
    private String version(String commit) throws Exception {
        return git("show", commit + ":pom.xml")
                .lines()
                .filter(line -> line.startsWith("  <version>"))
                .map(line -> line.replaceAll("</?version>", "").strip())
                .findFirst()
                .orElseThrow();
    }

    /** All versions at a commit that are still worked on, in all files, a line each. */
    private List<String> snapshots(String commit) throws Exception {
        // The first lines of the files are found as well, because git grep fails where there is nothing to find.
        return git("grep", "-hoE", "[0-9.]+-SNAPSHOT|^<project ", commit, "--", "*.xml")
                .lines()
                .filter(line -> line.endsWith("-SNAPSHOT"))
                .toList();
    }

    private Ended release(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                "env",
                "GIT_COMMITTER_DATE=@" + COMMITTED + " +0000",
                "GIT_AUTHOR_DATE=@" + COMMITTED + " +0000",
                repository.resolve(".ci/release").toString()));
        command.addAll(List.of(arguments));
        return run(folder, command.toArray(String[]::new));
    }

    private String git(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("git"));
        command.addAll(List.of(arguments));
        Ended ended = run(repository, command.toArray(String[]::new));
        assertEquals(0, ended.exit(), command + ": " + ended.out());
        return ended.out().strip();
    }

    private Ended run(Path where, String... command) throws IOException, InterruptedException {
        Path out = Files.createTempFile(folder, "out", "");
        Process process = new ProcessBuilder(command)
                .directory(where.toFile())
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        try {
            assertTrue(process.waitFor(MOST_SECONDS, TimeUnit.SECONDS), () -> Arrays.toString(command));
            return new Ended(process.exitValue(), Files.readString(out));
        } finally {
            process.destroyForcibly();
        }
    }

    /** As {@code uname -m} says it. */
    private static String architecture() {
        String name = System.getProperty("os.arch");
        return name.equals("amd64") ? "x86_64" : name;
    }
}
