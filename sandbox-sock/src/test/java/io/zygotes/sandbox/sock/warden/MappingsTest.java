package io.zygotes.sandbox.sock.warden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code mappings.py} and {@code folios.py} do to the address space of a zygote, which runs in it meanwhile. */
class MappingsTest {

    /** How many bytes of huge pages this process has of its own. */
    private static final String HUGE = """
        def huge():
            with open("/proc/self/smaps_rollup") as file:
                return next(int(line.split()[1]) << 10 for line in file if line.startswith("AnonHugePages:"))
        """;

    @TempDir
    private Path folder;

    private JsonNode run(String program) throws Exception {
        PythonRuntime python = PythonRuntime.prepare("python3", Optional.empty(), folder);
        return new ObjectMapper()
                .readTree(RuntimeProgram.run(
                        python,
                        "import json\nfrom _zygotes.memory import address_space, contexts, folios, mappings\n"
                                + program,
                        Map.of()));
    }

    private static boolean hasHugePages() {
        return Files.exists(Path.of("/sys/kernel/mm/transparent_hugepage/enabled"));
    }

    @Test
    void sharedMemoryBecomesPrivateAndKeepsItsContent() throws Exception {
        JsonNode found = run("""
            import mmap, os
            page, large = mmap.mmap(-1, 8192), mmap.mmap(-1, 64 << 20)
            page[0], page[8191], large[-1] = 1, 2, 3
            def resident():
                with open("/proc/self/statm") as file:
                    return int(file.read().split()[1]) * mmap.PAGESIZE
            before = resident()
            mappings.make_private()
            grown = resident() - before
            child = os.fork()
            if child == 0:
                page[0] = large[-1] = 9
                os._exit(0)
            os.waitpid(child, 0)
            print(json.dumps([page[0], page[8191], large[-1], grown < 4 << 20]))
            """);
        assertEquals("[1,2,3,true]", found.toString());
    }

    @Test
    void programsRunOnAndSayTheSameAfterTheyWereJoinedAndMoved() throws Exception {
        JsonNode found = run("""
            import ctypes, os
            def text():
                return [(parts[0].start, parts[-1].end) for parts in address_space.programs()]
            def read(ranges):
                return [ctypes.string_at(start, end - start) for start, end in ranges]
            ranges = text()
            before, count = read(ranges), len(address_space.mappings())
            mappings.join_programs()
            joined = len(address_space.mappings())
            folios.move_programs()
            child = os.fork()
            if child == 0:
                os._exit(sorted([3, 1, 2])[0])
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            print(json.dumps([read(ranges) == before, status, joined < count, len(text()) < len(ranges)]))
            """);
        assertEquals(hasHugePages() ? "[true,1,true,true]" : "[true,1,true,false]", found.toString());
    }

    /** The interpreter asks for memory whenever it likes, and may get addresses that were vacated a moment ago. */
    @Test
    void memoryThatIsMappedWhileDataIsMovedStays() throws Exception {
        JsonNode found = run("""
            import ctypes, signal
            kept = {number: str(number) for number in range(100000)}
            mapped, size = [], 65536
            set_mask = signal.pthread_sigmask  # the first and the last that is called around a move
            def map_and_set_mask(*arguments):
                for _ in range(64):
                    mapped.append(address_space.mmap(None, size, 3, 0x22, -1, 0))
                    ctypes.memset(mapped[-1], 7, size)
                return set_mask(*arguments)
            signal.pthread_sigmask = map_and_set_mask
            folios.move_data()
            signal.pthread_sigmask = set_mask
            is_there = [ctypes.string_at(start, size) == bytes([7]) * size for start in mapped]
            print(json.dumps([all(is_there), len(kept) == 100000]))
            """);
        assertEquals("[true,true]", found.toString());
    }

    @Test
    void dataIsWhereItWasAndCanBeWrittenAfterItWasMoved() throws Exception {
        JsonNode found = run(HUGE + """
            import gc, os
            kept = {number: [str(number), number * 0.5] for number in range(100000)}
            def is_whole():
                return all(kept[number] == [str(number), number * 0.5] for number in range(100000))
            folios.move_data()
            gained = huge()
            more = [[number] for number in range(100000)]
            child = os.fork()
            if child == 0:
                kept[5].append(1)
                gc.collect()
                os._exit(0 if more[99999] == [99999] and not is_whole() else 1)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            kept.update({number: [str(number), number * 0.5] for number in range(0, 100000, 3)})
            gc.collect()
            print(json.dumps([is_whole(), status, gained]))
            """);
        assertTrue(found.path(0).asBoolean(), found::toString);
        assertEquals(0, found.path(1).asInt());
        assumeTrue(hasHugePages(), "this kernel has no huge pages");
        assertTrue(found.path(2).asLong() >= 4 << 20, found::toString);
    }

    @Test
    void memoryByWhichSomebodyMeantSomethingStaysWhereItIs() throws Exception {
        JsonNode found = run("""
            import mmap, os
            size = 8 << 20
            plain = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            wiped = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            wiped.madvise(18)  # MADV_WIPEONFORK
            plain.write(b"x" * size)
            wiped.write(b"x" * size)
            folios.move_data()
            child = os.fork()
            if child == 0:
                os._exit(plain[7] + wiped[7])
            print(json.dumps(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])))
            """);
        assertEquals('x', found.asInt());
    }

    @Test
    void largeMemoryIsNotThereTwice() throws Exception {
        assumeTrue(hasHugePages(), "this kernel has no huge pages");
        JsonNode found = run(HUGE + """
            import mmap, resource
            size = 64 << 20
            large = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            large.write(b"x" * size)
            most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            folios.move_data()
            more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - most
            print(json.dumps([large[size - 1], huge() >= size - (8 << 20), more << 10]))
            """);
        assertEquals('x', found.path(0).asInt());
        assertTrue(found.path(1).asBoolean(), found::toString);
        assertTrue(found.path(2).asLong() < 40 << 20, found::toString);
    }

    @Test
    void rangesArePackedIntoFewFolios() throws Exception {
        JsonNode found = run("""
            folio, page = 2 << 20, 4096
            def packed(*ranges):
                places, size = folios._places(ranges)
                return [[[start // page, stop // page, place // page] for start, stop, place in places], size // folio]
            print(json.dumps([
                packed((page, page + folio)),                              # no room for a folio that is mapped whole
                packed((folio - page, 2 * folio + page), (0, 400 * page)), # with such room, and a gap before it
                packed((page, 300 * page), (1000 * page, 1200 * page), (2000 * page, 2010 * page)),
                packed((page, 100 * page)),                                # less than half of one
                packed()]))
            """);
        assertEquals("[[[1,513,0]],1]", found.path(0).toString());
        assertEquals("[[[511,1024,511],[0,400,0]],2]", found.path(1).toString(), "what is over stays where it is");
        assertEquals(
                "[[[1,300,0],[1000,1200,299],[2000,2010,499]],1]", found.path(2).toString());
        assertEquals("[[],0]", found.path(3).toString());
        assertEquals("[[],0]", found.path(4).toString());
    }

    @Test
    void callsInARowAreMadeInTheirOrder() throws Exception {
        JsonNode found = run("""
            import ctypes
            first, second, third = (ctypes.create_string_buffer(b"%d" % number * 100000, 100000) for number in (1, 2, 3))
            address = ctypes.addressof
            contexts.call_in_a_row([
                (address_space.libc.memcpy, address(second), address(first), 60000),
                (address_space.libc.memcpy, address(third), address(second), 80000),
                (address_space.libc.memset, address(first), 52, 10)])
            print(json.dumps([third.raw.count(b"1"), third.raw.count(b"2"), third.raw.count(b"3"), first.raw.count(b"4")]))
            """);
        assertEquals("[60000,20000,20000,10]", found.toString());
    }
}
