package io.zygotes.plugin.tree.fit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.spi.ImportCost;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TraceCostsTest {

    private static final PackageId NUMPY = PackageId.parse("numpy==2.2.3");
    private static final PackageId PANDAS = PackageId.parse("pandas==2.2.3");
    private static final PackageId SIX = PackageId.parse("six==1.17.0");

    /** numpy and six are without costs, six without a line; what is not understood stands between. */
    private static final String TRACE = """
        {"type":"package","name":"numpy==2.2.3","deps":[],"top":["numpy"],"mine":{"a":[1]}}
        {"type":"package","name":"pandas==2.2.3","deps":["numpy==2.2.3"],"import_ms":160,"import_mb":30.50}
        {"type":"function","name":"report","deps":["numpy==2.2.3","pandas==2.2.3","six==1.17.0"],"owner":"me"}
        {"type":"weather","sunny":true}
        not JSON
        {"type":"invocation","name":"report",  "ts":1}
        """;

    @TempDir
    Path folder;

    private Path trace(String text) throws IOException {
        return Files.writeString(folder.resolve("trace.jsonl"), text);
    }

    private static TraceCosts.Measured measured(PackageId id, double millis, String... needs) {
        return new TraceCosts.Measured(
                new PackageInfo(id, List.of(needs), List.of(id.name()), Path.of("packages"), 1),
                new ImportCost(millis, 2));
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void whatHasNoCostsIsMissingWithAllThatItsFunctionPins() throws Exception {
        assertEquals(
                List.of(
                        new TraceCosts.Missing(NUMPY, Set.of(NUMPY, PANDAS, SIX)),
                        new TraceCosts.Missing(SIX, Set.of(NUMPY, PANDAS, SIX))),
                TraceCosts.read(trace(TRACE)).missing());
    }

    @Test
    void aPackageThatNoFunctionHasComesWithWhatItsOwnLineNeeds() throws Exception {
        Path trace = trace("""
            {"type":"package","name":"a==1","deps":["b==2","c"]}
            {"type":"package","name":"b==2","deps":["a==1","d==4"],"import_ms":1,"import_mb":1}
            {"type":"package","name":"c==3","deps":[],"import_ms":1,"import_mb":1}
            """);
        PackageId a = PackageId.parse("a==1");
        assertEquals(
                List.of(new TraceCosts.Missing(
                        a, Set.of(a, PackageId.parse("b==2"), PackageId.parse("c==3"), PackageId.parse("d==4")))),
                TraceCosts.read(trace).missing(),
                "cycles end, a bare name is the version that the trace has");
    }

    @Test
    void costsThatCannotBeRightAreMeasuredAnew() throws Exception {
        Path trace = trace("""
            {"type":"package","name":"numpy==2.2.3","deps":[],"import_ms":-5,"import_mb":1}
            """);
        TraceCosts costs = TraceCosts.read(trace);
        assertEquals(1, costs.missing().size());
        costs.write(Map.of(NUMPY, measured(NUMPY, 80)), trace);
        assertEquals(List.of(), TraceCosts.read(trace).missing());
    }

    @Test
    void costsAreFilledInAndEverythingElseStaysAsItStands() throws Exception {
        Path trace = trace(TRACE);
        Path out = folder.resolve("out.jsonl");
        TraceCosts.read(trace)
                .write(Map.of(NUMPY, measured(NUMPY, 80.12345), SIX, measured(SIX, 3, "numpy", "none")), out);

        assertEquals("""
            {"type":"package","name":"six==1.17.0","deps":["numpy==2.2.3","none"],"top":["six"],"import_ms":3.0,"import_mb":2.0}
            {"type":"package","name":"numpy==2.2.3","deps":[],"top":["numpy"],"mine":{"a":[1]},"import_ms":80.123,"import_mb":2.0}
            """ + TRACE.substring(TRACE.indexOf('\n') + 1), Files.readString(out));
        assertEquals(TRACE, Files.readString(trace));
        TraceReader.Result read = TraceReader.read(List.of(out));
        assertEquals(0, read.trace().estimatedPackages());
        assertEquals(1, read.malformed());
    }

    @Test
    void whatCouldNotBeMeasuredStaysWithout() throws Exception {
        Path trace = trace(TRACE);
        TraceCosts.read(trace).write(Map.of(SIX, measured(SIX, 3)), trace);

        assertEquals(
                List.of(NUMPY),
                TraceCosts.read(trace).missing().stream()
                        .map(TraceCosts.Missing::id)
                        .toList());
        assertEquals(List.of("trace.jsonl"), files(), "in its own place, nothing beside");
    }

    @Test
    void compressedTracesAreReadAndWrittenAndATornLineIsLeftOut() throws Exception {
        Path trace = folder.resolve("trace.gz");
        try (GZIPOutputStream out = new GZIPOutputStream(new FileOutputStream(trace.toFile()))) {
            out.write((TRACE + "{\"type\":\"invoc").getBytes());
        }
        Path copy = folder.resolve("copy.gz");
        TraceCosts.read(trace).write(Map.of(), copy);
        Path plain = folder.resolve("plain.jsonl");
        TraceCosts.read(copy).write(Map.of(), plain);

        assertEquals(TRACE, Files.readString(plain));
        assertTrue(Files.readAllBytes(copy)[0] == 0x1f);
    }

    @Test
    void aTraceWithoutPackagesIsRefused() throws Exception {
        Path trace = trace("{\"type\":\"invocation\",\"name\":\"x\"}\n");
        FitException e = assertThrows(FitException.class, () -> TraceCosts.read(trace));
        assertTrue(
                e.getMessage().contains("names a package") && e.getMessage().contains("trace.jsonl"), e.getMessage());
    }

    @Test
    void aFileThatCannotBeWrittenLeavesNothing() throws Exception {
        Path trace = trace(TRACE);
        TraceCosts costs = TraceCosts.read(trace);
        Path out = Files.createDirectory(folder.resolve("taken"));
        Files.writeString(out.resolve("inside"), "");
        assertThrows(IOException.class, () -> costs.write(Map.of(), out));
        assertEquals(List.of("taken", "trace.jsonl"), files());
    }
}
