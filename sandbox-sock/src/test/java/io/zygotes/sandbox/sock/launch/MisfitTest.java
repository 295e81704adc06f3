package io.zygotes.sandbox.sock.launch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.sandbox.sock.protocol.ImportTraces;
import io.zygotes.sandbox.sock.protocol.Protocol;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which lambdas are not forked from a zygote although it has nothing that they did not ask for. */
class MisfitTest {

    private static final String PLAIN = "def f(event):\n    return 1\n";
    /** Of a zygote that imported matplotlib, and json for itself. */
    private static final ImportTraces TRACES = new ImportTraces(
            Set.of("MPLBACKEND", "HOME"),
            Set.of("KMP_INIT"),
            Set.of("matplotlib", "cycler"),
            Set.of("pyarrow"),
            Set.of(),
            Set.of("json"));
    /** Of a zygote without packages that imported ssl ahead. */
    private static final ImportTraces PRELOADED =
            new ImportTraces(Set.of("SSLKEYLOGFILE"), Set.of(), Set.of(), Set.of(), Set.of("ssl", "email"), Set.of());

    @TempDir
    private Path folder;

    private LeafSpec lambda(String code, Map<String, String> environment, PackageId... packages) throws IOException {
        Path handler = Files.createTempDirectory(folder, "handler");
        Files.writeString(handler.resolve("f.py"), code);
        return new LeafSpec(
                "it", handler, Set.of(packages), new Limits(100, 10, 100, 0, 30, 64, 8), Network.HOST, environment);
    }

    private static Optional<String> of(ImportTraces traces, LeafSpec lambda) {
        return Misfit.of(
                traces,
                traces != ImportTraces.NONE,
                lambda,
                id -> Optional.of(new PackageInfo(id, List.of(), List.of(id.name()), Path.of("/packages"), 1)));
    }

    private String reason(ImportTraces traces, String code, Map<String, String> environment) throws IOException {
        return of(traces, lambda(code, environment)).orElse("");
    }

    private String ofEnvironment(String name, String value) throws IOException {
        return reason(TRACES, PLAIN, Map.of(name, value));
    }

    @Test
    void mostLambdasFit() throws Exception {
        assertEquals("", reason(TRACES, PLAIN, Map.of("STAGE", "test", "PYTHONPATH", "/handler/lib")));
        assertEquals("", reason(ImportTraces.NONE, PLAIN, Map.of("OMP_NUM_THREADS", "4")));
    }

    @Test
    void variablesThatImportsAskedForOrChangedMustBeWhatTheyWere() throws Exception {
        assertTrue(ofEnvironment("MPLBACKEND", "svg").startsWith("MPLBACKEND of its environment"));
        assertTrue(ofEnvironment("KMP_INIT", "1").startsWith("KMP_INIT"));
        assertEquals("", ofEnvironment("HOME", "/tmp"), "as it was");
        assertTrue(ofEnvironment("HOME", "/handler").startsWith("HOME"));
        assertTrue(reason(TRACES, "import os\nos.environ['MPLBACKEND'] = 'svg'\n" + PLAIN, Map.of())
                .startsWith("its code sets MPLBACKEND"));
    }

    @Test
    void variablesOfLibrariesInCCountIfAnyPackageWasImported() throws Exception {
        assertTrue(ofEnvironment("GDAL_DATA", "/handler").startsWith("GDAL_DATA"));
        assertTrue(ofEnvironment("OMP_NUM_THREADS", "2").startsWith("OMP_NUM_THREADS"));
        assertEquals("", ofEnvironment("OMP_NUM_THREADS", "1"), "as zygotes have it");
        assertEquals("", reason(ImportTraces.NONE, PLAIN, Map.of("GDAL_DATA", "/handler")));
    }

    @Test
    void whatTheInterpreterReadsWhenItStartsCountsAlways() throws Exception {
        for (String name : Set.of("PYTHONHASHSEED", "PYTHONUTF8", "LC_ALL", "MALLOC_ARENA_MAX")) {
            assertTrue(reason(ImportTraces.NONE, PLAIN, Map.of(name, "1")).startsWith(name), name);
        }
        assertEquals("", reason(ImportTraces.NONE, PLAIN, Map.of("PYTHONUNBUFFERED", "1")));
    }

    @Test
    void whoLooksAtAllVariablesLooksForThoseOfItsOwnName() throws Exception {
        ImportTraces traces =
                new ImportTraces(Set.of(Protocol.READ_ALL), Set.of(), Set.of("tqdm"), Set.of(), Set.of(), Set.of());
        assertTrue(reason(traces, PLAIN, Map.of("TQDM_DISABLE", "1")).startsWith("TQDM_DISABLE"));
        assertEquals("", reason(traces, PLAIN, Map.of("STAGE", "test")));
    }

    @Test
    void anOwnModuleOfANameThatIsImportedWins() throws Exception {
        LeafSpec lambda = lambda(PLAIN, Map.of());
        Files.writeString(lambda.handler().resolve("cycler.py"), "");
        assertTrue(of(TRACES, lambda).orElseThrow().contains("its own module cycler"));
        LeafSpec other = lambda(PLAIN, Map.of());
        Files.writeString(other.handler().resolve("json.py"), "");
        assertEquals(Optional.empty(), of(TRACES, other), "the runtime's are forgotten in the leaf");
    }

    @Test
    void settingsBesideTheCodeCountForThePackageThatLooksForThem() throws Exception {
        LeafSpec lambda = lambda(PLAIN, Map.of());
        Files.writeString(lambda.handler().resolve("matplotlibrc"), "lines.linewidth: 9\n");
        Files.writeString(lambda.handler().resolve("luigi.cfg"), "");
        assertTrue(of(TRACES, lambda).orElse("").startsWith("its own file matplotlibrc"));
        assertEquals(Optional.empty(), of(PRELOADED, lambda));
    }

    @Test
    void whatWasImportedAheadCountsAsImported() throws Exception {
        LeafSpec gevent = lambda(PLAIN, Map.of(), PackageId.parse("gevent==24.11.1"));
        LeafSpec own = lambda(PLAIN, Map.of());
        Files.writeString(own.handler().resolve("email.py"), "");
        LeafSpec set = lambda(PLAIN, Map.of("SSLKEYLOGFILE", "/tmp/keys"));

        for (LeafSpec lambda : List.of(gevent, own, set)) {
            assertTrue(
                    Misfit.of(PRELOADED, true, lambda, id -> Optional.empty()).isPresent(), lambda::toString);
            assertEquals(Optional.empty(), Misfit.of(ImportTraces.NONE, false, lambda, id -> Optional.empty()));
        }
        assertEquals(Optional.empty(), Misfit.of(PRELOADED, true, lambda(PLAIN, Map.of()), id -> Optional.empty()));
    }

    @Test
    void patchersComeFirst() throws Exception {
        LeafSpec lambda = lambda(PLAIN, Map.of(), PackageId.parse("gevent==24.11.1"));
        assertTrue(of(TRACES, lambda).isPresent());
        assertEquals(Optional.empty(), of(ImportTraces.NONE, lambda), "nothing was imported before it");
    }

    @Test
    void whatPackagesLookedForInVainCountsIfTheLambdaHasIt() throws Exception {
        LeafSpec pinned = lambda(PLAIN, Map.of(), PackageId.parse("pyarrow==18.1.0"));
        assertTrue(of(TRACES, pinned).orElseThrow().contains("looked for pyarrow"));
        assertEquals(Optional.empty(), of(TRACES, lambda(PLAIN, Map.of(), PackageId.parse("six==1.17.0"))));
        LeafSpec own = lambda(PLAIN, Map.of());
        Files.writeString(own.handler().resolve("pyarrow.py"), "");
        assertTrue(of(TRACES, own).orElseThrow().contains("which its code has"));
    }
}
