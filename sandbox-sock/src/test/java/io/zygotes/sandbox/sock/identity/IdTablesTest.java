package io.zygotes.sandbox.sock.identity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which ids sandboxes may have on a machine, which here is a folder of made-up files. */
class IdTablesTest {

    private static final String ALL = "         0          0 4294967295\n";

    @TempDir
    Path machine;

    @BeforeEach
    void aMachineThatIsNoContainer() throws IOException {
        Files.createDirectories(machine.resolve("proc/self"));
        Files.createDirectories(machine.resolve("etc"));
        map(ALL, ALL);
        etc("passwd", "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:::\n");
        etc("subuid", "alice:100000:65536\n");
    }

    private void map(String users, String groups) throws IOException {
        Files.writeString(machine.resolve("proc/self/uid_map"), users);
        Files.writeString(machine.resolve("proc/self/gid_map"), groups);
    }

    private void etc(String file, String content) throws IOException {
        Files.writeString(machine.resolve("etc").resolve(file), content);
    }

    private IdTables tables() throws IOException {
        return IdTables.read(machine.resolve("proc"), machine.resolve("etc"));
    }

    @Test
    void allRegionsAreUsableWhereAllIdsExistAndNobodyHasOne() throws IOException {
        assertEquals(IntStream.range(0x78, 0xF0).boxed().toList(), tables().usable(HostIds.DEFAULT));
    }

    @Test
    void theUsualRangeIsAboveWhatDirectoryServicesAndContainersGet() {
        assertTrue(HostIds.DEFAULT.first() > 2_000_200_000L, "SSSD and FreeIPA");
        assertTrue(HostIds.DEFAULT.first() > 0x6FFFFFFFL, "systemd");
        assertTrue(HostIds.DEFAULT.first() + HostIds.DEFAULT.count() < (1L << 32) - 1, "-1 is no id");
    }

    @Test
    void aContainerWithoutTheIdsSaysWhichItHas() throws IOException {
        map("0 1000000 1000000000\n", "0 1000000 1000000000\n");
        IdTables tables = tables();

        assertEquals(List.of(), tables.usable(HostIds.DEFAULT));
        assertTrue(tables.obstacle(HostIds.DEFAULT).contains("do not exist in this user namespace"));
        assertTrue(
                tables.mend().contains("{\"first\": 16777216, \"count\": " + 58L * HostIds.OF_A_WORKER + "}"),
                tables.mend());
        assertEquals(
                IntStream.range(1, 59).boxed().toList(),
                tables.usable(HostIds.within(16_777_216, 58L * HostIds.OF_A_WORKER)));
    }

    @Test
    void aContainerWithFewIdsIsToldThatItNeedsMore() throws IOException {
        map("0 100000 65536\n", "0 100000 65536\n");

        assertEquals(List.of(), tables().usable(HostIds.DEFAULT));
        assertTrue(tables().mend().contains("2^25 ids or more"), tables().mend());
    }

    @Test
    void groupsCountAsUsersDo() throws IOException {
        map(ALL, "0 0 2147483648\n");

        assertEquals(IntStream.range(0x78, 0x80).boxed().toList(), tables().usable(HostIds.DEFAULT));
    }

    @Test
    void twoLinesOfAMapAreNotOneRange() throws IOException {
        // Half of region 0x78 each.
        map("0 0 2021654528\n2021654528 3000000000 8388608\n", ALL);

        assertFalse(tables().usable(HostIds.DEFAULT).contains(0x78));
    }

    @Test
    void whatBelongsToSomebodyIsLeftToHim() throws IOException {
        etc("subuid", "alice:2013265920:65536\n");
        etc("passwd", "root:x:0:0::/root:\nbob:x:2030043136:100::/home/bob:\n");
        List<Integer> usable = tables().usable(HostIds.DEFAULT);

        assertFalse(usable.contains(0x78), "alice's containers have ids there");
        assertFalse(usable.contains(0x79), "bob does");
        assertTrue(usable.contains(0x7A));
    }

    @Test
    void whoHasAllOfARangeIsNamed() throws IOException {
        etc("subgid", "carol:2013265920:16777216\n");
        HostIds range = HostIds.within(2_013_265_920L, HostIds.OF_A_WORKER);

        assertEquals(List.of(), tables().usable(range));
        assertTrue(tables().obstacle(range).contains("carol in"), tables().obstacle(range));
        assertTrue(tables().mend().contains("host_ids"), tables().mend());
    }

    @Test
    void linesThatAreNoneArePassedOver() throws IOException {
        etc("subuid", "# nobody\n\nalice:many:65536\nbob:1\n");

        assertEquals(0x78, tables().usable(HostIds.DEFAULT).getFirst());
    }

    @Test
    void aRangeWithoutAWholeRegionIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> HostIds.within(1, 1 << 24), "root's own");
        assertThrows(IllegalArgumentException.class, () -> HostIds.within((1 << 24) + 1, 1 << 24));
        assertEquals(new HostIds(2, 1), HostIds.within((1 << 24) + 1, 1 << 25));
        assertEquals(new HostIds(1, 254), HostIds.within(1, (1L << 32) - 2), "neither root's nor -1");
    }

    @Test
    void theRegionOfAnIdIsFoundAgain() {
        assertEquals(0xEF, HostIds.regionOf(HostIds.of(0xEF, HostIds.OF_A_WORKER - 1)));
        assertEquals(0x78, HostIds.regionOf(HostIds.of(0x78, 0)));
    }
}
