package io.zygotes.core.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.core.registry.PackageFiles.Machine;
import io.zygotes.spi.PackageId;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PackageFilesTest {

    private static final String ONE = "1".repeat(64);
    private static final String TWO = "2".repeat(64);

    private static final String PROJECT = """
        [project]
        name = "hello"
        dependencies = ["Requests[socks]==2.32.3", "numpy", "colorama; sys_platform == 'win32'"]
        """;

    /** Of the form that uv 0.9 writes, with fewer archives. */
    private static final String UV = """
        version = 1
        revision = 3
        requires-python = ">=3.9"
        resolution-markers = ["python_full_version >= '3.10'", "python_full_version < '3.10'"]

        [[package]]
        name = "colorama"
        version = "0.4.6"
        source = { registry = "https://index.invalid/simple" }

        [[package]]
        name = "hello"
        version = "0.1.0"
        source = { virtual = "." }
        dependencies = [
            { name = "colorama", marker = "sys_platform == 'win32'" },
            { name = "numpy", version = "2.0.2", source = { registry = "https://index.invalid/simple" }, marker = "python_full_version < '3.10'" },
            { name = "numpy", version = "2.2.6", source = { registry = "https://index.invalid/simple" }, marker = "python_full_version >= '3.10'" },
            { name = "requests", extra = ["socks"] },
        ]

        [package.optional-dependencies]
        fast = [{ name = "colorama" }]

        [package.dev-dependencies]
        dev = [{ name = "colorama" }]

        [package.metadata]
        requires-dist = [
            { name = "colorama", marker = "sys_platform == 'win32'" },
            { name = "numpy" },
            { name = "requests", extras = ["socks"], specifier = "==2.32.3" },
        ]

        [[package]]
        name = "idna"
        version = "3.10"
        source = { registry = "https://index.invalid/simple" }
        resolution-markers = ["python_full_version >= '3.10'"]
        wheels = [{ url = "https://index.invalid/idna-3.10-py3-none-any.whl", hash = "sha256:%1$s", size = 1 }]

        [[package]]
        name = "idna"
        version = "3.7"
        source = { registry = "https://index.invalid/simple" }
        resolution-markers = ["python_full_version < '3.10'"]

        [[package]]
        name = "numpy"
        version = "2.0.2"
        source = { registry = "https://index.invalid/simple" }

        [[package]]
        name = "numpy"
        version = "2.2.6"
        source = { registry = "https://index.invalid/simple" }
        sdist = { url = "https://index.invalid/numpy-2.2.6.tar.gz", hash = "sha256:%1$s", size = 1, upload-time = "2025-05-17T22:38:04Z" }
        wheels = [
            { url = "https://index.invalid/numpy-2.2.6-cp311-cp311-manylinux_x86_64.whl", hash = "sha256:%2$s", size = 1 },
        ]

        [[package]]
        name = "pysocks"
        version = "1.7.1"
        source = { registry = "https://index.invalid/simple" }

        [[package]]
        name = "requests"
        version = "2.32.3"
        source = { registry = "https://index.invalid/simple" }
        dependencies = [{ name = "idna" }]

        [package.optional-dependencies]
        socks = [{ name = "pysocks" }]
        """.formatted(ONE, TWO);

    private static final String PYLOCK = """
        lock-version = "1.0"
        environments = ["sys_platform == 'linux'"]
        requires-python = ">=3.9"
        default-groups = ["main"]
        created-by = "uv"

        [[packages]]
        name = "hello"
        directory = { path = ".", editable = true }

        [[packages]]
        name = "idna"
        version = "3.10"
        index = "https://index.invalid/simple"
        sdist = { url = "https://index.invalid/idna-3.10.tar.gz", upload-time = 2024-09-15T18:07:39Z, size = 1, hashes = { sha256 = "%1$s", md5 = "00" } }
        wheels = [{ name = "idna-3.10-py3-none-any.whl", hashes = { sha256 = "%2$s" } }]

        [[packages]]
        name = "tomli"
        version = "2.2.1"
        marker = "python_full_version < '3.11'"

        [[packages]]
        name = "pytest"
        version = "8.0"
        marker = "'dev' in dependency_groups or 'test' in extras"

        [[packages]]
        name = "attrs"
        version = "25.1.0"
        marker = "'main' in dependency_groups and 'x' not in extras"
        """.formatted(ONE, TWO);

    @TempDir
    Path folder;

    private void write(String file, String text) throws IOException {
        Files.writeString(folder.resolve(file), text);
    }

    private static Machine machine(String python) {
        Map<String, String> markers = new HashMap<>(LambdaInputs.ANY_MACHINE);
        markers.put("python_version", python.substring(0, python.lastIndexOf('.')));
        markers.put("python_full_version", python);
        return new Machine(markers, true);
    }

    private Map<PackageId, Set<String>> read(String python) throws IOException {
        Faults faults = new Faults();
        Map<PackageId, Set<String>> pins = PackageFiles.read(new LambdaText(folder, faults), machine(python));
        faults.end();
        return pins;
    }

    private String fault() {
        return assertThrows(IllegalArgumentException.class, () -> read("3.11.7"))
                .getMessage();
    }

    private static Map<PackageId, Set<String>> pins(Map<String, Set<String>> pins) {
        Map<PackageId, Set<String>> all = new HashMap<>();
        pins.forEach((pin, hashes) -> all.put(PackageId.parse(pin), hashes));
        return all;
    }

    @Test
    void aLockOfUvGivesWhatThisMachineNeedsWithItsHashes() throws IOException {
        write("pyproject.toml", PROJECT);
        write("uv.lock", UV);

        assertEquals(
                pins(Map.of(
                        "requests==2.32.3", Set.of(),
                        "pysocks==1.7.1", Set.of(),
                        "idna==3.10", Set.of("sha256:" + ONE),
                        "numpy==2.2.6", Set.of("sha256:" + ONE, "sha256:" + TWO))),
                read("3.11.7"));
        assertEquals(
                pins(Map.of(
                        "requests==2.32.3", Set.of(),
                        "pysocks==1.7.1", Set.of(),
                        "idna==3.7", Set.of(),
                        "numpy==2.0.2", Set.of())),
                read("3.9.2"));
    }

    @Test
    void whatALockOfUvCannotServeIsSaidAllAtOnce() throws IOException {
        write("pyproject.toml", PROJECT.replace("\"numpy\"", "\"numpy\", \"flask>=3\""));
        write(
                "uv.lock",
                UV.replace(">=3.9\"", ">=3.12, <4\"")
                        .replace(
                                "name = \"pysocks\"\n"
                                        + "version = \"1.7.1\"\n"
                                        + "source = { registry = \"https://index.invalid/simple\" }",
                                "name = \"pysocks\"\n"
                                        + "version = \"1.7.1\"\n"
                                        + "source = { git = \"https://git.invalid/x?rev=1#2\" }")
                        .replace("dependencies = [{ name = \"idna\" }]", "dependencies = [{ name = \"gone\" }]"));

        String fault = fault();

        for (String part : List.of(
                "uv.lock is for Python >=3.12, <4, and this worker has 3.11.7",
                "uv.lock: it is older than pyproject.toml, which asks for flask as well; run 'uv lock'",
                "uv.lock: pysocks comes from git https://git.invalid/x?rev=1#2; only packages of the index can be used",
                "uv.lock: requests needs gone, of which there are 0 for this machine")) {
            assertTrue(fault.contains(part), fault);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
        version = 2                                                | its version is '2', known is 1
        version = 1                                                | it has 0 projects of this folder
        version = [                                                | is not TOML
        version = 1\\nversion = 1                                  | is not TOML
        """)
    void aLockOfUvThatIsNoneIsRefused(String lock, String why) throws IOException {
        write("uv.lock", lock.replace("\\n", "\n"));

        String fault = fault();

        assertTrue(fault.startsWith("uv.lock") && fault.contains(why), fault);
    }

    @Test
    void aLockOfPep751GivesWhatThisMachineNeedsWithItsHashes() throws IOException {
        write("pyproject.toml", PROJECT);
        write("uv.lock", "no lock");
        write("pylock.toml", PYLOCK);

        assertEquals(
                pins(Map.of("idna==3.10", Set.of("sha256:" + ONE, "sha256:" + TWO), "attrs==25.1.0", Set.of())),
                read("3.11.7"));
        assertTrue(read("3.10.1").containsKey(PackageId.parse("tomli==2.2.1")));
    }

    @Test
    void whatALockOfPep751CannotServeIsSaidAllAtOnce() throws IOException {
        write("pylock.toml", """
            lock-version = "1.0"
            environments = ["sys_platform == 'darwin'"]
            requires-python = ">=3.12"
            [[packages]]
            name = "a"
            version = "1"
            vcs = { type = "git", url = "https://git.invalid/a", commit-id = "1" }
            [[packages]]
            name = "b"
            archive = { path = "b.tar.gz", hashes = { sha256 = "00" } }
            [[packages]]
            name = "c"
            version = "1"
            marker = "color == 'red'"
            [[packages]]
            name = "d"
            version = "1"
            [[packages]]
            name = "d"
            version = "2"
            [[packages]]
            name = "e"
            version = "1"
            requires-python = "<3.10"
            sdist = { hashes = { md5 = "00" } }
            [[packages]]
            name = "g"
            version = "1"
            sdist = { hashes = { md5 = "00" } }
            """);

        String fault = fault();

        for (String part : List.of(
                "pylock.toml is for Python >=3.12",
                "none of its environments is this machine",
                "a comes from vcs https://git.invalid/a",
                "b comes from archive b.tar.gz",
                "c: 'color' is no marker variable",
                "d is locked twice for this machine, to 1 and 2",
                "pylock.toml: e is for Python <3.10",
                "g has hashes of no kind that is taken")) {
            assertTrue(fault.contains(part), part + " in " + fault);
        }
        write("pylock.toml", "lock-version = \"2.0\"\n");
        assertTrue(fault().contains("lock-version is '2.0', known is 1.0"), fault());
    }

    @Test
    void requirementsCountMoreThanLocksAndAProjectAloneIsNotEnough() throws IOException {
        write("pyproject.toml", PROJECT);
        assertTrue(
                fault().startsWith("pyproject.toml asks for colorama, numpy, requests, but there is no lock that says"
                        + " which versions. Make one with 'uv lock'"),
                fault());

        write("pylock.toml", "no lock");
        write("requirements.txt", "six==1.17.0\n");
        assertEquals(Set.of(PackageId.parse("six==1.17.0")), read("3.11.7").keySet());
    }

    @Test
    void aProjectThatOnlySetsUpToolsNeedsNoLock() throws IOException {
        write("pyproject.toml", "[tool.ruff]\nline-length = 100\n[project]\nname = \"x\"\ndependencies = []\n");
        assertEquals(Map.of(), read("3.11.7"));
        write("pyproject.toml", "[tool.poetry.dependencies]\npython = \"^3.11\"\nidna = \"^3\"\n");
        assertTrue(fault().contains("asks for idna, but there is no lock"), fault());
    }

    @Test
    void requirementsAreReadInTheEncodingThatPipReadsThemIn() throws IOException {
        String text = "# für idna\r\nidna==3.10\r\n";
        for (String charset : List.of("UTF-8", "UTF-16LE", "UTF-16BE", "UTF-32LE", "UTF-32BE")) {
            Files.write(folder.resolve("requirements.txt"), ("\uFEFF" + text).getBytes(Charset.forName(charset)));
            assertEquals(Set.of(PackageId.parse("idna==3.10")), read("3.11.7").keySet(), charset);
        }
        for (String coding : List.of("# -*- coding: latin-1 -*-\n", "#!x\n# vim: set fileencoding=iso_8859_1 :\n")) {
            Files.write(folder.resolve("requirements.txt"), (coding + text).getBytes(StandardCharsets.ISO_8859_1));
            assertEquals(Set.of(PackageId.parse("idna==3.10")), read("3.11.7").keySet(), coding);
        }
        Files.write(folder.resolve("requirements.txt"), text.getBytes(StandardCharsets.ISO_8859_1));
        assertTrue(fault().contains("requirements.txt is not UTF-8; save it as UTF-8"), fault());
        write("requirements.txt", "# coding: klingon\n" + text);
        assertTrue(fault().contains("says that it is in 'klingon', which is not known"), fault());
    }
}
