package io.zygotes.sandbox.sock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code memory.py} does to the memory of a zygote. */
class MemoryLayoutTest {

    /** Leaves one hole in each of many pools, and tells on how many pages twenty new objects lie, then and afterwards. */
    private static final String HOLES =
            """
            import json
            from _zygotes import memory
            def pages():
                return len({id(made) >> 12 for made in [bytes(300) for _ in range(20)]})
            old = [bytes(300) for _ in range(20000)]
            del old[::100]
            before = pages()
            memory.fill_holes()
            print(json.dumps([before, pages()]))
            """;

    @TempDir
    private Path folder;

    private JsonNode run(String program, Map<String, String> environment) throws Exception {
        PythonRuntime python = PythonRuntime.prepare("python3", Optional.empty(), folder);
        return SockSandbox.JSON.readTree(RuntimeProgram.run(python, program, environment));
    }

    @Test
    void new_objects_are_neighbours_once_the_holes_between_old_ones_are_filled() throws Exception {
        JsonNode found = run(HOLES, Map.of());
        assertTrue(found.path(0).asInt() > 10, () -> "the holes lie on few pages, this shows nothing: " + found);
        assertTrue(found.path(1).asInt() <= 3, found::toString);
    }

    @Test
    void an_allocator_that_is_laid_out_differently_gets_everything_back() throws Exception {
        JsonNode found = run(
                """
                import json
                from _zygotes import memory
                memory.fill_holes()
                resident = memory.private_bytes()
                for _ in range(5):
                    memory.fill_holes()
                print(json.dumps([len(memory._kept), memory.private_bytes() - resident]))
                """,
                Map.of("PYTHONMALLOC", "malloc"));
        assertEquals(0, found.path(0).asInt());
        assertTrue(found.path(1).asLong() < 8 << 20, found::toString);
    }

    @Test
    void shared_memory_becomes_private_and_keeps_its_content() throws Exception {
        JsonNode found = run(
                """
                import json, mmap, os
                from _zygotes import memory
                page = mmap.mmap(-1, 8192)
                page[0], page[8191] = 1, 2
                memory.make_private()
                child = os.fork()
                if child == 0:
                    page[0] = 9
                    os._exit(0)
                os.waitpid(child, 0)
                print(json.dumps([page[0], page[8191]]))
                """,
                Map.of());
        assertEquals("[1,2]", found.toString());
    }

    @Test
    void the_interpreter_runs_on_in_huge_pages_of_its_own() throws Exception {
        JsonNode found = run(
                """
                import ctypes, json, os
                from _zygotes import memory
                def text():
                    inside = ctypes.cast(ctypes.pythonapi.Py_GetVersion, ctypes.c_void_p).value
                    with open("/proc/self/smaps") as file:
                        lines = file.read().splitlines()
                    for line in lines:
                        key, *values = line.split()
                        if not key.endswith(":"):
                            start, end = (int(address, 16) for address in key.split("-"))
                            within, permissions = start <= inside < end, values[0]
                        elif within and key == "AnonHugePages:":
                            return [permissions, int(values[0])]
                start, end = memory._program()
                before = ctypes.string_at(start, end - start)
                memory.make_program_huge()
                child = os.fork()
                if child == 0:
                    os._exit(sorted([3, 1, 2])[0])
                status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
                print(json.dumps([ctypes.string_at(start, end - start) == before, status, *text()]))
                """,
                Map.of());
        assertEquals("true,1,\"r-xp\"", found.toString().replaceAll("^\\[|,\\d+\\]$", ""));
        // Where the interpreter is small or lies badly, no block of this size is inside of it.
        assertEquals(0, found.path(3).asInt() % 2048);
    }
}
