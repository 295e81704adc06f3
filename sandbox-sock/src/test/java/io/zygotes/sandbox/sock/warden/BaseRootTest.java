package io.zygotes.sandbox.sock.warden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BaseRootTest {

    private static final PythonRuntime PYTHON = new PythonRuntime(
            "/opt/python/bin/python3",
            List.of(Path.of("/opt/python")),
            List.of(Path.of("/opt/python/lib/site-packages")),
            Path.of("/worker/runtime"));

    @TempDir
    private Path base;

    private List<List<String>> plan() throws Exception {
        return BaseRoot.plan(Optional.of(base), PYTHON);
    }

    private static Set<String> paths(List<List<String>> plan) {
        return plan.stream().map(entry -> entry.get(1)).collect(Collectors.toSet());
    }

    @Test
    void aBaseFolderIsTakenButForWhatSandboxesHaveOfTheirOwn() throws Exception {
        for (String name : List.of("usr", "opt", "proc", "sys", "dev", "tmp", "handler", "packages", "host", "run")) {
            Files.createDirectories(base.resolve(name).resolve("inner"));
        }
        Files.writeString(base.resolve("file"), "");
        List<List<String>> plan = plan();
        assertTrue(plan.contains(
                List.of("tree", "/usr", base.toRealPath().resolve("usr").toString())));
        assertTrue(plan.contains(
                List.of("tree", "/opt", base.toRealPath().resolve("opt").toString())));
        assertTrue(plan.contains(
                List.of("file", "/file", base.toRealPath().resolve("file").toString())));
        for (String own : List.of("proc", "sys", "dev", "tmp", "handler", "packages", "host", "run")) {
            assertFalse(
                    plan.stream()
                            .anyMatch(entry ->
                                    entry.getLast().equals(base.resolve(own).toString())),
                    () -> own);
        }
    }

    @Test
    void packagesOfTheHostAreHiddenAfterWhatBringsThemAndOursComeLast() throws Exception {
        Files.createDirectories(base.resolve("opt/python/lib/site-packages"));
        List<List<String>> plan = plan();
        int brought = plan.indexOf(
                List.of("tree", "/opt", base.toRealPath().resolve("opt").toString()));
        int hidden = plan.indexOf(plan.stream()
                .filter(entry -> entry.subList(0, 2).equals(List.of("mask", "/opt/python/lib/site-packages")))
                .findFirst()
                .orElseThrow());
        assertTrue(brought >= 0 && hidden > brought, plan::toString);
        assertEquals(List.of("tree", "/runtime", "/worker/runtime"), plan.getLast());
    }

    @Test
    void aLinkOfABaseFolderBringsNothingFromOutsideOfIt() throws Exception {
        Path inside = base.toRealPath();
        Files.createDirectories(base.resolve("usr/share/zone"));
        Files.createDirectories(base.resolve("data/certificates"));
        Files.createSymbolicLink(base.resolve("lib"), Path.of("/usr/lib"));
        Files.createSymbolicLink(base.resolve("srv"), Path.of("/data"));
        Files.createSymbolicLink(base.resolve("home"), Path.of("/home"));
        Files.createSymbolicLink(base.resolve("opt"), Path.of("/../../../../../../../../../../etc"));
        Files.createDirectory(base.resolve("etc"));
        List<List<String>> plan = plan();
        assertTrue(plan.contains(List.of("link", "/lib", "/usr/lib")), plan::toString);
        assertTrue(plan.contains(List.of("tree", "/srv", inside.resolve("data").toString())), plan::toString);
        assertTrue(
                plan.contains(List.of("tree", "/opt", inside.resolve("etc").toString())),
                "the base's own, at the most");
        for (List<String> entry : plan) {
            assertFalse(
                    Set.of("tree", "file").contains(entry.get(0))
                            && !entry.get(1).equals("/runtime")
                            && !Path.of(entry.get(2)).startsWith(inside),
                    entry::toString);
        }
        assertFalse(paths(plan).contains("/home"));
    }

    @Test
    void devicesAreTheHarmlessOnes() throws Exception {
        Set<String> devices = plan().stream()
                .filter(entry -> entry.get(0).equals("device"))
                .map(entry -> entry.get(1))
                .collect(Collectors.toSet());
        assertEquals(Set.of("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"), devices);
    }

    @Test
    void theHostsOwnRootBringsTheSystemAndTheInterpreterAndNoHome() throws Exception {
        Path prefix = Files.createDirectories(base.resolve("python"));
        PythonRuntime python =
                new PythonRuntime("python3", List.of(Path.of("/usr"), prefix), List.of(), Path.of("/worker/runtime"));
        List<List<String>> plan = BaseRoot.plan(Optional.empty(), python);
        Set<String> paths = paths(plan);
        assertTrue(
                paths.containsAll(Set.of("/usr", "/bin", prefix.toString(), "/etc", "/dev/pts", "/dev/ptmx")),
                paths::toString);
        for (String hidden : List.of("/home", "/root", "/var", "/srv", "/boot", "/sys", "/run")) {
            assertFalse(paths.contains(hidden), hidden);
        }
    }

    @Test
    void noPathIsBroughtTwice() throws Exception {
        Files.createDirectories(base.resolve("usr/bin"));
        Files.createSymbolicLink(base.resolve("bin"), Path.of("usr/bin"));
        Set<String> seen = new HashSet<>();
        for (List<String> entry : plan()) {
            boolean isMountPoint = entry.get(0).equals("folder");
            assertTrue(isMountPoint || seen.add(entry.get(1)), entry::toString);
        }
    }
}
