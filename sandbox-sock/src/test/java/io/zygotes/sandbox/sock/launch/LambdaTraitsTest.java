package io.zygotes.sandbox.sock.launch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
import io.zygotes.spi.PackageId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is found in a lambda's code that counts before its packages are imported. */
class LambdaTraitsTest {

    @TempDir
    private Path folder;

    private LambdaTraits traits(String code, PackageId... packages) throws IOException {
        Path handler = Files.createTempDirectory(folder, "handler");
        Files.writeString(handler.resolve("f.py"), code);
        return LambdaTraits.of(spec(handler, packages));
    }

    private static LeafSpec spec(Path handler, PackageId... packages) {
        return new LeafSpec(
                "it", handler, Set.of(packages), new Limits(100, 10, 100, 0, 30, 64, 8), Network.HOST, Map.of());
    }

    @Test
    void variablesThatTheCodeSetsAreFound() throws Exception {
        LambdaTraits found = traits("""
            import os
            os.environ["MPLBACKEND"] = "Agg"
            os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
            os.environ.update({"OMP_NUM_THREADS": "1", "B": "2"})
            os.environ.update(KEY="value")
            print(os.environ["READ"] == "x", os.environ.get("GOT"))
            """);

        assertEquals(Set.of("MPLBACKEND", "TF_CPP_MIN_LOG_LEVEL", "OMP_NUM_THREADS", "B", "KEY"), found.variables());
    }

    /** spyoungtech/grequests issue 103, and what users of old SQLite libraries write above their imports. */
    @Test
    void patchersComeFirst() throws Exception {
        assertTrue(traits("import gevent\n", PackageId.parse("gevent==24.11.1"))
                .patch()
                .isPresent());
        assertTrue(traits("import sys\nsys.modules['sqlite3'] = __import__('pysqlite3')\n")
                .patch()
                .isPresent());
        assertTrue(traits("import sys\nprint(sys.modules['os'] == 1, sys.path.append('x'))\n")
                .patch()
                .isEmpty());
    }

    @Test
    void modulesBesideTheCodeAreFound() throws Exception {
        Path handler = Files.createDirectory(folder.resolve("own"));
        Files.writeString(handler.resolve("f.py"), "import sys\nsys.path.insert(0, 'vendor')\n");
        Files.writeString(handler.resolve("resource.py"), "");
        Files.createDirectories(handler.resolve("package"));
        Files.writeString(handler.resolve("package/__init__.py"), "");
        Files.createDirectories(handler.resolve("vendor/requests"));
        Files.writeString(handler.resolve("vendor/requests/__init__.py"), "");

        LambdaTraits found = LambdaTraits.of(spec(handler));

        assertEquals(Set.of("resource", "package"), found.modules());
        assertTrue(found.below().contains("requests"));
    }
}
