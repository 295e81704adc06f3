package io.zygotes.launcher.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.zygotes.core.config.WorkerDirectory;
import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What commands answer, where, and with which exit code. No worker is started here. */
class CommandLineTest {

    @TempDir
    Path folder;

    private String dir() {
        return folder.resolve("worker").toString();
    }

    @Test
    void helpGoesToTheStandardOutput() {
        Run run = Run.of("--help");

        assertEquals(0, run.exit());
        assertEquals("", run.err());
        for (String command : List.of(
                "worker", "admin", "invoke", "plugins", "image", "tree", "demo", "init", "up", "down", "status")) {
            assertTrue(run.out().contains(command), run.out());
        }
    }

    @Test
    void theVersionIsOneLine() {
        Run run = Run.of("--version");

        assertEquals(0, run.exit());
        assertTrue(run.out().matches("zygotes \\S+ \\(SPI 1\\.\\d+, Java 25.*\\)\\R"), run.out());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "worker", "admin", "tree", "up --sideways", "invoke", "tree show", "nonsense", "status extra"
            })
    void wrongUsageHasExitCodeTwoAndPointsToTheHelp(String line) {
        Run run = Run.of(line.isEmpty() ? new String[0] : line.split(" "));

        assertEquals(2, run.exit(), run.err());
        assertEquals("", run.out());
        assertTrue(run.err().startsWith("zygotes: "), run.err());
        assertTrue(run.err().contains("--help"), run.err());
    }

    @Test
    void aMistypedCommandIsAnsweredWithTheNearestOne() {
        assertTrue(Run.of("plugin").err().contains("plugins"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"demo", "up", "worker up", "tree show", "check-packages"})
    void eachCommandHasAHelp(String command) {
        Run run = run(command, "--help");

        assertEquals(0, run.exit(), run.err());
        assertTrue(run.out().contains("Usage: zygotes " + command), run.out());
    }

    @Test
    void anOptionMayStandBeforeTheCommand() {
        assertEquals(0, Run.of("--verbose", "init", "-p", dir()).exit());
        assertTrue(WorkerDirectory.exists(Path.of(dir())));
    }

    @ParameterizedTest
    @ValueSource(strings = {"init", "worker init"})
    void initMakesAWorkerDirectory(String command) {
        Run run = run(command, "-p", dir());

        assertEquals(0, run.exit(), run.err());
        assertTrue(WorkerDirectory.exists(Path.of(dir())));
        assertTrue(Files.isRegularFile(Path.of(dir(), WorkerDirectory.DEFAULT_TREE)));
    }

    @Test
    void initLeavesAnExistingDirectoryAlone() throws Exception {
        Run.of("init", "-p", dir());
        Path config = Path.of(dir(), "config.json");
        Files.writeString(config, "mine");

        Run run = Run.of("init", "-p", dir());

        assertEquals(1, run.exit());
        assertTrue(run.err().contains(dir()), run.err());
        assertEquals("mine", Files.readString(config));
    }

    @ParameterizedTest
    @ValueSource(strings = {"status", "worker status", "down", "worker down", "invoke x"})
    void aDirectoryThatIsNoneIsSaidToBeSo(String command) {
        Run run = run(command, "-p", dir());

        assertEquals(1, run.exit());
        assertTrue(run.err().contains("is no worker directory"), run.err());
        assertEquals(1, run.err().lines().count(), run.err());
    }

    @Test
    void withoutAWorkerTheStatusIsDown() throws Exception {
        Run.of("init", "-p", dir());

        Run text = Run.of("status", "-p", dir());
        JsonNode json = new ObjectMapper()
                .readTree(Run.of("status", "-p", dir(), "--json").out());

        assertEquals(1, text.exit());
        assertTrue(text.out().startsWith("down"), text.out());
        assertEquals("down", json.get("state").asText());
        assertTrue(json.get("pid").isNull());
    }

    @Test
    void settingsForOneRunAreCheckedAsThoseOfTheFileAre() {
        Run.of("init", "-p", dir());

        assertTrue(Run.of("up", "-d", "-p", dir(), "-o", "limits.mem=1").err().contains("did you mean 'mem_mb'"));
        assertTrue(Run.of("up", "-p", dir(), "-o", "worker_port=x").err().contains("$.worker_port"));
        assertTrue(Run.of("up", "-p", dir(), "-o", "worker_port").err().contains("is not key=value"));
        assertTrue(Run.of("up", "-p", dir(), "-o", "worker_dir=x").err().contains("change it there"));
    }

    @Test
    void openLambdasImagesAreTakenAndOthersAreNot() {
        assertEquals(0, Run.of("init", "-b", "-i", "ol-min", "-p", dir()).exit());

        Run other = Run.of("init", "-i", "busybox", "-p", dir() + "2");
        assertEquals(1, other.exit());
        assertTrue(other.err().contains("sock_base_path"), other.err());
        assertFalse(Files.exists(Path.of(dir() + "2")));
    }

    @Test
    void forceCleanupWithoutAWorkerIsDone() {
        Run.of("init", "-p", dir());

        Run run = Run.of("worker", "force-cleanup", "-p", dir());

        assertEquals(0, run.exit(), run.err());
        assertTrue(run.out().contains("no worker runs"), run.out());
        assertTrue(run.out().contains("nothing to remove"), run.out());
    }

    @Test
    void downWithoutAWorkerIsDone() {
        Run.of("init", "-p", dir());

        Run run = Run.of("down", "-p", dir());

        assertEquals(0, run.exit(), run.err());
        assertTrue(run.out().contains("no worker runs"), run.out());
    }

    @Test
    void invokeWithoutAWorkerSaysHowToStartOne() {
        Run.of("init", "-p", dir());

        Run run = Run.of("invoke", "-p", dir(), "hello");

        assertEquals(1, run.exit());
        assertTrue(run.err().contains("zygotes up"), run.err());
    }

    @Test
    void aMalformedConfigIsReportedWithItsPlace() throws Exception {
        Run.of("init", "-p", dir());
        Files.writeString(Path.of(dir(), "config.json"), "{\"worker_port\": }");

        Run run = Run.of("up", "-p", dir());

        assertEquals(1, run.exit());
        assertTrue(run.err().contains("config.json"), run.err());
    }

    @Test
    void anUnknownImportCacheIsAnsweredWithTheKnownOnes() throws Exception {
        Run.of("init", "-p", dir());
        Path config = Path.of(dir(), "config.json");
        Files.writeString(config, Files.readString(config).replace("\"tree\"", "\"forest\""));

        Run run = Run.of("up", "-p", dir());

        assertEquals(1, run.exit());
        for (String part : List.of("features.import_cache", "\"forest\"", "\"none\"", "\"tree\"", "\"multitree\"")) {
            assertTrue(run.err().contains(part), run.err());
        }
    }

    @Test
    void pluginsListsTheBuiltInOnesAndMarksTheChosenOne() throws Exception {
        Run.of("init", "-p", dir());

        JsonNode json = new ObjectMapper()
                .readTree(Run.of("plugins", "--json", "-p", dir()).out());

        assertEquals(0, json.get("broken").size());
        List<String> names = json.get("plugins").findValuesAsText("name");
        assertTrue(names.containsAll(List.of("", "tree", "multitree")), names.toString());
        for (JsonNode plugin : json.get("plugins")) {
            assertEquals(
                    plugin.get("name").asText().equals("tree"),
                    plugin.get("chosen").asBoolean());
            assertEquals("image", plugin.get("origin").asText());
            assertFalse(plugin.get("description").asText().isEmpty());
        }
    }

    @Test
    void pluginsReportsABrokenJarAndGoesOn() throws Exception {
        Path jar = Files.writeString(folder.resolve("broken.jar"), "nothing");

        Run run = Run.of("plugins", "--plugin-path", jar.toString());

        assertEquals(0, run.exit());
        assertTrue(run.out().contains("broken: " + jar.toRealPath()), run.out());
        assertTrue(run.out().contains("\"tree\""), run.out());
    }

    @Test
    void anImageIsMadeFromAnImageOnly() {
        Run run = Run.of("image", "--output", dir());

        assertEquals(1, run.exit());
        assertTrue(run.err().contains("this is no image of Zygotes"), run.err());
    }

    @Test
    void pluginsCheckFailsForABrokenJar() throws Exception {
        Path jar = Files.writeString(folder.resolve("broken.jar"), "nothing");

        Run run = Run.of("plugins", "check", jar.toString());

        assertEquals(1, run.exit());
        assertTrue(run.out().startsWith("broken: "), run.out());
    }

    @Test
    void treeShowDrawsATree() throws Exception {
        Path file = Files.writeString(folder.resolve("tree.json"), """
            {"packages": [], "children": [{"packages": ["numpy"], "children": [{"packages": ["pandas"]}]}]}
            """);

        Run run = Run.of("tree", "show", file.toString());

        assertEquals(0, run.exit(), run.err());
        assertTrue(run.out().contains("pandas"), run.out());
        assertTrue(run.out().endsWith("3 nodes\n"), run.out());
    }

    /** It names numpy, and pandas needs that. */
    @Test
    void whatAWorkerFoundUnfitIsMarkedByTreeShowAndInNoTreeThatIsFitted() throws Exception {
        Path worker = folder.resolve("worker");
        assertEquals(0, Run.of("init", "-p", worker.toString()).exit());
        Path installed = Files.createDirectories(
                WorkerDirectory.open(worker).config().packagesFolder().resolve("numpy==2.2.3"));
        Files.writeString(
                installed.resolve("package.json"),
                "{\"name\": \"numpy\", \"version\": \"2.2.3\", \"unfit\": \"it keeps a socket open\"}");
        Path tree = Files.writeString(
                folder.resolve("tree.json"), "{\"packages\": [], \"children\": [{\"packages\": [\"numpy\"]}]}");

        Run show = Run.of("tree", "show", tree.toString(), "-p", worker.toString());
        Path fitted = folder.resolve("fitted.json");
        Run fit = Run.of(
                "tree",
                "fit",
                "--trace",
                trace().toString(),
                "--nodes",
                "3",
                "--out",
                fitted.toString(),
                "-p",
                worker.toString());

        assertTrue(show.out().contains("numpy  unfit"), show.out());
        assertTrue(show.out().contains("numpy==2.2.3 is unfit for zygotes: it keeps a socket open"), show.out());
        assertEquals(0, fit.exit(), fit.err());
        assertTrue(fit.err().contains("left out numpy==2.2.3"), fit.err());
        String text = Files.readString(fitted);
        assertFalse(text.contains("numpy") || text.contains("pandas"), text);
    }

    @Test
    void treeShowNamesTheFaultWithItsJsonPath() throws Exception {
        Path file = Files.writeString(folder.resolve("tree.json"), "{\"packages\": [\"numpy\"]}");

        Run run = Run.of("tree", "show", file.toString());

        assertEquals(1, run.exit());
        assertTrue(run.err().contains("tree.json") && run.err().contains("$"), run.err());
    }

    private Path trace() throws Exception {
        return Files.writeString(folder.resolve("trace.jsonl"), """
            {"type":"package","name":"numpy==2.2.3","deps":[],"top":["numpy"],"import_ms":80,"import_mb":20}
            {"type":"package","name":"pandas==2.2.3","deps":["numpy==2.2.3"],"top":["pandas"],"import_ms":160,"import_mb":30}
            {"type":"function","name":"report","deps":["numpy==2.2.3","pandas==2.2.3"]}
            {"type":"invocation","name":"report"}
            {"type":"invocation","name":"report"}
            not JSON
            """);
    }

    @Test
    void aTreeIsFittedEvaluatedAndCompared() throws Exception {
        String tree = folder.resolve("fitted.json").toString();
        String trace = trace().toString();

        Run fit = Run.of("tree", "fit", "--trace", trace, "--nodes", "3", "--out", tree);
        Run eval = Run.of("tree", "eval", "--tree", tree, "--trace", trace, "--json");
        Run diff = Run.of("tree", "diff", tree, tree);
        Run show = Run.of(
                "tree",
                "show",
                tree,
                "--trace",
                trace,
                "--svg",
                folder.resolve("tree.svg").toString());

        assertEquals(0, fit.exit(), fit.err());
        assertTrue(fit.err().contains("1 malformed"), fit.err());
        assertEquals(0, eval.exit(), eval.err());
        JsonNode fields = new ObjectMapper().readTree(eval.out());
        assertEquals(240, fields.get("import_ms_total").asDouble());
        assertEquals(0, fields.get("import_ms_left").asDouble());
        assertTrue(diff.out().contains("0 removed, 0 added"), diff.out());
        assertTrue(show.out().contains("2 calls"), show.out());
        assertTrue(Files.readString(folder.resolve("tree.svg")).startsWith("<svg"));
    }

    @Test
    void aFitThatFailsWritesNoFile() throws Exception {
        Path tree = folder.resolve("fitted.json");

        Run tooFew = Run.of("tree", "fit", "--trace", trace().toString(), "--nodes", "0", "--out", tree.toString());
        Run tooSmall = Run.of(
                "tree",
                "fit",
                "--trace",
                trace().toString(),
                "--nodes",
                "9",
                "--memory-mb",
                "1",
                "--out",
                tree.toString());

        assertEquals(2, tooFew.exit());
        assertEquals(1, tooSmall.exit());
        assertTrue(tooSmall.err().contains("MB"), tooSmall.err());
        assertFalse(Files.exists(tree));
    }

    private static final String NUMPY = """
        {"type":"package","name":"numpy==2.2.3","deps":[],"import_ms":80,"import_mb":20}
        {"type":"function","name":"f","deps":["numpy==2.2.3"]}
        {"type":"invocation","name":"f"}
        """;

    /** What is wrong with a trace, what is said of it, and whether a tree can be fitted all the same. */
    static List<Arguments> badTraces() {
        return List.of(
                Arguments.of("", "the trace is empty", false),
                Arguments.of("{\"type\":\"invocation\",\"name\":\"g\"}\n", "1 invocations of unknown", false),
                Arguments.of("nonsense\n", "bad.jsonl, line 1", false),
                Arguments.of(NUMPY + "a\n[]\n{}\n{\n", "left out 4 malformed", true),
                Arguments.of(NUMPY + "a\n[]\n{}\n{\n", "bad.jsonl, line 6", true),
                Arguments.of(
                        NUMPY + "{\"type\":\"invocation\",\"name\":\"g\"}\n",
                        "1 invocations of functions that no line",
                        true),
                Arguments.of(
                        NUMPY + "{\"type\":\"package\",\"name\":\"a==1\",\"import_ms\":-1}\n",
                        "import_ms must be a number from 0",
                        true),
                Arguments.of(
                        NUMPY + "{\"type\":\"package\",\"name\":\"a==1\",\"import_mb\":1e99}\n",
                        "import_mb must be a number from 0",
                        true),
                Arguments.of(
                        NUMPY + "{\"type\":\"package\",\"name\":\"a==1\",\"deps\":[\"b==1\"]}\n"
                                + "{\"type\":\"package\",\"name\":\"b==1\",\"deps\":[\"a\"]}\n",
                        "2 packages need themselves by way of others, such as [a==1, b==1]",
                        true));
    }

    @ParameterizedTest
    @MethodSource("badTraces")
    void whatIsWrongWithATraceIsSaidByEveryCommandThatReadsIt(String text, String said, boolean fits) throws Exception {
        String trace = Files.writeString(folder.resolve("bad.jsonl"), text).toString();
        String tree = Files.writeString(folder.resolve("tree.json"), "{\"children\": [{\"packages\": [\"numpy\"]}]}")
                .toString();
        Path out = folder.resolve("out.json");
        Path svg = folder.resolve("out.svg");

        for (Run run : List.of(
                Run.of("tree", "fit", "--trace", trace, "--nodes", "3", "--out", out.toString()),
                Run.of("tree", "eval", "--trace", trace, "--tree", tree),
                Run.of("tree", "show", tree, "--trace", trace, "--svg", svg.toString()))) {
            assertEquals(fits ? 0 : 1, run.exit(), run.err());
            assertTrue(run.err().contains(said), run.err());
            assertFalse(run.err().contains("\tat "), run.err());
        }
        assertEquals(fits, Files.exists(out));
        assertEquals(fits, Files.exists(svg));
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(fits ? 4 : 2, files.count(), "nothing is left beside");
        }
    }

    @Test
    void filesThatAreMissingOrNoTreesAreNamed() throws Exception {
        String tree = Files.writeString(folder.resolve("tree.json"), "{\"children\": []}")
                .toString();
        String torn = Files.writeString(folder.resolve("torn.json"), "{\"children\": [")
                .toString();
        String none = folder.resolve("none.json").toString();
        String nowhere = folder.resolve("no/where").toString();
        String trace = trace().toString();

        for (Run run : List.of(
                Run.of("tree", "diff", tree, torn),
                Run.of("tree", "show", torn),
                Run.of("tree", "eval", "--tree", torn, "--trace", trace),
                Run.of("bench", "tree", "--tree", torn, "--trace", trace))) {
            assertEquals(1, run.exit());
            assertTrue(run.err().contains("torn.json") && run.err().contains("line 1"), run.err());
        }
        for (Run run : List.of(
                Run.of("tree", "diff", none, tree),
                Run.of("tree", "show", none),
                Run.of("tree", "eval", "--tree", tree, "--trace", none),
                Run.of(
                        "tree",
                        "fit",
                        "--trace",
                        none,
                        "--nodes",
                        "3",
                        "--out",
                        folder.resolve("o").toString()),
                Run.of(
                        "tree",
                        "measure",
                        "--trace",
                        none,
                        "--out",
                        folder.resolve("o").toString()))) {
            assertEquals(1, run.exit());
            assertTrue(run.err().contains("none.json"), run.err());
        }
        for (Run run : List.of(
                Run.of("tree", "fit", "--trace", trace, "--nodes", "3", "--out", nowhere),
                Run.of("tree", "measure", "--trace", trace, "--out", nowhere))) {
            assertEquals(1, run.exit());
            assertTrue(run.err().contains("where"), run.err());
        }
        assertFalse(Files.exists(folder.resolve("o")));
    }

    @Test
    void aPlaceThatCannotBeWrittenIsSaidBeforeTheWork() throws Exception {
        String trace = trace().toString();
        String tree = Files.writeString(folder.resolve("tree.json"), "{\"children\": []}")
                .toString();
        String content = Files.readString(Path.of(trace));

        for (Run run : List.of(
                Run.of("tree", "fit", "--trace", trace, "--nodes", "3", "--out", folder.toString()),
                Run.of("tree", "measure", "--trace", trace, "--out", folder.toString()),
                Run.of("tree", "show", tree, "--svg", folder.toString()))) {
            assertEquals(1, run.exit());
            assertEquals(
                    "zygotes: cannot write " + folder + ": it is a folder; name a file in it",
                    run.err().strip());
        }
        for (Run run : List.of(
                Run.of("tree", "fit", "--trace", trace, "--nodes", "3", "--out", trace),
                Run.of("tree", "show", tree, "--svg", tree))) {
            assertEquals(1, run.exit());
            assertTrue(run.err().contains("it is what is read"), run.err());
        }
        assertEquals(content, Files.readString(Path.of(trace)));
        assertEquals(
                1, Run.of("tree", "show", tree, "--svg", "/proc/no-such/x.svg").exit());
    }

    @Test
    void filesThatAreNoTracesAreSaid() throws Exception {
        Path out = folder.resolve("out.json");
        Path cut = folder.resolve("cut.gz");
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(Files.readAllBytes(trace()));
        }
        Files.write(cut, Arrays.copyOf(packed.toByteArray(), packed.size() - 12));

        Run aFolder = Run.of("tree", "fit", "--trace", folder.toString(), "--nodes", "3", "--out", out.toString());
        Run cutOff = Run.of("tree", "fit", "--trace", cut.toString(), "--nodes", "3", "--out", out.toString());
        Run twice = Run.of(
                "tree",
                "fit",
                "--trace",
                trace().toString(),
                trace().toString(),
                "--nodes",
                "3",
                "--out",
                out.toString());

        assertEquals(1, aFolder.exit());
        assertTrue(aFolder.err().contains("it is a folder"), aFolder.err());
        assertEquals(1, cutOff.exit());
        assertTrue(cutOff.err().contains("cut.gz") && cutOff.err().contains("cut off"), cutOff.err());
        assertEquals(0, twice.exit(), twice.err());
        assertTrue(twice.err().contains("named twice; it is counted once"), twice.err());
    }

    @Test
    void aBenchmarkOfATraceIsRefusedBeforeAnythingIsStarted() throws Exception {
        String trace = trace().toString();
        String tree = Files.writeString(folder.resolve("tree.json"), "{\"children\": []}")
                .toString();

        for (List<String> wrong : List.of(
                List.of("--calls", "0"),
                List.of("--rounds", "0"),
                List.of("--speed", "0"),
                List.of("--speed", "NaN"),
                List.of("--longest-pause", "-1"),
                List.of("--pace", "-1"))) {
            Run run = run("bench tree --trace " + trace + " --tree " + tree, wrong.toArray(String[]::new));
            assertEquals(2, run.exit(), run.err());
            assertTrue(run.err().contains(wrong.getFirst()), run.err());
        }
        String ghost = Files.writeString(
                        folder.resolve("ghost.jsonl"),
                        "{\"type\":\"invocation\",\"name\":\"ghost\"}\n" + Files.readString(trace()))
                .toString();
        Run run = Run.of("bench", "tree", "--trace", ghost, "--tree", tree, "--calls", "1");
        assertEquals(1, run.exit());
        assertTrue(run.err().contains("make more of them with --calls"), run.err());
    }

    @Test
    void memoryThatIsNoAmountIsRefused() throws Exception {
        for (String memory : List.of("-1", "0", "NaN", "much")) {
            Path out = folder.resolve("out.json");
            Run run = Run.of(
                    "tree",
                    "fit",
                    "--trace",
                    trace().toString(),
                    "--nodes",
                    "3",
                    "--memory-mb",
                    memory,
                    "--out",
                    out.toString());
            assertTrue(run.exit() != 0);
            assertTrue(run.err().contains("memory"), run.err());
            assertFalse(Files.exists(out));
        }
    }

    @Test
    void measuringATraceThatHasAllItsCostsCopiesItAndStartsNothing() throws Exception {
        Path out = folder.resolve("measured.jsonl");

        Run run = Run.of("tree", "measure", "--trace", trace().toString(), "--out", out.toString());

        assertEquals(0, run.exit(), run.err());
        assertTrue(run.out().contains("0 of 0"), run.out());
        assertEquals(Files.readString(trace()), Files.readString(out));
    }

    @Test
    void theStackTraceIsShownOnlyWhenAskedFor() {
        assertEquals(1, Run.of("status", "-p", dir()).err().lines().count());
        assertTrue(Run.of("status", "--verbose", "-p", dir()).err().contains("\tat "));
    }

    @Test
    void installAndStatusHaveTheirLongForms() {
        assertEquals(
                Run.of("status", "--help").out().replace("zygotes status", "X"),
                Run.of("worker", "status", "--help").out().replace("zygotes worker status", "X"));
        assertEquals(
                Run.of("install", "--help").out().replace("zygotes install", "X"),
                Run.of("admin", "install", "--help").out().replace("zygotes admin install", "X"));
    }

    private static Run run(String command, String... more) {
        List<String> all = new ArrayList<>(List.of(command.split(" ")));
        all.addAll(List.of(more));
        return Run.of(all.toArray(String[]::new));
    }
}
