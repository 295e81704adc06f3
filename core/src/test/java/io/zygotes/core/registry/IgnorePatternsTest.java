package io.zygotes.core.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The form of gitignore(5). */
@Timeout(120)
class IgnorePatternsTest {

    @TempDir
    Path folder;

    /** Whether a path is left out, by itself or by a folder above it; one that ends in a slash is a folder. */
    private static boolean leavesOut(IgnorePatterns patterns, String path) {
        boolean folder = path.endsWith("/");
        List<String> names = Arrays.asList(path.split("/"));
        for (int i = 1; i <= names.size(); i++) {
            if (patterns.match(names.subList(0, i), i < names.size() || folder)) {
                return true;
            }
        }
        return false;
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
        *.log            | a.log          | true
        *.log            | x/a.log        | true
        *.log            | a.logs         | false
        *.log;!a.log     | a.log          | false
        !a.log;*.log     | a.log          | true
        x/;!x/a          | x/a            | true
        x/*;!x/a         | x/a            | false
        /a               | a              | true
        /a               | x/a            | false
        x/a              | x/a            | true
        x/a              | y/x/a          | false
        build/           | build          | false
        build/           | build/         | true
        build/           | x/build/y      | true
        x/**             | x/             | false
        x/**             | x/a/b          | true
        x/**/b           | x/b            | true
        x/**/b           | x/a/a/b        | true
        **/b             | b              | true
        **/x/b           | a/x/b          | true
        a**b             | axyb           | true
        a**b             | a/b            | false
        a?c              | abc            | true
        /*               | a              | true
        [a-c]x           | bx             | true
        [!a-c]x          | bx             | false
        [^a-c]x          | dx             | true
        [[:digit:]]x     | 7x             | true
        []]x             | ]x             | true
        [a               | [a             | false
        \\#a             | #a             | true
        \\!a             | !a             | true
        #a               | #a             | false
        a\\              | a\\             | false
        \\*a             | xa             | false
        """)
    void aPathIsLeftOutIfTheLastPatternThatMatchesSaysSo(String patterns, String path, boolean left) {
        assertEquals(left, leavesOut(IgnorePatterns.of(patterns.replace(';', '\n')), path));
    }

    @Test
    void blanksAtTheEndCountBehindABackslashAlone() {
        assertTrue(leavesOut(IgnorePatterns.of("a  \r\n"), "a"));
        assertTrue(leavesOut(IgnorePatterns.of("\uFEFFa\\ "), "a "));
        assertTrue(leavesOut(IgnorePatterns.of("\n# x\n\na\t"), "a\t"));
    }

    @Test
    void patternsThatTakeTooLongAreRefused() {
        IgnorePatterns patterns = IgnorePatterns.of(("a*".repeat(120) + "b\n").repeat(1000));
        List<String> path = List.of("a".repeat(255));

        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> {
            for (int i = 0; i < 50_000; i++) {
                patterns.match(path, false);
            }
        });

        assertTrue(e.getMessage().contains("take too long"), e.getMessage());
        assertThrows(IllegalArgumentException.class, () -> IgnorePatterns.of("a".repeat(1001)));
        assertThrows(IllegalArgumentException.class, () -> IgnorePatterns.of("a\n".repeat(1001)));
    }

    private static final String[] NAMES = {"a", "b", "ab", "a.b", "abc", "[a]", "c d", "x-y", "B", "#a", "!a"};
    private static final String[] PARTS = {
        "a", "b", "*", "?", "**", "[ab]", "[!a]", "a*", "*b", ".", "[a-c]*", "c d", "*.b", "\\[a]", "[[:upper:]]", "x-y"
    };

    private static String randomPattern(Random random) {
        StringBuilder pattern = new StringBuilder(random.nextInt(5) == 0 ? "!" : "");
        pattern.append(random.nextInt(5) == 0 ? "/" : "");
        for (int i = random.nextInt(3); i >= 0; i--) {
            String part = PARTS[random.nextInt(PARTS.length)];
            String more = random.nextInt(4) == 0 ? PARTS[random.nextInt(PARTS.length)] : "";
            // Git takes a** for a and any folders, which its manual does not say: it compares the a by itself.
            pattern.append(part).append(part.equals("**") || more.equals("**") ? "" : more);
            pattern.append(i > 0 ? "/" : "");
        }
        return pattern.append(random.nextInt(4) == 0 ? "/" : "").toString();
    }

    private String git(String input, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("git", "-C", folder.toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().put("GIT_CONFIG_GLOBAL", "/dev/null");
        builder.environment().put("GIT_CONFIG_SYSTEM", "/dev/null");
        // Not of a repository that the build itself is in.
        builder.environment().keySet().removeIf(name -> name.equals("GIT_DIR") || name.equals("GIT_WORK_TREE"));
        Path file = Files.writeString(folder.resolve(".git-input"), input);
        Process git = builder.redirectInput(file.toFile()).start();
        try {
            String said = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(git.waitFor(30, TimeUnit.SECONDS));
            return said;
        } finally {
            git.destroyForcibly();
        }
    }

    private boolean hasGit() throws InterruptedException {
        try {
            git("", "init", "-q");
            return Files.isDirectory(folder.resolve(".git"));
        } catch (IOException e) {
            return false;
        }
    }

    /** Each way of patterns among some hundred, in sets that always are the same. */
    @Test
    void gitLeavesOutTheSame() throws Exception {
        assumeTrue(hasGit(), "git is not there");
        List<String> paths = new ArrayList<>();
        for (String first : NAMES) {
            for (String second : NAMES) {
                Path inner = Files.createDirectories(folder.resolve(first + "/" + second));
                Files.writeString(inner.resolve("a"), "");
                Files.writeString(inner.resolve("a.b"), "");
                paths.addAll(List.of(first + "/" + second + "/a", first + "/" + second + "/a.b"));
            }
        }
        try (Writer exclude = Files.newBufferedWriter(folder.resolve(".git/info/exclude"))) {
            exclude.write("");
        }
        Random random = new Random(7);
        for (int round = 0; round < 60; round++) {
            List<String> patterns = Stream.generate(() -> randomPattern(random))
                    .limit(1 + random.nextInt(4))
                    .toList();
            String text = String.join("\n", patterns) + "\n";
            Files.writeString(folder.resolve(".gitignore"), text);
            String said = git(String.join("\0", paths) + "\0", "check-ignore", "-z", "--stdin", "--no-index");
            IgnorePatterns ours = IgnorePatterns.of(text);

            assertEquals(
                    new TreeSet<>(Arrays.asList(said.isEmpty() ? new String[0] : said.split("\0"))),
                    new TreeSet<>(
                            paths.stream().filter(path -> leavesOut(ours, path)).toList()),
                    "with the patterns " + patterns);
        }
    }
}
