package io.zygotes.plugin.tree.fit;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.spi.ImportCost;
import io.zygotes.spi.PackageId;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class TraceReaderTest {

    private static final String PACKAGES = """
        {"type":"package","name":"numpy==2.2.3","deps":[],"top":["numpy"],"import_ms":90.5,"import_mb":14.2}
        {"type":"package","name":"Pandas==2.2.3","deps":["numpy==2.2.3"],"top":["pandas"],"import_ms":168.2,"import_mb":33}
        """;
    private static final String REPORT = """
        {"type":"function","name":"report","deps":["pandas==2.2.3","numpy==2.2.3"]}
        """;
    private static final String CALL = "{\"type\":\"invocation\",\"name\":\"report\"}\n";

    @TempDir
    Path folder;

    private Path file(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    private TraceReader.Result read(String text) throws Exception {
        return TraceReader.read(List.of(file("t.jsonl", text)));
    }

    private static Set<PackageId> ids(String... pinned) {
        return Set.of(pinned).stream().map(PackageId::parse).collect(Collectors.toSet());
    }

    @Test
    void packagesFunctionsAndInvocationsAreRead() throws Exception {
        TraceReader.Result result = read(PACKAGES + REPORT + CALL + CALL);
        assertAll(
                () -> assertEquals(0, result.malformed()),
                () -> assertEquals(
                        List.of(new Trace.Calls(ids("numpy==2.2.3", "pandas==2.2.3"), 2)),
                        result.trace().calls()),
                () -> assertEquals(new ImportCost(168.2, 33), result.trace().cost(PackageId.parse("pandas==2.2.3"))),
                () -> assertEquals(0, result.trace().estimatedPackages()));
    }

    @Test
    void functionsWithTheSamePackagesAreCountedTogether() throws Exception {
        Trace trace = read(PACKAGES
                        + REPORT
                        + REPORT.replace("report", "other")
                        + CALL
                        + CALL.replace("report", "other"))
                .trace();
        assertEquals(1, trace.calls().size());
        assertEquals(2, trace.callCount());
    }

    @Test
    void severalFilesAreOneTraceAndGzipIsKnownByItsContent() throws Exception {
        Path packed = folder.resolve("packed");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(packed))) {
            out.write((PACKAGES + REPORT + CALL).getBytes(StandardCharsets.UTF_8));
        }
        assertEquals(
                3,
                TraceReader.read(List.of(packed, file("b.jsonl", CALL + CALL)))
                        .trace()
                        .callCount());
    }

    @Test
    void aCallMayStandBeforeItsFunction() throws Exception {
        assertEquals(1, read(CALL + REPORT + PACKAGES).trace().callCount());
    }

    @Test
    void aFunctionThatChangesIsCountedWithThePackagesThatItHadAtEachCall() throws Exception {
        Trace trace = read(REPORT + CALL + "{\"type\":\"function\",\"name\":\"report\",\"deps\":[]}\n" + CALL + CALL)
                .trace();
        assertEquals(
                List.of(new Trace.Calls(ids("numpy==2.2.3", "pandas==2.2.3"), 1), new Trace.Calls(Set.of(), 2)),
                trace.calls());
    }

    @Test
    void malformedLinesAreCountedAndTheFirstThreeShownWithTheirNumbers() throws Exception {
        TraceReader.Result result =
                read(PACKAGES + "nonsense\n" + REPORT + "[]\n\n" + CALL + "{\"type\":\"invocation\"}\n{}\n");
        assertEquals(4, result.malformed());
        Path file = folder.resolve("t.jsonl");
        assertEquals(3, result.firstMalformed().size());
        assertTrue(
                result.firstMalformed().get(0).startsWith(file + ", line 3: is not JSON"),
                result.firstMalformed().get(0));
        assertTrue(
                result.firstMalformed().get(1).startsWith(file + ", line 5: must be a JSON object"),
                result.firstMalformed().get(1));
        assertTrue(
                result.firstMalformed().get(2).startsWith(file + ", line 8: name must be a text"),
                result.firstMalformed().get(2));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"type\":\"package\",\"name\":\"numpy\"}",
                "{\"type\":\"package\",\"name\":\"a==1\",\"import_ms\":-1}",
                "{\"type\":\"package\",\"name\":\"a==1\",\"import_ms\":1e12}",
                "{\"type\":\"package\",\"name\":\"a==1\",\"import_ms\":\"5\"}",
                "{\"type\":\"package\",\"name\":\"a==1\",\"import_mb\":-0.1}",
                "{\"type\":\"package\",\"name\":\"a==1\",\"deps\":\"b\"}",
                "{\"type\":\"function\",\"name\":\"f\",\"deps\":[\"a==1\",\"A==2\"]}",
                "{\"type\":\"function\",\"name\":\"f\",\"deps\":[7]}",
                "{\"type\":\"function\",\"name\":\"f\",\"deps\":[\"a\"]}",
                "{\"type\":5}",
                "{\"type\":\"package\",\"name\":\"a==1\",\"import_ms\":NaN}",
                "{\"type\":\"package\",\"name\":\"a==1\",\"import_ms\":1e308}",
                "{\"type\":\"package\",\"name\":\"a==1\",\"import_mb\":1e999}",
                "{\"type\":\"invocation\",\"name\":null}",
                "{\"type\":\"invocation\",\"name\":\"report\"} {}",
            })
    void aLineThatCannotBeTrueIsMalformed(String line) throws Exception {
        assertEquals(1, read(REPORT + CALL + line + "\n").malformed());
    }

    @Test
    void aTornLastLineIsIgnored() throws Exception {
        TraceReader.Result result = read(PACKAGES + REPORT + CALL + "{\"type\":\"invoc");
        assertEquals(0, result.malformed());
        assertEquals(1, result.trace().callCount());
    }

    @Test
    void aLastLineWithoutLineEndCounts() throws Exception {
        assertEquals(2, read(REPORT + CALL + CALL.strip()).trace().callCount());
    }

    @Test
    void unknownTypesAndFieldsAreIgnored() throws Exception {
        TraceReader.Result result = read("{\"type\":\"weather\",\"name\":3}\n" + REPORT
                + "{\"type\":\"invocation\",\"name\":\"report\",\"ts\":1,\"ms\":5,\"start\":\"warm\",\"new\":{}}\n");
        assertEquals(0, result.malformed());
        assertEquals(1, result.trace().callCount());
    }

    @Test
    void invocationsOfUnknownFunctionsAreCounted() throws Exception {
        assertEquals(
                2,
                read(REPORT + CALL + "{\"type\":\"invocation\",\"name\":\"ghost\"}\n".repeat(2))
                        .unknownFunctions());
    }

    @Test
    void anEnvironmentMarkerBehindAVersionIsLeftOut() throws Exception {
        Trace trace = read("{\"type\":\"function\",\"name\":\"report\",\"deps\":[\"flask==2.1.0 ; python_version >"
                        + " \\\"3.0\\\"\"]}\n"
                        + CALL)
                .trace();
        assertEquals(ids("flask==2.1.0"), trace.calls().getFirst().packages());
    }

    @Test
    void missingCostsAreEstimatedFromOtherVersionsThenFromAllThenFromExperience() throws Exception {
        Trace trace = read("""
            {"type":"package","name":"a==1","import_ms":10,"import_mb":1}
            {"type":"package","name":"a==2","import_ms":20,"import_mb":3}
            {"type":"package","name":"b==1","import_ms":70,"import_mb":7}
            {"type":"package","name":"c==1","deps":["a"]}
            {"type":"function","name":"report","deps":["a==3","c==1"]}
            """ + CALL).trace();
        assertEquals(new ImportCost(15, 2), trace.cost(PackageId.parse("a==3")));
        assertEquals(new ImportCost(20, 3), trace.cost(PackageId.parse("c==1")));
        assertEquals(2, trace.estimatedPackages());
        assertEquals(new ImportCost(10, 1), read(REPORT + CALL).trace().cost(PackageId.parse("numpy==2.2.3")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"nonsense\n", "{\"type\":\"invocation\",\"name\":\"ghost\"}\n"})
    void aTraceWithoutCallsIsRefusedAndSaysWhatItHolds(String text) {
        FitException error = assertThrows(FitException.class, () -> read(text));
        assertTrue(error.getMessage().contains("no invocation of a known function"), error.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\n \n"})
    void anEmptyTraceIsRefused(String text) {
        FitException error = assertThrows(FitException.class, () -> read(text));
        assertTrue(error.getMessage().contains("t.jsonl]: the trace is empty"), error.getMessage());
    }

    @Test
    void functionsThatNobodyCalledAreNotEnough() {
        FitException error = assertThrows(FitException.class, () -> read(PACKAGES + REPORT));
        assertTrue(error.getMessage().contains("1 functions"), error.getMessage());
    }

    private List<String> first(int most, Path... files) throws Exception {
        return TraceReader.read(List.of(files), most).first().stream()
                .map(each -> each.function()
                        + (each.atMillis().isPresent() ? "@" + each.atMillis().getAsLong() : ""))
                .toList();
    }

    private static String call(String function, long ts) {
        return "{\"type\":\"invocation\",\"ts\":" + ts + ",\"name\":\"" + function + "\"}\n";
    }

    @Test
    void theFirstCallsAreKeptInTheOrderOfTheirTimesWhateverTheOrderOfTheFiles() throws Exception {
        String other = REPORT.replace("report", "other");
        Path newer = file("trace.jsonl", REPORT + call("report", 30) + call("report", 40) + CALL);
        Path older = file("trace.jsonl.1", call("other", 10) + call("ghost", 15) + call("other", 20) + other);

        assertEquals(List.of("other@10", "other@20", "report@30"), first(4, newer, older), "one of four is of a ghost");
        assertEquals(
                List.of("other@10", "other@20", "report@30", "report@40", "report"),
                first(100, newer, older),
                "a call without a time comes behind the one before it");
        assertEquals(List.of(), TraceReader.read(List.of(newer)).first(), "none unless asked for");
    }

    @Test
    void callsWithoutTimesKeepTheOrderOfTheFile() throws Exception {
        Path file = file("t.jsonl", REPORT + REPORT.replace("report", "b") + CALL + CALL.replace("report", "b") + CALL);
        assertEquals(List.of("report", "b"), first(2, file));
        assertEquals(
                ids("numpy==2.2.3", "pandas==2.2.3"),
                TraceReader.read(List.of(file), 1).first().getFirst().packages());
    }

    @Test
    void aFileThatIsNamedTwiceIsReadOnce() throws Exception {
        Path file = file("t.jsonl", REPORT + CALL);
        Path same = Files.createSymbolicLink(folder.resolve("same"), file);

        TraceReader.Result result = TraceReader.read(List.of(file, folder.resolve("./t.jsonl"), same));

        assertEquals(1, result.trace().callCount());
        assertEquals(List.of(folder.resolve("./t.jsonl"), same), result.repeated());
    }

    @Test
    void aFolderIsNoTrace() {
        IOException error = assertThrows(IOException.class, () -> TraceReader.read(List.of(folder)));
        assertTrue(error.getMessage().contains(folder + ": it is a folder"), error.getMessage());
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void compressedDataThatAreCutOffOrDamagedAreAnErrorThatSaysHowFarItCame(boolean cut) throws Exception {
        Path packed = folder.resolve("t.jsonl.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(packed))) {
            out.write((REPORT + CALL.repeat(1000)).getBytes(StandardCharsets.UTF_8));
        }
        byte[] bytes = Files.readAllBytes(packed);
        if (!cut) {
            bytes[bytes.length - 6] ^= 1;
        }
        Files.write(packed, cut ? Arrays.copyOf(bytes, bytes.length - 10) : bytes);

        IOException error = assertThrows(IOException.class, () -> TraceReader.read(List.of(packed)));

        assertTrue(error.getMessage().contains(packed + " beyond line "), error.getMessage());
        assertTrue(error.getMessage().contains(cut ? "cut off" : "damaged"), error.getMessage());
    }

    /** Three types without costs, empty lists as null, dependencies as packages declare them. */
    @Test
    void aTraceOfOpenLambdasDependencyTracerIsRead() throws Exception {
        TraceReader.Result result = read("""
            {"deps":null,"name":"idna==3.10","top":["idna"],"type":"package"}
            {"deps":["idna<4,>=2.5","urllib3[socks] (>=1.21.1)","certifi; python_version > '3'"],"name":"requests==2.32.3","top":null,"type":"package"}
            {"deps":["requests==2.32.3","idna==3.10"],"name":"/ol/code/7","type":"function"}
            {"name":"/ol/code/7","type":"invocation"}
            """);
        assertEquals(0, result.malformed(), result.firstMalformed().toString());
        assertEquals(
                List.of("idna", "urllib3", "certifi"),
                result.trace().packages().get(PackageId.parse("requests==2.32.3")).dependencies().stream()
                        .map(Object::toString)
                        .toList());
        assertEquals(2, result.trace().estimatedPackages());
        assertEquals(1, result.trace().callCount());
    }

    @Test
    void aMillionCallsAreOneNumber() throws Exception {
        Path packed = folder.resolve("many.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(packed))) {
            out.write(REPORT.getBytes(StandardCharsets.UTF_8));
            byte[] thousand = call("report", 5).repeat(1000).getBytes(StandardCharsets.UTF_8);
            for (int i = 0; i < 1000; i++) {
                out.write(thousand);
            }
        }
        TraceReader.Result result = TraceReader.read(List.of(packed), 3);
        assertEquals(
                List.of(new Trace.Calls(ids("numpy==2.2.3", "pandas==2.2.3"), 1_000_000)),
                result.trace().calls());
        assertEquals(3, result.first().size());
    }

    @Test
    void aMissingFileIsNamed() {
        Path missing = folder.resolve("missing.jsonl");
        IOException error = assertThrows(IOException.class, () -> TraceReader.read(List.of(missing)));
        assertTrue(error.getMessage().contains(missing.toString()), error.getMessage());
    }

    @Test
    void aLineLongerThanAnyBufferIsRead() throws Exception {
        String longLine = "{\"type\":\"function\",\"name\":\"report\",\"pad\":\"" + "x".repeat(300_000)
                + "\",\"deps\":[\"a==1\"]}\n";
        assertEquals(
                ids("a==1"), read(longLine + CALL).trace().calls().getFirst().packages());
    }
}
