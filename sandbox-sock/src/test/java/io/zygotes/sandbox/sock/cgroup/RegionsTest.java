package io.zygotes.sandbox.sock.cgroup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.zygotes.sandbox.sock.linux.FolderLock;
import io.zygotes.spi.SandboxException;
import io.zygotes.testbed.AlsoOnPureCgroup2;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who has which region, and whose leftovers are removed: on the cgroups of this machine, in regions of its own. */
class RegionsTest {

    /** Below those that workers take, which may run beside this test. */
    private static final List<Integer> NUMBERS = List.of(3, 4, 5);

    @TempDir
    Path state;

    @TempDir
    Path copy;

    private final List<CgroupTree> claimed = new ArrayList<>();
    private CgroupLayout layout;

    @BeforeEach
    void needsRoot() throws Exception {
        assumeTrue("root".equals(System.getProperty("user.name")), "cgroups need root");
        layout = CgroupLayout.find();
    }

    @AfterEach
    void giveBack() {
        claimed.forEach(CgroupTree::close);
    }

    private CgroupTree claim(Path folder) throws SandboxException, InterruptedException {
        CgroupTree tree = CgroupTree.claim(layout, folder, NUMBERS);
        claimed.add(tree);
        return tree;
    }

    private Path root(int number) {
        return Region.of(layout, number).root();
    }

    /** A region of a worker that was killed, with a process that somehow lives on. */
    private Process abandoned(int number) throws IOException {
        Path group = Files.createDirectories(root(number).resolve("fresh/leaf-0"));
        for (Path mount : layout.legacy().values()) {
            Files.createDirectories(mount.resolve(CgroupTree.FOLDER).resolve("worker-" + number + "/fresh.leaf-0"));
        }
        Process process = new ProcessBuilder("sleep", "600").start();
        Files.writeString(group.resolve("cgroup.procs"), Long.toString(process.pid()));
        return process;
    }

    @AlsoOnPureCgroup2
    @Test
    void aWorkerOnACopyOfTheDirectoryHasIdsAndGroupsOfItsOwn() throws Exception {
        CgroupTree live = claim(state);
        Path group = Files.createDirectories(live.tops().getFirst().resolve("fresh/leaf-0"));
        Process leaf = new ProcessBuilder("sleep", "600").start();
        try {
            Files.writeString(group.resolve("cgroup.procs"), Long.toString(leaf.pid()));
            Files.copy(state.resolve("region"), copy.resolve("region"));

            CgroupTree other = claim(copy);

            assertTrue(leaf.isAlive(), "the sandboxes of the worker that lives were killed");
            assertNotEquals(live.hostId(0), other.hostId(0));
            assertNotEquals(live.tops(), other.tops());
            Leftovers.remove(layout, copy, _ -> true);
            assertTrue(leaf.isAlive(), "cleaning the copy killed them");
        } finally {
            leaf.destroyForcibly().waitFor();
        }
    }

    @AlsoOnPureCgroup2
    @Test
    void whatADeadWorkerOfADirectoryThatIsGoneLeftIsRemovedByTheNextOne() throws Exception {
        Process stray = abandoned(5);
        try {
            CgroupTree.sweepDead(layout);

            assertTrue(stray.waitFor(30, TimeUnit.SECONDS), "it was not killed");
            assertFalse(Files.exists(root(5)), "its group is left");
            for (Path mount : layout.legacy().values()) {
                assertFalse(Files.exists(mount.resolve(CgroupTree.FOLDER).resolve("worker-5")), "of version 1");
            }
        } finally {
            stray.destroyForcibly().waitFor();
        }
    }

    @Test
    void leftoversInAllRegionsKeepNobodyFromStarting() throws Exception {
        List<Process> strays = new ArrayList<>();
        try {
            for (int number : NUMBERS) {
                strays.add(abandoned(number));
            }
            claim(state);
            CgroupTree.sweepDead(layout);
            for (Process stray : strays) {
                assertTrue(stray.waitFor(30, TimeUnit.SECONDS), "it was not killed");
            }
        } finally {
            for (Process stray : strays) {
                stray.destroyForcibly().waitFor();
            }
        }
    }

    @Test
    void whenLivingWorkersHaveAllRegionsTheNextIsToldWhatToDo() throws Exception {
        for (int i = 0; i < NUMBERS.size(); i++) {
            claim(Files.createDirectory(state.resolve("w" + i)));
        }
        SandboxException e = assertThrows(SandboxException.class, () -> claim(copy));

        assertTrue(e.getMessage().contains("all 3 regions"), e.getMessage());
        assertTrue(e.getMessage().contains("host_ids"), e.getMessage());
        claimed.removeFirst().close();
        claim(copy);
    }

    @Test
    void aRegionIsFreeAgainWhenItsWorkerEnds() throws Exception {
        CgroupTree first = claim(state);
        int id = first.hostId(0);
        claimed.remove(first);
        first.close();

        assertFalse(Files.exists(first.tops().getFirst()));
        assertEquals(id, claim(state).hostId(0), "the record leads to the same one");
    }

    @Test
    void aRegionThatIsTakenCannotBeTakenInTheSameProcessEither() throws Exception {
        Path root = claim(state).tops().getFirst();

        assertEquals(Optional.empty(), FolderLock.take(root.toString()).map(FolderLock::toString));
    }

    @Test
    void aRecordThatCannotBeReadIsNone() throws Exception {
        for (String text : List.of("", "\n", "seven", "-1", "99999999999999", "\0\0\0\0")) {
            Files.writeString(state.resolve("region"), text);
            assertEquals(OptionalInt.empty(), Region.recorded(state), text);
        }
        Files.writeString(state.resolve("region"), "");
        claim(state);
        assertTrue(NUMBERS.contains(Region.recorded(state).orElseThrow()));
    }

    @Test
    void aRecordOfARegionThatIsNotInTheRangeIsNoHindrance() throws Exception {
        Files.writeString(state.resolve("region"), "200");

        claim(state);
    }

    @Test
    void cleaningPassesOverWhatIsNotTheMechanisms() throws Exception {
        Files.writeString(state.resolve("region"), "");
        Path mine = Files.writeString(state.resolve("mine"), "mine");

        List<String> removed = Leftovers.remove(layout, state, "region"::equals);

        assertTrue(removed.contains("the files of sandboxes in " + state), removed.toString());
        assertFalse(Files.exists(state.resolve("region")));
        assertTrue(Files.exists(mine));
    }
}
