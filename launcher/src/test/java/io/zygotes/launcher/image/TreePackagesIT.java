package io.zygotes.launcher.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Packages of the default tree answer under each strategy as in plain Python, or it stands in a list why not. All of
 * them with {@code -Dzygotes.packages=all}, which takes too long for every build; else some of several kinds: C and
 * pure Python, terminals, the machine's /proc, what imports much and what imports little.
 */
class TreePackagesIT {

    private static final List<String> SOME = List.of(
            "numpy", "pandas", "requests", "jinja2", "flask", "pexpect", "psutil", "simplejson", "pyyaml", "zipp");

    @TempDir
    Path folder;

    @BeforeAll
    static void needsRealSandboxesAndPackages(@TempDir Path reach) throws Exception {
        Machine.require("TreePackagesIT");
        Process pip = new ProcessBuilder(
                        "python3",
                        "-m",
                        "pip",
                        "download",
                        "--no-deps",
                        "--quiet",
                        "--retries",
                        "1",
                        "--dest",
                        reach.toString(),
                        "idna")
                .redirectErrorStream(true)
                .start();
        String said = new String(pip.getInputStream().readAllBytes());
        if (pip.waitFor() != 0) {
            System.out.println("skipped TreePackagesIT: pip of this machine reaches no package index: " + said.strip());
            abort("pip of this machine reaches no package index");
        }
    }

    @Test
    void noPackageOfTheDefaultTreeDiffersUnexplained() throws Exception {
        Path temporary = Files.createDirectory(folder.resolve("temporary"));

        boolean all = System.getProperty("zygotes.packages", "some").equals("all");
        List<String> command = new ArrayList<>(
                List.of("check-packages", "--packages", SharedPackages.folder().toString()));
        command.addAll(all ? List.of() : SOME);
        Program.Ended check = Program.runWithTemporary(folder, temporary, command.toArray(String[]::new));

        System.out.println(check.out());
        assertEquals(0, check.exit(), check.out() + check.err());
        int least = all ? 50 : SOME.size() - 1;
        assertTrue(check.out().lines().filter(line -> line.contains("same")).count() >= least, check.out());
        try (Stream<Path> left = Files.list(temporary)) {
            assertEquals(List.of(), left.toList());
        }
    }
}
