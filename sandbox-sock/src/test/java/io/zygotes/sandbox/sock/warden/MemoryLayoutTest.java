package io.zygotes.sandbox.sock.warden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code holes.py} does for where things lie. */
class MemoryLayoutTest {

    /**
     * Leaves one hole in each of many pools, and tells on how many pages twenty new objects lie, then and afterwards.
     */
    private static final String HOLES = """
        import json
        from _zygotes.memory import holes
        def pages():
            return len({id(made) >> 12 for made in [bytes(300) for _ in range(20)]})
        old = [bytes(300) for _ in range(20000)]
        del old[::100]
        before = pages()
        holes.fill_holes()
        print(json.dumps([before, pages()]))
        """;

    @TempDir
    private Path folder;

    private JsonNode run(String program, Map<String, String> environment) throws Exception {
        PythonRuntime python = PythonRuntime.prepare("python3", Optional.empty(), folder);
        return new ObjectMapper().readTree(RuntimeProgram.run(python, program, environment));
    }

    @Test
    void newObjectsAreNeighboursOnceTheHolesBetweenOldOnesAreFilled() throws Exception {
        JsonNode found = run(HOLES, Map.of());
        assertTrue(found.path(0).asInt() > 10, () -> "the holes lie on few pages, this shows nothing: " + found);
        assertTrue(found.path(1).asInt() <= 3, found::toString);
    }

    @Test
    void anAllocatorThatIsLaidOutDifferentlyGetsEverythingBack() throws Exception {
        JsonNode found = run("""
            import json
            from _zygotes.memory import address_space, holes
            holes.fill_holes()
            resident = address_space.private_bytes()
            for _ in range(5):
                holes.fill_holes()
            print(json.dumps([len(holes._kept), address_space.private_bytes() - resident]))
            """, Map.of("PYTHONMALLOC", "malloc"));
        assertEquals(0, found.path(0).asInt());
        assertTrue(found.path(1).asLong() < 8 << 20, found::toString);
    }
}
